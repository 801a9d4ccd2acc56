"""Shortest paths on the graph of Steiner points, and which of them are worth a closer look."""

import math
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from terrain_cli.maps.heap import drop, make_heap, put
from terrain_cli.maps.loops import compiled_loop
from terrain_cli.maps.routes.graph import Graph
from terrain_cli.maps.walking.climbs import Climbs
from terrain_cli.maps.walking.means import SLOWEST, mean_pace_of

NODES = 300_000  # of the routes that are picked together; with so many no further one is


@compiled_loop
def _find_paths(graph, climbs, source, target, within, other, limit, time, before, through):  # type: ignore[no-untyped-def]
    """Dijkstra's algorithm from one end of a graph to the nodes that matter.

    climbs: how slopes change the time of a leg; None on even ground. source, target: the ends. within: how much longer than the
    fastest, as a fraction, a route may take. other: times from the
    other end, or empty; then nodes through which a route takes longer than `limit` are left out. time: from the source to each
    node, at first inf, and -1 for those that no path passes; before: the node before it on the way; through: the cell by which
    it was reached, both -1 at first. All three have shape (N,) and are changed.
    """
    cells, slowness, edges, corners, beside, around, first, edge, x, origin, lying, place = graph[:12]
    on_edges, start = len(edge), len(time) - 2
    in_target = graph.ends[target - start]
    target_row, target_col = place[target - on_edges, 0], place[target - on_edges, 1]
    keys, items, where = make_heap(len(time))
    time[source] = 0.0
    size = put(keys, items, where, np.int64(0), 0.0, source)
    while size > 0:
        now, node = keys[0], items[0]
        size = drop(keys, items, where, size)
        if now > time[target] * (1 + within):
            break
        if node < on_edges:
            on = edge[node]
            touched = beside[on]
            row, col = origin[on, 0] + (0.0 if lying[on] else x[node]), origin[on, 1] + (x[node] if lying[on] else 0.0)
        else:
            touched = around[node - on_edges] if node < start else graph.ends[node - start]
            row, col = place[node - on_edges, 0], place[node - on_edges, 1]
        for c in touched:
            if c < 0:
                continue
            slow, down, right = slowness[c], row - cells[c, 0], col - cells[c, 1]
            if climbs is None:
                if c == through[node]:  # what shares this cell was reached as fast from the node before
                    continue
            else:
                patches, breaks, coefficients, max_slope, least, steepness, s0, sign = climbs
                twist = sign * patches[c, 2]
                south, east = sign * patches[c, 0] + twist * right, sign * patches[c, 1] + twist * down
            for k in range(9):
                # Its sides, its corners, and the target if it is here. across, along: from the node to where they begin.
                if k < 4:
                    low, high = first[edges[c, k]], first[edges[c, k] + 1]
                    across, along = (k - down, -right) if k < 2 else (k - 2 - right, -down)
                elif k < 8:
                    low, high = corners[c, k - 4], corners[c, k - 4] + 1
                    across, along = (k - 4) // 2 - down, k % 2 - right
                else:
                    here = in_target[0] == c or in_target[1] == c or in_target[2] == c or in_target[3] == c
                    low, high = target, target + here
                    across, along = target_row - row, target_col - col
                for q in range(low, high):
                    if time[q] <= now:
                        continue
                    shift = along + x[q] if k < 4 else along
                    length = np.sqrt(across * across + shift * shift)
                    later = slow * length
                    if climbs is not None and length > 0.0:
                        share = 1.0 / length
                        if k == 2 or k == 3:
                            begin = (south * shift + east * across) * share
                        else:
                            begin = (south * across + east * shift) * share
                        half = twist * across * shift * share
                        # exp(y) >= 1 + y + y²/2, and the mean of a convex pace is at least that in the middle.
                        y = steepness * abs(begin + half + s0)
                        if now + later * least * (1.0 + y * (1.0 + 0.5 * y)) >= time[q]:
                            continue
                        end = begin + 2.0 * half
                        if max(abs(begin), abs(end)) > max_slope:
                            continue
                        mean = mean_pace_of(breaks, coefficients, begin, end)
                        if not mean <= SLOWEST:
                            continue
                        later *= mean
                    later += now
                    if later < time[q]:
                        if len(other) and later + other[q] > limit:
                            continue
                        time[q], before[q], through[q] = later, node, c
                        size = put(keys, items, where, size, later, q)


