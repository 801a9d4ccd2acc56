"""Arrival times on slopes, where they depend on the direction: of the shortest paths on a graph of the whole map.

The times are those of real paths, so never too short; on steep ground they are a percent too long (docs/walking.md).
"""

import math

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


def level_out(ground: Ground, times: np.ndarray) -> Ground:
    """Level ground on which the same times hold about: its slowness is how fast they grow in each cell.

    times: at the corners of the cells, shape (rows + 1, cols + 1), s.
    """
    nw, ne, sw, se = times[:-1, :-1], times[:-1, 1:], times[1:, :-1], times[1:, 1:]
    with np.errstate(invalid="ignore"):
        growth = np.hypot(ne - nw + se - sw, sw - nw + se - ne) / (2 * float(ground.cell))
    slowness = np.asarray(ground.slowness, dtype=np.float64)
    known = np.isfinite(growth) & np.isfinite(slowness)
    # Around the start and along ridges of the times the corners do not show how fast they grow.
    return Ground(np.where(known, np.maximum(growth, slowness), slowness), ground.cell, ground.corner)
