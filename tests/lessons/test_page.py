"""The page of `terrain lessons check --report`: the learner's own run in the page of `terrain report`."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terrain_cli.compile_cache import enable_compile_cache
from terrain_cli.lessons.catalogue import Lesson, find_lessons
from terrain_cli.lessons.page import find_run, gather_run
from terrain_cli.scenario.load import load_strips
from terrain_cli.show.strips.page_data import document
from terrain_cli.show.strips.report import render
from terrain_cli.strips.report import gather
from terrain_cli.strips.solution import solve
from tests.conftest import CONFIGS, Ran
from tests.lessons.test_lessons import check_here

DRAWN = [lesson for lesson in find_lessons() if lesson.check.trace]


def test_which_lessons_have_a_page() -> None:
    assert [lesson.number for lesson in DRAWN] == [2, 3, 4, 5, 6]


def test_the_page_of_the_loop_is_that_of_terrain_report(tmp_path: Path) -> None:
    """So what the browser tests say of that page (tests/show/test_report_page.py) holds for this one."""
    enable_compile_cache()
    verdict = check_here(DRAWN[1], DRAWN[1].read("solution.py"), tmp_path)
    run = find_run(verdict)
    assert run is not None
    report = gather_run(verdict, run)
    assert report.asked.message == "Your own run: 20 iterations, and 81.916383 s at the end."
    page = render(report)
    assert "Lesson 3, Follow the slope: your own run" in page
    own, post = document(report), document(gather(solve(load_strips(CONFIGS / "three_strips.yaml"))))
    numbers, texts = zip(*map(flatten, (own, post)), strict=True)
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=1e-9, atol=1e-9)
    assert sum(a != b for a, b in zip(*texts, strict=True)) <= 1  # the message


def flatten(value: Any) -> tuple[list[float], list[str]]:
    """All numbers and all texts, in their order."""
    numbers: list[float] = []
    texts: list[str] = []
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict | list):
            waiting.extend(part.values() if isinstance(part, dict) else part)
        elif isinstance(part, int | float):
            numbers.append(part)
        else:
            texts.append(str(part))
    return numbers, texts


@pytest.mark.parametrize("lesson", DRAWN, ids=lambda lesson: lesson.name)
def test_a_run_ends_near_the_optimum(lesson: Lesson, tmp_path: Path) -> None:
    run = find_run(check_here(lesson, lesson.read("solution.py"), tmp_path))
    assert run is not None
    np.testing.assert_allclose(run[0][-1], [11.173, 3.370], atol=0.4)


def test_a_run_that_cannot_be_shown(tmp_path: Path) -> None:
    verdict = check_here(DRAWN[1], DRAWN[1].read("solution.py").replace("jnp.stack(path)", "x"), tmp_path)
    assert find_run(verdict) is None
    assert find_run(replace(verdict, answers=[])) is None
    wrong = DRAWN[1].read("solution.py").replace("jnp.stack(path)", "jnp.stack(path) * jnp.nan")
    assert find_run(check_here(DRAWN[1], wrong, tmp_path)) is None


def test_the_command_writes_it(terrain: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    terrain("lessons", "start")
    folder = Path("lessons") / DRAWN[0].name
    assert "--report: there is no run to be shown yet\n" in terrain("lessons", "check", 2, "--report").err
    (folder / "task.py").write_text(DRAWN[0].read("solution.py"))
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    ran = terrain("lessons", "check", 2, "--report")
    assert (ran.code, opened) == (0, [])  # stdout is no terminal
    assert f"wrote {(tmp_path / folder).absolute() / 'report.html'}\n" in ran.err
    assert "Lesson 2, Nudge it: your own run" in (folder / "report.html").read_text()
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    terrain("lessons", "check", 2, "--report")
    assert [url.rpartition("/")[2] for url in opened] == ["report.html"]
    assert "it has no page\n" in terrain("lessons", "check", 1, "--report").err
