"""Times for people: with their unit where one is wanted, in hours where they are long, and of the day."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from terrain_cli import InputError, MapScenario, load_map, plot, solve
from terrain_cli.ranges import Seconds, parse_time, parse_times, to_unit
from terrain_cli.text import duration, hours, write_area
from tests.conftest import Ran

Terrain = Callable[..., Ran]
MAP = """\
map: {cell: 1000, speeds: {grid: [[1, 1, 1, 1], [1, 1, 1, 0.5]]}}
start: [500, 500]
goal: [3500, 1500]
depart: 2026-06-01T23:30+02:00
"""


class TestRead:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("45s", 45), ("90min", 5400), ("1h30", 5400), ("1h30min", 5400), ("1h05", 3900), ("1.5h", 5400), ("2h", 7200), ("2min30", 150),
            ("2min30s", 150), ("1h2min3s", 3723), ("1h2min3.5s", 3723.5), ("1h3s", 3603), (" 1 h 30 min ", 5400), ("36h", 129600),
            ("0s", 0), (".5h", 1800), ("90s", 90),
        ],
    )  # fmt: skip
    def test_a_time_with_its_unit(self, text: str, seconds: float) -> None:
        time = parse_time(text)
        assert isinstance(time, Seconds)
        assert time == seconds

    @pytest.mark.parametrize("text", ["90", "1e3", "0", "-5", "inf", "12.5"])
    def test_a_plain_number_is_in_the_unit_of_the_scenario(self, text: str) -> None:
        assert not isinstance(parse_time(text), Seconds)

    @pytest.mark.parametrize(
        "text", ["1h75", "1h5", "1h90min", "1.5h30", "1h2min3", "2min75", "h", "min", "s", "-1h", "1h30h", "1d", "30m", "1e3s", "2min1h", "5 s s"]
    )  # fmt: skip
    def test_what_is_no_time_is_refused(self, text: str) -> None:
        with pytest.raises(InputError, match=r"--within: must be (times such as|numbers|START)"):
            parse_times(text, "--within")

    def test_lists_and_ranges(self) -> None:
        assert list(parse_times("45s,90min,1h30", "--within")) == [45, 5400, 5400]
        assert list(parse_times("30min:2h:4", "--within")) == [1800, 3600, 5400, 7200]
        assert list(parse_times("0:2min:3", "--within")) == [0, 60, 120]
        assert list(parse_times("10,20", "--within")) == [10, 20]
        assert len(parse_times("2:15", "--within")) == 16  # no colon form: it is a range
        with pytest.raises(InputError, match="both ends of a range need a unit, or neither, got '600:1h'"):
            parse_times("600:1h", "--within")

    def test_they_are_converted_to_the_unit_of_the_scenario(self) -> None:
        assert [to_unit(Seconds(5400), unit, "--within") for unit in ("s", "min", "h")] == [5400, 90, 1.5]
        assert to_unit(7.0, "fortnight", "--within") == 7
        with pytest.raises(
            InputError, match=r"--within: must be plain numbers here, because the unit of time .* 'fortnight'"
        ):
            to_unit(Seconds(1), "fortnight", "--within")

    def test_isochrones_take_them(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        path = write(MAP)
        plain, named = (terrain("solve", path, "--isochrones", text, "--json") for text in ("1200,3600", "20min,1h"))
        assert named.out == plain.out
        in_minutes = write(MAP + "units: {time: min}\n")
        answer = json.loads(terrain("solve", in_minutes, "--isochrones", "20min,1h", "--json").out)
        assert [isochrone["time"] for isochrone in answer["isochrones"]] == [20, 60]
        ran = terrain("solve", write(MAP.replace("depart:", "#") + "units: {time: days}\n"), "--isochrones", "1h")
        assert ran.code == 2
        assert "--isochrones: must be plain numbers here" in ran.err


class TestShown:
    @pytest.mark.parametrize(
        ("time", "text"), [(3599.9, ""), (3600, "1:00 h"), (5430, "1:30 h"), (5431, "1:31 h"), (7199, "2:00 h"), (4e6, "1,111:07 h"), (1e300, ""), (float("inf"), "")]
    )  # fmt: skip
    def test_hours(self, time: float, text: str) -> None:
        assert hours(time, "s") == text
        assert hours(time, "min") == ""
        assert duration(5400, "s") == "5400.000000 s (1:30 h)"
        assert duration(5400, "min", 6) == "5400 min"

    @pytest.mark.parametrize(
        ("area", "text"), [(65897.5, "65,897.5"), (1109363.4, "1,109,363"), (5e-7, "5e-07"), (1e18, "1e+18")]
    )
    def test_areas(self, area: float, text: str) -> None:
        assert write_area(area) == text

    def test_terminal_and_figure(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        path = write(MAP)
        ran = terrain("solve", path, "--quiet", "--isochrones", "30min,1h")
        rows = [line.split() for line in ran.out.splitlines()]
        assert ["arrival", "2026-06-02", "00:22", "departure", "2026-06-01", "23:30"] in rows
        assert any(row[:1] == ["time"] and row[2:] == ["s"] for row in rows)
        assert any(row[:3] == ["3600", "1:00", "h"] and row[3:5] == ["2026-06-02", "00:30"] for row in rows)
        longer = load_map(write(MAP.replace("cell: 1000", "cell: 3000")))
        scenario = MapScenario.model_validate(
            longer.model_dump() | {"start": (1500, 1500), "goal": [{"at": (10500, 4500)}]}
        )
        solution = solve(scenario)
        text = hours(solution.time, "s")
        assert text
        assert text in plot(solution).texts[-1].get_text()
        assert text in solution._repr_html_()

    def test_a_table_of_goals(self, terrain: Terrain, write: Callable[[str], Path]) -> None:
        text = MAP.replace("goal: [3500, 1500]", "goal: [[3500, 1500], [1500, 500]]").replace(
            "grid: [[1", "grid: [[0.25"
        )
        ran = terrain("solve", write(text.replace("start: [500, 500]", "start: [500, 1500]")), "--quiet")
        heads, *rows = (line for line in ran.out.splitlines()[1:] if line.strip())
        assert heads.split()[:4] == ["goal", "time", "(s)", "h:mm"]
        assert "arrival" in heads
        assert any("1:" in row and " h" in row and "2026-06-02 00:" in row for row in rows)


class TestDay:
    def test_json_csv_and_geojson(self, terrain: Terrain, write: Callable[[str], Path], tmp_path: Path) -> None:
        out = tmp_path / "r.geojson"
        path = write(MAP.replace("depart: 2026-06-01T23:30+02:00", "depart: 2026-06-01T21:30Z"))
        document = json.loads(terrain("solve", path, "--json", "--isochrones", "1h", "-o", out).out)
        assert document["depart"] == "2026-06-01T21:30:00+00:00"
        departs = datetime(2026, 6, 1, 21, 30, tzinfo=UTC)
        assert datetime.fromisoformat(document["arrival"]) == departs + timedelta(seconds=int(document["time"]))
        assert document["isochrones"][0]["until"] == "2026-06-01T22:30:00+00:00"
        features = [feature["properties"] for feature in json.loads(out.read_text())["features"]]
        assert features[0]["arrival"] == document["arrival"]
        assert features[-1]["until"] == "2026-06-01T22:30:00+00:00"
        rows = list(csv.DictReader(io.StringIO(terrain("solve", path, "--csv").out)))
        assert rows[0]["clock"] == "2026-06-01T21:30:00+00:00"
        assert rows[-1]["clock"] == document["arrival"]

    @pytest.mark.parametrize(
        ("depart", "sentence"),
        [
            ("2026-06-01T08:00", "depart: needs an offset from UTC, such as 2026-06-01T08:00+02:00"),
            ("2026-06-01", "depart: needs an offset from UTC, such as 2026-06-01T00:00+02:00"),
            (
                "tomorrow",
                "depart: must be a date and a time with an offset, such as 2026-06-01T08:00+02:00, got 'tomorrow'",
            ),
            ("8", "depart: must be a date and a time"),
            ("[1, 2]", "depart: must be a date and a time"),
            ("2026-02-30T08:00Z", "depart: must be a date and a time"),
            ("0001-01-01T00:00+02:00", "depart: must be in a year from 2 to 9998"),
            ("2026-06-01T08:00Z\nunits: {time: moons}", "depart: needs s, min or h as the unit of time, got 'moons'"),
        ],
    )
    def test_what_is_no_departure_is_refused(
        self, terrain: Terrain, write: Callable[[str], Path], depart: str, sentence: str
    ) -> None:
        path = write(MAP.replace("2026-06-01T23:30+02:00", depart))
        ran = terrain("solve", path)
        assert ran.code == 2
        assert f"{path}:4: {sentence}" in ran.err

    def test_after_the_year_9999_there_is_no_time_of_day(self) -> None:
        data = {"map": {"cell": 1, "speeds": {"grid": [[1e-13]]}}, "start": [0, 0], "goal": [1, 1]}
        scenario = MapScenario.model_validate(data | {"depart": "2026-06-01T08:00Z"})
        assert scenario.clock(1e13) is None
        assert scenario.clock(float("inf")) is None
        with pytest.raises(ValueError, match="needs s, min or h"):
            MapScenario.model_validate(data | {"depart": "2026-06-01T08:00Z", "units": {"time": "years"}})
