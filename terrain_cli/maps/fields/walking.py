"""Arrival times on slopes, where they depend on the direction: of the shortest paths on a graph of the whole map.

The times are those of real paths, so never too short; on steep ground they are a percent too long (docs/walking.md).
"""

import math
from typing import Any

import numpy as np

from terrain_cli.maps.ground import Ground
from terrain_cli.maps.routes.graph import make_graph
from terrain_cli.maps.routes.paths import measure_all
from terrain_cli.maps.routes.slopes import to_surface
from terrain_cli.maps.walking.climbs import find_patches, make_climbs

# Points on each edge, by the number of free cells up to which the graph has them: as many as time and memory allow, since the
# times on steep ground are too long by several percent with three.
POINTS = (40_000, 8), (300_000, 4), (math.inf, 3)


def walking_times(ground: Ground, point: np.ndarray, *, back: bool = False) -> np.ndarray:
    """The time from a point to each corner of the cells, shape (rows + 1, cols + 1), s; inf where no path leads.

    point: (row, col), shape (2,), in units of cells. back: the time from each corner to the point instead.
    """
    surface, unit = to_surface(ground)
    free = np.isfinite(surface.slowness)
    points = next(points for most, points in POINTS if np.count_nonzero(free) <= most)
    graph = make_graph(point, point, free, points, surface.slowness, surface.closed)
    climbs = make_climbs(find_patches(surface.heights, graph.cells), surface.pace, surface.max_slope)
    times = measure_all(graph, climbs._replace(sign=-1.0 if back else 1.0))
    found = np.full(surface.closed.shape, np.inf)
    row, col = graph.place[:-2].astype(np.int64).T
    found[row, col] = times[len(graph.edge) : -2]
    return found * (unit * float(ground.cell))


def spread_on_slopes(ground: Ground, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, "np.ma.MaskedArray[Any, Any]"]:
    """A mesh to draw contours on: its columns and rows, in units of cells, and the times at its points, s, masked.

    times: at the corners of the cells, shape (rows + 1, cols + 1), s. Within a cell they are bilinear: the mesh has their means
    in the middles of edges and of cells. The middles of blocked cells are masked, and with them the cells.
    """
    rows, cols = times.shape
    mesh = np.empty((2 * rows - 1, 2 * cols - 1))
    mesh[::2, ::2] = times
    mesh[1::2, ::2] = (times[:-1] + times[1:]) / 2
    mesh[:, 1::2] = (mesh[:, :-1:2] + mesh[:, 2::2]) / 2
    mesh[1::2, 1::2][~np.isfinite(np.asarray(ground.slowness))] = np.inf
    return np.arange(mesh.shape[1]) / 2, np.arange(mesh.shape[0]) / 2, np.ma.masked_invalid(mesh)
