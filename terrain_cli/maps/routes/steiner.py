"""Routes on a graph whose nodes are points on the cell edges (Steiner points), joined pairwise within each cell.

A route on the graph is a route on the ground that crosses edges only at these points, so its time is slightly too long; the error
falls about as the square of their spacing. The graph shows which routes are worth refining. It is undirected: crossing a cell
takes as long in both directions.

Source: Aleksandrov, Maheshwari and Sack 2005, Determining approximate shortest paths on weighted polyhedral surfaces.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from terrain_cli.maps.routes.crossings import Chain, find_cells, find_slowness, join

START, GOAL = 0, 1  # the first two nodes of every graph


class Graph(NamedTuple):
    """An undirected graph.

    nodes: the start, the goal, and points on cell edges, N in total. times: between nodes that share a cell, sparse, shape
    (N, N), each pair stored once, s per cell size.
    """

    nodes: Chain
    times: csr_array


def spread_points(cells: np.ndarray, closed: np.ndarray, count: int) -> Chain:
    """`count` evenly spaced points on each edge of the cells, and their corners except the closed ones.

    cells: shape (rows, cols), bool. closed: corners that no path passes, shape (rows + 1, cols + 1), bool.
    """
    around = np.pad(cells, 1)
    lying, standing = around[:-1] | around[1:], around[:, :-1] | around[:, 1:]
    corners = np.argwhere((lying[:, :-1] | lying[:, 1:]) & ~closed)
    lying, standing = np.argwhere(lying[:, 1:-1]), np.argwhere(standing[1:-1])
    base = np.concatenate([np.repeat(lying, count, 0), np.repeat(standing, count, 0), corners]).astype(float)
    edges = len(lying) + len(standing)
    along = np.repeat(
        [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]], [len(lying) * count, len(standing) * count, len(corners)], axis=0
    )
    x = np.append(np.tile(np.arange(1, count + 1) / (count + 1), edges), np.zeros(len(corners)))
    return Chain(base, along, x, np.zeros(len(x), dtype=np.int64))


def make_graph(start: np.ndarray, goal: np.ndarray, points: Chain, padded: np.ndarray, cells: np.ndarray) -> Graph:
    """The graph of the start, the goal and the points, joined pairwise within each of the `cells`, shape (rows, cols), bool.

    start, goal: (row, col), shape (2,). padded: slowness with a border of inf, shape (rows + 2, cols + 2). Along a grid line a
    node is joined only to the next one, through which the nodes beyond are reached.
    """
    ends = Chain(np.stack([start, goal]), np.zeros((2, 2)), np.zeros(2), np.zeros(2, dtype=np.int64))
    nodes = join([ends, points])
    inside = np.pad(cells, 1) & np.isfinite(padded)
    arcs = [*_along_lines(nodes, padded), *_across_cells(nodes, padded, inside)]
    a, b, time = (np.concatenate(values) for values in zip(*arcs, strict=True))
    tiny = np.finfo(float).tiny  # for two nodes at one place: a sparse graph treats 0 as no arc
    return Graph(nodes, csr_array((np.maximum(time, tiny), (a, b)), shape=(len(nodes.x), len(nodes.x))))


Arcs = tuple[np.ndarray, np.ndarray, np.ndarray]  # from, to, s per cell size


def _along_lines(nodes: Chain, padded: np.ndarray) -> Iterator[Arcs]:
    """Arcs from each node on a grid line to the next, through the faster of the cells beside them."""
    points = nodes.points
    for axis in (0, 1):
        [on] = np.nonzero((nodes.along[:, axis] == 0) & (nodes.base[:, axis] == np.rint(nodes.base[:, axis])))
        on = on[np.lexsort((points[on, 1 - axis], points[on, axis]))]
        a, b = on[:-1].astype(np.int32), on[1:].astype(np.int32)
        slowness = find_slowness(nodes.take(a), nodes.take(b), padded)
        joined = np.isfinite(slowness)
        a, b = a[joined], b[joined]
        yield a, b, slowness[joined] * np.abs(points[a, 1 - axis] - points[b, 1 - axis])


def _across_cells(nodes: Chain, padded: np.ndarray, inside: np.ndarray) -> Iterator[Arcs]:
    """Arcs between all nodes of a cell that are not on the same grid line, for each cell that is `inside`."""
    first, last = find_cells(nodes, nodes)
    found = []
    for shift in np.ndindex(2, 2):
        there = first + shift
        holds = np.all(there <= last, axis=1)
        holds[holds] = inside[tuple(there[holds].T + 1)]
        there, at = there[holds], nodes.take(holds)
        home = np.ravel_multi_index(tuple(there.T + 1), inside.shape)
        place = at.base - there + at.along * at.x[:, None]  # within the cell, without rounding errors
        found.append((np.flatnonzero(holds).astype(np.int32), home, place))
    node, cell, place = (np.concatenate(values) for values in zip(*found, strict=True))
    order = np.argsort(cell, kind="stable")
    node, cell, place = node[order], cell[order], place[order]
    side = np.packbits(np.column_stack([place == 0, place == 1]), axis=1)[:, 0]
    begin = np.flatnonzero(np.append(True, cell[1:] != cell[:-1]))
    size = np.diff(np.append(begin, len(cell)))
    for count in np.unique(size[size > 1]):  # cells with equally many nodes, and equal patterns of sides, at once
        one, other = np.triu_indices(count, 1)
        left = begin[size == count][:, None] + np.arange(count)
        while len(left):
            pattern = side[left[0]]
            like = np.all(side[left] == pattern, axis=1)
            members, left = left[like], left[~like]
            apart = pattern[one] & pattern[other] == 0
            a, b = one[apart], other[apart]
            places = place[members]
            if np.all(places == places[0]):
                places = places[:1]
            length = np.sqrt(((places[:, a] - places[:, b]) ** 2).sum(-1))
            time = padded.ravel()[cell[members[:, 0]]][:, None] * length
            nodes_ = node[members]
            yield np.take(nodes_, a, axis=1).ravel(), np.take(nodes_, b, axis=1).ravel(), time.ravel()


class Distances(NamedTuple):
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
        """Time of the best route through each node, shape (N,), s per cell size."""
        return np.asarray(self.from_start + self.to_goal)

    def route(self, node: int) -> list[int]:
        """The nodes of the best route through a node, from the start to the goal."""
        route = [node]
        while self.before[route[-1]] >= 0:
            route.append(int(self.before[route[-1]]))
        route.reverse()
        while self.after[route[-1]] >= 0:
            route.append(int(self.after[route[-1]]))
        return route


def measure(graph: Graph) -> Distances:
    """The times from the start to every node and from every node to the goal, by Dijkstra's algorithm."""
    times, nearer = dijkstra(graph.times, directed=False, indices=[START, GOAL], return_predecessors=True)
    return Distances(times[START], times[GOAL], nearer[START], nearer[GOAL])


