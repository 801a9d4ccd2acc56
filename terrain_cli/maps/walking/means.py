"""The mean of a pace over a range of slopes, and its derivatives, for compiled loops; pace.py has the same means for JAX."""

import numpy as np

from terrain_cli.maps.loops import helper
from terrain_cli.maps.walking.pace import JUMP

SLOWEST = 1e50  # times as long as on level ground; a leg that takes longer is as good as blocked


@helper
def _sinhc_of(x: float) -> float:
    if abs(x) < 0.1:
        y = x * x
        return 1 + y / 6 * (1 + y / 20 * (1 + y / 42 * (1 + y / 72)))
    far: float = np.sinh(x) / x
    return far


@helper
def _value_of(c: np.ndarray, piece: int, t: float) -> float:
    value: float = ((c[piece, 3] * t + c[piece, 2]) * t + c[piece, 1]) * t + c[piece, 0]
    return value


@helper
def _mean_piece_of(c: np.ndarray, piece: int, a: float, b: float) -> float:
    return (_value_of(c, piece, a) + 4 * _value_of(c, piece, (a + b) / 2) + _value_of(c, piece, b)) / 6


@helper
def _piece_of(breaks: np.ndarray, m: float) -> int:
    low, high = 0, len(breaks) - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if breaks[middle] <= m:
            low = middle
        else:
            high = middle
    return low


@helper
def mean_pace_of(breaks: np.ndarray, coefficients: np.ndarray, m0: float, m1: float) -> float:
    """The same means in compiled loops. breaks, coefficients: the `numbers` of a pace; without coefficients, `breaks` are k and
    s0 of an exponential one."""
    if len(coefficients) == 0:
        k, s0 = breaks[0], breaks[1]
        a, b = m0 + s0, m1 + s0
        level = k * abs(s0)
        if a * b >= 0:
            one_side: float = np.exp(k * abs(a + b) / 2 - level) * _sinhc_of(k * (b - a) / 2)
            return one_side
        share = a / (a - b)
        before = np.exp(k * abs(a) / 2 - level) * _sinhc_of(k * a / 2)
        after = np.exp(k * abs(b) / 2 - level) * _sinhc_of(k * b / 2)
        both_sides: float = share * before + (1 - share) * after
        return both_sides
    low, high = min(m0, m1), max(m0, m1)
    first, last = _piece_of(breaks, low), _piece_of(breaks, high)
    if first == last:
        return _mean_piece_of(coefficients, first, low - breaks[first], high - breaks[first])
    head = (breaks[first + 1] - low) * _mean_piece_of(
        coefficients, first, low - breaks[first], breaks[first + 1] - breaks[first]
    )
    between = coefficients[last, 4] - coefficients[first + 1, 4]
    tail = (high - breaks[last]) * _mean_piece_of(coefficients, last, 0.0, high - breaks[last])
    mean: float = (head + between + tail) / (high - low)
    return mean


# The value of a mean of m0 and m1, its derivatives by them, and the second derivatives: by m0 twice, by both, and by m1 twice.
Derivatives = tuple[float, float, float, float, float, float]


@helper
def _phi_3_of(z: float) -> float:
    """(exp(z) - 1 - z - z²/2) / z³"""
    if abs(z) > 1.0:
        far: float = (np.expm1(z) - z - z * z / 2) / (z * z * z)
        return far
    series = 1.0
    for n in range(18, 3, -1):
        series = 1.0 + series * z / n
    return series / 6


@helper
def _exponential_derivatives_of(k: float, s0: float, m0: float, m1: float) -> Derivatives:
    a, b = m0 + s0, m1 + s0
    level = k * abs(s0)
    if a * b < 0:
        x, y = abs(a), abs(b)
        scale, slope = k * np.exp(-level), np.sign(a)
        x_2, y_2 = 0.5 + k * x * _phi_3_of(k * x), 0.5 + k * y * _phi_3_of(k * y)
        f, f_0, f_1, f_00, f_01, f_11 = _join(
            x * x * x_2 + y * y * y_2,
            x + y,
            x * (1.0 + k * x * x_2),
            y * (1.0 + k * y * y_2),
            np.exp(k * x),
            np.exp(k * y),
            slope,
        )
        return np.exp(-level) + scale * f, scale * f_0, scale * f_1, scale * f_00, scale * f_01, scale * f_11
    growth = k * np.sign(a + b)
    z = growth * (b - a)
    phi_3 = _phi_3_of(z)
    phi_2 = 0.5 + z * phi_3
    phi_1 = 1.0 + z * phi_2
    scale = np.exp(growth * a - level)
    first, second = scale * growth, scale * growth * growth
    return (
        scale * phi_1,
        first * phi_2,
        first * (phi_1 - phi_2),
        second * 2 * phi_3,
        second * (phi_2 - 2 * phi_3),
        second * (phi_1 - 2 * phi_2 + 2 * phi_3),
    )


