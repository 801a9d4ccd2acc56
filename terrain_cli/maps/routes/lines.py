"""Straight lines across the cells of a map, traced exactly: where they cross each cell edge, and the time they take."""

from typing import NamedTuple

import numpy as np

from terrain_cli.maps.cells import NEAR

TOUCH = 1e-12  # fraction of a line's length; crossings closer together than this are one crossing of a corner


class Pieces(NamedTuple):
    """Straight lines cut at the cell edges into K pieces, in order; all arrays have shape (K,).

    line: the index of the line that a piece belongs to. start: where the piece begins, as a fraction of the line. share: its
    length, as a fraction of the line. time: s per cell size; inf where blocked.
    """

    line: np.ndarray
    start: np.ndarray
    share: np.ndarray
    time: np.ndarray


def cut_lines(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The straight lines from points `a` to points `b`, (row, col), shape (M, 2) each, cut at every cell edge into K pieces.

    Returns, in order, the line of each piece, where it begins and ends as fractions of the line, and whether it is the last of
    its line: shape (K,) each.
    """
    step = b - a
    lines, starts = [np.arange(len(a))], [np.zeros(len(a))]
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
    return line, start, end, last


def trace_lines(a: np.ndarray, b: np.ndarray, padded: np.ndarray, closed: np.ndarray) -> Pieces:
    """The straight lines from points `a` to points `b`, (row, col), shape (M, 2) each, cut at every cell edge.

    padded: slowness with a border of inf, shape (rows + 2, cols + 2). closed: corners that no path passes, shape
    (rows + 1, cols + 1), bool. A piece along an edge takes the smaller slowness of the two cells beside it. A piece that touches
    a closed corner takes infinitely long.
    """
    step = b - a
    line, start, end, last = cut_lines(a, b)
    share = end - start
    (from_row, from_col), (down, right) = a[line].T, step[line].T
    row, col = from_row + down * ((start + end) / 2), from_col + right * ((start + end) / 2)
    south, east = np.floor(row).astype(np.int64) + 1, np.floor(col).astype(np.int64) + 1
    slowness = padded[south, east]
    along = (down == 0) & (row == south - 1), (right == 0) & (col == east - 1)
    slowness = np.where(along[0], np.minimum(slowness, padded[south - 1, east]), slowness)
    slowness = np.where(along[1], np.minimum(slowness, padded[south, east - 1]), slowness)
    with np.errstate(invalid="ignore"):
        time = np.where(share > TOUCH, slowness * np.hypot(down, right) * share, 0.0)

    shut = _at_closed_corner(from_row + down * start, from_col + right * start, closed)
    shut_behind = np.where(last, _at_closed_corner(b[:, 0], b[:, 1], closed)[line], np.append(shut[1:], False))
    return Pieces(line, start, share, np.where(shut | shut_behind, np.inf, time))


def _at_closed_corner(row: np.ndarray, col: np.ndarray, closed: np.ndarray) -> np.ndarray:
    """Whether points lie at a corner that no path passes, shape (K,)."""
    corner_row, corner_col = np.rint(row).astype(np.int64), np.rint(col).astype(np.int64)
    near = (np.abs(row - corner_row) < NEAR) & (np.abs(col - corner_col) < NEAR)
    return np.asarray(near & closed[corner_row, corner_col])