class Paths(NamedTuple):
    """Shortest paths between both ends and each of the N nodes of a graph; all arrays have shape (N,).

    from_start, to_goal: times from the start to the node and from the node to the goal, s per cell size. before: the node before
    it on the path from the start. after: the node after it on the path to the goal. Negative where there is none.
    """

    from_start: np.ndarray
    to_goal: np.ndarray
    before: np.ndarray
    after: np.ndarray

    @property
    def through(self) -> np.ndarray:
        """Time of the best route through each node, shape (N,), s per cell size; inf where it is longer than was asked for."""
        return np.asarray(self.from_start + self.to_goal)

    @property
    def best(self) -> float:
        """Time of the best route, s per cell size; inf if there is none."""
        return float(self.from_start[-1])

    def near(self, within: float) -> np.ndarray:
        """The nodes through which a route takes at most a fraction `within` longer than the fastest."""
        return np.flatnonzero(self.through <= self.best * (1 + within))

    def route(self, node: int) -> np.ndarray:
        """The nodes of the best route through a node."""
        return np.concatenate([trace(node, self.before)[::-1], [node], trace(node, self.after)])


def find_paths(graph: Graph, within: float, climbs: Climbs | None = None) -> Paths:
    """The shortest paths from the start and to the goal, through the nodes of routes that take at most a fraction `within` longer
    than the fastest. climbs: of the cells of the graph, if they slope."""
    back = climbs and climbs._replace(sign=-1.0)
    from_start, before = _measure(graph, climbs, graph.start, graph.goal, within, np.empty(0), np.inf)
    limit = from_start[graph.goal] * (1 + within)
    to_goal, after = _measure(graph, back, graph.goal, graph.start, within, from_start, limit)
    return Paths(from_start, to_goal, before, after)


def measure_all(graph: Graph, climbs: Climbs) -> np.ndarray:
    """The times from the start of a graph to all of its nodes, shape (N,), or from them to the start, by the sign of `climbs`."""
    # No time is later than inf times that of the target, which is not a number: nothing is left out.
    time, _ = _measure(graph, climbs, graph.start, graph.goal, math.inf, np.empty(0), math.inf)
    return time


def _measure(
    graph: Graph, climbs: Climbs | None, source: int, target: int, within: float, other: np.ndarray, limit: float
) -> tuple[np.ndarray, np.ndarray]:
    nodes = graph.size
    time, before, through = np.full(nodes, np.inf), np.full(nodes, -1, np.int32), np.full(nodes, -1, np.int32)
    at_corners = time[len(graph.edge) :]
    at_corners[graph.shut] = -1.0
    _find_paths(graph, climbs, source, target, within, other, limit, time, before, through)
    at_corners[graph.shut] = np.inf
    return time, before


def cells_through(graph: Graph, paths: Paths, within: float, shape: tuple[int, ...]) -> np.ndarray:
    """The cells with a node through which a route takes at most a fraction `within` longer than the fastest, shape (rows, cols),
    bool, and those that contain the ends."""
    through = paths.through
    limit = paths.best * (1 + within)
    good = np.any(through[graph.corners] <= limit, axis=1)
    good_edges = np.zeros(len(graph.beside), dtype=bool)
    good_edges[graph.edge[through[: len(graph.edge)] <= limit]] = True
    good |= np.any(good_edges[graph.edges], axis=1)
    good[graph.ends[graph.ends >= 0]] = True
    found = np.zeros(shape, dtype=bool)
    found[tuple(graph.cells[good].T)] = True
    return found


@compiled_loop
def trace(node, before):  # type: ignore[no-untyped-def]
    """The nodes from one back to an end, without itself."""
    steps, at = 0, before[node]
    while at >= 0:
        steps, at = steps + 1, before[at]
    nodes = np.empty(steps, np.int32)
    at = node
    for i in range(steps):
        at = before[at]
        nodes[i] = at
    return nodes


