"""The search for the fastest route on level ground, where no leg depends on its direction.

Rough times show which cells can matter (the search region). Graphs in this region, each finer than the one before, give candidate
routes, and each of them is refined by descent on its crossings with the cell edges, until no small change makes it faster. Last,
pieces of different candidates are combined. The fastest route is the answer.
"""

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from terrain_cli.maps.cells import touching_cells
from terrain_cli.maps.routes.chains import Chain, drop_needless, join
from terrain_cli.maps.routes.graph import SIDES, Graph, make_graph
from terrain_cli.maps.routes.paths import Paths, cells_through, find_paths, pick_alternatives, pick_routes, take_cells
from terrain_cli.maps.routes.refine import Refined, refine
from terrain_cli.maps.routes.region import find_region
from terrain_cli.maps.routes.variants import improve

# How much longer than the least time, as a fraction, the rough times through a cell of the region may be, on a way of so many
# cells. The longer the way, the more errors of the rough times cancel, so that the width falls with the root of their number, but
# not below LONGER. The cells that matter must be within half of it; otherwise the region is widened.
WIDTH, WAY = 0.01, 800
JUDGE = 2  # the graph, counted from 1, that shows which cells matter
# Where a route crosses many pieces of ground, each of them UNLIKE the one before by so much, the errors of a graph cancel: by the
# root of their number / FAR.
FAR, UNLIKE = 4, 0.1
# Where further nodes lie on the edges of the cells around the start and the goal: from the foot of the perpendicular, in units of
# its length.
GATHERED = (0.0, -0.25, 0.25, -0.5, 0.5, -1.0, 1.0, -2.0, 2.0, -4.0, 4.0, -8.0, 8.0)
IMPROVEMENTS = 8  # the largest number of times that variants are tried
ROUGH_ROUNDS = 6  # of descent, to find out which of the candidates are the best
SMALL_ROUNDS = 8  # of descent of an alternative with small changes alone
SAME = 1e-9  # relative; routes whose times differ by less are the same
ALTERNATIVES = 5  # the largest number that is returned
# An alternative takes at most LONGER more than the fastest route, and a share APART of its length lies farther than NEARBY cells
# and a share NEARBY_SHARE of the fastest route's length from every faster one.
LONGER, APART, NEARBY, NEARBY_SHARE = 0.005, 0.2, 3.0, 0.01
PLATEAU = 0.1  # share of an alternative's length that shortest paths to both of its ends must have in common


class Effort(NamedTuple):
    """How thoroughly to search.

    levels: points on each edge, of successively finer graphs. misjudged: divided by (points + 1)², the relative error that a
    graph may make in the time of a route. candidates: routes on the finest graph to descend from, each with a leg more than
    `apart` cells from those before. refined: how many of them to refine to the end, and routes on the graph before to descend
    from. narrow: how much longer, as a fraction, variants of the best route may take. points: on each edge, of the graph for
    them.
    """

    levels: tuple[int, ...]
    misjudged: float
    candidates: int
    apart: float
    refined: int
    narrow: float
    points: int


# Free cells: a map of no more than SMALL is searched as a whole, and one of no more than TINY with the FINEST effort.
TINY, SMALL = 1_500, 20_000
FINEST = Effort((8, 16), misjudged=0.3, candidates=16, apart=0.0, refined=8, narrow=2e-3, points=16)
FINE = Effort((2, 4, 16), misjudged=0.1, candidates=16, apart=0.7, refined=8, narrow=2e-4, points=4)
LARGE = Effort((1, 4, 16), misjudged=0.1, candidates=8, apart=1.5, refined=4, narrow=2e-4, points=4)


class Task(NamedTuple):
    """A search for routes.

    start, goal: (row, col), shape (2,). padded: slowness relative to that of the fastest cell, with a border of inf, shape
    (rows + 2, cols + 2). closed: corners that no path passes, shape (rows + 1, cols + 1), bool.
    """

    start: np.ndarray
    goal: np.ndarray
    padded: np.ndarray
    closed: np.ndarray

    @property
    def slowness(self) -> np.ndarray:
        """Of the cells, shape (rows, cols)."""
        return self.padded[1:-1, 1:-1]

    @property
    def effort(self) -> Effort:
        """How thoroughly to search so large a map."""
        count = np.count_nonzero(np.isfinite(self.padded))
        return FINEST if count <= TINY else FINE if count <= SMALL else LARGE


class _Level(NamedTuple):
    """A graph and its shortest paths.

    within: how much longer than its best a route may be, as a fraction, to be worth a look. cells: those that such routes pass
    through, shape (rows, cols), bool.
    """

    graph: Graph
    paths: Paths
    within: float
    cells: np.ndarray


