"""The descent on crossings: its linear system compared with SciPy, and legs far shorter than a cell."""

import numpy as np
import pytest
import scipy.linalg

from terrain_cli.maps.routes.chains import Chain
from terrain_cli.maps.routes.crossings import descend_crossings
from terrain_cli.maps.routes.descent import _newton_step


@pytest.mark.parametrize("n", [2, 3, 8, 100])
def test_newton_steps(n: int) -> None:
    rng = np.random.default_rng(n)
    beside = rng.normal(size=n - 1)
    curvature = rng.uniform(1e-3, 1, n) + np.append(np.abs(beside), 0) + np.append(0, np.abs(beside))
    gradient = rng.normal(size=n)
    held = rng.random(n) < 0.3
    dense = np.diag(curvature) + np.diag(beside, 1) + np.diag(beside, -1)
    expected = np.zeros(n)
    free = np.flatnonzero(~held)
    if len(free):
        expected[free] = scipy.linalg.solve(dense[np.ix_(free, free)], -gradient[free], assume_a="pos")
    step = _newton_step(np.where(held, 0.0, gradient), curvature, beside, held)
    assert step == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_a_matrix_that_is_not_positive_definite_gives_a_step_downhill() -> None:
    gradient = np.array([1.0, -2.0])
    step = _newton_step(gradient, np.array([1.0, 1.0]), np.array([5.0]), np.zeros(2, dtype=bool))
    assert step @ gradient < 0


@pytest.mark.parametrize("short", [1e-3, 1e-6, 1e-9])
def test_a_leg_far_shorter_than_a_cell(short: float) -> None:
    """From close beside a grid line onto it, and along it to its end, by Snell's law: Newton's method alone gives up below 1e-6."""
    points = np.array([[0.1, 1 - short], [0.0, 1.0], [1.0, 1.0]])
    along = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    chain = Chain(points, along, np.array([0.0, 0.1 + 100 * short, 0.0]), np.zeros(3, dtype=np.int64))
    slowness = np.array([2.0, 0.5])

    moved, result = descend_crossings(chain, slowness)
    assert result.time[0] == pytest.approx(0.5 * 0.9 + short * np.sqrt(2**2 - 0.5**2), rel=1e-14)
    assert moved.x[1] - 0.1 == pytest.approx(short * 0.25 / np.sqrt(1 - 0.25**2), rel=1e-4)
    assert result.gradient_norm[0] < 1e-3