def cells_through(graph: Graph, distances: Distances, within: float, cells: np.ndarray) -> np.ndarray:
    """The cells with a node through which a route takes at most a fraction `within` longer than the fastest.

    cells: those to choose from, shape (rows, cols), bool, as is the result.
    """
    through = distances.through
    near = graph.nodes.take(through <= through[START] * (1 + within))
    first, last = find_cells(near, near)
    found = np.zeros(np.array(cells.shape) + 2, dtype=bool)
    for shift in np.ndindex(2, 2):
        found[tuple(np.minimum(first + shift, last).T + 1)] = True
    return np.asarray(found[1:-1, 1:-1] & cells)


def pick_routes(graph: Graph, distances: Distances, within: float, apart: int) -> Iterator[list[int]]:
    """Routes on the graph, fastest first, each through a node more than `apart` cells away from all routes before it.

    within: relative limit on how much longer than the fastest a route may take.
    """
    through = distances.through
    [near] = np.nonzero(through <= np.min(through) * (1 + within))
    order = near[np.argsort(through[near], kind="stable")]
    row, col = np.floor(graph.nodes.points).astype(np.int64).T + apart
    width = int(col.max()) + apart + 1
    home = row * width + col
    around = (np.arange(-apart, apart + 1)[:, None] * width + np.arange(-apart, apart + 1)).reshape(-1, 1)
    taken = np.zeros((int(row.max()) + apart + 1) * width, dtype=bool)
    for node, at in zip(order.tolist(), home[order].tolist(), strict=True):
        if not taken[at]:
            route = distances.route(node)
            yield route
            taken[home[route] + around] = True


def to_chain(graph: Graph, routes: list[list[int]]) -> Chain:
    """The routes on the graph as one chain."""
    chain = graph.nodes.take(np.concatenate(routes))
    return chain._replace(route=np.repeat(np.arange(len(routes)), [len(route) for route in routes]))
