"""The terminal: data on stdout, remarks and progress on stderr, colour only on a terminal."""

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO, cast

from rich.console import Console, ConsoleDimensions, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from terrain_cli.files import ERRORS
from terrain_cli.text import visible

if TYPE_CHECKING:
    from rich.live import Live


class SafeConsole(Console):
    """A console that shows strangers' text as `visible` does, wherever it stands. Only its own styles move the cursor."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text, keep="\n"), segment.style)


def _new_console(*, stderr: bool = False) -> SafeConsole:
    console = SafeConsole(highlight=False, stderr=stderr)
    if console.is_dumb_terminal:  # rich takes each of these for one of 80 columns
        console.size = ConsoleDimensions(*shutil.get_terminal_size((80, 25)))
    return console


out = _new_console()
out.soft_wrap = True

DELAY, INTERVAL, TICK = 2.0, 0.1, 1.0  # s, before the progress first appears, between two updates, between two ticks
COMPILING = "compiling programs for this kind of scenario; they are kept, so that later runs start at once"


def is_terminal() -> bool:
    """Whether stderr is a terminal."""
    return sys.stderr.isatty()


def screen_width() -> int | None:
    """The columns of the terminal that stdout is; None if stdout is none: a file or a pipe has no width."""
    return out.width if sys.stdout.isatty() else None


def say(text: Text | str, style: str = "") -> None:
    """Print a sentence on stdout. On a terminal it is wrapped between words, elsewhere it is one line."""
    out.print(Text(text) if isinstance(text, str) else text, style=style, soft_wrap=screen_width() is None)


class _Screen:
    """A terminal that data is written to: what does not stay in its place there is replaced by its escape."""

    def write(self, text: str) -> int:
        sys.stdout.write(visible(text, keep="\n"))
        return len(text)


def data_out() -> TextIO:
    """stdout for JSON and CSV, which are UTF-8 with "\\n" at the end of a line, whatever the locale.

    They go to a file or a pipe as they are, and to a terminal as `visible` shows them.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors=ERRORS, newline="\n")
    return cast(TextIO, _Screen()) if sys.stdout.isatty() else sys.stdout


class Progress:
    """A line on stderr that shows the progress of a long computation; only on a terminal, at most ten times a second.

    Only `working` runs a thread, which shows for how long it has been running, and ends it whatever happens.
    """

    def __init__(self) -> None:
        self.visible = is_terminal()
        self.began = time.monotonic()
        self.next = self.began + DELAY
        self.title = self.text = ""
        self.compiling: bool | None = False  # None once it has been said
        self.line: Live | None = None
        self.lock = threading.RLock()

    def say(self, text: str) -> None:
        """Replace the text that is shown, unless that was updated a moment ago."""
        self.title = text
        self._show(text)

    def detail(self, text: str) -> None:
        """Show how far that has come which the latest `say` has named."""
        self._show(f"{self.title}: {text}")

    def _show(self, text: str) -> None:
        with self.lock:
            self.text = text
            if self.visible and time.monotonic() >= self.next:
                self._draw(text)

    def tick(self) -> None:
        """Show the latest text again, and for how long it has been running."""
        with self.lock:
            now = time.monotonic()
            if self.visible and self.text and now >= self.next:
                self._draw(f"{self.text}, {now - self.began:.0f} s")

    def note_compiling(self) -> None:
        """Have it said, once and only if it takes long, that programs are being compiled."""
        with self.lock:
            if self.compiling is False:
                self.compiling = True

    def _draw(self, text: str) -> None:
        if self.compiling:
            self.clear()
            _new_console(stderr=True).print(COMPILING)
            self.compiling = None
        if self.line is None:
            from rich.live import Live

            # With redirection, rows of data on stdout would end up on stderr.
            self.line = Live(
                console=_new_console(stderr=True),
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self.line.start()
            self.line.console.show_cursor()  # a killed program would otherwise leave the terminal without a cursor
        self.line.update(Text(text, no_wrap=True, overflow="ellipsis"), refresh=True)
        self.next = time.monotonic() + INTERVAL

    def clear(self) -> None:
        """Remove the line, before anything else is printed at once."""
        with self.lock:
            if self.line is not None:
                self.line.stop()
                self.line = None
                self.next = time.monotonic() + INTERVAL


_working: list[Progress] = []


def current() -> Progress:
    """The progress of what is being done: that of `working`, or a line of its own outside."""
    return _working[-1] if _working else Progress()


@contextmanager
def working(text: str) -> Iterator[Progress]:
    """Show on a terminal what is being done if it takes long, also during a single call that reports nothing."""
    progress, done = Progress(), threading.Event()
    progress.say(text)

    def tick() -> None:
        while not done.wait(TICK):
            progress.tick()

    thread = threading.Thread(target=tick, name="progress", daemon=True)
    _working.append(progress)
    try:
        if progress.visible:
            thread.start()
        yield progress
    finally:
        done.set()
        if progress.visible:
            thread.join()
        _working.remove(progress)
        progress.clear()
