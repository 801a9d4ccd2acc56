"""The search for the fastest route over slopes, where uphill is not downhill.

The graphs are those of even ground, with arcs whose time depends on their direction. What even ground has beyond them, such as
straight lines across many cells and the test at corners, holds only there. Instead a route is refined in turns: Newton's method
moves its crossings, and a graph in a narrow band around it, whose nodes gather at these crossings, finds others. The optimum
often lies on a crease, where the slope is just that of the fastest walk: there Newton's method alone sticks.
"""

import math
from typing import NamedTuple

import numpy as np

from terrain_cli.maps.routes.crossings import Chain, drop_nodes, hold_ends, join
from terrain_cli.maps.routes.graph import Graph, make_graph
from terrain_cli.maps.routes.level import ALTERNATIVES, LONGER, NEARBY, NEARBY_SHARE, SAME, share_apart
from terrain_cli.maps.routes.level import APART as DIFFERENT
from terrain_cli.maps.routes.lines import trace_lines
from terrain_cli.maps.routes.paths import Paths, cells_through, find_paths, pick_routes
from terrain_cli.maps.routes.refine import Refined, cut_routes
from terrain_cli.maps.routes.slopes import Surface, descend_slopes, leg_times, time_between
from terrain_cli.maps.walking.climbs import Climbs, find_patches, least_pace

# How much longer than the least time of a graph, as a fraction, a route through a cell may take for the next graph to have it.
# The cells that matter there must be within half of that; otherwise it is doubled.
WIDTH = 0.02
FIRST_POINTS, POINTS = 2, 3  # on each edge, on cells of the map and on sub-cells
MATTERS = 0.005  # the same on sub-cells, for the cells that matter
CANDIDATES, APART = 4, 1.5  # routes to refine, each with a leg so many cells of the map away from the faster ones
LARGE = 400_000  # sub-cells; for more of them, the detail is doubled step by step


class Stage(NamedTuple):
    """A part of the refinement. candidates: how many routes it begins with. rounds: the largest number. radius: of the band
    around the route, in sub-cells. points: on each edge there. widened: see `slopes.descend_slopes`. enough: a relative gain
    that ends it."""

    candidates: int
    rounds: int
    radius: int
    points: int
    widened: tuple[float, ...]
    enough: float


STAGES = (
    Stage(CANDIDATES, 1, 2, 8, (1e-2, 1e-3), 0.0),
    Stage(2, 2, 2, 10, (1e-2, 1e-3), 1e-5),
    Stage(1, 10, 1, 4, (1e-3,), 2e-6),
)
STEPS = 10  # of Newton's method in each round
# Where a band has further nodes: beside the crossings of the route, and on the edges at the corners that it passes closely.
BESIDE = 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002
FROM_CORNERS, CLOSE = (0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.005, 0.0015), 0.25


class _Level(NamedTuple):
    """A graph on sub-cells of a surface, and its shortest paths."""

    surface: Surface
    graph: Graph
    paths: Paths

    @property
    def best(self) -> Chain:
        """The fastest route on the graph."""
        return self.graph.to_chain([self.paths.route(self.graph.goal)])


def find_walks(surface: Surface, start: np.ndarray, goal: np.ndarray) -> list[Refined]:
    """The best route from start to goal and its alternatives, fastest first; empty if there is none.

    start, goal: (row, col), shape (2,), in units of cells of the map; those of the routes are in units of sub-cells.
    """
    if np.array_equal(start, goal):
        ends = np.stack([start, goal]) * surface.detail
        nowhere = Chain(ends, np.zeros((2, 2)), np.zeros(2), np.zeros(2, dtype=np.int64))
        return [Refined(nowhere, [0.0], [0], [0.0])]
    level = _lay_graphs(surface, start, goal)
    if level is None:
        return []
    fine = level.surface
    picked = pick_routes(level.graph, level.paths, MATTERS, APART * fine.detail, CANDIDATES, fine.shape)
    found = [_begin(level.graph.to_chain([nodes]), fine) for nodes in picked]
    done: list[Refined] = []
    for stage in STAGES:
        found.sort(key=lambda route: route.times[-1])
        done += found[stage.candidates :]
        found = [_refine(route, fine, start, goal, stage) for route in found[: stage.candidates]]
    return _choose([*found, *done], fine.detail)


def time_line(surface: Surface, start: np.ndarray, goal: np.ndarray) -> float:
    """The time of the straight line, s per side of a cell of the map; inf if it is blocked or too steep."""
    line = trace_lines(start[None], goal[None], surface.padded, surface.closed)
    if not np.isfinite(line.time).all():
        return math.inf
    chain = cut_routes([np.stack([start, goal])], surface.padded, surface.closed)
    return float(leg_times(chain, surface._replace(detail=1)).sum())


