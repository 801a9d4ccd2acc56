"""docs/autodiff.md: its commands print and draw what the page shows, and its program runs."""

import contextlib
import io
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import CONFIGS, ROOT, Ran

PAGE = (ROOT / "docs" / "autodiff.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^```console\n\$ terrain (.+)\n((?:.*\n)*?)```$", PAGE, re.MULTILINE)


def test_has_commands() -> None:
    assert len(COMMANDS) == PAGE.count("```console") == 2


@pytest.mark.parametrize(("command", "shown"), COMMANDS)
def test_commands_print_and_draw_what_the_page_shows(
    terrain: Callable[..., Ran], command: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(CONFIGS, tmp_path / "configs")
    (tmp_path / "docs" / "images").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    ran = terrain(*shlex.split(command))
    assert (ran.code, ran.out) == (0, shown)
    (drawn,) = (tmp_path / "docs" / "images").iterdir()
    assert f"](images/{drawn.name})" in PAGE
    assert drawn.read_bytes() == (ROOT / "docs" / "images" / drawn.name).read_bytes()


def test_the_program_prints_what_its_comments_say() -> None:
    programs = re.findall(r"^```python\n(.*?)```$", PAGE, re.MULTILINE | re.DOTALL)
    [program] = [program for program in programs if "read_graph" in program]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(program, {})
    assert printed.getvalue().splitlines() == re.findall(r"^print.*  # (.*)$", program, re.MULTILINE)


def test_the_numbers_at_the_optimum(terrain: Callable[..., Ran]) -> None:
    out = terrain("graph", CONFIGS / "three_strips.yaml", "--gradients", "--at", "optimum").out
    for name in ("x₁", "x₂"):
        here = [line.rsplit("= ")[-1] for line in out.splitlines() if f"{name} " in line]
        assert here == ["1.064 here", "-1.064 here"]
    assert re.search(r" h +20 +1\.06449 ", out)


def test_the_effect_of_the_speed(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    faster = tmp_path / "faster.yaml"
    faster.write_text(
        (CONFIGS / "three_strips.yaml").read_text(encoding="utf-8").replace("0.3}", "0.31}"), encoding="utf-8"
    )
    before, after = (
        float(terrain("graph", file).out.splitlines()[2].split()[1]) for file in (CONFIGS / "three_strips.yaml", faster)
    )
    assert before - after == pytest.approx(2.2, abs=0.1)
