"""The progress line: shown only on a terminal, and removed before anything else is printed."""

import io
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from terrain_cli.show import console
from terrain_cli.show.console import COMPILING, Progress, current, working
from tests.conftest import CONFIGS, Ran


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def open_terminal(monkeypatch: pytest.MonkeyPatch, term: str = "xterm") -> Terminal:
    """Make stderr a terminal. Not a fixture, because pytest replaces stderr once a test begins."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    for name, value in {"TERM": term, "COLUMNS": "30", "LINES": "10"}.items():
        monkeypatch.setenv(name, value)
    return stream


class Clock:
    """A clock that moves only when it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def test_shows_the_latest_text_and_removes_it(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    progress = Progress()
    stdout = sys.stdout
    progress.say("too early")
    assert terminal.getvalue() == ""
    clock.now = 2.1
    progress.say("first [1/2]")
    assert "first [1/2]" in terminal.getvalue()
    assert sys.stdout is stdout
    assert sys.stderr is terminal
    assert terminal.getvalue().count("\x1b[?25h") == 1  # the cursor is visible all the time
    clock.now = 2.15
    progress.say("too soon")
    clock.now = 2.3
    progress.say("second" * 10)
    progress.clear()
    progress.clear()
    text = terminal.getvalue()
    assert "too soon" not in text
    assert "\r\x1b[2Ksecondsecondsecondsecondsecon…" in text.replace("\x1b[?25l", "")
    assert text.endswith("\x1b[1A\x1b[2K")  # one row up, and erased
    clock.now = 3
    progress.say("again")
    assert "again" in terminal.getvalue()
    progress.clear()


def test_at_most_ten_times_a_second(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    progress = Progress()
    for i in range(5000):
        clock.now = i / 1000
        progress.say(f"<{i}>")
    assert 25 <= terminal.getvalue().count("<") <= 31
    progress.clear()


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_erase_shows_nothing(clock: Clock, monkeypatch: pytest.MonkeyPatch, term: str) -> None:
    terminal = open_terminal(monkeypatch, term)
    progress = Progress()
    clock.now = 3
    progress.say("text")
    progress.clear()
    assert terminal.getvalue().strip() == ""


def test_elsewhere_nothing_is_shown_or_imported(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(console, "Console", None)
    monkeypatch.setitem(sys.modules, "rich.live", None)
    progress = Progress()
    clock.now = 3
    progress.say("text")
    progress.clear()
    assert stderr.getvalue() == ""


def test_a_single_long_call_is_shown_with_its_seconds(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with working("solving") as progress:
        assert current() is progress
        for now in (0.5, 1.9):
            clock.now = now
            progress.tick()
        assert terminal.getvalue() == ""
        for now in (2.0, 7.0):
            clock.now = now
            progress.tick()
        assert terminal.getvalue().count("solving, ") == 2
        assert "solving, 7 s" in terminal.getvalue()
        progress.clear()  # before something is printed; the next tick shows it again
        shown = terminal.getvalue()
        progress.tick()
        assert terminal.getvalue() == shown
    assert current() is not progress
    assert terminal.getvalue().endswith("\x1b[1A\x1b[2K")
    assert "progress" not in {thread.name for thread in threading.enumerate()}


def test_compiling_is_said_once_and_only_if_it_takes_long(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with working("solving") as progress:
        progress.note_compiling()
        clock.now = 1
        progress.tick()
        assert terminal.getvalue() == ""
        for now in (3, 4, 5):
            clock.now = now
            progress.note_compiling()
            progress.tick()
    assert " ".join(terminal.getvalue().split()).count(COMPILING) == 1  # it may be wrapped


def test_an_interrupt_removes_the_line(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)

    def work() -> None:
        with working("solving") as progress:
            clock.now = 3
            progress.tick()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert terminal.getvalue().endswith("\x1b[1A\x1b[2K")
    assert "progress" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("command", ["solve", "check", "sweep", "plot", "animate", "report"])
def test_every_long_command_shows_progress(
    terrain: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """As on a terminal, and without the wait."""
    shutil.copy(CONFIGS / "uniform.yaml", tmp_path)
    said: list[str] = []
    monkeypatch.setattr(Progress, "_draw", lambda _, text: said.append(text))
    monkeypatch.setattr(console, "DELAY", 0)
    monkeypatch.setattr("terrain_cli.show.console.is_terminal", lambda: True)
    ending = {"plot": "f.svg", "animate": "f.gif", "report": "f.html"}.get(command)
    more = {"solve": ["-q"], "sweep": ["--step", "1,2"]}.get(command, [])
    arguments = [command, tmp_path / "uniform.yaml", *more, *(["-o", tmp_path / ending] if ending else [])]
    assert terrain(*arguments).code in (0, 1)
    assert any("uniform" in text for text in said)
    assert command not in ("solve", "plot") or said[0].startswith(
        "reading "
    )  # which takes long if it names large files


@pytest.mark.parametrize(
    ("command", "more", "shown"),
    [
        ("graph", ["--all"], ["laying out the tree", "writing the tree"]),  # 90,000 rows of 10,000 strips take a minute
        ("sweep", ["--vary", "offset=1:2:3"], ["checking the values"]),  # eight million of them take ten seconds
    ],
)
def test_what_takes_long_at_size_shows_progress(
    terrain: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, command: str, more: list[str], shown: list[str]
) -> None:
    said: list[str] = []
    monkeypatch.setattr(Progress, "_draw", lambda _, text: said.append(text))
    monkeypatch.setattr(console, "DELAY", 0)
    monkeypatch.setattr("terrain_cli.show.console.is_terminal", lambda: True)
    assert terrain(command, CONFIGS / "uniform.yaml", *more).code == 0
    assert [text for text in said if text in shown][: len(shown)] == shown


@pytest.mark.parametrize("command", ["solve", "plot"])
def test_the_goals_of_a_map_are_counted(
    terrain: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(
        "map: {cell: 1, speeds: {grid: [[1, 2], [1, 1]]}}\nstart: [0.5, 0.5]\ngoal: [[1.5, 0.5], [1.5, 1.5]]\n"
    )
    said: list[str] = []
    monkeypatch.setattr(Progress, "_draw", lambda _, text: said.append(text))
    monkeypatch.setattr(console, "DELAY", 0)
    monkeypatch.setattr(console, "INTERVAL", 0)
    monkeypatch.setattr(console, "TICK", 1000)
    monkeypatch.setattr("terrain_cli.show.console.is_terminal", lambda: True)
    more = ["-o", tmp_path / "f.svg"] if command == "plot" else []
    assert terrain(command, path, *more).code == 0
    assert [text for text in said if "goal " in text] == [f"solving m: goal {i} of 2" for i in (1, 2)]
