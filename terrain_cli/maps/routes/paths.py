"""Shortest paths on the graph of Steiner points, and which of them are worth a closer look."""

import math
from typing import NamedTuple

import numpy as np

from terrain_cli.maps.heap import drop, enlarge, push
from terrain_cli.maps.loops import compiled_loop
from terrain_cli.maps.routes.graph import Graph


@compiled_loop
def _find_paths(graph, source, target, within, other, limit, time, before, through, settled):  # type: ignore[no-untyped-def]
    """Dijkstra's algorithm from one end of a graph to the nodes that matter.

    source, target: the ends. within: how much longer than the fastest, as a fraction, a route may take. other: times from the
    other end, or empty; then nodes through which a route takes longer than `limit` are not continued. time: from the source to
    each node; before: the node before it on the way; through: the cell by which it was reached; settled: at first, the nodes
    that no path passes. All have shape (N,), begin with inf and -1, and are changed.
    """
    slowness, edges, corners, beside, around, first, edge, row, col = graph[1:10]
    nodes = len(row)
    on_edges, start = len(edge), nodes - 2
    at_target = graph.ends[target - start]
    keys, items = np.empty(1 << 14, np.float64), np.empty(1 << 14, np.int32)
    time[source], keys[0], items[0], size = 0.0, 0.0, source, 1
    while size > 0:
        now, node = keys[0], items[0]
        drop(keys, items, size)
        size -= 1
        if settled[node]:
            continue
        if now > time[target] * (1 + within):
            break
        settled[node] = True
        if len(other) and now + other[node] > limit:
            continue
        if node < on_edges:
            touched = beside[edge[node]]
        elif node < start:
            touched = around[node - on_edges]
        else:
            touched = graph.ends[node - start]
        for c in touched:
            if c < 0 or c == through[node]:  # what shares this cell was reached as fast from the node before
                continue
            for k in range(9):
                if k < 4:
                    begin, end = first[edges[c, k]], first[edges[c, k] + 1]
                elif k < 8:
                    begin, end = corners[c, k - 4], corners[c, k - 4] + 1
                else:
                    begin, end = (
                        target,
                        target + (at_target[0] == c or at_target[1] == c or at_target[2] == c or at_target[3] == c),
                    )
                for q in range(begin, end):
                    if settled[q]:
                        continue
                    down, right = row[q] - row[node], col[q] - col[node]
                    later = now + slowness[c] * np.sqrt(down * down + right * right)
                    if later < time[q]:
                        time[q], before[q], through[q] = later, node, c
                        if size == len(keys):
                            keys, items = enlarge(keys), enlarge(items)
                        push(keys, items, size, later, q)
                        size += 1


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


def find_paths(graph: Graph, within: float) -> Paths:
    """The shortest paths from the start and to the goal, through the nodes of routes that take at most a fraction `within` longer
    than the fastest."""
    from_start, before = _measure(graph, graph.start, graph.goal, within, np.empty(0), np.inf)
    limit = from_start[graph.goal] * (1 + within)
    to_goal, after = _measure(graph, graph.goal, graph.start, within, from_start, limit)
    return Paths(from_start, to_goal, before, after)


def _measure(
    graph: Graph, source: int, target: int, within: float, other: np.ndarray, limit: float
) -> tuple[np.ndarray, np.ndarray]:
    nodes = len(graph.row)
    time, before, through = np.full(nodes, np.inf), np.full(nodes, -1, np.int32), np.full(nodes, -1, np.int32)
    _find_paths(graph, source, target, within, other, limit, time, before, through, graph.shut.copy())
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
def _add_lengths(order, before, after, row, col, taken, length, free, agreed):  # type: ignore[no-untyped-def]
    """Add the length of the path from each node back to an end, that of what of it lies in cells that are not taken, and that of
    its last part, as far as the paths from its nodes to the other end follow it, too.

    order: the nodes, each after the one `before` it. after: the next node on the way to the other end. taken: shape (rows, cols),
    bool. length, free, agreed: shape (N,); changed.
    """
    rows, cols = taken.shape
    whole, open_, common = np.zeros(len(row)), np.zeros(len(row)), np.zeros(len(row))
    for node in order:
        last = before[node]
        if last < 0:
            continue
        apart = math.hypot(row[node] - row[last], col[node] - col[last])
        r, c = int((row[node] + row[last]) / 2), int((col[node] + col[last]) / 2)
        whole[node] = whole[last] + apart
        open_[node] = open_[last] + (0.0 if taken[min(r, rows - 1), min(c, cols - 1)] else apart)
        common[node] = common[last] + apart if after[last] == node else 0.0
    for node in order:
        length[node] += whole[node]
        free[node] += open_[node]
        agreed[node] += common[node]


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
    graph: Graph,
    paths: Paths,
    within: float,
    apart: float,
    share: float,
    most: int,
    taken: np.ndarray,
    plateau: float = 0.0,
) -> list[np.ndarray]:
    """Routes on the graph, by their nodes, fastest first, each of which passes through cells that are not taken.

    within: relative limit on how much longer than the fastest a route may take. apart: a route takes the cells that are at most
    so many cells away from its own. share: of its length that must lie in cells not taken before. most: the largest number of
    routes. taken: shape (rows, cols), bool; changed.
    """
    through = paths.through
    [near] = np.nonzero(through <= paths.best * (1 + within))
    forwards, backwards = (
        near[np.argsort(time[near], kind="stable")].astype(np.int32) for time in (paths.from_start, paths.to_goal)
    )
    routes: list[np.ndarray] = []
    while len(routes) < most:
        length, free, agreed = np.zeros((3, len(through)))
        on = graph.row, graph.col, taken, length, free, agreed
        _add_lengths(forwards, paths.before, paths.after, *on)
        _add_lengths(backwards, paths.after, paths.before, *on)
        good = (free > 0) & (free >= share * length) & (agreed >= plateau * length)
        differs = near[good[near]]
        if not len(differs):
            break
        node = int(differs[np.argmin(through[differs])])
        route = np.concatenate([trace(node, paths.before)[::-1], [node], trace(node, paths.after)])
        routes.append(route)
        take_cells(taken, np.column_stack([graph.row[route], graph.col[route]]), apart)
    return routes


def take_cells(taken: np.ndarray, points: np.ndarray, apart: float) -> None:
    """Mark the cells that a route through points (row, col), shape (N, 2), crosses, and those at most `apart` cells from them."""
    reach = np.arange(-math.ceil(apart), math.ceil(apart) + 1)
    disc = np.argwhere(np.hypot(reach[:, None], reach) <= apart) - math.ceil(apart)
    crossed = np.unique(np.floor((points[1:] + points[:-1]) / 2).astype(np.int64), axis=0)
    _stamp(taken, crossed, disc)


@compiled_loop
def _stamp(taken, centres, disc):  # type: ignore[no-untyped-def]
    rows, cols = taken.shape
    for i in range(len(centres)):
        for j in range(len(disc)):
            r, c = centres[i, 0] + disc[j, 0], centres[i, 1] + disc[j, 1]
            if 0 <= r < rows and 0 <= c < cols:
                taken[r, c] = True
