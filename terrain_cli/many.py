"""Millions of scenarios at once: the exact optimum of each, by the root search of snell.py.

Scenarios go through in blocks that stay in the processor's cache, strip by strip with all of a block side by side, on all
cores. A block ends when its hardest scenario does, so every one gets as many steps of Newton's method as it needs.

What is compiled depends neither on how many scenarios nor, but for a few sizes, on how many strips there are: blocks have one
size, and the room for more than four strips is a power of two, of which only those that are there are gone through.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from terrain_cli.programs import kept
from terrain_cli.snell import ends, improve, look, start

Numbers = ArrayLike | Sequence[Any]

NOWHERE = 1e-300  # m/s, in place of the speed of a strip that is not there
SHARE = 8  # when one in so many scenarios of a block is left, those go on by themselves
CACHED = 120_000  # strips that a block should have, for the sake of the cache; a power of two would spoil it
LEAST, MOST = 1000, 8000  # scenarios of a block: fewer waste time between strips, more are no faster
TURNS = 512  # in how many turns all strips are gone through, at most


class Optima(NamedTuple):
    """The fastest paths of many scenarios. times: shape (B,), s. x: the post's unknowns, shape (B, n-1), m."""

    times: np.ndarray
    x: np.ndarray


class Sensitivities(NamedTuple):
    """The same, and how each best time changes with the ground: by_widths, shape (B, n), s/m; by_speeds, shape (B, n),
    s²/m, negative; by_offsets, shape (B,), s/m."""

    times: np.ndarray
    x: np.ndarray
    by_widths: np.ndarray
    by_speeds: np.ndarray
    by_offsets: np.ndarray


def solve_many(widths: Numbers, speeds: Numbers, offsets: Numbers) -> Optima:
    """The exact optimum of many scenarios at once: widths (m) and speeds (m/s), shape (B, n), and offsets (m), shape (B,).

    A scenario with fewer strips than others has widths of 0 in place of the rest, whatever the speeds there; `x` is 0 there,
    but for what its last real strip takes. Where a number will not do (a speed of 0, a width that is not finite), the time
    and the path are NaN. Raises ValueError where shapes do not fit.

    Example:

        optima = solve_many([[10, 10, 10], [5, 5, 0]], [[0.7, 0.3, 0.45], [1, 2, 1]], [20, 5])
        print(optima.times)
    """
    return Optima(*_solve(widths, speeds, offsets, sensitivity=False))


def find_sensitivities(widths: Numbers, speeds: Numbers, offsets: Numbers) -> Sensitivities:
    """`solve_many`, and the derivatives of the best times with respect to the ground.

    Example:

        sensitivities = find_sensitivities([[10, 10, 10]], [[0.7, 0.3, 0.45]], [20])
        print(sensitivities.by_speeds)
    """
    return Sensitivities(*_solve(widths, speeds, offsets, sensitivity=True))


