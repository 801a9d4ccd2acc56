"""Times inside the cells, on a mesh of points, from the times on the edges of the cells.

Within a cell the fastest way to a point is straight from the border: its time is the least over the border of the time there plus
the slowness times the distance. Between two points of an edge whose times are known, time is taken as linear.
"""

import math

import numpy as np

from terrain_cli.maps.fields.near import SLIVER, find_near, ray
from terrain_cli.maps.ground import closed_corners
from terrain_cli.maps.loops import compiled_loop, helper

POINTS = 9_000_000  # of a mesh, about, if it is finer than the cells
FINEST = 8  # parts of a side of a cell, at most
NARROW = 1e-4  # cells; between the lines of the mesh that are nearest to the start
WIDER = 1.13  # each distance of a line from the start, divided by that of the line before it
STRAIGHT = 16.0  # cells; how far straight rays are followed from the start


@helper
def _add_edge(
    pieces: np.ndarray,
    count: int,
    slow: float,
    places: np.ndarray,
    times: np.ndarray,
    begin: int,
    end: int,
    limit: float,
    first: float,
    last: float,
) -> int:
    """Add the pieces of an edge, between points whose times are known, and return their number.

    pieces: for each, the places and the times of its ends, and the slope of the time; shape (n, 5). first, last: the times at the
    ends of the edge; inf for a corner that no path passes.
    """
    before, then = 0.0, first
    for k in range(begin, end + 1):
        place, time = (places[k], times[k]) if k < end else (1.0, last)
        if k < end and time > limit:
            continue
        if then < math.inf or time < math.inf:
            pieces[count, 0], pieces[count, 1], pieces[count, 2], pieces[count, 3] = before, place, then, time
            slope = (
                (time - then) / (place - before) if then < math.inf and time < math.inf and place > before else math.inf
            )
            pieces[count, 4] = slope / slow  # a path along the edge bounds it by 1, if nothing is rounded
            count += 1
        before, then = place, time
    return count


@helper
def _reach(pieces: np.ndarray, begin: int, end: int, slow: float, along: float, away: float, best: float) -> float:
    """The time at a point inside a cell, at a distance `away` from an edge, lowered from `best` by waves from its pieces."""
    for k in range(begin, end):
        u, v, at_u, at_v, slope = pieces[k, 0], pieces[k, 1], pieces[k, 2], pieces[k, 3], pieces[k, 4]
        if min(at_u, at_v) >= best:
            continue
        best = min(best, at_u + slow * math.hypot(along - u, away), at_v + slow * math.hypot(along - v, away))
        if abs(slope) < 1:
            steep = math.sqrt(1 - slope * slope)
            foot = along * steep - away * slope
            if u * steep <= foot <= v * steep:
                best = min(best, at_u + slow * (slope * (along - u) + away * steep))
    return best


@compiled_loop
def fill(
    slowness: np.ndarray,
    corners: np.ndarray,
    ys: np.ndarray,
    xs: np.ndarray,
    row: float,
    col: float,
    top: int,
    left: int,
    near_slow: np.ndarray,
    near_shut: np.ndarray,
    limit: float,
    edges: np.ndarray,
    place: np.ndarray,
    first: np.ndarray,
) -> np.ndarray:
    """The times at the points of a mesh, shape (len(ys), len(xs)); inf in cells that are not reached.

    slowness, corners: of the map; the times at the corners, inf where closed. ys, xs: the lines of the mesh; the edge between two
    cells has two. row, col: of the start. near_slow, near_shut: the slowness and the closed corners of the ground near the start,
    whose first cell is (top, left). The others as in `Near`.
    """
    m, n = near_slow.shape
    found = np.full((len(ys), len(xs)), np.inf)
    pieces = np.empty((4 * 1000, 5), np.float64)
    bound = np.empty(5, np.int64)
    y_begin = 0
    while y_begin < len(ys):
        r = int(ys[y_begin])
        y_end = y_begin
        while y_end < len(ys) and ys[y_end] <= r + 1 and not (y_end > y_begin and ys[y_end] == ys[y_end - 1]):
            y_end += 1
        x_begin = 0
        while x_begin < len(xs):
            c = int(xs[x_begin])
            x_end = x_begin
            while x_end < len(xs) and xs[x_end] <= c + 1 and not (x_end > x_begin and xs[x_end] == xs[x_end - 1]):
                x_end += 1
            slow = slowness[r, c]
            if slow < math.inf:
                i, j = r - top, c - left
                inside = 0 <= i < m and 0 <= j < n
                bound[0] = 0
                for side in range(4):
                    begin, end = 0, 0
                    if inside and side < 2:
                        begin, end = first[(i + side) * n + j], first[(i + side) * n + j + 1]
                    elif inside:
                        edge = (m + 1) * n + i * (n + 1) + j + side - 2
                        begin, end = first[edge], first[edge + 1]
                    a, b = (r + side, c) if side < 2 else (r, c + side - 2)
                    e, f = (a, b + 1) if side < 2 else (a + 1, b)
                    bound[side + 1] = _add_edge(
                        pieces, bound[side], slow, place, edges, begin, end, limit, corners[a, b], corners[e, f]
                    )
                for y in range(y_begin, y_end):
                    for x in range(x_begin, x_end):
                        down, right = ys[y] - r, xs[x] - c
                        best = math.inf
                        distance = math.hypot(ys[y] - row, xs[x] - col)
                        if distance < STRAIGHT and inside:
                            if r - SLIVER <= row <= r + 1 + SLIVER and c - SLIVER <= col <= c + 1 + SLIVER:
                                best = slow * distance
                            else:
                                best = ray(near_slow, near_shut, row - top, col - left, ys[y] - top, xs[x] - left)
                        best = _reach(pieces, bound[0], bound[1], slow, right, down, best)
                        best = _reach(pieces, bound[1], bound[2], slow, right, 1 - down, best)
                        best = _reach(pieces, bound[2], bound[3], slow, down, right, best)
                        found[y, x] = _reach(pieces, bound[3], bound[4], slow, down, 1 - right, best)
            x_begin = x_end
        y_begin = y_end
    return found


