"""`terrain new`: a starter that works, and never overwrites."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Ran

Terrain = Callable[..., Ran]


def test_writes_a_scenario_that_solves(terrain: Terrain, tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    ran = terrain("new", path)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"wrote {path}; now run terrain solve {path}\n"
    assert f"# Try: terrain solve {path}" in path.read_text()
    document = json.loads(terrain("solve", path, "--json").out)
    assert document["status"] == "converged"
    assert document["gap"] < 1e-9


def test_what_is_commented_out_works_too(terrain: Terrain, tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    terrain("new", path)
    path.write_text(path.read_text().replace("  # initial", "  initial").replace("  # step", "  step"))
    assert terrain("solve", path).code == 0


def test_never_overwrites(terrain: Terrain, tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text("mine")
    ran = terrain("new", path)
    assert (ran.code, ran.err) == (2, f"{path}: already exists; choose another name\n")
    assert path.read_text() == "mine"
    assert terrain("new", tmp_path).code == 2


def test_where_nothing_can_be_written(terrain: Terrain, tmp_path: Path) -> None:
    ran = terrain("new", tmp_path / "no" / "x.yaml")
    assert ran.code == 2
    assert "x.yaml: cannot be written: No such file or directory" in ran.err
    assert terrain("new").code == 2
