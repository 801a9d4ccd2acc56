"""Ctrl-C and SIGTERM are heard once, wherever they fall. The signals are sent at chosen moments, so that nothing waits for a clock."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from terrain_cli import check as check_module
from terrain_cli import interrupts
from terrain_cli.strips import batched_descent as sweep_module
from tests.conftest import CONFIGS, Ran, run_process

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

# A program that listens. `own` and `foreign` run code that counts as terrain's, and as that of a library.
DRIVER = """
import gc, os, signal, sys, types
from terrain_cli import interrupts

space = {"os": os, "sys": sys, "gc": gc, "interrupts": interrupts}
space["send"] = lambda: os.kill(os.getpid(), signal.SIGINT)
space["say"] = lambda text: os.write(1, f"{text} ".encode())
def foreign(code): exec(compile(code, "/library.py", "exec"), space)
def own(code): exec(compile(code, interrupts._PACKAGE + "own.py", "exec"), space)
space["foreign"] = foreign
if JAX: sys.modules["terrain_cli.jax_config"] = types.SimpleNamespace(READY=True)
interrupts.listen()
try:
    own(CODE)
    os.write(1, b"end")
except KeyboardInterrupt:
    os.write(1, b"raised")
interrupts.finish(0, False)
"""


def drive(code: str, jax: bool = True) -> tuple[int, str, str]:
    """The exit code, stdout and stderr of a program that runs this code as terrain's own."""
    program = f"JAX, CODE = {jax}, {code!r}\n{DRIVER}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, stdin=subprocess.PIPE, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        # A library runs to the end of its function; the exception comes at the next line of ours.
        ("foreign('send(); say(1); say(2)')\nsay('never')", "1 2 raised"),
        # So it does as a callback of the garbage collector.
        ("foreign('gc.callbacks.append(lambda *_: (gc.callbacks.clear(), send(), say(1)))')\ngc.collect()\nsay('never')",
         "1 raised"),
        # Where Python loses the exception, in a finaliser of ours, it is raised again.
        ("class Lost:\n    def __del__(self):\n        send()\n        say('never')\nLost()\nsay('1')\nsay('never')", "raised"),
        # What is held is brought to an end.
        ("with interrupts.held():\n    send()\n    say(1)\nsay('never')", "1 raised"),
        ("with interrupts.held():\n    try:\n        for i in interrupts.interruptible(iter([1, 2])):\n            send()\n            say('item')\n"
         "    except KeyboardInterrupt: say('ended')", "item ended end"),
        # Our function that a library calls breaks off, and the library with it.
        ("def ours():\n    say(1)\nforeign('send(); ours(); say(2)')", "raised"),
        # A call that waits, of ours and of a library.
        ("send(); os.read(os.pipe()[0], 1)", "raised"),
        ("interrupts.ANYWHERE = 0\nforeign('send(); os.read(os.pipe()[0], 1)')", "raised"),
    ],
)  # fmt: skip
def test_it_is_raised_where_it_does_no_harm(code: str, printed: str) -> None:
    code_, out, err = drive(code)
    assert (code_, out, err) == (130, printed, "interrupted\n")


def test_before_jax_is_there_the_process_ends_at_once() -> None:
    assert drive("foreign('send(); say(1)')", jax=False) == (130, "", "interrupted\n")


def test_it_is_told_once_however_long_the_end_takes() -> None:
    """The end waits for a stdout that takes nothing any more, while the thread goes on knocking."""
    slow = "class Slow:\n    def flush(self): os.read(os.pipe()[0], 1)\nsys.stdout = Slow()\ninterrupts.WAITING = 0\n"
    assert drive(f"{slow}send()", jax=False) == (130, "", "interrupted\n")


