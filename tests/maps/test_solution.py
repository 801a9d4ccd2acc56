"""`terrain solve` of maps, and the questions about the solution."""

import csv
import io
import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from terrain_cli import (
    InputError,
    MapScenario,
    MapSolution,
    StripsSolution,
    arrival_times,
    load_map,
    load_scenario,
    solve,
)
from terrain_cli.maps.isochrones import find_isochrones
from terrain_cli.maps.sensitivity import find_stretches, lengths_by_cell
from terrain_cli.maps.solution import solve as solve_map
from tests.commands.test_solve import stripped
from tests.conftest import CONFIGS, Ran

STRIPS, LAKE, SPIRAL, MAZE = (CONFIGS / f"{name}.yaml" for name in ("three_strips_grid", "lake", "spiral", "maze"))
EXACT = 81.911687844967823857  # 50-digit Newton
DETOUR = "map: {cell: 1, speeds: {grid: [[1, 1, blocked], [1, 0.2, 1]]}}\nstart: [0.5, 0.5]\ngoal: [2.5, 0.5]\n"
CLOSED = 'map:\n  cell: 2\n  speeds: {drawing: ".#.\\n.##\\n...", legend: {".": 1, "#": blocked}}\nstart: [1, 1]\ngoal: [5, 5]\n'
Terrain = Callable[..., Ran]

SCREEN = """\
three strips as a grid: 12 by 15 cells of 2 m, speeds 0.3 to 0.7 m/s
iteration     crossings       time (s)       gradient
"""
SUMMARY = """\
time           81.911688 s
distance       36.939193 m
straight line  83.938760 s  2.027072 s (2.41 %) saved
"""


def make(rows: list[str], start: tuple[float, float], *goals: tuple[float, float], cell: float = 1.0) -> MapScenario:
    """A map of `.`, fast, `~`, slow, and `#`, blocked. Blocked cells pad it to one of two sizes, to save compilation."""
    height, width = (12, 15) if len(rows) <= 12 else (36, 64)
    rows = ["#" * width] * (height - len(rows)) + [row.ljust(width, "#") for row in rows]
    speeds = {"drawing": "\n".join(rows), "legend": {".": 1, "~": 0.25, "#": "blocked"}}
    data = {"map": {"cell": cell, "speeds": speeds}, "start": start, "goal": [list(goal) for goal in goals]}
    return MapScenario.model_validate(data)


@pytest.fixture(scope="module")
def lake() -> MapSolution:
    return solve(load_map(LAKE))


