"""Routes across the cells of a map as vectors of unknowns: where a route crosses each cell edge, and the time it takes.

Positions are (row, col) in units of cells. Between two neighbouring nodes a route is straight and inside one cell, so its time is
a sum of length times slowness, as for strips. There is one unknown `x` per node, its position along its edge; the edge of a node
at a corner has zero length.

Several routes are joined end to end in one chain of nodes, so that all of them descend at once.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike
from scipy.linalg.lapack import dptsv

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
    return np.asarray(mask & _every_other(mask & ~np.append(False, mask[:-1])))


def _every_other(begins: np.ndarray) -> np.ndarray:
    """Every other element from each one on that begins a run, shape (N,), bool."""
    index = np.arange(len(begins))
    first = np.maximum.accumulate(np.where(begins, index, -1))
    return np.asarray((index - first) % 2 == 0)


def drop_needless(chain: Chain, padded: np.ndarray) -> Chain:
    """The chain without nodes whose neighbours share a cell and are joined as fast directly. Merges nodes that are equal."""

    def time_between(a: Chain, b: Chain) -> np.ndarray:
        length = leg_lengths(a, b)
        with np.errstate(invalid="ignore"):
            return np.where(length > 0, find_slowness(a, b, padded) * length, 0.0)

    return drop_nodes(chain, time_between)


def drop_nodes(chain: Chain, time_between: Callable[[Chain, Chain], np.ndarray]) -> Chain:
    """The same by any rule for the time between nodes `a` and `b`, shape (N,), inf where they share no cell."""
    before, after = np.arange(len(chain.x)) - 1, np.arange(len(chain.x)) + 1  # the neighbours of each node that is kept
    kept = np.ones(len(chain.x), dtype=bool)
    times = time_between(chain.take(slice(None, -1)), chain.take(slice(1, None)))  # from each node to the one after it
    looked_at = np.arange(1, len(chain.x) - 1)
    while len(looked_at):
        first, last = before[looked_at], after[looked_at]
        direct = time_between(chain.take(first), chain.take(last))
        around = (times[first] + times[looked_at]) * (1 + 1e-15)
        needless = (chain.route[first] == chain.route[last]) & (direct <= around) & np.isfinite(direct)
        chosen = np.flatnonzero(needless)
        if not len(chosen):
            break
        chosen = chosen[_every_other(first[chosen] != np.append(-1, looked_at[chosen[:-1]]))]
        dropped, first, last = looked_at[chosen], first[chosen], last[chosen]
        kept[dropped] = False
        times[first], after[first], before[last] = direct[chosen], last, first
        # Nothing has changed for nodes farther away.
        looked_at = np.unique(np.concatenate([first, last]))
        looked_at = looked_at[(looked_at > 0) & (looked_at < len(chain.x) - 1)]
    return chain.take(kept)


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


class Descended(NamedTuple):
    """The result of a descent of R routes, shape (R,) each.

    time: s per cell size. gradient_norm: Euclidean norm over the crossings that can move.
    """

    time: np.ndarray
    gradient_norm: np.ndarray


SETTLED, LOST = 1e-16, 1e-13  # fractions of the time: a gain that ends a descent, and one that rounding errors may hide
LEAST_SHARE = 1e-6  # of a step of Newton's method; if not even that reduces the time, crossings are moved one by one


@cached_jit
def _derive(x: Array, base: Array, along: Array, slowness: Array) -> tuple[Array, Array, Array, Array]:
    """The time of each leg, and the derivatives of their sum, as in `find_derivatives`."""
    return calc_times(x, base, along, slowness), *find_derivatives(x, base, along, slowness)


Derive = Callable[[np.ndarray], tuple[np.ndarray, ...]]


def descend_crossings(
    chain: Chain,
    slowness: np.ndarray,
    limits: tuple[ArrayLike, ArrayLike] = (0.0, 1.0),
    most: int = 60,
) -> tuple[Chain, Descended]:
    """Descend on the crossings of routes over even ground, until no route gains more; see `descend`.

    slowness: between each node and the next, shape (N-1,), as from `leg_slowness`. For a fixed sequence of edges the time is
    convex.
    """
    low, high = (np.broadcast_to(np.asarray(limit, dtype=float), (len(chain.x),)) for limit in limits)
    flat = 1e-12 * float(slowness.max())  # the curvature is 0 where a route runs along an edge

    def move_singly(x: np.ndarray, nodes: np.ndarray) -> np.ndarray:
        return _move_singly(chain._replace(x=x), slowness, nodes, low, high)

    return descend(chain, _prepare(chain, slowness), (low, high), most, flat, move_singly)


def descend(
    chain: Chain,
    derive: Derive,
    limits: tuple[np.ndarray, np.ndarray],
    most: int,
    flat: float,
    move_singly: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> tuple[Chain, Descended]:
    """Descend on the crossings of routes, numbered from 0, by Newton's method, until no route gains more.

    derive: from x, shape (N,), to the time of each route, and the gradient, the diagonal and the off-diagonal of the Hessian of
    their sum. limits: smallest and largest x of each node, shape (N,); a crossing that reaches one stays there. most: the largest
    number of iterations. flat: added to the curvature. move_singly: from x and the places of some nodes to a better x, for
    routes of which Newton's method finds none.
    Returns the chain with its new crossings, and the result. For each route, a step that does not reduce the time is halved.
    """
    routes = int(chain.route[-1]) + 1
    low, high = limits
    held = ~chain.moves
    x, share, active = chain.x.copy(), np.ones(routes), np.ones(routes, dtype=bool)
    time, gradient, curvature, beside = derive(x)
    for _ in range(most):
        step = _newton_step(np.where(held, 0.0, gradient), curvature + flat, beside, held)
        gain = -np.bincount(chain.route, step * np.where(held, 0.0, gradient), minlength=routes)
        active &= gain > SETTLED * time
        if not active.any():
            break
        moving = active[chain.route]
        tried = np.where(moving, np.clip(x + share[chain.route] * step, low, high), x)
        after, *derivatives = derive(tried)
        takes = active & ((after < time) | ((gain <= LOST * time) & (after <= time * (1 + 1e-14))))
        taken = takes[chain.route]
        x, time = np.where(taken, tried, x), np.where(takes, after, time)
        gradient, curvature = (
            np.where(taken, new, old) for new, old in zip(derivatives, (gradient, curvature), strict=False)
        )
        beside = np.where(taken[:-1], derivatives[2], beside)
        held |= taken & ((x <= low) | (x >= high))
        stuck = active & ~takes & (share < LEAST_SHARE)
        share = np.where(takes, np.minimum(1.0, 2 * share), share / 2)
        if stuck.any() and move_singly is None:
            active &= ~stuck
        elif stuck.any() and move_singly is not None:
            moved = move_singly(x, np.flatnonzero(stuck[chain.route] & ~held))
            after = derive(moved)[0]
            helped = stuck & (after < time * (1 - LOST))
            active &= helped | ~stuck
            share[helped] = 1.0
            x, time = np.where(helped[chain.route], moved, x), np.where(helped, after, time)
            gradient, curvature, beside = derive(x)[1:]
    norm = np.sqrt(np.bincount(chain.route, np.where(held, 0.0, gradient) ** 2, minlength=routes))
    return chain._replace(x=x), Descended(time, norm)


def _move_singly(
    chain: Chain, slowness: np.ndarray, nodes: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """The x of a chain, shape (N,), after moving some nodes, each to where it is best while its neighbours stay.

    Where a leg is far shorter than a cell, the time bends so sharply that Newton's method does not find the minimum. Bisection
    does.
    """
    points, x = chain.points, chain.x.copy()
    for some in (nodes[nodes % 2 == 0], nodes[nodes % 2 == 1]):
        a, b = low[some].copy(), high[some].copy()
        for _ in range(60):
            middle = (a + b) / 2
            here = chain.base[some] + chain.along[some] * middle[:, None]
            slope = np.zeros(len(some))
            for beside, slow in ((points[some - 1], slowness[some - 1]), (points[some + 1], slowness[some])):
                way = here - beside
                length = np.hypot(way[:, 0], way[:, 1])
                slope += slow * (way * chain.along[some]).sum(1) / np.where(length > 0, length, 1.0)
            a, b = np.where(slope < 0, middle, a), np.where(slope < 0, b, middle)
        x[some] = (a + b) / 2
        points[some] = chain.base[some] + chain.along[some] * x[some, None]
    return x


def _newton_step(gradient: np.ndarray, curvature: np.ndarray, beside: np.ndarray, held: np.ndarray) -> np.ndarray:
    """The solution of the tridiagonal system of Newton's method, shape (N,); crossings that are held do not move."""
    diagonal = np.where(held, 1.0, curvature)
    beside = np.where(held[:-1] | held[1:], 0.0, beside)
    _, _, step, failed = dptsv(diagonal, beside, -gradient)
    if failed > 0:  # rounding errors have made the matrix indefinite
        step = -gradient / diagonal
    return np.asarray(step)


def _prepare(chain: Chain, slowness: np.ndarray) -> Derive:
    """A function from x to the time of each route and the derivatives of the total time with respect to x.

    Chains are padded to one of a few sizes, so that few programs are compiled.
    """
    n, routes = len(chain.x), int(chain.route[-1]) + 1
    size = 2048
    while size < n:
        size *= 4
    more = ((0, size - n), (0, 0))
    base, along = (jnp.asarray(np.pad(value, more)) for value in (chain.base, chain.along))
    slow = jnp.asarray(np.pad(slowness, (0, size - n)))

    def derive(x: np.ndarray) -> tuple[np.ndarray, ...]:
        times, gradient, curvature, beside = map(np.asarray, _derive(np.pad(x, (0, size - n)), base, along, slow))
        time = np.bincount(chain.route[:-1], times[: n - 1], minlength=routes)
        return time, gradient[:n], curvature[:n], beside[: n - 1]

    return derive
