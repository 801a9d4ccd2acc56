"""The landscape: the time as a function of some unknowns, with the others at their best values or held."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from terrain_cli.scenario.load import load_strips
from terrain_cli.strips.landscape import survey, window
from terrain_cli.strips.scenario import StripsScenario
from terrain_cli.strips.solution import solve
from tests.conftest import CONFIGS, STRIPS_FILES


def time_of(x: np.ndarray, scenario: StripsScenario) -> float:
    """The post's formula, for any number of strips, without JAX."""
    movements = np.append(x, scenario.offset - np.sum(x))
    return float(np.sum(np.hypot(movements, scenario.widths) / scenario.speeds))


@pytest.fixture
def four() -> StripsScenario:
    strips = [{"width": w, "speed": v} for w, v in ((10, 0.7), (4, 0.3), (12, 0.45), (7, 1.1))]
    return StripsScenario.model_validate(
        {"name": "four", "strips": strips, "offset": 25.0, "descent": {"initial": [2, 9, 17]}}
    )


def test_three_strips_are_the_formula_of_the_post() -> None:
    scenario = load_strips(CONFIGS / "three_strips.yaml")
    landscape = survey(solve(scenario))
    first, second = landscape.grids
    assert (first[0], first[-1], second[0], second[-1]) == (0, 20, 0, 20)
    for i, j in ((0, 0), (7, 90), (50, 50), (100, 3)):
        exact = time_of(np.array([first[j], second[i]]), scenario)
        assert landscape.time[i, j] == pytest.approx(exact, rel=1e-14)


@pytest.mark.parametrize("axes", [(0, 1), (2, 0), (1,)])
def test_the_others_are_at_their_best(four: StripsScenario, axes: tuple[int, ...]) -> None:
    landscape = survey(solve(four), axes)
    others = [i for i in range(3) if i not in axes]
    rng = np.random.default_rng(1)
    for _ in range(4):
        index = tuple(rng.integers(0, size) for size in landscape.time.shape)
        point = [grid[k] for grid, k in zip(landscape.grids, reversed(index), strict=True)]

        def time(rest: np.ndarray, point: list[float] = point) -> float:
            x = np.empty(3)
            x[list(axes)], x[others] = point, rest
            return time_of(x, four)

        best = minimize(time, np.zeros(len(others)), tol=1e-10)
        assert landscape.time[index] == pytest.approx(best.fun, rel=1e-8)


def test_the_others_are_held(four: StripsScenario) -> None:
    solution = solve(four)
    landscape = survey(solution, (2, 0), held=True)
    x = solution.x.copy()
    x[2], x[0] = landscape.grids[0][11], landscape.grids[1][40]
    assert landscape.time[40, 11] == pytest.approx(time_of(x, four), rel=1e-14)
    assert np.all(landscape.time >= survey(solution, (2, 0)).time - 1e-12)


@pytest.mark.parametrize("axes", [(0, 0), (0, 3), (-1,), (0, 1, 2), ()])
def test_refuses_unknowns_that_do_not_exist(four: StripsScenario, axes: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="axes must be one or two different unknowns of 3"):
        survey(solve(four), axes)


@pytest.mark.parametrize("file", STRIPS_FILES, ids=lambda file: file.stem)
def test_covers_the_trace_and_the_optimum(file: Path) -> None:
    solution = solve(load_strips(file))
    for axis in range(min(2, len(solution.x))):
        low, high = window(solution, axis)
        shown = [row.x[axis] for row in solution.history] + [float(solution.optimum.x[axis])]
        assert low <= min(shown) <= max(shown) <= high


def test_a_wild_bounce_is_clipped() -> None:
    scenario = load_strips(CONFIGS / "three_strips.yaml")
    wild = scenario.model_copy(update={"descent": scenario.descent.model_copy(update={"step": 1e6})})
    low, high = window(solve(wild), 0)
    assert -1000 < low < high < 1000


def test_thousands_of_strips_get_a_coarser_grid() -> None:
    strips = [{"width": 1, "speed": 0.5 + (i % 7) / 10} for i in range(20_000)]
    scenario = StripsScenario.model_validate({"strips": strips, "offset": 100.0, "descent": {"iterations": 1}})
    landscape = survey(solve(scenario))
    assert landscape.time.shape == (28, 28)
    assert np.all(np.isfinite(landscape.time))
