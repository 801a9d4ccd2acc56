"""The part of a large map that a search looks at: the cells through which good routes pass, found by fast marching.

Rough times from the start and to the goal are added up; where the sum is far above the least, no good route passes. How far is
far is not known beforehand, since the times are not bounds (docs/routes.md): a search has to check that what it kept is well
inside, and widen the region if not. Times on blocks of cells would take less time to compute, but hide roads and bridges.
"""

import itertools
import math
from typing import NamedTuple

import numpy as np

from terrain_cli.maps.cells import touching_cells
from terrain_cli.maps.fields.marching import march_between
from terrain_cli.maps.fields.near import FEW_CELLS, find_near

HUGE = 1e30  # slowness relative to the least; more is as good as blocked here, and sums stay finite in float32


class Region(NamedTuple):
    """Cells to search.

    inside: shape (rows, cols), bool. excess: how much longer than the least the routes through a cell seem to take, as a
    fraction, shape (rows, cols), float32; where it is above the width of the region, an upper bound.
    """

    inside: np.ndarray
    excess: np.ndarray


def find_region(
    slowness: np.ndarray, closed: np.ndarray, start: np.ndarray, goal: np.ndarray, width: float
) -> Region | None:
    """The free cells that seem to be within a `width` of the least time, as a fraction; None if they connect no route.

    slowness: shape (rows, cols), inf where blocked. closed: corners that no path passes, shape (rows + 1, cols + 1). start, goal:
    (row, col), shape (2,).
    """
    unit = float(np.min(slowness))
    padded = np.full((slowness.shape[0] + 2, slowness.shape[1] + 2), np.inf, dtype=np.float32)
    _divide(slowness, unit, padded[1:-1, 1:-1])
    times = np.full((2, *closed.shape), np.inf, dtype=np.float32)
    for time, end in zip(times, (start, goal), strict=True):
        near = find_near(slowness, closed, float(end[0]), float(end[1]), FEW_CELLS)
        rows, cols = near.corners.shape
        _divide(near.corners, unit, time[near.top : near.top + rows, near.left : near.left + cols])
        _time_own_corners(time, padded, end)
    march_between(padded, closed, times, width)
    excess = _add_times(times)
    if excess is None:
        return None
    inside = (excess <= width) & np.isfinite(padded[1:-1, 1:-1])
    for point in start, goal:
        for cell in touching_cells(float(point[0]), float(point[1]), slowness.shape):
            inside[cell] = np.isfinite(slowness[cell])
    return Region(inside, excess)


def _divide(values: np.ndarray, unit: float, out: np.ndarray) -> None:
    """The values in a unit, those that are finite no more than HUGE, float32."""
    with np.errstate(over="ignore"):
        np.divide(values, unit, out=out, casting="same_kind")
    out[(out > HUGE) & np.isfinite(values)] = HUGE


def _time_own_corners(time: np.ndarray, padded: np.ndarray, end: np.ndarray) -> None:
    """Lower the times at the corners of the cells that contain an end (row, col) to those of straight lines.

    Within a cell, a way need not pass its corners, which may all be closed.
    """
    for row, col in touching_cells(float(end[0]), float(end[1]), (time.shape[0] - 1, time.shape[1] - 1)):
        for r, c in itertools.product((row, row + 1), (col, col + 1)):
            away = math.dist((r, c), end)
            time[r, c] = min(time[r, c], padded[row + 1, col + 1] * away if away else 0.0)


def _add_times(times: np.ndarray) -> np.ndarray | None:
    """How much longer than the least time routes through each cell take, as in `Region`; None if there are none.

    times: from the start and to the goal, shape (2, rows + 1, cols + 1); changed.
    """
    through, other = times
    through += other
    least = through.min()
    if not np.isfinite(least):
        return None
    # The least of the four corners of a cell. The arrays are large, and used again.
    np.minimum(through[:-1], through[1:], out=other[:-1])
    excess: np.ndarray = np.minimum(other[:-1, :-1], other[:-1, 1:])
    if least > 0:
        excess /= least
        excess -= 1
    return excess
