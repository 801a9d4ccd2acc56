"""Newton's method as a method of descent."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.scenarios import draw_ordinary
from terrain_cli.errors import InputError
from terrain_cli.scenario.load import load_strips
from terrain_cli.strips.batched_descent import descend_batched
from terrain_cli.strips.convergence import CONVERGED, ON_ITS_WAY
from terrain_cli.strips.descent import METHODS, Settings, advance, begin, descend
from terrain_cli.strips.ground import Strips, calc_time, movements
from terrain_cli.strips.newton import _mean_share, _step
from terrain_cli.strips.scenario import with_descent
from terrain_cli.strips.snell import best_time
from terrain_cli.strips.solution import explain, solve, to_ground
from tests.conftest import CONFIGS, Ran

POST = Strips(widths=[10, 10, 10], speeds=[0.7, 0.3, 0.45], offset=20)
SIZES = (2, 5, 30, 300)
THREE = CONFIGS / "three_strips.yaml"


@jax.jit
def count_iterations(xs: Any, strips: Strips) -> tuple[Any, Any, Any]:
    """Iterations, status and time from each start, shape (B,)."""

    def one(x: Any) -> tuple[Any, Any, Any]:
        end = jax.lax.while_loop(
            lambda descent: descent.status == ON_ITS_WAY,
            partial(advance, strips=strips, settings=Settings(1.0, 100), method=METHODS["newton"]),
            begin(x, METHODS["newton"]),
        )
        return end.iteration, end.status, end.time

    return jax.vmap(one)(xs)


def test_converges_from_a_thousand_starts() -> None:
    """Ten starts, near and far, on each of a hundred scenarios of 2 to 300 strips."""
    rng = np.random.default_rng(0)
    iterations: list[int] = []
    for i in range(100):
        n = SIZES[i % 4]
        strips = draw_ordinary(rng, n, slowest=0.1, fastest=3)
        size = abs(float(strips.offset)) + strips.widths.sum()
        starts = rng.uniform(-1, 1, (10, n - 1)) * size * 10 ** rng.uniform(-3, 1, (10, 1))
        count, status, time = jax.device_get(count_iterations(starts, strips))
        assert set(status.tolist()) == {CONVERGED}
        np.testing.assert_allclose(time, best_time(strips), rtol=1e-12)
        iterations += count.tolist()
    assert max(iterations) <= 15
    assert np.median(iterations) <= 6


def test_converges_where_scales_differ() -> None:
    """Speeds over 10^±1, widths over 10^±2 m, offsets from a hundredth to a hundred total widths, ties included."""
    rng = np.random.default_rng(1)
    iterations: list[int] = []
    for i in range(60):
        n = SIZES[i % 4]
        widths, speeds = 10 ** rng.uniform(-2, 2, n), 10 ** rng.uniform(-1, 1, n)
        if i % 2:
            speeds = speeds[rng.integers(0, max(1, n // 2), n)]
        strips = Strips(widths, speeds, float(widths.sum() * 10 ** rng.uniform(-2, 2)))
        size = strips.offset + strips.widths.sum()
        starts = rng.uniform(-1, 1, (10, n - 1)) * size * 10 ** rng.uniform(-3, 0, (10, 1))
        count, status, time = jax.device_get(count_iterations(starts, strips))
        iterations += np.where(status == CONVERGED, count, 100).tolist()
        assert np.all(time < best_time(strips) * 1.01)
    # A few of the 600 converge slowly: from far away with equal speeds and grazing rays, or with a thin last strip, whose
    # displacement is a difference that has hardly enough digits for the tolerance.
    assert np.median(iterations) <= 6
    assert np.quantile(iterations, 0.98) <= 15


def test_five_steps_on_the_post() -> None:
    steps = list(descend(np.array([2, 17]), POST, "newton"))
    assert steps[-1].status == "converged"
    assert steps[-1].iteration <= 5
    times = [step.time for step in steps]
    assert times == sorted(times, reverse=True)


def test_the_time_never_rises() -> None:
    rng = np.random.default_rng(2)
    for n in (2, 5, 40):
        strips = draw_ordinary(rng, n, slowest=0.01, fastest=10)
        start = rng.uniform(-1, 1, n - 1) * 100 * n
        times = [step.time for step in descend(start, strips, "newton", iterations=50)]
        assert all(after <= before * (1 + 1e-11) for before, after in pairwise(times))


def test_digits_double_at_the_end() -> None:
    errors = [step.gradient_norm for step in descend(np.array([2, 17]), POST, "newton")][1:4]
    assert errors[1] < 0.5 * errors[0] ** 1.5
    assert errors[2] < 0.5 * errors[1] ** 1.5


def test_the_step_solves_with_the_hessian() -> None:
    """Sherman and Morrison's formula against a dense solve with JAX's Hessian."""
    rng = np.random.default_rng(3)
    for n in (2, 3, 8):
        strips = draw_ordinary(rng, n)
        x = rng.uniform(-5, 5, n - 1)
        gradient, hessian = jax.grad(calc_time)(x, strips), jax.hessian(calc_time)(x, strips)
        along = movements(x, strips)
        lengths = jnp.sqrt(along**2 + strips.widths**2)
        step = _step(strips.speeds * lengths**3 / strips.widths**2, along / lengths / strips.speeds)
        np.testing.assert_allclose(step, -jnp.linalg.solve(hessian, gradient), rtol=1e-10)


def test_the_mean_curvature_is_a_secant() -> None:
    """From angle a to angle b: (tan b - tan a)/(sin b - sin a), times the cosine of a; for b = a the curvature itself."""
    a, b = np.array([0.3, -1.2, 0.7, 1.1, 0.0]), np.array([0.9, -0.4, -1.3, -0.2, 1.0])
    expected = (np.tan(b) - np.tan(a)) / (np.sin(b) - np.sin(a)) * np.cos(a)
    np.testing.assert_allclose(_mean_share(np.sin(a), np.cos(a), np.sin(b)), expected, rtol=1e-13)
    np.testing.assert_allclose(_mean_share(np.sin(a), np.cos(a), np.sin(a)), np.cos(a) ** -2, rtol=1e-13)


def test_one_strip_has_no_unknowns() -> None:
    steps = list(descend(np.array([]), Strips([3], [0.5], 4), "newton"))
    assert [(step.iteration, step.status) for step in steps] == [(0, "converged")]


def test_absurd_starts_end_with_a_status() -> None:
    """The squares of lengths up to 1e50 m fit in a float. If others overflow, the time is not reported as NaN."""
    for start in ([1e50, -1e50], [1e200, 0.0]):
        last = list(descend(np.array(start), POST, "newton"))[-1]
        assert last.status in ("converged", "iterations", "diverged")
        assert np.isfinite(last.time) or last.status == "diverged"


def test_on_the_command_line(terrain: Callable[..., Ran]) -> None:
    ran = terrain("solve", THREE, "--method", "newton", "--json")
    document = json.loads(ran.out)
    assert (ran.code, document["status"], document["step"]) == (0, "converged", None)
    assert document["time"] == pytest.approx(81.911687844967823857, rel=1e-15)
    assert document["iterations"] <= 5


def test_a_step_is_refused(terrain: Callable[..., Ran], tmp_path: Any) -> None:
    ran = terrain("solve", THREE, "--method", "newton", "--step", "3")
    assert ran.code == 2
    assert ran.err == (
        "--step: is not a setting of method newton, which needs no step: remove it, or set another method\n"
    )
    file = tmp_path / "a.yaml"
    file.write_text("strips: [{width: 1, speed: 1}]\noffset: 2\ndescent: {method: newton,\n  step: 3}\n")
    ran = terrain("solve", file)
    assert ran.code == 2
    assert f"{file}:4: descent.step: is not a setting of method newton" in ran.err
    ran = terrain("sweep", THREE, "--method", "newton", "--step", "1:3")
    assert ran.code == 2
    assert ran.err.startswith("--step: is not a setting of method newton")
    with pytest.raises(
        InputError, match=r"strips\.0\.speed, descent\.iterations, descent\.tolerance, descent\.initial"
    ):
        next(descend_batched(with_descent(load_strips(THREE), method="newton"), {"zebra": [1.0]}))


def test_the_step_of_a_file_is_dropped_with_its_method() -> None:
    """The file of the post has a step of 1.5, but `--method newton` alone is enough."""
    changed = with_descent(load_strips(THREE), method="newton")
    assert changed.descent.step is None
    assert solve(changed).message == f"Converged after {solve(changed).iterations} iterations."


def test_in_a_sweep() -> None:
    scenario = with_descent(load_strips(THREE), method="newton", iterations=50)
    (points,) = descend_batched(scenario, {"strips.1.speed": [0.01, 0.1, 0.3, 1, 10], "offset": [0, 1, 20, 400]})
    assert set(points.status) == {"converged"}
    np.testing.assert_allclose(points.time, points.optimum, rtol=1e-13)
    assert points.iterations.max() <= 8


def test_a_divergence_without_a_step_is_explained() -> None:
    """As far as we know this cannot happen. If it does, the sentence must not contain the missing step."""
    scenario = with_descent(load_strips(THREE), method="newton")
    solution = replace(solve(scenario), status="diverged")
    assert explain(solution, to_ground(scenario)) == (
        "Diverged: since iteration 2 the path has bounced from side to side without getting closer. Use --method snell."
    )
