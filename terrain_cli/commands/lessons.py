"""`terrain lessons`: twelve lessons of ten minutes, each one function to write."""

import json
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from terrain_cli.commands.options import Json, parse_count, remark, say_written
from terrain_cli.errors import InputError
from terrain_cli.text import count, visible

if TYPE_CHECKING:
    from terrain_cli.lessons.catalogue import Lesson
    from terrain_cli.lessons.verdict import Verdict
    from terrain_cli.lessons.workspace import Workspace

HELP = "Learn differentiable programming by crossing terrain: lessons that check themselves."
EPILOG = "Start with terrain lessons start, and read the first README.md in the folder that it makes."


def complete_lesson(incomplete: str) -> list[str]:
    """The numbers of lessons that begin like this, for the shell."""
    from terrain_cli.lessons.catalogue import find_lessons

    return [str(lesson.number) for lesson in find_lessons() if str(lesson.number).startswith(incomplete)]


Number = Annotated[
    str | None,
    typer.Argument(
        metavar="[N]",
        help="Number or name of a lesson.  [default: the one in whose folder you are, else the first not passed]",
        autocompletion=complete_lesson,
    ),
]
Named = Annotated[str, typer.Argument(metavar="N", help="Number or name of a lesson.", autocompletion=complete_lesson)]


def list_(as_json: Json = False) -> None:
    """List the lessons, and mark those that are passed.

    Example: terrain lessons list
    """
    from terrain_cli.lessons import workspace
    from terrain_cli.lessons.catalogue import find_lessons
    from terrain_cli.show.console import data_out

    lessons = find_lessons()
    try:
        passed = workspace.find().passed
    except InputError:
        passed = None
    if as_json:
        listed = [
            {
                "number": lesson.number,
                "name": lesson.name,
                "title": lesson.title,
                "about": lesson.concept,
                "function": lesson.function,
                "passed": lesson.name in (passed or ()),
            }
            for lesson in lessons
        ]
        print(json.dumps({"version": 1, "lessons": listed}), file=data_out())
        return
    from terrain_cli.show.lessons import print_list

    print_list(lessons, passed)
    if passed is None:
        remark("terrain lessons start makes a folder for each of them")


def start(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="The folder to make.  [default: lessons]", show_default=False)
    ] = Path("lessons"),
) -> None:
    """Make a folder for each lesson, with a README.md and a task.py.

    Nothing is overwritten: what is there is kept, and what is missing is added.

    Example: terrain lessons start
    """
    from terrain_cli.lessons import workspace
    from terrain_cli.lessons.catalogue import find_lessons

    lessons = find_lessons()
    made, kept = workspace.start(folder, lessons)
    if made:
        remark(
            f"made {folder} with {count(len(lessons), 'lesson')}"
            + (f"; kept {count(len(kept), 'file')}" if kept else "")
        )
    else:
        remark(f"{folder} has all {count(len(lessons), 'lesson')} already; nothing was changed")
    first = folder / lessons[0].name
    remark(f"1. Read {first / 'README.md'}, or what terrain lessons show 1 prints")
    remark(f"2. Write your function into {first / 'task.py'}")
    remark("3. terrain lessons check 1" + ("" if folder == Path("lessons") else f", in {folder}"))


