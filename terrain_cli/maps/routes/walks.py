"""The search for the fastest route over slopes, where uphill is not downhill.

The graphs are those of even ground, with arcs whose time depends on their direction. What even ground has beyond them, such as
straight lines across many cells and the test at corners, holds only there. Instead a route is refined in turns: Newton's method
moves its crossings, and a graph in a narrow band around it, whose nodes gather at these crossings and along creases, finds
others. The optimum often lies on a crease, where the slope is just that of the fastest walk: there Newton's method alone
sticks.
"""

import math
from typing import NamedTuple

import numpy as np

from terrain_cli.maps.routes.chains import Chain, drop_nodes, hold_ends, join
from terrain_cli.maps.routes.level import ALTERNATIVES, LONGER, NEARBY, NEARBY_SHARE, SAME, share_apart
from terrain_cli.maps.routes.level import APART as DIFFERENT
from terrain_cli.maps.routes.lines import TOUCH, cut_lines, trace_lines
from terrain_cli.maps.routes.paths import pick_routes
from terrain_cli.maps.routes.refine import Refined, cut_routes, to_nodes
from terrain_cli.maps.routes.slopes import Surface, descend_slopes, leg_times, time_between
from terrain_cli.maps.routes.walk_graphs import Level, lay_graph, lay_graphs

# Routes on the finest graph to descend from, each with a leg so many cells of the map away from the faster ones, and the band
# around them: its radius in sub-cells and the points on each edge.
CANDIDATES, APART, CANDIDATES_RADIUS, CANDIDATES_POINTS = 4, 1.5, 1, 6


class Stage(NamedTuple):
    """A part of the refinement.

    routes: how many. rounds: the largest number. radius: of the band around the route, in sub-cells. points: on each edge
    there. widened: see `slopes.descend_slopes`. enough: a relative gain that ends it. creases: about how many cross each
    edge of a second graph there; 0 for none.
    """

    routes: int
    rounds: int
    radius: int
    points: int
    widened: tuple[float, ...]
    enough: float
    creases: int


STAGES = (
    Stage(2, 1, 1, 4, (1e-2, 1e-3), 1e-5, 8),
    Stage(1, 1, 1, 4, (1e-2, 1e-3), 1e-5, 32),
    Stage(1, 10, 1, 4, (1e-3,), 1e-5, 0),
)
LEAST_CREASES, MOST_CREASES = 6, 100_000  # on an edge; of a route, times the sub-cells in its band
MOST_NODES = 7_000  # of the candidates together, except of a single one
ALONG = 0.01  # how much slower than the best, as a fraction, routes along creases may be
NEARLY = 0.0002  # how much slower than the best, as a fraction, the second of the routes to refine may be
GAIN = 1e-13  # relative; less may be rounding error
STEPS = 10  # of Newton's method in each round
# Where a band has further nodes: beside the crossings of the route, and on the edges at the corners that it passes closely.
BESIDE = 0.2, 0.08, 0.03, 0.012, 0.005, 0.002
FROM_CORNERS, CLOSE = (0.5, 0.2, 0.08, 0.03, 0.01, 0.0015), 0.25


def find_walks(surface: Surface, start: np.ndarray, goal: np.ndarray) -> list[Refined]:
    """The best route from start to goal and its alternatives, fastest first; empty if there is none.

    start, goal: (row, col), shape (2,), in units of cells of the map, as are the routes.
    """
    if np.array_equal(start, goal):
        ends = np.stack([start, goal])
        nowhere = Chain(ends, np.zeros((2, 2)), np.zeros(2), np.zeros(2, dtype=np.int64))
        return [Refined(nowhere, [0.0], [0], [0.0])]
    level = lay_graphs(surface, start, goal)
    if level is None:
        return []
    fine = level.surface
    found = [_begin(chain, fine) for chain in _combine(level, start, goal)]
    done: list[Refined] = []
    for stage in STAGES:
        found.sort(key=lambda route: route.times[-1])
        done += found[stage.routes :]
        found = [_refine(route, fine, start, goal, stage) for route in found[: stage.routes]]
    return [_scaled(route, fine.detail) for route in _choose([*found, *done], fine.detail)]


def _scaled(refined: Refined, detail: int) -> Refined:
    """A route in units of cells instead of sub-cells."""
    nodes = refined.nodes._replace(base=refined.nodes.base / detail, along=refined.nodes.along / detail)
    return refined._replace(nodes=nodes, times=[time / detail for time in refined.times])


