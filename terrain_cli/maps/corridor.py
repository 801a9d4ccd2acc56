"""The corridor of a route: the cells through which a route passes that is not much slower than the best."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import ndimage

from terrain_cli.contract import Route
from terrain_cli.errors import check_number
from terrain_cli.maps.cells import touching_cells
from terrain_cli.maps.ground import Ground
from terrain_cli.maps.isochrones import times_by_cell
from terrain_cli.maps.sensitivity import lengths_by_cell


@dataclass(frozen=True)
class Corridor:
    """The cells of good routes.

    percent: by how much the best route through a cell may be slower than the best of all. cells: bool, shape (rows, cols).
    area: m². error: relative; the most by which the arrival times overestimate the time through a cell of the route itself,
    which is an estimate of the uncertainty of the border; inf if they know no way through one of its cells, as on slopes close to
    the greatest that may be walked.
    """

    percent: float
    cells: np.ndarray = field(repr=False)
    area: float
    error: float

    @property
    def count(self) -> int:
        """The number of cells."""
        return int(self.cells.sum())

    def to_json(self) -> dict[str, Any]:
        """Plain data; the cells as [row, first column, last column] of each run."""
        edges = np.diff(np.pad(self.cells.astype(np.int8), ((0, 0), (1, 1))), axis=1)
        (row, first), (_, last) = np.nonzero(edges == 1), np.nonzero(edges == -1)
        runs = np.column_stack([row, first, last - 1]).tolist()
        error = self.error if math.isfinite(self.error) else None
        return {"percent": self.percent, "cells": self.count, "area": self.area, "error": error, "rows": runs}

    def to_geometry(self, ground: Ground) -> dict[str, Any]:
        """The cells as a GeoJSON MultiPolygon, in the coordinates of the map."""
        polygons = [[ground.to_xy(ring).tolist() for ring in rings] for rings in find_outlines(self.cells)]
        return {"type": "MultiPolygon", "coordinates": polygons}


def find_corridor(
    ground: Ground, from_start: np.ndarray, to_goal: np.ndarray, route: Route, percent: float
) -> Corridor:
    """The cells through which the best route is within `percent` of the best of all.

    from_start, to_goal: the time from the start to each corner of the cells and from there to the goal, shape
    (rows + 1, cols + 1), s. Both fields have nearly the same error along all good routes. Their sums are therefore compared with
    the least sum, not with the time of the route, and the cells of the route always belong to the corridor.
    Raises ValueError for a percentage below 0.
    """
    check_number(percent, "percent")
    through = np.min(times_by_cell(ground, from_start) + times_by_cell(ground, to_goal), axis=(0, 1))
    row, col, _ = lengths_by_cell(ground, route.points)
    if not len(row):  # the start is the goal, and whoever stays there leaves only by a detour
        row, col = _touched(ground, route.points[0])
        cells = np.zeros(through.shape, dtype=bool)
        cells[row, col] = True
        return Corridor(percent, cells, len(row) * float(ground.cell) ** 2, 0.0)
    best = float(through.min())
    cells = (through <= best * (1 + percent / 100)) & np.isfinite(through)
    cells[row, col] = True
    error = float(through[row, col].max()) / best - 1 if math.isfinite(best) else math.inf
    return Corridor(percent, cells, int(cells.sum()) * float(ground.cell) ** 2, error)


def join_corridors(
    ground: Ground, fields: Sequence[tuple[np.ndarray, np.ndarray]], route: Route, percent: float
) -> Corridor:
    """The corridor of a route that passes points on the way: the cells of routes that pass them too, by the same rule.

    fields: for each leg, the times from its start and those to its end, as for `find_corridor`. A route may lose on one leg all
    the time that it may lose.
    """
    check_number(percent, "percent")
    parts = []
    for (there, here), leg in zip(fields, route.legs, strict=True):
        longer = percent * route.time / leg.time if leg.time > 0 else 0.0
        parts.append(find_corridor(ground, there, here, leg, longer))
    cells = np.any([part.cells for part in parts], axis=0)
    error = max(
        part.error * (leg.time / route.time if route.time > 0 else 0.0)
        for part, leg in zip(parts, route.legs, strict=True)
    )
    return Corridor(percent, cells, int(cells.sum()) * float(ground.cell) ** 2, error)


def _touched(ground: Ground, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows and columns of the free cells that contain a point, shape (2,), borders included."""
    slowness = np.asarray(ground.slowness)
    row, col = ground.to_cells(point).tolist()
    free = [cell for cell in touching_cells(row, col, slowness.shape) if np.isfinite(slowness[cell])]
    rows, cols = np.array(free).T
    return rows, cols


def find_outlines(cells: np.ndarray) -> list[list[np.ndarray]]:
    """The outline of cells, bool, shape (rows, cols): for each connected part, its outer ring followed by its holes.

    A ring has the corners (row, col) where it turns, shape (k, 2), the last equal to the first. With rows pointing down, the
    outer ring runs anticlockwise and the holes run clockwise. Parts that touch only at a corner are separate.
    """
    parts, number = ndimage.label(cells)
    padded = np.pad(parts, 1)
    # The ends of each side of a cell relative to it, in the direction that has the cell on its left.
    sides = {(1, 0): ((1, 0), (1, 1)), (0, 1): ((1, 1), (0, 1)), (-1, 0): ((0, 1), (0, 0)), (0, -1): ((0, 0), (1, 0))}
    leaving: dict[tuple[int, int], list[tuple[tuple[int, int], int, tuple[int, int]]]] = {}
    for (down, right), (begin, end) in sides.items():
        beyond = padded[1 + down : 1 + down + parts.shape[0], 1 + right : 1 + right + parts.shape[1]]
        for r, c in np.argwhere((parts > 0) & (beyond == 0)).tolist():
            start = (r + begin[0], c + begin[1])
            leaving.setdefault(start, []).append(((r + end[0], c + end[1]), int(parts[r, c]), (r, c)))
    outlines: list[list[np.ndarray]] = [[] for _ in range(number)]
    while leaving:
        first = at = next(iter(leaving))
        ring, part, cell = [first], leaving[first][0][1], leaving[first][0][2]
        while True:
            # Where two cells of a part touch at a corner, continuing along the other cell keeps the ring from touching itself.
            ways = leaving[at]
            same = [way for way in ways if way[1] == part]
            way = next((way for way in same if way[2] != cell), same[0]) if len(ways) > 1 and at != first else same[0]
            ways.remove(way)
            if not ways:
                del leaving[at]
            at, _, cell = way
            if at == first:
                break
            ring.append(at)
        corners = np.array([*ring, first])
        step = np.diff(corners, axis=0)
        turns = np.any(step != np.roll(step, 1, axis=0), axis=1)
        corners = corners[:-1][turns]
        outlines[part - 1].append(np.concatenate([corners, corners[:1]]))
    return [sorted(rings, key=lambda ring: -np.ptp(ring[:, 0])) for rings in outlines]
