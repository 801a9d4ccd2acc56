"""The exact optimum of millions of scenarios, batched, by the root search of snell.py.

Scenarios are solved on all cores, in blocks that fit in the processor's cache: strip by strip, with all scenarios of a block
side by side. A block ends with its hardest scenario, so each scenario gets as many Newton steps as it needs.

The compiled program depends neither on the number of scenarios nor, except for a few sizes, on the number of strips: all
blocks have one size, and beyond four strips the arrays are padded to a power of two, of which only the real strips are used.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from terrain_cli.compile_cache import cached_jit
from terrain_cli.jax_config import to_array
from terrain_cli.strips.snell import asymptotes, evaluate, first_guess, newton_step

Numbers = ArrayLike | Sequence[Any]

ABSENT = 1e-300  # m/s, the speed used for absent strips
LAST_SHARE = 16  # once at most one in this many scenarios of a block is unsolved, these continue in a smaller array
CACHE_STRIPS = (
    120_000  # strips in a block, scenarios times strips, that fit in the cache; a power of two would be slower
)
MAX_BLOCK = 8000  # scenarios in a block; more are no faster
MIN_LANES = 4000  # numbers per vector operation; in blocks of fewer scenarios several strips are processed together
SINGLE_STEPS = 3  # Newton steps in single precision
FEWEST = 8  # strips that a program is compiled for; one for each smaller number would be up to a third faster


class Optima(NamedTuple):
    """The fastest paths of B scenarios. times: shape (B,), s. x: the post's unknowns, shape (B, n-1), m."""

    times: np.ndarray
    x: np.ndarray


class Sensitivities(NamedTuple):
    """`Optima` with the derivatives of the times with respect to the ground.

    by_widths: shape (B, n), s/m. by_speeds: shape (B, n), s²/m, negative. by_offsets: shape (B,), s/m.
    """

    times: np.ndarray
    x: np.ndarray
    by_widths: np.ndarray
    by_speeds: np.ndarray
    by_offsets: np.ndarray


def solve_many(widths: Numbers, speeds: Numbers, offsets: Numbers) -> Optima:
    """The exact optimum of B scenarios at once: widths (m) and speeds (m/s), shape (B, n), and offsets (m), shape (B,).

    Scenarios may have different numbers of strips: pad the widths with 0; the speeds there are ignored. `x` then includes the
    displacement along the last real strip, followed by zeros. If a number is not valid, such as a speed of 0 or an infinite
    width, the time and the path of its scenario are NaN. Raises ValueError if the shapes do not match.

    Example:

        optima = solve_many([[10, 10, 10], [5, 5, 0]], [[0.7, 0.3, 0.45], [1, 2, 1]], [20, 5])
        print(optima.times)
    """
    return Optima(*_solve(widths, speeds, offsets, sensitivity=False))


def find_sensitivities(widths: Numbers, speeds: Numbers, offsets: Numbers) -> Sensitivities:
    """The results of `solve_many`, and the derivatives of the best times with respect to the ground.

    Example:

        sensitivities = find_sensitivities([[10, 10, 10]], [[0.7, 0.3, 0.45]], [20])
        print(sensitivities.by_speeds)
    """
    return Sensitivities(*_solve(widths, speeds, offsets, sensitivity=True))


