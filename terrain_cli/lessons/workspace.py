"""The learner's folder: a folder for each lesson, the pictures, and a file that remembers what has been passed."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from terrain_cli.errors import InputError
from terrain_cli.files import open_input, read_whole, write, written
from terrain_cli.lessons.catalogue import Lesson, choose

STATE, PICTURES, USUAL = ".terrain-lessons.json", "pictures", "lessons"
TASK, README = "task.py", "README.md"
COPIES = 1000  # of a task, at most


@dataclass
class Workspace:
    """The learner's folder. passed: the names of the lessons that are. hints: how many have been given, by name."""

    folder: Path
    passed: list[str] = field(default_factory=list)
    hints: dict[str, int] = field(default_factory=dict)

    def task(self, lesson: Lesson) -> Path:
        return self.folder / lesson.name / TASK

    def save(self) -> None:
        """Write the file that remembers, whole."""
        write(self.folder / STATE, {"version": 1, "passed": self.passed, "hints": self.hints}, indent=2)


def start(folder: Path, lessons: list[Lesson]) -> tuple[list[Path], list[Path]]:
    """Make the folders of the lessons. Returns the files that were written, and those that were there and are kept."""
    made: list[Path] = []
    kept: list[Path] = []
    for path in (folder, folder / PICTURES, *(folder / lesson.name for lesson in lessons)):
        make_folder(path)
    for lesson in lessons:
        files = {folder / lesson.name / TASK: lesson.read(TASK).encode()}
        for picture in lesson.pictures:
            name = f"{lesson.name}{picture.suffix}"
            files[folder / PICTURES / name] = picture.read_bytes()
        files[folder / lesson.name / README] = readme(lesson).encode()
        for file, content in files.items():
            (made if put(file, content) else kept).append(file)
    if not os.path.lexists(folder / STATE):
        Workspace(folder).save()
    load(folder)
    return made, kept


def readme(lesson: Lesson) -> str:
    """The text of a lesson, whose picture is in the folder beside it."""
    text = lesson.read(README)
    for picture in lesson.pictures:
        text = text.replace(f"({picture.name})", f"(../{PICTURES}/{lesson.name}{picture.suffix})")
    return text


def make_folder(path: Path) -> None:
    """Make a folder, unless it is there. Raises InputError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise InputError(f"{path}: cannot be made: {problem.strerror or problem}: name another folder") from None


def put(path: Path, content: bytes) -> bool:
    """Whether the file was written: one that is there is never overwritten."""
    if os.path.lexists(path):
        return False
    with written(path, overwrite=False) as file:
        file.write(content)
    return True


def find(here: Path | None = None) -> Workspace:
    """The learner's folder: this one, one around it, or `lessons` in this one. Raises InputError if there is none."""
    here = here or Path.cwd()
    for folder in (here, *here.parents, here / USUAL):
        if os.path.lexists(folder / STATE):
            return load(folder)
    raise InputError("there are no lessons here: terrain lessons start makes a folder with them; or change into yours")


def load(folder: Path) -> Workspace:
    """What the file remembers. Raises InputError if it cannot be read."""
    file = folder / STATE
    try:
        with open_input(file, "remove it", keep=False) as opened:
            told = json.loads(read_whole(opened, str(file)))
        passed, hints = told["passed"], told["hints"]
        if not all(isinstance(name, str) for name in passed) or not all(type(n) is int for n in hints.values()):
            raise TypeError
    except OSError as problem:
        raise InputError(f"{file}: cannot be read: {problem.strerror or problem}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        remedy = (
            "remove it, and terrain lessons start makes a new one; your tasks are kept, and check passes them again"
        )
        raise InputError(f"{file}: is not what terrain wrote there: {remedy}") from None
    return Workspace(folder, list(passed), dict(hints))


def current(workspace: Workspace, lessons: list[Lesson], word: str | None, here: Path | None = None) -> Lesson:
    """The lesson that is meant: the one that `word` names, the one in whose folder this is, or the first not passed yet."""
    if word is not None:
        return choose(word, lessons)
    here = here or Path.cwd()
    for lesson in lessons:
        inside = workspace.folder / lesson.name
        if inside.is_dir() and any(path.samefile(inside) for path in (here, *here.parents)):
            return lesson
    for lesson in lessons:
        if lesson.name not in workspace.passed:
            return lesson
    raise InputError("all lessons are passed: name one by its number")


def reset(workspace: Workspace, lesson: Lesson) -> Path | None:
    """Put the stub back in place of the task. Returns the copy of the task that is kept; None if there was nothing to keep."""
    task, stub, copy = workspace.task(lesson), lesson.read(TASK).encode(), None
    make_folder(task.parent)
    try:
        with open_input(task, "remove it", keep=False) as file:
            own = read_whole(file, str(task))
    except FileNotFoundError:
        own = stub
    except OSError as problem:
        raise InputError(f"{task}: cannot be read: {problem.strerror or problem}") from None
    if own != stub:
        copy = next(path for i in range(1, COPIES) if not os.path.lexists(path := task.with_name(f"task.{i}.py")))
        with written(copy, overwrite=False) as file:
            file.write(own)
    with written(task) as file:
        file.write(stub)
    workspace.passed = [name for name in workspace.passed if name != lesson.name]
    workspace.hints.pop(lesson.name, None)
    workspace.save()
    return copy
