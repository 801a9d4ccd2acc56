"""The fastest route between two points of a map, at any angle.

Travel times from both ends tell which cells matter (the corridor). A graph in the corridor tells which routes are worth
looking at, and each of those is refined by descent on where it crosses the cell edges, until no small change makes it faster.
What pieces of them can be joined is tried last, and the fastest is the answer.
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import binary_dilation

from terrain_cli.contract import Route
from terrain_cli.maps.fields.arrival import arrival_times
from terrain_cli.maps.ground import Ground, closed_corners
from terrain_cli.maps.routes.backtrack import FRONTS, follow_times, join_ways, pick_corners
from terrain_cli.maps.routes.crossings import Chain, drop_needless, find_cells, join
from terrain_cli.maps.routes.lines import trace_lines
from terrain_cli.maps.routes.refine import Refined, cut_routes, refine
from terrain_cli.maps.routes.steiner import (
    GOAL,
    START,
    Distances,
    Graph,
    cells_through,
    make_graph,
    measure,
    pick_routes,
    spread_points,
    to_chain,
)

# Relative to the least time. Maps that were looked at needed a corridor of 1.7 % and candidates within 0.15 %.
CORRIDOR, NARROW, WITHIN = 0.02, 0.01, 2e-3
LEVELS = 2, 4, 8, 10  # points on each edge of ever finer graphs
MISJUDGED = 0.06  # over (points + 1)²: by how much of the least time a graph may misjudge a route
CANDIDATES, FEW_OF_COARSE = 16, 4
ARCS = 5_000_000  # of a graph, at most
SMALL = 1500  # cells that need no corridor
SAME = 1e-9  # times that differ by less belong to one route
RUNNERS_UP = 5


class Round(NamedTuple):
    """A row of the descent of a route, for people.

    iteration: 0 is the route that the graph gave; each later one is a round of the descent. crossings: how many nodes it has
    between start and goal. time: s. gradient_norm: Euclidean, over the crossings that can move, s/m.
    """

    iteration: int
    crossings: int
    time: float
    gradient_norm: float


def find_route(
    ground: Ground,
    start: ArrayLike,
    goal: ArrayLike,
    fields: tuple[ArrayLike, ArrayLike] | None = None,
) -> Route | None:
    """The fastest route from `start` to `goal`, shape (2,) each, x and y, m; None where there is none.

    fields: arrival times from the start and from the goal (`arrival_times`, scheme "box"), where they are known already.
    Raises ValueError for a start or goal outside the map or in blocked ground. From B to A it is the same route, backwards.

    Example:

        ground = Ground(slowness=[[1, 1, 1], [1, float("inf"), 1], [1, 1, 1]])
        route = find_route(ground, start=(0.5, 1.5), goal=(2.5, 1.5))
        print(route.time, route.points)
    """
    slowness = np.asarray(ground.slowness, dtype=np.float64)
    ends = np.stack([ground.to_cells(start), ground.to_cells(goal)])
    for name, end in zip(("start", "goal"), ends, strict=True):
        if not is_free(slowness, end):
            raise ValueError(f"{name}: lies outside the map or in blocked ground, at row {end[0]:g}, column {end[1]:g}")
    if fields is None:
        fields = arrival_times(slowness, ends[0]), arrival_times(slowness, ends[1])
    backwards = tuple(ends[1]) < tuple(ends[0])  # one order for both directions
    if backwards:
        ends, fields = ends[::-1], fields[::-1]
    routes = _search(slowness, *ends, *map(np.asarray, fields))
    if not routes:
        return None
    straight = float(trace_lines(ends[:1], ends[1:], *_walls(slowness)).time.sum() * ground.cell)
    given = np.array([start, goal], dtype=np.float64)
    best, *others = [_to_route(refined, ground, given, straight) for refined in routes]
    return best._replace(alternatives=tuple(others))


def is_free(slowness: np.ndarray, point: np.ndarray) -> bool:
    """Whether a point (row, col) can be on a route: in or beside a free cell, and not where blocked cells touch."""
    shape = np.array(slowness.shape)
    if not np.all((point >= 0) & (point <= shape)):
        return False
    first = np.maximum(np.ceil(point).astype(np.int64) - 1, 0)
    last = np.minimum(np.floor(point).astype(np.int64), shape - 1)
    beside = slowness[first[0] : last[0] + 1, first[1] : last[1] + 1]
    return bool(np.isfinite(beside).any()) and not (beside.shape == (2, 2) and closed_corners(beside)[1, 1])


def _walls(slowness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The slowness with a border of inf, and the corners that nothing passes."""
    return np.pad(slowness, 1, constant_values=np.inf), closed_corners(slowness)


