"""The descent on crossings: its linear system compared with SciPy, and legs far shorter than a cell."""

import numpy as np
import pytest
import scipy.linalg

from terrain_cli.maps.routes.chains import Chain, drop_nodes
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
    step = _newton_step(np.where(held, 0.0, gradient), curvature, beside, held, np.full(n, np.inf))
    assert step == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_a_matrix_that_is_not_positive_definite_gives_a_step_downhill() -> None:
    gradient = np.array([1.0, -2.0])
    step = _newton_step(gradient, np.array([1.0, 1.0]), np.array([5.0]), np.zeros(2, dtype=bool), np.full(2, np.inf))
    assert step @ gradient < 0


def test_crossings_that_may_move_together_at_no_cost_do_not_move_far() -> None:
    """Of three such crossings, seen on rough ground, Newton's step was 1e10 cells: cut off at the limits it led uphill."""
    along = np.array([-0.164, 1.0, -0.1624])
    curvature = np.array([75.4, 4.0717, 77.4])
    beside = -curvature[[0, 2]] * along[[0, 2]]
    curvature[1] = -(beside @ along[[0, 2]]) + 1e-10
    gradient, room = np.array([3.1, 0.0105, 0.0613]), np.ones(3)
    dense = np.diag(curvature) + np.diag(beside, 1) + np.diag(beside, -1)
    assert np.abs(scipy.linalg.solve(dense, -gradient)).max() > 1e8
    step = _newton_step(gradient, curvature, beside, np.zeros(3, dtype=bool), room)
    assert np.abs(step).max() <= 1
    assert gradient @ step < 0


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


def test_nodes_are_dropped_in_time_that_grows_with_their_number() -> None:
    """A straight stretch is thinned out in rounds, and no round looks at the rest of the route again."""
    nodes, straight = 4000, 512
    base = np.stack([np.zeros(nodes), np.arange(nodes)], axis=1)
    chain = Chain(base, np.zeros_like(base), np.zeros(nodes), np.zeros(nodes, dtype=np.int64))
    looked_at = 0

    def time_between(a: Chain, b: Chain) -> np.ndarray:
        nonlocal looked_at
        looked_at += len(a.x)
        length = b.base[:, 1] - a.base[:, 1]
        return np.where((length <= 1) | (b.base[:, 1] <= straight), length, np.inf)

    kept = drop_nodes(chain, time_between).base[:, 1]
    assert kept.tolist() == [0, *range(straight, nodes)]
    assert looked_at < 2 * nodes + 4 * straight
