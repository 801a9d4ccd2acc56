"""The part of a large map that a search looks at: the cells through which good routes pass, found by fast marching.

Rough times from the start and to the goal, on blocks of cells and then on the cells themselves, are added up; where the sum is
far above the least, no good route passes. How far is far is not known beforehand, since the times are not bounds
(docs/routes.md): a search has to check that what it kept is well inside, and widen the region if not.
"""

import math
from typing import NamedTuple

import numpy as np

from terrain_cli.maps.cells import touching_cells
from terrain_cli.maps.fields.marching import march

BLOCKS = 250  # blocks along the longer side of a map, at least
HUGE = 1e30  # slowness relative to the least; more is as good as blocked here, and sums stay finite in float32


class Region(NamedTuple):
    """Cells to search.

    inside: shape (rows, cols), bool. excess: how much longer than the least the routes through a cell seem to take, as a
    fraction, shape (rows, cols), float32. blocks, block: the same for blocks of so many cells a side.
    """

    inside: np.ndarray
    excess: np.ndarray
    blocks: np.ndarray
    block: int

    def worst(self, cells: np.ndarray) -> tuple[float, float]:
        """The largest excess among these cells, bool, shape (rows, cols), on blocks and on cells."""
        row, col = np.nonzero(cells)
        on_blocks = self.blocks[row // self.block, col // self.block]
        return float(on_blocks.max()), float(self.excess[row, col].max())


def find_region(
    slowness: np.ndarray,
    closed: np.ndarray,
    start: np.ndarray,
    goal: np.ndarray,
    widths: tuple[float, float],
) -> Region | None:
    """The free cells that seem to be within `widths` of the least time, on blocks and on cells; None if they connect no route.

    slowness: shape (rows, cols), inf where blocked. closed: corners that no path passes, shape (rows + 1, cols + 1). start, goal:
    (row, col), shape (2,). A width of inf stands for the whole map.
    """
    block = max(1, max(slowness.shape) // BLOCKS)
    unit = float(np.min(slowness))
    if block > 1 and math.isfinite(widths[0]):
        coarse = average_blocks(slowness, block)
        corners = np.zeros((coarse.shape[0] - 1, coarse.shape[1] - 1), dtype=bool)
        blocks = _add_times(_to_float32(coarse, unit), corners, start / block, goal / block, widths[0])
        if blocks is None:
            return None
        near = blocks <= widths[0]
        near = np.repeat(np.repeat(near, block, axis=0), block, axis=1)[: slowness.shape[0], : slowness.shape[1]]
    else:
        blocks, near = np.zeros((1, 1), dtype=np.float32), np.ones(slowness.shape, dtype=bool)
        block = max(slowness.shape)
    padded = np.full((slowness.shape[0] + 2, slowness.shape[1] + 2), np.inf, dtype=np.float32)
    padded[1:-1, 1:-1] = np.where(near, _to_float32(slowness, unit), np.inf)
    excess = _add_times(padded, closed, start, goal, widths[1])
    if excess is None:
        return None
    inside = (excess <= widths[1]) & np.isfinite(padded[1:-1, 1:-1])
    for point in start, goal:
        for cell in touching_cells(float(point[0]), float(point[1]), slowness.shape):
            inside[cell] = np.isfinite(slowness[cell])
    return Region(inside, excess, blocks, block)


def _to_float32(slowness: np.ndarray, unit: float) -> np.ndarray:
    with np.errstate(over="ignore", under="ignore"):
        relative = np.minimum(slowness / unit, HUGE, where=np.isfinite(slowness), out=np.full(slowness.shape, np.inf))
        return np.asarray(relative, dtype=np.float32)


def average_blocks(slowness: np.ndarray, block: int) -> np.ndarray:
    """The mean slowness of the free cells of each block, inf where there are none, with a border of inf around."""
    rows, cols = (range(0, size, block) for size in slowness.shape)
    total, count = np.zeros((len(rows), len(cols))), np.zeros((len(rows), len(cols)))
    for i, row in enumerate(rows):
        strip = slowness[row : row + block]
        free = np.isfinite(strip)
        total[i] = np.add.reduceat(strip.sum(0, where=free), cols)
        count[i] = np.add.reduceat(free.sum(0), cols)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, total / count, np.inf)
    return np.pad(mean, 1, constant_values=np.inf)


def _add_times(
    padded: np.ndarray, closed: np.ndarray, start: np.ndarray, goal: np.ndarray, width: float
) -> np.ndarray | None:
    """How much longer than the least time routes through each cell take, as a fraction; None if there are no routes.

    Where it is above the width, it may be inf.
    """
    shape = (padded.shape[0] - 2, padded.shape[1] - 2)
    from_start, to_goal = (_begin(padded, point, shape) for point in (start, goal))
    nowhere = np.zeros_like(closed)
    march(padded, closed, from_start, nowhere)
    known = float((from_start + to_goal).min())  # the time of some route
    if not math.isfinite(known):
        return None
    march(padded, closed, to_goal, nowhere, from_start, (1 + width) * known)
    through = from_start
    through += to_goal
    least = float(through.min())
    through = np.minimum(through[:-1], through[1:])
    through = np.minimum(through[:, :-1], through[:, 1:])
    return np.asarray(through / np.float32(least) - np.float32(1) if least > 0 else np.zeros_like(through))


def _begin(padded: np.ndarray, point: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Times from a point (row, col) to the corners of the cells that contain it, float32, s per cell size; inf elsewhere.

    They are rough: straight lines. shape: (rows, cols) of the map.
    """
    time = np.full((shape[0] + 1, shape[1] + 1), np.inf, dtype=np.float32)
    for row, col in touching_cells(float(point[0]), float(point[1]), shape):
        for r in (row, row + 1):
            for c in (col, col + 1):
                away = math.hypot(r - point[0], c - point[1])
                time[r, c] = min(time[r, c], padded[row + 1, col + 1] * away if away else 0.0)
    return time
