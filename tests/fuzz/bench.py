"""A folder in which one try runs the command line in this process, and where what it did can be kept."""

import contextlib
import functools
import os
import shlex
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType

import typer
from typer.main import get_command

from terrain_cli import cli
from tests.fuzz.oracle import Fault, Ran, check_run

LIMIT = 180  # s for one run, in which a program may have to be compiled


class TooLong(BaseException):
    """The run was still going after LIMIT. Not an Exception, so that nothing in the program takes it for one of its own."""


class Bench:
    """The folder of one try. `run` runs a command in it and checks what must hold for every run.

    code: the exit code of the first command. done: the commands so far.
    """

    def __init__(self, root: Path) -> None:
        self.folder, self.streams = root / "try", root / "streams"
        self.streams.mkdir(exist_ok=True)
        self.code = 0
        self.done: list[str] = []

    def clear(self) -> None:
        """Begin another try."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.code, self.done = -1, []

    def write(self, name: str, data: bytes | str) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode(errors="surrogatepass"))
        return path

    def run(self, *arguments: str, stdin: bytes = b"") -> Ran:
        """Run `terrain` with these arguments in the folder. Raises Fault if what holds for every run does not."""
        before = self._files()
        self.done.append("terrain " + shlex.join(arguments) + (f"  # stdin: {stdin!r}" if stdin else ""))
        code, out, err = self._call(arguments, stdin)
        if not self.done[1:]:
            self.code = code
        ran = Ran(arguments, code, out, err.decode(), before, self._files())
        check_run(ran)
        return ran

    def keep(self, folder: Path, fault: Fault) -> None:
        """Copy the files, the commands and the fault to a folder, in place of what is there."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder, symlinks=True)
        with (folder / "FAULT.txt").open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{fault}\n\n" + "\n".join(self.done) + "\n")

    def _files(self) -> dict[str, bytes]:
        files = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}

    def _call(self, arguments: tuple[str, ...], stdin: bytes) -> tuple[int, bytes, bytes]:
        """Exit code, stdout and stderr."""
        (self.streams / "0").write_bytes(stdin)
        outer = sys.stdin, sys.stdout, sys.stderr
        code: object = 0
        with contextlib.ExitStack() as stack:
            sys.stdin = stack.enter_context((self.streams / "0").open(encoding="utf-8"))
            sys.stdout = stack.enter_context((self.streams / "1").open("w", encoding="utf-8"))
            sys.stderr = stack.enter_context((self.streams / "2").open("w", encoding="utf-8"))
            stack.enter_context(contextlib.chdir(self.folder))
            stack.callback(setattr, cli, "app", cli.app)
            if isinstance(cli.app, typer.Typer):
                cli.app = _build(cli.app)  # type: ignore[assignment]  # half of the time of a run would go into building it
            stack.enter_context(warnings.catch_warnings(action="error"))
            try:
                with _limited():
                    cli.main(list(arguments))
            except SystemExit as exit_:
                code = exit_.code
            except TooLong:
                raise Fault("too long", f"more than {LIMIT} s: {arguments}") from None
            except BaseException as problem:
                text = "".join(traceback.format_exception(problem))
                raise Fault(f"{type(problem).__name__} in {_place(problem.__traceback__)}", text) from None
            finally:
                sys.stdin, sys.stdout, sys.stderr = outer
        number = code if isinstance(code, int) else 0 if code is None else 1
        if number == 130:
            raise KeyboardInterrupt  # of whoever is running the fuzzer: no part that runs in this process sends one
        return number, (self.streams / "1").read_bytes(), (self.streams / "2").read_bytes()


_build = functools.cache(get_command)


@contextlib.contextmanager
def make_bench() -> Iterator[Bench]:
    """A bench in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="terrain-fuzz-") as root, contextlib.ExitStack() as stack:
        columns = os.environ.get("COLUMNS")
        os.environ["COLUMNS"] = "80"
        stack.callback(lambda: os.environ.pop("COLUMNS") if columns is None else os.environ.update(COLUMNS=columns))
        yield Bench(Path(root).resolve())


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Raises TooLong in this thread after LIMIT, and every second from then on, where the platform has timers."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooLong

    if not hasattr(signal, "setitimer"):
        yield
        return
    outer = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LIMIT, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, outer)


def _place(trace: TracebackType | None) -> str:
    """The innermost function of the package in a traceback."""
    frames = [frame for frame in traceback.extract_tb(trace) if f"terrain_cli{os.sep}" in frame.filename]
    return f"{Path(frames[-1].filename).stem}.{frames[-1].name}" if frames else "the program"
