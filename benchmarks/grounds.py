"""Ground on the unit square for which arrival times are known exactly, to measure the errors of fields."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Numbers = np.ndarray[Any, Any]

THICK = 1 / 64  # thickness of the spiral's walls


class Ground(NamedTuple):
    """Ground on the unit square, as functions of positions x, y; x increases with the row, y with the column.

    slowness: s/m, inf inside walls. exact: the time from the start, s. start: (x, y).
    """

    name: str
    slowness: Callable[[Numbers, Numbers], Numbers]
    exact: Callable[[Numbers, Numbers], Numbers]
    start: tuple[float, float]


def _even(start: tuple[float, float]) -> Ground:
    return Ground(
        "constant",
        lambda x, y: np.ones(np.broadcast(x, y).shape),
        lambda x, y: np.hypot(x - start[0], y - start[1]),
        start,
    )


def _gradient(start: tuple[float, float], contrast: float = 10.0) -> Ground:
    """Speed grows linearly from 1 to `contrast` along y: rays are circular arcs, and the time has a closed form."""
    growth = contrast - 1

    def speed(y: Numbers) -> Numbers:
        return 1 + growth * y

    def exact(x: Numbers, y: Numbers) -> Numbers:
        square = (x - start[0]) ** 2 + (y - start[1]) ** 2
        # arccosh(1 + u) without cancellation for small u
        u = growth**2 * square / (2 * speed(y) * speed(np.asarray(start[1])))
        return np.asarray(np.log1p(u + np.sqrt(u * (2 + u))) / growth)

    return Ground("smooth", lambda x, y: 1 / speed(y) + 0 * x, exact, start)


def _strips(start: tuple[float, float]) -> Ground:
    """Strips 1/2, 1/4 and 1/4 wide of speeds 1, 3 and 2: refracted rays, and head waves that return into the first strip."""
    borders, slow = np.array([0, 0.5, 0.75, 1]), 1 / np.array([1.0, 3.0, 2.0])

    def refracted(offset: Numbers, widths: Numbers) -> Numbers:
        """Time by bisection for the ray parameter p, for which the sum of w p / sqrt(s² - p²) is the offset."""
        used = widths > 0
        low, high = np.zeros_like(offset), np.where(used, slow, slow[0]).min(-1)
        for _ in range(80):
            p = 0.5 * (low + high)
            root = np.where(used, np.sqrt(np.maximum(slow**2 - p[..., None] ** 2, 1e-30)), 1)
            short = (widths * p[..., None] / root).sum(-1) < offset
            low, high = np.where(short, p, low), np.where(short, high, p)
        root = np.sqrt(np.maximum(slow**2 - low[..., None] ** 2, 0))
        return np.asarray(low * offset + (widths * root).sum(-1))

    def exact(x: Numbers, y: Numbers) -> Numbers:
        x, y = np.broadcast_arrays(x, y)
        offset = np.abs(x - start[0])
        widths = np.clip(y[..., None], borders[:-1], borders[1:]) - np.maximum(borders[:-1], start[1])
        time = np.where(
            y <= borders[1], np.hypot(offset, y - start[1]) * slow[0], refracted(offset, np.maximum(widths, 0))
        )
        back = 2 * borders[1] - start[1] - y
        steep = np.sqrt(slow[0] ** 2 - slow[1] ** 2)
        head = slow[1] * offset + back * steep
        return np.where((y <= borders[1]) & (offset >= back * slow[1] / steep), np.minimum(time, head), time)

    def slowness(x: Numbers, y: Numbers) -> Numbers:
        return np.asarray(slow[np.clip(np.searchsorted(borders, y, side="right") - 1, 0, 2)] + 0 * x)

    return Ground("strips", slowness, exact, start)


def _spiral(start: tuple[float, float]) -> Ground:
    """Walls that spiral inwards. The shortest path bends only at their corners, so Dijkstra's algorithm on them is exact."""
    t = THICK
    out, inn = 8 * t, 16 * t  # distances of the outer and the inner turn from the edge of the map
    walls = [  # x from, x to, y from, y to; the first extends beyond the map, each other one starts where the last ends
        (out, out + t, -1, 1 - out + t),
        (out, 1 - out + t, 1 - out, 1 - out + t),
        (1 - out, 1 - out + t, out, 1 - out + t),
        (inn, 1 - out + t, out, out + t),
        (inn, inn + t, out, 1 - inn + t),
        (inn, 1 - inn + t, 1 - inn, 1 - inn + t),
        (1 - inn, 1 - inn + t, inn, 1 - inn + t),
    ]
    rectangles = np.array(walls)

    def inside(x: Numbers, y: Numbers) -> Numbers:
        x, y = np.broadcast_arrays(x, y)
        found = np.zeros(x.shape, bool)
        for x0, x1, y0, y1 in rectangles:
            found |= (x > x0) & (x < x1) & (y > y0) & (y < y1)
        return found

    def clear(a: Numbers, b: Numbers) -> Numbers:
        """Whether the segment from `a`, shape (2,), to each of `b`, shape (..., 2), enters no wall."""
        free = np.ones(b.shape[:-1], bool)
        for x0, x1, y0, y1 in rectangles:
            enter, leave = np.zeros(free.shape), np.ones(free.shape)
            for axis, low, high in ((0, x0, x1), (1, y0, y1)):
                aim = b[..., axis] - a[axis]
                level = np.abs(aim) < 1e-15
                with np.errstate(divide="ignore", invalid="ignore"):
                    one, other = (low - a[axis]) / aim, (high - a[axis]) / aim
                between = low + 1e-12 < a[axis] < high - 1e-12
                enter = np.maximum(enter, np.where(level, 0 if between else 2, np.minimum(one, other)))
                leave = np.minimum(leave, np.where(level, 1, np.maximum(one, other)))
            free &= leave - enter < 1e-12
        return free

    corners = np.array([[x, y] for x0, x1, y0, y1 in rectangles for x in (x0, x1) for y in (y0, y1)])
    corners = corners[(corners >= 0).all(1) & ~inside(corners[:, 0], corners[:, 1])]
    points = np.vstack([start, corners])
    times = np.full(len(points), np.inf)
    times[0] = 0
    open_ = set(range(len(points)))
    while open_:
        nearest = min(open_, key=times.__getitem__)
        open_.remove(nearest)
        away = np.hypot(*(points - points[nearest]).T)
        seen = clear(points[nearest], points)
        times = np.where(seen, np.minimum(times, times[nearest] + away), times)

    def exact(x: Numbers, y: Numbers) -> Numbers:
        places = np.stack(np.broadcast_arrays(x, y), -1)
        best = np.full(places.shape[:-1], np.inf)
        for point, time in zip(points, times, strict=True):
            away = np.hypot(places[..., 0] - point[0], places[..., 1] - point[1])
            best = np.where(clear(point, places), np.minimum(best, time + away), best)
        return np.where(inside(x, y), np.inf, best)

    return Ground("spiral", lambda x, y: np.where(inside(x, y), np.inf, 1.0), exact, start)


def make_grounds() -> list[Ground]:
    start = (20 / 64, 24 / 64)
    return [_even(start), _gradient(start), _strips(start), _spiral((4 / 64, 4 / 64))]
