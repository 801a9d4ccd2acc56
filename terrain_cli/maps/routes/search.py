"""The fastest route between two points of a map, at any angle."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from terrain_cli.contract import Route
from terrain_cli.errors import check_count
from terrain_cli.jax_config import to_array
from terrain_cli.maps.cells import meet_at_corner, touching_cells
from terrain_cli.maps.ground import Ground, check_ground, closed_corners
from terrain_cli.maps.routes.level import Task, find_routes
from terrain_cli.maps.routes.lines import trace_lines
from terrain_cli.maps.routes.refine import Refined
from terrain_cli.maps.routes.slopes import to_surface
from terrain_cli.maps.routes.walks import find_walks, time_line

DETAIL = 4  # sub-cells along the side of a cell, on slopes


class Round(NamedTuple):
    """A row of the history of a route.

    iteration: 0 for the route found on the graph, then the rounds of refinement. crossings: the number of nodes between start
    and goal. time: s. gradient_norm: Euclidean norm over the crossings that can move, s/m.
    """

    iteration: int
    crossings: int
    time: float
    gradient_norm: float


def find_route(ground: Ground, start: ArrayLike, goal: ArrayLike, *, detail: int = DETAIL) -> Route | None:
    """The fastest route from `start` to `goal`, (x, y), shape (2,) each, m; None if there is none.

    On level ground no small change makes the route or one of its alternatives faster, and the route from B to A is that from A to
    B, reversed. On slopes a leg is straight within a sub-cell, of which `detail` stand along the side of a cell: with more of
    them the route follows the ground more closely. Raises ValueError for a start or goal outside the map or in blocked ground.

    Example:

        ground = Ground(slowness=[[1, 1, 1], [1, float("inf"), 1], [1, 1, 1]])
        route = find_route(ground, start=(0.5, 1.5), goal=(2.5, 1.5))
        print(route.time, route.points)
    """
    check_ground(ground)
    slowness = np.asarray(ground.slowness, dtype=np.float64)
    start, goal = (np.asarray(to_array(point, name)) for point, name in ((start, "start"), (goal, "goal")))
    for name, point in ("start", start), ("goal", goal):
        if point.shape != (2,):
            raise ValueError(f"{name} must be a point (x, y), shape (2,), got shape {point.shape}")
    ends = np.array([start, goal])
    a, b = np.asarray(ground.to_cells(ends))
    for name, end, (x, y) in zip(("start", "goal"), (a, b), ends.tolist(), strict=True):
        if not is_free(slowness, end):
            raise ValueError(f"{name}: lies outside the map or in blocked ground, at [{x:g}, {y:g}]")
    check_count(detail, "detail", least=1)
    if ground.hilly:
        return _find_walk(ground, ends, a, b, detail)
    # Symmetric ground is searched in the same direction for A to B and B to A, so that both give the same route.
    swapped = ground.symmetric and tuple(b) < tuple(a)
    if swapped:
        a, b = b, a
    unit = 2.0 ** math.floor(math.log2(float(np.min(slowness))))  # a power of two, so that nothing is rounded
    task = Task(a, b, np.pad(slowness / unit, 1, constant_values=np.inf), closed_corners(slowness))
    routes = find_routes(task)
    if not routes:
        return None
    scale = unit * float(ground.cell)
    straight = float(trace_lines(a[None], b[None], task.padded, task.closed).time.sum() * scale)
    best, *others = [_to_route(refined, ground, ends, straight, swapped, unit) for refined in routes]
    return best._replace(alternatives=tuple(others))


def _find_walk(ground: Ground, ends: np.ndarray, a: np.ndarray, b: np.ndarray, detail: int) -> Route | None:
    """The route from a to b, (row, col), over slopes. ends: the same as points (x, y), shape (2, 2)."""
    surface, unit = to_surface(ground, detail)
    routes = find_walks(surface, a, b)
    if not routes:
        return None
    straight = time_line(surface, a, b) * unit * float(ground.cell)
    best, *others = [_to_route(refined, ground, ends, straight, False, unit) for refined in routes]
    return best._replace(alternatives=tuple(others))


def is_free(slowness: np.ndarray, point: np.ndarray) -> bool:
    """Whether a route can begin or end at a point (row, col): in or beside a free cell, and not at a closed corner."""
    row, col = point.tolist()
    free = [cell for cell in touching_cells(row, col, slowness.shape) if np.isfinite(slowness[cell])]
    return bool(free) and not meet_at_corner(free)


def _to_route(refined: Refined, ground: Ground, ends: np.ndarray, straight: float, swapped: bool, unit: float) -> Route:
    """The route in (x, y) between the `ends`, shape (2, 2), m.

    swapped: whether it was searched from the second to the first. unit: of its times, s/m.
    """
    points, cell = ground.to_xy(refined.nodes.points), float(ground.cell)
    scale = unit * cell
    inner = points[-2:0:-1] if swapped else points[1:-1]
    points = np.concatenate([ends[:1], inner, ends[1:]])
    rows = zip(refined.crossings, refined.times, refined.gradient_norms, strict=True)
    history = tuple(Round(i, crossings, time * scale, norm * unit) for i, (crossings, time, norm) in enumerate(rows))
    distance = cell * float(np.hypot(*np.diff(refined.nodes.points, axis=0).T).sum())
    return Route(points, history[-1].time, distance, straight, history)
