"""How the time of a route depends on the ground: the derivative with respect to a cell's slowness is the length in that cell.

The time of a route is stationary, so to first order a change of slowness acts only through the length in the cell, not through
the change of the route (the envelope theorem). Thus 1 % more speed in a cell saves 1 % of the time spent there.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from terrain_cli.maps.ground import Ground
from terrain_cli.maps.scenario import MapScenario
from terrain_cli.maps.walking.climbs import find_climbs

if TYPE_CHECKING:
    from terrain_cli.geo.regions import Cells
    from terrain_cli.maps.overlays import Overlay
    from terrain_cli.maps.solution import MapSolution

ON_LINE = 1e-9  # in cells; a leg closer than this to a line of the grid runs along it


class Stretch(NamedTuple):
    """The part of a route on ground of one speed. letter: of the drawing, "" without one. speed: m/s, on level ground. length: m.
    time: s."""

    letter: str
    speed: float
    length: float
    time: float


class Share(NamedTuple):
    """The part of a route that one number of the scenario decides: the speed of a class or region, or the factor of a region.

    kind: "class", "region", or "ground" where there is neither. name: for people. key: of the number, as in `terrain sweep`;
    None if there is none. speed: m/s, the mean if there are several. length: m. time: s. factor: of a region that multiplies the
    speeds, whose length and time are counted with the ground below it too; otherwise None.
    """

    kind: str
    name: str
    key: str | None
    speed: float
    length: float
    time: float
    factor: float | None = None


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

    points: as for `find_leg_cells`. A leg without length, at a corner, may count as one in a blocked cell. On slopes the slowness
    is the mean along the leg.
    """
    slowness = np.pad(np.asarray(ground.slowness), 1, constant_values=np.inf)
    lengths = np.hypot(*np.diff(points, axis=0).T)
    cell = find_leg_cells(ground, points)
    found = np.where(lengths > 0, slowness[tuple((cell + 1).T)], 0.0)
    if ground.heights is None:
        return lengths, found
    return lengths, found * find_climbs(ground, points, cell)


def lengths_by_cell(ground: Ground, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The row, the column and the length of the route (m) in each of its k cells, shape (k,) each, by row and column.

    points: as for `find_leg_cells`.
    """
    return measure_cells(ground, points)[:3]


def measure_cells(ground: Ground, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """As `lengths_by_cell`, and the time of the route (s) in each of its cells."""
    cell = find_leg_cells(ground, points) + 1
    cols = np.asarray(ground.slowness).shape[1] + 2
    number, where = np.unique(cell @ np.array([cols, 1]), return_inverse=True)
    legs, slowness = find_legs(ground, points)
    lengths, times = (np.bincount(where, part, minlength=len(number)) for part in (legs, legs * slowness))
    used = lengths > 0
    return number[used] // cols - 1, number[used] % cols - 1, lengths[used], times[used]


def find_stretches(scenario: MapScenario, ground: Ground, points: np.ndarray) -> list[Stretch]:
    """The parts of a route on ground of each speed, the longest time first. points: as for `find_leg_cells`."""
    row, col, lengths, times = measure_cells(ground, points)
    slowness = np.asarray(ground.slowness)[row, col]
    drawing = scenario.map.drawing
    rows = drawing.split("\n") if drawing else []
    letters = [rows[r][c] for r, c in zip(row, col, strict=True)] if drawing else [""] * len(row)
    totals: dict[tuple[str, float], list[float]] = {}
    for letter, slow, length, time in zip(letters, slowness.tolist(), lengths.tolist(), times.tolist(), strict=True):
        total = totals.setdefault((letter, slow), [0.0, 0.0])
        total[0] += length
        total[1] += time
    stretches = [Stretch(letter, 1 / slow, *total) for (letter, slow), total in totals.items()]
    return sorted(stretches, key=lambda stretch: -stretch.time)


def find_shares(solution: "MapSolution", points: np.ndarray) -> list[Share]:
    """What each class and region of a map has of a route, the longest time first, factors last. points: as for `find_leg_cells`.

    Those without a factor share the route among them: 1 % more speed in all of them saves 1 % of its time.
    """
    row, col, lengths, times = measure_cells(solution.ground, points)
    kinds, owner = _find_grounds(solution, row, col)
    factors: list[tuple[str, str, float, np.ndarray]] = []
    for key, overlay in _number_regions(solution):
        inside = lie_in(overlay.cells, row, col)
        if overlay.factor is not None:
            factors.append((overlay.name, f"{key}.factor", overlay.factor, inside))
            continue
        owner[inside] = len(kinds)
        kinds.append(("region", overlay.name, f"{key}.speed"))
        for *_, covered in factors:
            covered &= ~inside
    shares = [_add_up(*kind, lengths, times, owner == k) for k, kind in enumerate(kinds)]
    multiplied = [
        _add_up("region", name, key, lengths, times, inside)._replace(factor=factor)
        for name, key, factor, inside in factors
    ]
    return [
        *sorted((share for share in shares if share.length), key=lambda share: -share.time),
        *(share for share in multiplied if share.length),
    ]


def _find_grounds(
    solution: "MapSolution", row: np.ndarray, col: np.ndarray
) -> tuple[list[tuple[str, str, str | None]], np.ndarray]:
    """The kind, name and key of each ground below the regions, and which of them each of some cells is."""
    ground, zones = solution.scenario.map, solution.zones
    if zones is not None:
        table = "map.land_cover"
        keys = [f"{table}.other" if key is None else f"{table}.speeds.{key}" for key in zones.keys]
        named: list[tuple[str, str, str | None]] = [
            ("class", name, key) for name, key in zip(zones.names, keys, strict=True)
        ]
        owner = zones.classes[row, col].astype(np.int64)
        return [*named, ("ground", "no data", None)], np.where(owner < 0, len(named), owner)
    if ground.drawing:
        rows, letters = ground.drawing.split("\n"), list(ground.legend)
        owner = np.array([letters.index(rows[r][c]) for r, c in zip(row, col, strict=True)], dtype=np.int64)
        return [("class", letter, f"map.speeds.legend.{letter}") for letter in letters], owner
    return [("ground", "elsewhere", None if ground.speed is None else "map.speed")], np.zeros(len(row), dtype=np.int64)


def _number_regions(solution: "MapSolution") -> "Iterator[tuple[str, Overlay]]":
    """The regions, each with its place in the scenario: those outside a window are in the scenario alone."""
    numbers = iter(range(len(solution.scenario.map.regions)))
    for overlay in solution.overlays:
        i = next(i for i in numbers if solution.scenario.map.region_name(i) == overlay.name)
        yield f"map.regions.{i}", overlay


def lie_in(cells: "Cells", row: np.ndarray, col: np.ndarray) -> np.ndarray:
    """Which cells belong to a region."""
    down, right = row - cells.top, col - cells.left
    rows, cols = cells.mask.shape
    inside = (down >= 0) & (down < rows) & (right >= 0) & (right < cols)
    inside[inside] = cells.mask[down[inside], right[inside]]
    return np.asarray(inside)


def _add_up(kind: str, name: str, key: str | None, lengths: np.ndarray, times: np.ndarray, used: np.ndarray) -> Share:
    length, time = float(lengths[used].sum()), float(times[used].sum())
    return Share(kind, name, key, length / time if time else 0.0, length, time)
