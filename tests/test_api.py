"""The Python API: what `terrain_cli` offers, typed, lazy, and documented with examples that run."""

import dataclasses
import doctest
import inspect
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import terrain_cli
from terrain_cli import (
    Ground,
    InputError,
    MapScenario,
    Strips,
    StripsScenario,
    best_time,
    find_optimum,
    time_uncertainty,
)
from tests.conftest import ROOT


def test_all_names_are_there() -> None:
    for name in terrain_cli.__all__:
        assert getattr(terrain_cli, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'solv'"):
        terrain_cli.solv  # noqa: B018


@pytest.mark.parametrize("name", [name for name in terrain_cli.__all__ if name != "__version__"])
def test_every_public_name_is_documented(name: str) -> None:
    assert len(inspect.getdoc(getattr(terrain_cli, name)) or "") > 40


@pytest.mark.parametrize(
    "name",
    [
        "load_scenario",
        "solve",
        "descend",
        "find_route",
        "load_strips",
        "load_map",
        "plot",
        "solve_many",
        "find_sensitivities",
    ],
)
def test_examples_in_docstrings_run(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    text = inspect.getdoc(getattr(terrain_cli, name)) or ""
    example = inspect.cleandoc(text.partition("Example:")[2])
    assert example
    exec(example, {key: getattr(terrain_cli, key) for key in terrain_cli.__all__})
    assert capsys.readouterr().out


def test_the_packages_own_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    exec(inspect.cleandoc((terrain_cli.__doc__ or "").partition("Example:")[2]), {})
    assert capsys.readouterr().out.startswith("81.9163830056")


def test_scenarios_can_be_made_in_python() -> None:
    scenario = StripsScenario.model_validate({"strips": [{"width": 1, "speed": 1}], "offset": 2})
    assert scenario.file is None
    assert terrain_cli.solve(scenario).time == pytest.approx(5**0.5)


API: Any = terrain_cli  # whose calls a type checker would refuse too


def make_calls() -> list[tuple[str, Callable[[], object], str]]:
    """Calls that are refused: a name, the call, and what the message says."""
    post = API.Strips([10, 10, 10], [0.7, 0.3, 0.45], 20)
    scenario = StripsScenario.model_validate({"strips": [{"width": 1, "speed": 1}], "offset": 2})
    ground = API.Ground(np.ones((3, 4)))
    cut = "got StripsScenario(name='', description=None"
    calls: list[tuple[str, Callable[[], object], str]] = [
        ("strips", lambda: API.Strips([1, 2], [3], 5), "widths and speeds must have a number for each strip"),
        ("no strips", lambda: API.Strips([], [], 5), "and at least one, got shapes (0,) and (0,)"),
        ("width", lambda: API.Strips([1, -2], [3, 4], 5), "widths[1] must be greater than 0, from 1e-50 to 1e+50, got -2.0"),
        ("speed", lambda: API.Strips([1, 2], [3, math.nan], 5), "speeds[1] must be greater than 0, from 1e-50 to 1e+50, got nan"),
        ("infinite", lambda: API.Strips([1, math.inf], [3, 4], 5), "widths[1] must be greater than 0, from 1e-50 to 1e+50, got inf"),
        ("huge", lambda: API.Strips([1], [1e60], 5), "speeds[0] must be greater than 0, from 1e-50 to 1e+50, got 1e+60"),
        ("of JAX", lambda: API.Strips(jnp.array([1.0, -1.0]), [1, 1], 2), "widths[1] must be greater than 0"),
        ("batch", lambda: API.Strips(np.ones((2, 2)), -np.eye(2), [1, 2]), "speeds[0, 0] must be greater than 0"),
        ("offset", lambda: API.Strips([1], [1], math.inf), "offset must be at most 1e+50 in magnitude, got inf"),
        ("offsets", lambda: API.Strips([1], [1], [2]), "offset must be one number, got shape (1,)"),
        ("text", lambda: API.Strips(["a"], [1], 2), "widths must be a number or an array of numbers, got ['a']"),
        ("complex", lambda: API.Strips([1j], [1], 2), "widths must be a number or an array of numbers, got [1j]"),
        ("None", lambda: API.Strips([1], [1], None), "offset must be a number or an array of numbers, got None"),
        ("ragged", lambda: API.Strips([[1], [1, 2]], [1], 2), "widths must have rows of equal length, got [[1], [1, 2]]"),
        ("slowness", lambda: API.Ground(-np.ones((2, 2))), "slowness[0, 0] must be greater than 0 (inf where the ground is blocked)"),
        ("slow", lambda: API.Ground([[1, math.nan]]), "slowness[0, 1] must be greater than 0"),
        ("rows", lambda: API.Ground([1, 2]), "slowness must have rows and columns, got shape (2,)"),
        ("cell", lambda: API.Ground([[1]], -1), "ground.cell must be greater than 0 and finite, got -1.0"),
        ("cells", lambda: API.Ground([[1]], [1, 2]), "ground.cell must be one number, got shape (2,)"),
        ("corner", lambda: API.Ground([[1]], 1, 5), "ground.corner must be a point (x, y), got shape ()"),
        ("corners", lambda: API.Ground([[1]], 1, (0, math.nan)), "ground.corner[1] must be a finite number, got nan"),
        ("points", lambda: ground.to_cells((1, 2, 3)), "points must have shape (..., 2), got (3,)"),
        ("path", lambda: API.calc_time("ab", post), "x must be numbers, got 'ab'"),
        ("of one", lambda: API.find_optimum(API.Strips(np.ones((2, 1)), np.ones((2, 1)), [1, 2])), "use jax.vmap for several at once"),
        ("error", lambda: API.time_uncertainty(post, -1), "width_uncertainty must be 0 or greater and finite, got -1.0"),
        ("errors", lambda: API.time_uncertainty(post, 0, [1, 2]), "speed_uncertainty must be one number or one for each strip, (3,), got (2,)"),
        ("file", lambda: API.solve("s.yaml"), "scenario must be a scenario, as from load_scenario, got 's.yaml'"),
        ("every", lambda: API.solve(scenario, every=2**63), "every must be a whole number from 1 to 9007199254740992"),
        ("watch", lambda: API.solve(scenario, watch=3), "watch must be a function, got 3"),
        ("nothing", lambda: API.plot(None), "solution must be a solution, as from solve, got None"),
        ("ax", lambda: API.plot(API.solve(scenario), ax=3), "ax must be an Axes of matplotlib, got 3"),
        ("array", lambda: API.arrival_times(np.ones((2, 2)), (0, 0)), "ground must be a Ground, such as"),
        ("dtype", lambda: API.arrival_times(ground, (0, 0), dtype="x"), "dtype must be float32 or float64, got 'x'"),
        ("point", lambda: API.remaining_times(ground, None), "goal must be a number or an array of numbers, got None"),
        ("ends", lambda: API.find_route(ground, 1, 2), "start must be a point (x, y), shape (2,), got shape ()"),
        ("long path", lambda: API.descend([1, 2, 3], post), "x must have a number for each strip but the last, shape (2,), got (3,)"),
        ("method", lambda: API.descend([2, 17], post, "grad"), "method must be one of gradient, momentum, adam, newton, or a Method, got 'grad'"),
        ("update", lambda: API.descend([2, 17], post, API.Method(3)), "update must be a function, got 3"),
        ("iterations", lambda: API.descend([2, 17], post, iterations=-1), "iterations must be a whole number from 0 to"),
        ("step", lambda: API.descend([2, 17], post, step=-1), "step must be a finite number, greater than 0, got -1"),
        ("no step", lambda: API.descend([2, 17], post, step="a"), "step must be a number, got 'a'"),
        ("tolerance", lambda: API.descend([2, 17], post, tolerance=math.nan), "tolerance must be a finite number, at least 0, got nan"),
        ("momentum", lambda: API.descend([2, 17], post, momentum=10**400), "momentum must be a finite number, at least 0 and less than 1"),
        ("counts", lambda: API.solve_many([[1, 2], [3]], [[1, 2], [3]], [1, 2]), "widths must have rows of equal length"),
        ("too large", lambda: API.solve_many([[1]], [[1]], [10**400]), "offsets has a number that is too large, got"),
        ("load", lambda: API.load_scenario(3), "path must be a text or a Path, got 3"),
    ]  # fmt: skip
    takers: list[Callable[[Any], object]] = [
        best_time,
        find_optimum,
        terrain_cli.find_sensitivity,
        terrain_cli.find_hessian,
        time_uncertainty,
        lambda strips: API.calc_time([1, 2], strips),
        lambda strips: API.descend([1, 2], strips),
    ]
    return calls + [("a scenario", lambda taker=taker: taker(scenario), cut) for taker in takers]


def test_what_files_refuse_is_refused_in_python() -> None:
    """In one sentence that names the argument, what it must be, and the value."""
    for name, call, message in make_calls():
        with pytest.raises((TypeError, ValueError)) as refused:
            call()
        assert message in str(refused.value), name
        assert "\n" not in str(refused.value)
        assert len(str(refused.value)) < 250


def test_a_map_refuses_questions_without_an_answer() -> None:
    solution = API.solve(
        MapScenario.model_validate({"map": {"cell": 1, "speeds": {"grid": [[1, 1]]}}, "start": [0, 0], "goal": [2, 1]})
    )
    refused: list[tuple[Callable[[], object], str]] = [
        (lambda: solution.find_corridor(-1), "percent must be a finite number, at least 0, got -1"),
        (lambda: solution.find_corridor(1, 5), "index must be that of a goal, counted from 0, of 1, got 5"),
        (lambda: solution.find_isochrones([1, math.nan]), "levels[1] must be a finite number, at least 0, got nan"),
        (lambda: solution.find_isochrones(5), "levels must be times in a list, such as [150, 300], got 5"),
    ]
    for call, message in refused:
        with pytest.raises((TypeError, ValueError), match=re.escape(message)):
            call()


def test_transformations_may_put_anything_into_a_ground() -> None:
    """Derivatives are negative, and trees hold whatever a function returns; nothing of that is checked."""
    for ground in (Strips([1.0, 2.0], [3.0, 4.0], 5.0), Ground(np.ones((2, 2)))):
        names = [field.name for field in dataclasses.fields(ground) if getattr(ground, field.name) is not None]
        for value in (None, object(), -1.0, math.nan, "text", (1, 2)):
            made = jax.tree.map(lambda _, value=value: value, ground)
            assert all(getattr(made, name) is value for name in names)
        paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_flatten_with_path(ground)[0]]
        assert paths == [f".{name}" for name in names]
    strips = Strips([1.0, 2.0], [3.0, 4.0], 5.0)
    assert np.all(jax.grad(best_time)(strips).speeds < 0)
    assert jax.eval_shape(best_time, strips).shape == ()
    assert jax.jit(lambda width: Strips([1.0, 2.0], [3.0, 4.0], width - 10).offset)(5.0) == -5
    assert jax.vmap(lambda width: best_time(Strips(jnp.stack([width, width]), [3.0, 4.0], 5.0)))(jnp.ones(3)).shape == (
        3,
    )


def test_one_exception_carries_all_problems() -> None:
    error = InputError("one", "two")
    assert isinstance(error, ValueError)
    assert (str(error), error.problems) == ("one\ntwo", ("one", "two"))


def test_the_version_stands_once() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", terrain_cli.__version__)
    assert terrain_cli.__version__ not in (ROOT / "pyproject.toml").read_text()


def test_no_doctest_is_forgotten() -> None:
    """Examples are plain code, which the tests above run; examples after >>> would not run."""
    for file in (ROOT / "terrain_cli").rglob("*.py"):
        assert not doctest.DocTestParser().get_examples(Path(file).read_text())