def test_what_never_comes_back_is_ended_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    """A loop in a library that swallows the exception, in place of a program that does not return."""
    (tmp_path / "half").write_text("half")
    code = f"interrupts.leftovers.add({str(tmp_path / 'half')!r})\ninterrupts.END = interrupts.LAST = 0\n"
    code += "foreign('send()\\nwhile True:\\n try: os.read(0, 1)\\n except BaseException: pass')"
    assert drive(code) == (130, "", "interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_where_there_are_results_to_keep_the_user_is_told_to_wait() -> None:
    """A call that returns only when that has been said stands for a compiled one that takes more than two seconds."""
    code = (
        "interrupts.END = 0\nend, told = os.pipe()\nos.dup2(told, 2)\n"
        "def items():\n    foreign('send(); said = os.read(end, 200)')\n    say('never')\n    yield 1\n"
        "with interrupts.held():\n    try:\n        for i in interrupts.interruptible(items()): say(i)\n"
        "    except KeyboardInterrupt: say(said.decode())"
    )
    assert drive(code) == (130, f"{interrupts.PATIENCE.decode()} end", "")


def test_a_call_that_does_not_return_is_ended_although_there_are_results_to_keep() -> None:
    code = "interrupts.END = interrupts.KEEP = 0\ndef items():\n"
    code += "    foreign('send()\\nwhile True:\\n try: os.read(0, 1)\\n except BaseException: pass')\n    yield\n"
    code += "with interrupts.held():\n    for i in interrupts.interruptible(items()): say('never')"
    assert drive(code) == (130, "", "interrupted\n")


def test_a_second_one_ends_the_process_and_one_sent_on_does_not() -> None:
    """`npm` and the like send on what the terminal has sent already."""
    held = "with interrupts.held():\n    send()\n    send()\n    say(1)\nsay('never')"
    assert drive(held) == (130, "1 raised", "interrupted\n")
    assert drive(
        "interrupts.SAME = 0\nwith interrupts.held():\n    send()\n    send()\n    os.read(os.pipe()[0], 1)"
    ) == (
        130,
        "",
        "interrupted\n",
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ignored_signals_stay_ignored(number: signal.Signals) -> None:
    """A shell's background job ignores Ctrl-C, `nohup` a closed terminal."""
    program = (
        f"import os, signal; signal.signal({int(number)}, signal.SIG_IGN)\n"
        f"from terrain_cli import interrupts; interrupts.listen(); os.kill(os.getpid(), {int(number)})"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    "module", ["terrain_cli.interrupts", "typer", "rich.console", "jax", "terrain_cli.strips.ground"]
)
def test_during_an_import(module: str, tmp_path: Path) -> None:
    """Whatever the program imports when the signal comes: one line, no traceback."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.abc, os, sys\n"
        "class Sender(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), 2)\n"
        "sys.meta_path.insert(0, Sender())\n"
    )
    here = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", str(CONFIGS.parent))])
    ran = run_process("solve", CONFIGS / "three_strips.yaml", PYTHONPATH=here)
    assert (ran.code, ran.out, ran.err) == (130, "", "interrupted\n")


def _break_off(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, calls: int) -> None:
    """Make a function raise KeyboardInterrupt after so many calls."""
    whole, left = getattr(module, name), iter(range(calls))

    def some(*arguments: Any, **named: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return whole(*arguments, **named)

    monkeypatch.setattr(module, name, some)


@pytest.mark.parametrize("blocks", [0, 1])
@pytest.mark.parametrize("ending", ["json", "csv"])
def test_a_sweep_keeps_its_points(
    terrain: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks: int, ending: str
) -> None:
    """The document on stdout is closed, and the file has the points, be there any or none."""
    _break_off(monkeypatch, sweep_module, "_solve_block", blocks)
    file = tmp_path / f"points.{ending}"
    ran = terrain("sweep", CONFIGS / "two_strips.yaml", "--step", "0.1:1:2000", "--json", "-o", file)
    said = f"wrote {file}\ninterrupted after {256 * blocks:,} of 2,000 points, which are kept\n"
    assert (ran.code, ran.err) == (130, said)
    points = json.loads(ran.out)["points"]
    assert len(points) == 256 * blocks
    kept = json.loads(file.read_text()) if ending == "json" else file.read_text().splitlines()[1:]
    assert len(kept) == len(points)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_check_says_what_has_been_done(terrain: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    _break_off(monkeypatch, check_module, "_check_one", 1)
    ran = terrain("check", CONFIGS / "two_strips.yaml", CONFIGS / "three_strips.yaml", "--json")
    assert (ran.code, ran.err) == (130, "interrupted after 1 scenario\n")
    assert [done["verdict"] for done in json.loads(ran.out)["scenarios"]] == ["same"]
