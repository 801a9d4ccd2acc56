"""The corridor of a route: the cells whose best route through them is not much slower than the best of all."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import ndimage

from terrain_cli.contract import Route
from terrain_cli.maps.ground import Ground
from terrain_cli.maps.isochrones import times_by_cell
from terrain_cli.maps.sensitivity import lengths_by_cell


@dataclass(frozen=True)
class Corridor:
    """Cells that lie on good routes.

    percent: how much slower than the best the best route through them may be. cells: which, shape (rows, cols). area: m².
    error: how much slower than the best the fields take the cells of the route itself to be, at most; relative. What lies
    closer than this to the border of the corridor may be on its other side.
    """

    percent: float
    cells: np.ndarray = field(repr=False)
    area: float
    error: float

    @property
    def count(self) -> int:
        return int(self.cells.sum())

    def to_json(self) -> dict[str, Any]:
        """Plain data: the cells as [row, first column, last column] of each run."""
        edges = np.diff(np.pad(self.cells.astype(np.int8), ((0, 0), (1, 1))), axis=1)
        (row, first), (_, last) = np.nonzero(edges == 1), np.nonzero(edges == -1)
        runs = np.column_stack([row, first, last - 1]).tolist()
        return {"percent": self.percent, "cells": self.count, "area": self.area, "error": self.error, "rows": runs}

    def to_geometry(self, ground: Ground) -> dict[str, Any]:
        """The cells as a GeoJSON MultiPolygon, in the coordinates of the map."""
        polygons = [[ground.to_xy(ring).tolist() for ring in rings] for rings in find_outlines(self.cells)]
        return {"type": "MultiPolygon", "coordinates": polygons}


def find_corridor(
    ground: Ground, from_start: np.ndarray, to_goal: np.ndarray, route: Route, percent: float
) -> Corridor:
    """The cells whose best route through them is within `percent` of the best.

    from_start, to_goal: the time from the start to each corner of the cells and from there to the goal, shape
    (rows + 1, cols + 1), s. Both fields are slightly wrong, by nearly the same amount along all good routes: so their sums are
    compared with the least sum, not with the time of the route, and the cells of the route belong to the corridor in any case.
    """
    through = np.min(times_by_cell(ground, from_start) + times_by_cell(ground, to_goal), axis=(0, 1))
    row, col, _ = lengths_by_cell(ground, route.points)
    best = through.min()
    cells = through <= best * (1 + percent / 100)
    cells[row, col] = True
    error = float(through[row, col].max() / best - 1)
    return Corridor(percent, cells, int(cells.sum()) * float(ground.cell) ** 2, error)


def find_outlines(cells: np.ndarray) -> list[list[np.ndarray]]:
    """The outline of some cells, shape (rows, cols), bool, as polygons: one for each connected part, its holes behind it.

    A ring has the corners (row, col) where it turns, shape (k, 2), the last equal to the first; seen with rows pointing down
    the outer ring runs anticlockwise and the holes clockwise. Parts that only touch at a corner are parts of their own.
    """
    parts, number = ndimage.label(cells)
    padded = np.pad(parts, 1)
    # Each side of a cell that faces another part or none, with the cell on its left: (from, to) relative to the cell.
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
            # Where two cells of one part touch at a corner, crossing over to the other one keeps the ring from touching itself.
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
