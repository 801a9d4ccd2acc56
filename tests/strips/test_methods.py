"""The numbers in docs/methods.md and docs/gradients.md, and the size of a history."""

import math
from functools import partial
from typing import Any

import jax
import numpy as np
import pytest

from benchmarks.gradients import memory, time_after
from terrain_cli.scenario.load import load_strips
from terrain_cli.strips.descent import descend, thinning
from terrain_cli.strips.ground import Strips, calc_time
from terrain_cli.strips.scenario import with_descent
from terrain_cli.strips.snell import find_optimum
from terrain_cli.strips.solution import solve, to_ground
from terrain_cli.strips.step_size import safe_step, steepest_curvature
from tests.conftest import CONFIGS, ROOT

PAGE = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
POST = Strips(widths=[10, 10, 10], speeds=[0.7, 0.3, 0.45], offset=20)


def waits(name: str, **changes: Any) -> int:
    """Iterations until the time is within 1 ms of the optimum."""
    scenario = with_descent(load_strips(CONFIGS / name), iterations=10_000, **changes)
    solution = solve(scenario, every=1)
    return next(int(s.iteration) for s in solution.history if s.time <= float(solution.optimum.time) + 1e-3)


@pytest.mark.parametrize(
    ("row", "three", "fifty"),
    [
        ("| gradient | 24 | - |", {"method": "gradient"}, None),
        ("| gradient | 10 | 840 |", {"method": "gradient", "step": 3.192}, {"method": "gradient", "step": 0.10695}),
        ("| gradient | - | 2,033 |", None, {"method": "gradient"}),
        ("| momentum | 83 | 177 |", {"method": "momentum"}, {"method": "momentum"}),
        ("| adam | 136 | 185 |", {"method": "adam"}, {"method": "adam"}),
        ("| newton | 2 | 1 |", {"method": "newton"}, {"method": "newton"}),
        ("| snell | 0 | 0 |", {"method": "snell"}, {"method": "snell"}),
    ],
)
def test_iterations_to_a_millisecond(row: str, three: dict[str, Any] | None, fifty: dict[str, Any] | None) -> None:
    assert row in PAGE
    for stated, name, changes in zip(
        row.split("|")[2:4], ("three_strips.yaml", "fifty_strips.yaml"), (three, fifty), strict=True
    ):
        if changes is not None:
            assert waits(name, **changes) == int(stated.replace(",", ""))


@pytest.mark.parametrize(
    ("start", "gradient", "newton"),
    [([11.2, 3.4], 0, 0), ([0, 0], 21, 1), ([2, 17], 24, 2), ([40, -40], 33, 2), ([1000, -1000], 302, 2)],
)
def test_starts(start: list[float], gradient: int, newton: int) -> None:
    assert f"| {gradient} | {newton} |" in PAGE
    assert waits("three_strips.yaml", method="gradient", initial=start) == gradient
    assert waits("three_strips.yaml", method="newton", initial=start) == newton


def test_the_cliff_and_the_best_step() -> None:
    optimum = find_optimum(POST)
    low, high = np.linalg.eigvalsh(jax.hessian(calc_time)(optimum.x, POST))
    assert (round(low, 4), round(high, 4)) == (0.1206, 0.5061)
    assert round(2 / high, 3) == 3.952
    assert round(2 / (low + high), 3) == 3.192
    assert round(1 - 2 / (low + high) * low, 2) == 0.62
    assert round(float(steepest_curvature(POST)), 3) == 0.702
    assert round(float(safe_step(POST)), 3) == 1.424
    statuses = [list(descend(np.array([2, 17]), POST, step=step, iterations=5000))[-1].status for step in (3.9, 4.0)]
    assert statuses == ["converged", "diverged"]


def test_condition_numbers() -> None:
    fifty = to_ground(load_strips(CONFIGS / "fifty_strips.yaml"))
    for strips, stated in ((POST, 4.2), (fifty, 670)):
        curvatures = np.linalg.eigvalsh(jax.hessian(calc_time)(find_optimum(strips).x, strips))
        assert curvatures[-1] / curvatures[0] == pytest.approx(stated, rel=0.01)


def test_the_safe_step_shortens_the_time_by_its_bound() -> None:
    """t(x - g/L) <= t(x) - |g|²/(2L), from any x."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        n = int(rng.integers(2, 8))
        strips = Strips(10 ** rng.uniform(-2, 2, n), 10 ** rng.uniform(-1, 1, n), float(rng.normal() * 100))
        x, step = rng.normal(size=n - 1) * 10 ** rng.uniform(-3, 3), float(safe_step(strips))
        time, gradient = jax.value_and_grad(calc_time)(x, strips)
        after = float(calc_time(x - step * gradient, strips))
        assert after <= float(time) - step * float(gradient @ gradient) / 2 + 1e-14 * float(time)


def test_a_history_of_any_length_fits_in_memory() -> None:
    """The first 1,024 iterations are complete; then each doubling adds 512 rows."""
    count = 200_000
    rows = [
        (step.iteration, step.status)
        for step in descend(np.array([2, 17]), POST, step=1e-9, iterations=count, tolerance=0)
    ]
    iterations = [iteration for iteration, _ in rows]
    assert iterations[:1025] == list(range(1025))
    assert rows[-1] == (count, "iterations")
    assert iterations == sorted(set(iterations))
    assert len(rows) <= 1024 + 512 * (math.log2(count / 1024) + 1) + 1


@pytest.mark.parametrize("n", [3, 1000, 10**6, 10**7])
def test_the_number_of_rows_is_bounded_for_any_size(n: int) -> None:
    """A fixed number of rows from one power of two to the next; 55 doublings reach 2^55 iterations."""
    for power in range(0, 55):
        assert 2**power / thinning(2**power, n) <= 1024
    whole = next(i for i in range(2000) if thinning(i, n) > 1)
    assert whole * n * 8 <= 64 * 2**20 or whole == 4


def test_checkpoints_keep_a_gradient_small() -> None:
    """docs/gradients.md: memory is O(iterations) without checkpoints, and O(sqrt(iterations)) with them."""
    strips = Strips(np.full(101, 3.0), np.linspace(0.3, 1, 101), 150.0)
    x, step = np.full(100, 1.5), safe_step(strips)
    scratch = {}
    for iterations in (400, 1600):
        plain = partial(time_after, iterations=iterations)
        nested = partial(time_after, iterations=iterations, checkpoints=int(math.sqrt(iterations)))
        scratch[iterations] = memory(jax.grad(plain), strips, x, step), memory(jax.grad(nested), strips, x, step)
        small = jax.grad(plain)(strips, x, step), jax.grad(nested)(strips, x, step)
        np.testing.assert_allclose(small[0].speeds, small[1].speeds, rtol=1e-12)
    assert scratch[1600][0] > 3.5 * scratch[400][0]
    assert scratch[1600][1] < 2.5 * scratch[400][1]
    assert scratch[1600][1] < scratch[1600][0] / 8
