"""docs/methods.md: what tests/strips/test_methods.py does not count already."""

import re
from typing import Any

import jax
import numpy as np
import pytest
from scipy.optimize import brentq

from terrain_cli import Strips, calc_time, descend, find_optimum
from terrain_cli.scenario.load import load_strips
from terrain_cli.strips.ground import straight_x
from terrain_cli.strips.solution import to_ground
from terrain_cli.strips.step_size import largest_step, safe_step, steepest_curvature
from tests.conftest import CONFIGS, ROOT
from tests.docs.pages import check, find_numbers
from tests.strips.test_methods import waits

PAGE = "methods.md"
POST = Strips(widths=[10, 10, 10], speeds=[0.7, 0.3, 0.45], offset=20)
FIFTY = to_ground(load_strips(CONFIGS / "fifty_strips.yaml"))
value_and_grad: Any = jax.jit(jax.value_and_grad(calc_time))


def ends_of_curvature(strips: Strips) -> tuple[float, float]:
    """The smallest and the largest curvature at the optimum, roots of the secular equation of a diagonal plus c_n 1 1'."""
    along = np.asarray(find_optimum(strips).movements)
    c = strips.widths**2 / (strips.speeds * np.sqrt(along**2 + strips.widths**2) ** 3)
    lowest, second = np.partition(c[:-1], 1)[:2]
    gap, highest = second - lowest, c[:-1].max()

    def secular(x: float) -> float:
        return float(1 + c[-1] * np.sum(1 / (c[:-1] - x)))

    smallest = brentq(secular, lowest + 1e-12 * gap, second - 1e-12 * gap, xtol=1e-300, rtol=1e-12)
    largest = brentq(secular, highest * (1 + 1e-12), highest + len(c) * c[-1], rtol=1e-12)
    return float(smallest), float(largest)


def test_curvatures() -> None:
    for strips in (POST, Strips([3, 5, 2, 9, 4], [0.4, 0.9, 0.3, 0.7, 0.5], 30)):
        found = np.linalg.eigvalsh(jax.hessian(calc_time)(find_optimum(strips).x, strips))
        np.testing.assert_allclose(ends_of_curvature(strips), found[[0, -1]], rtol=1e-9)
    low, high = ends_of_curvature(POST)
    check(PAGE, "On the post's strips the two curvatures are {} and {} s/m²", low, high)
    check(PAGE, "From step 2/{} = {} on", high, 2 / high)
    assert largest_step(find_optimum(POST).movements, POST) == pytest.approx(2 / high, rel=1e-9)
    best = 2 / (low + high)
    check(
        PAGE,
        "The best fixed step is 2/({} + {}) = {}. Both axes then shrink by the same factor, {} per",
        low,
        high,
        best,
        1 - best * low,
    )
    check(PAGE, "The step 1/L = {} is safe from any start. L = {} s/m²", safe_step(POST), steepest_curvature(POST))
    [largest] = find_numbers("maths.md", "curvature of any path across these strips is {}, near")
    assert largest.startswith(find_numbers(PAGE, "the largest curvature that any path attains is {};")[0])


def test_the_steps_of_the_table() -> None:
    best = [2 / sum(ends_of_curvature(strips)) for strips in (POST, FIFTY)]
    check(PAGE, "| gradient | 10 | 840 | the best fixed one: {} and {} |", *best)
    check(PAGE, "| gradient | - | 2,033 | the safe one: {} |", safe_step(FIFTY))
    check(PAGE, "its own: {} m and {} m", safe_step(POST, "adam"), safe_step(FIFTY, "adam"))
    check(PAGE, "from (2, 17), optimum {} s", find_optimum(POST).time)
    check(PAGE, "from the straight line, optimum {} s", find_optimum(FIFTY).time)
    assert len(FIFTY.widths) - 1 == 49
    assert "With 49 unknowns they do" in (ROOT / "docs" / PAGE).read_text(encoding="utf-8")