def corridor(slowness: np.ndarray, from_start: np.ndarray, to_goal: np.ndarray, width: float) -> np.ndarray:
    """The cells with a corner through which a route takes at most `width`, relative, longer than the least: (rows, cols), bool.

    from_start, to_goal: arrival times on the cell corners from either end, shape (rows + 1, cols + 1).
    """
    through = from_start + to_goal
    near = through <= np.min(through) * (1 + width)
    near = near[:-1] | near[1:]
    return np.asarray((near[:, :-1] | near[:, 1:]) & np.isfinite(slowness))


def _search(
    slowness: np.ndarray, start: np.ndarray, goal: np.ndarray, from_start: np.ndarray, to_goal: np.ndarray
) -> list[Refined]:
    """The best routes from start to goal, (row, col), each a local optimum, the fastest first; none where there is none."""
    ground = start, goal, *_walls(slowness)
    padded, closed = ground[2:]
    if not np.isfinite(np.min(from_start + to_goal)):
        return []
    free = np.isfinite(slowness)
    around = (_around(start, slowness.shape) | _around(goal, slowness.shape)) & free
    found: list[Refined] = []
    width, finest = CORRIDOR if np.count_nonzero(free) > SMALL else np.inf, 1
    while not found and finest:
        cells = corridor(slowness, from_start, to_goal, width) | around
        found, finest = _refine_on_graphs(ground, cells, LEVELS if np.count_nonzero(cells) > SMALL else LEVELS[-2:])
        width *= 4  # where the ground is so uneven that the corridor falls into pieces
    if not finest:
        corners = pick_corners(from_start, to_goal, NARROW, CANDIDATES // len(FRONTS))
        there, back = follow_times(from_start, start, corners, padded), follow_times(to_goal, goal, corners, padded)
        ways = join_ways(there, back, start, goal)
        found = refine(cut_routes(ways, padded, closed), padded, closed) if ways else []
    if found and finest < LEVELS[-2]:
        found += _refine_on_graphs(ground, _beside(found, cells), LEVELS[-2:])[0]
    found.sort(key=lambda route: route.times[-1])
    if len(found) > 1:
        [joined] = refine(_join_pieces(found, start, goal, padded, cells), padded, closed)
        if joined.times[-1] < found[0].times[-1] * (1 - SAME):
            found.insert(0, joined)
    return _different(found)


def _refine_on_graphs(ground: Any, cells: np.ndarray, levels: Sequence[int]) -> tuple[list[Refined], int]:
    """The best routes on ever finer graphs, refined, and how many points an edge the finest has: 0 where none fits.

    Each graph hands the next one the cells that nearly best routes on it go through. Where a graph's points happen to lie
    misleads it now and then, so the candidates come from the last two. No routes where the cells do not connect start and goal.
    """
    start, goal, padded, closed = ground
    graphs: list[tuple[Graph, Distances, float]] = []
    finest = 0
    for most in levels:
        points = points_within(int(cells.sum()), most)
        if points <= max(finest, LEVELS[0] - 1):
            continue
        finest = points
        graph = make_graph(start, goal, spread_points(cells, closed, points), padded, cells)
        distances = measure(graph)
        if not np.isfinite(distances.time[START, GOAL]):
            return [], finest
        misjudged = MISJUDGED / (points + 1) ** 2
        cells = cells_through(graph, distances, misjudged, cells)
        graphs.append((graph, distances, max(WITHIN, misjudged)))
    chains = [
        to_chain(graph, list(itertools.islice(pick_routes(graph, distances, within, apart=1), count)))
        for (graph, distances, within), count in zip(
            reversed(graphs[-2:]), (CANDIDATES - FEW_OF_COARSE, FEW_OF_COARSE), strict=False
        )
    ]
    routes = itertools.accumulate((int(chain.route[-1]) + 1 for chain in chains), initial=0)
    chains = [chain._replace(route=chain.route + first) for chain, first in zip(chains, routes, strict=False)]
    return refine(drop_needless(join(chains), padded), padded, closed) if chains else [], finest


def points_within(cells: int, most: int) -> int:
    """How many points an edge, up to `most`, a graph in so many cells can have for its arcs to fit into memory; 0 where none."""
    fitting = [k for k in range(1, most + 1) if cells * (4 * k + 4) * (4 * k + 3) // 2 <= ARCS]
    return max(fitting, default=0)


def _beside(found: list[Refined], cells: np.ndarray) -> np.ndarray:
    """The cells that the best routes cross and as many around them as fit a fine graph, shape (rows, cols), bool."""
    best = min(route.times[-1] for route in found)
    nodes = join([route.nodes for route in found if route.times[-1] <= best * (1 + WITHIN)])
    first, last = find_cells(nodes, nodes)
    near = np.zeros_like(cells)
    for shift in np.ndindex(2, 2):
        row, col = np.minimum(first + shift, last).T
        near[row.clip(0, cells.shape[0] - 1), col.clip(0, cells.shape[1] - 1)] = True
    while True:
        wider = binary_dilation(near, np.ones((3, 3))) & cells
        if points_within(int(wider.sum()), LEVELS[-2]) < LEVELS[-2] or np.array_equal(wider, near):
            return np.asarray(near & cells)
        near = wider


def _around(end: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The cells that a point (row, col) lies in or beside, shape (rows, cols), bool."""
    row, col = (np.arange(size) for size in shape)
    beside = (np.abs(row + 0.5 - end[0]) <= 1)[:, None] & (np.abs(col + 0.5 - end[1]) <= 1)
    return np.asarray(beside)


def _join_pieces(
    found: list[Refined], start: np.ndarray, goal: np.ndarray, padded: np.ndarray, cells: np.ndarray
) -> Chain:
    """The best route along pieces of those that were found, which may change from one to another within a cell."""
    chain = join([route.nodes for route in found])
    on_edges = chain.take(chain.moves | np.all(chain.base == np.rint(chain.base), axis=1))
    _, index = np.unique(np.column_stack([on_edges.base + on_edges.along / 2, on_edges.x]), axis=0, return_index=True)
    graph = make_graph(start, goal, on_edges.take(index), padded, np.ones_like(cells))
    return to_chain(graph, [measure(graph).route(GOAL)])


def _different(found: list[Refined]) -> list[Refined]:
    """The fastest routes, one of each time."""
    kept: list[Refined] = []
    for route in found:
        if not kept or route.times[-1] > kept[-1].times[-1] * (1 + SAME):
            kept.append(route)
    return kept[: RUNNERS_UP + 1]


def _to_route(refined: Refined, ground: Ground, ends: np.ndarray, straight: float) -> Route:
    """The route in people's coordinates, between the `ends`, (x, y), turned to begin at the first."""
    points, cell = ground.to_xy(refined.nodes.points), float(ground.cell)
    if np.hypot(*(points[0] - ends[0])) > np.hypot(*(points[-1] - ends[0])):
        points = points[::-1]
    points = np.concatenate([ends[:1], points[1:-1], ends[1:]])
    rows = zip(refined.crossings, refined.times, refined.gradient_norms, strict=True)
    history = tuple(Round(i, crossings, time * cell, norm) for i, (crossings, time, norm) in enumerate(rows))
    distance = cell * float(np.hypot(*np.diff(refined.nodes.points, axis=0).T).sum())
    return Route(points, history[-1].time, distance, straight, history)
