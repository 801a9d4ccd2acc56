"""Routes across the cells of a map as vectors of unknowns: where a route crosses each cell edge, and the time it takes.

Positions are (row, col) in units of cells. Between two neighbouring nodes a route is straight and inside one cell, so its time is
a sum of length times slowness, as for strips. There is one unknown `x` per node, its position along its edge; the edge of a node
at a corner has zero length.

Several routes are joined end to end in one chain of nodes, so that all of them descend at once.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from terrain_cli.compile_cache import cached_jit


class Chain(NamedTuple):
    """The nodes of one or several routes, end to end.

    base: where the edge of each node begins, (row, col), shape (N, 2). along: the direction of the edge, (0, 1) or (1, 0), or
    (0, 0) for a node that cannot move, shape (N, 2). x: position along the edge, 0 to 1, shape (N,). route: the index of the
    route that each node belongs to, shape (N,).
    """

    base: np.ndarray
    along: np.ndarray
    x: np.ndarray
    route: np.ndarray

    @property
    def points(self) -> np.ndarray:
        """Positions of the nodes, (row, col), shape (N, 2)."""
        return np.asarray(self.base + self.along * self.x[:, None])

    @property
    def moves(self) -> np.ndarray:
        """Which nodes can move, shape (N,), bool."""
        return np.asarray(self.along.sum(1) > 0)

    def take(self, index: slice | np.ndarray) -> "Chain":
        """The nodes at these indices, or at this slice or mask."""
        return Chain(*(value[index] for value in self))


def join(chains: Sequence[Chain]) -> Chain:
    """The chains concatenated."""
    return Chain(*(np.concatenate(values) for values in zip(*chains, strict=True)))


def find_cells(a: Chain, b: Chain) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last of the cells (row, col) that contain both nodes, shape (N, 2) each; first > last if none does."""
    first = np.ceil(np.maximum(a.base + a.along, b.base + b.along)).astype(np.int64) - 1
    return first, np.floor(np.minimum(a.base, b.base)).astype(np.int64)


def find_slowness(a: Chain, b: Chain, padded: np.ndarray) -> np.ndarray:
    """Slowness of the ground between nodes a and b, shape (N,): the smallest of the cells that contain both, inf if none does.

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
    """Slowness of the ground between each node and the next, shape (N-1,); 0 between the end of a route and the next route."""
    between = find_slowness(chain.take(slice(None, -1)), chain.take(slice(1, None)), padded)
    return np.where(chain.route[1:] == chain.route[:-1], between, 0.0)


def leg_times(chain: Chain, padded: np.ndarray) -> np.ndarray:
    """Travel time between each node and the next, shape (N-1,); 0 between the end of a route and the next route."""
    length = leg_lengths(chain.take(slice(None, -1)), chain.take(slice(1, None)))
    with np.errstate(invalid="ignore"):
        return np.where(length > 0, leg_slowness(chain, padded) * length, 0.0)


def alternate(mask: np.ndarray) -> np.ndarray:
    """Every other element of each run of True, beginning with the first: shape (N,), bool."""
    index = np.arange(len(mask))
    first = np.maximum.accumulate(np.where(mask & ~np.append(False, mask[:-1]), index, -1))
    return np.asarray(mask & ((index - first) % 2 == 0))


def drop_needless(chain: Chain, padded: np.ndarray) -> Chain:
    """The chain without nodes whose neighbours share a cell and are joined as fast directly. Merges nodes that are equal."""
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
    """The chain with every node at an end of its edge turned into a corner, and the routes that changed, shape (K,)."""
    low, high = chain.moves & (chain.x <= 0), chain.moves & (chain.x >= 1)
    base = np.where(high[:, None], chain.base + chain.along, chain.base)
    ends = low | high
    held = chain._replace(base=base, along=np.where(ends[:, None], 0.0, chain.along), x=np.where(ends, 0.0, chain.x))
    return held, np.unique(chain.route[ends])


def calc_times(x: Array, base: Array, along: Array, slowness: Array) -> Array:
    """Travel time between each node and the next, shape (N-1,), of the routes `x`, shape (N,).

    base, along: as in `Chain`. slowness: of the ground between each node and the next, shape (N-1,), s per cell.
    """
    return jax.vmap(_leg_time)(x[:-1], x[1:], _legs(base, along, slowness))


class _Legs(NamedTuple):
    """What the time between two nodes depends on besides their positions `x`; all arrays have shape (N-1,).

    rows, cols: from the base of one node to that of the next. Rows and columns are separate arrays, because XLA generates slow
    code for arrays of pairs.
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
    apart = square > 0  # the square root is not differentiable at 0
    return jnp.where(apart, leg.slowness * jnp.sqrt(jnp.where(apart, square, 1.0)), 0.0)


