"""How the time of a route depends on the ground: the derivative by a cell's slowness is the route's length in that cell.

No small change makes a route faster, so to first order a change of slowness does not change its course: only its length in the
cell counts (the envelope theorem), and 1 % more speed in a cell saves 1 % of the time spent there.
"""

from typing import NamedTuple

import numpy as np

from terrain_cli.maps.ground import Ground
from terrain_cli.maps.scenario import MapScenario

ON_LINE = 1e-9  # cells; a leg closer than this to a line of the grid runs along it


class Stretch(NamedTuple):
    """What a route spends on ground of one speed. letter: of the drawing, "" without one. speed: m/s. length: m. time: s."""

    letter: str
    speed: float
    length: float
    time: float


def find_leg_cells(ground: Ground, points: np.ndarray) -> np.ndarray:
    """The cell (row, col) that each leg of a route lies in, shape (N - 1, 2). Along an edge it is the faster of the two cells.

    points: of the route, shape (N, 2), m, with no cell edge between two of them.
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
    """Length (m) and slowness (s/m) of each leg of a route, shape (N - 1,). points: as of `find_leg_cells`."""
    slowness = np.pad(np.asarray(ground.slowness), 1, constant_values=np.inf)
    lengths = np.hypot(*np.diff(points, axis=0).T)
    return lengths, slowness[tuple((find_leg_cells(ground, points) + 1).T)]


def lengths_by_cell(ground: Ground, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and lengths (m) of the cells that a route lies in, shape (k,) each, ordered by row and column.

    points: as of `find_leg_cells`.
    """
    cell = find_leg_cells(ground, points) + 1
    cols = np.asarray(ground.slowness).shape[1] + 2
    number, where = np.unique(cell @ np.array([cols, 1]), return_inverse=True)
    lengths = np.bincount(where, np.hypot(*np.diff(points, axis=0).T), minlength=len(number))
    used = lengths > 0
    return number[used] // cols - 1, number[used] % cols - 1, lengths[used]


def find_stretches(scenario: MapScenario, ground: Ground, points: np.ndarray) -> list[Stretch]:
    """What a route spends on ground of each speed, the longest time first."""
    row, col, lengths = lengths_by_cell(ground, points)
    slowness = np.asarray(ground.slowness)[row, col]
    drawing = scenario.map.speeds.drawing
    rows = drawing.split("\n") if drawing else []
    letters = [rows[r][c] for r, c in zip(row, col, strict=True)] if drawing else [""] * len(row)
    totals: dict[tuple[str, float], list[float]] = {}
    for letter, slow, length in zip(letters, slowness.tolist(), lengths.tolist(), strict=True):
        total = totals.setdefault((letter, slow), [0.0, 0.0])
        total[0] += length
        total[1] += length * slow
    stretches = [Stretch(letter, 1 / slow, *total) for (letter, slow), total in totals.items()]
    return sorted(stretches, key=lambda stretch: -stretch.time)
