"""Arrival times over small maps by another way: Dijkstra's algorithm of SciPy on a stored graph of points on the cell edges.

Its points are dense, and denser towards the start on the edges around it, so its times are a little above the exact ones. It shares
no code with the package.
"""

from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

Numbers = np.ndarray[Any, Any]


def draw_small(seed: int, contrast: float, most: int = 12) -> tuple[Numbers, tuple[float, float]]:
    """A map of 2 to `most` cells a side, perhaps with walls, and a start in it: inside a cell, near an edge, or on one or two."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(2, most + 1, 2))
    slowness = float(contrast) ** (rng.random(shape) if rng.random() < 0.7 else rng.integers(0, 2, shape))
    slowness[rng.random(shape) < rng.choice([0, 0.15, 0.3])] = np.inf
    if np.isinf(slowness).all():
        return draw_small(seed + 10**6, contrast, most)
    free = np.argwhere(np.isfinite(slowness))
    inside = rng.random(2) * rng.choice([1, 1, 0.05])
    lies = rng.integers(6)  # on an edge, on a corner, or anywhere
    if lies == 0:
        inside[rng.integers(2)] = rng.integers(2)
    elif lies == 1:
        inside = rng.integers(0, 2, 2).astype(float)
    row, col = (free[rng.integers(len(free))] + inside).tolist()
    return slowness, (row, col)


def touched(slowness: Numbers, row: float, col: float) -> list[tuple[int, int]]:
    """The free cells that hold a point, borders included."""
    cells = [(r, c) for r, c in np.ndindex(*slowness.shape) if r <= row <= r + 1 and c <= col <= c + 1]
    return [cell for cell in cells if np.isfinite(slowness[cell])]


def find_times(slowness: Numbers, start: tuple[float, float], count: int = 40, nearest: float = 1e-4) -> Numbers:
    """The times from the start to the corners of the cells, shape (rows + 1, cols + 1); inf where no way leads.

    count: points on each edge. nearest: cells; how close to the start there are more of them.
    """
    even = np.arange(1, count + 1) / (count + 1)
    more = np.concatenate([[0.0], np.geomspace(nearest, 1, 1 + int(-2 * count / 10 * np.log10(nearest)))])
    points, taken = [np.array([start])], 1
    arcs: list[Numbers] = []
    slow_of: list[Numbers] = []
    for r, c in np.argwhere(np.isfinite(slowness)).tolist():
        sides = []
        for axis, line, begin in ((0, r, c), (0, r + 1, c), (1, c, r), (1, c + 1, r)):
            along = even + begin
            closest = min(max(start[1 - axis], begin), begin + 1)
            if np.hypot(start[axis] - line, start[1 - axis] - closest) < 1:
                along = np.concatenate([along, closest + more, closest - more])
            along = np.unique(np.append(along[(along > begin) & (along < begin + 1)], [begin, begin + 1]))
            across = np.full(len(along), float(line))
            points.append(np.stack([along, across] if axis else [across, along], axis=1))
            sides.append(taken + np.arange(len(along)))
            taken += len(along)
        joined = [np.stack([side[:-1], side[1:]]) for side in sides]
        joined += [
            np.stack([np.repeat(sides[a], len(sides[b])), np.tile(sides[b], len(sides[a]))])
            for a in range(4)
            for b in range(a + 1, 4)
        ]
        if (r, c) in touched(slowness, *start):
            joined += [np.stack([np.zeros_like(side), side]) for side in sides]
        arcs += joined
        slow_of.append(np.full(sum(pair.shape[1] for pair in joined), slowness[r, c]))
    places, index = np.unique(np.concatenate(points), axis=0, return_inverse=True)
    blocked = np.pad(np.isinf(slowness), 1, constant_values=True)
    nw, ne, sw, se = blocked[:-1, :-1], blocked[:-1, 1:], blocked[1:, :-1], blocked[1:, 1:]
    closed = (nw == se) & (ne == sw) & (nw != ne)
    corner = np.all(places == np.rint(places), axis=1)
    shut = np.zeros(len(places), dtype=bool)
    shut[corner] = closed[tuple(places[corner].astype(int).T)]
    from_start = index[0]
    shut[from_start] = False
    pairs = index.ravel()[np.concatenate(arcs, axis=1)]
    times = np.concatenate(slow_of) * np.hypot(*(places[pairs[0]] - places[pairs[1]]).T)
    kept = ~shut[pairs].any(axis=0) & (pairs[0] != pairs[1])
    pairs, times = np.sort(pairs[:, kept], axis=0), times[kept]
    order = np.argsort(times, kind="stable")  # of several arcs between two points, the shortest
    _, first = np.unique(pairs[0, order] * len(places) + pairs[1, order], return_index=True)
    (a, b), times = pairs[:, order[first]], times[order[first]]
    reached = dijkstra(csr_array((times, (a, b)), shape=(len(places),) * 2), directed=False, indices=from_start)
    found = np.full(closed.shape, np.inf)
    found[tuple(places[corner].astype(int).T)] = reached[corner]
    return found
