"""The benchmarks' own parts: tables, the list of parts, and that each solver they compare finds the answer."""

import importlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as benchmarks
from benchmarks.table import Table
from terrain_cli import solve_many
from terrain_cli.strips.ground import Strips, straight_x

POST = Strips(widths=[10, 10, 10], speeds=[0.7, 0.3, 0.45], offset=20)


def test_a_table_in_markdown_and_json() -> None:
    table = Table("Title", ["name", "n", "ms"], "How.", [["|a|", 1000, 1.23456], ["b", None, 2e-9]])
    assert table.to_markdown() == (
        "### Title\n\nHow.\n\n| name | n | ms |\n|---|---|---|\n| \\|a\\| | 1,000 | 1.23 |\n| b | - | 2e-09 |\n"
    )
    assert table.to_json()["rows"][1] == {"name": "b", "n": None, "ms": 2e-9}


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmarks.main(["zebra"]) == 2
    assert "no such part: zebra" in capsys.readouterr().err


def test_a_part_writes_both_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    part = importlib.import_module("benchmarks.gradients")
    monkeypatch.setattr(part, "run", lambda: [Table("T", ["a"], rows=[[1.5]])])
    monkeypatch.setattr(benchmarks, "RESULTS", tmp_path / "results")
    assert benchmarks.main(["gradients"]) == 0
    assert "| 1.5 |" in (tmp_path / "results" / "gradients.md").read_text()
    assert '"a": 1.5' in (tmp_path / "results" / "gradients.json").read_text()
    assert "cores" in capsys.readouterr().out


def test_our_loop_and_the_posts_end_alike() -> None:
    startup = importlib.import_module("benchmarks.startup")
    assert startup.our_loop() == pytest.approx(startup.the_posts_loop(), rel=1e-12)


def test_the_solvers_solve() -> None:
    pytest.importorskip("optimistix")
    solvers = importlib.import_module("benchmarks.solvers")
    best = 81.911687844967823857
    for method in (*solvers.FIRST_ORDER, *solvers.SECOND_ORDER, *solvers.DENSE):
        x = solvers.solve_with_scipy(POST, method)
        np.testing.assert_allclose(x, [11.17307407, 3.36991448], atol=1e-3, err_msg=method)
    assert solvers.solve_with_brentq(POST) == pytest.approx(best, rel=1e-15)


def test_patience_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("optimistix")
    solvers = importlib.import_module("benchmarks.solvers")
    monkeypatch.setattr(solvers, "PATIENCE", 0.0)
    with pytest.raises(solvers.OutOfPatienceError):
        solvers.solve_with_scipy(POST, "BFGS")


def test_routes_are_compared_on_random_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = importlib.import_module("benchmarks.routes")
    monkeypatch.setattr(routes, "POLYGONS", 1)
    monkeypatch.setattr(routes, "RANDOM", 1)
    monkeypatch.setattr(routes, "SIZE", 24)
    table, worse = routes.compare_random_maps()
    assert [row[:3] for row in table.rows] == [["polygons and discs", 1, 1], ["every cell random", 1, 1]]
    assert all(row[4] < 1e-12 and row[5] == "1 of 1" for row in table.rows)
    assert worse.rows == []


def test_routes_are_compared_on_small_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = importlib.import_module("benchmarks.routes")
    monkeypatch.setattr(routes, "SMALL", 3)
    monkeypatch.setattr(routes, "ProcessPoolExecutor", lambda **_: ThreadPoolExecutor(1))
    monkeypatch.setattr(ThreadPoolExecutor, "map", lambda _, function, items, **__: map(function, items))
    [row] = routes.compare_small_maps().rows
    assert row[0] == 3
    assert row[2:] == [0, pytest.approx(0, abs=1e-9)]


