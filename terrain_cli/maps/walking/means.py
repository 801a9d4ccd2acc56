"""The mean of a pace over a range of slopes, for compiled loops; pace.py has the same for JAX."""

import numpy as np

from terrain_cli.maps.loops import helper

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
