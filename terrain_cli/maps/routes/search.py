"""The fastest route between two points of a map, at any angle.

The times from the start and to the goal show which cells can matter (the search region). A graph in this region gives candidate
routes, and each of them is refined by descent on its crossings with the cell edges, until no small change makes it faster. Last,
pieces of different candidates are combined. The fastest route is the answer.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import binary_dilation

from terrain_cli.contract import Route
from terrain_cli.errors import check_type
from terrain_cli.jax_config import to_array
from terrain_cli.maps.cells import meet_at_corner, touching_cells
from terrain_cli.maps.fields.arrival import arrival_times, remaining_times
from terrain_cli.maps.ground import Ground, check_ground, closed_corners
from terrain_cli.maps.routes.backtrack import FRONTS, join_ways, pick_corners, ways_from_start, ways_to_goal
from terrain_cli.maps.routes.crossings import Chain, drop_needless, find_cells, join
from terrain_cli.maps.routes.lines import trace_lines
from terrain_cli.maps.routes.refine import Refined, cut_routes, refine
from terrain_cli.maps.routes.steiner import (
    GOAL,
    Distances,
    Graph,
    cells_through,
    make_graph,
    measure,
    pick_routes,
    spread_points,
    to_chain,
)

# How much longer than the least time the best route may take: through a cell of the search region, through a corner from which
# candidates are traced, and through a node of the graph. The test maps needed a region of 1.7 % and candidates within 0.15 %.
REGION, CORNERS, WITHIN = 0.02, 0.01, 2e-3
LEVELS = 2, 4, 8, 10  # points on each edge, of successively finer graphs
MISJUDGED = 0.06  # divided by (points + 1)²: the relative error that a graph may make in the time of a route
CANDIDATES, FEW_OF_COARSE = 16, 4  # routes to refine, and how many of them from the second finest graph
ARCS = 5_000_000  # the largest number of arcs of a graph
SMALL = 1500  # cells; a map of no more is searched as a whole
SAME = 1e-9  # relative; routes whose times differ by less are the same
ALTERNATIVES = 5  # the largest number that is returned


class Round(NamedTuple):
    """A row of the history of a route.

    iteration: 0 for the route found on the graph, then the rounds of refinement. crossings: the number of nodes between start
    and goal. time: s. gradient_norm: Euclidean norm over the crossings that can move, s/m.
    """

    iteration: int
    crossings: int
    time: float
    gradient_norm: float


class Fields(NamedTuple):
    """Times at the corners of the cells, shape (rows + 1, cols + 1) each, s.

    from_start: from the start to each corner, as from `arrival_times`. to_goal: from each corner to the goal, as from
    `remaining_times`.
    """

    from_start: ArrayLike
    to_goal: ArrayLike


class _Task(NamedTuple):
    """A search for routes.

    start, goal: (row, col), shape (2,). padded: slowness with a border of inf, shape (rows + 2, cols + 2). closed: corners that
    no path passes, shape (rows + 1, cols + 1), bool.
    """

    start: np.ndarray
    goal: np.ndarray
    padded: np.ndarray
    closed: np.ndarray


def find_route(ground: Ground, start: ArrayLike, goal: ArrayLike, fields: Fields | None = None) -> Route | None:
    """The fastest route from `start` to `goal`, (x, y), shape (2,) each, m; None if there is none.

    fields: the times of scheme "box" from the start and to the goal, if they are already known. No small change makes the route
    or one of its alternatives faster. On symmetric ground the route from B to A is that from A to B, reversed. Raises ValueError
    for a start or goal outside the map or in blocked ground.

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
    if fields is None:
        dtype = np.float64
        fields = Fields(arrival_times(ground, start, dtype=dtype), remaining_times(ground, goal, dtype=dtype))
    check_type(fields, Fields, "fields", "Fields(from_start, to_goal)")
    from_start, to_goal = np.asarray(fields.from_start), np.asarray(fields.to_goal)
    corners = slowness.shape[0] + 1, slowness.shape[1] + 1
    if from_start.shape != corners or to_goal.shape != corners:
        raise ValueError(
            f"fields must have times at the corners of the cells, {corners}, got {from_start.shape} and {to_goal.shape}"
        )
    # Symmetric ground is searched in the same direction for A to B and B to A, so that both give the same route.
    swapped = ground.symmetric and tuple(b) < tuple(a)
    if swapped:
        a, b, from_start, to_goal = b, a, to_goal, from_start
    task = _Task(a, b, np.pad(slowness, 1, constant_values=np.inf), closed_corners(slowness))
    routes = _search(task, from_start, to_goal)
    if not routes:
        return None
    straight = float(trace_lines(a[None], b[None], task.padded, task.closed).time.sum() * ground.cell)
    best, *others = [_to_route(refined, ground, ends, straight, swapped) for refined in routes]
    return best._replace(alternatives=tuple(others))


def is_free(slowness: np.ndarray, point: np.ndarray) -> bool:
    """Whether a route can begin or end at a point (row, col): in or beside a free cell, and not at a closed corner."""
    row, col = point.tolist()
    free = [cell for cell in touching_cells(row, col, slowness.shape) if np.isfinite(slowness[cell])]
    return bool(free) and not meet_at_corner(free)


def search_region(slowness: np.ndarray, from_start: np.ndarray, to_goal: np.ndarray, width: float) -> np.ndarray:
    """The free cells with a corner through which a route takes at most a fraction `width` longer than the least time.

    slowness: shape (rows, cols), as the result, bool. from_start, to_goal: times at the corners, shape (rows + 1, cols + 1).
    """
    through = from_start + to_goal
    near = through <= np.min(through) * (1 + width)
    near = near[:-1] | near[1:]
    return np.asarray((near[:, :-1] | near[:, 1:]) & np.isfinite(slowness))


