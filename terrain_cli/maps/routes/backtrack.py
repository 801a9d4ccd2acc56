"""Routes read off arrival times: from a corner of the cells downhill, cell by cell, to where the times are from.

They are found without a graph, so on maps of any size; refining them is left to others.
"""

import itertools

import numpy as np

from terrain_cli.maps.routes.crossings import Chain, find_cells

FRONTS = (0.25, 0.5, 0.75)  # of the way, by time: where routes are told apart
APART = 30  # routes through one front lie at least this share of the way apart
EXITS = 4  # to a side of a cell


def pick_corners(from_start: np.ndarray, to_goal: np.ndarray, within: float, most: int) -> np.ndarray:
    """Corners of the cells that good routes pass, (row, col), shape (K, 2): some on each of three fronts, the best first.

    from_start, to_goal: arrival times from both ends, shape (rows + 1, cols + 1). within: how much longer than the fastest a
    route through a corner may take, relative. most: corners on each front at most.
    """
    through = from_start + to_goal
    least = float(np.min(through))
    good = through <= least * (1 + within)
    steps = float(np.hypot(*np.ptp(np.argwhere(good), axis=0)))
    picked: list[np.ndarray] = []
    for share in FRONTS:
        before = from_start <= share * least
        front = np.zeros_like(good)
        front[:-1] |= before[:-1] != before[1:]
        front[:, :-1] |= before[:, :-1] != before[:, 1:]
        corners = np.argwhere(front & good)
        corners = corners[np.argsort(through[tuple(corners.T)], kind="stable")]
        for _ in range(most):
            if not len(corners):
                break
            picked.append(corners[0])
            corners = corners[np.hypot(*(corners - corners[0]).T) > max(2.0, steps / APART)]
    return np.array(picked, dtype=np.int64).reshape(-1, 2)


def follow_times(times: np.ndarray, target: np.ndarray, corners: np.ndarray, padded: np.ndarray) -> list[np.ndarray]:
    """The ways from corners, shape (K, 2), to the `target` that the times are from: points (row, col), one array for each corner.

    In each cell the way leads to the point of its border that is reached earliest, with times linear along the sides. A way
    that finds nothing lower ends where it is; the last point is then not the target.
    """
    sides = np.arange(EXITS) / EXITS
    zero, one = np.zeros(EXITS), np.ones(EXITS)
    border = np.concatenate(
        [np.column_stack(side) for side in ((zero, sides), (sides, one), (one, 1 - sides), (1 - sides, zero))]
    )
    at = corners.astype(float)
    ways: list[list[np.ndarray]] = [[point.copy()] for point in at]
    going = np.arange(len(at))
    goal = Chain(target[None], np.zeros((1, 2)), np.zeros(1), np.zeros(1, dtype=np.int64))
    for _ in range(4 * sum(times.shape)):
        here = _nodes(at[going])
        first, last = find_cells(here, Chain(*(np.repeat(value, len(going), 0) for value in goal)))
        arrived = np.all(first <= last, axis=1)
        for i in going[arrived]:
            ways[i].append(target)
        going, here = going[~arrived], here.take(~arrived)
        if not len(going):
            break
        first, last = find_cells(here, here)
        cells = np.stack([np.minimum(first + shift, last) for shift in np.ndindex(2, 2)], axis=1)
        slowness = padded[tuple(np.moveaxis(cells + 1, -1, 0))]
        exits = cells[:, :, None] + border
        arrival = interpolate(times, np.where(np.isfinite(slowness)[..., None, None], exits, np.nan))
        length = np.hypot(*np.moveaxis(exits - at[going][:, None, None], -1, 0))
        with np.errstate(invalid="ignore"):
            lower = arrival < interpolate(times, at[going])[:, None, None] * (1 - 1e-12)
            total = np.where(lower & (length > 0), arrival + slowness[..., None] * length, np.inf).reshape(
                len(going), -1
            )
        best = np.argmin(total, axis=1)
        moves = np.isfinite(total[np.arange(len(going)), best])
        at[going] = exits.reshape(len(going), -1, 2)[np.arange(len(going)), best]
        going = going[moves]
        for i in going:
            ways[i].append(at[i].copy())
    return [np.array(way) for way in ways]


def _nodes(points: np.ndarray) -> Chain:
    """Points on cell sides as nodes."""
    base = np.floor(points)
    along = np.where(points > base, 1.0, 0.0)
    return Chain(base, along, (points - base).max(1), np.zeros(len(points), dtype=np.int64))


def interpolate(times: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Times at points (row, col) on sides of cells, shape (..., 2), linear between the corners; inf for NaN."""
    known = ~np.isnan(points).any(-1)
    low = np.floor(np.where(known[..., None], points, 0)).astype(np.int64)
    share = np.where(known[..., None], points, 0) - low
    high = low + (share > 0)
    a, b = times[low[..., 0], low[..., 1]], times[high[..., 0], high[..., 1]]
    part = share.max(-1)
    with np.errstate(invalid="ignore"):
        return np.where(known, np.where(part > 0, a * (1 - part) + b * part, a), np.inf)


def join_ways(there: list[np.ndarray], back: list[np.ndarray], start: np.ndarray, goal: np.ndarray) -> list[np.ndarray]:
    """Ways from corners to the start and to the goal joined to routes from start to goal; without those that end elsewhere."""
    routes = []
    for to_start, to_goal in itertools.zip_longest(there, back):
        if np.array_equal(to_start[-1], start) and np.array_equal(to_goal[-1], goal):
            routes.append(np.concatenate([to_start[::-1], to_goal[1:]]))
    return routes
