"""`terrain solve`."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from terrain_cli import solve
from terrain_cli.scenario.load import load_strips
from terrain_cli.strips.scenario import with_descent
from tests.conftest import CONFIGS, Ran, run_process

THREE = CONFIGS / "three_strips.yaml"
Terrain = Callable[..., Ran]

TABLE = """\
three strips: 3 strips, offset 20 m, method gradient
iteration    crossing 1    crossing 2       time (s)       gradient
        0      2.000000     19.000000     102.645294      2.653e+00
        1      1.911430     14.933438      94.184940      1.797e+00
        2      3.015646     13.578568      89.815979      1.452e+00
        3      4.198064     12.931134      86.962357      1.166e+00
"""

SUMMARY = """\
Stopped after 20 iterations, 0.0057 % above the optimum. About 20 more iterations would close the gap, or use --method snell.
crossing 1     10.921593 m  from strip 1 to strip 2
crossing 2     14.412293 m  from strip 2 to strip 3
time           81.916383 s
straight line  83.938760 s  2.022377 s (2.41 %) saved
exact optimum  81.911688 s  gap 0.0057 %
"""


def stripped(text: str) -> str:
    return "".join(line.rstrip() + "\n" for line in text.splitlines())


def test_gives_the_numbers_of_the_post(terrain: Terrain) -> None:
    ran = terrain("solve", THREE, "--json")
    assert (ran.code, ran.err) == (0, "")
    document = json.loads(ran.out)
    assert document["x"] == pytest.approx([10.92159256, 3.49070087], rel=1e-9)
    assert document["time"] == pytest.approx(81.91638300562, rel=1e-9)
    assert document["history"][0]["time"] == pytest.approx(102.64529386, rel=1e-9)
    assert document["optimum"]["time"] == pytest.approx(81.911687844968, rel=1e-12)
    assert document["gap"] == pytest.approx(5.7e-5, rel=0.01)
    assert [row["iteration"] for row in document["history"]] == list(range(21))


def test_json_keeps_the_contract(terrain: Terrain) -> None:
    document = json.loads(terrain("solve", THREE, "--json").out)
    keys = "version scenario file method status message units step iterations time x crossings straight_time optimum gap history"
    assert list(document) == keys.split()
    assert list(document["optimum"]) == ["time", "x", "crossings"]
    assert list(document["history"][0]) == ["iteration", "x", "crossings", "time", "gradient_norm"]
    assert (document["version"], document["scenario"], document["file"]) == (1, "three strips", str(THREE))
    assert (document["method"], document["status"], document["iterations"]) == ("gradient", "iterations", 20)
    assert document["units"] == {"length": "m", "time": "s"}
    assert document["crossings"] == pytest.approx(np.cumsum(document["x"]).tolist())
    assert document["history"][0] == {
        "iteration": 0,
        "x": [2.0, 17.0],
        "crossings": [2.0, 19.0],
        "time": 102.64529386190462,
        "gradient_norm": pytest.approx(2.652652, abs=1e-6),
    }


def test_the_screen(terrain: Terrain) -> None:
    ran = terrain("solve", THREE)
    assert ran.code == 0
    assert stripped(ran.out).startswith(TABLE)
    assert stripped(ran.out).endswith(SUMMARY)
    assert len(ran.out.splitlines()) == 2 + 21 + 6
    assert ran.err == ""
    assert "\x1b" not in ran.out


def test_quiet_is_the_summary(terrain: Terrain) -> None:
    assert stripped(terrain("solve", THREE, "--quiet").out) == SUMMARY


def test_show_x_and_every(terrain: Terrain) -> None:
    lines = terrain("solve", THREE, "--show", "x", "--every", "10").out.splitlines()
    assert lines[1].split() == ["iteration", "x_1", "x_2", "time", "(s)", "gradient"]
    assert [line.split()[0] for line in lines[2:5]] == ["0", "10", "20"]
    assert lines[2].split()[1:3] == ["2.000000", "17.000000"]


def test_csv_is_the_history(terrain: Terrain) -> None:
    rows = list(csv.DictReader(io.StringIO(terrain("solve", THREE, "--csv").out)))
    assert list(rows[0]) == ["iteration", "x_1", "x_2", "crossing_1", "crossing_2", "time", "gradient_norm"]
    assert [int(row["iteration"]) for row in rows] == list(range(21))
    assert float(rows[-1]["time"]) == pytest.approx(81.91638300562, rel=1e-11)


def test_options_override_the_file(terrain: Terrain) -> None:
    ran = terrain(
        "solve", THREE, "--json", "--initial", "1,-2", "--step", "0.5", "--iterations", "7", "--tolerance", "1e-3"
    )
    document = json.loads(ran.out)
    assert document["history"][0]["x"] == [1.0, -2.0]
    assert (document["iterations"], document["step"]) == (7, 0.5)
    document = json.loads(terrain("solve", THREE, "--json", "--method", "adam", "--iterations", "1e3").out)
    assert (document["method"], document["status"]) == ("adam", "converged")
    document = json.loads(terrain("solve", THREE, "--json", "--tolerance", "0.1", "--iterations", "100").out)
    assert document["status"] == "converged"
    assert "A tolerance below 0.1 would close the gap" in document["message"]


def test_snell_answers_directly(terrain: Terrain) -> None:
    document = json.loads(terrain("solve", THREE, "--method", "snell", "--json").out)
    assert (document["status"], document["iterations"], document["gap"]) == ("converged", 0, 0.0)
    assert document["time"] == pytest.approx(81.911687844967823857, rel=1e-15)
    assert document["x"] == pytest.approx([11.17307407, 3.36991448], abs=1e-8)
    assert document["ray"] == pytest.approx([document["ray"][0]] * 3, rel=1e-14)
    out = terrain("solve", THREE, "--method", "snell").out
    assert "sin(angle)/speed (s/m)" in out
    assert out.count("1.06448656") == 3


def test_divergence_is_exit_code_1_and_says_what_works(terrain: Terrain) -> None:
    ran = terrain("solve", THREE, "--step", "5", "--iterations", "1000")
    assert ran.code == 1
    assert (
        "Diverged with step 5: since iteration 2 the path has bounced from side to side without getting closer. "
        "Step 1.42 would converge; no step of 3.952 or more converges."
    ) in ran.out
    assert "since iteration 2 " in terrain("solve", THREE, "--step", "5", "--every", "7").out
    cured = terrain("solve", THREE, "--step", "1.42", "--iterations", "1000", "--json")
    assert json.loads(cured.out)["status"] == "converged"


@pytest.mark.parametrize("method", ["gradient", "momentum", "adam"])
def test_what_is_not_finite_is_null_and_exit_code_1(terrain: Terrain, method: str) -> None:
    ran = terrain("solve", THREE, "--method", method, "--step", "1e200", "--json")
    assert ran.code == 1
    document = json.loads(ran.out, parse_constant=pytest.fail)
    assert (document["status"], document["time"], document["gap"]) == ("diverged", None, None)
    assert "at iteration 1 the time is no longer a finite number" in document["message"]
    ran = terrain("solve", THREE, "--method", method, "--step", "1e200")
    assert ran.code == 1


def test_a_shape_alone_gives_an_answer(terrain: Terrain, tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text("strips: [{width: 1, speed: 1}, {width: 2, speed: 3}]\noffset: 4\n")
    document = json.loads(terrain("solve", path, "--json").out)
    assert (document["status"], document["message"][:9], document["gap"] < 1e-9) == ("converged", "Converged", True)


@pytest.mark.parametrize(
    ("offset", "strips"),
    [(-20, 3), (0, 3), (0, 1), (7, 1), (5, 2000)],
)
def test_any_number_of_strips_and_any_offset(terrain: Terrain, tmp_path: Path, offset: float, strips: int) -> None:
    path = tmp_path / "s.yaml"
    ground = "".join(f"  - {{width: {1 + i % 3}, speed: {1 + i % 7}}}\n" for i in range(strips))
    path.write_text(f"strips:\n{ground}offset: {offset}\n")
    ran = terrain("solve", path)
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 130
    assert "%" not in ran.out or "saved" in ran.out or "gap" in ran.out
    document = json.loads(terrain("solve", path, "--json").out)
    assert len(document["x"]) == strips - 1
    assert document["time"] >= document["optimum"]["time"] * (1 - 1e-14)
    if strips == 2000 and document["gap"] > 1e-6:
        assert "above the optimum" in document["message"]


def test_several_files_are_all_solved_even_if_one_fails(terrain: Terrain, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("strips: []\n")
    ran = terrain("solve", THREE, tmp_path / "bad.yaml", CONFIGS / "step_too_large.yaml", tmp_path / "none.yaml")
    assert ran.code == 2
    assert "bad.yaml:1: strips: must have at least one strip" in ran.err
    assert "none.yaml: no such file" in ran.err
    rows = [line.split()[0] for line in ran.out.splitlines()]
    assert rows[:3] == ["scenario", "three", "step"]
    assert ran.out.count("refused") == 2
    documents = json.loads(terrain("solve", THREE, CONFIGS / "uniform.yaml", "--json").out)
    assert [document["scenario"] for document in documents] == ["three strips", "uniform speed"]
    assert terrain("solve", THREE, CONFIGS / "step_too_large.yaml").code == 1


def test_a_folder_is_all_its_scenarios(terrain: Terrain) -> None:
    documents = json.loads(terrain("solve", CONFIGS, "--json").out)
    assert [document["file"] for document in documents] == [str(file) for file in sorted(CONFIGS.glob("*.yaml"))]


def test_a_folder_of_one_gives_a_list(terrain: Terrain, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(THREE.read_text())
    assert len(json.loads(terrain("solve", tmp_path, "--json").out)) == 1


def test_however_its_path_is_written_one_file_is_one(terrain: Terrain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CONFIGS)
    assert isinstance(json.loads(terrain("solve", "./three_strips.yaml", "--json").out), dict)
    assert terrain("solve", "..//configs/three_strips.yaml", "--csv").code == 0


def test_standard_input() -> None:
    ran = run_process("solve", "-", "--json", stdin=THREE.read_bytes())
    assert (ran.code, ran.err) == (0, "")
    document = json.loads(ran.out)
    assert (document["file"], document["time"]) == (None, pytest.approx(81.91638300562, rel=1e-11))
    ran = run_process("solve", "-", stdin=b"strips: 3")
    assert (ran.code, ran.err.splitlines()[0][:10]) == (2, "<stdin>:1:")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--step", "-1"), "--step: must be greater than 0, got -1.0"),
        (("--step", "fast"), "must be a number, got 'fast'"),
        (("--step", "nan"), "--step: must be a finite number, got nan"),
        (("--iterations", "2.5"), "--iterations: must be a whole number, got 2.5"),
        (("--tolerance", "-1"), "--tolerance: must be 0 or greater, got -1.0"),
        (("--initial", "1"), "--initial: must have 2 numbers, one for each strip except the last, got 1"),
        (("--initial", "1,b"), "--initial: must be numbers separated by commas, such as 2,17, got '1,b'"),
        (("--method", "newtn"), "--method: must be one of"),
        (("--show", "y"), "--show: must be crossings or x, got 'y'"),
        (("--every", "0"), "--every: must be at least 1, got 0"),
        (("--every", str(2**63)), "must be a whole number from 0 to 9,007,199,254,740,992, got '9223372036854775808'"),
        (("--every", "-1"), "must be a whole number from 0"),
        (("--every", "2.5"), "must be a whole number from 0"),
        (("--precision", "1e400"), "must be a whole number from 0"),
        (("--json", "--csv"), "--json and --csv cannot be used together"),
        (("--csv", str(CONFIGS / "uniform.yaml")), "--csv: works only with a single scenario"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_invalid_calls(terrain: Terrain, arguments: tuple[str, ...], message: str) -> None:
    ran = terrain("solve", THREE, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_nothing_to_solve(terrain: Terrain, tmp_path: Path) -> None:
    assert terrain("solve").code == 2
    ran = terrain("solve", tmp_path)
    assert (ran.code, "has no scenarios" in ran.err) == (2, True)


def test_hostile_names_are_shown_as_they_are(terrain: Terrain, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "name: '[red]x[/red] <b> $a_b$ 山'\nstrips: [{width: 1, speed: 1, name: '[bold]m[/]'}, {width: 1, speed: 2}]\n"
        "offset: 1\nunits: {length: '[/u]', time: '[/]'}\n"
    )
    for arguments in ((), (THREE,), ("--method", "snell")):
        ran = terrain("solve", path, *arguments)
        assert ran.code == 0
        assert "[red]x[/red] <b> $a_b$" in ran.out
        assert "山" in ran.out
    assert "strip 1 ([bold]m[/])" in terrain("solve", path).out


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_keeps_the_results_so_far(tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    path.write_text(THREE.read_text().replace("iterations: 20", "iterations: 1e12, tolerance: 0"))
    # `terrain` that says on stderr when the descent has come to its first rows.
    program = (
        "import sys\n"
        "from terrain_cli.__main__ import main\n"
        "from terrain_cli.strips import solution\n"
        "whole = solution.descend\n"
        "def descend(*arguments, **settings):\n"
        "    near = True\n"
        "    for step in whole(*arguments, **settings):\n"
        "        yield step\n"
        "        if near and step.iteration > 1000: near = print('far', file=sys.stderr, flush=True)\n"
        "solution.descend = descend\n"
        "main()"
    )
    command = [sys.executable, "-c", program, "solve", str(path), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while process.stderr.readline() != "far\n":
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    document = json.loads(out)
    assert document["status"] == "interrupted"
    assert document["message"].startswith("Interrupted after ")
    assert document["iterations"] > 1000


def test_an_interrupt_before_the_first_row_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("terrain_cli.strips.solution.descend", interrupted)
    with pytest.raises(KeyboardInterrupt):
        solve(load_strips(THREE))


def test_an_interrupt_in_the_middle_keeps_the_rows(terrain: Terrain, monkeypatch: pytest.MonkeyPatch) -> None:
    from terrain_cli import descend

    def interrupted(*arguments: object, **settings: object) -> object:
        for step in descend(*arguments, **settings):  # type: ignore[arg-type]
            if step.iteration == 5:
                raise KeyboardInterrupt
            yield step

    monkeypatch.setattr("terrain_cli.strips.solution.descend", interrupted)
    ran = terrain("solve", THREE, CONFIGS / "uniform.yaml")
    assert ran.code == 130
    assert "interrupted" in ran.out
    assert "uniform" not in ran.out


def test_a_closed_pipe_is_no_mistake() -> None:
    command = f"'{sys.executable}' -m terrain_cli solve '{THREE}' --csv --iterations 100000 --tolerance 0 | head -n 1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("iteration,")
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("option", ["--json", "--quiet"])
def test_a_full_disk_is_reported(option: str) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "terrain_cli", "solve", str(THREE), option]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "terrain: the output cannot be written: No space left on device\n")


def test_a_terminal_without_unicode(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "name: 山\nstrips: [{width: 1, speed: 1, name: é}, {width: 1, speed: 2}]\noffset: 1\n", encoding="utf-8"
    )
    ran = run_process("solve", path, PYTHONIOENCODING="ascii")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("\\u5c71: 2 strips")
    ran = run_process("solve", CONFIGS / "fifty_strips.yaml", "--json", PYTHONIOENCODING="ascii")
    assert json.loads(ran.out)["scenario"] == "fifty strips"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_progress_and_colour_on_a_terminal_only(tmp_path: Path) -> None:
    import pty

    path = tmp_path / "long.yaml"
    path.write_text(THREE.read_text().replace("iterations: 20", "iterations: 3e5, tolerance: 0"))
    parent, child = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    at_once = "from terrain_cli.show import console; console.DELAY = 0; from terrain_cli.cli import main; main()"
    command = [sys.executable, "-c", at_once, "solve", str(path)]
    with subprocess.Popen(command, stdout=child, stderr=child, env=environment) as process:
        os.close(child)
        seen = b""
        try:
            while chunk := os.read(parent, 65536):
                seen += chunk
        except OSError:
            pass
    os.close(parent)
    assert process.returncode == 0
    assert b"\r\x1b[2Kiteration " in seen
    assert b"\x1b[1miteration" in seen


class TestSolution:
    def test_shows_itself_in_a_notebook(self) -> None:
        scenario = load_strips(THREE).model_copy(update={"name": "<img src=x>"})
        page = solve(scenario)._repr_html_()
        assert "&lt;img src=x&gt;" in page
        assert "<img" not in page
        assert "81.916383 s" in page

    def test_repr_is_short(self) -> None:
        assert len(repr(solve(load_strips(THREE)))) < 1500

    def test_a_guess_of_what_is_left_is_about_right(self) -> None:
        scenario = load_strips(THREE)
        assert "About 20 more iterations would" in solve(scenario).message
        assert solve(with_descent(scenario, iterations=40)).gap < 1e-6
        assert ". More iterations would" in solve(with_descent(scenario, iterations=0)).message

    def test_tiny_gaps_are_0(self) -> None:
        assert solve(with_descent(load_strips(THREE), iterations=1000)).gap == 0.0
