"""Routes over slopes as vectors of unknowns: the time of each leg, exact on the bilinear surface, and its derivatives.

As on even ground (crossings.py), a route has one unknown for each cell edge that it crosses. The time of a leg is slowness times
length times the mean of the pace over its slopes, which is not convex everywhere: where steep ground is better walked in
switchbacks, the blocks of the Hessian are made positive semidefinite before Newton's method uses them.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from terrain_cli.maps.cells import NEAR
from terrain_cli.maps.ground import Ground, closed_corners
from terrain_cli.maps.loops import compiled_loop
from terrain_cli.maps.routes.chains import Chain, find_cells
from terrain_cli.maps.routes.descent import Descended, descend
from terrain_cli.maps.walking.climbs import find_patches, mean_climbs
from terrain_cli.maps.walking.means import SLOWEST, mean_derivatives_of
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
    slowness = legs.values[-1]
    flat = 1e-9 * float(slowness[np.isfinite(slowness)].max(initial=0.0))
    return descend(chain, legs, (np.zeros(len(chain.x)), np.ones(len(chain.x))), most, flat)


class WalkedLegs:
    """The legs of a chain over slopes, as `descent.descend` needs them; routes: more than the largest number of a route."""

    def __init__(self, chain: Chain, surface: Surface, widened: float, routes: int) -> None:
        self.chain, self.surface, self.widened, self.routes = chain, surface, widened, routes
        legs = find_legs(chain.take(slice(None, -1)), chain.take(slice(1, None)), surface)
        inside = chain.route[1:] == chain.route[:-1]
        self.values = np.array(legs._replace(slowness=np.where(inside, legs.slowness, 0.0)))

    def derive(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        """See `descent.Legs`."""
        n, numbers = len(x), (*self.surface.pace.numbers, self.surface.max_slope, self.widened)
        times, gradient, curvature, beside = np.empty(n - 1), np.zeros(n), np.zeros(n), np.zeros(n - 1)
        derive_legs(x, self.values, *numbers, times, gradient, curvature, beside)
        return np.bincount(self.chain.route[:-1], times, minlength=self.routes), gradient, curvature, beside

    def move_singly(self, x: np.ndarray, nodes: np.ndarray) -> None:
        """See `descent.Legs`: a route of which Newton's method finds nothing better stays as it is."""

    def take(self, nodes: np.ndarray) -> "WalkedLegs":
        """See `descent.Legs`."""
        return WalkedLegs(self.chain.take(nodes), self.surface, self.widened, self.routes)