@pytest.mark.parametrize("step", [4, 5, 20, 100])
def test_beyond_the_cliff_the_path_stays_near(step: float) -> None:
    """Where t(x) - T exceeds s G²/2 the next path is closer; so the descent stays in a bounded region, and does not settle."""
    optimum = find_optimum(POST)
    slowest = 1 / POST.speeds[:2] + 1 / POST.speeds[2]
    bound = float(slowest @ slowest)  # G²
    x, distance, outside = np.array([200.0, -300.0]), np.inf, False
    farthest = 0.0
    for i in range(400):
        time, gradient = value_and_grad(x, POST)
        assert float(gradient @ gradient) <= bound
        new = float(np.linalg.norm(x - optimum.x))
        assert new < distance or not outside
        distance, outside = new, bool(time - optimum.time > step * bound / 2)
        farthest = max(farthest, distance if i > 200 else 0)
        x = x - step * np.asarray(gradient)
    assert 0.1 < farthest < 2 * step * np.sqrt(bound)


def test_what_a_bounce_comes_to() -> None:
    x, times = np.array([2.0, 17.0]), []
    for _ in range(400):
        time, gradient = value_and_grad(x, POST)
        times.append(float(time))
        x = x - 5 * np.asarray(gradient)
    check(PAGE, "with step 5 on the post's strips, between {} and {} s", *sorted(times[-2:]))


def test_condition_numbers() -> None:
    def condition(strips: Strips) -> float:
        low, high = ends_of_curvature(strips)
        return high / low

    check(PAGE, "κ is {} for the post and {} for the fifty strips", condition(POST), condition(FIFTY), rel=1e-3)
    medians = []
    for along in (0.0, 6.0):
        for n in (30, 300, 1000):
            drawn = []
            for seed in range(5):
                rng = np.random.default_rng(seed)
                drawn.append(condition(Strips(rng.uniform(2, 10, n), rng.uniform(0.3, 1, n), along * n)))
            medians.append(np.median(drawn))
    straight, along_too = medians[:3], medians[3:]
    check(
        PAGE,
        "it is about {} for 30 strips, {} for 300 and {} for 1,000 if the goal lies straight across",
        *straight,
        rel=0.02,
    )
    check(
        PAGE,
        "and about {}, {} and {} if it lies 6 m along for every strip (medians of five draws)",
        *along_too,
        rel=0.02,
    )


def test_tuned_momentum() -> None:
    low, high = ends_of_curvature(FIFTY)
    root = np.sqrt(high / low)
    step, momentum = 4 / (np.sqrt(high) + np.sqrt(low)) ** 2, ((root - 1) / (root + 1)) ** 2
    factors = (root - 1) / (root + 1), (root**2 - 1) / (root**2 + 1)
    check(PAGE, "For the fifty strips this is {}, against {} for gradient descent", *factors)
    check(PAGE, "they take {} iterations, while √κ is {}.", waits("fifty_strips.yaml", method="momentum"), root)

    optimum = find_optimum(FIFTY)
    near, previous, distances = np.asarray(optimum.x) + 0.01 * np.random.default_rng(0).normal(size=49), 0.0, []
    for _ in range(300):
        distances.append(np.linalg.norm(near - optimum.x))
        previous = momentum * previous - step * np.asarray(value_and_grad(near, FIFTY)[1])
        near = near + previous
    assert (distances[250] / distances[50]) ** (1 / 200) == pytest.approx(factors[0], abs=0.015)

    # From the straight line it goes round for ever: a cycle, as the verdict says long before.
    far = list(descend(straight_x(FIFTY), FIFTY, "momentum", step=step, momentum=momentum, iterations=3000))
    assert far[-1].status == "diverged"
    x, previous, gaps = np.asarray(straight_x(FIFTY)), 0.0, []
    for _ in range(3000):
        time, gradient = value_and_grad(x, FIFTY)
        gaps.append(float(time - optimum.time))
        previous = momentum * previous - step * np.asarray(gradient)
        x = x + previous
    assert min(gaps[1000:]) > 0.1


def test_the_straight_line_as_a_start() -> None:
    straight = np.asarray(straight_x(POST)).tolist()
    counts = [waits("three_strips.yaml", method=method, initial=straight) for method in ("gradient", "newton")]
    check(PAGE, "| the straight line | {} | {} |", *counts)


def test_what_newtons_test_promises() -> None:
    """The same numbers stand in the page and in the test that it names."""
    test = (ROOT / "tests" / "strips" / "test_newton.py").read_text(encoding="utf-8")
    most, median = find_numbers(PAGE, "it took at most {} iterations, and {} or fewer at the median")
    body = re.split(r"\ndef ", test[test.index("def test_converges_from_a_thousand_starts") :])[0]
    assert f"assert max(iterations) <= {most}\n" in body
    assert f"assert np.median(iterations) <= {median}\n" in body
