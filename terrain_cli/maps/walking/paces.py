"""Walking functions in the form that ground has: the speed on level ground, and the pace relative to it."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from terrain_cli.maps.walking.functions import FUNCTIONS, Walking, calc_speed, complete, to_exponential
from terrain_cli.maps.walking.pace import Curve, Exponential, Pace

CLOSE = 3e-10  # relative distance of a curve from its formula
STEP = 1e-3  # of slopes, for derivatives


def to_pace(walking: Walking) -> tuple[float, Pace]:
    """The speed on level ground, m/s, and how much longer a metre takes on a slope than on level ground.

    Tobler's function and its like stay exponential. The others become curves: exact where the time per metre is linear in the
    slope, as in a table, and otherwise of cubic pieces that lie within 1e-9 of the formula.
    """
    level = calc_speed(walking, 0.0)
    form = to_exponential(walking)
    if form is not None:
        return level, Exponential(form.k, form.s0)
    if walking.name == "table":
        slopes, speeds = np.array(walking.table, dtype=float).T
        return level, _join(slopes, level / (walking.factor * speeds))
    function, values = FUNCTIONS[walking.name], complete(walking)

    def pace(slope: float) -> float:
        return level / (walking.factor * function.speed(slope, values))

    low, high = function.slopes
    ends = [low, *function.corners(values), high]
    if function.lines:
        return level, _draw(pace, np.array(ends))
    return level, _fit(pace, ends)


def fastest(walking: Walking) -> float:
    """The greatest speed over all slopes, m/s."""
    form = to_exponential(walking)
    if form is not None:
        return form.v0
    level, pace = to_pace(walking)
    assert isinstance(pace, Curve)
    return level / _find_least(pace)


def _join(slopes: np.ndarray, paces: np.ndarray) -> Curve:
    """The curve of straight lines through points."""
    coefficients = np.zeros((len(slopes) - 1, 4))
    coefficients[:, 0] = paces[:-1]
    coefficients[:, 1] = np.diff(paces) / np.diff(slopes)
    return Curve(slopes, coefficients)


def _draw(pace: Callable[[float], float], breaks: np.ndarray) -> Curve:
    """The curve of a pace that is linear in each piece and may jump at the breaks. Within a piece two points tell it all."""
    spans = np.diff(breaks)
    first, second = (
        np.array([pace(b + share * s) for b, s in zip(breaks[:-1], spans, strict=True)]) for share in (0.25, 0.75)
    )
    coefficients = np.zeros((len(spans), 4))
    coefficients[:, 1] = (second - first) / (spans / 2)
    coefficients[:, 0] = first - coefficients[:, 1] * spans / 4
    return Curve(breaks, coefficients)


def _fit(pace: Callable[[float], float], ends: list[float]) -> Curve:
    """The curve of cubic pieces with the values and derivatives of a smooth pace at their ends, halved until they are close."""
    known: dict[float, tuple[float, float]] = {}

    def see(slope: float) -> tuple[float, float]:
        """The pace, and its derivative by central differences of order 4."""
        if slope not in known:
            near, far = (pace(slope + h) - pace(slope - h) for h in (STEP, 2 * STEP))
            known[slope] = pace(slope), (8 * near - far) / (12 * STEP)
        return known[slope]

    waiting = list(pairwise(ends))[::-1]
    breaks, coefficients = [ends[0]], []
    while waiting:
        begin, end = waiting.pop()
        span = end - begin
        (p0, d0), (p1, d1) = see(begin), see(end)
        mean = (p1 - p0) / span
        c = (p0, d0, (3 * mean - 2 * d0 - d1) / span, (d0 + d1 - 2 * mean) / span**2)
        places = [span * share for share in (0.25, 0.5, 0.75)]
        if all(
            abs(((c[3] * t + c[2]) * t + c[1]) * t + c[0] - pace(begin + t)) <= CLOSE * pace(begin + t) for t in places
        ):
            breaks.append(end)
            coefficients.append(c)
        else:
            middle = (begin + end) / 2
            waiting += [(middle, end), (begin, middle)]
    return Curve(np.array(breaks), np.array(coefficients))


def _find_least(curve: Curve) -> float:
    """The least pace of a curve: at an end of a piece, or where its derivative is 0."""
    spans = np.diff(curve.breaks)
    a, b, c, d = np.asarray(curve.coefficients).T
    with np.errstate(divide="ignore", invalid="ignore"):  # a piece without such a place gives inf or NaN
        q = -(c + np.copysign(np.sqrt(c * c - 3 * b * d), c))
        places = [q / (3 * d), b / q]
    t = np.array([np.zeros_like(spans), spans, *(np.where((t > 0) & (t < spans), t, 0.0) for t in places)])
    return float((((d * t + c) * t + b) * t + a).min())
