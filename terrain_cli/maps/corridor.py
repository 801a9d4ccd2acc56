"""The corridor of a route: the cells whose best route through them is not much slower than the best of all."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

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


def find_corridor(
    ground: Ground, from_start: np.ndarray, to_goal: np.ndarray, route: Route, percent: float
) -> Corridor:
    """The cells whose best route through them is within `percent` of the best.

    from_start, to_goal: times from the start to the corners of the cells, and from them to the goal, shape (rows + 1, cols + 1),
    s. Both are slightly wrong, and much alike along all good routes: the least of their sums is compared with, not the time of
    the route, and the cells of the route are in whatever the sums say.
    """
    through = np.min(times_by_cell(ground, from_start) + times_by_cell(ground, to_goal), axis=(0, 1))
    row, col, _ = lengths_by_cell(ground, route.points)
    best = through.min()
    cells = through <= best * (1 + percent / 100)
    cells[row, col] = True
    error = float(through[row, col].max() / best - 1)
    return Corridor(percent, cells, int(cells.sum()) * float(ground.cell) ** 2, error)
