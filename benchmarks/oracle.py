"""An independent search for routes on small maps, to judge terrain's by: all arcs stored, SciPy's Dijkstra, and no descent.

Points on the cell edges are joined within each cell. After a first search, the points on the edges near the best route are moved
closer together around it, again and again, until their spacing no longer matters.
"""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

CLOSER, SPREAD = 3.0, 5  # the points are so many times closer each time, and so many lie on each side of a crossing
LEAST = 1e-7  # cells; where the spacing ends, whose effect on the time is of second order
NEAR = 1e-9


def search_independently(slowness: np.ndarray, start: np.ndarray, goal: np.ndarray, count: int) -> float:
    """The best time between two points (row, col), shape (2,), s per cell size; inf if no way leads there.

    slowness: shape (rows, cols), inf where blocked. count: points on each edge at first.
    """
    rows, cols = slowness.shape
    free = np.isfinite(slowness)
    share = np.arange(count + 2) / (count + 1)
    lying = [(float(r), c + x) for r in range(rows + 1) for c in range(cols) for x in share]
    standing = [(r + x, float(c)) for r in range(rows) for c in range(cols + 1) for x in share]
    time, route = _search(slowness, start, goal, np.array(sorted({*lying, *standing})))
    gap = 1 / (count + 1)
    while np.isfinite(time) and gap > LEAST:
        gap /= CLOSER
        offsets = np.arange(-SPREAD, SPREAD + 1) * gap
        points = {tuple(point) for point in route[1:-1].tolist()}
        for row, col in route[1:-1].tolist():
            for r in {np.floor(row), np.ceil(row)}:
                points |= {(float(r), float(c)) for c in (np.floor(col), np.ceil(col))}
            # At a corner the route may leave along any of the four edges.
            if abs(row - round(row)) < NEAR:
                points |= {(float(round(row)), x) for x in (col + offsets).tolist() if 0 <= x <= cols}
            if abs(col - round(col)) < NEAR:
                points |= {(x, float(round(col))) for x in (row + offsets).tolist() if 0 <= x <= rows}
        better, route = _search(slowness, start, goal, np.array(sorted(points)).reshape(-1, 2))
        time = min(time, better)
    assert free.any()
    return time


def _search(slowness: np.ndarray, start: np.ndarray, goal: np.ndarray, points: np.ndarray) -> tuple[float, np.ndarray]:
    """The time and the points of the best route over some points on cell edges, (row, col), shape (N, 2)."""
    blocked = np.isinf(np.pad(slowness, 1, constant_values=np.inf))
    corner = np.all(np.abs(points - np.rint(points)) < NEAR, axis=1)
    nw = np.where(corner[:, None], np.rint(points), 0).astype(int)
    a, b, c, d = (blocked[nw[:, 0] + i, nw[:, 1] + j] for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)))
    shut = corner & ((a & d & ~b & ~c) | (b & c & ~a & ~d))
    nodes = np.concatenate([[start, goal], points[~shut]])
    first, second, time = [], [], []
    order = np.argsort(nodes[:, 0], kind="stable")
    sorted_rows = nodes[order, 0]
    for r in range(slowness.shape[0]):
        band = order[np.searchsorted(sorted_rows, r - NEAR) : np.searchsorted(sorted_rows, r + 1 + NEAR, "right")]
        for c in range(slowness.shape[1]):
            if np.isfinite(slowness[r, c]):
                inside = band[np.abs(nodes[band, 1] - c - 0.5) <= 0.5 + NEAR]
                i, j = np.triu_indices(len(inside), 1)
                first.append(inside[i])
                second.append(inside[j])
                time.append(slowness[r, c] * np.hypot(*(nodes[inside[i]] - nodes[inside[j]]).T))
    i, j, t = (np.concatenate(parts) for parts in (first, second, time))
    # Two cells may join the same nodes, along their common edge: the faster one counts.
    low, high = np.minimum(i, j), np.maximum(i, j)
    order = np.lexsort((t, high, low))
    low, high, t = low[order], high[order], np.maximum(t[order], 1e-300)
    kept = np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1]))
    graph = coo_array((t[kept], (low[kept], high[kept])), shape=(len(nodes), len(nodes))).tocsr()
    times, before = dijkstra(graph, directed=False, indices=0, return_predecessors=True)
    route = [1]
    while before[route[-1]] >= 0:
        route.append(int(before[route[-1]]))
    return float(times[1]), _thin(nodes[route[::-1]], slowness)


def _thin(route: np.ndarray, slowness: np.ndarray) -> np.ndarray:
    """The route without points between two others that are joined as fast directly, whose number would grow each time."""

    def direct(a: np.ndarray, b: np.ndarray) -> float:
        low, high = np.maximum(a, b) - 1 - NEAR, np.minimum(a, b) + NEAR
        first, last = (
            np.maximum(np.ceil(low), 0).astype(int),
            np.minimum(np.floor(high), np.array(slowness.shape) - 1).astype(int),
        )
        shared = slowness[first[0] : last[0] + 1, first[1] : last[1] + 1]
        return float(shared.min(initial=np.inf)) * float(np.hypot(*(a - b)))

    kept = list(route)
    i = 1
    while i < len(kept) - 1:
        if direct(kept[i - 1], kept[i + 1]) <= (direct(kept[i - 1], kept[i]) + direct(kept[i], kept[i + 1])) * (
            1 + 1e-12
        ):
            del kept[i]
        else:
            i += 1
    return np.array(kept)
