"""Straight lines across the cells of a map, traced exactly: the crossings with every cell edge, and the time they take."""

from typing import NamedTuple

import numpy as np

TOUCH = 1e-12  # of a line's length: crossings closer than this are one, at a corner
NEAR = 1e-9  # cells: as good as at a corner


class Pieces(NamedTuple):
    """Straight lines cut at the cell edges, all one after the other.

    line: which line each piece belongs to. start: where it begins, as a share of its line. share: how much of it it is. time: s
    per cell size, inf where blocked. All of shape (K,).
    """

    line: np.ndarray
    start: np.ndarray
    share: np.ndarray
    time: np.ndarray


def trace_lines(a: np.ndarray, b: np.ndarray, padded: np.ndarray, closed: np.ndarray) -> Pieces:
    """The straight lines from `a` to `b`, shape (M, 2) each, cut at every cell edge.

    A piece along an edge takes the lesser slowness of the two cells beside it. A line through a closed corner takes for ever.
    """
    lines, starts = [np.arange(len(a))], [np.zeros(len(a))]
    step = b - a
    for axis in (0, 1):
        low, high = np.minimum(a[:, axis], b[:, axis]), np.maximum(a[:, axis], b[:, axis])
        first = np.floor(low).astype(np.int64) + 1
        count = np.maximum(np.ceil(high).astype(np.int64) - first, 0)
        line = np.repeat(np.arange(len(a)), count)
        number = first[line] + np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
        lines.append(line)
        starts.append((number - a[line, axis]) / step[line, axis])
    line, start = np.concatenate(lines), np.concatenate(starts)
    order = np.lexsort((start, line))
    line, start = line[order], start[order]
    last = np.append(line[1:] != line[:-1], True)
    end = np.where(last, 1.0, np.append(start[1:], 1.0))
    share = end - start
    middle = a[line] + step[line] * ((start + end) / 2)[:, None]
    cell = np.floor(middle).astype(np.int64)
    slowness = padded[cell[:, 0] + 1, cell[:, 1] + 1]
    for axis in (0, 1):
        on_line = (step[line, axis] == 0) & (middle[:, axis] == cell[:, axis])
        before = cell - (axis == 0, axis == 1)
        slowness = np.where(on_line, np.minimum(slowness, padded[before[:, 0] + 1, before[:, 1] + 1]), slowness)
    length = np.hypot(step[:, 0], step[:, 1])[line] * share
    with np.errstate(invalid="ignore"):
        time = np.where(share > TOUCH, slowness * length, 0.0)

    for place in (a[line] + step[line] * start[:, None], a[line] + step[line] * end[:, None]):
        corner = np.rint(place).astype(np.int64)
        shut = closed[corner[:, 0], corner[:, 1]] & (np.abs(place - corner).max(1) < NEAR)
        time = np.where(shut, np.inf, time)
    return Pieces(line, start, share, time)
