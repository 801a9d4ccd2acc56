"""Routes on a graph whose nodes are points on the cell edges (Steiner points), joined pairwise within each cell.

A route on the graph is a route on the ground that crosses edges only at these points, so its time is slightly too long; the error
falls about as the square of their spacing. The graph shows which routes are worth refining. Its arcs are not stored: the time
between two points of a cell is its slowness times their distance, computed when it is asked for.

Source: Aleksandrov, Maheshwari and Sack 2005, Determining approximate shortest paths on weighted polyhedral surfaces.
"""

import math
from typing import NamedTuple

import numpy as np

from terrain_cli.maps.cells import touching_cells
from terrain_cli.maps.heap import drop, enlarge, push
from terrain_cli.maps.loops import compiled_loop
from terrain_cli.maps.routes.crossings import Chain

# The sides of a cell are numbered north, south, west, east; its corners north-west, north-east, south-west, south-east.
SIDES = np.array([[0, 0], [1, 0], [0, 0], [0, 1]])  # where each side begins, (row, col) from the north-west corner
CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
MAX_NODES = 60_000_000  # about 3 GB


class Graph(NamedTuple):
    """The graph of some cells, C in number, with E edges, V corners and N nodes.

    cells: (row, col) of each, shape (C, 2). slowness: s per cell size, shape (C,). edges: of each cell, shape (C, 4). corners: the
    node at each corner of a cell, shape (C, 4). beside: the cells on both sides of each edge (north and south of it, or west and
    east), -1 where there is none, shape (E, 2). around: the cells around each corner, -1 where there is none, shape (V, 4).

    first: the number of the first node on each edge, shape (E + 1,); their order is from west to east and from north to south.
    After the nodes on edges come the corners, then the start and the goal. edge: of each node on an edge, shape (first[-1],).
    row, col: of the nodes, shape (N,). shut: the nodes at closed corners, shape (N,), bool. ends: the cells that contain the
    start and those that contain the goal, -1 beyond the last, shape (2, 4).
    """

    cells: np.ndarray
    slowness: np.ndarray
    edges: np.ndarray
    corners: np.ndarray
    beside: np.ndarray
    around: np.ndarray
    first: np.ndarray
    edge: np.ndarray
    row: np.ndarray
    col: np.ndarray
    shut: np.ndarray
    ends: np.ndarray

    @property
    def start(self) -> int:
        """The node at the start."""
        return len(self.row) - 2

    @property
    def goal(self) -> int:
        """The node at the goal."""
        return len(self.row) - 1

    def to_chain(self, routes: list[np.ndarray]) -> Chain:
        """Routes, given by their nodes, as one chain."""
        nodes = np.concatenate(routes)
        points = np.column_stack([self.row[nodes], self.col[nodes]])
        on_edge = nodes < len(self.edge)
        edge = self.edge[np.where(on_edge, nodes, 0)] if len(self.edge) else np.zeros(len(nodes), dtype=np.int64)
        lying = self.row[self.first[edge]] == np.floor(self.row[self.first[edge]])
        along = np.where(on_edge[:, None], np.where(lying[:, None], [0.0, 1.0], [1.0, 0.0]), 0.0)
        base = np.where(along > 0, np.floor(points), points)
        x = ((points - base) * along).sum(1)
        return Chain(base, along, x, np.repeat(np.arange(len(routes)), [len(route) for route in routes]))


