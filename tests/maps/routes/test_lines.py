"""Straight lines across cells: compared with fine steps, along edges, over corners and walls."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrain_cli.maps.ground import closed_corners
from terrain_cli.maps.routes.lines import trace_lines

INF = math.inf


@given(st.integers(0, 10**6))
def test_lines_agree_with_fine_steps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    slowness = rng.uniform(0.1, 1, (5, 7))
    a, b = rng.uniform(0, (5, 7), (2, 2))
    padded, closed = np.pad(slowness, 1, constant_values=INF), closed_corners(slowness)
    exact = trace_lines(a[None], b[None], padded, closed)
    share = (np.arange(20000) + 0.5) / 20000
    middle = (a + (b - a) * share[:, None]).astype(int)
    assert exact.time.sum() == pytest.approx(slowness[tuple(middle.T)].mean() * math.dist(a, b), rel=2e-3)
    assert exact.share.sum() == pytest.approx(1, abs=1e-12)


def test_along_an_edge_and_over_corners() -> None:
    slowness = np.array([[1.0, 2.0], [3.0, INF]])
    padded, closed = np.pad(slowness, 1, constant_values=INF), closed_corners(slowness)

    def time(a: tuple[float, float], b: tuple[float, float]) -> float:
        return float(trace_lines(np.array([a], float), np.array([b], float), padded, closed).time.sum())

    assert time((1, 0), (1, 2)) == pytest.approx(1 + 2)  # the faster side of each
    assert time((0, 1), (2, 1)) == pytest.approx(1 + 3)
    assert time((0, 0), (1, 1)) == pytest.approx(math.sqrt(2))
    assert time((0, 2), (2, 0)) == pytest.approx(math.sqrt(2) * 5)
    assert time((0, 0), (2, 2)) == INF
    assert time((0.5, 0.5), (0.5, 0.5)) == 0


def test_no_line_passes_a_closed_corner() -> None:
    slowness = np.array([[INF, 1.0], [1.0, INF]])
    padded, closed = np.pad(slowness, 1, constant_values=INF), closed_corners(slowness)
    assert trace_lines(np.array([[0.0, 2.0]]), np.array([[2.0, 0.0]]), padded, closed).time.sum() == INF