@helper
def _join(total: float, span: float, x1: float, y1: float, x2: float, y2: float, sign: float) -> Derivatives:
    """The derivatives of (h(x) + g(y) + a constant) / (x + y + a constant), where both grow away from each other.

    total: the numerator. span: the denominator. x1, y1, x2, y2: first and second derivatives of h and g. sign: of the change of x
    with m0, opposite to that of y with m1.
    """
    value = total / span
    by_x, by_y = (x1 - value) / span, (y1 - value) / span
    return (
        value,
        sign * by_x,
        -sign * by_y,
        (x2 - 2 * by_x) / span,
        (by_x + by_y) / span,
        (y2 - 2 * by_y) / span,
    )


@helper
def mean_derivatives_of(breaks: np.ndarray, coefficients: np.ndarray, m0: float, m1: float) -> Derivatives:
    """The mean as in `mean_pace_of`, and its derivatives, which are exact too, however close the slopes are to each other."""
    if len(coefficients) == 0:
        return _exponential_derivatives_of(breaks[0], breaks[1], m0, m1)
    first, last = _piece_of(breaks, min(m0, m1)), _piece_of(breaks, max(m0, m1))
    c0, c1, c2, c3 = coefficients[last, 0], coefficients[last, 1], coefficients[last, 2], coefficients[last, 3]
    if first == last:  # Simpson's rule for the integrals of the derivatives, which is exact for cubic ones
        mean = _mean_piece_of(coefficients, first, m0 - breaks[first], m1 - breaks[first])
        t0, t2 = m0 - breaks[first], m1 - breaks[first]
        t1 = (t0 + t2) / 2
        begin, middle, end = (
            c1 + t0 * (2 * c2 + 3 * c3 * t0),
            c1 + t1 * (2 * c2 + 3 * c3 * t1),
            c1 + t2 * (2 * c2 + 3 * c3 * t2),
        )
        bend = (2 * c2 + 6 * c3 * t1) / 6
        return (
            mean,
            (begin + 2 * middle) / 6,
            (2 * middle + end) / 6,
            (2 * c2 + 6 * c3 * t0) / 6 + bend,
            bend,
            bend + (2 * c2 + 6 * c3 * t2) / 6,
        )
    # As in `Curve.mean`: the pace p at the end of the first piece, and how far the pace differs from it.
    ahead = breaks[first + 1] - breaks[first]
    d3 = coefficients[first, 3]
    d2 = coefficients[first, 2] + 3 * d3 * ahead
    d1 = coefficients[first, 1] + (coefficients[first, 2] + d2) * ahead
    p = _value_of(coefficients, first, ahead)
    jump = 0.0 if abs(c0 - p) <= JUMP * abs(p) else c0 - p
    low, high = min(m0, m1), max(m0, m1)
    x, y = breaks[first + 1] - low, high - breaks[last]
    between = coefficients[last, 4] - coefficients[first + 1, 4] - p * (breaks[last] - breaks[first + 1])
    head = x * x * (d1 / -2 + x * (d2 / 3 - x * d3 / 4))
    tail = y * (jump + y * (c1 / 2 + y * (c2 / 3 + y * c3 / 4)))
    joined = _join(
        head + between + tail,
        high - low,
        x * (-d1 + x * (d2 - x * d3)),
        jump + y * (c1 + y * (c2 + y * c3)),
        -d1 + x * (2 * d2 - 3 * x * d3),
        c1 + y * (2 * c2 + 3 * y * c3),
        -1.0,
    )
    value, by_0, by_1, by_00, by_01, by_11 = joined
    if m0 > m1:
        return p + value, by_1, by_0, by_11, by_01, by_00
    return p + value, by_0, by_1, by_00, by_01, by_11