def find_routes(task: Task) -> list[Refined]:
    """The best route from start to goal and its alternatives, each a local optimum, fastest first; empty if there is none."""
    if np.array_equal(task.start, task.goal):
        ends = np.stack([task.start, task.goal])
        nowhere = Chain(ends, np.zeros((2, 2)), np.zeros(2), np.zeros(2, dtype=np.int64))
        return [Refined(nowhere, [0.0], [0], [0.0])]
    levels = _lay_graphs(task)
    if not levels:
        return []
    found = _refine_candidates(task, levels)
    best = found[0]
    return [best, *_find_alternatives(task, levels[0], best)]


def _lay_graphs(task: Task) -> list[_Level]:
    """Successively finer graphs, each on the cells that nearly best routes of the one before pass through; none if there is no
    route.

    The region for the first is widened until the cells that matter are well inside, so that twice the width changes nothing.
    """
    free, effort = np.isfinite(task.slowness), task.effort
    if effort is not LARGE:
        return list(_refine_graphs(task, free, effort))
    cells_apart = float(np.max(np.abs(task.goal - task.start)))
    width = max(WIDTH * math.sqrt(WAY / max(1.0, cells_apart)), LONGER)
    while width < 1:
        region = find_region(task.slowness, task.closed, task.start, task.goal, width)
        if region is None:
            return []
        levels = []
        for level in _refine_graphs(task, region.inside, effort):
            levels.append(level)
            if len(levels) == JUDGE and np.max(region.excess[level.cells]) > width / 2:
                break
        else:
            if levels:
                return levels
        width *= 2
    return list(_refine_graphs(task, free, effort))


def _refine_graphs(task: Task, inside: np.ndarray, effort: Effort) -> Iterator[_Level]:
    """The graphs of `_lay_graphs` on the cells inside, one at a time."""
    more = join([_gather_nodes(point, task.slowness) for point in (task.start, task.goal)])
    cancels = 0.0  # not known before the first graph shows which ground the best route crosses
    for points in effort.levels:
        graph = make_graph(task.start, task.goal, inside, points, task.slowness, task.closed, more)
        misjudged = effort.misjudged / (points + 1) ** 2
        paths = find_paths(graph, misjudged / cancels if cancels else LONGER + misjudged)
        if not math.isfinite(paths.best):
            return
        if not cancels:
            cancels = math.sqrt(max(1.0, _count_pieces(graph, paths) / FAR)) if effort is LARGE else 1.0
        within = misjudged / cancels
        inside = cells_through(graph, paths, within, inside.shape)
        yield _Level(graph, paths, within, inside)


def _gather_nodes(end: np.ndarray, slowness: np.ndarray) -> Chain:
    """Nodes on the edges around an end (row, col) of the route, which gather where it is close: evenly spaced ones may be too far
    apart to show which way is faster there."""
    bases, alongs, places = [], [], []
    for cell in touching_cells(float(end[0]), float(end[1]), slowness.shape):
        for side, along in zip(SIDES, ([0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]), strict=True):
            base = np.array(cell) + side
            foot, away = (end - base) @ along, float(np.abs(end - base) @ np.flip(along))
            places.append(foot + away * np.array(GATHERED))
            bases.append(np.tile(base.astype(float), (len(GATHERED), 1)))
            alongs.append(np.tile(along, (len(GATHERED), 1)))
    x = np.concatenate(places)
    return Chain(np.concatenate(bases), np.concatenate(alongs), x, np.zeros(len(x), dtype=np.int64))


def _count_pieces(graph: Graph, paths: Paths) -> float:
    """How many pieces of ground the best route crosses, each unlike the one before: (sum t)² / sum t², t the time in each.

    Pieces that take equal times count in full; a cell that takes most of the time leaves hardly more than one.
    """
    route = paths.route(graph.goal)
    times, lengths = np.diff(paths.from_start[route]), np.hypot(*np.diff(graph.points(route), axis=0).T)
    some = (times > 0) & (lengths > 0)  # after a very slow cell, the times of others may be lost in rounding
    times, slowness = times[some], times[some] / lengths[some]
    changes = np.abs(np.log(slowness[1:] / slowness[:-1])) > math.log1p(UNLIKE)
    pieces = np.bincount(np.append(0, np.cumsum(changes)), times)
    return float(pieces.sum() ** 2 / np.sum(pieces**2))


def _refine_candidates(task: Task, levels: list[_Level]) -> list[Refined]:
    """Routes on the finest graph and the one before, refined, fastest first."""
    shape, effort = task.slowness.shape, task.effort
    chains = []
    for level, most in zip(reversed(levels[-2:]), (effort.candidates, effort.refined), strict=True):
        routes = pick_routes(level.graph, level.paths, level.within, effort.apart, most, shape)
        chains.append(level.graph.to_chain(routes))
    chain = drop_needless(_join_numbered(chains), task.padded)
    rough = refine(chain, task.padded, task.closed, reach=0.0, rounds=ROUGH_ROUNDS)
    rough.sort(key=lambda route: route.times[-1])
    return _try_variants(task, levels[-1], _continue(task, rough[: effort.refined]))