def _combine(level: Level, start: np.ndarray, goal: np.ndarray) -> list[Chain]:
    """The best routes that join pieces of several candidates, fastest first."""
    surface, apart = level.surface, APART * level.surface.detail
    nodes = len(level.paths.route(level.graph.goal))
    most = max(1, min(CANDIDATES, MOST_NODES // nodes))
    picked = pick_routes(level.graph, level.paths, level.within, apart, most, surface.shape)
    chain = _drop(level.graph.to_chain(picked), surface)
    for widened in STAGES[0].widened:
        chain, _ = descend_slopes(chain, surface, widened, STEPS)
    chain = _drop(hold_ends(chain)[0], surface)
    band = _find_band(chain, surface, CANDIDATES_RADIUS)
    joint = lay_graph(surface, start, goal, band, CANDIDATES_POINTS, NEARLY, _gather(chain))
    if not math.isfinite(joint.paths.best):  # by rounding, a leg is steeper than max_slope
        return [level.best]
    routes = pick_routes(joint.graph, joint.paths, NEARLY, apart, min(most, STAGES[0].routes), surface.shape)
    return [joint.graph.to_chain([nodes]) for nodes in routes]


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


def _begin(chain: Chain, surface: Surface) -> Refined:
    """A route that is not refined yet."""
    chain = _straighten(_drop(chain, surface), surface)
    _, result = descend_slopes(chain, surface, STAGES[-1].widened[-1], 0)
    return Refined(
        chain, [float(leg_times(chain, surface).sum())], [len(chain.x) - 2], [float(result.gradient_norm[0])]
    )


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
        band = _find_band(now, surface, stage.radius)
        more = _gather(now)
        level = lay_graph(surface, start, goal, band, stage.points, ALONG if stage.creases else 0.0, more)
        if stage.creases and math.isfinite(level.paths.best):
            count = max(LEAST_CREASES, min(stage.creases, MOST_CREASES // len(level.graph.cells)))
            more = join([more, level.trace_creases(count, now)])
            level = lay_graph(surface, start, goal, band, 0, 0.0, more)
        if not math.isfinite(level.paths.best):  # by rounding, a leg is steeper than max_slope
            break
        now = _drop(level.best, surface)
        now = _straighten(now, surface)
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


def _straighten(chain: Chain, surface: Surface) -> Chain:
    """A route with runs of legs replaced by straight lines where that is faster, the longest first."""
    length = 1 << (len(chain.x) - 1).bit_length()
    while length >= 2:
        for shift in (0, length // 2):
            last = len(chain.x) - 1
            stops = np.unique([0, *range(shift, last, length), last])
            chain = _straighten_runs(chain, stops, surface)
        length //= 2
    return chain


def _straighten_runs(chain: Chain, stops: np.ndarray, surface: Surface) -> Chain:
    """A route with the runs between some of its nodes replaced by straight lines where that is faster."""
    begins, ends = chain.take(stops[:-1]), chain.take(stops[1:])
    a, b = begins.points, ends.points
    run, start, end, _ = cut_lines(a, b)
    inner = (start > 0) & (end - start > TOUCH)
    run, start = run[inner], start[inner]
    nodes = to_nodes(a[run] + (b - a)[run] * start[:, None], run)
    number = np.arange(len(a))
    order = np.lexsort(
        (
            np.concatenate([start, np.zeros(len(a)), np.ones(len(a))]),
            np.concatenate([run, number, number]),
        )
    )
    lines = join([nodes, begins._replace(route=number), ends._replace(route=number)]).take(order)
    before = np.add.reduceat(leg_times(chain, surface), stops[:-1])
    after = np.bincount(lines.route[:-1], leg_times(lines, surface), minlength=len(a))
    better = after < before * (1 - GAIN)
    if not better.any():
        return chain
    index = np.arange(len(chain.x))
    of_run = np.searchsorted(stops, index, side="right") - 1
    within = ~np.isin(index, stops) & np.append(better, False)[of_run]
    new = better[run]
    order = np.argsort(np.concatenate([index[~within], stops[run[new]] + 0.5]), kind="stable")
    joined = join([chain.take(~within), nodes.take(new)]).take(order)
    return joined._replace(route=np.zeros(len(joined.x), dtype=np.int64))


def _find_band(chain: Chain, surface: Surface, radius: int) -> np.ndarray:
    """The free sub-cells that routes cross, and those at most `radius` from them, bool."""
    points = chain.points
    middle = ((points[1:] + points[:-1]) / 2)[chain.route[1:] == chain.route[:-1]]
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
