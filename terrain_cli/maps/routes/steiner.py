"""Routes on a graph: points on the cell edges are its nodes, and within a cell each is joined to each (Steiner points).

A route on the graph is a route on the ground that may cross edges at those points alone, so its time is a little too long; the
error falls about as the square of their spacing. It serves to say which routes are worth refining.

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
    """nodes: the start, the goal, and points on cell edges, N in all. times: between those that share a cell, sparse, shape
    (N, N), each pair once, s per cell size."""

    nodes: Chain
    times: csr_array


def spread_points(cells: np.ndarray, closed: np.ndarray, count: int) -> Chain:
    """`count` points evenly on each edge of the `cells`, shape (rows, cols), bool, and their corners but the closed ones."""
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
    """The graph of the start, the goal and the points, each joined to each within the `cells`, shape (rows, cols), bool.

    Along a grid line each is joined to the next alone: those beyond are reached by way of it.
    """
    ends = Chain(np.stack([start, goal]), np.zeros((2, 2)), np.zeros(2), np.zeros(2, dtype=np.int64))
    nodes = join([ends, points])
    inside = np.pad(cells, 1) & np.isfinite(padded)
    arcs = [*_along_lines(nodes, padded), *_across_cells(nodes, padded, inside)]
    a, b, time = (np.concatenate(values) for values in zip(*arcs, strict=True))
    tiny = np.finfo(float).tiny  # two nodes in one place: to a sparse graph 0 is no arc
    return Graph(nodes, csr_array((np.maximum(time, tiny), (a, b)), shape=(len(nodes.x), len(nodes.x))))


Arcs = tuple[np.ndarray, np.ndarray, np.ndarray]  # from, to, s per cell size


def _along_lines(nodes: Chain, padded: np.ndarray) -> Iterator[Arcs]:
    """From each node on a line of the grid to the next, through the faster of the cells beside it."""
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
    """From each node to all in the same cell that are not on a line of the grid with it, for the cells that are `inside`."""
    first, last = find_cells(nodes, nodes)
    found = []
    for shift in np.ndindex(2, 2):
        there = first + shift
        holds = np.all(there <= last, axis=1)
        holds[holds] = inside[tuple(there[holds].T + 1)]
        there, at = there[holds], nodes.take(holds)
        home = np.ravel_multi_index(tuple(there.T + 1), inside.shape)
        place = at.base - there + at.along * at.x[:, None]  # in the cell, without rounding
        found.append((np.flatnonzero(holds).astype(np.int32), home, place))
    node, cell, place = (np.concatenate(values) for values in zip(*found, strict=True))
    order = np.argsort(cell, kind="stable")
    node, cell, place = node[order], cell[order], place[order]
    side = np.packbits(np.column_stack([place == 0, place == 1]), axis=1)[:, 0]
    begin = np.flatnonzero(np.append(True, cell[1:] != cell[:-1]))
    size = np.diff(np.append(begin, len(cell)))
    for count in np.unique(size[size > 1]):  # cells with as many nodes, and of those the ones alike, in one go
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
    """Of each node of a graph. time: from the start and from the goal, shape (2, N), s per cell size. before: the node before
    it on the way there, shape (2, N)."""

    time: np.ndarray
    before: np.ndarray

    @property
    def through(self) -> np.ndarray:
        """Time of the best route through each node, shape (N,)."""
        return np.asarray(self.time.sum(0))

    def route(self, node: int) -> list[int]:
        """The best route through a node, from the start to the goal."""
        route = [node]
        while self.before[START, route[-1]] >= 0:
            route.append(int(self.before[START, route[-1]]))
        route.reverse()
        while self.before[GOAL, route[-1]] >= 0:
            route.append(int(self.before[GOAL, route[-1]]))
        return route


def measure(graph: Graph) -> Distances:
    """The times from both ends to every node, by Dijkstra's algorithm."""
    return Distances(*dijkstra(graph.times, directed=False, indices=[START, GOAL], return_predecessors=True))


def cells_through(graph: Graph, distances: Distances, within: float, cells: np.ndarray) -> np.ndarray:
    """Those of the cells, shape (rows, cols), through a node of which a route takes at most `within`, relative, longer than the
    fastest."""
    through = distances.through
    near = graph.nodes.take(through <= through[START] * (1 + within))
    first, last = find_cells(near, near)
    found = np.zeros(np.array(cells.shape) + 2, dtype=bool)
    for shift in np.ndindex(2, 2):
        found[tuple(np.minimum(first + shift, last).T + 1)] = True
    return np.asarray(found[1:-1, 1:-1] & cells)


def pick_routes(graph: Graph, distances: Distances, within: float, apart: int) -> Iterator[list[int]]:
    """Routes on the graph, the fastest first, each through a node that is `apart` cells from all before it.

    within: how much longer than the fastest, relative.
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
