"""The profile of a walk: elevation, slope and time along a route, its ascent and descent, and its time table.

The height changes quadratically along a leg, which lies in one cell of the bilinear surface. So its summits and dips are found
exactly, and they count where a route climbs over them between two of its points.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from terrain_cli.maps.ground import Ground
from terrain_cli.maps.sensitivity import find_leg_cells, find_legs

# m; smaller rises and falls are left out of ascent and descent. GoldenCheetah's hysteresis is 3 m. Strava takes 2 m for watches
# with a barometer and 10 m for others, and TwoNav 5 m.
THRESHOLD = 3.0
ROWS = 30  # of the time table between start and goal, at most, unless a step is asked for
CLOSE = 1e-6  # of a leg; a mark closer than this to a point of the route is at that point


class Profile(NamedTuple):
    """A walk at the N points of its route. distance: from the start in plan, m. elevation: m. time: from the start, s.

    slopes: at the start and at the end of each leg, rises per metre in plan in the direction of travel, shape (N - 1, 2). Along a
    leg the slope changes linearly.
    """

    points: np.ndarray
    distance: np.ndarray
    elevation: np.ndarray
    time: np.ndarray
    slopes: np.ndarray

    @property
    def mean_slopes(self) -> np.ndarray:
        """The mean slope of each leg, shape (N - 1,)."""
        return np.asarray(self.slopes.mean(axis=1))


class Extent(NamedTuple):
    """How far up and down a walk goes. ascent, descent: m, without rises and falls of less than `threshold`, m. highest, lowest:
    elevations, m. steepest_up, steepest_down: slopes, the latter negative; 0 where there is none. summit: how far from the start
    the highest point is, m."""

    ascent: float
    descent: float
    threshold: float
    highest: float
    lowest: float
    steepest_up: float
    steepest_down: float
    summit: float


class Row(NamedTuple):
    """A row of the time table. kind: start, mark, via or goal. name: of the place, "" for a mark. at: (x, y), m. elevation: m.

    All else is counted from the start: distance, ascent and descent, m; time, s.
    """

    kind: str
    name: str
    at: tuple[float, float]
    distance: float
    elevation: float
    ascent: float
    descent: float
    time: float


def find_profile(ground: Ground, points: np.ndarray) -> Profile:
    """The profile of a route at its own points. points: shape (N, 2), m; no leg between two of them crosses an edge of a cell.

    Raises ValueError for ground without heights.
    """
    ends, slopes = _find_slopes(ground, points)
    if np.isfinite(ground.max_slope):  # a part of a leg at that slope must not become too steep by rounding
        ground = replace(ground, max_slope=np.inf)
    lengths, slowness = find_legs(ground, points)
    known = lengths > 0
    elevation = np.full(len(points), np.nan)
    elevation[:-1][known] = ends[known, 0]
    elevation[1:][known] = ends[known, 1]
    lost = np.isnan(elevation)
    if lost.any():  # only at points beside legs without length
        elevation[lost] = [_find_height(ground, point) for point in points[lost]]
    distance, time = (np.append(0.0, np.cumsum(part)) for part in (lengths, lengths * slowness))
    return Profile(points, distance, elevation, time, np.where(known[:, None], slopes, 0.0))


def _find_slopes(ground: Ground, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The height (m) and the slope at both ends of each leg, shape (N - 1, 2) each; not of use for a leg without length."""
    if ground.heights is None:
        raise ValueError("ground must have heights, on which a profile can be taken")
    heights, cell = np.asarray(ground.heights), float(ground.cell)
    rows, cols = ground.slowness.shape
    row, col = np.clip(find_leg_cells(ground, points), 0, (rows - 1, cols - 1)).T
    nw, ne, sw, se = (heights[row + i, col + j][:, None] for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)))
    places = ground.to_cells(points)
    down, right = (np.stack([places[:-1, k], places[1:, k]], axis=1) - at[:, None] for k, at in enumerate((row, col)))
    ends = (1 - down) * ((1 - right) * nw + right * ne) + down * ((1 - right) * sw + right * se)
    per_row, per_col = (1 - right) * (sw - nw) + right * (se - ne), (1 - down) * (ne - nw) + down * (se - sw)
    across = np.diff(places, axis=0)
    lengths = np.hypot(*across.T)
    steps = across / np.where(lengths > 0, lengths * cell, 1.0)[:, None]
    return ends, per_row * steps[:, :1] + per_col * steps[:, 1:]


def _find_height(ground: Ground, point: np.ndarray) -> float:
    """The height of the surface at a point, m, from a cell that it touches and whose corners are known."""
    heights, (row, col) = np.asarray(ground.heights), ground.to_cells(point)
    for r, c in ((i, j) for i in (math.floor(row), math.ceil(row) - 1) for j in (math.floor(col), math.ceil(col) - 1)):
        corners = heights[max(r, 0) : r + 2, max(c, 0) : c + 2]
        if corners.shape == (2, 2) and np.isfinite(corners).all():
            along = corners @ [1 - (col - c), col - c]
            return float(along @ [1 - (row - r), row - r])
    return math.nan