@compiled_loop
def _number(inside):  # type: ignore[no-untyped-def]
    """Number the cells, edges and corners of the cells inside, row by row.

    inside: shape (rows + 2, cols + 2), bool, False on the border. Returns cells, edges, corners, beside and around, as in `Graph`.
    """
    rows, cols = inside.shape
    count = 0
    for r in range(1, rows - 1):
        for c in range(1, cols - 1):
            count += inside[r, c]
    cells = np.empty((count, 2), np.int32)
    edges, corners = np.empty((count, 4), np.int32), np.empty((count, 4), np.int32)
    beside, around = np.full((4 * count, 2), -1, np.int32), np.full((4 * count, 4), -1, np.int32)
    edge, corner, cell = 0, 0, 0
    north_edge, north_corner = np.full(cols, -1, np.int32), np.full(cols + 1, -1, np.int32)
    south_edge, south_corner = np.full(cols, -1, np.int32), np.full(cols + 1, -1, np.int32)
    for r in range(1, rows - 1):
        east = -1
        for c in range(1, cols - 1):
            if not inside[r, c]:
                east = -1
                continue
            cells[cell, 0], cells[cell, 1] = r - 1, c - 1
            if north_edge[c] < 0:
                north_edge[c] = edge
                edge += 1
            south_edge[c] = edge
            edge += 1
            if east < 0:
                east = edge
                edge += 1
            edges[cell, 0], edges[cell, 1], edges[cell, 2], edges[cell, 3] = north_edge[c], south_edge[c], east, edge
            east = edge
            edge += 1
            for side in range(4):
                beside[edges[cell, side], 1 - side % 2] = cell
            for j in range(2):
                if north_corner[c + j] < 0:
                    north_corner[c + j] = corner
                    corner += 1
                if south_corner[c + j] < 0:
                    south_corner[c + j] = corner
                    corner += 1
                corners[cell, j], corners[cell, 2 + j] = north_corner[c + j], south_corner[c + j]
            for k in range(4):
                around[corners[cell, k], 3 - k] = cell
            cell += 1
        north_edge, south_edge = south_edge, north_edge
        north_corner, south_corner = south_corner, north_corner
        south_edge[:] = -1
        south_corner[:] = -1
    return cells, edges, corners, beside[:edge].copy(), around[:corner].copy()


def make_graph(
    start: np.ndarray,
    goal: np.ndarray,
    inside: np.ndarray,
    count: int,
    slowness: np.ndarray,
    closed: np.ndarray,
    more: Chain | None = None,
) -> Graph:
    """The graph of the start, the goal, and `count` evenly spaced points on each edge of the cells `inside`.

    start, goal: (row, col), shape (2,). inside: free cells, shape (rows, cols), bool. slowness: shape (rows, cols). closed:
    corners that no path passes, shape (rows + 1, cols + 1), bool. more: further nodes; those on edges of the graph are added.
    """
    cells, edges, corners, beside, around = _number(np.pad(inside, 1))
    origin = np.zeros((len(beside), 2), dtype=np.int32)
    for side in range(4):
        origin[edges[:, side]] = cells + SIDES[side]
    lying = np.zeros(len(beside), dtype=bool)
    lying[edges[:, :2]] = True
    x = np.tile(np.arange(1, count + 1) / (count + 1), len(beside))
    edge = np.repeat(np.arange(len(beside), dtype=np.int32), count)
    if more is not None:
        edge, x = _add(edge, x, origin, lying, more)
    first = np.searchsorted(edge, np.arange(len(beside) + 1)).astype(np.int32)
    place = np.zeros((len(around), 2), dtype=np.int32)
    for k in range(4):
        place[corners[:, k]] = cells + CORNERS[k]
    shut = np.concatenate([np.zeros(len(edge), dtype=bool), closed[tuple(place.T)], [False, False]])
    row = np.concatenate([origin[edge, 0] + np.where(lying[edge], 0, x), place[:, 0], [start[0], goal[0]]])
    col = np.concatenate([origin[edge, 1] + np.where(lying[edge], x, 0), place[:, 1], [start[1], goal[1]]])
    ends = np.full((2, 4), -1, dtype=np.int32)
    for i, point in enumerate((start, goal)):
        touched = [cell for cell in touching_cells(*point.tolist(), inside.shape) if inside[cell]]
        ends[i, : len(touched)] = [np.flatnonzero(np.all(cells == cell, axis=1))[0] for cell in touched]
    slow = slowness[tuple(cells.T)]
    return Graph(cells, slow, edges, corners + np.int32(len(edge)), beside, around, first, edge, row, col, shut, ends)


