"""Fast marching: the corner with the least time is settled, and lowers the times of its neighbours (Sethian 1996).

The time of a corner comes from the three other corners of a cell by the box update, a wave through all four (Vidale 1988; Podvin
and Lecomte 1991), or straight from one of them. Each corner is settled once, however rough the ground. Near the starts, the times
are those of near.py.
"""

import math

import numpy as np

from terrain_cli.maps.fields.near import CELLS, FEW_CELLS, find_near
from terrain_cli.maps.ground import closed_corners
from terrain_cli.maps.heap import drop, make_heap, put
from terrain_cli.maps.loops import compiled_loop, helper

DIAGONAL = 2**0.5


@helper
def box(opposite: float, a: float, b: float, slowness: float) -> float:
    """The time of the fourth corner of a cell, from that where a wave enters and two neighbours; inf if there is no such wave."""
    if opposite > a or opposite > b:
        return math.inf
    square = 2 * slowness**2 - (a - b) ** 2
    if not square >= 0:
        return math.inf
    time = opposite + math.sqrt(square)
    return time if time >= a and time >= b else math.inf


def march(slowness: np.ndarray, closed: np.ndarray, times: np.ndarray, fixed: np.ndarray) -> None:
    """Lower the times at the corners to those of waves through the cells, in place.

    slowness: of the cells, with a border of inf, shape (rows + 2, cols + 2). closed: corners that no path passes, shape
    (rows + 1, cols + 1). times: upper bounds, inf where none is known, the same shape, as are the `fixed` ones, which stay.
    """
    _march(slowness, closed, times, fixed, -1.0)


def march_between(slowness: np.ndarray, closed: np.ndarray, times: np.ndarray, width: float) -> None:
    """Lower the times from one end and those to the other, times[0] and times[1], in place, as `march` does.

    Both advance together. Once they have met, they go on only where their sum is at most a fraction `width` above the least;
    elsewhere, the times are upper bounds. times: shape (2, rows + 1, cols + 1); the rest is as in `march`.
    """
    _march(slowness, closed, times, np.zeros(times.shape, dtype=bool), width)


@compiled_loop
def _march(slowness, closed, times, fixed, width):  # type: ignore[no-untyped-def]
    """See `march` and `march_between`, for which the width is not negative. Corner k of the second wave is that of number
    count + k."""
    cols, below, count = closed.shape[1], slowness.shape[1], closed.size
    time, shut, ground, known = times.ravel(), closed.ravel(), slowness.ravel(), fixed.ravel()
    settled = known.copy()
    keys, items, where = make_heap(len(time))
    waiting = np.int64(0)
    for k in range(len(time)):
        settled[k] |= shut[k - count if k >= count else k]
        if time[k] < math.inf:
            waiting = put(keys, items, where, waiting, time[k], k)
    least, limit = math.inf, math.inf
    while waiting:
        t, k = keys[0], items[0]
        waiting = drop(keys, items, where, waiting)
        across = 0  # to the same corner of the other wave
        if width >= 0:
            across = count if k < count else -count
            least = min(least, t + time[k + across])
            # What is farther than this from one end, on a way within the limit, is so near to the other that its wave has passed.
            if t > (0.5 + width) * least:
                limit = (1 + width) * least
            if t + time[k + across] > limit:
                continue
        corner = k - count if k >= count else k
        if shut[corner]:
            continue
        settled[k] = True
        cell = corner + corner // cols  # north-west of the corner
        for quadrant in range(4):
            down, right = quadrant // 2, quadrant % 2
            slow = ground[cell + down * below + right]
            if slow == math.inf:
                continue
            a, b = k + (cols if down else -cols), k + (1 if right else -1)
            opposite = a + b - k
            for target in (a, b, opposite):
                if settled[target]:
                    continue
                # This corner may be the last of three to be settled; they give the wave to the fourth.
                if target == opposite:
                    new = t + DIAGONAL * slow
                    if settled[a] and settled[b]:
                        new = min(new, box(t, time[a], time[b], slow))
                else:
                    new, enter = t + slow, a + b - target
                    if settled[enter] and settled[opposite]:
                        new = min(new, box(time[enter], time[opposite], t, slow))
                if new < time[target] and (limit == math.inf or new + time[target + across] <= limit):
                    time[target] = new
                    # As rounded, if times have 32 bits.
                    waiting = put(keys, items, where, waiting, time[target], target)


def march_from(slowness: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The time from the nearest of the starts to each corner of the cells, shape (rows + 1, cols + 1); inf if it is not reached.

    slowness: of the cells, shape (rows, cols), greater than 0, inf where blocked; the side of a cell is 1. starts: (row, col),
    shape (n, 2).
    """
    free = np.isfinite(slowness)
    if not free.any():
        return np.full((len(slowness) + 1, slowness.shape[1] + 1), np.inf)
    unit = float(2.0 ** np.floor(np.log2(np.min(slowness, where=free, initial=np.inf))))  # a power of two: no rounding
    cells = np.divide(slowness, unit, dtype=np.float64)
    closed = closed_corners(cells)
    times, limit = np.full(closed.shape, np.inf), np.inf
    for row, col in starts.tolist():
        near = find_near(cells, closed, row, col, max(CELLS // len(starts), FEW_CELLS))
        rows, cols = near.corners.shape
        there = times[near.top : near.top + rows, near.left : near.left + cols]
        np.minimum(there, near.corners, out=there)
        limit = min(limit, near.limit)
    if limit < np.inf:
        march(np.pad(cells, 1, constant_values=np.inf), closed, times, times <= limit)
    return times * unit