@compiled_loop
def derive_legs(x, legs, breaks, coefficients, max_slope, widened, times, gradient, curvature, beside):  # type: ignore[no-untyped-def]
    """The times of legs between nodes at `x`, shape (N,), and the derivatives of their sum, written to the last four arguments.

    legs: `Legs` as an array, shape (12, N - 1). times: of the legs, shape (N - 1,). gradient, curvature, beside: and the diagonal
    and the off-diagonal of the Hessian, 0 at first; shapes (N,), (N,) and (N - 1,). Each leg adds a block of 2 x 2, which is made
    positive semidefinite; legs without length add nothing.
    """
    for i in range(len(x) - 1):
        times[i] = 0.0
        row_along, col_along, next_row_along, next_col_along = legs[2, i], legs[3, i], legs[6, i], legs[7, i]
        row, col = legs[0, i] + row_along * x[i], legs[1, i] + col_along * x[i]
        next_row, next_col = legs[4, i] + next_row_along * x[i + 1], legs[5, i] + next_col_along * x[i + 1]
        down, right, twist, slow = next_row - row, next_col - col, legs[10, i], legs[11, i]
        length = np.sqrt(down * down + right * right)
        if length == 0.0 or slow == 0.0:
            continue
        # Of its first slope u / length and its last v / length; then by the position of the first node, 0, and of the second, 1.
        south, east = legs[8, i] + twist * col, legs[9, i] + twist * row
        next_south, next_east = legs[8, i] + twist * next_col, legs[9, i] + twist * next_row
        begin, end = (south * down + east * right) / length, (next_south * down + next_east * right) / length
        if slow == np.inf or max(abs(begin), abs(end)) > max_slope:
            times[i] = np.inf
        if slow == np.inf:
            continue
        wider = widened if end >= begin else -widened
        mean, by_begin, by_end, begin_twice, both, end_twice = mean_derivatives_of(
            breaks, coefficients, begin - wider, end + wider
        )
        if not mean <= SLOWEST:
            times[i] = np.inf
            continue
        if times[i] == 0.0:
            times[i] = slow * length * mean
        length_0 = -(row_along * down + col_along * right) / length
        length_1 = (next_row_along * down + next_col_along * right) / length
        along = row_along * next_row_along + col_along * next_col_along
        length_00 = (row_along * row_along + col_along * col_along - length_0 * length_0) / length
        length_01 = (-along - length_0 * length_1) / length
        length_11 = (next_row_along * next_row_along + next_col_along * next_col_along - length_1 * length_1) / length
        u_0 = twist * (col_along * down + row_along * right) - south * row_along - east * col_along
        u_1 = south * next_row_along + east * next_col_along
        v_0 = -next_south * row_along - next_east * col_along
        v_1 = (
            twist * (next_col_along * down + next_row_along * right)
            + next_south * next_row_along
            + next_east * next_col_along
        )
        across = twist * (col_along * next_row_along + row_along * next_col_along)  # of u by 0 and 1; of v the opposite
        begin_0, begin_1 = (u_0 - begin * length_0) / length, (u_1 - begin * length_1) / length
        end_0, end_1 = (v_0 - end * length_0) / length, (v_1 - end * length_1) / length
        begin_00 = (-2 * begin_0 * length_0 - begin * length_00) / length
        begin_11 = (-2 * begin_1 * length_1 - begin * length_11) / length
        begin_01 = (across - begin_0 * length_1 - begin_1 * length_0 - begin * length_01) / length
        end_00 = (-2 * end_0 * length_0 - end * length_00) / length
        end_11 = (-2 * end_1 * length_1 - end * length_11) / length
        end_01 = (-across - end_0 * length_1 - end_1 * length_0 - end * length_01) / length
        mean_0, mean_1 = by_begin * begin_0 + by_end * end_0, by_begin * begin_1 + by_end * end_1
        mean_00 = begin_twice * begin_0 * begin_0 + 2 * both * begin_0 * end_0 + end_twice * end_0 * end_0
        mean_00 += by_begin * begin_00 + by_end * end_00
        mean_11 = begin_twice * begin_1 * begin_1 + 2 * both * begin_1 * end_1 + end_twice * end_1 * end_1
        mean_11 += by_begin * begin_11 + by_end * end_11
        mean_01 = (
            begin_twice * begin_0 * begin_1 + both * (begin_0 * end_1 + begin_1 * end_0) + end_twice * end_0 * end_1
        )
        mean_01 += by_begin * begin_01 + by_end * end_01
        gradient[i] += slow * (length_0 * mean + length * mean_0)
        gradient[i + 1] += slow * (length_1 * mean + length * mean_1)
        a = slow * (length_00 * mean + 2 * length_0 * mean_0 + length * mean_00)
        b = slow * (length_01 * mean + length_0 * mean_1 + length_1 * mean_0 + length * mean_01)
        c = slow * (length_11 * mean + 2 * length_1 * mean_1 + length * mean_11)
        # Without the negative eigenvalues of [[a, b], [b, c]].
        middle, half = (a + c) / 2, (a - c) / 2
        radius = np.sqrt(half * half + b * b)
        if middle < radius:
            high = max(middle + radius, 0.0) / 2
            share = high / radius if radius > 0.0 else 0.0
            a, b, c = high + share * half, share * b, high - share * half
        curvature[i] += a
        curvature[i + 1] += c
        beside[i] = b
