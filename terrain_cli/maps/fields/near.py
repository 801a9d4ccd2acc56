"""Times near a start, where the field is singular: by straight rays, and on a graph of points on the cell edges.

A ray and a way on the graph are ways on the ground, so both times are upper bounds; the least is kept. Straight rays are exact on
even ground. Ways on the graph (Steiner points: Aleksandrov, Maheshwari and Sack 2005) bend at the edges of cells and around
blocked corners, and follow edges; their error falls about as the square of the spacing of the points, which is finer close to the
start.
"""

import math
from typing import NamedTuple

import numpy as np

from terrain_cli.maps.heap import drop, make_heap, put
from terrain_cli.maps.loops import compiled_loop, helper

POINTS = 8  # on each edge of a cell, evenly spaced
FINER = 0.12  # largest spacing of points, divided by their distance from the start
REACH = 6.0  # cells; of straight rays to points on edges, those to corners reach everywhere
CLOSEST = 1e-6  # cells; no finer spacing than this
CELLS, FEW_CELLS = 5_000, 25  # of the ground near a start, at most
SLIVER = 1e-9  # cells; shorter pieces of a ray are rounding errors


class Near(NamedTuple):
    """Times near a start, on ground of m x n cells of side 1.

    top, left: where its first cell lies in the map. corners: the times at the corners of the cells, shape (m + 1, n + 1); inf
    where no way was found. limit: times up to this are those of the whole map, because every way that leaves this ground is
    longer.

    edges: the times at points on the edges; place: of the points, as fractions of the edge, from west to east and from north to
    south; first: the index of the first point of each edge. The edges from west to east come first, row by row, then those from
    north to south, row by row.
    """

    top: int
    left: int
    corners: np.ndarray
    limit: float
    edges: np.ndarray
    place: np.ndarray
    first: np.ndarray


@helper
def ray(slowness: np.ndarray, closed: np.ndarray, row: float, col: float, to_row: float, to_col: float) -> float:
    """The time of the straight ray between two points; inf if it is blocked, or runs along a line between cells."""
    down, right = to_row - row, to_col - col
    if (abs(down) <= SLIVER and abs(row - round(row)) <= SLIVER) or (
        abs(right) <= SLIVER and abs(col - round(col)) <= SLIVER
    ):
        return math.inf
    length = math.hypot(down, right)
    i, j = math.floor(row), math.floor(col)  # the cell that it is in
    if down < 0:
        i = math.ceil(row) - 1
    if right < 0:
        j = math.ceil(col) - 1
    time, share = 0.0, 0.0
    while True:
        to_line = ((i + 1 if down > 0 else i) - row) / down if down != 0 else math.inf
        to_other = ((j + 1 if right > 0 else j) - col) / right if right != 0 else math.inf
        leave = min(to_line, to_other, 1.0)
        piece = (leave - share) * length
        if piece > SLIVER:
            if not slowness[i, j] < math.inf:
                return math.inf
            time += slowness[i, j] * piece
        if (1 - leave) * length <= SLIVER:
            return time
        share = max(share, leave)
        if abs(to_line - to_other) * length <= SLIVER:
            if leave * length > SLIVER and closed[i + 1 if down > 0 else i, j + 1 if right > 0 else j]:
                return math.inf
            i += 1 if down > 0 else -1
            j += 1 if right > 0 else -1
        elif to_line < to_other:
            i += 1 if down > 0 else -1
        else:
            j += 1 if right > 0 else -1


@helper
def _follow(slow: float, beyond: float, away: float, along: float) -> float:
    """The time to an edge at the critical angle, and along it in the faster cell beyond it; inf if there is no such way."""
    ratio = beyond / slow
    if ratio >= 1:
        return math.inf
    root = math.sqrt(1 - ratio * ratio)
    return slow * away * root + beyond * along if along * root >= away * ratio else math.inf


