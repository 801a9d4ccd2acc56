"""Times over small maps, where all ground is near the start, and over larger ones, against a search that shares no code with ours."""

from typing import Any

import numpy as np
import pytest

from terrain_cli.maps.fields import marching
from terrain_cli.maps.fields.arrival import arrival_times, solve_eikonal
from terrain_cli.maps.ground import Ground
from tests.maps.fields.reference import draw_small, find_times

Numbers = np.ndarray[Any, Any]


def solve(slowness: Numbers, start: Any) -> Numbers:
    return np.asarray(solve_eikonal(slowness, start))


def distances(shape: tuple[int, ...], start: tuple[float, float]) -> Numbers:
    rows, cols = np.mgrid[: shape[0] + 1, : shape[1] + 1]
    return np.asarray(np.hypot(rows - start[0], cols - start[1]))


@pytest.mark.parametrize("contrast", [10, 100, 1000])
def test_random_small_maps(contrast: float) -> None:
    """The reference with 12 points an edge is up to 0.15 % high itself, and ours with 8 up to 0.25 %, at every corner."""
    for seed in range(80):
        slowness, start = draw_small(seed, contrast, most=5)
        times, expected = solve(slowness, start), find_times(slowness, start, count=12)
        reached = np.isfinite(expected) & (distances(slowness.shape, start) > 0)
        assert np.array_equal(np.isfinite(times), np.isfinite(expected)), seed
        error = times[reached] / expected[reached] - 1
        far = distances(slowness.shape, start)[reached] > 2
        assert error.max(initial=0) < 3e-3, seed
        assert error[far].min(initial=0) > -3e-3, seed


def test_mirrored_and_transposed_maps_have_the_same_times() -> None:
    for seed in range(30):
        slowness, (row, col) = draw_small(seed, 100)
        if seed % 3 == 0:  # so large that not all ground is near
            slowness = np.kron(slowness, np.ones((90 // slowness.shape[0], 90 // slowness.shape[1])))
            row, col = row * (90 // len(slowness)), col
        rows, cols = slowness.shape
        times = solve(slowness, (row, col))
        for there, start, back in (
            (slowness[::-1], (rows - row, col), np.flipud),
            (slowness[:, ::-1], (row, cols - col), np.fliplr),
            (slowness.T, (col, row), np.transpose),
        ):
            np.testing.assert_allclose(back(solve(there, start)), times, rtol=1e-9, err_msg=str(seed))


def test_no_time_is_above_that_of_the_straight_way() -> None:
    start = (3.3, 7.1)
    times = solve(np.ones((60, 70)), start)
    np.testing.assert_allclose(times, distances((60, 70), start), rtol=1e-14)


def test_a_way_along_an_edge_beside_a_slow_start() -> None:
    """Down to the faster row at the critical angle, then along its edge."""
    ground = Ground([[5.0, 5, 5], [1, 1, 1]], 100)
    exact = 5 * 2 * np.sqrt(1 - 1 / 25) + 50
    times = np.asarray(arrival_times(ground, (150, 102)))
    assert times[1].tolist() == pytest.approx([exact + 100, exact, exact, exact + 100], rel=1e-14)


def test_behind_a_blocked_corner() -> None:
    rows = ["......|", ".#.#..|", ".....#"]
    slowness = np.array([[np.inf if letter == "#" else 1.0 for letter in row[:6]] for row in rows])
    start = (3 - 0.734, 1.0)
    times, expected = solve(slowness, start), find_times(slowness, start)
    reached = np.isfinite(expected) & (expected > 0)
    np.testing.assert_allclose(times[reached], expected[reached], rtol=2e-3)


@pytest.mark.parametrize("contrast", [3, 1000])
def test_far_from_the_start_times_are_marched(contrast: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the ground changes in each cell, they stay within a few percent of those of the graph on the whole map."""
    rng = np.random.default_rng(7)
    slowness = float(contrast) ** rng.random((70, 80))
    slowness[rng.random(slowness.shape) < 0.1] = np.inf
    slowness[30, 20] = 1
    start = (30.2, 20.7)
    marched = solve(slowness, start)
    monkeypatch.setattr(marching, "CELLS", 10**6)
    expected = solve(slowness, start)
    assert np.array_equal(np.isfinite(marched), np.isfinite(expected))
    reached = np.isfinite(expected)
    assert np.count_nonzero(marched[reached] != expected[reached]) > 500
    np.testing.assert_allclose(marched[reached], expected[reached], rtol=0.01 if contrast < 10 else 0.06)


@pytest.mark.parametrize("factor", [1e-200, 1e200])
def test_any_unit_will_do(factor: float) -> None:
    slowness, start = draw_small(3, 1000)
    np.testing.assert_allclose(solve(slowness * factor, start), solve(slowness, start) * factor, rtol=1e-12)


def test_many_starts_share_the_search() -> None:
    rng = np.random.default_rng(0)
    starts = rng.random((40, 2)) * 90
    times = solve(np.ones((90, 90)), starts)
    exact = np.min([distances((90, 90), (row, col)) for row, col in starts.tolist()], axis=0)
    np.testing.assert_allclose(times, exact, rtol=2e-2)
