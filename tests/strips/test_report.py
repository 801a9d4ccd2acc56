"""`terrain report`: what is gathered, how it is put into the page, and the command. The page itself: test_report_page.py."""

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrain_cli.autodiff.graph import VARIABLE, nodes_of, values_along
from terrain_cli.scenario.load import load_strips
from terrain_cli.show.strips.page_data import Columns, contour_path, document, rounded, thinned
from terrain_cli.show.strips.report import as_data, policy, render
from terrain_cli.strips import report, solution
from terrain_cli.strips.descent import Step, descend
from terrain_cli.strips.graph import time_graph
from terrain_cli.strips.report import even_steps, gather, round_steps
from terrain_cli.strips.scenario import StripsScenario, with_descent
from terrain_cli.strips.solution import solve, to_ground
from tests.conftest import CONFIGS, Ran

THREE = CONFIGS / "three_strips.yaml"


@pytest.fixture(scope="module")
def post() -> report.Report:
    return gather(solve(load_strips(THREE)))


class TestGather:
    def test_the_runs_of_the_post(self, post: report.Report) -> None:
        assert list(post.runs) == ["gradient", "momentum", "adam", "newton", "snell"]
        assert [run.step for run in post.runs["gradient"]] == [0.25 * i for i in range(1, 23)]
        assert post.asked in post.runs["gradient"]
        assert post.asked.step == 1.5
        assert [len(post.runs[name]) for name in ("newton", "snell")] == [1, 1]
        assert post.cliffs["gradient"] == pytest.approx(3.952, abs=1e-3)
        assert post.cliffs["momentum"] == pytest.approx(1.9 * 3.952, abs=2e-3)
        assert not post.interrupted

    def test_each_run_is_that_of_its_step(self, post: report.Report) -> None:
        for run in post.runs["momentum"]:
            alone = solve(with_descent(load_strips(THREE), method="momentum", step=run.step))
            assert [row.time for row in alone.history] == [row.time for row in run.history]

    def test_the_sweep_goes_across_the_cliff(self, post: report.Report) -> None:
        ended = {run.step: run.status for run in post.runs["gradient"]}
        assert {status for step, status in ended.items() if step and step < 3.952} == {"iterations"}
        assert {status for step, status in ended.items() if step and step > 3.952} == {"diverged"}

    def test_the_landscape_holds_the_near_runs(self, post: report.Report) -> None:
        assert post.landscape is not None
        assert max(run.step or 0 for run in post.near) == 4.5
        for run in post.near:
            for row in run.history:
                for value, grid in zip(row.x, post.landscape.grids, strict=True):
                    assert grid[0] <= value <= grid[-1]

    def test_a_custom_step_is_among_the_others(self) -> None:
        asked = solve(with_descent(load_strips(THREE), step=0.777))
        steps = [run.step for run in gather(asked).runs["gradient"]]
        assert steps == sorted(steps)  # type: ignore[type-var]
        assert 0.777 in steps

    def test_one_strip_has_a_run_alone(self) -> None:
        scenario = StripsScenario.model_validate({"strips": [{"width": 3, "speed": 2}], "offset": 4})
        gathered = gather(solve(scenario))
        assert list(gathered.runs) == ["gradient"]
        assert (gathered.landscape, gathered.cliffs) == (None, {})
        assert gathered.sensitivity.time == 2.5

    def test_it_announces_each_run(self) -> None:
        announced: list[str] = []
        gather(solve(load_strips(THREE)), watch=announced.append)
        assert announced[0] == "method gradient, step 0.25"
        assert announced[-2:] == ["method newton", "method snell"]


@given(st.floats(1e-40, 1e40), st.integers(4, 30))
def test_even_steps_are_multiples_of_a_round_number(end: float, count: int) -> None:
    steps = even_steps(end, count)
    assert count / 2.6 <= len(steps) <= count
    assert steps[-1] <= end * (1 + 1e-6)
    assert steps[-1] > end - 1.001 * steps[0]
    assert np.allclose(steps, steps[0] * np.arange(1, len(steps) + 1), rtol=1e-9, atol=0)
    assert f"{steps[0]:.10e}"[:4] in ("1.00", "2.00", "2.50", "5.00")


