"""Routes across the cells of a map as vectors of unknowns: where a route crosses each cell edge, and the time it takes.

Between two neighbouring nodes a route is straight and inside one cell, so its time is a sum of length times slowness, as for
strips. There is one unknown `x` per node, its position along its edge.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from terrain_cli.compile_cache import cached_jit
from terrain_cli.maps.routes.chains import Chain
from terrain_cli.maps.routes.descent import AT_ONCE, Descended, descend


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


@cached_jit
def _derive(x: Array, base: Array, along: Array, slowness: Array) -> tuple[Array, Array, Array, Array]:
    """The time of each leg, and the derivatives of their sum, as in `find_derivatives`."""
    return calc_times(x, base, along, slowness), *find_derivatives(x, base, along, slowness)


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
    legs = LevelLegs(chain, slowness, (low, high), int(chain.route[-1]) + 1)
    return descend(chain, legs, (low, high), most, flat)


class LevelLegs:
    """The legs of a chain over level ground, as `descent.descend` needs them.

    slowness: between each node and the next, shape (N-1,), as from `leg_slowness`. limits: smallest and largest x of each node,
    shape (N,). routes: more than the largest number of a route. They are derived a fixed number at a time, so that one program is
    compiled.
    """

    def __init__(self, chain: Chain, slowness: np.ndarray, limits: tuple[np.ndarray, np.ndarray], routes: int) -> None:
        self.chain, self.slowness, self.limits, self.routes = chain, slowness, limits, routes
        self.more = -len(slowness) % AT_ONCE
        base, along = (np.pad(value, ((0, self.more), (0, 0))) for value in (chain.base, chain.along))
        slow = np.pad(slowness, (0, self.more))
        self.parts = [
            (
                jnp.asarray(base[i : i + AT_ONCE + 1]),
                jnp.asarray(along[i : i + AT_ONCE + 1]),
                jnp.asarray(slow[i : i + AT_ONCE]),
            )
            for i in range(0, len(slow), AT_ONCE)
        ]

    def derive(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        """See `descent.Legs`."""
        n, padded = len(x), np.pad(x, (0, self.more))
        gradient, curvature = np.zeros(len(padded)), np.zeros(len(padded))
        times, beside = [], []
        for i, part in enumerate(self.parts):
            nodes = slice(i * AT_ONCE, (i + 1) * AT_ONCE + 1)  # the last one is the first of the next part
            time, slope, curve, between = _derive(padded[nodes], *part)
            gradient[nodes] += np.asarray(slope)
            curvature[nodes] += np.asarray(curve)
            times.append(time)
            beside.append(between)
        time = np.bincount(self.chain.route[:-1], np.concatenate(times)[: n - 1], minlength=self.routes)
        return time, gradient[:n], curvature[:n], np.concatenate(beside)[: n - 1]

    def move_singly(self, x: np.ndarray, nodes: np.ndarray) -> np.ndarray:
        """See `descent.Legs`."""
        return _move_singly(self.chain._replace(x=x), self.slowness, nodes, *self.limits)

    def take(self, nodes: np.ndarray) -> "LevelLegs":
        """See `descent.Legs`."""
        low, high = self.limits
        slowness = np.append(self.slowness, 0.0)[nodes][:-1]
        return LevelLegs(self.chain.take(nodes), slowness, (low[nodes], high[nodes]), self.routes)


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
