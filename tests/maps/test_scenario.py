"""Map scenarios: what they may contain, and the messages about invalid ones."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terrain_cli import InputError, MapScenario, StripsScenario, load_map, load_scenario
from terrain_cli.maps.arrays import read_array
from terrain_cli.maps.places import find_place_problems
from terrain_cli.maps.raster import Raster, read_raster, read_speeds
from terrain_cli.maps.solution import to_ground
from terrain_cli.scenario.load import load_strips
from tests.conftest import CONFIGS, Ran

GRID = """\
map:
  cell: 2
  speeds: {grid: [[1, 1, blocked], [1, 0.2, .nan]]}
start: [1, 1]
goal: [3, 3]
"""
DRAWING = """\
map:
  cell: 1
  speeds:
    drawing: |
      ..~
      .##
    legend: {".": 1, "~": 0.2, "#": blocked}
start: [0.5, 0.5]
goal: [2.5, 1.5]
"""
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "m.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusals(path: Path) -> list[str]:
    with pytest.raises(InputError) as refused:
        to_ground(load_map(path))
    return [problem.removeprefix(str(path)) for problem in refused.value.problems]


def speeds_of(scenario: MapScenario) -> Any:
    with np.errstate(divide="ignore"):
        return (1 / np.asarray(to_ground(scenario).slowness)).tolist()


class TestForms:
    def test_a_grid(self, write: Write) -> None:
        scenario = load_map(write(GRID))
        assert (scenario.name, read_raster(scenario)[1:3]) == ("m", (2, (0, 0)))
        assert speeds_of(scenario) == [[1, 1, 0], [1, 0.2, 0]]
        assert (scenario.start, scenario.goals) == ((1, 1), [(3, 3)])

    def test_a_drawing(self, write: Write) -> None:
        assert speeds_of(load_map(write(DRAWING))) == [[1, 1, 0.2], [1, 0, 0]]

    def test_letters_of_any_script(self, write: Write) -> None:
        text = DRAWING.replace("~", "湖").replace(" .##", " 🌲##").replace('".": 1', '".": 1, 🌲: 0.5')
        assert speeds_of(load_map(write(text))) == [[1, 1, 0.2], [0.5, 0, 0]]

    def test_a_cell_with_an_origin(self, write: Write) -> None:
        text = GRID.replace("cell: 2", "cell: 2\n  origin: [-100, 5e6]")
        scenario = load_map(write(text.replace("[1, 1]\n", "[-99, 5000001]\n").replace("[3, 3]", "[-97, 5000003]")))
        assert to_ground(scenario).extent == (-100, 5e6, -94, 5000004)
        outside = ":5: start: lies outside the map, which extends from [-100, 5000000] to [-94, 5000004]"
        assert refusals(write(text))[0].startswith(outside)

    def test_an_extent_that_is_rounded(self, write: Write) -> None:
        """Seven rows and ten columns of cells of 10/3, to a millimetre. Both corners of the extent are on the map."""
        rows = "[" + ", ".join(["[" + ", ".join(["1"] * 10) + "]"] * 7) + "]"
        text = f"map: {{speeds: {{grid: {rows}, extent: [0, 0, 33.333, 23.333]}}}}\nstart: [0, 0]\ngoal: [33.333, 23.333]\n"
        assert float(to_ground(load_map(write(text))).cell) == pytest.approx(10 / 3, rel=1e-4)

    def test_a_file_with_an_extent(self, write: Write, tmp_path: Path) -> None:
        stored = np.array([[1, 2, np.nan], [4, 5, 6]], dtype=np.float32)
        np.save(tmp_path / "v.npy", stored)
        scenario = load_map(
            write("map: {speeds: {file: v.npy, extent: [100, 200, 115, 210]}}\nstart: [101, 201]\ngoal: [114, 201]\n")
        )
        assert read_raster(scenario)[1:3] == (5, (100, 200))
        assert speeds_of(scenario) == pytest.approx(np.nan_to_num(stored))
        assert to_ground(scenario).extent == (100, 200, 115, 210)

    def test_a_file_of_integers_with_a_cell(self, write: Write, tmp_path: Path) -> None:
        np.save(tmp_path / "v.npy", np.array([[1, 2], [3, 4]]))
        scenario = load_map(write("map: {cell: 1, speeds: {file: v.npy}}\nstart: [0.5, 0.5]\ngoal: [1.5, 1.5]\n"))
        assert speeds_of(scenario) == pytest.approx(np.array([[1, 2], [3, 4]]))

    @pytest.mark.parametrize(
        ("written", "goals", "names"),
        [
            ("[3, 3]", [(3, 3)], ["goal"]),
            ("{at: [3, 3], name: hut}", [(3, 3)], ["hut"]),
            ("[[3, 3]]", [(3, 3)], ["goal"]),
            ("[[3, 3], {at: [1, 3], name: hut}, {at: [2, 2]}]", [(3, 3), (1, 3), (2, 2)], ["goal 1", "hut", "goal 3"]),
        ],
    )
    def test_goals(self, write: Write, written: str, goals: list[Any], names: list[str]) -> None:
        scenario = load_map(write(GRID.replace("goal: [3, 3]", f"goal: {written}")))
        assert scenario.goals == goals
        assert [scenario.goal_name(i) for i in range(len(goals))] == names

    def test_one_can_be_made_in_python(self) -> None:
        scenario = MapScenario.model_validate(
            {"map": {"cell": 1, "speeds": {"grid": [[1, "blocked"]]}}, "start": [0, 0], "goal": [0.5, 0.5]}
        )
        assert math.isnan(scenario.map.numbers[0][1])  # type: ignore[index]
        with pytest.raises(ValueError, match="must have rows of equal length"):
            MapScenario.model_validate(
                {"map": {"cell": 1, "speeds": {"grid": [[1, 1], [1]]}}, "start": [0, 0], "goal": [1, 1]}
            )

    def test_a_large_drawing_is_read(self, write: Write) -> None:
        rows = "\n".join("      " + "." * 1000 for _ in range(1000))
        scenario = load_map(write(DRAWING.replace("      ..~\n      .##", rows)))
        assert read_speeds(scenario).shape == (1000, 1000)


def test_all_problems_are_reported_at_once(write: Write) -> None:
    path = write(
        "name: 3\n"
        "map:\n"
        "  cell: -1\n"
        "  speeds:\n"
        "    drawing: |\n"
        "      ..~.\n"
        "      .##\n"
        "      ..x.\n"
        '    legend: {".": 1, "~": 0, "#": blokced, ab: 1}\n'
        "  foo: 1\n"
        "strips: []\n"
        "start: [0.5, a]\n"
        "goal: [[2.5, 0.5], {at: [1, q], nme: x}, 3]\n"
        "units: [m]\n"
    )
    assert refusals(path) == [
        ":1: name: must be a text: put it in quotes, got 3",
        ":3: map.cell: must be greater than 0, got -1",
        ":5: map.speeds.drawing: must have rows of equal length: row 2 has 3 letters, row 1 has 4",
        ":5: map.speeds.drawing: has the letter 'x' (row 3, column 3), which is not in the legend: add it there",
        ":9: map.speeds.legend.~: must be greater than 0, or the word blocked, got 0",
        ":9: map.speeds.legend.#: must be a number or the word blocked (did you mean blocked?), got 'blokced'",
        ":9: map.speeds.legend.ab: must stand for a single letter of the drawing",
        ":10: map.foo: is not a key here: the keys are cell, origin, speeds, land_cover, grid, speed, elevation, walking, max_slope, detail, crs, align, window, resolution, regions",
        ":11: strips: is a key of strips, not of maps: remove strips, or remove map",
        ":12: start[1]: must be a number, got 'a'",
        ":13: goal[1].at[1]: must be a number, got 'q'",
        ":13: goal[1].nme: is not a key here: did you mean name?",
        ":13: goal[2]: must be a point [x, y], such as [2.5, 1.5], or {lon: -113.02, lat: 37.21}, got 3",
        ":14: units: must be a mapping with length, time, got a list",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cell: 2", "cell: 0", ":2: map.cell: must be greater than 0, got 0"),
        ("cell: 2\n ", "", ":2: map: cell is missing: add the side of a cell, such as cell: 10, or speeds.extent"),
        ("[1, 0.2, .nan]", "[1, 0.2]", ":3: map.speeds.grid: must have rows of equal length: row 2 has 2 cells, row 1 has 3"),
        ("0.2", "0", ":3: map.speeds.grid[1][1]: must be greater than 0, or the word blocked, got 0"),
        ("0.2", "-3", ":3: map.speeds.grid[1][1]: must be greater than 0, or the word blocked, got -3"),
        ("0.2", "lake", ":3: map.speeds.grid[1][1]: must be a number or the word blocked, got 'lake'"),
        ("0.2", ".inf", ":3: map.speeds.grid[1][1]: must be a finite number, got .inf"),
        ("0.2", "1e60", ":3: map.speeds.grid[1][1]: must be at most 1e+50 in magnitude: choose larger units, got 1e60"),
        ("0.2", "[1]", ":3: map.speeds.grid[1][1]: must be a number, got a list"),
        ("0.2", "true", ":3: map.speeds.grid[1][1]: must be a number, got true"),
        ("[[1, 1, blocked], [1, 0.2, .nan]]", "[]", ":3: map.speeds.grid: must be a list of rows of speeds"),
        ("[[1, 1, blocked], [1, 0.2, .nan]]", "[1, 2]", ":3: map.speeds.grid: must be a list of rows of speeds"),
        ("[[1, 1, blocked], [1, 0.2, .nan]]", "[[blocked]]", ":3: map.speeds: must have a free cell: all cells are blocked"),
        ("{grid: [[1, 1, blocked], [1, 0.2, .nan]]}", "{}", ":3: map.speeds: must have exactly one of grid, drawing (with its legend) and file, such as grid:"),
        ("{grid: [[1, 1, blocked], [1, 0.2, .nan]]}", "7", ":3: map.speeds: must be a mapping with grid, drawing, legend, file, extent, band, nodata, voids, got 7"),
        (".nan]]}", ".nan]], file: v.npy}", ":3: map.speeds: must have exactly one of grid, drawing (with its legend) and file, got grid and file"),
        (".nan]]}", '.nan]], legend: {".": 1}}', ":3: map.speeds.legend: is only for a drawing: remove it, or add the drawing"),
        (".nan]]}", ".nan]], extent: [0, 0, 3, 2]}", ":2: map.cell: and speeds.extent both give the size of a cell: remove one of them"),
        ("cell: 2\n  speeds: {grid", "speeds: {extent: [0, 0, 3], grid", ":2: map.speeds.extent: must be [xmin, ymin, xmax, ymax], got a list"),
        ("cell: 2\n ", "origin: [1, 2]\n ", ":2: map: cell is missing: add the side of a cell, such as cell: 10, or speeds.extent"),
        ("cell: 2", "cell: 2\n  origin: [1]", ":3: map.origin: must be a point [x, y], such as [2.5, 1.5], got a list"),
        ("cell: 2\n  speeds: {grid", "origin: [1, 2]\n  speeds: {extent: [0, 0, 3, 2], grid", ":2: map.origin: and speeds.extent both give the lower left corner of the map: remove one of them"),
        (".nan]]}", ".nan]], grdi: 1}", ":3: map.speeds.grdi: is not a key here: did you mean grid?"),
        ("start: [1, 1]", "start: [1]", ":4: start: must be a point [x, y], such as [2.5, 1.5], or {lon: -113.02, lat: 37.21}, got a list"),
        ("start: [1, 1]", "start: here", ":4: start: must be a point [x, y], such as [2.5, 1.5], or {lon: -113.02, lat: 37.21}, got 'here'"),
        ("start: [1, 1]\n", "", ":1: start: is missing: add start: [0.5, 0.5]"),
        ("goal: [3, 3]", "", ":1: goal: is missing: add goal: [2.5, 1.5]"),
        ("goal: [3, 3]", "goal: []", ":5: goal: must have at least one point, such as [2.5, 1.5]"),
        ("goal: [3, 3]", "goal: 3", ":5: goal: must be a point [x, y], or a list of points, got 3"),
        ("goal: [3, 3]", "goal: [3, 3, 3]", ":5: goal: must be a point [x, y], such as [2.5, 1.5], or {lon: -113.02, lat: 37.21}, got a list"),
        ("goal: [3, 3]", "goal: [3, b]", ":5: goal[1]: must be a number, got 'b'"),
        ("goal: [3, 3]", "goal: {name: hut}", ":5: goal.at: is missing: add at: [2.5, 1.5]"),
        ("goal: [3, 3]", "goal: {at: [3, b]}", ":5: goal.at[1]: must be a number, got 'b'"),
        ("start: [1, 1]", "start: [9, 1]", ":4: start: lies outside the map, which extends from [0, 0] to [6, 4]: the nearest free cell has its centre at [3, 1], got [9, 1]"),
        ("start: [1, 1]", "start: [5.5, 3]", ":4: start: lies in blocked ground: the nearest free cell has its centre at [3, 3], got [5.5, 3]"),
        ("goal: [3, 3]", "goal: [[1, 1], [5, 1]]", ":5: goal[1]: lies in blocked ground: the nearest free cell has its centre at [3, 1], got [5, 1]"),
        ("goal: [3, 3]", "goal: [3, -1e9]", ":5: goal: lies outside the map"),
        ("goal: [3, 3]", "goal: [3, 3]\noffset: 3", ":6: offset: is a key of strips, not of maps: remove offset, or remove map"),
        ("goal: [3, 3]", "goal: [3, 3]\ndescent: {}", ":6: descent: is a key of strips, not of maps: remove descent, or remove map"),
        ("goal: [3, 3]", "goal: [3, 3]\nnam: x", ":6: nam: is not a key here: did you mean name?"),
    ],
)  # fmt: skip
def test_each_refusal(write: Write, old: str, new: str, message: str) -> None:
    assert old in GRID
    [problem] = refusals(write(GRID.replace(old, new)))
    assert problem.startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DRAWING.replace('    legend: {".": 1, "~": 0.2, "#": blocked}\n', ""), ':4: map.speeds: legend is missing: add legend: {".": 1, "~": 1, "#": blocked}'),
        (DRAWING.replace('{".": 1, "~": 0.2, "#": blocked}', "3"), ":7: map.speeds.legend: must be a mapping of letters to speeds"),
        (re.sub(r"\|\n.*\n.*", "''", DRAWING), ":4: map.speeds.drawing: must have at least one row of letters"),
        (re.sub(r"\|\n.*\n.*", "5", DRAWING), ":4: map.speeds.drawing: must be a text: put it in quotes, got 5"),
        ("start: [0, 0]\ngoal: [1, 1]", ":1: map: is missing: add map: {cell: 1, speeds:"),
        ("map: {cell: 1}\nstart: [0, 0]\ngoal: [1, 1]", ":1: map.speeds: is missing: add speeds: {grid:"),
        ("map:\nstart: [0, 0]\ngoal: [1, 1]", ":1: map: must be a mapping with cell, origin, speeds, land_cover, grid, speed, elevation, walking, max_slope, detail, crs, align, window, resolution, regions, got nothing"),
    ],
)  # fmt: skip
def test_other_refusals(write: Write, text: str, message: str) -> None:
    [problem] = refusals(write(text))
    assert problem.startswith(message)


def test_a_thousand_wrong_cells_are_not_a_thousand_lines(write: Write) -> None:
    rows = ", ".join(["[0, 0, 0, 0, 0]"] * 200)
    problems = refusals(write(f"map: {{cell: 1, speeds: {{grid: [{rows}]}}}}\nstart: [1, 1]\ngoal: [2, 2]\nfoo: 1\n"))
    assert len(problems) == 12
    assert problems[10] == ":1: map.speeds.grid: 990 more values are invalid"
    assert problems[11].startswith(":4: foo: is not a key here")


def test_a_corner_where_blocked_cells_touch_is_no_place_to_start(write: Write) -> None:
    text = 'map:\n  cell: 1\n  speeds: {drawing: "#.\\n.#", legend: {".": 1, "#": blocked}}\nstart: [1, 1]\ngoal: [1.5, 1.5]\n'
    [problem] = refusals(write(text))
    assert problem.startswith(":4: start: lies on the corner of blocked cells: the nearest free cell has its centre at")
    load_map(write(text.replace("start: [1, 1]", "start: [1, 0.5]")))  # on an edge of a free cell


def test_the_nearest_free_cell_is_the_nearest() -> None:
    """Compared with a search of all free cells."""
    rng = np.random.default_rng(20261124)
    found = 0
    for _ in range(60):
        blocked = rng.random((9, 13)) < rng.choice([0.3, 0.9, 0.98])
        blocked[rng.integers(9), rng.integers(13)] = False
        letters = ["".join("#" if wall else "." for wall in row) for row in blocked]
        place = rng.uniform([-8, -8], [34, 26]).tolist()
        scenario = MapScenario.model_validate(
            {
                "map": {"cell": 2, "speeds": {"drawing": "\n".join(letters), "legend": {".": 1, "#": "blocked"}}},
                "start": place,
                "goal": [1, 1],
            }
        )
        raster = Raster(read_speeds(scenario), 2.0, (0.0, 0.0))
        problems = dict(find_place_problems(scenario, raster))
        if ("start",) not in problems:
            continue
        free = np.argwhere(~blocked) + 0.5
        centres = np.column_stack([2 * free[:, 1], 18 - 2 * free[:, 0]])
        best = np.hypot(*(centres - place).T).min()
        x, y = map(float, re.findall(r"centre at \[(\S+), (\S+)\]", problems["start",])[0])
        assert np.hypot(x - place[0], y - place[1]) == pytest.approx(best, rel=1e-9)
        found += 1
    assert found > 30


class TestFiles:
    TEXT = "map: {speeds: {file: v.npy, extent: [0, 0, 3, 2]}}\nstart: [0.5, 0.5]\ngoal: [2.5, 1.5]\n"

    def refusal(self, write: Write, text: str = TEXT) -> str:
        [problem] = refusals(write(text))
        assert problem.startswith(":1: map.speeds.")
        return problem

    def save(self, tmp_path: Path, array: Any, **settings: Any) -> None:
        np.save(tmp_path / "v.npy", np.asarray(array), **settings)

    def test_that_is_missing(self, write: Write, tmp_path: Path) -> None:
        assert self.refusal(write) == f":1: map.speeds.file: {tmp_path / 'v.npy'}: no such file"
        np.save(tmp_path / "w.npy", np.ones((2, 3)))
        assert (
            self.refusal(write).endswith(f"no such file: did you mean {tmp_path / 'w.npy'}?".split(": ")[-1]) is False
        )
        assert "did you mean w.npy?" in self.refusal(write)

    def test_its_folder_is_missing(self, write: Write) -> None:
        assert "no such file" in self.refusal(write, self.TEXT.replace("v.npy", "no/v.npy"))

    def test_that_is_a_folder(self, write: Write, tmp_path: Path) -> None:
        (tmp_path / "v.npy").mkdir()
        assert "cannot be read: Is a directory" in self.refusal(write)

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"1,2,3\n", b"\x93NUMP"])
    def test_that_is_no_array(self, write: Write, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "v.npy").write_bytes(content)
        assert "is not a .npy file: write one with numpy.save(path, speeds)" in self.refusal(write)

    @pytest.mark.parametrize("cut", [8, 40, 130])
    def test_that_is_cut_off(self, write: Write, tmp_path: Path, cut: int) -> None:
        self.save(tmp_path, np.ones((2, 3)))
        (tmp_path / "v.npy").write_bytes((tmp_path / "v.npy").read_bytes()[:cut])
        assert "v.npy cannot be read: " in self.refusal(write)

    def test_whose_header_lies(self, write: Write, tmp_path: Path) -> None:
        self.save(tmp_path, np.ones((2, 3)))
        data = (tmp_path / "v.npy").read_bytes()
        (tmp_path / "v.npy").write_bytes(data.replace(b"(2, 3), }          ", b"(2, 3000000000000),"))
        assert "v.npy cannot be read: " in self.refusal(write)

    def test_of_objects(self, write: Write, tmp_path: Path) -> None:
        self.save(tmp_path, np.array([[1, None, 3]] * 2, dtype=object), allow_pickle=True)
        assert "v.npy must contain numbers, not object: save an array of floats" in self.refusal(write)

    @pytest.mark.parametrize(
        ("array", "message"),
        [
            (np.ones((2, 3, 1)), "must contain an array of shape (rows, cols), got (2, 3, 1)"),
            (np.ones(6), "must contain an array of shape (rows, cols), got (6,)"),
            (np.ones((2, 3), dtype=complex), "must contain numbers, not complex128: save an array of floats"),
            (np.ones((2, 3), dtype=bool), "must contain numbers, not bool"),
            (np.array([["a", "b", "c"]] * 2), "must contain numbers, not <U1"),
            ([[1, 1, 1], [1, -2, 1]], "must contain finite speeds greater than 0, or NaN for blocked cells: 1 cell is neither, the first [1, 1] = -2"),
            ([[1, 1, 0.0], [1, np.inf, 1]], "2 cells are neither, the first [0, 2] = 0"),
            (np.full((2, 3), np.nan), "map.speeds: must have a free cell: all cells are blocked"),
        ],
    )  # fmt: skip
    def test_of_other_things(self, write: Write, tmp_path: Path, array: Any, message: str) -> None:
        self.save(tmp_path, array)
        [problem] = refusals(write(self.TEXT))
        assert message in problem

    def test_without_a_cell(self, write: Write, tmp_path: Path) -> None:
        self.save(tmp_path, np.zeros((0, 3)))
        assert "v.npy" in self.refusal(write)

    @pytest.mark.parametrize(
        ("extent", "message"),
        [
            ("[0, 0, 3, 3]", "got cells 1 wide and 1.5 high (2 rows, 3 columns)"),
            (
                "[0, 0, 3, 2.002]",
                "must give square cells, but for rounding to 0.001 and at most 1 % of a cell: got cells 1 wide and 1.001 high",
            ),
            ("[0, 0, 0.003, 0.00203]", "got cells 0.001 wide and 0.001015 high"),
            ("[0, 0, 3e-30, 3e-30]", "must give square cells"),
            ("[3, 0, 0, 2]", "must have xmax greater than xmin and ymax greater than ymin"),
            ("[0, 2, 3, 0]", "must have xmax greater than xmin and ymax greater than ymin"),
        ],
    )
    def test_extents(self, write: Write, tmp_path: Path, extent: str, message: str) -> None:
        self.save(tmp_path, np.ones((2, 3)))
        assert message in self.refusal(write, self.TEXT.replace("[0, 0, 3, 2]", extent))

    def test_are_looked_for_beside_the_scenario(
        self, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        self.save(tmp_path, np.ones((2, 3)))
        assert read_speeds(load_map(write(self.TEXT))).shape == (2, 3)

    def test_a_folder_that_cannot_be_looked_into(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "iterdir", refuse)
        with pytest.raises(InputError, match=r"no such file$"):
            read_array(tmp_path / "v.npy")


def test_both_kinds_are_told_apart(write: Write) -> None:
    assert isinstance(load_scenario(CONFIGS / "three_strips.yaml"), StripsScenario)
    assert load_strips(CONFIGS / "three_strips.yaml").offset == 20
    with pytest.raises(InputError, match=r"m\.yaml: terrain graph works only with strips, not with maps"):
        load_strips(write(GRID), "terrain graph")


@pytest.mark.parametrize("command", [("graph",), ("animate", "-o", "x.gif")])
def test_commands_that_take_strips_refuse_maps(
    terrain: Callable[..., Ran], write: Write, command: tuple[str, ...]
) -> None:
    ran = terrain(command[0], write(GRID), *command[1:])
    assert (ran.code, ran.out) == (2, "")
    assert f"terrain {command[0]} works only with strips, not with maps" in ran.err


def test_the_schema_has_both(terrain: Callable[..., Ran]) -> None:
    schema = json.loads(terrain("schema").out)
    assert [part["$ref"] for part in schema["anyOf"]] == ["#/$defs/StripsScenario", "#/$defs/MapScenario"]
    assert schema["$defs"]["MapScenario"]["required"] == ["map", "start", "goal"]
    legend = schema["$defs"]["Speeds"]["properties"]["legend"]["anyOf"][0]["additionalProperties"]
    assert legend == {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": "blocked"}]}


def test_the_starter_solves(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    ran = terrain("new", path, "--map")
    assert (ran.code, ran.err) == (0, f"wrote {path}; now run terrain solve {path}\n")
    document = json.loads(terrain("solve", path, "--json").out)
    assert (document["status"], document["kind"]) == ("converged", "map")
    text = path.read_text()
    several = text.partition("or several: ")[2].partition("\n")[0]
    path.write_text(re.sub(r"goal: .*", f"goal: {several}", text))
    assert [route["name"] for route in json.loads(terrain("solve", path, "--json").out)["routes"]] == [None, "hut"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("strips: [{width: 1, sped: 2}]\noffset: 1\n", ":1: strips[0].sped: is not a key here: did you mean speed?"),
        ("strip: [{width: 1, speed: 2}]\noffset: 1\n", ":1: strip: is not a key here: did you mean strips?"),
        ("strips: [{width: 1, speed: 2}]\nofset: 1\n", ":2: ofset: is not a key here: did you mean offset?"),
        (DRAWING.replace("legend:", "legnd:"), ":7: map.speeds.legnd: is not a key here: did you mean legend?"),
        (DRAWING.replace("speeds:", "speds:"), ":3: map.speds: is not a key here: did you mean speeds?"),
        (DRAWING.replace("start:", "strat:"), ":8: strat: is not a key here: did you mean start?"),
        (DRAWING.replace("goal:", "gaol:"), ":9: gaol: is not a key here: did you mean goal?"),
    ],
)
def test_a_mistyped_key_is_one_problem(tmp_path: Path, text: str, message: str) -> None:
    """It is not missing as well."""
    file = tmp_path / "m.yaml"
    file.write_text(text)
    with pytest.raises(InputError) as refused:
        load_scenario(file)
    assert refused.value.problems == (f"{file}{message}",)
