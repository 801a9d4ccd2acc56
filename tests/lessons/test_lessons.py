"""Every solution passes, every stub is answered kindly, and typical mistakes are named: over the folders of all lessons."""

import re
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import yaml

from terrain_cli.errors import InputError
from terrain_cli.lessons import child, process
from terrain_cli.lessons.catalogue import Lesson, choose, find_lessons
from terrain_cli.lessons.verdict import Verdict, decide
from tests.conftest import optimise

LESSONS = find_lessons()
LONG = 60  # s; a lesson that may take longer is tested with the slow ones


def named(lesson: Lesson) -> Any:
    return pytest.param(lesson, id=lesson.name, marks=[pytest.mark.slow] if lesson.seconds > LONG else [])


def own(lesson: Lesson) -> str:
    """The name of the function, without that of its class."""
    return lesson.function.rpartition(".")[2]


def mutants(lesson: Lesson) -> list[dict[str, Any]]:
    """Typical mistakes: what replaces what in the solution, and what is said. with: values of check.py, to be quicker."""
    found: list[dict[str, Any]] = yaml.safe_load(lesson.read("mutants.yaml"))
    return found


def check_here(lesson: Lesson, source: str, folder: Path, seed: int = 7) -> Verdict:
    """The verdict on a task, computed in this process, which has JAX imported already."""
    task = folder / "task.py"
    task.write_text(source)
    cases = lesson.check.cases(np.random.default_rng(seed))
    with jax.numpy_rank_promotion("allow"):  # as for learners
        found = child.answer(task, lesson.function, lesson.check.ask, cases, [])
    return decide(lesson, seed, process.to_outcome({name: np.asarray(value) for name, value in found.items()}), task)


def apply(lesson: Lesson, mutant: dict[str, Any]) -> str:
    solution = lesson.read("solution.py")
    assert solution.count(mutant["old"]) == 1, mutant["mistake"]
    return solution.replace(str(mutant["old"]), str(mutant["new"]))


EACH_MUTANT = [
    pytest.param(lesson, mutant, id=f"{lesson.number}-{mutant['mistake']}", marks=named(lesson).marks)
    for lesson in LESSONS
    for mutant in mutants(lesson)
]


@pytest.mark.parametrize("lesson", [named(lesson) for lesson in LESSONS])
def test_the_solution_passes_and_the_stub_is_answered_kindly(
    lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lesson.seconds > LONG:
        optimise(monkeypatch)
    verdict = check_here(lesson, lesson.read("solution.py"), tmp_path)
    assert verdict.passed, (verdict.sentence, verdict.error, verdict.explanation, verdict.rows)
    assert verdict.sentence == f"Lesson {lesson.number}, {lesson.title}: passed."
    assert verdict.right == verdict.instances
    assert verdict.score is not None
    assert np.isfinite(verdict.score.yours)
    verdict = check_here(lesson, lesson.read("task.py"), tmp_path)
    assert not verdict.passed
    assert verdict.sentence.startswith(
        f"{lesson.function} is not filled in yet: write your code in place of the line `raise NotImplementedError`."
    )
    assert (verdict.error, verdict.rows) == ("", [])


@pytest.mark.parametrize(("lesson", "mutant"), EACH_MUTANT)
def test_a_typical_mistake_is_named(
    lesson: Lesson, mutant: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lesson.seconds > LONG:
        optimise(monkeypatch)
    for name, value in mutant.get("with", {}).items():
        monkeypatch.setitem(lesson.check.ask.__globals__, name, value)
    verdict = check_here(lesson, apply(lesson, mutant), tmp_path)
    assert not verdict.passed
    said = f"{verdict.sentence} {verdict.explanation} {verdict.error}"
    assert mutant["says"] in said, said


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_folder_is_complete(lesson: Lesson) -> None:
    assert re.fullmatch(r"\d\d-[a-z-]+", lesson.name)
    assert lesson.number == LESSONS.index(lesson) + 1
    assert len(mutants(lesson)) >= 3
    assert len(lesson.hints) == 3
    text = lesson.read("README.md")
    assert len(text.splitlines()) < 60
    assert text.startswith(f"# {lesson.number}. {lesson.title}\n")
    assert f"terrain lessons check {lesson.number}" in text
    assert [*re.findall(r"!\[[^\]]+\]\((.+)\)", text)] == [picture.name for picture in lesson.pictures]
    assert len(lesson.pictures) == 1
    assert lesson.pictures[0].stat().st_size < 200_000
    for file in ("task.py", "solution.py"):
        assert f"def {own(lesson)}(" in lesson.read(file)
    start, end = (lesson.read(file).partition(f"def {own(lesson)}(")[0] for file in ("task.py", "solution.py"))
    assert start == end  # what is given stays as it is


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_the_random_instances_are_others_each_time(lesson: Lesson) -> None:
    one, same, other = (lesson.check.cases(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert str(one) == str(same)
    if len(one) > 1:
        assert str(one[1:]) != str(other[1:])


def test_a_lesson_goes_by_its_number_its_name_or_a_part_of_it() -> None:
    lessons = find_lessons()
    for word in ("4", "04", lessons[3].name, "cliff", "The-Step"):
        assert choose(word, lessons).number == 4
    for word in ("", "the", "0", "13", "nothing"):
        with pytest.raises(InputError, match="lesson"):
            choose(word, lessons)