@given(st.floats(1e-40, 1e40))
def test_round_steps_are_around(around: float) -> None:
    steps = round_steps(around)
    assert 5 <= len(steps) <= 8
    assert around / 4 <= steps[0] < around < steps[-1] <= 32 * around


def test_values_along_are_those_of_each_point() -> None:
    strips = to_ground(load_strips(THREE))
    points = np.array([[2.0, 17.0], [0.5, -3.0], [11.2, 3.4]])
    root = time_graph(points[0], strips)
    values, derivatives = values_along(root, points)
    for point, some, slopes in zip(points, values, derivatives, strict=True):
        alone = nodes_of(time_graph(point, strips))
        assert some.tolist() == [node.value for node in alone]
        assert slopes.tolist() == [node.derivative for node in alone]
    assert [node.value for node in nodes_of(root) if node.kind == VARIABLE] == [11.2, 3.4]


class TestPage:
    def test_columns_keep_equal_numbers_once_and_constants_not_at_all(self) -> None:
        columns = Columns([2, 1])
        assert columns.add([1.23456, 2.0, 3.0], 3) == [0]
        assert columns.add([7.0, 7.0, 7.0], 3) == 7
        assert columns.add([4.0, 5.0, np.inf], 3) == [1]
        assert columns.add(np.array([1.23456, 2.0, 3.0]), 5) == [0]  # with the digits that the most demanding asks for
        assert columns.of_run(0) == [[1.2346, 2], [4, 5]]
        assert columns.of_run(1) == [[3], [None]]

    @given(st.floats(allow_nan=True, allow_infinity=True), st.integers(3, 9))
    def test_rounded(self, value: float, digits: int) -> None:
        short = rounded(value, digits)
        if not np.isfinite(value):
            assert short is None
        else:
            assert short == pytest.approx(value, rel=0.51 * 10.0 ** (1 - digits), abs=1e-300)
            assert json.loads(json.dumps(short)) == short

    @given(st.text())
    def test_data_can_stand_in_a_script(self, text: str) -> None:
        data = as_data({"text": text + "</script><!--\u2028"})
        assert not set("<>&\u2028\u2029") & set(data)
        assert json.loads(data) == {"text": text + "</script><!--\u2028"}

    def test_the_policy_names_style_and_script_alone(self) -> None:
        said = policy("a {}", "1")
        assert said.startswith("default-src 'none'; ")
        assert said.count("'sha256-") == 2
        assert "unsafe" not in said
        assert policy("a {}", "2") != said

    @settings(max_examples=30)
    @given(st.integers(1, 3000), st.integers(2, 80))
    def test_thinned(self, length: int, count: int) -> None:
        history: Any = [Step(i, np.empty(0), 0.0, 0.0, "") for i in range(length)]
        kept = [row.iteration for row in thinned(history, count)]
        assert len(kept) <= max(count, 2) + 1
        assert (kept[0], kept[-1]) == (0, length - 1)
        assert kept == sorted(set(kept))
        if length <= count:
            assert kept == list(range(length))

    def test_a_contour_is_drawn_to_the_edge(self) -> None:
        turns = np.linspace(0, 2 * np.pi, 400)
        circle = np.column_stack([500 + 300 * np.cos(turns), 500 + 300 * np.sin(turns)])
        x, y, *moves = map(int, re.findall(r"-?\d+", contour_path(circle)))
        points = np.cumsum([[x, y], *zip(moves[::2], moves[1::2], strict=True)], axis=0)
        assert np.allclose(np.hypot(*(points - 500).T), 300, atol=1.5)
        assert len(points) < 160
        square = np.array([[0, 0], [3, 0], [1000, 0], [1000, 4], [1000, 1000], [0, 1000], [0, 0]])
        assert contour_path(square) == "M0 0l3 0l997 0l0 4l0 996l-1000 0z"

    def test_the_bands_are_the_landscape(self, post: report.Report) -> None:
        """Each point of the grid is in the last band whose contour encloses it."""
        from matplotlib.path import Path as Outline

        land = document(post)["landscape"]
        assert post.landscape is not None
        outlines: list[list[Outline]] = []
        for band in land["bands"]:
            outlines.append([])
            for piece in band["path"].split("M")[1:]:
                x, y, *moves = map(int, re.findall(r"-?\d+", piece))
                corners = np.cumsum([[x, y], *zip(moves[::2], moves[1::2], strict=True)], axis=0)
                outlines[-1].append(Outline(np.vstack([corners, corners[:1]])))
        wrong = 0
        for i, j in itertools.product(range(5, 100, 10), repeat=2):
            place = (10 * i, 10 * j)
            inside = [sum(outline.contains_point(place) for outline in some) % 2 == 1 for some in outlines]
            band = land["bands"][max(k for k, within in enumerate(inside) if within)]
            wrong += not band["from"] <= post.landscape.time[j, i] <= band["to"]
        assert wrong <= 2  # of 100, on the line between two

    def test_the_tree_folds_and_very_many_strips_have_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        strips = [{"width": 3, "speed": 1 + i % 2} for i in range(12)]
        asked = solve(StripsScenario.model_validate({"strips": strips, "offset": 4, "descent": {"method": "snell"}}))
        monkeypatch.setattr(report, "vary", lambda *_: [])  # compiling descents takes long
        blocks = document(gather(asked))["tree"]["blocks"]
        folded = [block for block in blocks if block["kind"] == "folded"]
        assert {block["label"] for block in folded} == {"8 more", "7 more"}
        monkeypatch.setattr(report, "TREE", 10)
        monkeypatch.setattr("terrain_cli.show.strips.page_data.VERTICES", 5)
        text = render(gather(asked))
        assert "With this many strips the tree is too large to read here" in text
        [data] = re.findall(r'id="data">(.*?)</script>', text)
        ground = json.loads(data)["ground"]
        assert ground["boundaries"] == [0, 2, 5, 7, 10, 12]
        assert ground["thinned"]
        assert [strip["name"] for strip in ground["strips"]][:2] == ["strips 1 to 2", "strips 3 to 5"]