def make_mesh(
    slowness: np.ndarray, times: np.ndarray, start: np.ndarray, until: float, points: int
) -> tuple[np.ndarray, ...]:
    """The rows and columns of a mesh, and the times at its points, inf in cells that are not reached.

    The mesh holds all points that are reached within `until`, and each edge between two cells twice: once for each of them. Its
    lines are close together near the start. slowness: shape (rows, cols), of cells of side 1; times: at their corners. start:
    (row, col), shape (2,). points: about how many the whole map would have, if the mesh is finer than the cells.
    """
    closed = closed_corners(slowness)
    at = start.tolist()
    near = find_near(slowness, closed, *at)
    corners = np.where(closed & (times > 0), np.inf, times)
    parts = min(max(int((points / slowness.size) ** 0.5) - 1, 1), FINEST)
    seen = np.minimum(np.minimum(corners[:-1, :-1], corners[1:, 1:]), np.minimum(corners[:-1, 1:], corners[1:, :-1]))
    wanted = seen <= until + np.where(
        np.isfinite(slowness), slowness / 2, 0
    )  # the middle of an edge can be earlier than its ends
    ys, xs = (
        _draw_lines(np.flatnonzero(wanted.any(axis=1 - axis)), at[axis], parts, slowness.shape[axis]) for axis in (0, 1)
    )
    window = slice(near.top, near.top + len(near.corners) - 1), slice(near.left, near.left + near.corners.shape[1] - 1)
    beyond = slice(near.top, window[0].stop + 1), slice(near.left, window[1].stop + 1)
    ground, shut = np.ascontiguousarray(slowness[window]), np.ascontiguousarray(closed[beyond])
    found = fill(
        slowness,
        corners,
        ys,
        xs,
        *at,
        near.top,
        near.left,
        ground,
        shut,
        near.limit,
        near.edges,
        near.place,
        near.first,
    )
    for _ in range(2):  # two free cells agree on the edge between them
        for values, lines in ((found, ys), (found.T, xs)):
            twice = np.flatnonzero(np.diff(lines) == 0)
            a, b = values[twice], values[twice + 1]
            both = np.isfinite(a) & np.isfinite(b)
            least = np.minimum(a, b)
            values[twice], values[twice + 1] = np.where(both, least, a), np.where(both, least, b)
    return ys, xs, found


def _draw_lines(wanted: np.ndarray, at: float, parts: int, length: int) -> np.ndarray:
    """The lines of a mesh along one axis: those between cells twice, except the first and the last.

    wanted: the cells to cover, with all between them. at: of the start. length: of the map.
    """
    low, high = (int(wanted[0]), int(wanted[-1]) + 1) if wanted.size else (int(at), int(at) + 1)
    low, high = max(min(low, math.ceil(at) - 1), 0), min(max(high, math.floor(at) + 1), length)
    away = NARROW * WIDER ** np.arange(math.ceil(math.log(1 / (parts * NARROW * (WIDER - 1)), WIDER)))
    fine = np.concatenate([np.arange(low * parts, high * parts + 1) / parts, [at], at - away, at + away])
    fine = np.unique(fine[(fine >= low) & (fine <= high)])
    apart = np.diff(fine, append=np.inf) > NARROW / 100
    whole = fine == np.rint(fine)
    near_whole = ~whole & (np.abs(fine - np.rint(fine)) < NARROW / 100)
    fine = fine[(apart & ~near_whole) | whole]
    return np.sort(np.concatenate([fine, np.arange(low + 1.0, high)]))
