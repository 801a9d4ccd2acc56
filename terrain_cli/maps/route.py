"""The fastest route between two points of a map."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from terrain_cli.maps.ground import Ground, closed_corners
from terrain_cli.maps.lines import trace_lines
from terrain_cli.maps.refine import refine
from terrain_cli.maps.steiner import candidates, chain_of, dijkstra, edge_points, link, with_ends


class Round(NamedTuple):
    """A row of the descent of a route, for people.

    iteration: 0 is the route as it was found on the graph. crossings: of cell edges. time: s. gradient_norm: Euclidean, s/m.
    """

    iteration: int
    crossings: int
    time: float
    gradient_norm: float


@dataclass(frozen=True)
class Route:
    """A route that no small change makes faster.

    points: where it bends or crosses a cell edge, start and goal included, shape (N, 2), x and y, m. time: s. distance: m.
    straight_time: of the straight line, s; inf where that is blocked. history: how it was refined. runners_up: other routes that
    no small change makes faster, the fastest first.
    """

    points: np.ndarray = field(repr=False)
    time: float
    distance: float
    straight_time: float = np.inf
    history: tuple[Round, ...] = field(default=(), repr=False)
    runners_up: tuple["Route", ...] = field(default=(), repr=False)


def find_route(
    ground: Ground,
    start: ArrayLike,
    goal: ArrayLike,
    fields: tuple[np.ndarray, np.ndarray] | None = None,
) -> Route | None:
    """The fastest route from `start` to `goal`, shape (2,) each, x and y, m; None where there is none.

    fields: arrival times from the start and from the goal (`arrival_times`, scheme "box"), where they are known already.
    Raises ValueError for a start or goal outside the map or in blocked ground.
    """
    slowness = np.asarray(ground.slowness)
    padded = np.pad(slowness, 1, constant_values=np.inf)
    closed = closed_corners(slowness)
    a, b = ground.to_cells(start), ground.to_cells(goal)
    cell = float(ground.cell)
    straight = float(trace_lines(a[None], b[None], padded, closed).time.sum()) * cell
    nodes = with_ends(edge_points(np.isfinite(slowness), 2, closed), a, b)
    graph = link(nodes, padded)
    if not np.isfinite(dijkstra(graph, indices=0)[1]):
        return None
    routes, _, _ = candidates(nodes, graph, 16, 1e-2)
    found = []
    for refined in refine(chain_of(nodes, routes), padded, closed):
        points = ground.to_xy(refined.nodes.points)
        rows = zip(refined.crossings, refined.times, refined.gradient_norms, strict=True)
        history = tuple(Round(i, crossings, time * cell, norm) for i, (crossings, time, norm) in enumerate(rows))
        distance = float(np.hypot(*np.diff(points, axis=0).T).sum())
        found.append(Route(points, history[-1].time, distance, straight, history))
    best, *others = sorted(found, key=lambda route: route.time)
    return Route(best.points, best.time, best.distance, straight, best.history, tuple(others[:5]))