class TestCommand:
    def test_it_writes_one_file(self, terrain: Callable[..., Ran], tmp_path: Path) -> None:
        file = tmp_path / "report.html"
        ran = terrain("report", THREE, "-o", file, "--step", 5)
        assert (ran.code, ran.out) == (0, "")
        assert ran.err.splitlines()[0].startswith("Diverged with step 5")
        assert ran.err.splitlines()[-1] == f"wrote {file}"
        assert list(tmp_path.iterdir()) == [file]
        assert file.read_text(encoding="utf-8").startswith("<!doctype html>\n")

    def test_the_same_page_for_the_same_scenario(self, post: report.Report) -> None:
        assert render(post) == render(gather(solve(load_strips(THREE))))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["-o", "a.png"], "--output: must end in .html, got a.png"),
            (["-o", "nowhere/a.html"], "nowhere/a.html: cannot be written: there is no folder nowhere"),
            (["-o", "a.html", "--axes", "1,9"], "--axes: there is no x_9"),
            (["-o", "a.html", "--axes", "a"], "--axes: must be one or two different unknowns"),
            (["-o", "a.html", "--initial", "1"], "--initial: must have 2 numbers"),
            (["-o", "a.html", "--method", "newtn"], "--method: must be one of"),
        ],
    )
    def test_refuses(
        self,
        terrain: Callable[..., Ran],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        arguments: list[str],
        message: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        ran = terrain("report", THREE, *arguments)
        assert (ran.code, ran.out) == (2, "")
        assert message in ran.err
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(("rows", "runs"), [(10, 1), (100, 5)])
    def test_interrupted_it_writes_what_it_has(
        self, terrain: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, runs: int
    ) -> None:
        done = 0

        def stop(*arguments: Any, **settings: Any) -> Any:
            nonlocal done
            for row in descend(*arguments, **settings):
                done += 1
                yield row
                if done == rows:
                    raise KeyboardInterrupt

        monkeypatch.setattr(solution, "descend", stop)
        ran = terrain("report", THREE, "-o", tmp_path / "a.html")
        assert ran.code == 130
        text = (tmp_path / "a.html").read_text(encoding="utf-8")
        assert "The computation was interrupted: some steps and methods are missing." in text
        assert 'value="momentum"' not in text
        assert f"with up to nine digits, {runs} run" in text