@helper
def _spread(place: np.ndarray, start: int, foot: float, away: float, count: int) -> int:
    """Put points on an edge into `place` from index `start`, and return the index after the last one.

    foot: the place on the line of the edge that is nearest to the start, from 0 to 1 on the edge itself; away: how far it is.
    """
    even = 1 / (count + 1)
    middle = min(max(foot, 0.0), 1.0)
    if FINER * math.hypot(away, middle - foot) >= even:
        for k in range(count):
            place[start + k] = (k + 1) * even
        return start + count
    if 0 < middle < 1:
        place[start] = middle
        start += 1
    for side in (-1.0, 1.0):
        room = middle if side < 0 else 1 - middle
        along = 0.0
        while True:
            distance = math.hypot(away, middle + side * along - foot)
            step = min(even, max(FINER * distance, CLOSEST))
            along += step
            if along >= room - step / 2:
                break
            place[start] = middle + side * along
            start += 1
    return start


@compiled_loop
def spread_points(rows: int, cols: int, row: float, col: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points on the edges of cells, `count` on an edge that is not close to the start: `place` and `first` as in `Near`."""
    lying = (rows + 1) * cols
    number = lying + rows * (cols + 1)
    first = np.empty(number + 1, np.int64)
    place = np.empty(number * count + 24 * 400, np.float64)  # the 24 edges around the start have more
    size = 0
    for edge in range(number):
        first[edge] = size
        if edge < lying:
            line, begin, across, along = edge // cols, edge % cols, row, col
        else:
            line, begin, across, along = (edge - lying) % (cols + 1), (edge - lying) // (cols + 1), col, row
        size = _spread(place, size, along - begin, abs(across - line), count)
        for k in range(first[edge] + 1, size):  # in order, because neighbours are joined
            value = place[k]
            while k > first[edge] and place[k - 1] > value:
                place[k] = place[k - 1]
                k -= 1
            place[k] = value
    first[number] = size
    return place, first


@compiled_loop
def time_straight(
    slowness: np.ndarray, closed: np.ndarray, row: float, col: float, at_row: np.ndarray, at_col: np.ndarray, size: int
) -> np.ndarray:
    """The times of straight ways from (row, col) to points; inf where none is looked for. From `size` on, points are corners."""
    m, n = slowness.shape
    time = np.full(len(at_row), np.inf)
    north, west = max(math.ceil(row - SLIVER) - 1, 0), max(math.ceil(col - SLIVER) - 1, 0)
    south, east = (
        min(math.floor(row + SLIVER), m - 1),
        min(math.floor(col + SLIVER), n - 1),
    )  # the cells that hold the start
    for p in range(len(at_row)):
        distance = math.hypot(at_row[p] - row, at_col[p] - col)
        if p >= size and closed[int(at_row[p]), int(at_col[p])] and distance > SLIVER:
            continue
        for i in range(north, south + 1):
            for j in range(west, east + 1):
                if not (i <= at_row[p] <= i + 1 and j <= at_col[p] <= j + 1 and slowness[i, j] < math.inf):
                    continue
                time[p] = min(time[p], slowness[i, j] * distance)
                for side in (0, 1):  # down to a faster cell, and along the edge
                    row_beyond, col_beyond = i - 1 + 2 * side, j - 1 + 2 * side
                    if at_row[p] == i + side and 0 <= row_beyond < m:
                        away, along = abs(row - i - side), abs(at_col[p] - col)
                        time[p] = min(time[p], _follow(slowness[i, j], slowness[row_beyond, j], away, along))
                    if at_col[p] == j + side and 0 <= col_beyond < n:
                        away, along = abs(col - j - side), abs(at_row[p] - row)
                        time[p] = min(time[p], _follow(slowness[i, j], slowness[i, col_beyond], away, along))
        if time[p] == math.inf and (p >= size or distance < REACH):
            time[p] = ray(slowness, closed, row, col, at_row[p], at_col[p])
    return time


@compiled_loop
def search(
    slowness: np.ndarray,
    closed: np.ndarray,
    edges: np.ndarray,
    first: np.ndarray,
    at_row: np.ndarray,
    at_col: np.ndarray,
    time: np.ndarray,
) -> float:
    """Lower the times of points to those of ways between them, by Dijkstra's algorithm, and return the limit as in `Near`.

    slowness: of the cells, shape (m, n), inf where blocked. closed: corners that no path passes, shape (m + 1, n + 1). edges:
    which sides of this ground (north, south, west, east) are edges of the map. at_row, at_col: of the points, those on edges in
    the order of `first`, then the corners.
    """
    m, n = slowness.shape
    lying, size = (m + 1) * n, first[-1]
    through = np.full(len(time), -1, np.int64)  # the cell by which each point was reached; -1: any
    keys, items, where = make_heap(len(time))
    waiting, limit = np.int64(0), math.inf
    for known in range(len(time)):
        if time[known] < math.inf:
            waiting = put(keys, items, where, waiting, time[known], known)
    while waiting:
        t, p = keys[0], items[0]
        waiting = drop(keys, items, where, waiting)
        x, y = at_row[p], at_col[p]
        if (
            (x == 0 and not edges[0])
            or (x == m and not edges[1])
            or (y == 0 and not edges[2])
            or (y == n and not edges[3])
        ):
            limit = min(limit, t)
        if p >= size and closed[int(x), int(y)]:
            continue
        for i in range(max(math.ceil(x) - 1, 0), min(math.floor(x), m - 1) + 1):  # the cells that hold the point
            for j in range(max(math.ceil(y) - 1, 0), min(math.floor(y), n - 1) + 1):
                slow, cell = slowness[i, j], i * n + j
                if slow == math.inf:
                    continue
                for group in range(8):  # the sides (north, south, west, east), then the corners
                    if group < 4:
                        edge = i * n + j + n * group if group < 2 else lying + i * (n + 1) + j + group - 2
                        begin, end = first[edge], first[edge + 1]
                        if (group < 2 and x == i + group) or (group > 1 and y == j + group - 2):
                            # On this side: only to the next points, from which those beyond are reached.
                            if p < size:
                                begin, end = max(begin, p - 1), min(end, p + 2)
                            elif (y == j) if group < 2 else (x == i):
                                end = min(end, begin + 1)
                            else:
                                begin = max(begin, end - 1)
                        elif through[p] == cell:
                            continue  # straight on is no longer
                    else:
                        a, b = i + (group - 4) // 2, j + group % 2
                        if closed[a, b]:
                            continue
                        begin = size + a * (n + 1) + b
                        end = begin + 1
                    for q in range(begin, end):
                        down, right = at_row[q] - x, at_col[q] - y
                        new = t + slow * math.sqrt(down * down + right * right)
                        if new < time[q]:
                            time[q], through[q] = new, cell
                            waiting = put(keys, items, where, waiting, new, q)
    return limit


def find_near(slowness: np.ndarray, closed: np.ndarray, row: float, col: float, most: int = CELLS) -> Near:
    """The times near a start, on all ground of a small map, else on a square around it.

    slowness, closed: of the map, as for `search`. row, col: of the start. most: the largest number of cells of the square.
    """
    sides: list[tuple[int, int]] = []
    for reach in range(max(slowness.shape) + 1):
        wanted = [
            (max(math.ceil(at) - 1 - reach, 0), min(math.floor(at) + 1 + reach, length))
            for at, length in zip((row, col), slowness.shape, strict=True)
        ]
        if sides and (wanted[0][1] - wanted[0][0]) * (wanted[1][1] - wanted[1][0]) > most:
            break
        sides = wanted
    (top, bottom), (left, right) = sides
    edges = np.array([top == 0, bottom == len(slowness), left == 0, right == slowness.shape[1]])
    cells = np.ascontiguousarray(slowness[top:bottom, left:right])
    shut = np.ascontiguousarray(closed[top : bottom + 1, left : right + 1])
    rows, cols = cells.shape

    place, first = spread_points(rows, cols, row - top, col - left, POINTS)
    size = int(first[-1])
    edge = np.repeat(np.arange(len(first) - 1), np.diff(first))
    lies = edge < (rows + 1) * cols
    stands = edge - (rows + 1) * cols
    corner = np.indices((rows + 1, cols + 1)).reshape(2, -1)
    at_row = np.concatenate([np.where(lies, edge // cols, stands // (cols + 1) + place[:size]), corner[0]])
    at_col = np.concatenate([np.where(lies, edge % cols + place[:size], stands % (cols + 1)), corner[1]])
    time = time_straight(cells, shut, row - top, col - left, at_row, at_col, size)
    limit = search(cells, shut, edges, first, at_row, at_col, time)
    return Near(top, left, time[size:].reshape(rows + 1, cols + 1), limit, time[:size], place[:size], first)