def _choose(routes: list[Refined], detail: int) -> list[Refined]:
    """The fastest of some refined routes, and of the others those that are different ways and take little longer."""
    best, *others = sorted(routes, key=lambda route: route.times[-1])
    length = float(np.hypot(*np.diff(best.nodes.points, axis=0).T).sum())
    apart = max(NEARBY * detail, NEARBY_SHARE * length)
    chosen = [best]
    for route in others:
        slower = best.times[-1] * (1 + SAME) < route.times[-1] <= best.times[-1] * (1 + LONGER)
        if slower and share_apart(route, chosen, apart) >= DIFFERENT:
            chosen.append(route)
    return chosen[: 1 + ALTERNATIVES]


def _lay_graphs(surface: Surface, start: np.ndarray, goal: np.ndarray) -> _Level | None:
    """The graph on sub-cells of full detail, or None if there is no route."""
    inside = np.isfinite(surface.slowness)
    level = lay_graph(surface._replace(detail=1), start, goal, inside, FIRST_POINTS, WIDTH)
    while math.isfinite(level.paths.best) and level.surface.detail < surface.detail:
        before = level.surface.detail
        inside = cells_through(level.graph, level.paths, WIDTH, level.surface.shape)
        detail = surface.detail
        while detail > 2 * before and np.count_nonzero(inside) * (detail // before) ** 2 > LARGE:
            detail //= 2
        inside = np.repeat(np.repeat(inside, detail // before, axis=0), detail // before, axis=1)
        level = lay_graph(surface._replace(detail=detail), start, goal, inside, POINTS, MATTERS)
    return level if math.isfinite(level.paths.best) else None


def lay_graph(
    surface: Surface,
    start: np.ndarray,
    goal: np.ndarray,
    inside: np.ndarray,
    points: int,
    within: float,
    more: Chain | None = None,
) -> _Level:
    """The graph of the sub-cells inside, and its paths: those of routes that take at most a fraction `within` longer than the
    fastest."""
    detail = surface.detail
    graph = make_graph(start * detail, goal * detail, inside, points, surface.slowness, surface.closed, more, detail)
    patches = find_patches(surface.heights, graph.cells, detail)
    climbs = Climbs(patches, *surface.pace.numbers, surface.max_slope, least_pace(surface.pace))
    return _Level(surface, graph, find_paths(graph, within, climbs))


def _begin(chain: Chain, surface: Surface) -> Refined:
    """A route that is not refined yet."""
    chain = _drop(chain, surface)
    return Refined(chain, [float(leg_times(chain, surface).sum())], [len(chain.x) - 2], [math.inf])


def _drop(chain: Chain, surface: Surface) -> Chain:
    return drop_nodes(chain, lambda a, b: time_between(a, b, surface))


def _refine(route: Refined, surface: Surface, start: np.ndarray, goal: np.ndarray, stage: Stage) -> Refined:
    """A route refined by a stage: never slower than it was."""
    best, now = route.nodes, route.nodes
    times, crossings, norms = list(route.times), list(route.crossings), list(route.gradient_norms)
    for _ in range(stage.rounds):
        for widened in stage.widened:
            now, result = descend_slopes(now, surface, widened, STEPS)
        # Rounded kinks may have led away from the crease; the graph leads back to it.
        now = _drop(hold_ends(now)[0], surface)
        band = _find_band(now.points, surface, stage.radius)
        now = _drop(lay_graph(surface, start, goal, band, stage.points, 0.0, _gather(now)).best, surface)
        time = float(leg_times(now, surface).sum())
        gain = times[-1] - time
        if gain > 0:
            best = now
        times.append(min(time, times[-1]))
        crossings.append(len(best.x) - 2)
        norms.append(float(result.gradient_norm[0]))
        if gain <= stage.enough * time:
            break
    return Refined(best, times, crossings, norms)


def _find_band(points: np.ndarray, surface: Surface, radius: int) -> np.ndarray:
    """The free sub-cells that a route crosses, and those at most `radius` from them, bool."""
    middle = (points[1:] + points[:-1]) / 2
    rows, cols = surface.shape
    inside = np.zeros((rows, cols), dtype=bool)
    for down in range(-radius, radius + 1):
        for right in range(-radius, radius + 1):
            row = np.clip(np.floor(middle[:, 0]).astype(np.int64) + down, 0, rows - 1)
            col = np.clip(np.floor(middle[:, 1]).astype(np.int64) + right, 0, cols - 1)
            inside[row, col] = np.isfinite(surface.slowness[row // surface.detail, col // surface.detail])
    return inside


def _gather(chain: Chain) -> Chain:
    """The crossings of a route, nodes beside them, and nodes at the corners that it passes closely."""
    moving = chain.take(chain.moves)
    nodes = [moving, *(moving._replace(x=moving.x + sign * apart) for apart in BESIDE for sign in (-1, 1))]
    corners = np.rint(chain.points)
    corners = np.unique(corners[np.abs(chain.points - corners).max(axis=1) < CLOSE], axis=0)
    route = np.zeros(len(corners), dtype=np.int64)
    for along in np.array([[0.0, 1.0], [1.0, 0.0]]):
        edge = np.tile(along, (len(corners), 1))
        for apart in FROM_CORNERS:
            nodes += [
                Chain(corners, edge, np.full(len(corners), apart), route),
                Chain(corners - along, edge, np.full(len(corners), 1 - apart), route),
            ]
    return join(nodes)
