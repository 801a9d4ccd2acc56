"""`terrain solve --plot`."""

import os
import re
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from rich.cells import cell_len

from terrain_cli.scenario.load import load_strips
from terrain_cli.show.canvas import Canvas
from terrain_cli.show.strips.plots import plot_path, plot_time
from terrain_cli.strips.scenario import StripsScenario
from terrain_cli.strips.solution import StripsSolution, solve
from tests.conftest import CONFIGS, STRIPS_FILES, Ran

THREE = CONFIGS / "three_strips.yaml"


@pytest.fixture(scope="module")
def post() -> StripsSolution:
    return solve(load_strips(THREE))


def test_canvas_in_plain_characters() -> None:
    canvas = Canvas(5, 3, braille=False)
    canvas.draw_line(np.array([[0, 0], [1, 1]]))
    canvas.write(4, 2, "B")
    assert canvas.to_lines(walls=[1], sign=":") == [" : **", " :*  ", "**  B"]


def test_canvas_in_braille() -> None:
    canvas = Canvas(2, 1, braille=True)
    canvas.draw_line(np.array([[0, 0], [1, 0]]))
    assert canvas.to_lines() == ["⣀⣀"]
    canvas.draw_line(np.array([[0, 0], [0, 1]]))
    assert canvas.to_lines() == ["⣇⣀"]


@pytest.mark.parametrize("braille", [True, False])
def test_the_path_passes_where_it_crosses(post: StripsSolution, braille: bool) -> None:
    """The line meets the boundary between strips 1 and 2 in the row of the crossing, 10.92 of 20."""
    lines = plot_path(post, 61, braille)
    rows = [line[12:] for line in lines[1:18]]
    assert rows[0][60] == "B"
    assert rows[16][0] == "A"
    column, share = 20, post.crossings[0] / 20
    drawn = [row for row in range(17) if rows[row][column] not in " ┊:."]
    assert any(abs(row - 16 * (1 - share)) < 1 for row in drawn)
    assert lines[1].startswith(" " * 8 + "20 ")
    assert lines[9].split()[0] == "10"
    assert "strip 1" in lines[20]
    assert "0.3 m/s" in lines[21]


def test_the_time_falls(post: StripsSolution) -> None:
    lines = plot_time(post, 61, braille=False)
    rows = [line[12:] for line in lines[1:12]]
    assert rows[0][0] == "*"
    assert rows[10].rstrip().endswith("*")
    heights = [
        next(i for i in range(11) if column < len(rows[i]) and rows[i][column] == "*") for column in range(0, 61, 3)
    ]
    assert heights == sorted(heights)
    assert lines[1].split()[0] == "102.65"
    assert lines[11].split()[0] == "81.912"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_fits_80_columns(encoding: str) -> None:
    """Each of the shipped scenarios, in one process for all."""
    program = (
        "from terrain_cli.cli import main\n"
        f"for file in {list(map(str, STRIPS_FILES))!r}:\n"
        "    try: main(['solve', file, '--quiet', '--plot'])\n"
        "    except SystemExit as end: assert end.code in (None, 0, 1), end.code\n"
        "    print('end of', file)"
    )
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, env=environment, check=True)
    assert done.stderr == b""
    *shown, rest = re.split("^end of .*\n", done.stdout.decode(), flags=re.MULTILINE)
    assert (len(shown), rest) == (len(STRIPS_FILES), "")
    for text in shown:
        plots = text[text.index("along the strips") :].splitlines()
        assert all(cell_len(line) <= 80 for line in plots)
        assert "\x1b" not in text
        assert any("⠤" in line for line in plots) == (encoding == "utf-8")
        if encoding == "ascii":
            assert text.isascii()
            assert any("***" in line for line in plots)


def scenario(**changes: object) -> StripsScenario:
    data = {"name": "n", "strips": [{"width": 3, "speed": 1}, {"width": 5, "speed": 2}], "offset": 4.0}
    return StripsScenario.model_validate(data | changes)


def test_one_strip_and_no_offset() -> None:
    one = plot_path(solve(scenario(strips=[{"width": 3, "speed": 1}], offset=0)), 40, True)
    assert "the path" in one[0]
    assert sum("A" in line and "B" in line for line in one) == 1


def test_a_wide_or_hostile_name_stays_in_its_strip() -> None:
    strips = [
        {"width": 3, "speed": 1, "name": "森の道の長い長い名前の道" * 3},
        {"width": 5, "speed": 2, "name": "a\u202e\nb"},
    ]
    lines = plot_path(solve(scenario(strips=strips, units={"length": "Kilometer", "time": "森の道"})), 65, True)
    assert all(cell_len(line) <= 80 for line in lines)
    assert "\n" not in "".join(lines)


def test_what_is_not_finite_is_left_out(terrain: Callable[..., Ran]) -> None:
    ran = terrain("solve", THREE, "--step", "1e200", "--quiet", "--plot")
    assert ran.code == 1
    assert "along the strips" in ran.out


def test_a_path_without_numbers() -> None:
    solution = solve(scenario())
    row = solution.history[0]._replace(x=np.array([np.nan]))
    object.__setattr__(solution, "history", [row])
    assert plot_path(solution, 40, True) == ["no path to draw: its numbers are not finite"]


def test_a_constant_time_is_drawn() -> None:
    solution = solve(scenario(descent={"method": "snell"}))
    object.__setattr__(solution, "history", [solution.last, solution.last._replace(iteration=1)])
    assert len(plot_time(solution, 40, True)) == 15


def test_refuses_several_and_json(terrain: Callable[..., Ran]) -> None:
    ran = terrain("solve", CONFIGS, "--plot")
    assert (ran.code, ran.err) == (2, "--plot: works only with a single scenario; terrain plot draws to files\n")
    ran = terrain("solve", THREE, "--plot", "--json")
    assert (ran.code, ran.err) == (2, "--json and --plot cannot be used together\n")
    ran = terrain("solve", THREE, "--plot", "--csv")
    assert (ran.code, ran.err) == (2, "--csv and --plot cannot be used together\n")
