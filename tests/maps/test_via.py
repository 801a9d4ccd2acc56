"""Points on the way of a route: `via` in a map scenario."""

import csv
import io
import json
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from terrain_cli import MapScenario, load_map, plot, solve
from terrain_cli.contract import Route
from terrain_cli.maps.legs import join_legs
from terrain_cli.maps.routes.search import Round, find_route
from tests.conftest import Ran

ROWS = """\
      ............
      ..~~~~......
      ..~~~~..##..
      ..~~~~..##..
      ........##..
      ............
"""
MAP = f"""\
map:
  cell: 1
  speeds:
    drawing: |
{ROWS}    legend: {{".": 1, "~": 0.25, "#": blocked}}
start: [0.5, 0.5]
via: [[1.5, 5.5], {{at: [11.5, 3.5], name: ford}}]
goal: [6.5, 2.5]
"""
Terrain = Callable[..., Ran]


def make(start: tuple[float, float], via: list[tuple[float, float]], *goals: tuple[float, float]) -> MapScenario:
    drawing = "\n".join(row.strip() for row in ROWS.splitlines())
    speeds = {"drawing": drawing, "legend": {".": 1, "~": 0.25, "#": "blocked"}}
    places = {"start": start, "via": list(map(list, via)), "goal": list(map(list, goals))}
    return MapScenario.model_validate({"map": {"cell": 1, "speeds": speeds}, **places})


STOPS = [(0.5, 0.5), (1.5, 5.5), (11.5, 3.5), (6.5, 2.5)]


class TestRoute:
    def test_it_is_the_fastest_legs_one_after_the_other(self) -> None:
        route = solve(make(STOPS[0], STOPS[1:3], STOPS[3])).route
        alone = [solve(make(a, [], b)).route for a, b in pairwise(STOPS)]
        assert route is not None
        assert route.time == pytest.approx(sum(leg.time for leg in alone if leg), rel=1e-14)
        assert route.distance == pytest.approx(float(np.hypot(*np.diff(route.points, axis=0).T).sum()))
        assert [leg.time for leg in route.legs] == [leg.time for leg in alone if leg]
        assert route.alternatives == ()
        at = [int(np.flatnonzero((route.points == stop).all(axis=1))[0]) for stop in STOPS]
        assert at == sorted(at)
        assert np.all(np.diff(route.points, axis=0).any(axis=1))  # each stop is there once

    def test_the_legs_to_the_last_point_are_common_to_all_goals(self) -> None:
        solution = solve(make(STOPS[0], STOPS[1:3], STOPS[3], (0.5, 3.5)))
        first, second = solution.routes
        assert first
        assert second
        assert first.legs[:2] == second.legs[:2]
        assert solution.message == "All 2 goals reached."

    def test_a_point_of_the_fastest_route_changes_nothing(self) -> None:
        free = solve(make((0.5, 3.5), [], (11.5, 2.5))).route
        assert free is not None
        on_it = tuple(((free.points[1] + free.points[2]) / 2).tolist())
        assert solve(make((0.5, 3.5), [on_it], (11.5, 2.5))).time == pytest.approx(free.time, rel=1e-12)

    def test_the_way_back_through_the_same_points_is_the_same_route(self) -> None:
        there, back = (solve(make(stops[0], stops[1:3], stops[3])).route for stops in (STOPS, STOPS[::-1]))
        assert there
        assert back
        np.testing.assert_allclose(there.points, back.points[::-1], atol=1e-12)

    def test_the_start_itself_may_be_a_point_on_the_way(self) -> None:
        solution = solve(make(STOPS[0], [STOPS[0], STOPS[0]], STOPS[3]))
        assert solution.time == solve(make(STOPS[0], [], STOPS[3])).time
        assert solution.find_corridor(1).count > 0

    def test_the_history_is_that_of_all_legs_together(self) -> None:
        def leg(*times: float) -> Route:
            history = tuple(Round(i, 3, time, time / 10) for i, time in enumerate(times))
            return Route(np.zeros((2, 2)), times[-1], 1.0, 9.0, history)

        route = join_legs([leg(5, 4), leg(30, 20, 10)])
        assert [row.time for row in route.history] == [35, 24, 14]
        assert [row.crossings for row in route.history] == [7, 7, 7]
        assert [row.gradient_norm for row in route.history] == [
            math.hypot(*pair) for pair in ((0.5, 3), (0.4, 2), (0.4, 1))
        ]
        assert (route.time, route.distance, route.straight_time) == (14, 2, 18)


