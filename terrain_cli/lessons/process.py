"""The learner's function in a process of its own, with a time limit and, where the system has one, a memory limit."""

import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from terrain_cli.errors import InputError
from terrain_cli.lessons.catalogue import Answer, Lesson

PACKAGE = Path(__file__).parent.parent.parent
PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from terrain_cli.lessons.child import main; main()"
KEPT = 20  # lines that are printed by the learner's code and shown
LONGEST = 2**16  # bytes of them
ANSWER = 2**26  # bytes of an answer
STARTING, GRACE = 120.0, 3.0  # s, to import JAX on a busy machine; after the limit, at which the process ends itself


@dataclass
class Outcome:
    """How the process ended.

    stopped: "" if all cases were answered, and then answers has one dictionary for each; otherwise "error", "stub", "memory",
    "unusable", "late" or "ended". text: what is known about it. case: the number of the case at which it stopped; -1 before
    the first. printed: the first lines that the learner's code printed, and lines: how many there were.
    """

    stopped: str
    text: str = ""
    case: int = -1
    answers: list[Answer] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    lines: int = 0


def _read_piece(stream: IO[bytes]) -> bytes:
    """What has come, at once; nothing if the stream has ended, or has been closed here."""
    try:
        return os.read(stream.fileno(), 2**16)
    except (OSError, ValueError):
        return b""


class _Printed(threading.Thread):
    """Reads what the learner's code prints, keeps the beginning and counts the lines."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.stream, self.kept, self.lines, self.open_line = stream, b"", 0, False

    def run(self) -> None:
        while piece := _read_piece(self.stream):
            self.lines += piece.count(b"\n")
            self.open_line = not piece.endswith(b"\n")
            if len(self.kept) < LONGEST:
                self.kept += piece


class _Channel(threading.Thread):
    """Reads what child.py returns."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.stream, self.content, self.ready = stream, b"", threading.Event()

    def run(self) -> None:
        pieces, size = [], 0
        while size < ANSWER and (piece := _read_piece(self.stream)):
            pieces.append(piece)
            size += len(piece)
            if not self.ready.is_set() and b"\n" in b"".join(pieces):
                self.ready.set()
        self.content = b"".join(pieces).partition(b"\n")[2]
        self.ready.set()


def run(lesson: Lesson, task: Path, seed: int, seconds: float | None = None) -> Outcome:
    """What the function in `task` answers in the cases of this seed. seconds: that it may take, instead of the lesson's."""
    seconds = lesson.seconds if seconds is None else seconds
    told = {
        "check": str(lesson.folder / "check.py"),
        "task": str(task),
        "function": lesson.function,
        "seed": seed,
        "seconds": seconds,
        "jax": lesson.jax,
    }
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "JAX_ENABLE_X64": "1", "PYTHONUTF8": "1", "MPLBACKEND": "agg"}
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", PROGRAM, str(PACKAGE), json.dumps(told)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=task.parent,
        env=environment,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    channel, printed = _Channel(process.stdout), _Printed(process.stderr)
    started = killed = False
    try:
        channel.start()
        printed.start()
        started = _wait(channel.ready.is_set, STARTING)
        killed = not _wait(lambda: process.poll() is not None, seconds + GRACE if started else 0)
    finally:
        process.kill()
        process.wait()
        for thread in (channel, printed):
            thread.join(1)  # a process that the learner's code has started may still have the pipe open
            thread.stream.close()
    if not started:
        raise InputError("the process for your code did not start within two minutes: is the machine too busy?")
    outcome = _read(channel.content, killed, process.returncode)
    outcome.lines = printed.lines + printed.open_line
    outcome.printed = printed.kept.decode("utf-8", "replace").splitlines()[:KEPT]
    return outcome


def _wait(true: Callable[[], bool], seconds: float) -> bool:
    """Whether it becomes true within this time; in short steps, so that Ctrl-C is heard."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() >= end:
            return False
        time.sleep(0.01)
    return True


def _read(content: bytes, killed: bool, code: int) -> Outcome:
    if content.startswith(b"Timeout") or killed:
        return Outcome("late", content.decode("utf-8", "replace"))
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except Exception:  # whatever is wrong with it: it is no answer
        return Outcome("ended", _describe_end(code))
    return to_outcome(found)


def to_outcome(found: Mapping[str, np.ndarray]) -> Outcome:
    """What the arrays of child.py say."""
    if "stopped" in found:
        return Outcome(str(found["stopped"]), str(found["text"]), int(found["case"]))
    answers: dict[int, Answer] = {}
    for name, array in found.items():
        number, _, key = name.partition(".")
        answers.setdefault(int(number), {})[key] = array
    return Outcome("", answers=[answers[i] for i in sorted(answers)])


def _describe_end(code: int) -> str:
    if code < 0:
        return f"by signal {-code}"
    return f"with exit code {code}"