def add_points(ground: Ground, points: np.ndarray, distances: Sequence[float] = ()) -> tuple[np.ndarray, np.ndarray]:
    """The route with points at all its summits and dips and at these distances (m), and the indices of the latter.

    No leg of the result rises and falls, and its length and its time are those of the route.
    """
    _, slopes = _find_slopes(ground, points)
    lengths = np.hypot(*np.diff(points, axis=0).T)
    along = np.append(0.0, np.cumsum(lengths))
    turns = (slopes[:, 0] * slopes[:, 1] < 0) & (lengths > 0)
    shares = slopes[turns, 0] / (slopes[turns, 0] - slopes[turns, 1])
    marks = np.interp(np.asarray(distances, dtype=np.float64), along, np.arange(len(points)))
    places = np.concatenate([np.arange(len(points)), np.flatnonzero(turns) + shares, marks])
    whole = np.rint(places)
    places = np.where(np.abs(places - whole) < CLOSE, whole, places)
    kept, inverse = np.unique(places, return_inverse=True)
    leg = np.minimum(kept.astype(np.int64), max(len(points) - 2, 0))
    share = (kept - leg)[:, None]
    return points[leg] * (1 - share) + points[np.minimum(leg + 1, len(points) - 1)] * share, inverse[
        len(places) - len(marks) :
    ]


def find_ascents(elevation: np.ndarray, threshold: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The ascent and the descent from the first point to each of them, m, shape (N,) each. elevation: m, shape (N,).

    Rises and falls of less than `threshold` (m; None for THRESHOLD) between larger ones are left out, the smallest first. Both
    ends count, so that ascent minus descent is the difference of their elevations.
    """
    kept = _find_turns(elevation, THRESHOLD if threshold is None else threshold)
    ascent, descent = np.zeros(len(elevation)), np.zeros(len(elevation))
    for first, last in pairwise(kept):
        part = elevation[first : last + 1]
        rise = float(part[-1] - part[0])
        total, other = (ascent, descent) if rise >= 0 else (descent, ascent)
        climbed = np.maximum.accumulate(np.sign(rise) * (part - part[0]))
        total[first : last + 1] = total[first] + np.clip(climbed, 0.0, abs(rise))
        other[first : last + 1] = other[first]
    return ascent, descent


def _find_turns(elevation: np.ndarray, threshold: float) -> list[int]:
    """The indices of both ends and of the summits and dips between them that count."""
    last = len(elevation) - 1
    moved = np.flatnonzero(np.diff(elevation) != 0)
    signs = np.sign(np.diff(elevation)[moved])
    kept = np.array([0, *(moved[1:][signs[1:] != signs[:-1]]).tolist(), last], dtype=np.int64)
    while len(kept) > 2:
        ranges = np.abs(np.diff(elevation[kept]))
        k = int(np.argmin(ranges))
        if ranges[k] >= threshold:
            break
        # A small rise between two falls goes with both of its ends, one at the start or the goal with the other end.
        kept = np.delete(kept, [end for end in (k, k + 1) if 0 < end < len(kept) - 1])
    return [int(k) for k in kept]


def find_extent(ground: Ground, points: np.ndarray, threshold: float | None = None) -> Extent:
    """How far up and down a route goes. points: as for `find_profile`. threshold: as for `find_ascents`."""
    threshold = THRESHOLD if threshold is None else threshold
    profile = find_profile(ground, add_points(ground, points)[0])
    ascent, descent = find_ascents(profile.elevation, threshold)
    summit = int(np.argmax(profile.elevation))
    return Extent(
        float(ascent[-1]),
        float(descent[-1]),
        threshold,
        float(profile.elevation[summit]),
        float(profile.elevation.min()),
        float(profile.slopes.max(initial=0.0)),
        float(profile.slopes.min(initial=0.0)),
        float(profile.distance[summit]),
    )


def choose_step(distance: float) -> float:
    """The distance between the rows of a time table: a power of ten, so that there are at most `ROWS`, m."""
    return 10.0 ** math.ceil(math.log10(distance / ROWS) - 1e-9) if distance > 0 else 1.0


def find_rows(
    ground: Ground,
    points: np.ndarray,
    stops: Sequence[tuple[str, str, int]],
    step: float | None = None,
    threshold: float | None = None,
) -> list[Row]:
    """The time table of a route: its stops, and a mark after each `step` (m; by default a round one that suits its length).

    stops: the kind, the name and the index among the points of each stop, start and goal included. A mark at a stop is left out.
    """
    along = np.append(0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    total = float(along[-1])
    step = choose_step(total) if step is None else step
    marks = step * np.arange(1, math.ceil(total / step))
    taken = along[[index for _, _, index in stops]]
    marks = marks[(np.abs(marks[:, None] - taken).min(axis=1) > CLOSE * total) & (marks < total)]
    distances = [*taken.tolist(), *marks.tolist()]
    refined, found = add_points(ground, points, distances)
    profile = find_profile(ground, refined)
    ascent, descent = find_ascents(profile.elevation, threshold)
    named = [(kind, name) for kind, name, _ in stops] + [("mark", "")] * len(marks)
    order = sorted(range(len(distances)), key=lambda i: distances[i])  # stable: stops in their own order
    columns = [part.tolist() for part in (profile.elevation, ascent, descent, profile.time)]
    return [
        Row(*named[i], tuple(refined[found[i]].tolist()), distances[i], *(column[found[i]] for column in columns))
        for i in order
    ]


def find_bearings(rows: Sequence[Row], crs: str | None) -> list[float | None]:
    """The direction from each row to the next, in degrees from north to the east; None from the last, and between equal places.

    North is true north, or that of the map if it has no CRS.
    """
    from terrain_cli.geo.crs import find_bearing

    bearings: list[float | None] = []
    for a, b in pairwise(row.at for row in rows):
        east, north = b[0] - a[0], b[1] - a[1]
        if east == north == 0:
            bearings.append(None)
        else:
            bearings.append(math.degrees(math.atan2(east, north)) % 360 if crs is None else find_bearing(crs, a, b))
    return [*bearings, None]
