"""Batched solutions: each is as exact as that of its scenario alone, whatever its neighbours, and nothing is recompiled."""

import jax
import numpy as np
import pytest

from benchmarks.exact import solve_exactly
from benchmarks.scenarios import draw_hard
from terrain_cli import find_sensitivities, solve_many
from terrain_cli.strips import batched
from terrain_cli.strips.ground import Strips
from terrain_cli.strips.sensitivity import find_sensitivity
from terrain_cli.strips.snell import find_optimum
from tests.strips.test_snell import grazing


def drawn(seed: int, scenarios: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hard scenarios, among them some with a grazing ray and nearly equal speeds."""
    rng = np.random.default_rng(seed)
    strips = [grazing(rng, n) if i % 4 == 0 else draw_hard(rng, n) for i in range(scenarios)]
    return (
        np.stack([s.widths for s in strips]),
        np.stack([s.speeds for s in strips]),
        np.array([s.offset for s in strips]),
    )


@pytest.mark.parametrize("n", [1, 2, 3, 7, 30])
def test_every_row_is_exact(n: int) -> None:
    """Against 50 digits, with the same bounds as for one scenario: at ties, grazing rays and offset 0."""
    widths, speeds, offsets = drawn(n, 40, n)
    times, x = solve_many(widths, speeds, offsets)
    assert x.shape == (40, n - 1)
    for row, time, path in zip(zip(widths, speeds, offsets, strict=True), times, x, strict=True):
        found = jax.device_get(find_optimum(Strips(*row)))
        q = float(np.max(found.movements / row[0] * row[1].max() / row[1]))  # close enough to start from
        exact = solve_exactly(row[0].tolist(), row[1].tolist(), float(row[2]), q if row[2] else None)
        assert abs(time - exact.time) / exact.time < 2e-15
        size = abs(row[2]) + row[0].sum()
        for mine, other in zip(path.tolist(), exact.movements, strict=False):
            assert abs(mine - other) <= 1e-9 * size


@pytest.mark.parametrize("n", [70, 3000])
def test_thousands_of_strips(n: int) -> None:
    widths, speeds, offsets = drawn(1, 5, n)
    times, x = solve_many(widths, speeds, offsets)
    for i in range(5):
        alone = jax.device_get(find_optimum(Strips(widths[i], speeds[i], offsets[i])))
        assert times[i] == pytest.approx(alone.time, rel=5e-15)
        np.testing.assert_allclose(x[i], alone.x, rtol=1e-6, atol=1e-9 * (abs(offsets[i]) + widths[i].sum()))


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    """Bit for bit: alone, shuffled, and repeated."""
    widths, speeds, offsets = drawn(5, 300, 3)
    times, x = solve_many(np.tile(widths, (20, 1)), np.tile(speeds, (20, 1)), np.tile(offsets, 20))
    order = np.random.default_rng(0).permutation(300)
    others = solve_many(widths[order], speeds[order], offsets[order])
    np.testing.assert_array_equal(others.times, times[:300][order])
    np.testing.assert_array_equal(others.x, x[:300][order])
    np.testing.assert_array_equal(x, np.tile(others.x[np.argsort(order)], (20, 1)))
    for i in range(0, 300, 29):
        alone = solve_many(widths[i : i + 1], speeds[i : i + 1], offsets[i : i + 1])
        assert (alone.times[0], *alone.x[0]) == (times[i], *x[i])


def test_absent_strips() -> None:
    """Rows of 1 to 12 strips in one array, with any speeds in the padding."""
    rng = np.random.default_rng(3)
    widths, speeds, offsets = drawn(7, 120, 12)
    counts = rng.integers(1, 13, 120)
    beyond = np.arange(12) >= counts[:, None]
    widths[beyond], speeds[beyond] = 0, rng.choice([0, 1e9, np.nan, -1], beyond.sum())
    found = find_sensitivities(widths, speeds, offsets)
    for i, n in enumerate(counts):
        alone = find_sensitivities(widths[i : i + 1, :n], speeds[i : i + 1, :n], offsets[i : i + 1])
        assert found.times[i] == pytest.approx(alone.times[0], rel=2e-15)
        np.testing.assert_allclose(found.x[i, : n - 1], alone.x[0], rtol=1e-8)
        np.testing.assert_allclose(found.by_speeds[i, :n], alone.by_speeds[0], rtol=1e-8)


def test_beyond_the_range_of_single_precision() -> None:
    """The initial guess is computed in single precision, whose range does not include these rays."""
    widths = np.array([[1e-30, 1e-30], [1e-45, 1e-2], [1e45, 1e40], [1e-50, 1e50], [1.0, 1e-12]])
    speeds = np.array([[1.0, 1.0], [1.0, 1.0 - 1e-15], [1e-45, 1e45], [1e50, 1e-50], [1.0, 0.5]])
    offsets = np.array([1e30, -1e42, 1e-45, 1e50, 1e-50])
    times, x = solve_many(widths, speeds, offsets)
    for i in range(len(offsets)):
        alone = jax.device_get(find_optimum(Strips(widths[i], speeds[i], offsets[i])))
        assert times[i] == pytest.approx(alone.time, rel=2e-15)
        np.testing.assert_allclose(x[i], alone.x, rtol=1e-8)


@pytest.mark.parametrize("n", [1, 3, 9])
def test_sensitivities_are_those_of_each_scenario(n: int) -> None:
    widths, speeds, offsets = drawn(11, 30, n)
    found = find_sensitivities(widths, speeds, offsets)
    np.testing.assert_array_equal(found.times, solve_many(widths, speeds, offsets).times)
    for i in range(30):
        alone = find_sensitivity(Strips(widths[i], speeds[i], offsets[i]))
        np.testing.assert_allclose(found.by_speeds[i], alone.by_speeds, rtol=1e-7)
        np.testing.assert_allclose(found.by_widths[i], alone.by_widths, rtol=1e-7, atol=1e-13 * alone.by_widths.max())
        assert found.by_offsets[i] == pytest.approx(alone.by_offset, rel=1e-12, abs=1e-300)


def test_numbers_that_are_not_valid_make_only_their_row_nan() -> None:
    widths = [[10, 10, 10], [-1, 1, 1], [np.inf, 1, 1], [1, 1, 1], [1, 1, 1], [0, 0, 0], [1, 1, np.nan], [1, 1, 1]]
    speeds = [[0.7, 0.3, 0.45], [1, 1, 1], [1, 1, 1], [0, 1, 1], [1, np.inf, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]]
    times, x = solve_many(widths, speeds, [20, 1, 1, 1, 1, 1, 1, np.nan])
    assert times[0] == pytest.approx(81.911687844967823857, rel=4e-16)
    np.testing.assert_allclose(x[0], [11.17307407, 3.36991448], atol=5e-9)
    assert np.isnan(times[1:]).all()
    assert np.isnan(x[1:]).all()


def test_shapes_that_do_not_match() -> None:
    for shapes in (((2, 3), (2, 2), (2,)), ((2, 3), (2, 3), (3,)), ((3,), (3,), ()), ((2, 0), (2, 0), (2,))):
        with pytest.raises(ValueError, match=r"must have shape \(B, n\)"):
            solve_many(*map(np.ones, shapes))
    assert solve_many(np.ones((0, 3)), np.ones((0, 3)), np.ones(0)).x.shape == (0, 2)


def test_neither_the_number_of_scenarios_nor_of_strips_recompiles() -> None:
    solve_many(np.ones((1, 20)), np.ones((1, 20)), np.ones(1))
    before = len(batched._solve_block.programs)
    for scenarios, n in ((5, 20), (5000, 20), (3, 17), (1, 32)):
        assert solve_many(np.ones((scenarios, n)), np.ones((scenarios, n)), np.ones(scenarios)).times.shape == (
            scenarios,
        )
    assert len(batched._solve_block.programs) == before


def test_room() -> None:
    assert [batched.room(n) for n in (1, 8, 9, 32, 33, 10**6)] == [8, 8, 32, 32, 128, 2**21]


def test_programs_run_in_the_thread_that_calls_them() -> None:
    """This is not JAX's default: the result is complete when the call returns."""
    long = jax.jit(lambda x: jax.lax.fori_loop(0, 30_000, lambda _, x: x * x / 2, x))
    long(jax.numpy.ones(10_000)).block_until_ready()
    assert long(jax.numpy.zeros(10_000)).is_ready()
