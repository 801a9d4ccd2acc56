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
from terrain_cli.maps.fields.mesh import POINTS, make_mesh
from terrain_cli.maps.fields.walking import spread_on_slopes
from terrain_cli.maps.ground import Ground

SMALLEST = 1e-3  # cells at the start; smaller isochrones are reduced copies of this one
CLOSE = 1e-10  # relative; no contour passes so close to a point of the mesh
TRIES = 100


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

    times: arrival times on the corners of the cells, shape (rows + 1, cols + 1), s. Inside a cell, the time is that of the
    fastest straight way from its border. No polygon enters blocked ground, and times beyond a wall do not influence the border on
    this side of it.
    """
    check_type(levels, Iterable, "levels", "times in a list, such as [150, 300]")
    levels = list(levels)
    for i, level in enumerate(levels):
        check_number(level, f"levels[{i}]")
    slowness = np.asarray(ground.slowness)
    at = np.asarray(ground.to_cells(start), float)
    free = [cell for cell in touching_cells(float(at[0]), float(at[1]), slowness.shape) if np.isfinite(slowness[cell])]
    if not free or max(levels, default=0) <= 0:
        return [Isochrone(level, 0.0, ()) for level in levels]
    smallest = SMALLEST * min(float(slowness[cell]) for cell in free) * float(ground.cell)
    if ground.hilly:  # a mesh of cells does not show what is reached within one of them
        corners = [times[row + i, col + j] for row, col in free for i in (0, 1) for j in (0, 1)]
        smallest = 2 * max((float(time) for time in corners if np.isfinite(time)), default=smallest)
    cols, rows, found = spread_times(ground, times, start, max(*levels, smallest))
    contours = contourpy.contour_generator(x=cols, y=rows, z=found, fill_type=contourpy.FillType.OuterOffset)
    isochrones = []
    for level in levels:
        polygons = []
        drawn = max(level, smallest)
        for points, offsets in zip(*contours.filled(-1.0, _avoid(found, drawn)), strict=True) if level > 0 else ():
            if level < smallest:  # so close to the start, all isochrones have the same shape
                points = at[::-1] + (points - at[::-1]) * (level / smallest)
            polygons += _to_polygons([points[a:b] for a, b in pairwise(offsets)])
        isochrones.append(_to_isochrone(ground, level, polygons))
    return isochrones


def _avoid(found: "np.ma.MaskedArray[Any, Any]", level: float) -> float:
    """A level a little below, if some point of the mesh has it: a contour that passes through the point could touch itself."""
    for _ in range(TRIES):
        if not np.any(np.abs(found - level) < CLOSE * level):
            break
        level *= 1 - 2 * CLOSE
    return level


def _to_polygons(rings: list[np.ndarray]) -> list[list[np.ndarray]]:
    """Valid polygons, each with its outer ring first, from the rings around one piece of ground, which may touch themselves."""
    outer: list[list[np.ndarray]] = []
    holes = []
    for ring in rings:
        for loop in _split(_tidy(ring)):
            size = _signed_area(loop)
            if size > 0:
                outer.append([loop])
            elif size < 0:
                holes.append(loop)
    for hole in holes:
        around = [polygon for polygon in outer if _contains(polygon[0], hole)]
        if around:
            min(around, key=lambda polygon: abs(_signed_area(polygon[0]))).append(hole)
    return outer


def _split(ring: np.ndarray) -> list[np.ndarray]:
    """A closed ring as rings that pass no point twice."""
    if len(np.unique(ring[:-1], axis=0)) == len(ring) - 1:
        return [ring] if len(ring) > 3 else []
    loops: list[np.ndarray] = []
    path: list[tuple[float, ...]] = []
    where: dict[tuple[float, ...], int] = {}
    for point in map(tuple, ring.tolist()):
        if point in where:
            loop = path[where[point] :]
            for passed in loop:
                del where[passed]
            del path[len(path) - len(loop) :]
            if len(loop) > 2:
                loops.append(_tidy(np.array([*loop, point])))
        where[point] = len(path)
        path.append(point)
    return [loop for loop in loops if len(loop) > 3]


def _contains(ring: np.ndarray, hole: np.ndarray) -> bool:
    """Whether a ring contains a hole that does not cross it, although they may touch at a point."""
    x, y = ((hole[:-1] + hole[1:]) / 2)[np.argmax(np.hypot(*np.diff(hole, axis=0).T))]
    (x0, y0), (x1, y1) = ring[:-1].T, ring[1:].T
    crossed = (y0 > y) != (y1 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = x < x0 + (y - y0) * (x1 - x0) / (y1 - y0)
    return bool(np.sum(crossed & left) % 2)


def spread_times(
    ground: Ground, times: np.ndarray, start: ArrayLike, until: float = np.inf, points: int = POINTS
) -> tuple[np.ndarray, np.ndarray, "np.ma.MaskedArray[Any, Any]"]:
    """A mesh to draw contours on: its columns and rows, in units of cells, and the times at its points, s, masked.

    times, start: as for `find_isochrones`. until: the mesh has all points that are reached by then, s. points: about how many it
    has, if it is finer than the cells.
    """
    if ground.hilly:
        return spread_on_slopes(ground, np.asarray(times, float))
    slowness, at = np.asarray(ground.slowness, float), np.asarray(ground.to_cells(start), float)
    free = slowness[np.isfinite(slowness)]
    unit = (
        float(free.min()) * float(ground.cell) if free.size else 1.0
    )  # times in units of it cannot be too large or too small
    with np.errstate(over="ignore"):
        rows, cols, found = make_mesh(
            slowness * float(ground.cell) / unit,
            np.asarray(times, float) / unit,
            at,
            float(np.divide(until, unit)),
            points,
        )
    return cols, rows, np.ma.masked_invalid(found * unit)


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
