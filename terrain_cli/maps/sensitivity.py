"""How long a route is in each cell: the derivative of its time by the slowness there.

A route that no small change makes faster does not change its time, to first order, by changing its way: so all that a cell's
slowness counts for is the length of the route inside it (the envelope theorem), and 1 % more speed saves 1 % of the time there.
"""

from typing import Any, NamedTuple

import numpy as np

from terrain_cli.maps.ground import Ground
from terrain_cli.maps.scenario import MapScenario

ON_LINE = 1e-9  # cells; how close to a line of the grid a leg counts as running along it


class Stretch(NamedTuple):
    """What a route spends on ground of one speed. letter: of the drawing, "" where there is none. length: m. time: s."""

    letter: str
    speed: float
    length: float
    time: float


def lengths_by_cell(ground: Ground, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and lengths, m, of the cells that a route lies in, shape (k,) each, in the order of rows and columns.

    points: of the route, shape (N, 2), m, with no cell edge between two of them. Along an edge it lies in the faster of the two
    cells.
    """
    slowness = np.pad(np.asarray(ground.slowness), 1, constant_values=np.inf)
    places = ground.to_cells(points)
    a, b = places[:-1], places[1:]
    cell = np.floor((a + b) / 2).astype(np.int64) + 1
    for axis in (0, 1):
        line = np.rint(a[:, axis])
        along = (np.abs(a[:, axis] - line) < ON_LINE) & (np.abs(b[:, axis] - line) < ON_LINE)
        before, after = cell.copy(), cell.copy()
        before[along, axis], after[along, axis] = line[along], line[along] + 1
        faster = slowness[tuple(before.T)] < slowness[tuple(after.T)]
        cell = np.where((along & faster)[:, None], before, np.where(along[:, None], after, cell))
    cols = slowness.shape[1]
    number, where = np.unique(cell @ np.array([cols, 1]), return_inverse=True)
    lengths = np.bincount(where, np.hypot(*np.diff(points, axis=0).T), minlength=len(number))
    used = lengths > 0
    return number[used] // cols - 1, number[used] % cols - 1, lengths[used]


def find_stretches(scenario: MapScenario, ground: Ground, points: np.ndarray) -> list[Stretch]:
    """What a route spends on ground of each speed, the longest time first."""
    row, col, lengths = lengths_by_cell(ground, points)
    slowness = np.asarray(ground.slowness)[row, col]
    drawing, rows = scenario.map.speeds.drawing, scenario.rows
    letters = [rows[r][c] for r, c in zip(row, col, strict=True)] if drawing else [""] * len(row)
    totals: dict[tuple[str, float], list[float]] = {}
    for letter, slow, length in zip(letters, slowness.tolist(), lengths.tolist(), strict=True):
        total = totals.setdefault((letter, slow), [0.0, 0.0])
        total[0] += length
        total[1] += length * slow
    stretches = [Stretch(letter, 1 / slow, *total) for (letter, slow), total in totals.items()]
    return sorted(stretches, key=lambda stretch: -stretch.time)


def sensitivity_to_json(scenario: MapScenario, ground: Ground, points: np.ndarray) -> dict[str, Any]:
    """Plain data: dt/dslowness by cell, which is the length of the route there, and what is spent on each speed."""
    row, col, lengths = lengths_by_cell(ground, points)
    cells = [[r, c, length] for r, c, length in zip(row.tolist(), col.tolist(), lengths.tolist(), strict=True)]
    return {
        "cells": cells,
        "speeds": [
            {key: value for key, value in stretch._asdict().items() if value != ""}
            for stretch in find_stretches(scenario, ground, points)
        ],
    }
