"""A graph whose nodes are points on the cell edges (Steiner points), joined pairwise within each cell.

A route on the graph is a route on the ground that crosses edges only at these points, so its time is slightly too long; the error
falls about as the square of their spacing. The graph shows which routes are worth refining. Its arcs are not stored: the time
between two points of a cell is its slowness times their distance, computed when it is asked for.

Source: Aleksandrov, Maheshwari and Sack 2005, Determining approximate shortest paths on weighted polyhedral surfaces.
"""

from typing import NamedTuple

import numpy as np

from terrain_cli.maps.cells import touching_cells
from terrain_cli.maps.loops import compiled_loop
from terrain_cli.maps.routes.chains import Chain

# The sides of a cell are numbered north, south, west, east; its corners north-west, north-east, south-west, south-east.
SIDES = np.array([[0, 0], [1, 0], [0, 0], [0, 1]])  # where each side begins, (row, col) from the north-west corner
CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


class Graph(NamedTuple):
    """The graph of some cells, C in number, with E edges, M nodes on them and V corners.

    cells: (row, col) of each, shape (C, 2). slowness: s per cell size, shape (C,). edges: of each cell, shape (C, 4). corners:
    the node at each corner of a cell, shape (C, 4). beside: the cells on both sides of each edge (north and south of it, or west
    and east), -1 where there is none, shape (E, 2). around: the cells around each corner, -1 where there is none, shape (V, 4).

    first: the number of the first node on each edge, shape (E + 1,); their order is from west to east and from north to south.
    edge: of each node on an edge, x: its distance from where that begins, shape (M,). origin: where each edge begins, (row,
    col), shape (E, 2). lying: the edges from west to east, shape (E,), bool. After the nodes on edges come the corners, then the
    start and the goal. place: (row, col) of these, shape (V + 2, 2). shut: which of these no path passes, as they are closed
    corners, shape (V + 2,), bool. ends: the cells that contain the start and those that contain the goal, -1 beyond the last,
    shape (2, 4).
    """

    cells: np.ndarray
    slowness: np.ndarray
    edges: np.ndarray
    corners: np.ndarray
    beside: np.ndarray
    around: np.ndarray
    first: np.ndarray
    edge: np.ndarray
    x: np.ndarray
    origin: np.ndarray
    lying: np.ndarray
    place: np.ndarray
    shut: np.ndarray
    ends: np.ndarray

    @property
    def size(self) -> int:
        """The number of nodes, N."""
        return len(self.edge) + len(self.place)

    @property
    def start(self) -> int:
        """The node at the start."""
        return self.size - 2

    @property
    def goal(self) -> int:
        """The node at the goal."""
        return self.size - 1

    def points(self, nodes: np.ndarray) -> np.ndarray:
        """(row, col) of some nodes, shape (n, 2)."""
        base, along, x = self._locate(nodes)
        return np.asarray(base + along * x[:, None])

    def find_edges(self, nodes: Chain) -> tuple[np.ndarray, Chain]:
        """The edge along which each of some nodes can move, shape (n,), and the nodes; those on no edge are left out."""
        return _find_edges(self.cells, self.edges, nodes)

    def to_chain(self, routes: list[np.ndarray]) -> Chain:
        """Routes, given by their nodes, as one chain."""
        base, along, x = self._locate(np.concatenate(routes))
        return Chain(base, along, x, np.repeat(np.arange(len(routes)), [len(route) for route in routes]))

    def _locate(self, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where nodes lie: base + along x, as in `Chain`."""
        on_edge = nodes < len(self.edge)
        base, along, x = np.zeros((len(nodes), 2)), np.zeros((len(nodes), 2)), np.zeros(len(nodes))
        moving = nodes[on_edge]
        edge = self.edge.take(moving)
        lying = self.lying.take(edge)
        base[on_edge], x[on_edge] = self.origin.take(edge, axis=0), self.x.take(moving)
        along[on_edge] = np.column_stack([~lying, lying])
        base[~on_edge] = self.place[nodes[~on_edge] - len(self.edge)]
        return base, along, x


def _number(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Number the cells, edges and corners of the cells inside, row by row.

    inside: shape (rows + 2, cols + 2), bool, False on the border. Returns cells, edges, corners, beside and around, as in
    `Graph`.
    """
    count = int(np.count_nonzero(inside))
    cells, edges, corners = (np.empty((count, width), np.int32) for width in (2, 4, 4))
    beside, around = (np.full((4 * count, width), -1, np.int32) for width in (2, 4))
    lines = np.full((4, inside.shape[1] + 1), -1, np.int32)
    edge, corner = _number_each(inside, lines, cells, edges, corners, beside, around)
    return cells, edges, corners, beside[:edge].copy(), around[:corner].copy()


@compiled_loop
def _number_each(inside, lines, cells, edges, corners, beside, around):  # type: ignore[no-untyped-def]
    """Fill the arrays of `_number`, and count the edges and the corners. lines: those north and south of a row, at first -1.

    The arrays come from outside: to make them here would take longer to compile than the loop itself.
    """
    rows, cols = inside.shape
    edge, corner, cell = 0, 0, 0
    north_edge, south_edge, north_corner, south_corner = lines[0], lines[1], lines[2], lines[3]
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
        for c in range(cols + 1):
            south_edge[c] = south_corner[c] = -1
    return edge, corner


def make_graph(
    start: np.ndarray,
    goal: np.ndarray,
    inside: np.ndarray,
    count: int,
    slowness: np.ndarray,
    closed: np.ndarray,
    more: Chain | None = None,
    detail: int = 1,
) -> Graph:
    """The graph of the start, the goal, and `count` evenly spaced points on each edge of the cells `inside`.

    start, goal: (row, col), shape (2,). inside: free cells, shape (rows, cols), bool. slowness: shape (rows, cols). closed:
    corners that no path passes, shape (rows + 1, cols + 1), bool. more: further nodes; those on edges of the graph are added.
    detail: how many times finer the cells `inside`, and all positions, are than those of the map.
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
        edge, x = _add(edge, x, cells, edges, more)
    counts = np.bincount(edge, minlength=len(beside))
    first = np.append(0, np.cumsum(counts)).astype(np.int32)
    place = np.empty((len(around) + 2, 2))
    for k in range(4):
        place[corners[:, k]] = cells + CORNERS[k]
    place[-2:] = start, goal
    at_corner = place[:-2].astype(np.int32)
    on_map = closed[tuple((at_corner // detail).T)] & np.all(at_corner % detail == 0, axis=1)
    shut = np.append(on_map, [False, False])
    ends = np.full((2, 4), -1, dtype=np.int32)
    for i, point in enumerate((start, goal)):
        touched = [cell for cell in touching_cells(float(point[0]), float(point[1]), inside.shape) if inside[cell]]
        ends[i, : len(touched)] = [np.flatnonzero(np.all(cells == cell, axis=1))[0] for cell in touched]
    slow = slowness[tuple((cells // detail).T)]
    nodes = corners + np.int32(len(edge))
    return Graph(cells, slow, edges, nodes, beside, around, first, edge, x, origin, lying, place, shut, ends)


def _add(
    edge: np.ndarray, x: np.ndarray, cells: np.ndarray, edges: np.ndarray, more: Chain
) -> tuple[np.ndarray, np.ndarray]:
    """The edge of each node and its place there, with those nodes added that can move along an edge of the graph."""
    found, there = _find_edges(cells, edges, more)
    if not len(found):
        return edge, x
    # Only the nodes on these edges are sorted: most edges get no further node.
    gets_more = np.zeros(int(edges.max()) + 1, dtype=bool)
    gets_more[found] = True
    chosen = gets_more[edge]
    new_edge, new_x = np.append(edge[chosen], found), np.append(x[chosen], there.x)
    order = np.lexsort((new_x, new_edge))
    new_edge, new_x = new_edge[order], new_x[order]
    differs = np.append(True, (np.diff(new_edge) > 0) | (np.diff(new_x) > 0))
    new_edge, new_x = new_edge[differs], new_x[differs]
    edge, x = edge[~chosen], x[~chosen]
    at = np.searchsorted(edge, new_edge)
    return np.insert(edge, at, new_edge), np.insert(x, at, new_x)


def _find_edges(cells: np.ndarray, edges: np.ndarray, nodes: Chain) -> tuple[np.ndarray, Chain]:
    """See `Graph.find_edges`; cells, edges: of the graph."""
    inner = nodes.moves & (nodes.x > 0) & (nodes.x < 1)
    nodes = nodes if inner.all() else nodes.take(inner)
    width = int(max(cells.max(initial=0), nodes.base.max(initial=0))) + 2
    keys = cells @ np.array([width, 1])  # they increase, since cells are numbered row by row
    lying = nodes.along[:, 1] > 0
    south_east = nodes.base.astype(np.int64)
    north_west = south_east - np.column_stack([lying, ~lying])
    found = np.full(len(nodes.x), -1, dtype=np.int32)
    for cell, side in (south_east, np.where(lying, 0, 2)), (north_west, np.where(lying, 1, 3)):
        wanted = cell @ np.array([width, 1])
        at = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
        [here] = np.nonzero(keys[at] == wanted)
        found[here] = edges[at[here], side[here]]
    there = found >= 0
    return (found, nodes) if there.all() else (found[there], nodes.take(there))
