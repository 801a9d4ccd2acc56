"""How the heights of a map change the time of a leg: slopes of the bilinear surface, for compiled loops and for arrays.

Over a cell, or a part of it, the height is a + south r + east c + twist r c, with the position (r, c) from the north-west corner.
So the slope of a straight leg changes linearly along it, and the mean of the pace over the slopes at its ends is exact.
"""

import math
from typing import NamedTuple

import numpy as np

from terrain_cli.maps.ground import Ground
from terrain_cli.maps.loops import compiled_loop, helper
from terrain_cli.maps.walking.means import SLOWEST, mean_pace_of
from terrain_cli.maps.walking.pace import Pace


class Climbs(NamedTuple):
    """What turns the times of legs on level ground into those on slopes, for compiled loops.

    patches: for each of the cells, how its surface rises to the south and to the east at its north-west corner, and its twist,
    per side of a cell, shape (C, 3). breaks, coefficients: of the pace. max_slope: of a leg, up or down. least, steepness, s0:
    the pace is nowhere below least exp(steepness |slope + s0|). sign: 1 for legs that are walked as they are given, -1 for those
    walked the other way.
    """

    patches: np.ndarray
    breaks: np.ndarray
    coefficients: np.ndarray
    max_slope: float
    least: float
    steepness: float = 0.0
    s0: float = 0.0
    sign: float = 1.0


def make_climbs(patches: np.ndarray, pace: Pace, max_slope: float) -> Climbs:
    """What compiled loops need to know of some cells."""
    breaks, coefficients = pace.numbers
    if not len(coefficients):
        k, s0 = breaks.tolist()
        return Climbs(patches, breaks, coefficients, max_slope, math.exp(-k * abs(s0)), k, s0)
    t = np.linspace(0.0, breaks[1:] - breaks[:-1], 9)
    values = ((coefficients[:, 3] * t + coefficients[:, 2]) * t + coefficients[:, 1]) * t + coefficients[:, 0]
    return Climbs(patches, breaks, coefficients, max_slope, 0.99 * float(values.min()))


def find_patches(heights: np.ndarray, cells: np.ndarray, detail: int = 1) -> np.ndarray:
    """The surface of some cells, as in `Climbs`. heights: in units of the side of a cell of the map, shape (rows + 1, cols + 1).

    cells: (row, col), shape (C, 2). detail: how many of them stand along a side of a cell of the map.
    """
    row, col = (cells // detail).T
    down, right = ((cells % detail) / detail).T
    nw, ne, sw, se = heights[row, col], heights[row, col + 1], heights[row + 1, col], heights[row + 1, col + 1]
    south, east, twist = sw - nw, ne - nw, se - sw - ne + nw
    return np.column_stack([south + twist * right, east + twist * down, twist / detail])


@helper
def mean_climb_of(
    down: float,
    right: float,
    south: float,
    east: float,
    twist: float,
    breaks: np.ndarray,
    coefficients: np.ndarray,
    max_slope: float,
    sign: float,
) -> float:
    """The mean pace over a leg that goes (down, right), where the surface at its beginning rises to the south and east; inf if it
    is too steep or too slow."""
    length = np.sqrt(down * down + right * right)
    if length == 0.0:
        return 1.0
    begin = sign * (south * down + east * right) / length
    end = begin + sign * 2 * twist * down * right / length
    if max(abs(begin), abs(end)) > max_slope:
        return np.inf
    mean: float = mean_pace_of(breaks, coefficients, begin, end)
    return mean if mean <= SLOWEST else np.inf


@compiled_loop
def mean_climbs(down, right, south, east, twist, breaks, coefficients, max_slope):  # type: ignore[no-untyped-def]
    """The mean pace over each of some legs, shape (N,)."""
    found = np.empty(len(down))
    for i in range(len(down)):
        found[i] = mean_climb_of(down[i], right[i], south[i], east[i], twist[i], breaks, coefficients, max_slope, 1.0)
    return found


def find_climbs(ground: Ground, points: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """The mean pace over each leg of a route, shape (N - 1,), relative to level ground; 1 for a leg without length.

    points: (x, y), shape (N, 2), m. cells: (row, col) in which the legs lie, shape (N - 1, 2).
    """
    assert ground.pace is not None
    rows, cols = np.asarray(ground.slowness).shape
    cells = np.clip(cells, 0, [rows - 1, cols - 1])  # of a leg without length on the border
    places = np.asarray(ground.to_cells(points))
    down, right = np.diff(places.T).copy()  # contiguous, as in `time_legs`; for others the loop is compiled again
    south, east, twist = find_patches(np.asarray(ground.heights) / float(ground.cell), cells).T
    row, col = (places[:-1] - cells).T
    numbers = ground.pace.numbers
    return np.asarray(
        mean_climbs(down, right, south + twist * col, east + twist * row, twist, *numbers, float(ground.max_slope))
    )
