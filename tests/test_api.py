"""The Python API: what `terrain_cli` offers, typed, lazy, and documented with examples that run."""

import doctest
import inspect
import re
from pathlib import Path

import pytest

import terrain_cli
from terrain_cli import InputError, StripsScenario
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
