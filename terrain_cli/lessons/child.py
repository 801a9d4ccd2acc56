"""The process in which the learner's function runs. It returns arrays, and decides nothing.

What it returns goes through the standard output that it was started with: the line "ready" once everything is imported, and
then an .npz file, or, when the time is over, what the interpreter says of where it was. Whatever the learner's code prints goes
to standard error.
"""

import contextlib
import faulthandler
import gc
import io
import json
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from terrain_cli.lessons.catalogue import load_check

LONGEST = 600  # characters of a message of an exception
MUCH = 1000  # pieces of text
SIZE = 10**6  # entries of all arrays of one answer
ROOM = 3 * 2**30  # bytes that the learner's code may add to what is in use when it starts


class _Output(io.TextIOWrapper):
    """Standard output that is written line by line at first, to be seen whatever happens, and in blocks when it is much."""

    times = 0

    def write(self, text: str) -> int:
        self.times += 1
        if self.times == MUCH:
            self.reconfigure(line_buffering=False)
        return super().write(text)


class UnusableError(Exception):
    """What is wrong with what the function returned, in a sentence."""


def main() -> None:
    """Run as a process: the argument is what process.py says, in JSON."""
    gc.set_threshold(100_000, 20, 20)  # as in cli.py, since importing JAX makes many lasting objects
    told = json.loads(sys.argv[1])
    channel = os.dup(1)
    os.dup2(2, 1)
    check = load_check(Path(told["check"]))
    if told["jax"]:
        import jax

        jax.devices()  # starts its threads, whose stacks are no allocation of the learner's
    cases = check.cases(np.random.default_rng(told["seed"]))
    limit_memory(ROOM)
    sys.stdout = _Output(sys.stdout.detach(), encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    spare: list[bytes] = [bytes(2**24)]  # to have room for what is to be said when memory runs out
    os.write(channel, b"ready\n")
    faulthandler.dump_traceback_later(told["seconds"], exit=True, file=channel)
    found = answer(Path(told["task"]), told["function"], check.ask, cases, spare)
    faulthandler.cancel_dump_traceback_later()
    file = io.BytesIO()
    np.savez(file, **found)  # numbers and texts: nothing is pickled
    with contextlib.suppress(OSError):
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    rest = memoryview(file.getvalue())
    while rest:
        rest = rest[os.write(channel, rest) :]
    os._exit(0)  # whatever threads the learner's code has started


def limit_memory(room: int) -> None:
    """Allow so many bytes of address space beyond those in use, where the system tells and limits them (Linux)."""
    try:
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = used + room
        resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    except (ImportError, OSError, ValueError):
        pass


def answer(task: Path, function: str, ask: Any, cases: list[dict[str, Any]], spare: list[bytes]) -> dict[str, Any]:
    """What the learner's module answers, as arrays: "0.time" is the time in the first case.

    Instead there may be "stopped" ("error", "stub", "memory" or "unusable"), "text" about it and "case".
    """
    found: dict[str, Any] = {}
    number = -1  # the module itself
    try:
        module = load_task(task)
        named: Any = module
        for part in function.split("."):
            named = getattr(named, part, None)
        if not callable(named):
            raise UnusableError(f"{task.name} has no function {function} any more: give it its name back.")
        for number, case in enumerate(cases):
            for key, value in ask(module, case).items():
                found[f"{number}.{key}"] = to_array(value, function)
    except UnusableError as problem:
        return {"stopped": "unusable", "text": str(problem), "case": number}
    except BaseException as problem:
        spare.clear()
        stopped, text = describe(problem, task)
        return {"stopped": stopped, "text": text, "case": number}
    return found


def load_task(file: Path) -> ModuleType:
    """The learner's module, which can be changed while it runs, and leaves no compiled file in the folder."""
    module = ModuleType("task")
    module.__file__ = str(file)
    sys.modules["task"] = module
    exec(compile(file.read_bytes(), str(file), "exec"), module.__dict__)
    return module


def to_array(value: Any, function: str) -> np.ndarray:
    """The value as an array of numbers. Raises UnusableError."""
    if value is None:
        raise UnusableError(f"{function} returned None: is there a return?")
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        array = np.asarray(None)
    if array.dtype.kind == "c":
        raise UnusableError(f"{function} returned complex numbers, and real ones are expected.")
    if array.dtype.kind not in "fiub":
        text = " ".join(repr(value).split())
        raise UnusableError(
            f"{function} returned {text if len(text) < 60 else text[:57] + '...'}, and numbers are expected."
        )
    if array.size > SIZE:
        raise UnusableError(f"{function} returned an array of shape {array.shape}, which is far larger than expected.")
    return array.astype(float)


def describe(problem: BaseException, task: Path) -> tuple[str, str]:
    """What kind of stop it is, and the exception as Python shows it, with the frames of the learner's file only."""
    own = [frame for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == str(task)]
    if isinstance(problem, NotImplementedError) and own and "NotImplementedError" in (own[-1].line or ""):
        return "stub", ""
    for frame in own:
        frame.filename = task.name
    told = traceback.TracebackException(type(problem), problem, None, compact=True)
    notes = getattr(told, "__notes__", None) or []
    told.__notes__ = [note for note in notes if "JAX has removed its internal frames" not in str(note)]  # so have we
    if isinstance(problem, SyntaxError) and told.filename == str(task):
        told.filename = task.name
    lines = [*(["Traceback (most recent call last):\n"] if own else []), *traceback.format_list(own)]
    last = "".join(told.format_exception_only())
    if len(last) > LONGEST:
        last = last[:LONGEST] + " ...\n"
    return "memory" if lacks_memory(problem) else "error", "".join(lines) + last


def lacks_memory(problem: BaseException) -> bool:
    return isinstance(problem, MemoryError) or "RESOURCE_EXHAUSTED" in str(problem) or "bad_alloc" in str(problem)