class TestRoutes:
    def test_strips_as_a_grid_take_the_strips_time(self, terrain: Terrain) -> None:
        document = json.loads(terrain("solve", STRIPS, "--json").out)
        assert document["time"] == pytest.approx(EXACT, rel=1e-12)
        points = dict(document["route"])
        assert points[10] - 2 == pytest.approx(11.17307407, abs=1e-6)
        assert points[20] - 2 == pytest.approx(11.17307407 + 3.36991448, abs=1e-6)

    def test_round_a_corner(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        document = json.loads(terrain("solve", write(DETOUR), "--json").out)
        assert document["time"] == pytest.approx(1 + math.sqrt(2), rel=1e-14)
        assert document["route"] == [[0.5, 0.5], [1, 1], [2, 1], [2.5, 0.5]]
        assert document["straight_time"] == pytest.approx(0.5 + 5 + 0.5)

    def test_round_the_lake_is_the_shortest_way_where_all_ground_is_alike(self) -> None:
        """Compared with a visibility graph over the corners of the blocked cells."""
        data = load_map(LAKE).model_dump()
        data["map"]["speeds"]["legend"] |= {"^": 1.3, "-": 1.3}
        solution = solve(MapScenario.model_validate(data))
        blocked = np.isinf(solution.ground.slowness)
        shortest = shortest_way(blocked, solution.ground.to_cells([solution.scenario.start, *solution.scenario.goals]))
        assert solution.distance == pytest.approx(10 * shortest, rel=1e-12)
        assert solution.time == pytest.approx(solution.distance / 1.3, rel=1e-12)

    def test_two_ways_round_the_lake_are_found(self, lake: MapSolution) -> None:
        assert lake.route
        [other] = lake.route.alternatives
        assert other.time / lake.time - 1 == pytest.approx(7.1e-4, rel=0.01)
        assert lake.route.points[:, 1].min() < 100 < 250 < other.points[:, 1].max()

    def test_there_and_back_is_the_same(self, lake: MapSolution) -> None:
        data = lake.scenario.model_dump()
        data["start"], data["goal"] = data["goal"][0]["at"], data["start"]
        assert solve(MapScenario.model_validate(data)).time == lake.time

    def test_larger_cells_and_other_corners_change_nothing_else(self, tmp_path: Path) -> None:
        np.save(tmp_path / "v.npy", np.repeat([[0.7, 0.3, 0.45]], 3, axis=0))
        text = "map: {speeds: {file: v.npy, extent: [-5, 1000, 25, 1030]}}\nstart: [-5, 1001]\ngoal: [25, 1021]\n"
        (tmp_path / "m.yaml").write_text(text)
        solution = solve(load_scenario(tmp_path / "m.yaml"))
        assert solution.time == pytest.approx(EXACT, rel=1e-12)


def shortest_way(blocked: np.ndarray, ends: np.ndarray) -> float:
    """Length in cells of the shortest path between the two `ends`, shape (2, 2), (row, col), by a visibility graph of all corners."""
    padded = np.pad(blocked, 1).astype(int)
    around = padded[:-1, :-1] + padded[:-1, 1:] + padded[1:, :-1] + padded[1:, 1:]
    nodes = np.concatenate([ends, np.argwhere(around == 1)])
    # Blocked cells are open boxes; so is each pair of neighbours, so that no path runs along the edge between them.
    pairs = [
        np.argwhere(blocked),
        np.argwhere(blocked[1:] & blocked[:-1]),
        np.argwhere(blocked[:, 1:] & blocked[:, :-1]),
    ]
    low = np.concatenate(pairs).astype(float)
    sizes = np.repeat([[1, 1], [2, 1], [1, 2]], [len(pair) for pair in pairs], axis=0)
    graph = np.zeros((len(nodes), len(nodes)))
    for i, a in enumerate(nodes):
        step = nodes - a
        with np.errstate(divide="ignore", invalid="ignore"):
            first, last = ((side - a) / step[:, None] for side in ((low + 1e-9)[None], (low + sizes - 1e-9)[None]))
        enter = np.nanmax(np.minimum(first, last), axis=2)
        leave = np.nanmin(np.maximum(first, last), axis=2)
        seen = ~np.any(np.maximum(enter, 0) < np.minimum(leave, 1) - 1e-12, axis=1)
        graph[i] = np.where(seen, np.hypot(*step.T), 0)
    return float(dijkstra(csr_array(graph), indices=0)[1])


class TestScreen:
    def test_one_goal(self, terrain: Terrain) -> None:
        ran = terrain("solve", STRIPS)
        assert (ran.code, ran.err) == (0, "")
        out = stripped(ran.out)
        assert out.startswith(SCREEN)
        assert out.endswith(SUMMARY)
        assert "\nConverged after " in out
        assert ": no small change makes the route faster.\n" in out
        rows = [line.split() for line in out.splitlines()[2:-4]]
        assert [int(row[0]) for row in rows] == list(range(len(rows)))
        assert rows[-1][2] == "81.911688"
        assert all(len(row) == 4 for row in rows)

    def test_quiet_is_the_summary(self, terrain: Terrain) -> None:
        out = stripped(terrain("solve", STRIPS, "--quiet").out)
        assert out.partition("\n")[0].startswith("Converged after ")
        assert out.partition("\n")[2] == SUMMARY

    def test_a_blocked_straight_line_and_a_runner_up(self, terrain: Terrain) -> None:
        out = stripped(terrain("solve", LAKE, "--quiet").out)
        assert "\nstraight line       blocked\n" in out
        assert "\nrunner-up 1    480.595232 s  0.071 % slower, 578.577930 m\n" in out

    def test_several_goals_are_a_table(self, terrain: Terrain) -> None:
        lines = stripped(terrain("solve", MAZE).out).splitlines()
        assert lines[0] == "out of the maze: 21 by 33 cells of 2 m, 360 blocked, speeds 0.4 to 1.5 m/s"
        assert lines[1] == "All 3 goals reached."
        assert lines[2].split("  ")[0] == "goal"
        assert [line.partition("  ")[0] for line in lines[3:]] == [
            "the south-east door",
            "the north-east door",
            "the south-west door",
        ]

    def test_what_was_asked(self, terrain: Terrain) -> None:
        out = stripped(
            terrain("solve", LAKE, "--quiet", "--sensitivity", "--corridor", "2", "--isochrones", "200,1000").out
        )
        assert "What the best time of around the lake, 480.254416 s, depends on:" in out
        assert "letter  speed (m/s)  length (m)    time (s)     share  1 % faster saves (s)" in out
        assert "corridor of 2 %: " in out
        assert "its border is uncertain by " in out
        row = next(line.split() for line in out.splitlines() if line.strip().startswith("1000 "))
        free_without_the_island = 36 * 64 - 358 - 8
        assert row == ["1000", f"{100 * free_without_the_island:,}", "1", "1"]

    def test_of_several_maps_each_table_has_its_name(self, terrain: Terrain) -> None:
        out = stripped(terrain("solve", LAKE, STRIPS, "--isochrones", "20", "--corridor", "1").out)
        for name in ("around the lake", "three strips as a grid"):
            assert f"\nGround reached from the start of {name}:\nwithin (s)" in out
            assert f"\nCorridor of the route of {name}:\ncorridor of 1 %: " in out

    def test_names_cannot_steer_the_terminal(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        units = 'units: {length: "<b>", time: "$"}'
        text = DETOUR.replace(
            "goal: [2.5, 0.5]", f"goal: [[2.5, 0.5], {{at: [1.5, 1.5], name: '[bold]%s✈'}}]\nname: '[red]a$'\n{units}"
        )
        ran = terrain("solve", write(text), "--sensitivity", "--corridor", "1", "--isochrones", "1")
        assert ran.code == 0
        assert "[red]a$: 2 by 3 cells of 1 <b>" in ran.out
        assert "[bold]%s✈" in ran.out
        assert "\x1b" not in ran.out

    def test_a_description_is_shown(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        assert "\nround a corner\n" in stripped(terrain("solve", write(DETOUR + "description: round a corner\n")).out)

    def test_many_speeds_are_cut_short(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        row = ", ".join(str(1 + i / 10) for i in range(15))
        text = f"map: {{cell: 1, speeds: {{grid: [{', '.join([f'[{row}]'] * 12)}]}}}}\nstart: [0, 6]\ngoal: [15, 6]\n"
        out = terrain("solve", write(text), "--quiet", "--sensitivity").out
        assert "12 of 15 speeds are shown, those that matter most; --json lists all" in out
        assert "no time saved" in out


class TestJson:
    def test_keeps_the_contract(self, terrain: Terrain) -> None:
        document = json.loads(terrain("solve", STRIPS, "--json").out)
        keys = "version scenario file kind status message units start goal time distance route straight_time runners_up history"
        assert list(document) == keys.split()
        assert (document["version"], document["kind"], document["status"]) == (1, "map", "converged")
        assert (document["start"], document["goal"]) == ([0, 2], [30, 22])
        assert (document["route"][0], document["route"][-1]) == ([0, 2], [30, 22])
        assert document["units"] == {"length": "m", "time": "s"}
        assert list(document["history"][0]) == ["iteration", "crossings", "time", "gradient_norm"]
        assert document["history"][-1]["time"] == document["time"]
        length = np.hypot(*np.diff(document["route"], axis=0).T).sum()
        assert document["distance"] == pytest.approx(length, rel=1e-14)

    def test_blocked_is_null(self, terrain: Terrain) -> None:
        document = json.loads(terrain("solve", LAKE, "--json").out, parse_constant=pytest.fail)
        assert document["straight_time"] is None
        [other] = document["runners_up"]
        assert list(other) == ["time", "distance", "route"]
        assert other["route"][0] == document["start"]

    def test_several_goals_are_a_list(self, terrain: Terrain) -> None:
        document = json.loads(terrain("solve", MAZE, "--json", "--corridor", "1", "--sensitivity").out)
        assert "goal" not in document
        keys = "goal name status message time distance route straight_time runners_up history sensitivity corridor"
        assert [list(route) for route in document["routes"]] == [keys.split()] * 3
        assert [route["name"] for route in document["routes"]] == [
            "the south-east door",
            "the north-east door",
            "the south-west door",
        ]
        for route in document["routes"]:
            data = load_map(MAZE).model_dump() | {"goal": route["goal"]}
            assert solve(MapScenario.model_validate(data)).time == pytest.approx(route["time"], rel=1e-12)

    def test_csv_is_the_points(self, terrain: Terrain) -> None:
        rows = list(csv.reader(io.StringIO(terrain("solve", STRIPS, "--csv").out)))
        points = json.loads(terrain("solve", STRIPS, "--json").out)["route"]
        assert rows[0] == ["x", "y", "distance", "time", "speed"]
        assert [[float(x), float(y)] for x, y, *_ in rows[1:]] == points
        several = list(csv.DictReader(io.StringIO(terrain("solve", MAZE, "--csv").out)))
        assert sorted({row["goal"] for row in several}) == ["1", "2", "3"]


class TestNoRoute:
    def test_exits_with_1_and_gives_the_reason(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        ran = terrain("solve", write(CLOSED))
        why = "No route: blocked ground encloses goal, with 1 free cell around it and 5 around the start.\n"
        assert (ran.code, ran.err) == (1, "")
        assert stripped(ran.out).endswith(why)
        turned = CLOSED.replace("start: [1, 1]\ngoal: [5, 5]", "start: [5, 5]\ngoal: [1, 1]")
        assert (
            "blocked ground encloses the start, with 1 free cell around it and 5 around goal"
            in terrain("solve", write(turned)).out
        )

    def test_on_an_edge_between_cells_both_count(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        assert "5 around the start" in terrain("solve", write(CLOSED.replace("[1, 1]", "[1, 2]"))).out

    def test_in_json(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        ran = terrain("solve", write(CLOSED), "--json", "--corridor", "1", "--sensitivity", "--isochrones", "1000")
        document = json.loads(ran.out)
        assert (ran.code, document["status"]) == (1, "no route")
        assert (document["time"], document["distance"], document["route"], document["straight_time"]) == (None,) * 4
        assert (document["runners_up"], document["history"]) == ([], [])
        assert (document["corridor"], document["sensitivity"]) == (None, None)
        assert document["isochrones"][0]["area"] == pytest.approx(5 * 4)

    @pytest.mark.parametrize(("point", "area"), [("[0.5, 0.5]", 1), ("[1, 1]", 4), ("[2.5, 1]", 1)])
    def test_where_the_start_is_the_goal(
        self, terrain: Terrain, write: Callable[[str], Path], point: str, area: int
    ) -> None:
        """On a corner the corridor is all four cells; on the edge of a blocked cell it is the free one alone."""
        text = DETOUR.replace("[0.5, 0.5]", point).replace("[2.5, 0.5]", point)
        ran = terrain("solve", write(text), "--json", "--corridor", "2", "--sensitivity", "--isochrones", "1")
        assert (ran.code, ran.err) == (0, "")
        document = json.loads(ran.out)
        assert (document["time"], document["corridor"]["error"]) == (0, 0)
        assert document["corridor"]["area"] == area
        assert terrain("solve", write(text), "--quiet").code == 0
        goals = text.replace(f"goal: {point}", f"goal: [{point}, {point}]")
        rows = stripped(terrain("solve", write(goals), "--quiet").out).splitlines()
        assert [row.split() for row in rows if row.startswith("goal ")][1:] == [
            ["goal", str(i), "0.000000", "0.000000", "0.000000", "0.00", "%"] for i in (1, 2)
        ]

    def test_to_one_of_several_goals(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        text = CLOSED.replace("goal: [5, 5]", "goal: [[5, 5], {at: [5, 1], name: hut}]")
        ran = terrain("solve", write(text), "--sensitivity", "--corridor", "1")
        assert ran.code == 1
        assert "1 of 2 goals reached." in ran.out
        assert "\ngoal 1  no route\nhut     " in stripped(ran.out)
        assert "\nblocked ground encloses goal 1, with 1 free cell around it and 5 around the start\n" in stripped(
            ran.out
        )
        assert "What the best time of m to hut" in ran.out
        documents = json.loads(terrain("solve", write(text), "--json").out)["routes"]
        assert [document["status"] for document in documents] == ["no route", "converged"]
        rows = terrain("solve", write(text), "--csv").out.splitlines()
        assert rows[0] == "goal,x,y,distance,time,speed"
        assert all(row.startswith("2,") for row in rows[1:])

    def test_to_the_start_itself_at_the_corner_of_blocked_ground(self, write: Callable[[str], Path]) -> None:
        """A leg without length takes no time, also where the nearest cell is blocked."""
        text = "map: {cell: 1, speeds: {grid: [[1.3, 1.3, 1.3], [1.3, 1.3, blocked]]}}\nstart: [2, 0]\ngoal: [2, 0]\n"
        _, *rows = solve(load_map(write(text))).to_rows()
        assert rows == [[2.0, 0.0, 0.0, 0.0, ""], [2.0, 0.0, 0.0, 0.0, ""]]

    def test_a_route_that_is_not_found_where_free_ground_leads_is_a_fault(
        self, write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A search cannot fail there, so the user is not told that the goal is enclosed."""
        monkeypatch.setattr("terrain_cli.maps.routes.search.find_route", lambda *_, **__: None)
        with pytest.raises(AssertionError, match="free ground leads to goal"):
            solve(load_map(write(DETOUR)))

    def test_a_route_that_is_still_improving_is_not_called_converged(
        self, write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        scenario = load_map(write(DETOUR))
        route = solve(scenario).route
        assert route is not None
        last = route.history[-1]._replace(gradient_norm=0.1)
        stopped = route._replace(history=(*route.history[:-1], last))
        monkeypatch.setattr("terrain_cli.maps.routes.search.find_route", lambda *_, **__: stopped)
        solution = solve(scenario)
        assert solution.status == "iterations"
        assert solution.message.endswith(": small changes may still make the route faster.")

    def test_in_python(self, write: Callable[[str], Path]) -> None:
        solution = solve(load_map(write(CLOSED)))
        assert (solution.route, solution.time, solution.distance, solution.straight_time) == (
            None,
            np.inf,
            np.inf,
            np.inf,
        )
        assert solution.iterations == 0
        with pytest.raises(ValueError, match="there is no route to goal"):
            solution.find_corridor(1)


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("--method", "adam"), "--method works only with strips, not with maps: remove the option or name other files"),
            (("--step", "1"), "--step works only with strips, not with maps"),
            (("--iterations", "1"), "--iterations works only with strips, not with maps"),
            (("--tolerance", "1"), "--tolerance works only with strips, not with maps"),
            (("--initial", "1"), "--initial works only with strips, not with maps"),
            (("--show", "x"), "--show works only with strips, not with maps"),
            (("--every", "2"), "--every works only with strips, not with maps"),
            (("--plot",), "--plot works only with strips, not with maps"),
            (("--precision", "16"), "--precision: must be 32 or 64, got 16"),
            (("--isochrones", "1,a"), "--isochrones: must be numbers separated by commas"),
            (("--isochrones", "1,-1"), "--isochrones: must be times of 0 or more, got 1,-1"),
            (("--isochrones", "nan"), "--isochrones: must be times of 0 or more, got nan"),
            (("--isochrones-output", "x.geojson"), "--isochrones-output: needs --isochrones, such as --isochrones 10,20,30"),
            (("--isochrones", "1", "--isochrones-output", "x.shp"), "--isochrones-output: must end in .geojson or .json, got x.shp"),
            (("--corridor", "-1"), "--corridor: must be a percentage of 0 or more, got -1"),
            (("--corridor", "nan"), "--corridor: must be a percentage of 0 or more, got nan"),
            (("--field", "x.txt"), "--field: must end in .npy or .tif, got x.txt"),
            (("--field", "no/x.npy"), "x.npy: cannot be written: there is no folder no"),
            (("--csv", "--sensitivity"), "--sensitivity and --csv cannot be used together"),
        ],
    )  # fmt: skip
    def test_of_options(
        self, terrain: Terrain, write: Callable[[str], Path], arguments: tuple[str, ...], message: str
    ) -> None:
        ran = terrain("solve", write(DETOUR), *arguments)
        assert (ran.code, ran.out) == (2, "")
        assert message in ran.err

    @pytest.mark.parametrize(
        "arguments", [("--isochrones", "1"), ("--corridor", "1"), ("--field", "x.npy"), ("--precision", "32")]
    )
    def test_of_what_is_for_maps(self, terrain: Terrain, arguments: tuple[str, ...]) -> None:
        ran = terrain("solve", CONFIGS / "three_strips.yaml", *arguments)
        assert (ran.code, ran.out) == (2, "")
        assert f"{arguments[0]} works only with maps, not with strips: remove the option" in ran.err

    def test_of_one_file_for_many(self, terrain: Terrain, tmp_path: Path) -> None:
        ran = terrain("solve", STRIPS, STRIPS, "--field", tmp_path / "x.npy")
        assert (ran.code, "--field: works only with a single scenario, because it names a single file" in ran.err) == (
            2,
            True,
        )
        ran = terrain("solve", STRIPS, STRIPS, "--isochrones", "1", "--isochrones-output", tmp_path / "x.json")
        assert "--isochrones-output: works only with a single scenario" in ran.err

    def test_of_a_start_in_a_wall(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        path = write(DETOUR.replace("start: [0.5, 0.5]", "start: [2.5, 1.5]"))
        ran = terrain("solve", path)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith(f"{path}:2: start: lies in blocked ground: the nearest free cell has its centre at [")

    def test_in_python(self) -> None:
        with pytest.raises(
            InputError,
            match=r"^goal\[0\]: lies in blocked ground: .*, got \[2\.5, 0\.5\]; snap: 1 would move it there, 1 m away$",
        ):
            solve(make(["..#"], (0.5, 0.5), (2.5, 0.5)))


class TestIsochrones:
    def test_are_circles_where_all_ground_is_alike(self) -> None:
        solution = solve(make(["." * 64] * 36, (20, 18), (21, 18)))
        for isochrone in solution.find_isochrones([5, 10, 15]):
            assert isochrone.area == pytest.approx(math.pi * isochrone.level**2, rel=0.01)
            [[ring]] = isochrone.polygons
            assert np.hypot(*(ring - [20, 18]).T) == pytest.approx(isochrone.level, rel=0.01)

    def test_smaller_than_a_cell_are_discs(self) -> None:
        solution = solve(make(["~~.", "~~~", "~#~"], (3, 3), (1, 1), cell=2))
        (disc,) = solution.find_isochrones([1.0])
        assert disc.area == pytest.approx(math.pi * 0.25**2, rel=0.01)
        solution = solve(make(["~~.", "~~~", "~#~"], (2, 3), (1, 1), cell=2))
        assert solution.find_isochrones([1.0])[0].area == pytest.approx(math.pi * 0.25**2, rel=0.01)

    def test_all_that_is_reached_is_all_free_ground_of_the_region(self) -> None:
        """Straight and diagonal walls are tight, and holes are as large as the blocked ground."""
        rows = ["....#...", "...#..#.", "..#...##", ".#......", "#..##...", "...##...", "........"]
        solution = solve(make(rows, (7.5, 0.5), (0.5, 0.5)))
        (all_,) = solution.find_isochrones([1e6])
        reached = np.isfinite(arrival_times(solution.ground, (7.5, 0.5)))
        assert reached[0, 0] == False  # noqa: E712
        outside = 4 + 3 + 2 + 1
        assert all_.area == pytest.approx(sum(row.count(".") for row in rows) - outside, rel=1e-14)
        assert sorted(len(polygon) - 1 for polygon in all_.polygons) == [1]

    def test_rings_turn_as_geojson_wants(self) -> None:
        solution = solve(make(["........", "...##...", "...##...", "........"], (0.5, 0.5), (7.5, 0.5)))
        [[outer, hole]] = solution.find_isochrones([1e6])[0].polygons
        assert outer.tolist() == [[0, 0], [8, 0], [8, 4], [0, 4], [0, 0]] or len(outer) == 5
        for ring, sign in ((outer, 1), (hole, -1)):
            assert ring[0].tolist() == ring[-1].tolist()
            x, y = ring.T
            assert sign * np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) > 0

    def test_the_other_side_of_a_wall_does_not_matter(self) -> None:
        half = solve(make(["." * 8] * 12, (2, 6), (3, 6)))
        whole = solve(make(["." * 8 + "#" + "~" * 6] * 11 + ["." * 15], (2, 6), (3, 6)))
        for level in (3.0, 5.0, 6.0, 7.0):
            [a], [b] = (solution.find_isochrones([level]) for solution in (half, whole))
            assert a.area == pytest.approx(b.area, rel=1e-12)

    def test_of_time_0(self) -> None:
        solution = solve(make(["..", ".."], (0.5, 0.5), (1, 1)))
        (nothing,) = find_isochrones(solution.ground, solution.from_start, (0.5, 0.5), [0.0])
        assert (nothing.area, nothing.polygons) == (0, ())

    def test_files_and_json_have_the_same(self, terrain: Terrain, tmp_path: Path) -> None:
        file = tmp_path / "lake.geojson"
        ran = terrain("solve", LAKE, "--json", "--isochrones", "0:600:4", "--isochrones-output", file)
        assert (ran.code, ran.err) == (0, f"wrote {file}\n")
        document = json.loads(ran.out)
        collection = json.loads(file.read_text())
        assert collection["type"] == "FeatureCollection"
        assert [feature["properties"]["time"] for feature in collection["features"]] == [0, 200, 400, 600]
        for isochrone, feature in zip(document["isochrones"], collection["features"], strict=True):
            assert list(isochrone) == ["time", "area", "type", "coordinates"]
            assert feature["geometry"] == {"type": "MultiPolygon", "coordinates": isochrone["coordinates"]}
        assert list(tmp_path.iterdir()) == [file]

    def test_a_full_disk_leaves_nothing(
        self, terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        ran = terrain("solve", STRIPS, "--quiet", "--isochrones", "10", "--isochrones-output", tmp_path / "x.json")
        assert (ran.code, ran.err) == (2, f"{tmp_path / 'x.json'}: cannot be written: No space left on device\n")
        assert list(tmp_path.iterdir()) == []


class TestCorridor:
    def test_is_an_ellipse_where_all_ground_is_alike(self) -> None:
        solution = solve(make(["." * 64] * 36, (15, 18), (45, 18)))
        for percent in (3.0, 10.0):
            corridor = solution.find_corridor(percent)
            long = 30 * (1 + percent / 100)
            exact = math.pi / 4 * long * math.sqrt(long**2 - 30**2)
            assert exact <= corridor.area <= exact + 2 * (long + 30)  # cells that it touches are in
            assert corridor.count == corridor.area

    def test_grows_and_holds_the_route(self, lake: MapSolution) -> None:
        assert lake.route
        row, col, _ = lengths_by_cell(lake.ground, lake.route.points)
        before = np.zeros(lake.ground.slowness.shape, dtype=bool)
        for percent in (0, 0.1, 1, 5, 1e308):
            corridor = lake.find_corridor(percent)
            assert corridor.cells[row, col].all()
            assert not np.any(before & ~corridor.cells)
            assert not np.any(corridor.cells & np.isinf(lake.ground.slowness))
            before = corridor.cells
        assert 0 <= corridor.error < 0.01

    def test_in_json_are_runs_of_columns(self, terrain: Terrain, lake: MapSolution) -> None:
        found = json.loads(terrain("solve", LAKE, "--json", "--corridor", "1").out)["corridor"]
        assert list(found) == ["percent", "cells", "area", "error", "rows"]
        cells = np.zeros(lake.ground.slowness.shape, dtype=bool)
        for row, first, last in found["rows"]:
            cells[row, first : last + 1] = True
        assert np.array_equal(cells, lake.find_corridor(1).cells)
        assert found["cells"] == cells.sum()
        assert found["area"] == 100 * cells.sum()


class TestField:
    def test_is_written_whole(self, terrain: Terrain, tmp_path: Path, lake: MapSolution) -> None:
        ran = terrain("solve", LAKE, "--quiet", "--field", tmp_path / "f.npy")
        assert (ran.code, ran.err) == (0, f"wrote {tmp_path / 'f.npy'}\n")
        field = np.load(tmp_path / "f.npy")
        assert field.shape == (37, 65)
        assert np.array_equal(field, lake.from_start)
        assert list(tmp_path.iterdir()) == [tmp_path / "f.npy"]
        assert field[36 - 19, 5] == pytest.approx(math.hypot(5, 5) / 1.3, rel=1e-12)  # the corner at (50, 190)

    def test_in_32_bits(self, terrain: Terrain, tmp_path: Path, lake: MapSolution) -> None:
        assert terrain("solve", LAKE, "--quiet", "--field", tmp_path / "f.npy", "--precision", "32").code == 0
        field = np.load(tmp_path / "f.npy")
        assert field.dtype == np.float32
        known = np.isfinite(lake.from_start)
        assert field[known] == pytest.approx(lake.from_start[known], rel=1e-5)
        document = json.loads(terrain("solve", LAKE, "--json", "--precision", "32").out)
        assert document["time"] == pytest.approx(lake.time, rel=1e-12)

    @pytest.mark.parametrize("factor", [1e-46, 1e-39, 1e46])
    def test_in_64_bits_where_32_are_too_few(
        self, terrain: Terrain, write: Callable[[str], Path], tmp_path: Path, factor: float
    ) -> None:
        text = f"map: {{cell: 1, speeds: {{grid: [[{factor}, {factor}]]}}}}\nstart: [0, 0]\ngoal: [2, 0]\n"
        options = ("--precision", "32", "--corridor", "1", "--isochrones", str(1 / factor))
        ran = terrain("solve", write(text), "--json", "--field", tmp_path / "f.npy", *options)
        assert ran.code == 0
        field, document = np.load(tmp_path / "f.npy"), json.loads(ran.out)
        assert field.dtype == np.float64
        assert field[1] * factor == pytest.approx([0, 1, 2], rel=1e-12)
        assert document["isochrones"][0]["area"] == pytest.approx(math.pi / 4, rel=3e-3)
        assert document["corridor"]["cells"] == 2


class TestSensitivity:
    def test_lengths_and_times_add_up(self, lake: MapSolution) -> None:
        assert lake.route
        row, col, lengths = lengths_by_cell(lake.ground, lake.route.points)
        assert lengths.sum() == pytest.approx(lake.distance, rel=1e-14)
        assert (lengths * np.asarray(lake.ground.slowness)[row, col]).sum() == pytest.approx(lake.time, rel=1e-12)

    def test_is_the_derivative(self) -> None:
        scenario = load_map(STRIPS)
        solution = solve(scenario)
        assert solution.route
        found = {s.letter: s for s in find_stretches(scenario, solution.ground, solution.route.points)}
        assert {letter: stretch.speed for letter, stretch in found.items()} == pytest.approx(
            {"m": 0.7, "b": 0.3, "f": 0.45}
        )
        for letter, stretch in found.items():
            times = []
            for change in (-1e-5, 1e-5):
                data = scenario.model_dump()
                data["map"]["speeds"]["legend"][letter] *= 1 + change
                times.append(solve(MapScenario.model_validate(data)).time)
            assert (times[1] - times[0]) / 2e-5 == pytest.approx(-stretch.time, rel=1e-7)

    def test_in_json(self, terrain: Terrain) -> None:
        found = json.loads(terrain("solve", STRIPS, "--json", "--sensitivity").out)["sensitivity"]
        assert sum(length for _, _, length in found["cells"]) == pytest.approx(36.939193, abs=1e-5)
        assert list(found["speeds"][0]) == ["letter", "speed", "length", "time"]
        assert sum(speed["time"] for speed in found["speeds"]) == pytest.approx(EXACT, rel=1e-12)

    def test_along_an_edge_the_faster_side_counts(self) -> None:
        solution = solve(make(["~~~~", "....", "~~~~"], (0, 2), (4, 2)))
        assert solution.route
        row, col, lengths = lengths_by_cell(solution.ground, solution.route.points)
        assert (row.tolist(), col.tolist(), lengths.tolist()) == ([10] * 4, [0, 1, 2, 3], [1] * 4)
        solution = solve(make(["~.~", "~.~", "~.~"], (2, 0), (2, 3)))
        assert solution.route
        row, col, lengths = lengths_by_cell(solution.ground, solution.route.points)
        assert (row.tolist(), col.tolist(), lengths.tolist()) == ([9, 10, 11], [1] * 3, [1] * 3)


class TestAlongWithStrips:
    def test_a_folder_may_hold_both(self, terrain: Terrain, tmp_path: Path) -> None:
        for name in ("three_strips", "three_strips_grid"):
            shutil.copy(CONFIGS / f"{name}.yaml", tmp_path)
        (tmp_path / "closed.yaml").write_text(CLOSED)
        ran = terrain("solve", tmp_path, "--sensitivity")
        assert ran.code == 1
        rows = stripped(ran.out).splitlines()[1:4]
        assert [row.split("  ")[0] for row in rows] == ["closed", "three strips", "three strips as a grid"]
        assert "map       no route" in rows[0]
        assert "81.911688 s" in rows[2]
        documents = json.loads(terrain("solve", tmp_path, "--json").out)
        assert [document.get("kind") for document in documents] == ["map", None, "map"]

    def test_options_of_one_kind_refuse_the_other(self, terrain: Terrain) -> None:
        ran = terrain("solve", CONFIGS / "three_strips.yaml", STRIPS, "--method", "snell", "--json")
        assert ran.code == 2
        assert "three_strips_grid.yaml: --method works only with strips, not with maps" in ran.err
        assert [document["status"] for document in json.loads(ran.out)] == ["converged"]

    def test_ctrl_c_writes_nothing(self, terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("terrain_cli.maps.routes.search.find_route", interrupt)
        ran = terrain("solve", STRIPS, "--quiet", "--field", tmp_path / "f.npy")
        assert (ran.code, ran.out) == (130, "")
        assert list(tmp_path.iterdir()) == []


class TestPython:
    def test_solve_takes_both(self) -> None:
        assert isinstance(solve(load_scenario(STRIPS)), MapSolution)
        assert isinstance(solve(load_scenario(CONFIGS / "uniform.yaml")), StripsSolution)

    def test_shows_in_notebooks(self, write: Callable[[str], Path]) -> None:
        text = CLOSED.replace("goal: [5, 5]", "goal: [[5, 5], {at: [5, 1], name: <i>}]\nname: <b>")
        shown = solve(load_map(write(text)))._repr_html_()
        assert "&lt;b&gt;" in shown
        assert "&lt;i&gt;" in shown
        assert "encloses goal 1" in shown
        assert "<b>" not in shown

    def test_the_documented_example_runs(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        import inspect

        monkeypatch.chdir(CONFIGS.parent)
        example = inspect.cleandoc((inspect.getdoc(solve_map) or "").partition("Example:")[2])
        names: dict[str, Any] = {"solve": solve, "load_map": load_map}
        exec(example, names)
        assert capsys.readouterr().out.startswith("480.2544")


def test_an_interrupt_among_several_keeps_those_before(terrain: Terrain, monkeypatch: pytest.MonkeyPatch) -> None:
    original, count = solve_map, iter(range(10))

    def interrupted(*arguments: Any, **settings: Any) -> MapSolution:
        if next(count) % 2:
            raise KeyboardInterrupt
        solution: MapSolution = original(*arguments, **settings)
        return solution

    monkeypatch.setattr("terrain_cli.maps.solution.solve", interrupted)
    ran = terrain("solve", str(STRIPS), str(LAKE), str(STRIPS), "--json")
    assert ran.code == 130
    [document] = json.loads(ran.out)
    assert document["time"] == pytest.approx(EXACT, rel=1e-12)
    assert ran.err == "interrupted: 1 of 3 scenarios were solved\n"
    next(count)
    assert (terrain("solve", str(STRIPS)).code, next(count)) == (130, 4)
