"""A third kind of terrain, entered in kinds.py alone, works with every command that is not marked as one kind's."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from terrain_cli import kinds
from tests.conftest import CONFIGS, ROOT, Ran

process: Any


@pytest.fixture(scope="module", autouse=True)
def _process() -> Iterator[None]:
    """The process with the third kind, where `run` runs its commands."""
    global process
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    environment = {**os.environ, "COLUMNS": "80", "PYTHONPATH": path}
    with subprocess.Popen([sys.executable, "-m", "tests.flat"], text=True, env=environment, **pipes) as process:
        yield
        process.stdin.close()


def run(*arguments: object, cwd: Path) -> Ran:
    """`terrain` with the third kind. One process runs all commands, because each new one would import JAX again."""
    print(json.dumps([str(cwd), *map(str, arguments)]), file=process.stdin, flush=True)
    return Ran(*json.loads(process.stdout.readline()))


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    ran = run("new", "f.yaml", "--flat", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "wrote f.yaml; now run terrain solve f.yaml\n")
    return tmp_path


def test_it_is_solved(flat: Path) -> None:
    assert (
        run("solve", "f.yaml", cwd=flat).out
        == "a field: even ground, 2 m/s\nrow 2.5\nExact: the straight line. 2.5 s\n"
    )
    document = json.loads(run("solve", "f.yaml", "--json", cwd=flat).out)
    assert (document["time"], document["kind"]) == (2.5, "flat")
    assert run("solve", "f.yaml", "--csv", cwd=flat).out == "x,y\n0.0,0.0\n3.0,4.0\n"
    overview = run("solve", "f.yaml", CONFIGS / "uniform.yaml", cwd=flat)
    assert (overview.code, "a field" in overview.out, "straight" in overview.out) == (0, True, True)


def test_its_question_needs_a_module_and_nothing_else(flat: Path) -> None:
    assert "--bearing" in run("solve", "--help", cwd=flat).out
    assert run("solve", "f.yaml", "-q", "--bearing", cwd=flat).out.endswith("bearing 36.87 degrees\n")
    assert json.loads(run("solve", "f.yaml", "--json", "--bearing", cwd=flat).out)["bearing"] == pytest.approx(
        36.8699, abs=1e-4
    )
    other = run("solve", CONFIGS / "uniform.yaml", "--bearing", cwd=flat)
    assert other.code == 2
    assert "--bearing works only with even ground, not with strips: remove the option or name other files" in other.err
    foreign = run("solve", "f.yaml", "--corridor", "1", cwd=flat)
    assert "f.yaml: --corridor works only with maps, not with even ground" in foreign.err


def test_it_is_written(flat: Path) -> None:
    ran = run("solve", "f.yaml", "-q", "-o", "f.json", "-o", "f.csv", "-o", "f.geojson", cwd=flat)
    assert (ran.code, ran.err) == (0, "wrote f.json\nwrote f.csv\nwrote f.geojson\n")
    assert json.loads((flat / "f.json").read_text())["time"] == 2.5
    assert (flat / "f.csv").read_text() == "x,y\n0.0,0.0\n3.0,4.0\n"
    assert json.loads((flat / "f.geojson").read_text())["features"][0]["geometry"]["type"] == "LineString"


def test_it_is_checked(flat: Path) -> None:
    assert run("check", "f.yaml", "--update", cwd=flat).code == 0
    assert run("check", "f.yaml", cwd=flat).out == "f.yaml: same\n1 checked: 1 same\n"
    (flat / "f.yaml").write_text((flat / "f.yaml").read_text().replace("speed: 2", "speed: 3"))
    ran = run("check", "f.yaml", cwd=flat)
    assert ran.code == 1
    assert "input speed: 2.0 -> 3.0" in ran.out


def test_it_is_swept_and_plotted(flat: Path) -> None:
    ran = run("sweep", "f.yaml", "--vary", "flat.speed=1,2,5", "-o", "s.svg", "-o", "s.csv", cwd=flat)
    assert (ran.code, "3 points: 3 solved" in ran.out, "best: speed = 5: 1.000000 s" in ran.out) == (0, True, True)
    assert run("plot", "f.yaml", "-o", "f.svg", cwd=flat).code == 0
    assert all((flat / name).stat().st_size > 40 for name in ("s.svg", "s.csv", "f.svg"))
    wrong = run("plot", "f.yaml", "-o", "f.svg", "--kind", "paths", cwd=flat)
    assert (wrong.code, "f.yaml: --kind for even ground must be line, got 'paths'" in wrong.err) == (2, True)


def test_its_problems_are_reported_with_their_lines(flat: Path) -> None:
    (flat / "g.yaml").write_text("flat: {sped: 2}\nfrom: [1, 1]\nto: [1, 1]\noffset: 3\n")
    ran = run("solve", "g.yaml", cwd=flat)
    assert ran.code == 2
    assert ran.err.splitlines() == [
        "g.yaml:1: flat.sped: is not a key here: did you mean speed?",
        "g.yaml:3: to: must differ from the start",
        "g.yaml:4: offset: is a key of strips, not of even ground: remove offset, or remove flat",
    ]
    assert "FlatScenario" in json.loads(run("schema", cwd=flat).out)["$defs"]


@pytest.mark.parametrize("command", [("animate", "-o", "x.gif"), ("report", "-o", "x.html"), ("graph",)])
def test_commands_of_one_kind_say_so(flat: Path, command: tuple[str, ...]) -> None:
    ran = run(command[0], "f.yaml", *command[1:], cwd=flat)
    assert (ran.code, ran.err) == (2, f"f.yaml: terrain {command[0]} works only with strips, not with even ground\n")


def test_no_code_outside_kinds_asks_which_kind_it_has() -> None:
    for file in (ROOT / "terrain_cli").rglob("*.py"):
        found = re.findall(r"is_map|isinstance\([^)]*Scenario", file.read_text())
        assert not found or file.name == "kinds.py", file


def test_every_kind_has_what_the_contract_names() -> None:
    for kind in kinds.KINDS.values():
        assert kind.scenario.MODEL.kind == kind.name
        assert kind.starter.count("FILE")
        for module in (kind.solution, kind.record, kind.sweep, kind.terminal, kind.figure, kind.sweep_table):
            assert module is not None
        assert all(question.options for question in kind.questions.values())