def _solve(widths: Numbers, speeds: Numbers, offsets: Numbers, sensitivity: bool) -> list[np.ndarray]:
    """The fields of `Optima` or `Sensitivities`."""
    named = {"widths": widths, "speeds": speeds, "offsets": offsets}
    widths, speeds, offsets = (np.asarray(to_array(array, name)) for name, array in named.items())
    if widths.ndim != 2 or widths.shape[1] == 0 or speeds.shape != widths.shape or offsets.shape != widths.shape[:1]:
        raise ValueError(
            "widths and speeds must have shape (B, n) and offsets (B,), with n at least 1, "
            f"got {widths.shape}, {speeds.shape} and {offsets.shape}"
        )
    scenarios, n = widths.shape
    size = room(n)
    block = max(1, min(MAX_BLOCK, CACHE_STRIPS // size))
    together = 2 ** (max(1, MIN_LANES // block).bit_length() - 1)
    count = np.int64(-(-n // together))
    layout = size // together, together, block
    found = [np.empty((scenarios, *shape)) for shape in ([(), (n - 1,)] + [(n,), (n,), ()] * sensitivity)]
    unsolved = np.zeros(scenarios, bool)

    def work(blocks: Iterator[slice | np.ndarray], most: int) -> None:
        """Solve the scenarios of each block until no block is left; at most `most` of each stay unsolved."""
        w, v, h = _aligned(size, block), _aligned(size, block), _aligned(1, block)
        for chosen in blocks:
            rows = len(offsets[chosen])
            w[:n, :rows], v[:n, :rows], h[0, :rows] = widths[chosen].T, speeds[chosen].T, offsets[chosen]
            w[:, rows:] = 0
            moves, *parts = _solve_block(
                w.reshape(layout), v.reshape(layout), h, count, np.int64(most), sensitivity=sensitivity
            )
            unsolved[chosen] = np.asarray(moves)[0, :rows]
            for array, part in zip(found, parts, strict=False):
                values = np.asarray(part).reshape(-1, block)[:, :rows]
                array[chosen] = values[0] if array.ndim == 1 else values[: array.shape[1]].T

    def work_in_threads(blocks: Sequence[slice | np.ndarray], most: int) -> None:
        left = iter(blocks)
        workers = min(processors(), len(blocks))
        if workers <= 1:
            work(left, most)
            return
        with ThreadPoolExecutor(workers) as pool:
            for future in [pool.submit(work, left, most) for _ in range(workers)]:
                future.result()

    blocks = [slice(first, first + block) for first in range(0, scenarios, block)]
    work_in_threads(blocks, block // LAST_SHARE if len(blocks) > 1 else 0)
    [hard] = np.nonzero(unsolved)
    work_in_threads([hard[first : first + block] for first in range(0, len(hard), block)], 0)
    return found


def _aligned(rows: int, columns: int) -> np.ndarray:
    """Zeros, shape (rows, columns), at a multiple of 64 bytes in memory, so that JAX does not copy them."""
    raw = np.zeros(8 * rows * columns + 64, np.uint8)
    first = -raw.ctypes.data % 64
    return raw[first : first + 8 * rows * columns].view(np.float64).reshape(rows, columns)


def room(n: int) -> int:
    """The number of strips that the program for `n` strips is compiled for: the next of 8, 32, 128 ..."""
    size = FEWEST
    while size < n:
        size *= 4
    return size


def processors() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@partial(cached_jit, static_argnames=("sensitivity",), fused=True)
def _solve_block(
    widths: Array, speeds: Array, offsets: Array, count: Array, most: Array, *, sensitivity: bool
) -> list[Array]:
    """Times, shape (1, b), s; displacements along all strips, shape (turns, together, b), m; and optionally the derivatives.

    widths, speeds: shape (turns, together, b), m and m/s: a block of b scenarios whose strips are processed in turns,
    `together` strips in each. offsets: shape (1, b), m. count: the number of turns that contain real strips.
    """

    def compare(_: Array, highest: Array, w: Array, v: Array) -> Array:
        return jnp.maximum(highest, _check(w, v))

    highest = _take_turns(count, compare, jnp.zeros(widths.shape[1:]), widths, speeds)
    fastest = jnp.max(highest, axis=0, keepdims=True)

    q = _start(widths, speeds, offsets, fastest, count)
    q, _, moves = _search(q, widths, speeds, offsets, fastest, count, most)

    longer = jnp.sqrt(1 + q**2)  # 1/cos(angle) in the fastest strip
    ray = q / longer / fastest

    def root(w: Array, v: Array) -> Array:
        """The cosine of the angle in each strip, times `longer`."""
        return jnp.sqrt(1 + q**2 * _scale(w, v, fastest)[1])

    def movement(w: Array, v: Array) -> Array:
        return evaluate(q, *_scale(w, v, fastest))[0] * q

    [crossing] = _sum(count, lambda w, v: (w / _there(w, v) * root(w, v),), widths, speeds)
    found = [moves, ray * offsets + crossing / longer, _each(count, movement, widths, speeds)]
    if sensitivity:
        found += [
            _each(count, lambda w, v: root(w, v) / longer / _there(w, v), widths, speeds),
            _each(count, lambda w, v: -w / _there(w, v) / _there(w, v) * (longer / root(w, v)), widths, speeds),
            ray,
        ]
    return found


def _there(widths: Array, speeds: Array) -> Array:
    """The speeds, and almost 0 in absent strips, whatever their given speed."""
    return jnp.where(widths > 0, speeds, ABSENT)


def _check(widths: Array, speeds: Array) -> Array:
    """The same, and NaN where a number is not valid. It makes the results of its scenario NaN, and of no other."""
    fine = (widths > 0) & (widths < jnp.inf) & (speeds > 0) & (speeds < jnp.inf)
    return jnp.where(fine, speeds, jnp.where(widths == 0, ABSENT, jnp.nan))


def _scale(widths: Array, speeds: Array, fastest: Array) -> tuple[Array, Array]:
    """The weights and k of snell.py. Computing them each time is faster than storing them."""
    inverse = 1 / fastest
    speeds = _there(widths, speeds)
    return widths * (speeds * inverse), (fastest - speeds) * inverse * ((fastest + speeds) * inverse)


def _start(widths: Array, speeds: Array, offsets: Array, fastest: Array, count: Array) -> Array:
    """The initial q: that of a few steps in single precision, which cost half as much; 0 if its range does not suffice."""
    inverse = 1 / jnp.abs(offsets)

    def weight(w: Array, v: Array) -> Array:
        return (_scale(w, v, fastest)[0] * inverse).astype(jnp.float32)

    def k(w: Array, v: Array) -> Array:
        return _scale(w, v, fastest)[1].astype(jnp.float32)

    strips = _each(count, weight, widths, speeds), _each(count, k, widths, speeds)
    offsets = jnp.sign(offsets).astype(jnp.float32)
    total, most, straight = _sum(count, asymptotes, *strips)

    def step(_: int, q: Array) -> Array:
        moved, slope = _sum(count, partial(evaluate, q), *strips)
        return newton_step(q, jnp.full_like(q, jnp.inf), moved, slope, offsets)[0]

    q = jax.lax.fori_loop(0, SINGLE_STEPS, step, first_guess(total, most, straight, offsets))
    return jnp.where(jnp.isfinite(q), q, 0).astype(jnp.float64)


class _Search(NamedTuple):
    """The state of the searches of a block: q, its least upper bound, and whether it goes on, shape (1, b) each."""

    q: Array
    above: Array
    moves: Array


def _search(
    q: Array, widths: Array, speeds: Array, offsets: Array, fastest: Array, count: Array, most: Array
) -> _Search:
    """Continue until at most `most` searches go on. One that has ended does not change, whatever its neighbours do."""

    def step(search: _Search) -> _Search:
        total, slope = _sum(count, lambda w, v: evaluate(search.q, *_scale(w, v, fastest)), widths, speeds)
        found = _Search(*newton_step(search.q, search.above, total, slope, offsets))
        return _Search(*(jnp.where(search.moves, new, old) for new, old in zip(found, search, strict=True)))

    begun = _Search(q, jnp.full_like(q, jnp.inf), jnp.full_like(q, True, dtype=bool))
    return jax.lax.while_loop(lambda search: jnp.sum(search.moves) > most, step, begun)


def _each(count: Array, function: Callable[..., Array], *strips: Array) -> Array:
    """`function` applied to each strip, shape (turns, together, columns)."""
    like = jax.eval_shape(function, *(array[0] for array in strips))

    def turn(i: Array, made: Array, *few: Array) -> Array:
        return made.at[i].set(function(*few))

    made: Array = _take_turns(count, turn, jnp.zeros((len(strips[0]), *like.shape), like.dtype), *strips)
    return made


def _sum(count: Array, terms: Callable[..., tuple[Array, ...]], *strips: Array) -> list[Array]:
    """The sums of `terms` over strips, shape (1, b) each."""

    def pack(*few: Array) -> list[Array]:
        """The first two terms as one complex number, because XLA repeats a turn for each array that it returns."""
        parts = terms(*few)
        return [jax.lax.complex(*parts[:2]), *parts[2:]] if len(parts) > 1 else [*parts]

    def add(_: Array, sums: list[Array], *few: Array) -> list[Array]:
        return [total + part for total, part in zip(sums, pack(*few), strict=True)]

    none = [jnp.zeros(part.shape, part.dtype) for part in jax.eval_shape(pack, *(array[0] for array in strips))]
    first, *others = (jnp.sum(part, axis=0, keepdims=True) for part in _take_turns(count, add, none, *strips))
    return [first.real, first.imag, *others] if jnp.iscomplexobj(first) else [first, *others]


def _take_turns(count: Array, turn: Callable[..., Any], state: Any, *strips: Array) -> Any:
    """Fold `turn` over the first `count` slices of `strips`, in order; one more slice of padding may follow, which adds nothing.

    A single operation over all slices would be slower, because XLA would distribute it over processors that are busy with
    other blocks. One slice per iteration would be slower too, because of the overhead of the loop.
    """

    def two(i: Array, state: Any) -> Any:
        for now in (2 * i, 2 * i + 1):
            state = turn(now, state, *(array[now] for array in strips))
        return state

    return jax.lax.fori_loop(0, -(-count // 2), two, state)
