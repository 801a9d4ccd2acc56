"""The lessons there are: a folder for each, which is read here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from terrain_cli.errors import InputError
from terrain_cli.text import shorten

if TYPE_CHECKING:
    import numpy as np

    from terrain_cli.lessons.judging import Row, Score

Case: TypeAlias = dict[str, Any]  # what a function is asked about: numbers and arrays by name
Answer: TypeAlias = "dict[str, np.ndarray]"  # what it answered: arrays by name

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Check:
    """The functions of a `check.py`.

    cases: (random) -> what is asked; the first case is the same each time. ask: (task, case) -> what the learner's module
    answers, in the learner's process. judge: (case, answer) -> rows. explain: (cases, answers) -> the mistake in a sentence, if
    it is known. score: (cases, answers) -> evaluations used, beside the reference's. tell: (cases, answers) -> lines to print
    after a pass. trace: (cases, answers) -> the paths of the learner's own run across the strips of the post, shape (k, 2), m,
    and its method and settings as in a scenario.
    """

    cases: "Callable[[np.random.Generator], list[Case]]"
    ask: Callable[[Any, Case], dict[str, Any]]
    judge: "Callable[[Case, Answer], list[Row]]"
    explain: Callable[[list[Case], list[Answer]], str | None] = lambda cases, answers: None  # noqa: ARG005
    score: "Callable[[list[Case], list[Answer]], Score | None]" = lambda cases, answers: None  # noqa: ARG005
    tell: Callable[[list[Case], list[Answer]], list[str]] = lambda cases, answers: []  # noqa: ARG005
    trace: Callable[[list[Case], list[Answer]], Any] | None = None


def load_check(file: Path) -> Check:
    """The functions of a `check.py`, in the folder of a lesson."""
    names: dict[str, Any] = {"__name__": "check", "__file__": str(file)}
    exec(compile(file.read_bytes(), str(file), "exec"), names)
    return Check(**{name: names[name] for name in Check.__dataclass_fields__ if name in names})


@dataclass(frozen=True)
class Lesson:
    """A lesson: its folder and what its `lesson.yaml` says.

    function: the one to be written. seconds: that it may take. jax: whether it is imported beforehand. needs: a package that is
    not always there, and extra: what installs it. late: what is probably wrong when the time is over. hints: three.
    """

    folder: Path
    title: str
    concept: str
    function: str
    hints: tuple[str, ...]
    seconds: float = 10
    jax: bool = True
    needs: str = ""
    extra: str = ""
    late: str = "is there a loop that never ends?"

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def number(self) -> int:
        return int(self.name.partition("-")[0])

    def read(self, file: str) -> str:
        return (self.folder / file).read_text(encoding="utf-8")

    @property
    def pictures(self) -> list[Path]:
        return sorted(file for file in self.folder.iterdir() if file.suffix in (".svg", ".gif"))

    @cached_property
    def check(self) -> Check:
        return load_check(self.folder / "check.py")


def find_lessons(folder: Path = FOLDER) -> list[Lesson]:
    """All lessons, in their order."""
    return [load_lesson(path.parent) for path in sorted(folder.glob("[0-9]*-*/lesson.yaml"))]


def load_lesson(folder: Path) -> Lesson:
    import yaml

    told = yaml.safe_load((folder / "lesson.yaml").read_text(encoding="utf-8"))
    return Lesson(folder, **{**told, "hints": tuple(told["hints"])})


def choose(word: str, lessons: list[Lesson]) -> Lesson:
    """The lesson with this number or name, or part of a name that no other lesson has. Raises InputError."""
    for lesson in lessons:
        if word in (lesson.name, str(lesson.number), lesson.name.partition("-")[0]):
            return lesson
    with_part = [lesson for lesson in lessons if word.strip().lower() in lesson.name and not word.isdecimal()]
    if len(with_part) == 1 and word.strip():
        return with_part[0]
    known = f"give a number from {lessons[0].number} to {lessons[-1].number}"
    raise InputError(f"{shorten(word)}: there is no such lesson: {known}")