def _try_variants(task: Task, level: _Level, found: list[Refined]) -> list[Refined]:
    """The routes, fastest first, with further ones that differ from the best in a few cells, or join pieces of several."""
    effort = task.effort
    inside = cells_through(level.graph, level.paths, min(level.within, effort.narrow), task.slowness.shape)
    before = None
    for _ in range(IMPROVEMENTS):
        best, more = found[0], join([route.nodes for route in found])
        graph = make_graph(task.start, task.goal, inside, effort.points, task.slowness, task.closed, more)
        paths = find_paths(graph, effort.narrow)
        improved = improve(best.nodes, graph, paths, task.padded, task.closed, before)
        if improved is None:
            break
        [refined] = refine(drop_needless(improved, task.padded), task.padded, task.closed)
        if not refined.times[-1] < best.times[-1]:
            break
        found.insert(0, _append(best, refined))
        before = best.nodes
    return found


def _continue(task: Task, routes: list[Refined], reach: float = math.inf) -> list[Refined]:
    """The routes refined to the end, with the rows of both parts of their history, fastest first. reach: see `refine`."""
    chain = _join_numbered([route.nodes._replace(route=np.zeros_like(route.nodes.route)) for route in routes])
    # Of routes that converge to the same one, `refine` returns only one: the numbers say which.
    more = refine(chain, task.padded, task.closed, reach=reach)
    numbers = [int(route.nodes.route[0]) for route in more]
    found = [_append(routes[i], last) for i, last in zip(numbers, more, strict=True)]
    return sorted(found, key=lambda route: route.times[-1])


def _append(first: Refined, last: Refined) -> Refined:
    """The second of two refined routes, with the history of both."""
    return Refined(
        last.nodes,
        first.times + last.times[1:],
        first.crossings + last.crossings[1:],
        first.gradient_norms + last.gradient_norms[1:],
    )


def _join_numbered(chains: list[Chain]) -> Chain:
    """The chains as one, whose routes are numbered in order."""
    counts = itertools.accumulate((int(chain.route[-1]) + 1 for chain in chains), initial=0)
    return join([chain._replace(route=chain.route + first) for chain, first in zip(chains, counts, strict=False)])


def _find_alternatives(task: Task, level: _Level, best: Refined) -> list[Refined]:
    """Other ways that take little longer than the best route: local optima, fastest first."""
    length = float(np.hypot(*np.diff(best.nodes.points, axis=0).T).sum())
    apart = max(NEARBY, NEARBY_SHARE * length)
    taken = np.zeros(task.slowness.shape, dtype=bool)
    take_cells(taken, best.nodes.points, apart)
    most = 2 * ALTERNATIVES
    routes = pick_alternatives(
        level.graph, level.paths, LONGER + level.within, apart, 1.2 * APART, PLATEAU, most, taken
    )
    if not routes:
        return []
    chain = drop_needless(level.graph.to_chain(routes), task.padded)
    # Where small changes do not settle soon, as on wide even ground, larger moves do; far ones could lead back to the best route.
    rough = refine(chain, task.padded, task.closed, reach=0.0, rounds=SMALL_ROUNDS)
    settled, others = (
        [way for way in rough if (len(way.times) <= SMALL_ROUNDS) == is_done] for is_done in (True, False)
    )
    ways = settled + _continue(task, others, reach=apart) if others else settled
    found: list[Refined] = []
    for route in sorted(ways, key=lambda way: way.times[-1]):
        slower = best.times[-1] * (1 + SAME) < route.times[-1] <= best.times[-1] * (1 + LONGER)
        if slower and share_apart(route, [best, *found], apart) >= APART:
            found.append(route)
    return found[:ALTERNATIVES]


def share_apart(route: Refined, others: list[Refined], apart: float) -> float:
    """The share of a route's length that is farther than `apart` cells from all of the others."""
    tree = cKDTree(np.concatenate([_densify(other.nodes.points, 0.5) for other in others]))
    dense = _densify(route.nodes.points, 0.5)
    middle, length = (dense[1:] + dense[:-1]) / 2, np.hypot(*np.diff(dense, axis=0).T)
    distance, _ = tree.query(middle)
    return float(length[distance > apart].sum() / length.sum())


def _densify(points: np.ndarray, spacing: float) -> np.ndarray:
    """Points along a route, at most `spacing` apart."""
    steps = np.maximum(1, np.ceil(np.hypot(*np.diff(points, axis=0).T) / spacing).astype(int))
    leg = np.repeat(np.arange(len(steps)), steps)
    share = (np.arange(len(leg)) - np.repeat(np.cumsum(steps) - steps, steps)) / steps[leg]
    return np.concatenate([points[leg] + (points[leg + 1] - points[leg]) * share[:, None], points[-1:]])
