"""Straight lines across the cells of a map, traced exactly: the crossings with every cell edge, and the time they take."""

from typing import NamedTuple

import numpy as np

TOUCH = 1e-12  # of a line's length: crossings closer than this are one, at a corner


class Pieces(NamedTuple):
    """Straight lines cut at the cell edges, all one after the other.

    line: which line each piece belongs to. start: where it begins, as a share of its line. share: how much of it it is.
    row, col: the cell it lies in. time: s per cell size; inf where blocked.
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
    for axis in (0, 1):  # along a grid line
        along = (step[line, axis] == 0) & (middle[:, axis] == cell[:, axis])
        other = cell + (0, 1)[axis == 1] * np.array([0, 0])
        other = cell.copy()
        other[:, axis] -= 1
        slowness = np.where(along, np.minimum(slowness, padded[other[:, 0] + 1, other[:, 1] + 1]), slowness)
    length = np.hypot(step[:, 0], step[:, 1])
    touches = share <= TOUCH
    with np.errstate(invalid="ignore"):
        time = np.where(touches, 0.0, slowness * share * length[line])
    at = np.rint(a[line] + step[line] * start[:, None]).astype(np.int64)
    inside = touches & np.all((at >= 0) & (at < closed.shape), axis=1)
    at = np.where(inside[:, None], at, 0)
    time = np.where(inside & closed[at[:, 0], at[:, 1]], np.inf, time)
    return Pieces(line, start, share, time)