def test_routes_are_compared_on_ground_with_roads(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = importlib.import_module("benchmarks.routes")
    monkeypatch.setattr(routes, "ROADS", 2)
    monkeypatch.setattr(routes, "ROAD_CELLS", 60)
    [row] = routes.compare_roads().rows
    assert row == ["60 x 60", 2, 0, pytest.approx(0, abs=1e-9)]


def test_routes_are_compared_on_rough_ground(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where scikit-fmm and scikit-image are not installed, with stand-ins for them."""
    routes = importlib.import_module("benchmarks.routes")
    monkeypatch.setattr(routes, "ROUGH", (60,))
    monkeypatch.setattr(routes, "field_alone", lambda *_: None)
    monkeypatch.setattr(routes, "walk_graph", routes.walk_straight)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    field, ours, other = routes.compare_rough_ground().rows
    assert field[3:] in ([1, None], [None, None])
    assert ours[4] == pytest.approx(0, abs=1e-9)
    assert other[4] > 0


def test_the_loop_finds_what_solve_many_finds() -> None:
    pytest.importorskip("numba")
    pytest.importorskip("optimistix")
    batched = importlib.import_module("benchmarks.batched")
    drawn = batched.draw_many(np.random.default_rng(0), 300, 5)
    times, x = batched.solve_in_a_loop(*drawn)
    ours = solve_many(*drawn)
    np.testing.assert_allclose(times, ours.times, rtol=2e-15)
    np.testing.assert_allclose(x, ours.x, atol=1e-9)
    few = Strips(*(array[:3] for array in drawn))
    paths = batched.solve_with_optimistix(straight_x(few), few)
    np.testing.assert_allclose(paths, x[:3], atol=1e-3)


def test_in_turns_the_first_round_is_not_counted() -> None:
    pytest.importorskip("numba")
    pytest.importorskip("optimistix")
    batched = importlib.import_module("benchmarks.batched")
    said: list[str] = []
    taken = batched.in_turns([lambda: said.append("a"), lambda: said.append("b")], 2)
    assert said == ["a", "b"] * 3
    assert len(taken) == 2


def test_walks_are_timed_exactly() -> None:
    walks = importlib.import_module("benchmarks.walks")
    heights = np.random.default_rng(4).uniform(0, 10, (5, 6))
    path = np.array([[0.3, 0.2], [3.9, 4.7], [2, 4], [2, 1], [0, 1], [0, 1], [3, 2.5]])
    taken = walks.time_walk(walks.Elevation(heights, 30.0), walks.TOBLER, path)
    expected = 0.0
    for a, b in pairwise(path):
        shares = (np.arange(40_000)[:, None] + [0, 1]) / 40_000
        row, col = (a[n] + shares * (b - a)[n] for n in (0, 1))
        i, j = (np.clip(at.mean(axis=1).astype(int), 0, n - 2)[:, None] for at, n in ((row, 5), (col, 6)))
        down, right = row - i, col - j
        z = heights[i, j] * (1 - down) * (1 - right) + heights[i, j + 1] * (1 - down) * right
        z = z + heights[i + 1, j] * down * (1 - right) + heights[i + 1, j + 1] * down * right
        length = 30 * np.hypot(*(b - a)) / 40_000
        if length:
            slopes = np.diff(z, axis=1)[:, 0] / length
            expected += float(np.sum(length * 3.6 / (6 * np.exp(-3.5 * np.abs(slopes + 0.05)))))
    assert taken == pytest.approx(expected, rel=1e-5)
    void = heights.copy()
    void[3, 3] = np.nan
    assert walks.time_walk(walks.Elevation(void, 30.0), walks.TOBLER, path) == np.inf
    assert np.isfinite(walks.time_walk(walks.Elevation(void, 30.0), walks.TOBLER, path[2:6]))  # along edges without it


@pytest.mark.skipif(not shutil.which("grass"), reason="GRASS is not installed")
@pytest.mark.parametrize("knight", [False, True])
def test_the_costs_of_r_walk_are_ours(knight: bool) -> None:
    walks = importlib.import_module("benchmarks.walks")
    heights = np.random.default_rng(5).uniform(0, 60, (7, 9))
    heights[3, 4] = np.nan
    elevation = walks.Elevation(heights, 30.0)
    path, costs = walks.run_r_walk(elevation, knight, (1, 1), (5, 7))
    np.testing.assert_allclose(costs, walks.search_moves(elevation, walks.LANGMUIR, knight, (1, 1)), rtol=1e-12)
    assert path[0].tolist() == [1, 1]
    assert path[-1].tolist() == [5, 7]
