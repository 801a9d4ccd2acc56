"""Routes over slopes as vectors of unknowns: the time of each leg, exact on the bilinear surface, and its derivatives.

As on even ground (crossings.py), a route has one unknown for each cell edge that it crosses. The time of a leg is slowness times
length times the mean of the pace over its slopes, which is not convex everywhere: where steep ground is better walked in
switchbacks, the blocks of the Hessian are made positive semidefinite before Newton's method uses them.
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from terrain_cli.compile_cache import cached_jit
from terrain_cli.maps.cells import NEAR
from terrain_cli.maps.ground import Ground, closed_corners
from terrain_cli.maps.routes.chains import Chain, find_cells
from terrain_cli.maps.routes.descent import AT_ONCE, Descended, descend
from terrain_cli.maps.walking.climbs import find_patches, mean_climbs
from terrain_cli.maps.walking.means import SLOWEST
from terrain_cli.maps.walking.pace import Pace


class Surface(NamedTuple):
    """Ground with heights, as the search for routes needs it. Positions of routes are in units of sub-cells.

    padded: slowness relative to that of the fastest cell, with a border of inf, shape (rows + 2, cols + 2). closed: corners that
    no path passes, shape (rows + 1, cols + 1), bool. heights: in units of the side of a cell, shape (rows + 1, cols + 1). pace,
    max_slope: as in `Ground`. detail: sub-cells along a side of a cell.
    """

    padded: np.ndarray
    closed: np.ndarray
    heights: np.ndarray
    pace: Pace
    max_slope: float
    detail: int

    @property
    def slowness(self) -> np.ndarray:
        """Of the cells of the map, shape (rows, cols)."""
        return self.padded[1:-1, 1:-1]

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and columns of sub-cells."""
        rows, cols = self.slowness.shape
        return rows * self.detail, cols * self.detail


def to_surface(ground: Ground, detail: int = 1) -> tuple[Surface, float]:
    """The surface of some ground, and the unit of its slowness, s/m."""
    slowness = np.asarray(ground.slowness, dtype=np.float64)
    unit = 2.0 ** math.floor(math.log2(float(np.min(slowness))))  # a power of two, so that nothing is rounded
    padded = np.pad(slowness / unit, 1, constant_values=np.inf)
    heights = np.asarray(ground.heights, dtype=np.float64) / float(ground.cell)
    assert ground.pace is not None
    return Surface(padded, closed_corners(slowness), heights, ground.pace, float(ground.max_slope), detail), unit


class Legs(NamedTuple):
    """Legs between two nodes that share a cell; all arrays have shape (N,).

    row, col: of the base of the first node, from the north-west corner of the cell; next_row, next_col: of the second.
    row_along and so on: the directions of their edges. south, east, twist: of the surface at that corner. slowness: of the cell,
    inf if the nodes share none.
    """

    row: Any
    col: Any
    row_along: Any
    col_along: Any
    next_row: Any
    next_col: Any
    next_row_along: Any
    next_col_along: Any
    south: Any
    east: Any
    twist: Any
    slowness: Any


