"""The terminal: data on stdout, remarks and progress on stderr, colour only where a person looks."""

import sys
import time

from rich.console import Console

out = Console(highlight=False, soft_wrap=True)


class Progress:
    """A line on stderr that says how far a long computation is, on a terminal only, at most ten times a second."""

    def __init__(self) -> None:
        self.shown = False
        self.next = time.monotonic() + 0.5
        self.live = sys.stderr.isatty()

    def say(self, text: str) -> None:
        if self.live and time.monotonic() >= self.next:
            sys.stderr.write(f"\r\x1b[2K{text}")
            sys.stderr.flush()
            self.shown = True
            self.next = time.monotonic() + 0.1

    def clear(self) -> None:
        """Take the line away, before anything else is written."""
        if self.shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
            self.shown = False
