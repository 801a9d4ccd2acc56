"""The descent loop, its methods, and how it ends."""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from terrain_cli import Method, Step, Strips, best_time, calc_time, compile_cache, descend, find_optimum
from terrain_cli.strips.descent import METHODS, Settings, thinning
from terrain_cli.strips.scenario import OWN_SETTINGS
from terrain_cli.strips.step_size import largest_step, safe_step
from tests.strips.grounds import grounds, random_strips, random_x

POST = Strips(widths=[10, 10, 10], speeds=[0.7, 0.3, 0.45], offset=20)
START = [2.0, 17.0]
BEST = 81.911687844967823857
gradient = jax.grad(calc_time)


def last(steps: Iterator[Step]) -> Step:
    return list(steps)[-1]


def test_gradient_descent_is_the_posts_four_lines() -> None:
    x = np.array(START)
    for step in descend(START, POST, step=1.5, iterations=20):
        assert np.allclose(step.x, x, rtol=1e-13)
        assert step.gradient_norm == pytest.approx(float(np.linalg.norm(gradient(x, POST))), rel=1e-10)
        x = x - 1.5 * np.asarray(gradient(x, POST))
    assert step.iteration == 20
    assert step.status == "iterations"


def test_momentum_is_the_heavy_ball() -> None:
    before, x = np.array(START), np.array(START)
    for step in descend(START, POST, "momentum", step=1.5, momentum=0.8, iterations=30):
        assert np.allclose(step.x, x, rtol=1e-12)
        before, x = x, x - 1.5 * np.asarray(gradient(x, POST)) + 0.8 * (x - before)


