"""`terrain sweep` and `terrain check` of maps."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from terrain_cli import InputError, MapScenario, load_map, load_scenario, solve
from terrain_cli.check import compare, make_record
from terrain_cli.kinds import KINDS
from terrain_cli.maps.solution import solve as solve_map
from terrain_cli.maps.sweep import Parameter, find_points
from tests.commands.test_solve import stripped
from tests.conftest import CONFIGS, Ran

STRIPS = CONFIGS / "three_strips_grid.yaml"
SMALL = "map: {cell: 1, speeds: {grid: [[1, 1, blocked], [1, 0.2, 1]]}}\nstart: [0.5, 0.5]\ngoal: [2.5, 0.5]\n"
Terrain = Callable[..., Ran]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


class TestParameters:
    @pytest.mark.parametrize(
        ("name", "label"),
        [
            ("start.0", "x of the start (m)"),
            ("goal[1]", "y of the goal (m)"),
            ("map.cell", "cell (m)"),
            ("map.legend.m", "speed of m (m/s)"),
            ("map.speeds.legend.b", "speed of b (m/s)"),
        ],
    )
    def test_have_labels(self, name: str, label: str) -> None:
        assert Parameter(load_map(STRIPS), name).label == label

    def test_of_a_grid(self, small: Path) -> None:
        assert Parameter(load_map(small), "map.speeds.grid.1.2").label == "speed in row 1, column 2 (m/s)"

    def test_of_a_legend_with_a_dot(self) -> None:
        assert Parameter(load_map(CONFIGS / "lake.yaml"), "map.legend..").path == ("map", "speeds", "legend", ".")

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("start.2", "start.2: is not a number of this map: did you mean start."),
            ("start", "start: is not a number of this map: did you mean start."),
            ("goal.x", "goal.x: is not a number of this map: did you mean goal."),
            ("map.cel", "map.cel: is not a number of this map: did you mean map.cell?"),
            ("map.legend.q", "map.legend.q: is not a number of this map"),
            ("offset", "offset: is not a number of this map: choose one such as start.0, start.1, goal.0, goal.1, map.cell, map.speeds.legend.m"),
            ("map.speeds.grid.0.0", "map.speeds.grid.0.0: is not a number of this map"),
        ],
    )  # fmt: skip
    def test_refusals(self, name: str, message: str) -> None:
        with pytest.raises(InputError) as refused:
            Parameter(load_map(STRIPS), name)
        assert str(refused.value).startswith(message)

    def test_other_refusals(self, small: Path) -> None:
        with pytest.raises(
            InputError, match=r"there is no such cell; the last is map\.speeds\.grid\.1\.2 \(counted from 0\)"
        ):
            Parameter(load_map(small), "map.speeds.grid.2.0")
        with pytest.raises(InputError, match=r"goal\.0: this map has 3 goals: only a single goal can be varied"):
            Parameter(load_map(CONFIGS / "maze.yaml"), "goal.0")
        with pytest.raises(InputError, match=r"map\.cell: must be greater than 0, got -1"):
            Parameter(load_map(small), "map.cell").check([1, -1])


class TestSweep:
    def test_every_point_is_a_map_of_its_own(self) -> None:
        scenario = load_map(STRIPS)
        varied = {"map.legend.b": [0.2, 0.3], "goal.1": [10.0, 22.0]}
        points = list(find_points(scenario, varied))
        assert [(point["map.legend.b"], point["goal.1"]) for point in points] == [
            (0.2, 10),
            (0.2, 22),
            (0.3, 10),
            (0.3, 22),
        ]
        for point in points:
            data = scenario.model_dump()
            data["map"]["speeds"]["legend"]["b"] = point["map.legend.b"]
            data["goal"] = [30, point["goal.1"]]
            solution = solve(MapScenario.model_validate(data))
            assert (point["time"], point["distance"]) == (solution.time, solution.distance)
            assert point["saved"] == pytest.approx(1 - solution.time / solution.straight_time)

    def test_ends_that_are_nowhere(self, small: Path) -> None:
        points = list(find_points(load_map(small), {"goal.0": [2.5, 9], "goal.1": [0.5, 1.5]}))
        assert [point["status"] for point in points] == ["converged", "misplaced", "misplaced", "misplaced"]
        assert points[1]["time"] is None

    def test_scaling_a_map_scales_its_time(self, small: Path) -> None:
        """The cells grow, and the start and goal move with them."""
        varied = {
            "map.cell": [1.0, 2.0],
            "start.0": [0.5, 1.0],
            "start.1": [0.5, 1.0],
            "goal.0": [2.5, 5.0],
            "goal.1": [0.5, 1.0],
        }
        points = [
            p
            for p in find_points(load_map(small), varied)
            if p["goal.0"] == 2.5 * p["map.cell"] and p["status"] == "converged"
        ]
        times = [p["time"] for p in points if p["start.0"] == p["start.1"] == p["goal.1"] == p["map.cell"] / 2]
        assert times[1] == pytest.approx(2 * times[0], rel=1e-12)

    def test_a_file_is_read_once(self, tmp_path: Path) -> None:
        np.save(tmp_path / "v.npy", np.ones((2, 3)))
        (tmp_path / "m.yaml").write_text("map: {cell: 1, speeds: {file: v.npy}}\nstart: [0, 0]\ngoal: [3, 1.5]\n")
        points = find_points(load_map(tmp_path / "m.yaml"), {"goal.0": [2, 3]})
        assert next(points)["time"] == pytest.approx(2.5)
        (tmp_path / "v.npy").unlink()
        assert next(points)["time"] == pytest.approx(11.25**0.5)

    def test_the_screen(self, terrain: Terrain, small: Path) -> None:
        ran = terrain("sweep", small, "--vary", "map.speeds.grid.1.1=0.2,2", "--vary", "goal.1=0.5,1.5")
        assert ran.code == 0
        lines = stripped(ran.out).splitlines()
        assert lines[-2] == "4 points: 2 converged, 2 with an end outside or in blocked ground"
        assert lines[-1].startswith("* best: speed in row 1, column 1 (m/s) = 2, y of the goal (m) = 0.5: ")
        assert lines[2].split() == ["0.2", "2.414214", "misplaced"]
        quiet = stripped(terrain("sweep", small, "--vary", "goal.1=0.5,1.5", "--quiet").out).splitlines()
        assert quiet[0] == "2 points: 1 converged, 1 with an end outside or in blocked ground"

    def test_a_blocked_straight_line_and_no_route(self, terrain: Terrain, tmp_path: Path) -> None:
        (tmp_path / "m.yaml").write_text(
            "map: {cell: 1, speeds: {grid: [[1, blocked, 1], [1, 1, blocked]]}}\nstart: [0.5, 0.5]\ngoal: [0.5, 1.5]\n"
        )
        ran = terrain("sweep", tmp_path / "m.yaml", "--vary", "goal.0=0.5,2.5")
        assert "1 converged, 1 without a route" in ran.out
        assert "no route" in ran.out

    def test_many_points_are_thinned(self, terrain: Terrain, small: Path) -> None:
        out = terrain("sweep", small, "--vary", "goal.0=2.1:2.9:130").out
        assert "44 of 130 points shown; --csv, --json and --output have all" in out

    def test_json_csv_and_files(self, terrain: Terrain, small: Path, tmp_path: Path) -> None:
        arguments = ("sweep", small, "--vary", "goal.1=0.5,1.5")
        document = json.loads(terrain(*arguments, "--json", "-o", tmp_path / "p.json").out)
        assert list(document) == ["version", "scenario", "file", "kind", "varied", "points"]
        assert list(document["points"][0]) == ["goal.1", "time", "distance", "straight_time", "saved", "status"]
        evenly = json.loads(terrain("sweep", small, "--vary", "goal.1=0.5:1.5:3", "--json").out)
        assert evenly["varied"] == {"goal.1": [0.5, 1, 1.5]}
        assert json.loads((tmp_path / "p.json").read_text()) == document["points"]
        ran = terrain(*arguments, "--csv", "-o", tmp_path / "p.csv")
        assert ran.out == (tmp_path / "p.csv").read_text()
        rows = list(csv.DictReader(io.StringIO(ran.out)))
        assert [row["status"] for row in rows] == ["converged", "misplaced"]
        assert rows[1]["time"] == ""

    def test_draws_one_number(self, terrain: Terrain, small: Path, tmp_path: Path) -> None:
        for values, name in (("0.1:0.9:5", "a.png"), ("0.5,1.5", "b.svg"), ("1.5", "c.png")):
            ran = terrain("sweep", small, "--vary", f"goal.1={values}", "-o", tmp_path / name, "--quiet")
            assert (ran.code, ran.err) == (0, f"wrote {tmp_path / name}\n")
        with Image.open(tmp_path / "a.png") as image:
            assert len(image.getcolors(1 << 24) or []) > 20
        assert "No route at 1 of 2 values." in (tmp_path / "b.svg").read_text()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("--step", "1"), "--step works only with strips, not with maps"),
            (("--vary", "goal.1=1", "--method", "adam"), "--method works only with strips, not with maps"),
            (("--vary", "goal.1=1", "--within", "0.01"), "--within works only with strips, not with maps"),
            (("--vary", "strips.0.speed=1"), "strips.0.speed: is not a number of this map"),
            (("--vary", "goal.1=1", "--vary", "goal[1]=2"), "goal.1 and goal[1] are not all different"),
            (
                ("--vary", "goal.1=1,2", "--vary", "goal.0=1", "-o", "x.png"),
                "--output x.png: a figure shows one varied number of maps, got 2",
            ),
            (("--vary", "map.cell=0"), "map.cell: must be greater than 0, got 0"),
        ],
    )
    def test_refusals(self, terrain: Terrain, small: Path, arguments: tuple[str, ...], message: str) -> None:
        ran = terrain("sweep", small, *arguments)
        assert (ran.code, ran.out) == (2, "")
        assert message in ran.err

    def test_ctrl_c_keeps_the_results_so_far(
        self, terrain: Terrain, small: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original, seen = solve_map, []

        def interrupted(*arguments: object, **settings: object) -> object:
            seen.append(1)
            if len(seen) > 1:
                raise KeyboardInterrupt
            return original(*arguments, **settings)  # type: ignore[arg-type]

        monkeypatch.setattr("terrain_cli.maps.solution.solve", interrupted)
        ran = terrain("sweep", small, "--vary", "goal.1=0.4,0.5,0.6", "--csv")
        assert (ran.code, len(ran.out.splitlines())) == (130, 2)
        assert ran.err == "interrupted after 1 of 3 points, which are kept\n"


class TestCheck:
    def test_names_the_input_and_the_result_that_moved(self, terrain: Terrain, tmp_path: Path) -> None:
        for ending in (".yaml", ".expected.json"):
            shutil.copy(CONFIGS / f"three_strips_grid{ending}", tmp_path)
        assert terrain("check", tmp_path).code == 0
        file = tmp_path / "three_strips_grid.yaml"
        file.write_text(
            file.read_text()
            .replace("b: 0.3", "b: 0.31")
            .replace("mmmmmbbbbbfffff\n    legend", "mmmmmbbbbbffffb\n    legend")
        )
        ran = terrain("check", tmp_path)
        assert ran.code == 1
        assert "input map.speeds.legend.b: 0.3 -> 0.31" in ran.out
        assert 'input map.speeds.drawing[11]: "mmmmmbbbbbfffff" -> "mmmmmbbbbbffffb"' in ran.out
        assert "routes[0].time: 81.91168784" in ran.out
        assert "routes[0].distance: 36.939" in ran.out

    @pytest.mark.parametrize(
        ("key", "change", "moves"),
        [("time", 1e-11, False), ("time", 1e-8, True), ("distance", 1e-6, False), ("distance", 1e-3, True)],
    )
    def test_tolerances(self, key: str, change: float, moves: bool) -> None:
        before = make_record(load_map(STRIPS))
        now = json.loads(json.dumps(before))
        now["result"]["routes"][0][key] *= 1 + change
        assert bool(compare(before, now, KINDS["map"], 1e-9)) is moves

    def test_a_route_that_is_gone(self, small: Path) -> None:
        before = make_record(load_map(small))
        now = json.loads(json.dumps(before))
        now["result"] = {"status": "no route", "routes": [{"time": None, "distance": None}]}
        assert [change.what for change in compare(before, now, KINDS["map"], 1e-9)] == [
            "status",
            "routes[0].time",
            "routes[0].distance",
        ]

    def test_strips_that_became_a_map(self, small: Path) -> None:
        strips = make_record(load_scenario(CONFIGS / "uniform.yaml"))
        changes = compare(strips, make_record(load_map(small)), KINDS["map"], 1e-9)
        assert {change.kind for change in changes} == {"input"}

    def test_whatever_was_not_compared_is_named(self, small: Path) -> None:
        now = make_record(load_map(small))
        route = now["result"]["routes"][0]
        for routes, what in (
            ([], "routes[0]"),
            ([route, route], "routes[1]"),
            ([route | {"points": 3}], "routes[0].points"),
            ([{"time": route["time"]}], "routes[0].distance"),
            ([route | {"time": None}], "routes[0].time"),
        ):
            before = now | {"result": now["result"] | {"routes": routes}}
            assert [change.what for change in compare(before, now, KINDS["map"], 1e-9)] == [what]
        strips = make_record(load_scenario(CONFIGS / "uniform.yaml"))
        changes = compare(now | {"result": strips["result"]}, now, KINDS["map"], 1e-9)
        assert {"routes", "x", "crossings"} <= {change.what for change in changes}

    @pytest.mark.parametrize("result", ['{"status": "x", "routes": 3}', '{"status": "x", "routes": [{"time": 1}]}'])
    def test_invalid_records(self, terrain: Terrain, small: Path, result: str) -> None:
        small.with_name("small.expected.json").write_text(f'{{"version": 1, "inputs": {{}}, "result": {result}}}')
        ran = terrain("check", small)
        assert (ran.code, "is not a record of this version" in ran.err) == (2, True)

    def test_files_and_grids_are_recorded(self, terrain: Terrain, small: Path, tmp_path: Path) -> None:
        assert small.exists()
        np.save(tmp_path / "v.npy", np.ones((2, 3)))
        (tmp_path / "file.yaml").write_text("map: {cell: 1, speeds: {file: v.npy}}\nstart: [0, 0]\ngoal: [3, 1]\n")
        assert terrain("check", tmp_path, "--update").code == 0
        assert terrain("check", tmp_path).code == 0
        assert (
            json.loads((tmp_path / "small.expected.json").read_text())["inputs"]["map"]["speeds"]["grid"][0][2]
            == "blocked"
        )
        for blocked in (0x7FF8000000000000, 0xFFF8000000000000, 0x7FF0000000000001):  # NaN of any sign and payload
            speeds = np.ones((2, 3))
            speeds[0, 1] = np.uint64(blocked).view(np.float64)
            np.save(tmp_path / "v.npy", speeds)
            assert terrain("check", tmp_path / "file.yaml", "--update").code == 0
            for kind in ("<f8", ">f8", "<f4"):
                np.save(tmp_path / "v.npy", np.where(np.isnan(speeds), np.nan, speeds).astype(kind))
                assert terrain("check", tmp_path / "file.yaml").code == 0
        np.save(tmp_path / "v.npy", np.full((2, 3), 2.0))
        assert "input map.speeds.sha256: " in terrain("check", tmp_path / "file.yaml").out