def _add(
    edge: np.ndarray, x: np.ndarray, origin: np.ndarray, lying: np.ndarray, more: Chain
) -> tuple[np.ndarray, np.ndarray]:
    """The edge of each node and its place there, with those nodes added that can move along an edge of the graph."""
    more = more.take(more.moves & (more.x > 0) & (more.x < 1))
    if not len(more.x):
        return edge, x
    width = int(max(origin.max(initial=0), more.base.max(initial=0))) + 2

    def to_key(base: np.ndarray, lying: np.ndarray) -> np.ndarray:
        return np.asarray((base[:, 0].astype(np.int64) * width + base[:, 1].astype(np.int64)) * 2 + lying)

    keys = to_key(origin, lying)
    order = np.argsort(keys)
    wanted = to_key(more.base, more.along[:, 1] > 0)
    found = order[np.searchsorted(keys, wanted, sorter=order).clip(0, len(keys) - 1)]
    there = keys[found] == wanted
    edge, x = np.append(edge, found[there].astype(np.int32)), np.append(x, more.x[there])
    order = np.lexsort((x, edge))
    edge, x = edge[order], x[order]
    same = (edge[1:] == edge[:-1]) & (x[1:] == x[:-1])
    return np.delete(edge, np.flatnonzero(same)), np.delete(x, np.flatnonzero(same))


@compiled_loop
def _find_paths(graph, source, target, within, other, limit, time, before, through, settled):  # type: ignore[no-untyped-def]
    """Dijkstra's algorithm from one end of a graph to the nodes that matter.

    source, target: the ends. within: how much longer than the fastest, as a fraction, a route may take. other: times from the other
    end, or empty; then nodes through which a route takes longer than `limit` are not continued.
    time: from the source to each node; before: the node before it on the way; through: the cell by which it was reached; settled:
    at first, the nodes that no path passes. All have shape (N,), begin with inf and -1, and are changed.
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
                    begin, end = target, target + (at_target[0] == c or at_target[1] == c or at_target[2] == c or at_target[3] == c)
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
def _add_lengths(order, before, row, col, taken, length, free):  # type: ignore[no-untyped-def]
    """Add the length of the path from each node back to an end, and of what of it lies in cells that are not taken.

    order: the nodes, each after the one `before` it. taken: shape (rows, cols), bool. length, free: shape (N,); changed.
    """
    rows, cols = taken.shape
    whole, open_ = np.zeros(len(row)), np.zeros(len(row))
    for node in order:
        last = before[node]
        if last < 0:
            continue
        apart = math.hypot(row[node] - row[last], col[node] - col[last])
        r, c = int((row[node] + row[last]) / 2), int((col[node] + col[last]) / 2)
        whole[node] = whole[last] + apart
        open_[node] = open_[last] + (0.0 if taken[min(r, rows - 1), min(c, cols - 1)] else apart)
    for node in order:
        length[node] += whole[node]
        free[node] += open_[node]


@compiled_loop
def _trace(node, before):  # type: ignore[no-untyped-def]
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
    graph: Graph, paths: Paths, within: float, apart: float, share: float, most: int, taken: np.ndarray
) -> list[np.ndarray]:
    """Routes on the graph, by their nodes, fastest first, each of which passes through cells that are not taken.

    within: relative limit on how much longer than the fastest a route may take. apart: a route takes the cells that are at most so
    many cells away from its own. share: of its length that must lie in cells not taken before. most: the largest number of routes.
    taken: shape (rows, cols), bool; changed.
    """
    through = paths.through
    [near] = np.nonzero(through <= paths.best * (1 + within))
    forwards, backwards = (
        near[np.argsort(time[near], kind="stable")].astype(np.int32) for time in (paths.from_start, paths.to_goal)
    )
    routes: list[np.ndarray] = []
    while len(routes) < most:
        length, free = np.zeros(len(through)), np.zeros(len(through))
        _add_lengths(forwards, paths.before, graph.row, graph.col, taken, length, free)
        _add_lengths(backwards, paths.after, graph.row, graph.col, taken, length, free)
        differs = near[(free[near] >= share * length[near]) & (free[near] > 0)]
        if not len(differs):
            break
        node = int(differs[np.argmin(through[differs])])
        route = np.concatenate([_trace(node, paths.before)[::-1], [node], _trace(node, paths.after)])
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
