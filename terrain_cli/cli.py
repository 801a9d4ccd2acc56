"""The command line: `terrain COMMAND`. Each command has a module of its own in `commands`.

Nothing heavy is imported here: `terrain --help` imports neither JAX nor pydantic.
"""

import gc
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Annotated, Any

import typer

from terrain_cli import __version__
from terrain_cli.commands.animate import animate
from terrain_cli.commands.batch import batch
from terrain_cli.commands.check import check
from terrain_cli.commands.examples import examples
from terrain_cli.commands.graph import graph
from terrain_cli.commands.new import new
from terrain_cli.commands.options import Command
from terrain_cli.commands.plot import plot
from terrain_cli.commands.report import report
from terrain_cli.commands.schema import schema
from terrain_cli.commands.solve import solve
from terrain_cli.commands.sweep import sweep
from terrain_cli.errors import InputError

app = typer.Typer(
    name="terrain",
    help="The fastest path across ground that is slow here and fast there, by differentiable programming.",
    epilog="Start with strips: terrain new my.yaml, then terrain solve my.yaml.\n\n"
    "Start with a map: terrain new map.yaml --map, then terrain plot map.yaml -o map.png.\n\n"
    "terrain examples lists scenarios to learn from.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"terrain {__version__}")
        raise typer.Exit


@app.callback()
def _terrain(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


for command in (solve, sweep, batch, plot, animate, graph, report, check, schema, examples, new):
    app.command(cls=Command)(command)


def _remark(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a warning on stderr, without the line of code that `warnings` would add."""
    print(f"terrain: warning: {message}", file=sys.stderr)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 success, 1 bad news, 2 the input or the call is wrong, 130 interrupted.

    SIGTERM interrupts as Ctrl-C does, so that no temporary file is left behind.
    """
    warnings.showwarning = _remark
    # Importing JAX and tracing create a million lasting objects, which the garbage collector would scan again and again.
    gc.set_threshold(100_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode gets \u5c71, not a traceback
    try:
        with _interrupted_by_sigterm():
            try:
                app(arguments, prog_name="terrain")
            finally:
                sys.stdout.flush()
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        _drop_output()  # the reader has closed the pipe (`terrain solve ... | head`), which is no error
        sys.exit(0)
    except OSError as problem:
        print(f"terrain: the output cannot be written: {problem.strerror}", file=sys.stderr)
        _drop_output()
        sys.exit(1)


def _drop_output() -> None:
    """Discard what is still in the buffer of stdout, so that flushing at exit does not raise."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt, unless it is handled or ignored already, or this is not the main thread."""
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