def _search(task: _Task, from_start: np.ndarray, to_goal: np.ndarray) -> list[Refined]:
    """The best routes from start to goal, each a local optimum, fastest first; empty if there is none.

    from_start, to_goal: times from the start to the corners and from the corners to the goal, shape (rows + 1, cols + 1).
    """
    start, goal, padded, closed = task
    if not np.isfinite(np.min(from_start + to_goal)):
        return []
    slowness = padded[1:-1, 1:-1]
    free = np.isfinite(slowness)
    near_ends = (_near(start, slowness.shape) | _near(goal, slowness.shape)) & free
    found: list[Refined] = []
    width, finest = REGION if np.count_nonzero(free) > SMALL else np.inf, 1
    while not found and finest:
        cells = search_region(slowness, from_start, to_goal, width) | near_ends
        found, finest = _refine_on_graphs(task, cells, LEVELS if np.count_nonzero(cells) > SMALL else LEVELS[-2:])
        width *= 4  # if the ground varies so much that the region is not connected
    if not finest:
        corners = pick_corners(from_start, to_goal, CORNERS, CANDIDATES // len(FRONTS))
        before, after = (
            ways_from_start(from_start, start, corners, padded),
            ways_to_goal(to_goal, goal, corners, padded),
        )
        ways = join_ways(before, after, start, goal)
        found = refine(cut_routes(ways, padded, closed), padded, closed) if ways else []
    if found and finest < LEVELS[-2]:
        found += _refine_on_graphs(task, _beside(found, cells), LEVELS[-2:])[0]
    found.sort(key=lambda route: route.times[-1])
    if len(found) > 1:
        [joined] = refine(_join_pieces(found, task, cells), padded, closed)
        if joined.times[-1] < found[0].times[-1] * (1 - SAME):
            found.insert(0, joined)
    return _different(found)


def _refine_on_graphs(task: _Task, cells: np.ndarray, levels: Sequence[int]) -> tuple[list[Refined], int]:
    """The best routes on successively finer graphs, refined, and the number of points per edge of the finest; 0 if none fits.

    Each graph determines the cells of the next one: those that its nearly best routes pass through. The positions of a graph's
    points occasionally mislead it, so the candidates come from the last two graphs. There are no routes if the cells do not
    connect start and goal.
    """
    start, goal, padded, closed = task
    graphs: list[tuple[Graph, Distances, float]] = []
    finest = 0
    for most in levels:
        points = points_within(int(cells.sum()), most)
        if points <= max(finest, LEVELS[0] - 1):
            continue
        finest = points
        graph = make_graph(start, goal, spread_points(cells, closed, points), padded, cells)
        distances = measure(graph)
        if not np.isfinite(distances.from_start[GOAL]):
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
    """The largest number of points per edge, up to `most`, with which the arcs of a graph in `cells` cells fit into memory."""
    fitting = [k for k in range(1, most + 1) if cells * (4 * k + 4) * (4 * k + 3) // 2 <= ARCS]
    return max(fitting, default=0)


def _beside(found: list[Refined], cells: np.ndarray) -> np.ndarray:
    """The cells that the best routes cross, and as many around them as fit into a fine graph, shape (rows, cols), bool."""
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


def _near(point: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The cells whose centres are at most one row and one column from a point (row, col), shape (rows, cols), bool."""
    row, col = (np.arange(size) for size in shape)
    near = (np.abs(row + 0.5 - point[0]) <= 1)[:, None] & (np.abs(col + 0.5 - point[1]) <= 1)
    return np.asarray(near)


def _join_pieces(found: list[Refined], task: _Task, cells: np.ndarray) -> Chain:
    """The best route along pieces of the given ones; it may change from one to another within a cell."""
    chain = join([route.nodes for route in found])
    on_edges = chain.take(chain.moves | np.all(chain.base == np.rint(chain.base), axis=1))
    _, index = np.unique(np.column_stack([on_edges.base + on_edges.along / 2, on_edges.x]), axis=0, return_index=True)
    graph = make_graph(task.start, task.goal, on_edges.take(index), task.padded, np.ones_like(cells))
    return to_chain(graph, [measure(graph).route(GOAL)])


def _different(found: list[Refined]) -> list[Refined]:
    """The fastest of the routes, which are sorted by time; of several with the same time, one."""
    kept: list[Refined] = []
    for route in found:
        if not kept or route.times[-1] > kept[-1].times[-1] * (1 + SAME):
            kept.append(route)
    return kept[: ALTERNATIVES + 1]


def _to_route(refined: Refined, ground: Ground, ends: np.ndarray, straight: float, swapped: bool) -> Route:
    """The route in (x, y) between the `ends`, shape (2, 2), m. swapped: whether it was searched from the second to the first."""
    points, cell = ground.to_xy(refined.nodes.points), float(ground.cell)
    inner = points[-2:0:-1] if swapped else points[1:-1]
    points = np.concatenate([ends[:1], inner, ends[1:]])
    rows = zip(refined.crossings, refined.times, refined.gradient_norms, strict=True)
    history = tuple(Round(i, crossings, time * cell, norm) for i, (crossings, time, norm) in enumerate(rows))
    distance = cell * float(np.hypot(*np.diff(refined.nodes.points, axis=0).T).sum())
    return Route(points, history[-1].time, distance, straight, history)
