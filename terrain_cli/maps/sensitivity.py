"""How the time of a route depends on the ground: the derivative with respect to a cell's slowness is the length in that cell.

The time of a route is stationary, so to first order a change of slowness acts only through the length in the cell, not through
the change of the route (the envelope theorem). Thus 1 % more speed in a cell saves 1 % of the time spent there.
"""

from typing import NamedTuple

import numpy as np

from terrain_cli.maps.ground import Ground
from terrain_cli.maps.scenario import MapScenario

ON_LINE = 1e-9  # in cells; a leg closer than this to a line of the grid runs along it


class Stretch(NamedTuple):
    """The part of a route on ground of one speed. letter: of the drawing, "" without one. speed: m/s. length: m. time: s."""

    letter: str
    speed: float
    length: float
    time: float


def find_leg_cells(ground: Ground, points: np.ndarray) -> np.ndarray:
    """The cell (row, col) of each leg of a route, shape (N - 1, 2). For a leg along an edge it is the faster of the two cells.

    points: of the route, shape (N, 2), m; no leg between two of them crosses an edge of a cell.
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
    return np.asarray(cell - 1)


def find_legs(ground: Ground, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The length (m) and slowness (s/m) of each leg of a route, shape (N - 1,) each; 0 and 0 for a leg without length.

    points: as for `find_leg_cells`. A leg without length, at a corner, may count as one in a blocked cell.
    """
    slowness = np.pad(np.asarray(ground.slowness), 1, constant_values=np.inf)
    lengths = np.hypot(*np.diff(points, axis=0).T)
    return lengths, np.where(lengths > 0, slowness[tuple((find_leg_cells(ground, points) + 1).T)], 0.0)


def lengths_by_cell(ground: Ground, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The row, the column and the length of the route (m) in each of its k cells, shape (k,) each, by row and column.

    points: as for `find_leg_cells`.
    """
    cell = find_leg_cells(ground, points) + 1
    cols = np.asarray(ground.slowness).shape[1] + 2
    number, where = np.unique(cell @ np.array([cols, 1]), return_inverse=True)
    lengths = np.bincount(where, np.hypot(*np.diff(points, axis=0).T), minlength=len(number))
    used = lengths > 0
    return number[used] // cols - 1, number[used] % cols - 1, lengths[used]


def find_stretches(scenario: MapScenario, ground: Ground, points: np.ndarray) -> list[Stretch]:
    """The parts of a route on ground of each speed, the longest time first. points: as for `find_leg_cells`."""
    row, col, lengths = lengths_by_cell(ground, points)
    slowness = np.asarray(ground.slowness)[row, col]
    drawing = scenario.map.drawing
    rows = drawing.split("\n") if drawing else []
    letters = [rows[r][c] for r, c in zip(row, col, strict=True)] if drawing else [""] * len(row)
    totals: dict[tuple[str, float], list[float]] = {}
    for letter, slow, length in zip(letters, slowness.tolist(), lengths.tolist(), strict=True):
        total = totals.setdefault((letter, slow), [0.0, 0.0])
        total[0] += length
        total[1] += length * slow
    stretches = [Stretch(letter, 1 / slow, *total) for (letter, slow), total in totals.items()]
    return sorted(stretches, key=lambda stretch: -stretch.time)
