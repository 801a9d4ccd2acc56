"""The progress line: shown only on a terminal, and removed before anything else is printed."""

import io
import sys
import time

import pytest

from terrain_cli.show import console
from terrain_cli.show.console import Progress


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
    clock.now = 0.6
    progress.say("first [1/2]")
    assert "first [1/2]" in terminal.getvalue()
    assert sys.stdout is stdout
    assert sys.stderr is terminal
    assert terminal.getvalue().count("\x1b[?25h") == 1  # the cursor is visible all the time
    clock.now = 0.65
    progress.say("too soon")
    clock.now = 0.8
    progress.say("second" * 10)
    progress.clear()
    progress.clear()
    text = terminal.getvalue()
    assert "too soon" not in text
    assert "\r\x1b[2Ksecondsecondsecondsecondsecon…" in text.replace("\x1b[?25l", "")
    assert text.endswith("\x1b[1A\x1b[2K")  # one row up, and erased
    clock.now = 1
    progress.say("again")
    assert "again" in terminal.getvalue()
    progress.clear()


def test_at_most_ten_times_a_second(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    progress = Progress()
    for i in range(5000):
        clock.now = i / 1000
        progress.say(f"<{i}>")
    assert 40 <= terminal.getvalue().count("<") <= 46
    progress.clear()


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_erase_shows_nothing(clock: Clock, monkeypatch: pytest.MonkeyPatch, term: str) -> None:
    terminal = open_terminal(monkeypatch, term)
    progress = Progress()
    clock.now = 1
    progress.say("text")
    progress.clear()
    assert terminal.getvalue().strip() == ""


def test_elsewhere_nothing_is_shown_or_imported(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(console, "Console", None)
    monkeypatch.setitem(sys.modules, "rich.live", None)
    progress = Progress()
    clock.now = 1
    progress.say("text")
    progress.clear()
    assert stderr.getvalue() == ""
