"""Candidate routes from the times alone: from a corner of the cells, cell by cell, back to the start and on to the goal.

This needs no graph, so it works on maps of any size. The routes are approximate; refine.py improves them.
"""

import numpy as np

from terrain_cli.maps.routes.crossings import Chain, find_cells

FRONTS = (0.25, 0.5, 0.75)  # fractions of the time at which alternative routes are distinguished
APART = 30  # corners picked on one front are at least 1/APART of the way apart
EXITS = 4  # points on each side of a cell


def pick_corners(from_start: np.ndarray, to_goal: np.ndarray, within: float, most: int) -> np.ndarray:
    """Corners of the cells that good routes pass, (row, col), shape (K, 2), best first on each of the three fronts.

    from_start, to_goal: times from the start to the corners and from the corners to the goal, shape (rows + 1, cols + 1).
    within: relative limit on how much longer than the fastest route the best one through a corner may take. most: the largest
    number of corners on each front.
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


def ways_from_start(
    from_start: np.ndarray, start: np.ndarray, corners: np.ndarray, padded: np.ndarray
) -> list[np.ndarray]:
    """The ways from the start to corners, shape (K, 2), found backwards, against the direction of travel.

    from_start: times from the start to all corners, shape (rows + 1, cols + 1). Each way is an array of points (row, col) in the
    direction of travel; it begins elsewhere if the search got stuck before the start.
    """
    return [way[::-1] for way in _descend_times(from_start, start, corners, padded)]


def ways_to_goal(to_goal: np.ndarray, goal: np.ndarray, corners: np.ndarray, padded: np.ndarray) -> list[np.ndarray]:
    """The ways from corners, shape (K, 2), to the goal, found in the direction of travel.

    to_goal: times from all corners to the goal, shape (rows + 1, cols + 1). Each way is an array of points (row, col); it ends
    elsewhere if the search got stuck before the goal.
    """
    return _descend_times(to_goal, goal, corners, padded)


def _descend_times(times: np.ndarray, target: np.ndarray, corners: np.ndarray, padded: np.ndarray) -> list[np.ndarray]:
    """The ways from corners to the `target`, where the times are 0: points (row, col), one array for each corner.

    In each cell the way goes to the point of its border that minimizes the time there, interpolated linearly along the sides,
    plus the time to it. Crossing a cell takes as long in both directions. A way that finds no lower time ends where it is.
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
    """Points on the sides of cells as nodes."""
    base = np.floor(points)
    along = np.where(points > base, 1.0, 0.0)
    return Chain(base, along, (points - base).max(1), np.zeros(len(points), dtype=np.int64))


def interpolate(times: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Times at points (row, col) on the sides of cells, shape (..., 2), linear between the corners; inf for NaN points."""
    known = ~np.isnan(points).any(-1)
    low = np.floor(np.where(known[..., None], points, 0)).astype(np.int64)
    share = np.where(known[..., None], points, 0) - low
    high = low + (share > 0)
    a, b = times[low[..., 0], low[..., 1]], times[high[..., 0], high[..., 1]]
    part = share.max(-1)
    with np.errstate(invalid="ignore"):
        return np.where(known, np.where(part > 0, a * (1 - part) + b * part, a), np.inf)


def join_ways(
    from_start: list[np.ndarray], to_goal: list[np.ndarray], start: np.ndarray, goal: np.ndarray
) -> list[np.ndarray]:
    """Ways from the start to corners, joined with those from the corners to the goal; incomplete ones are left out."""
    return [
        np.concatenate([before, after[1:]])
        for before, after in zip(from_start, to_goal, strict=True)
        if np.array_equal(before[0], start) and np.array_equal(after[-1], goal)
    ]