def test_adam_is_adam() -> None:
    x, mean, square = np.array(START), np.zeros(2), np.zeros(2)
    for step in descend(START, POST, "adam", step=0.3, beta1=0.8, beta2=0.99, epsilon=1e-6, iterations=30):
        assert np.allclose(step.x, x, rtol=1e-12)
        g, k = np.asarray(gradient(x, POST)), step.iteration + 1
        mean, square = 0.8 * mean + 0.2 * g, 0.99 * square + 0.01 * g**2
        x = x - 0.3 * mean / (1 - 0.8**k) / (np.sqrt(square / (1 - 0.99**k)) + 1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_optimum_of_the_post(method: str) -> None:
    step = last(descend(START, POST, method, iterations=5000))
    assert step.status == "converged"
    assert step.time == pytest.approx(BEST, rel=1e-13)
    assert np.allclose(step.x, [11.17307407, 3.36991448], atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_known_to_scenarios(method: str) -> None:
    assert method in OWN_SETTINGS
    assert set(OWN_SETTINGS) == {*METHODS, "snell"}


@pytest.mark.parametrize(("step", "iterations"), [(0.1, 392), (0.5, 77), (1.0, 38), (1.5, 24), (2.0, 18)])
def test_iterations_to_a_millisecond(step: float, iterations: int) -> None:
    """Counted independently, by another program."""
    for row in descend(START, POST, step=step):
        if row.time < BEST + 1e-3:
            break
    assert row.iteration == iterations


def test_the_time_never_rises_with_the_default_step() -> None:
    for seed in range(60):
        strips = random_strips(seed, most=30, spread=2)
        times = [row.time for row in descend(random_x(strips, seed), strips, iterations=60)]
        assert all(b <= a * (1 + 1e-14) for a, b in itertools.pairwise(times))


def test_a_safe_step_shortens_the_time_by_its_bound() -> None:
    """t(x - s g) <= t(x) - |g|²/(2L)."""
    for seed in range(100):
        strips = random_strips(seed, spread=2)
        x = random_x(strips, seed)
        g, s = gradient(x, strips), float(safe_step(strips))
        before = float(calc_time(x, strips))
        assert float(calc_time(x - s * g, strips)) <= before - s * float(np.sum(g**2)) / 2 + 1e-14 * before


def test_descent_converges_below_the_largest_step_and_not_above() -> None:
    limit = largest_step(find_optimum(POST).movements, POST)
    assert limit is not None
    assert limit == pytest.approx(3.952, abs=5e-4)
    near = np.asarray(find_optimum(POST).x) + 1e-3
    assert last(descend(near, POST, step=1.02 * limit)).status == "diverged"
    assert last(descend(near, POST, step=0.98 * limit, iterations=5000)).status == "converged"
    assert largest_step(np.ones(3), POST, "adam") is None


def test_momentum_raises_the_largest_step() -> None:
    limit = largest_step(find_optimum(POST).movements, POST, "momentum", 0.5)
    assert limit is not None
    assert limit == pytest.approx(3.952 * 1.5, abs=1e-3)
    near = np.asarray(find_optimum(POST).x) + 1e-3
    end = last(descend(near, POST, "momentum", step=0.97 * limit, momentum=0.5, iterations=5000))
    assert end.status == "converged"
    assert last(descend(near, POST, "momentum", step=1.03 * limit, momentum=0.5)).status == "diverged"


def follow_nesterov(
    x: jax.Array, gradient: jax.Array, state: Any, strips: Strips, settings: Settings
) -> tuple[jax.Array, Any]:
    """Nesterov's accelerated gradient (1983), where `x` is the point that looks ahead."""
    velocity = settings.momentum * state - settings.step * gradient
    return x + settings.momentum * velocity - settings.step * gradient, velocity


class TestOwnMethods:
    @pytest.mark.parametrize("method", METHODS)
    def test_one_equal_to_a_built_in_gives_the_same_rows(self, method: str) -> None:
        named = descend(START, POST, method, step=1.0, iterations=40)
        own = descend(START, POST, Method(*METHODS[method]), step=1.0, iterations=40)
        for a, b in itertools.zip_longest(named, own):
            assert a.x.tolist() == b.x.tolist()
            assert (a.iteration, *a[2:]) == (b.iteration, *b[2:])

    def test_nesterov_converges(self) -> None:
        nesterov = Method(follow_nesterov, lambda x: 0 * x, lambda settings: 1 / (1 - settings.momentum))
        before = x = np.array(START)
        for step in descend(START, POST, nesterov, step=1.0, momentum=0.5):
            assert np.allclose(step.x, x, rtol=1e-12)
            here = x - np.asarray(gradient(x, POST))
            before, x = here, here + 0.5 * (here - before)
        assert step.status == "converged"
        assert step.time == pytest.approx(BEST, rel=1e-13)

    def test_two_of_the_same_name_do_not_share_a_program(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(compile_cache, "folder_in_use", tmp_path)

        def scaled(factor: float) -> Method:
            def follow(x: Any, gradient: Any, state: Any, strips: Any, settings: Settings) -> tuple[Any, Any]:
                return x - factor * settings.step * gradient, state

            return Method(follow)

        slope = np.asarray(gradient(np.array(START), POST))
        for factor in (0.1, 0.2, 0.3):
            step = last(descend(START, POST, scaled(factor), step=1.5, iterations=1))
            assert np.allclose(step.x, START - factor * 1.5 * slope, rtol=1e-14)
        assert list(tmp_path.glob("run-*")) == []
        next(descend(np.zeros(10), Strips(np.ones(11), np.ones(11), 3.0)))  # a size that no other test has compiled
        assert len(list(tmp_path.glob("run-*"))) == 1  # the glob finds the files of named methods

    def test_the_default_step_is_that_of_gradient_descent(self) -> None:
        own, named = descend(START, POST, Method(METHODS["gradient"].update)), descend(START, POST)
        assert [row.time for row in own] == [row.time for row in named]

    def test_the_built_in_methods_cannot_be_changed(self) -> None:
        with pytest.raises(TypeError):
            METHODS["gradient"] = METHODS["newton"]  # type: ignore[index]


class TestConvergence:
    def test_a_step_of_5_bounces_between_two_times(self) -> None:
        steps = list(descend(START, POST, step=5, iterations=1000))
        assert steps[-1].status == "diverged"
        assert steps[-1].iteration <= 20

    @pytest.mark.parametrize("step", [4.2, 5, 10, 100, 1e6])
    def test_a_bounce_is_detected_soon(self, step: float) -> None:
        assert last(descend(START, POST, step=step)).iteration <= 30

    @pytest.mark.parametrize(("method", "step"), [("momentum", 10), ("momentum", 100), ("adam", 1000)])
    def test_a_bounce_with_memory_is_detected(self, method: str, step: float) -> None:
        assert last(descend(START, POST, method, step=step, iterations=3000)).status == "diverged"

    @pytest.mark.parametrize("method", METHODS)
    def test_an_overflow_is_diverged_not_converged(self, method: str) -> None:
        """At a step of 1e200 the time is inf and the gradient 0."""
        if method in ("adam", "gradient", "momentum"):
            steps = list(descend(START, POST, method, step=1e200))
            assert steps[-1].status == "diverged"
            assert steps[-1].iteration == 1
            assert not math.isfinite(steps[-1].time)

    def test_a_start_that_is_not_finite_is_diverged(self) -> None:
        assert [(s.iteration, s.status) for s in descend([math.nan, 1], POST)] == [(0, "diverged")]

    @pytest.mark.parametrize("method", METHODS)
    def test_no_false_alarm_at_the_default_step(self, method: str) -> None:
        """In long narrow valleys momentum overshoots for hundreds of iterations."""
        for seed in range(40):
            strips = random_strips(seed, most=40)
            assert last(descend(random_x(strips, seed), strips, method)).status in ("converged", "iterations")

    @pytest.mark.parametrize("momentum", [0.5, 0.9])
    def test_one_great_overshoot_is_no_bounce(self, momentum: float) -> None:
        """From far away a heavy ball overshoots the optimum, and returns slowly from the flat slope on the other side."""
        rng = np.random.default_rng(5)
        for _ in range(60):
            n, spread = int(rng.choice([2, 5])), rng.choice([0.3, 1.0, 1.5])
            widths, speeds = 10 ** rng.uniform(-spread, spread, (2, n))
            strips = Strips(widths, speeds, n * 10 ** rng.uniform(-1, 2) * rng.choice([1, -1]))
            x = rng.normal(size=n - 1) * 10 ** rng.uniform(-1, 1.5)
            end = last(descend(x, strips, "momentum", momentum=momentum, iterations=3000, every=3000))
            assert end.status in ("converged", "iterations")

    def test_the_oscillation_of_adam_at_the_optimum_is_no_bounce(self) -> None:
        for seed in range(40):
            strips = random_strips(seed, most=40)
            end = last(descend(random_x(strips, seed), strips, "adam", iterations=3000, every=3000))
            assert end.status != "diverged" or end.time > float(best_time(strips)) * (1 + 1e-7)

    @pytest.mark.parametrize("momentum", [0.0, 0.5, 0.99])
    @pytest.mark.parametrize("step", [0.05, 1.0, 3.0])
    def test_no_false_alarm_whatever_the_momentum(self, momentum: float, step: float) -> None:
        end = last(descend(START, POST, "momentum", step=step, momentum=momentum, iterations=20_000))
        assert end.status == "converged"

    def test_convergence_is_judged_by_the_tolerance(self) -> None:
        for tolerance in (1e-3, 1e-6, 1e-9):
            steps = list(descend(START, POST, tolerance=tolerance, iterations=5000))
            sines = [float(np.max(np.abs(gradient(s.x, POST)))) * 0.3 for s in steps]
            assert steps[-1].status == "converged"
            assert sines[-1] <= tolerance < sines[-2]

    def test_running_out_of_iterations_is_a_status(self) -> None:
        assert last(descend(START, POST, iterations=3)).status == "iterations"
        assert [s.iteration for s in descend(START, POST, iterations=0)] == [0]

    def test_without_unknowns_it_converges_at_once(self) -> None:
        assert [(s.iteration, s.status) for s in descend([], Strips([3.0], [2.0], 4.0))] == [(0, "converged")]


class TestRows:
    def test_every(self) -> None:
        rows = [s.iteration for s in descend(START, POST, step=1.5, iterations=205, tolerance=0, every=50)]
        assert rows == [0, 50, 100, 150, 200, 205]

    def test_rows_keep_no_memory_but_their_own(self) -> None:
        """Of a block of 64 rows that the compiled loop returns, few may be filled."""
        rows = list(descend(START, POST, step=1e-3, iterations=3000, tolerance=0, every=1000))
        blocks = {id(block): block for block in (s.x if s.x.base is None else s.x.base for s in rows)}
        assert sum(block.nbytes for block in blocks.values()) == sum(s.x.nbytes for s in rows)

    def test_every_is_the_same_descent(self) -> None:
        whole = {s.iteration: s for s in descend(START, POST, iterations=300, tolerance=0)}
        for s in descend(START, POST, iterations=300, tolerance=0, every=7):
            assert s.time == whole[s.iteration].time
            assert np.array_equal(s.x, whole[s.iteration].x)

    def test_long_histories_thin_out(self) -> None:
        rows = [s.iteration for s in descend(START, POST, iterations=5000, tolerance=0)]
        assert rows[:1025] == list(range(1025))
        assert rows[-1] == 5000
        assert len(rows) < 2600
        assert {b - a for a, b in zip(rows[-100:-1], rows[-99:], strict=True)} == {8}

    def test_thinning_keeps_few_rows_of_many_strips(self) -> None:
        assert [thinning(i, 3) for i in (0, 1023, 1024, 2047, 2048, 2**20)] == [1, 1, 2, 2, 4, 2**11]
        assert [thinning(i, 10**6) for i in (0, 3, 4, 8)] == [1, 1, 2, 4]

    def test_crossings_are_running_sums(self) -> None:
        step = last(descend(START, POST, iterations=0))
        assert step.crossings.tolist() == [2.0, 19.0]


@hypothesis_settings(max_examples=30)
@given(grounds(least=1, most=5))
def test_descent_never_beats_the_optimum(strips: Strips) -> None:
    step = last(descend(np.zeros(len(strips.widths) - 1), strips, iterations=50))
    assert step.time >= float(best_time(strips)) * (1 - 1e-14)


def test_thousands_of_strips() -> None:
    rng = np.random.default_rng(7)
    strips = Strips(rng.uniform(1, 2, 3000), rng.uniform(0.3, 1, 3000), -2000.0)
    times = [s.time for s in descend(np.zeros(2999), strips, iterations=20)]
    assert times == sorted(times, reverse=True)


def test_numbers_alone_do_not_recompile(monkeypatch: pytest.MonkeyPatch) -> None:
    traced = []
    real = jax.value_and_grad

    def counting(*args: object, **kwargs: object) -> object:
        traced.append(args)
        return real(*args, **kwargs)  # type: ignore[arg-type]

    list(descend(START, POST, step=1.5, iterations=5))
    monkeypatch.setattr(jax, "value_and_grad", counting)
    list(descend([1.0, 3.0], Strips([1, 2, 3], [4, 5, 6], 7), step=0.5, iterations=77, tolerance=1e-3))
    assert traced == []
    list(descend([1.0], Strips([1, 2], [4, 5], 7), iterations=3, every=1))
    assert len(traced) <= 1  # another number of strips may recompile


def test_unknown_methods_are_refused() -> None:
    with pytest.raises(ValueError, match=r"method must be one of gradient, momentum, adam.*got 'newtn'"):
        next(descend(START, POST, "newtn"))
    with pytest.raises(ValueError, match="x must have a number for each strip but the last"):
        next(descend([1.0], POST))
