"""The terminal: data on stdout, remarks and progress on stderr, colour only on a terminal."""

import sys
import time
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

from terrain_cli.files import ERRORS

if TYPE_CHECKING:
    from rich.live import Live

out = Console(highlight=False, soft_wrap=True)

DELAY, INTERVAL = 0.5, 0.1  # s, before the progress first appears and between two updates


def screen_width() -> int | None:
    """The columns of the terminal that stdout is; None if stdout is none: a file or a pipe has no width."""
    return out.width if sys.stdout.isatty() else None


def say(text: Text | str, style: str = "") -> None:
    """Print a sentence on stdout. On a terminal it is wrapped between words, elsewhere it is one line."""
    out.print(Text(text) if isinstance(text, str) else text, style=style, soft_wrap=screen_width() is None)


def data_out() -> TextIO:
    """stdout for JSON and CSV, which are UTF-8 with "\\n" at the end of a line, whatever the locale."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors=ERRORS, newline="\n")
    return sys.stdout


class Progress:
    """A line on stderr that shows the progress of a long computation; only on a terminal, at most ten times a second.

    It runs no thread, which would keep erasing what is printed after an exception.
    """

    def __init__(self) -> None:
        self.visible = sys.stderr.isatty()
        self.next = time.monotonic() + DELAY
        self.line: Live | None = None

    def say(self, text: str) -> None:
        """Replace the text that is shown, unless that was updated a moment ago."""
        if not self.visible or time.monotonic() < self.next:
            return
        if self.line is None:
            from rich.live import Live

            # With redirection, rows of data on stdout would end up on stderr.
            self.line = Live(
                console=Console(stderr=True),
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
        """Remove the line, before anything else is printed."""
        if self.line is not None:
            self.line.stop()
            self.line = None