class TestForms:
    def test_terminal(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        ran = terrain("solve", write(MAP), "--quiet")
        assert ran.code == 0
        lines = [line.split("  ")[0] for line in ran.out.splitlines()[1:]]
        assert lines == ["time", "distance", "to via 1", "to ford", "to goal", "straight lines"]

    def test_json_csv_and_geojson(self, terrain: Terrain, write: Callable[[str], Path], tmp_path: Path) -> None:
        out = tmp_path / "r.geojson"
        document = json.loads(terrain("solve", write(MAP), "--json", "-o", out).out)
        assert document["via"] == [{"at": [1.5, 5.5], "name": None}, {"at": [11.5, 3.5], "name": "ford"}]
        assert sum(leg["time"] for leg in document["legs"]) == pytest.approx(document["time"])
        assert [1.5, 5.5] in document["route"]
        features = json.loads(out.read_text())["features"]
        found = [(each["properties"]["role"], each["properties"].get("name")) for each in features]
        assert found == [("via", "via 1"), ("via", "ford"), ("route", None)]
        rows = list(csv.DictReader(io.StringIO(terrain("solve", write(MAP), "--csv").out)))
        passed = [(row["x"], row["y"], row["via"]) for row in rows if row["via"]]
        assert passed == [("1.5", "5.5", "1"), ("11.5", "3.5", "2")]
        assert float(rows[-1]["time"]) == pytest.approx(document["time"])

    def test_without_points_on_the_way_nothing_is_added(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        path = write(MAP.replace("via:", "# via:"))
        document = json.loads(terrain("solve", path, "--json").out)
        assert not {"via", "legs"} & document.keys()
        assert terrain("solve", path, "--csv").out.startswith("x,y,distance,time,speed\n")

    def test_a_single_point_needs_no_list(self, write: Callable[[str], Path]) -> None:
        path = write(MAP.replace("via: [[1.5, 5.5], {at: [11.5, 3.5], name: ford}]", "via: [1.5, 5.5]"))
        assert load_map(path).waypoints == [(1.5, 5.5)]
        assert load_map(write(MAP.replace("via: [", "via: [] # ["))).via == []

    def test_figure(self) -> None:
        axes = plot(solve(make(STOPS[0], STOPS[1:3], STOPS[3]))).axes[0]
        texts = [text.get_text() for text in axes.texts]
        assert {"A", "1", "2", "B"} <= set(texts)
        [line] = [line for line in axes.get_lines() if line.get_label() == "straight lines"]
        assert np.asarray(line.get_xydata()).tolist() == [list(stop) for stop in STOPS]

    def test_record(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        path = write(MAP)
        assert terrain("check", path, "--update").code == 0
        assert terrain("check", path).code == 0
        path.write_text(path.read_text().replace("[1.5, 5.5]", "[1.5, 5.25]"))
        ran = terrain("check", path)
        assert ran.code == 1
        assert "via[0][1]" in ran.out

    def test_sweep(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        ran = terrain("sweep", write(MAP), "--vary", "via.0.1=4.5,5.5", "--json")
        times = [point["time"] for point in json.loads(ran.out)["points"]]
        assert times[1] == pytest.approx(solve(make(STOPS[0], STOPS[1:3], STOPS[3])).time)
        assert times[0] < times[1]
        assert "did you mean via.0.1?" in terrain("sweep", write(MAP), "--vary", "via.7.1=1,2").err

    def test_corridor(self) -> None:
        solution = solve(make(STOPS[0], STOPS[1:3], STOPS[3]))
        best, corridor = solution.time, solution.find_corridor(8)
        ground, seen = solution.ground, set()

        def time(a: tuple[float, float], b: tuple[float, float]) -> float:
            route = find_route(ground, a, b)
            assert route is not None
            return route.time

        legs = [time(a, b) for a, b in pairwise(STOPS)]
        for row, col in ((0, 1), (3, 0), (5, 6), (1, 4), (4, 2), (2, 7)):
            corners = [(col + i, 6.0 - row - j) for i in (0, 1) for j in (0, 1)]
            ways = [[time(stop, at) for stop in STOPS] for at in corners]
            detours = [way[i] + way[i + 1] - leg for way in ways for i, leg in enumerate(legs)]
            longer = min(detours) / best
            assert corridor.cells[row, col] == (longer < 0.08), (row, col, longer)
            seen.add(bool(corridor.cells[row, col]))
        assert seen == {True, False}
        assert np.all(corridor.cells[solution.find_corridor(1).cells])


class TestProblems:
    def test_points_outside_and_in_blocked_ground_are_named_with_their_line(
        self, terrain: Terrain, write: Callable[[str], Path]
    ) -> None:
        path = write(MAP.replace("[1.5, 5.5]", "[9, 3]").replace("[11.5, 3.5]", "[12.5, 3.5]"))
        ran = terrain("solve", path)
        assert ran.code == 2
        assert f"{path}:13: via[0]: lies in blocked ground" in ran.err
        assert f"{path}:13: via[1]: lies outside the map" in ran.err

    @pytest.mark.parametrize(
        ("via", "sentence"),
        [
            ("7", "via: must be a point [x, y], or a list of points, got 7"),
            ("[[1, 2, 3]]", "via[0]: must be a point [x, y]"),
            ("[1, two]", "via[1]: must be a number"),
            ("[{at: [1, 1], nam: hut}]", "via[0].nam: is not a key here: did you mean name?"),
        ],
    )
    def test_what_is_no_point_is_refused(
        self, terrain: Terrain, write: Callable[[str], Path], via: str, sentence: str
    ) -> None:
        ran = terrain("solve", write(MAP.replace("[[1.5, 5.5], {at: [11.5, 3.5], name: ford}]", via)))
        assert ran.code == 2
        assert sentence in ran.err

    def test_the_leg_without_a_way_is_named(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        closed = MAP.replace("......##..\n      ......", "......##..\n      ......", 1)
        closed = closed.replace("      ............\n    legend", "      ........####\n    legend")
        closed = closed.replace("      ............\n      ..~~", "      ........####\n      ..~~", 1)
        closed = closed.replace("      ..~~~~......", "      ..~~~~..##..").replace(
            "      ........##..", "      ........##.."
        )
        ran = terrain("solve", write(closed))
        assert ran.code == 1
        assert "No route: blocked ground encloses ford, with 8 free cells around it" in ran.out
        assert "around via 1." in ran.out