def find_derivatives(x: Array, base: Array, along: Array, slowness: Array) -> tuple[Array, Array, Array]:
    """The gradient of the total time, and the diagonal and off-diagonal of its Hessian: shapes (N,), (N,), (N-1,).

    A leg depends only on its two ends, so the Hessian is tridiagonal, assembled from 2 x 2 blocks.
    """
    ends = x[:-1], x[1:], _legs(base, along, slowness)
    slope, next_slope = jax.vmap(jax.grad(_leg_time, (0, 1)))(*ends)
    (curve, between), (_, next_curve) = jax.vmap(jax.hessian(_leg_time, (0, 1)))(*ends)

    def gather(firsts: Array, seconds: Array) -> Array:
        return jnp.append(firsts, 0.0) + jnp.append(0.0, seconds)

    return gather(slope, next_slope), gather(curve, next_curve), between


def solve_tridiagonal(diagonal: Array, beside: Array, right: Array, longest: ArrayLike) -> Array:
    """The solution of a symmetric positive definite tridiagonal system, shape (N,).

    diagonal, right: shape (N,). beside: the off-diagonal, shape (N-1,). longest: size of the largest block, if zeros in the
    off-diagonal split the system into blocks. Parallel cyclic reduction (Hockney 1965): each step combines equations twice as
    far apart. JAX's own solver calls LAPACK through a pointer that is not valid in a compiled program loaded from disk.
    """
    n = len(diagonal)

    def step(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        reach, diagonal, right, before = state  # `before`: coefficient of the unknown `reach` rows earlier

        def shift(values: Array, by: Array) -> Array:
            # Values that wrap around are multiplied by 0, the off-diagonal outside the matrix.
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
    """The result of a descent of R routes.

    x: shape (N,). time: of each route, shape (R,), s per cell size. gradient_norm: Euclidean norm over the crossings that can
    move, shape (R,).
    """

    x: Array | np.ndarray
    time: Array | np.ndarray
    gradient_norm: Array | np.ndarray


ROUTES = 64  # the number of routes that a compiled program descends on
SETTLED, LOST = 1e-16, 1e-13  # fractions of the time: a gain that ends a descent, and one that rounding errors may hide

State = tuple[Array, Array, Array, Array, Array, Array | int]  # x, held, time, share, active, iteration


@cached_jit
def _descend(
    x: Array, base: Array, along: Array, limits: Array, slowness: Array, route: Array, longest: Array, most: Array
) -> Descended:
    """Newton's method on the crossings of many routes at once, until no route gains more.

    limits: bounds of each x, shape (N, 2); a crossing that reaches a bound stays there. For each route, a step that does not
    reduce the time is halved. longest: nodes of the longest route. most: the largest number of iterations.
    """
    low, high = limits[:, 0], limits[:, 1]
    # Added to the curvature, so that the Hessian is invertible where a route runs along an edge.
    flat = 1e-12 * jnp.max(slowness)

    def times(x: Array) -> Array:
        return jax.ops.segment_sum(calc_times(x, base, along, slowness), route[:-1], ROUTES)

    def step_from(x: Array, held: Array) -> tuple[Array, Array]:
        gradient, diagonal, beside = find_derivatives(x, base, along, slowness)
        gradient = jnp.where(held, 0.0, gradient)
        diagonal = jnp.where(held, 1.0, diagonal + flat)
        beside = jnp.where(held[:-1] | held[1:], 0.0, beside)
        return gradient, solve_tridiagonal(diagonal, beside, -gradient, longest)

    def once(state: State) -> State:
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

    def goes_on(state: State) -> Array:
        return jnp.any(state[4]) & (state[5] < most)

    held = jnp.sum(along, 1) == 0
    start: State = x, held, times(x), jnp.ones(ROUTES), jnp.ones(ROUTES, bool), 0
    x, held, time, *_ = jax.lax.while_loop(goes_on, once, start)
    gradient, _ = step_from(x, held)
    norm = jnp.sqrt(jax.ops.segment_sum(gradient**2, route, ROUTES))
    return Descended(x, time, norm)


def descend_crossings(
    chain: Chain,
    slowness: np.ndarray,
    limits: tuple[ArrayLike, ArrayLike] = (0.0, 1.0),
    most: int = 60,
) -> tuple[Chain, Descended]:
    """Descend on the crossings of at most `ROUTES` routes, numbered from 0, and return the new chain and the result.

    slowness: between each node and the next, shape (N-1,), as from `leg_slowness`. limits: smallest and largest x of each node,
    by default the ends of its edge. most: the largest number of iterations. For a fixed sequence of edges the time is convex.
    Chains are padded to one of a few sizes, so that few programs are compiled.
    """
    n = len(chain.x)
    size = 2048
    while size < n:
        size *= 2
    full = chain.take(np.minimum(np.arange(size), n - 1))
    along = np.where(np.arange(size)[:, None] < n, full.along, 0.0)
    within = np.zeros((size, 2))
    within[:n, 0], within[:n, 1] = limits
    slowness = np.append(slowness, np.zeros(size - n))
    longest = np.bincount(chain.route).max()
    descended = _descend(full.x, full.base, along, within, slowness, full.route, longest, np.int64(most))
    result = jax.device_get(descended)
    return chain._replace(x=np.asarray(result.x[:n])), result
