"""Strips of ground in NumPy, for the checks: what the learners' functions are compared with. JAX is not needed."""

from typing import Any

import numpy as np

POST: dict[str, Any] = {
    "widths": np.array([10.0, 10.0, 10.0]),
    "speeds": np.array([0.7, 0.3, 0.45]),
    "offset": 20.0,
}  # m, m/s, m
START = np.array([2.0, 17.0])  # x of the post's first path, m


def random_strips(random: np.random.Generator, n: int = 3) -> dict[str, np.ndarray]:
    """Strips of 5 to 15 m at 0.3 to 1 m/s, and an offset of 10 to 30 m."""
    return {
        "widths": random.uniform(5, 15, n),
        "speeds": random.uniform(0.3, 1, n),
        "offset": np.array(random.uniform(10, 30)),
    }


def movements(x: np.ndarray, offset: float) -> np.ndarray:
    """The displacement along every strip, the last included, shape (..., n), m."""
    x = np.asarray(x, dtype=float)
    return np.concatenate([x, np.asarray(offset - x.sum(-1))[..., None]], axis=-1)


def calc_time(x: np.ndarray, widths: np.ndarray, speeds: np.ndarray, offset: float) -> np.ndarray:
    """Travel time of the path `x`, s."""
    time: np.ndarray = np.sum(np.sqrt(movements(x, offset) ** 2 + widths**2) / speeds, axis=-1)
    return time


def sines_over_speeds(x: np.ndarray, widths: np.ndarray, speeds: np.ndarray, offset: float) -> np.ndarray:
    """sin(angle)/speed in each strip, s/m: all the same on the fastest path (Snell's law)."""
    along = movements(x, offset)
    ratio: np.ndarray = along / np.sqrt(along**2 + widths**2) / speeds
    return ratio


def gradient(x: np.ndarray, widths: np.ndarray, speeds: np.ndarray, offset: float) -> np.ndarray:
    """The derivatives of the time with respect to `x`, s/m."""
    p = sines_over_speeds(x, widths, speeds, offset)
    slopes: np.ndarray = p[..., :-1] - p[..., -1:]
    return slopes


def hessian(x: np.ndarray, widths: np.ndarray, speeds: np.ndarray, offset: float) -> np.ndarray:
    """The second derivatives, s/m²: a diagonal, and the last strip's everywhere."""
    along = movements(x, offset)
    curvature = widths**2 / (speeds * (along**2 + widths**2) ** 1.5)
    matrix: np.ndarray = np.diag(curvature[:-1]) + curvature[-1]
    return matrix


def straight(widths: np.ndarray, offset: float) -> np.ndarray:
    """The straight line from start to goal, as `x`, m."""
    along: np.ndarray = offset * widths[:-1] / widths.sum()
    return along


def optimum(widths: np.ndarray, speeds: np.ndarray, offset: float) -> np.ndarray:
    """The fastest path, as `x`, m, by Snell's law: q, the tangent in the fastest strip, by Newton's method."""
    r = speeds / speeds.max()
    k = 1 - r**2
    size = abs(float(offset))
    q = size / np.sum(widths * r)
    for _ in range(50):
        root = np.sqrt(1 + q * q * k)
        excess = np.sum(widths * r * q / root) - size
        q -= excess / np.sum(widths * r / root**3)
    x: np.ndarray = np.copysign(1.0, offset) * (widths * r * q / np.sqrt(1 + q * q * k))[:-1]
    return x