def pick_routes(
    graph: Graph, paths: Paths, within: float, apart: float, most: int, shape: tuple[int, ...]
) -> list[np.ndarray]:
    """Routes on the graph, by their nodes, fastest first, each with a leg in a cell that those before it do not take.

    within: relative limit on how much longer than the fastest a route may take. apart: a route takes the cells that are at most
    so many cells away from its own. most: the largest number of routes; where they have many nodes, fewer. shape: (rows, cols)
    of the map.
    """
    near = paths.near(within)
    near = near[np.argsort(paths.through[near], kind="stable")]
    # The best route with a leg in a certain cell is that through one of the leg's ends.
    before, after = paths.before[near], paths.after[near]
    cells = [
        _find_cells(graph.points(near), graph.points(np.where(other < 0, instead, other)), shape)
        for other, instead in ((before, after), (after, before))
    ]
    taken = np.zeros(shape, dtype=bool)
    routes: list[np.ndarray] = []
    while len(routes) < most and sum(map(len, routes)) < NODES:
        free = np.flatnonzero(~(taken[cells[0]] & taken[cells[1]]))
        if not len(free):
            break
        routes.append(paths.route(near[free[0]]))
        take_cells(taken, graph.points(routes[-1]), apart)
        near, cells = near[free], [(row[free], col[free]) for row, col in cells]
    return routes


def pick_alternatives(
    graph: Graph, paths: Paths, within: float, apart: float, share: float, plateau: float, most: int, taken: np.ndarray
) -> list[np.ndarray]:
    """Routes on the graph, by their nodes, fastest first, that are different ways and would each be chosen for a part of it.

    That part is a plateau: the shortest paths from its nodes to both ends contain all of it. share: of a route's length that must
    lie in cells not taken before. plateau: share of its length that must be one plateau. The rest is as in `pick_routes`; taken:
    shape (rows, cols), bool; changed.

    Source: Abraham, Delling, Goldberg and Werneck 2013, Alternative routes in road networks (plateaus, after Cambridge Vehicle
    Information Technology).
    """
    near = paths.near(within)
    place = np.full(graph.size, -1, dtype=np.int32)
    place[near] = np.arange(len(near), dtype=np.int32)
    before = np.where(paths.before[near] >= 0, place[paths.before[near]], -1)
    after = np.where(paths.after[near] >= 0, place[paths.after[near]], -1)
    [here] = np.nonzero((before >= 0) & (after[before] == np.arange(len(near))))
    legs = coo_array((np.ones(len(here)), (here, before[here])), shape=(len(near), len(near)))
    _, number = connected_components(legs, directed=False)
    apart_by = np.hypot(*(graph.points(near[here]) - graph.points(near[before[here]])).T)
    lengths = np.bincount(number[here], apart_by, minlength=number.max(initial=0) + 1)
    straight = math.dist(*graph.place[-2:].tolist())
    [long] = np.nonzero(lengths[number] >= plateau * straight)
    long = long[np.argsort(paths.through[near[long]], kind="stable")]
    _, first = np.unique(number[long], return_index=True)
    routes: list[np.ndarray] = []
    for node in long[np.sort(first)]:
        route = paths.route(near[node])
        points = graph.points(route)
        legs_here = np.hypot(*np.diff(points, axis=0).T)
        length, free = legs_here.sum(), legs_here[~taken[_find_cells(points[1:], points[:-1], taken.shape)]].sum()
        if lengths[number[node]] >= plateau * length and free > 0 and free >= share * length:
            routes.append(route)
            take_cells(taken, points, apart)
            if len(routes) == most:
                break
    return routes


def _find_cells(a: np.ndarray, b: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(row, col) of the cells in which legs lie, whose ends are (row, col), shape (N, 2); of two, the one south or east."""
    row, col = np.floor((a + b) / 2).astype(np.int32).T
    return np.minimum(row, shape[0] - 1), np.minimum(col, shape[1] - 1)


def take_cells(taken: np.ndarray, points: np.ndarray, apart: float) -> None:
    """Mark the cells that a route through points (row, col), shape (N, 2), crosses, and those about `apart` cells from them."""
    down, right = (np.arange(-size, size + 1) for size in (min(math.ceil(apart), limit) for limit in taken.shape))
    disc = np.argwhere(np.hypot(down[:, None], right) <= apart) - [len(down) // 2, len(right) // 2]
    crossed = np.floor((points[1:] + points[:-1]) / 2).astype(np.int64)
    # Large discs need not be drawn around every cell.
    _stamp(taken, np.concatenate([crossed[:: max(1, int(apart / 10))], crossed[-1:]]), disc)


@compiled_loop
def _stamp(taken, centres, disc):  # type: ignore[no-untyped-def]
    rows, cols = taken.shape
    for i in range(len(centres)):
        for j in range(len(disc)):
            r, c = centres[i, 0] + disc[j, 0], centres[i, 1] + disc[j, 1]
            if 0 <= r < rows and 0 <= c < cols:
                taken[r, c] = True