def find_legs(a: Chain, b: Chain, surface: Surface) -> Legs:
    """The legs from nodes `a` to nodes `b`, each in the fastest of the cells that contain both."""
    first, last = find_cells(a, b)
    together = np.all(first <= last, axis=1)
    detail = surface.detail
    best = np.full(len(a.x), np.inf)
    cell = np.zeros_like(first)
    for candidate in (
        first,
        last,
        np.column_stack([first[:, 0], last[:, 1]]),
        np.column_stack([last[:, 0], first[:, 1]]),
    ):
        row, col = np.where(together[:, None], candidate // detail + 1, 0).T
        slowness = surface.padded[row, col]
        better = slowness < best
        best = np.where(better, slowness, best)
        cell = np.where(better[:, None], candidate, cell)
    patches = find_patches(surface.heights, cell, detail)
    (row, col), (next_row, next_col) = (a.base - cell).T, (b.base - cell).T
    columns = (row, col, *a.along.T, next_row, next_col, *b.along.T, *patches.T, best)
    return Legs(*columns)


def time_between(a: Chain, b: Chain, surface: Surface) -> np.ndarray:
    """The time from each node of `a` to that of `b`, shape (N,); inf where they share no free cell, where it is too steep, and at
    corners that no path passes."""
    times = time_legs(a.x, b.x, find_legs(a, b, surface), surface)
    return np.where(_is_closed(a, surface) | _is_closed(b, surface), np.inf, times)


def _is_closed(nodes: Chain, surface: Surface) -> np.ndarray:
    """Which nodes lie at a corner that no path passes, shape (N,)."""
    place = nodes.points / surface.detail
    row, col = np.rint(place).astype(np.int64).T
    return np.asarray((np.abs(place - np.rint(place)).max(axis=1) < NEAR) & surface.closed[row, col])


def time_legs(x: np.ndarray, next_x: np.ndarray, legs: Legs, surface: Surface) -> np.ndarray:
    """The time of each leg, shape (N,), s per side of a sub-cell. x, next_x: of its first and second node."""
    row, col = legs.row + legs.row_along * x, legs.col + legs.col_along * x
    down = legs.next_row + legs.next_row_along * next_x - row
    right = legs.next_col + legs.next_col_along * next_x - col
    south, east = legs.south + legs.twist * col, legs.east + legs.twist * row
    length = np.hypot(down, right)
    mean = mean_climbs(down, right, south, east, legs.twist, *surface.pace.numbers, surface.max_slope)
    with np.errstate(invalid="ignore"):
        return np.where(length > 0, legs.slowness * length * mean, 0.0)


def leg_times(chain: Chain, surface: Surface) -> np.ndarray:
    """The time from each node to the next, shape (N - 1,); 0 between the end of a route and the next route."""
    times = time_between(chain.take(slice(None, -1)), chain.take(slice(1, None)), surface)
    return np.where(chain.route[1:] == chain.route[:-1], times, 0.0)


def descend_slopes(chain: Chain, surface: Surface, widened: float, most: int = 30) -> tuple[Chain, Descended]:
    """Descend on the crossings of routes, numbered from 0, until no route gains more; see `descent.descend`.

    widened: by how much the slopes of each leg are widened, which rounds the kinks of the pace; 0 for the pace itself.
    """
    legs = WalkedLegs(chain, surface, widened, int(chain.route[-1]) + 1)
    flat = 1e-9 * float(legs.legs.slowness[np.isfinite(legs.legs.slowness)].max(initial=0.0))
    return descend(chain, legs, (np.zeros(len(chain.x)), np.ones(len(chain.x))), most, flat)


class WalkedLegs:
    """The legs of a chain over slopes, as `descent.descend` needs them; routes: more than the largest number of a route.

    They are derived a fixed number at a time, so that one program is compiled: it takes seconds.
    """

    def __init__(self, chain: Chain, surface: Surface, widened: float, routes: int) -> None:
        self.chain, self.surface, self.widened, self.routes = chain, surface, widened, routes
        self.legs = find_legs(chain.take(slice(None, -1)), chain.take(slice(1, None)), surface)
        self.inside = chain.route[1:] == chain.route[:-1]
        # Between the end of a route and the next there is no ground: what lies there may be a void, whose heights are unknown.
        there = self.inside & np.isfinite(self.legs.slowness)
        self.more = -len(there) % AT_ONCE
        columns = [np.pad(np.where(there, values, 0.0), (0, self.more)) for values in self.legs]
        starts = range(0, len(columns[0]), AT_ONCE)
        self.parts = [Legs(*(jnp.asarray(values[i : i + AT_ONCE]) for values in columns)) for i in starts]

    def derive(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        """See `descent.Legs`."""
        padded, surface, n = np.pad(x, (0, self.more)), self.surface, len(x) - 1
        widened = np.float64(self.widened)
        results = []
        for i, legs in enumerate(self.parts):
            begin, end = i * AT_ONCE, (i + 1) * AT_ONCE
            results.append(_derive(padded[begin:end], padded[begin + 1 : end + 1], legs, surface.pace, widened))
        columns = (np.concatenate(values)[:n] for values in zip(*results, strict=True))
        times, slope, next_slope, curve, between, next_curve = columns
        times = np.where(times <= SLOWEST, times, np.inf)
        if np.isfinite(surface.max_slope):
            steep = ~np.isfinite(time_legs(x[:-1], x[1:], self.legs, surface)) & self.inside
            times = np.where(steep, np.inf, times)
        time = np.bincount(self.chain.route[:-1], times, minlength=self.routes)
        gradient, curvature = (
            np.append(firsts, 0.0) + np.append(0.0, seconds)
            for firsts, seconds in ((slope, next_slope), (curve, next_curve))
        )
        return time, gradient, curvature, between

    def move_singly(self, x: np.ndarray, nodes: np.ndarray) -> None:
        """See `descent.Legs`: a route of which Newton's method finds nothing better stays as it is."""

    def take(self, nodes: np.ndarray) -> "WalkedLegs":
        """See `descent.Legs`."""
        return WalkedLegs(self.chain.take(nodes), self.surface, self.widened, self.routes)


@cached_jit
def _derive(x: Array, next_x: Array, legs: Legs, pace: Pace, widened: Array) -> tuple[Array, ...]:
    """The time of each leg, its derivatives by the positions of both ends, and those of its Hessian, made semidefinite."""

    def leg_time(ends: tuple[Array, Array], leg: Legs) -> Array:
        return calc_leg_time(*ends, leg, pace, widened)

    def derive(ends: tuple[Array, Array], leg: Legs) -> tuple[Array, ...]:
        def slopes(ends: tuple[Array, Array]) -> tuple[Array, Array]:
            slope, next_slope = jax.grad(leg_time)(ends, leg)
            return slope, next_slope

        # Forward over reverse, one column at a time: jax.hessian takes four times as long to compile.
        one, zero = jnp.ones(()), jnp.zeros(())
        (slope, next_slope), (curve, between) = jax.jvp(slopes, (ends,), ((one, zero),))
        _, (_, next_curve) = jax.jvp(slopes, (ends,), ((zero, one),))
        return leg_time(ends, leg), slope, next_slope, curve, between, next_curve

    times, slope, next_slope, *hessian = jax.vmap(derive)((x, next_x), legs)
    return times, slope, next_slope, *_make_semidefinite(*hessian)


def calc_leg_time(x: Array, next_x: Array, leg: Legs, pace: Pace, widened: Array) -> Array:
    """The time of one leg, s per side of a sub-cell: slowness times length times the mean of the pace over its slopes."""
    row, col = leg.row + leg.row_along * x, leg.col + leg.col_along * x
    next_row, next_col = leg.next_row + leg.next_row_along * next_x, leg.next_col + leg.next_col_along * next_x
    down, right = next_row - row, next_col - col
    square = down**2 + right**2
    apart = square > 0  # the square root is not differentiable at 0
    length = jnp.sqrt(jnp.where(apart, square, 1.0))
    begin = ((leg.south + leg.twist * col) * down + (leg.east + leg.twist * row) * right) / length
    end = ((leg.south + leg.twist * next_col) * down + (leg.east + leg.twist * next_row) * right) / length
    wider = jnp.where(end >= begin, widened, -widened)
    return jnp.where(apart, leg.slowness * length * pace.mean(begin - wider, end + wider), 0.0)


def _make_semidefinite(a: Array, b: Array, c: Array) -> tuple[Array, Array, Array]:
    """The matrices [[a, b], [b, c]] without their negative eigenvalues."""
    middle, half = (a + c) / 2, (a - c) / 2
    radius = jnp.sqrt(half**2 + b**2)
    high = jnp.maximum(middle + radius, 0.0)
    low = middle - radius
    safe = jnp.where(radius > 0, radius, 1.0)
    keep = low >= 0
    first, cross, second = high * (0.5 + half / (2 * safe)), high * b / (2 * safe), high * (0.5 - half / (2 * safe))
    return jnp.where(keep, a, first), jnp.where(keep, b, cross), jnp.where(keep, c, second)
