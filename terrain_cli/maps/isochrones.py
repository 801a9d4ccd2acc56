"""The ground within reach in a given time, as polygons with holes where ground is blocked or not reached in time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import contourpy
import numpy as np
from numpy.typing import ArrayLike

from terrain_cli.errors import check_number, check_type
from terrain_cli.maps.cells import touching_cells
from terrain_cli.maps.ground import Ground

ROUND = 64  # corners of a disc smaller than a cell


@dataclass(frozen=True)
class Isochrone:
    """The ground reached within a time.

    level: s. area: m². polygons: rings of points (x, y), m, shape (k, 2), the first the outer one, anticlockwise, the others its
    holes, clockwise; the last point of a ring is its first.
    """

    level: float
    area: float
    polygons: tuple[tuple[np.ndarray, ...], ...] = field(repr=False)

    def to_geometry(self) -> dict[str, object]:
        """A GeoJSON MultiPolygon, in the coordinates of the map."""
        rings = [[ring.tolist() for ring in polygon] for polygon in self.polygons]
        return {"type": "MultiPolygon", "coordinates": rings}


def find_isochrones(ground: Ground, times: np.ndarray, start: ArrayLike, levels: Sequence[float]) -> list[Isochrone]:
    """The ground reached from `start`, (x, y), within each of the levels, s.

    times: arrival times on the corners of the cells, shape (rows + 1, cols + 1), s. They are interpolated along the edges of the
    cells. No polygon enters blocked ground, and times beyond a wall do not influence the border on this side of it.
    """
    check_type(levels, Iterable, "levels", "times in a list, such as [150, 300]")
    levels = list(levels)
    for i, level in enumerate(levels):
        check_number(level, f"levels[{i}]")
    cols, rows, spread = spread_times(ground, times)
    contours = contourpy.contour_generator(x=cols, y=rows, z=spread, fill_type=contourpy.FillType.OuterOffset)
    found = []
    for level in levels:
        polygons = []
        for points, offsets in zip(*contours.filled(-1.0, level), strict=True) if level > 0 else ():
            rings = [_tidy(points[a:b]) for a, b in pairwise(offsets)]
            polygons.append([ring for ring in rings if len(ring) > 3])
        polygons = [polygon for polygon in polygons if polygon]
        if not polygons and level > 0:
            polygons = [[_disc(ground, start, level)]]
        found.append(_to_isochrone(ground, level, polygons))
    return found


def spread_times(ground: Ground, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, "np.ma.MaskedArray[Any, Any]"]:
    """A mesh to draw contours on: columns, shape (2 cols,), rows, shape (2 rows,), cells, and the times there, s, masked.

    Each cell contributes its own four corners, so that blocked ground is masked cell by cell.
    """
    seen = times_by_cell(ground, times)
    reached = np.all(np.isfinite(seen), axis=(0, 1))
    rows, cols = reached.shape
    spread = np.zeros((2 * rows, 2 * cols))
    masked = np.zeros(spread.shape, dtype=bool)
    for i in (0, 1):
        for j in (0, 1):
            spread[i::2, j::2] = np.where(reached, seen[i, j], 0.0)
            masked[i::2, j::2] = ~reached
    places = [np.repeat(np.arange(n + 1.0), 2)[1:-1] for n in (cols, rows)]
    return places[0], places[1], np.ma.MaskedArray(spread, mask=masked)


def times_by_cell(ground: Ground, times: np.ndarray) -> np.ndarray:
    """Arrival times at the corners of each cell, reached from inside it, shape (2, 2, rows, cols); inf if it is not reached.

    No path passes a corner where blocked cells touch, but from inside a cell it can be reached like any other corner.
    """
    seen = np.stack([[times[:-1, :-1], times[:-1, 1:]], [times[1:, :-1], times[1:, 1:]]])
    step = np.asarray(ground.slowness) * float(ground.cell)
    side = np.minimum(seen[::-1], seen[:, ::-1]) + step
    within = np.where(np.isfinite(seen), seen, np.minimum(side, seen[::-1, ::-1] + np.sqrt(2) * step))
    return np.asarray(np.where(np.isfinite(step), within, np.inf))


def _tidy(ring: np.ndarray) -> np.ndarray:
    """The closed ring without repeated points and without points on the straight line between their neighbours."""
    ring = ring[:-1]
    ring = ring[np.any(ring != np.roll(ring, 1, axis=0), axis=1)]
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    ring = ring[before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]]
    return np.concatenate([ring, ring[:1]])


def _disc(ground: Ground, start: ArrayLike, level: float) -> np.ndarray:
    """The ground reached before the first corner of a cell: a disc, clipped to the fastest cell at the start."""
    row, col = ground.to_cells(start)
    slowness = np.asarray(ground.slowness)
    r, c = min(touching_cells(row, col, slowness.shape), key=lambda cell: float(slowness[cell]))
    radius = level / (slowness[r, c] * float(ground.cell))
    angle = np.linspace(0, 2 * np.pi, ROUND + 1)
    across = np.clip(col + radius * np.cos(angle), c, c + 1)
    return np.column_stack([across, np.clip(row + radius * np.sin(angle), r, r + 1)])


def _to_isochrone(ground: Ground, level: float, polygons: list[list[np.ndarray]]) -> Isochrone:
    turned, area = [], 0.0
    for polygon in polygons:
        rings = []
        for i, ring in enumerate(polygon):
            ring = ground.to_xy(ring[:, ::-1])
            size = _signed_area(ring)
            rings.append(ring if (size > 0) == (i == 0) else ring[::-1])
            area += abs(size) if i == 0 else -abs(size)
        turned.append(tuple(rings))
    return Isochrone(level, area, tuple(turned))


def _signed_area(ring: np.ndarray) -> float:
    """The area of a ring, m², positive if it runs anticlockwise."""
    x, y = (ring - ring[0]).T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2