def check(
    lesson: Number = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again whenever the file is saved, until it passes.")
    ] = False,
    report: Annotated[
        bool,
        typer.Option(
            "--report", help="Write your own run as report.html beside the task, and open it (lessons 2 to 6)."
        ),
    ] = False,
    seed: Annotated[
        float | None,
        typer.Option(help="Seed of the random instances, to ask the same again.", parser=parse_count, metavar="NUMBER"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a task: run its function in a process of its own, and compare what it returns.

    The exit code is 0 if the lesson is passed, and 1 if not yet. What the function prints does not count.

    Example: terrain lessons check 1
    """
    from terrain_cli.lessons import workspace

    chosen, place = _choose(lesson)
    _require(chosen)
    task = place.task(chosen)
    if watch and as_json:
        raise InputError("--watch and --json cannot be used together")
    while True:
        saved = _saved(task)
        verdict = _check(chosen, task, seed)
        if as_json:
            from terrain_cli.files import plain
            from terrain_cli.show.console import data_out

            print(json.dumps(plain(verdict.to_json())), file=data_out())
        else:
            from terrain_cli.show.lessons import print_verdict

            print_verdict(verdict)
        if verdict.passed and chosen.name not in place.passed:
            place = workspace.load(place.folder)  # which may have changed meanwhile
            place.passed = list(dict.fromkeys([*place.passed, chosen.name]))
            place.save()
        if report:
            _report(chosen, verdict, task.with_name("report.html"))
        if not as_json:
            _say_what_next(chosen, place, verdict.passed)
        if verdict.passed or not watch:
            raise typer.Exit(0 if verdict.passed else 1)
        remark(f"waiting for {task} to be saved; Ctrl-C ends")
        _wait_for_change(task, saved)


def _check(lesson: "Lesson", task: Path, seed: float | None) -> "Verdict":
    import secrets

    from terrain_cli.lessons.process import run
    from terrain_cli.lessons.verdict import decide
    from terrain_cli.show.console import working

    number = secrets.randbelow(10**6) if seed is None else int(seed)
    with working(f"checking lesson {lesson.number}"):
        return decide(lesson, number, run(lesson, task, number), task)


def _report(lesson: "Lesson", verdict: "Verdict", page: Path) -> None:
    """Write the learner's own run as a page, and open it where there is somebody to look at it."""
    from terrain_cli.kinds import KINDS
    from terrain_cli.lessons.page import find_run, gather_run
    from terrain_cli.show.console import working

    if lesson.check.trace is None:
        remark(f"--report: lesson {lesson.number} has no run across the strips of the post, so it has no page")
        return
    run = find_run(verdict)
    if run is None:
        remark("--report: there is no run to be shown yet")
        return
    with working("drawing your run") as progress:
        from terrain_cli.compile_cache import enable_compile_cache

        enable_compile_cache(progress.note_compiling)
        KINDS["strips"].find("show.report").write_report(gather_run(verdict, run), page)
    say_written(page)
    if sys.stdout.isatty():
        import webbrowser

        webbrowser.open(page.absolute().as_uri())


def hint(lesson: Number = None) -> None:
    """Give a hint: three for each lesson, from a nudge to nearly the answer, one more each time.

    Example: terrain lessons hint 1
    """
    from terrain_cli.show.console import say

    chosen, place = _choose(lesson)
    given = min(max(place.hints.get(chosen.name, 0), 0) + 1, len(chosen.hints))
    say(f"Lesson {chosen.number}, {chosen.title}, hint {given} of {len(chosen.hints)}: {chosen.hints[given - 1]}")
    place.hints[chosen.name] = given
    place.save()
    if given < len(chosen.hints):
        remark(f"terrain lessons hint {chosen.number} gives the next one")
    else:
        remark(f"That was the last hint. terrain lessons solution {chosen.number} prints a solution.")


def show(lesson: Number = None) -> None:
    """Print the text of a lesson.

    Example: terrain lessons show 1
    """
    from terrain_cli.show.lessons import print_text

    chosen = _find(lesson) if lesson is not None else _choose(None)[0]
    print_text(chosen.read("README.md"))


def solution(lesson: Named) -> None:
    """Print a task.py that passes.

    Example: terrain lessons solution 1
    """
    from terrain_cli.show.console import data_out

    print(_find(lesson).read("solution.py"), end="", file=data_out())


def reset(
    lesson: Annotated[
        str | None,
        typer.Argument(metavar="[N]", help="Number or name of a lesson.", autocompletion=complete_lesson),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Reset all lessons.")] = False,
) -> None:
    """Put the empty task back, and keep a copy of what was there.

    Example: terrain lessons reset 1
    """
    from terrain_cli.lessons import workspace
    from terrain_cli.lessons.catalogue import choose, find_lessons

    if (lesson is None) != everything:
        raise InputError(
            "name one lesson, or give --all" if lesson is None else "--all: resets all lessons; leave out the number"
        )
    lessons, place = find_lessons(), workspace.find()
    for each in lessons if lesson is None else [choose(lesson, lessons)]:
        copy = workspace.reset(place, each)
        if copy:
            say_written(copy)
        remark(f"lesson {each.number} is as it was at the start")


COMMANDS: dict[str, Callable[..., None]] = {
    "list": list_,
    "start": start,
    "check": check,
    "hint": hint,
    "show": show,
    "solution": solution,
    "reset": reset,
}


def _find(word: str) -> "Lesson":
    from terrain_cli.lessons.catalogue import choose, find_lessons

    return choose(word, find_lessons())


def _choose(word: str | None) -> "tuple[Lesson, Workspace]":
    """The lesson that is meant, and the learner's folder. Raises InputError."""
    from terrain_cli.lessons import workspace
    from terrain_cli.lessons.catalogue import find_lessons

    place, lessons = workspace.find(), find_lessons()
    return workspace.current(place, lessons, word), place


def _require(lesson: "Lesson") -> None:
    """Raises InputError unless the package that the lesson needs is installed."""
    if lesson.needs and find_spec(lesson.needs) is None:
        raise InputError(
            f"lesson {lesson.number} needs {lesson.needs}, which is not installed: pip install 'terrain-cli[{lesson.extra}]'"
        )


def _saved(task: Path) -> tuple[int, int]:
    """When the task was saved, and its size. Raises InputError if it is not there."""
    import stat

    try:
        status = task.stat()
    except OSError as problem:
        raise InputError(
            f"{task}: cannot be read: {problem.strerror or problem}: terrain lessons start writes what is missing"
        ) from None
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{task}: is not a regular file: terrain lessons start writes what is missing")
    return status.st_mtime_ns, status.st_size


def _wait_for_change(task: Path, before: tuple[int, int]) -> None:
    """Wait until the file has been saved; while an editor replaces it, there may be none."""
    import time

    while True:
        time.sleep(0.2)
        try:
            if _saved(task) != before:
                return
        except InputError:
            continue


def _say_what_next(lesson: "Lesson", place: "Workspace", passed: bool) -> None:
    from terrain_cli.lessons.catalogue import find_lessons

    if not passed:
        remark(
            f"terrain lessons hint {lesson.number} gives a hint; your function is in {visible(str(place.task(lesson)))}"
        )
        return
    left = [other for other in find_lessons() if other.name not in place.passed]
    after = next((other for other in left if other.number > lesson.number), left[0] if left else None)
    if after is None:
        remark("That was the last one: all lessons are passed.")
    else:
        remark(f"Next: lesson {after.number}, {after.title}: {visible(str(place.folder / after.name / 'README.md'))}")