def _solve(widths: Numbers, speeds: Numbers, offsets: Numbers, sensitivity: bool) -> list[np.ndarray]:
    """The fields of `Optima` or `Sensitivities`."""
    widths, speeds, offsets = (np.asarray(array, dtype=np.float64) for array in (widths, speeds, offsets))
    if widths.ndim != 2 or widths.shape[1] == 0 or speeds.shape != widths.shape or offsets.shape != widths.shape[:1]:
        raise ValueError(
            "widths and speeds must have shape (B, n) and offsets (B,), with n at least 1, "
            f"got {widths.shape}, {speeds.shape} and {offsets.shape}"
        )
    scenarios, n = widths.shape
    size = room(n)
    block = min(MOST, max(LEAST, CACHED // size))
    block = max(1, min(block, 8 * CACHED // size))  # of very many strips, for the sake of memory
    count = np.int64(-(-n // max(1, size // TURNS)))
    found = [np.empty((scenarios, *shape)) for shape in ([(), (n - 1,)] + [(n,), (n,), ()] * sensitivity)]
    firsts = iter(range(0, scenarios, block))

    def work() -> None:
        """Take the next block until there is none."""
        w, v, h = np.zeros((size, block)), np.zeros((size, block)), np.zeros(block)
        for first in firsts:
            last = min(first + block, scenarios)
            here = slice(last - first)
            w[:n, here], v[:n, here], h[here] = widths[first:last].T, speeds[first:last].T, offsets[first:last]
            w[:, last - first :] = 0
            for array, part in zip(found, _solve_block(w, v, h, count, sensitivity=sensitivity), strict=False):
                rows = np.asarray(part)[..., here]
                array[first:last] = rows if array.ndim == 1 else rows[: array.shape[1]].T

    workers = min(processors(), -(-scenarios // block))
    if workers <= 1:
        work()
    else:
        with ThreadPoolExecutor(workers) as pool:
            for future in [pool.submit(work) for _ in range(workers)]:
                future.result()
    return found


def room(n: int) -> int:
    """For how many strips the program is compiled that takes `n` of them: as many up to 4, else a power of two."""
    size: int = n if n <= 4 else 2 ** (n - 1).bit_length()
    return size


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@partial(kept, static_argnames=("sensitivity",))
def _solve_block(widths: Array, speeds: Array, offsets: Array, count: ArrayLike, *, sensitivity: bool) -> list[Array]:
    """Times, shape (b,), movements in all strips, shape (n, b), and where asked for the derivatives of a block of scenarios.

    widths and speeds have shape (n, b). count: how often to go through a group of strips until all have had their turn.
    """
    here = widths > 0
    fine = (widths == 0) | (here & (widths < jnp.inf) & (speeds > 0) & (speeds < jnp.inf))
    speeds = jnp.where(here, speeds, NOWHERE)
    fastest = jnp.max(speeds, axis=0, keepdims=True)
    inverse = 1 / fastest
    k = (fastest - speeds) * inverse * ((fastest + speeds) * inverse)
    # NaN spoils all of its scenario, and nothing else.
    weights = jnp.where(fine, widths * (speeds * inverse), jnp.nan)

    q = _start(weights, k, offsets, count)
    search = _Search(q, jnp.full_like(q, jnp.inf), jnp.full_like(q, True, dtype=bool))
    few = -(-len(offsets) // SHARE)
    search = _search(search, weights, k, offsets, count, few)
    [left] = jnp.nonzero(search.moves, size=few, fill_value=len(offsets))
    pick = partial(jnp.take, indices=left, axis=-1, mode="clip")
    rest = _Search(pick(search.q), pick(search.above), left < len(offsets))
    rest = _search(rest, pick(weights), pick(k), pick(offsets), count, 0)
    q = search.q.at[left].set(rest.q, mode="drop")[None]

    square = 1 + q**2 * k
    root = jnp.sqrt(square)
    longer = jnp.sqrt(1 + q**2)  # 1/cos(angle) in the fastest strip
    # The root once more, strip by strip: to keep those above for it would cost more than to take them again.
    again = _beside(q[0], k) ** 2
    [crossing] = _over(count, lambda w, v, k: (w / v * jnp.sqrt(1 + again * k),), widths, speeds, k)
    [ray] = q / longer / fastest
    found = [ray * offsets + crossing / longer[0], weights * q * (root / square)]
    if sensitivity:
        cosines = root / longer
        found += [cosines / speeds, -widths / (cosines * speeds**2), ray]
    return found


def _start(weights: Array, k: Array, offsets: Array, count: ArrayLike) -> Array:
    """Where to start from: where two steps lead in single precision, at half the price; 0 where its range does not suffice."""
    scale = 1 / jnp.max(weights, axis=0, keepdims=True)
    weights, k, offsets = (array.astype(jnp.float32) for array in (weights * scale, k, offsets * scale[0]))
    total, most, straight = _over(count, ends, weights, k)
    q = start(total, most, straight, offsets)
    for _ in range(2):
        total, slope = _over(count, partial(look, _beside(q, k)), weights, k)
        q, _, _ = improve(q, jnp.full_like(q, jnp.inf), total, slope, offsets)
    return jnp.where(jnp.isfinite(q), q, 0).astype(jnp.float64)


class _Search(NamedTuple):
    """Where the searches of a block stand: q, its least bound from above, and whether it goes on, shape (b,) each."""

    q: Array
    above: Array
    moves: Array


def _search(search: _Search, weights: Array, k: Array, offsets: Array, count: ArrayLike, least: int) -> _Search:
    """Go on until no more than `least` searches do. One that has ended stays as it is, whatever its neighbours do."""

    def step(search: _Search) -> _Search:
        total, slope = _over(count, partial(look, _beside(search.q, k)), weights, k)
        found = _Search(*improve(search.q, search.above, total, slope, offsets))
        return _Search(*(jnp.where(search.moves, new, old) for new, old in zip(found, search, strict=True)))

    return jax.lax.while_loop(lambda search: jnp.sum(search.moves) > least, step, search)


def _beside(q: Array, k: Array) -> Array:
    """`q` in a shape that goes with what `_over` takes of `k` at a time."""
    return q if len(k) // TURNS <= 1 else q[None]


def _over(count: ArrayLike, terms: Callable[..., tuple[Array, ...]], *strips: Array) -> list[Array]:
    """The sums of `terms` over strips, whose numbers have shape (n, b): one group of them after the other, `count` in all."""
    n, b = strips[0].shape
    together = n // TURNS
    if together > 1:
        strips = tuple(array.reshape(-1, together, b) for array in strips)
    like = jax.eval_shape(terms, *(array[0] for array in strips))

    def add(i: Array, sums: list[Array]) -> list[Array]:
        parts = terms(*(array[i] for array in strips))
        return [
            total + (jnp.sum(part, axis=0) if together > 1 else part) for total, part in zip(sums, parts, strict=True)
        ]

    sums: list[Array] = jax.lax.fori_loop(0, count, add, [jnp.zeros(b, part.dtype) for part in like])
    return sums
