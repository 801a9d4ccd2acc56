"""Walking functions as the level speed and the relative pace that ground has."""

import numpy as np

from terrain_cli.maps.walking.functions import Walking, calc_speed, to_exponential
from terrain_cli.maps.walking.pace import Curve, Exponential, Pace


def to_pace(walking: Walking) -> tuple[float, Pace]:
    """The speed on level ground, m/s, and how much longer a metre takes on a slope than on level ground.

    Tobler's function and its like stay exponential. The others become curves of cubic pieces, within 1e-9 of their formulas: exact
    where the time per metre is linear in the slope, as in a table.
    """
    level = calc_speed(walking, 0.0)
    form = to_exponential(walking)
    if form is not None:
        return level, Exponential(form.k, form.s0)
    slopes, speeds = np.array(walking.table).T
    return level, _to_polyline(slopes, level / speeds)


def _to_polyline(slopes: np.ndarray, paces: np.ndarray) -> Curve:
    """The curve that is linear between the points; of one point a constant."""
    coefficients = np.zeros((len(slopes) - 1, 4))
    coefficients[:, 0] = paces[:-1]
    coefficients[:, 1] = np.diff(paces) / np.diff(slopes)
    return Curve(slopes, coefficients)


def fastest(walking: Walking) -> float:
    """The greatest speed over all slopes, m/s."""
    level, pace = to_pace(walking)
    if isinstance(pace, Exponential):
        form = to_exponential(walking)
        assert form is not None
        return form.v0
    return level / _find_least(pace)


def _find_least(curve: Curve) -> float:
    """The least pace of a curve: at an end of a piece, or where its derivative is 0."""
    spans = np.diff(curve.breaks)
    a, b, c, d = np.asarray(curve.coefficients).T
    with np.errstate(divide="ignore", invalid="ignore"):  # a piece without such a place gives inf or NaN
        q = -(c + np.copysign(np.sqrt(c * c - 3 * b * d), c))
        places = [q / (3 * d), b / q]
    t = np.array([np.zeros_like(spans), spans, *(np.where((t > 0) & (t < spans), t, 0.0) for t in places)])
    return float((((d * t + c) * t + b) * t + a).min())
