"""Routes across the cells of a map as a handful of numbers: where they cross each cell edge, and the time that takes.

Positions are (row, col) in units of cells. Between two neighbouring nodes a route is straight and inside one cell, so its time
is the strips' own formula: length times slowness, summed. Its unknowns are one number `x` per node, how far along its edge it
lies; a node at a corner has an edge without length.

Many routes are one chain of nodes, end to end, so that all descend at once.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from terrain_cli.compile_cache import cached_jit


class Chain(NamedTuple):
    """Nodes of one or several routes, end to end.

    base: where each node's edge begins, shape (N, 2), cells. along: its edge, (0, 1), (1, 0) or, for a node that cannot
    move, (0, 0), shape (N, 2). x: how far along it, 0 to 1, shape (N,). route: which route each node belongs to, shape (N,).
    """

    base: np.ndarray
    along: np.ndarray
    x: np.ndarray
    route: np.ndarray

    @property
    def points(self) -> np.ndarray:
        """Where the nodes are, shape (N, 2), cells."""
        return np.asarray(self.base + self.along * self.x[:, None])

    @property
    def moves(self) -> np.ndarray:
        """Which nodes can move, shape (N,)."""
        return np.asarray(self.along.sum(1) > 0)

    def take(self, index: Any) -> "Chain":
        """Some of the nodes."""
        return Chain(*(value[index] for value in self))


def join(chains: Sequence[Chain]) -> Chain:
    """Chains one after the other."""
    return Chain(*(np.concatenate(values) for values in zip(*chains, strict=True)))


def find_cells(a: Chain, b: Chain) -> tuple[np.ndarray, np.ndarray]:
    """The cells that hold both nodes: from the first to the last (row, col), shape (N, 2) each; none where first > last."""
    first = np.ceil(np.maximum(a.base + a.along, b.base + b.along)).astype(np.int64) - 1
    return first, np.floor(np.minimum(a.base, b.base)).astype(np.int64)


def find_slowness(a: Chain, b: Chain, padded: np.ndarray) -> np.ndarray:
    """Slowness of the ground between nodes a and b, shape (N,): the least of the cells that hold both, inf where none does.

    padded: the slowness of the map with a border of inf, shape (rows + 2, cols + 2).
    """
    first, last = find_cells(a, b)
    together = np.all(first <= last, axis=1)[:, None]
    r0, c0 = np.where(together, first + 1, 0).T
    r1, c1 = np.where(together, last + 1, 0).T
    return np.asarray(
        np.minimum(np.minimum(padded[r0, c0], padded[r1, c1]), np.minimum(padded[r0, c1], padded[r1, c0]))
    )


def leg_lengths(a: Chain, b: Chain) -> np.ndarray:
    """Distance between nodes a and b, shape (N,), cells."""
    difference = b.points - a.points
    return np.asarray(np.hypot(difference[:, 0], difference[:, 1]))


def leg_slowness(chain: Chain, padded: np.ndarray) -> np.ndarray:
    """Slowness of the ground between each node and the next, shape (N-1,); 0 where one route ends and another begins."""
    between = find_slowness(chain.take(slice(None, -1)), chain.take(slice(1, None)), padded)
    return np.where(chain.route[1:] == chain.route[:-1], between, 0.0)


def leg_times(chain: Chain, padded: np.ndarray) -> np.ndarray:
    """Travel time between each node and the next, shape (N-1,); 0 where one route ends and another begins."""
    length = leg_lengths(chain.take(slice(None, -1)), chain.take(slice(1, None)))
    with np.errstate(invalid="ignore"):
        return np.where(length > 0, leg_slowness(chain, padded) * length, 0.0)


def alternate(mask: np.ndarray) -> np.ndarray:
    """Of each run of True every other one, the first included."""
    index = np.arange(len(mask))
    first = np.maximum.accumulate(np.where(mask & ~np.append(False, mask[:-1]), index, -1))
    return np.asarray(mask & ((index - first) % 2 == 0))


def drop_needless(chain: Chain, padded: np.ndarray) -> Chain:
    """The chain without the nodes whose neighbours share a cell and are no slower joined directly; equal nodes become one."""
    while len(chain.x) > 2:
        before, after = chain.take(slice(None, -2)), chain.take(slice(2, None))
        times = leg_times(chain, padded)
        length = leg_lengths(before, after)
        with np.errstate(invalid="ignore"):
            direct = np.where(length > 0, find_slowness(before, after, padded) * length, 0.0)
        around = (times[:-1] + times[1:]) * (1 + 1e-15)
        needless = (before.route == after.route) & (direct <= around) & np.isfinite(direct)
        if not needless.any():
            break
        chain = chain.take(np.concatenate([[True], ~alternate(needless), [True]]))
    return chain


def hold_ends(chain: Chain) -> tuple[Chain, np.ndarray]:
    """The chain with every node at an end of its edge made a corner, and the routes that changed."""
    low, high = chain.moves & (chain.x <= 0), chain.moves & (chain.x >= 1)
    base = np.where(high[:, None], chain.base + chain.along, chain.base)
    ends = low | high
    held = chain._replace(base=base, along=np.where(ends[:, None], 0.0, chain.along), x=np.where(ends, 0.0, chain.x))
    return held, np.unique(chain.route[ends])


def calc_times(x: Array, base: Array, along: Array, slowness: Array) -> Array:
    """Travel time between each node and the next, shape (N-1,), of the routes `x`, shape (N,).

    base, along: as in `Chain`. slowness: between each node and the next, shape (N-1,), s per cell.
    """
    return jax.vmap(_leg_time)(x[:-1], x[1:], _legs(base, along, slowness))


class _Legs(NamedTuple):
    """All that the time between two nodes depends on but how far along their edges they are, shape (N-1,) each.

    rows, cols: from the base of the one to that of the other. Numbers, not pairs of them: of those XLA makes slow code.
    """

    rows: Array
    cols: Array
    row_along: Array
    col_along: Array
    next_row_along: Array
    next_col_along: Array
    slowness: Array


def _legs(base: Array, along: Array, slowness: Array) -> _Legs:
    (rows, cols), (row_along, col_along) = jnp.diff(base, axis=0).T, along.T
    return _Legs(rows, cols, row_along[:-1], col_along[:-1], row_along[1:], col_along[1:], slowness)


def _leg_time(x: Array, next_x: Array, leg: _Legs) -> Array:
    down = leg.rows + leg.next_row_along * next_x - leg.row_along * x
    right = leg.cols + leg.next_col_along * next_x - leg.col_along * x
    square = down**2 + right**2
    apart = square > 0  # a root is not smooth at 0
    return jnp.where(apart, leg.slowness * jnp.sqrt(jnp.where(apart, square, 1.0)), 0.0)


def find_derivatives(x: Array, base: Array, along: Array, slowness: Array) -> tuple[Array, Array, Array]:
    """Gradient of the summed times, and the diagonal and off-diagonal of their Hessian: shapes (N,), (N,), (N-1,).

    A leg depends on its two ends alone, so the Hessian is tridiagonal, put together from 2 x 2 blocks.
    """
    ends = x[:-1], x[1:], _legs(base, along, slowness)
    slope, next_slope = jax.vmap(jax.grad(_leg_time, (0, 1)))(*ends)
    (curve, between), (_, next_curve) = jax.vmap(jax.hessian(_leg_time, (0, 1)))(*ends)

    def gather(firsts: Array, seconds: Array) -> Array:
        return jnp.append(firsts, 0.0) + jnp.append(0.0, seconds)

    return gather(slope, next_slope), gather(curve, next_curve), between


def solve_tridiagonal(diagonal: Array, beside: Array, right: Array, longest: ArrayLike) -> Array:
    """The solution of a symmetric positive definite tridiagonal system, shape (N,); `beside` the diagonal, shape (N-1,).

    Where zeros beside the diagonal part the system, `longest` is the length of its longest part. Parallel cyclic reduction
    (Hockney 1965): each step joins equations twice as far apart. JAX's own solver calls LAPACK through a pointer that a program
    kept on disk does not find again.
    """
    n = len(diagonal)

    def step(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        reach, diagonal, right, before = state  # `before`: beside the diagonal, for the equation `reach` ahead

        def shift(values: Array, by: Array) -> Array:
            # What comes round the end is multiplied by 0: nothing lies beside the diagonal there.
            return jax.lax.dynamic_slice(jnp.concatenate([values, values]), (by,), (n,))

        after = shift(before, reach)
        down, up = before / shift(diagonal, n - reach), after / shift(diagonal, reach)
        diagonal = diagonal - down * before - up * after
        right = right - down * shift(right, n - reach) - up * shift(right, reach)
        return 2 * reach, diagonal, right, -down * shift(before, n - reach)

    start = jnp.array(1), diagonal, right, jnp.append(0.0, beside)
    _, diagonal, right, _ = jax.lax.while_loop(lambda state: state[0] < longest, step, start)
    return right / diagonal


class Descended(NamedTuple):
    """Where routes stand after a descent. x: shape (N,). time: of each route, shape (R,), s per cell size. gradient_norm:
    Euclidean, over the crossings that are free, shape (R,). iterations: of the slowest, shape ()."""

    x: Any
    time: Any
    gradient_norm: Any
    iterations: Any


ROUTES = 64  # that descend at once
SETTLED, LOST = 1e-16, 1e-13  # of the time: a gain that ends a descent, and one that rounding may hide


@cached_jit
def _descend(
    x: Any, base: Any, along: Any, limits: Any, slowness: Any, route: Any, longest: Any, most: Any
) -> Descended:
    """Newton's method on the crossings of many routes at once, each within its `limits`, shape (N, 2), until none gains more.

    A crossing that comes to a limit stays there; a step is halved for a route until its time falls.
    """
    low, high = limits[:, 0], limits[:, 1]
    flat = 1e-12 * jnp.max(slowness)  # curvature enough to divide by where a route runs along an edge

    def times(x: Array) -> Array:
        return jax.ops.segment_sum(calc_times(x, base, along, slowness), route[:-1], ROUTES)

    def step_from(x: Array, held: Array) -> tuple[Array, Array]:
        gradient, diagonal, beside = find_derivatives(x, base, along, slowness)
        gradient = jnp.where(held, 0.0, gradient)
        diagonal = jnp.where(held, 1.0, diagonal + flat)
        beside = jnp.where(held[:-1] | held[1:], 0.0, beside)
        return gradient, solve_tridiagonal(diagonal, beside, -gradient, longest)

    def once(state: Any) -> Any:
        x, held, time, share, _, iteration = state
        gradient, step = step_from(x, held)
        gain = -jax.ops.segment_sum(step * gradient, route, ROUTES)
        tried = jnp.clip(x + share[route] * step, low, high)
        after = times(tried)
        settles = gain <= SETTLED * time
        takes = (after < time) | ((gain <= LOST * time) & (after <= time * (1 + 1e-14)))
        x = jnp.where(takes[route], tried, x)
        held = held | (takes[route] & ((tried <= low) | (tried >= high)))
        stuck = ~takes & (share < 1e-6)
        share = jnp.where(takes, jnp.minimum(1.0, 2 * share), share / 2)
        return x, held, jnp.where(takes, after, time), share, ~settles & ~stuck, iteration + 1

    def goes_on(state: Any) -> Any:
        return jnp.any(state[4]) & (state[5] < most)

    held = jnp.sum(along, 1) == 0
    start = x, held, times(x), jnp.ones(ROUTES), jnp.ones(ROUTES, bool), 0
    x, held, time, _, _, iterations = jax.lax.while_loop(goes_on, once, start)
    gradient, _ = step_from(x, held)
    norm = jnp.sqrt(jax.ops.segment_sum(gradient**2, route, ROUTES))
    return Descended(x, time, norm, iterations)


def descend_crossings(
    chain: Chain,
    slowness: np.ndarray,
    limits: tuple[ArrayLike, ArrayLike] = (0.0, 1.0),
    most: int = 60,
) -> tuple[Chain, Descended]:
    """Descend on the crossings of at most `ROUTES` routes, numbered from 0: the chain afterwards, and how it went.

    slowness: between each node and the next, as of `leg_slowness`. limits: the least and the largest x of each node; missing: the
    ends of its edge. most: iterations at most. For a fixed sequence of edges the time is convex. Chains are filled up to a few
    sizes, so that few programs are compiled.
    """
    n = len(chain.x)
    size = 512
    while size < n:
        size *= 4 if size < 2048 else 2
    full = chain.take(np.minimum(np.arange(size), n - 1))
    along = np.where(np.arange(size)[:, None] < n, full.along, 0.0)
    within = np.zeros((size, 2))
    within[:n, 0], within[:n, 1] = limits
    slowness = np.append(slowness, np.zeros(size - n))
    longest = np.bincount(chain.route).max()
    descended = _descend(full.x, full.base, along, within, slowness, full.route, longest, np.int64(most))
    result = jax.device_get(descended)
    return chain._replace(x=np.asarray(result.x[:n])), result
