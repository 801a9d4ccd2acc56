"""The command line: `terrain COMMAND`. Each command has a module of its own in `commands`.

Nothing heavy is imported here: `terrain --help` imports neither JAX nor pydantic.
"""

import gc
import os
import sys
import warnings
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer

from terrain_cli import __version__
from terrain_cli.commands.animate import animate
from terrain_cli.commands.batch import batch
from terrain_cli.commands.check import check
from terrain_cli.commands.examples import examples
from terrain_cli.commands.graph import graph
from terrain_cli.commands.new import new
from terrain_cli.commands.options import Command, Commands
from terrain_cli.commands.plot import plot
from terrain_cli.commands.report import report
from terrain_cli.commands.schema import schema
from terrain_cli.commands.solve import solve
from terrain_cli.commands.sweep import sweep
from terrain_cli.errors import InputError
from terrain_cli.files import inputs
from terrain_cli.text import visible

CLOSED_PIPE = 141  # what a shell reports of a program that writes to a pipe which nobody reads: 128 + SIGPIPE

app = typer.Typer(
    name="terrain",
    cls=Commands,
    help="The fastest path across ground that is slow here and fast there, by differentiable programming.",
    epilog="Start with strips: terrain new my.yaml, then terrain solve my.yaml.\n\n"
    "Start with a map: terrain new map.yaml --map, then terrain plot map.yaml -o map.png.\n\n"
    "terrain examples lists scenarios and programs to learn from.",
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


def _help_of(command: Callable[..., None]) -> str:
    """The docstring of a command; read from its file where Python was told to drop docstrings (PYTHONOPTIMIZE=2)."""
    if command.__doc__:
        return command.__doc__
    import ast

    body = ast.parse(Path(command.__code__.co_filename).read_bytes()).body
    [function] = [part for part in body if isinstance(part, ast.FunctionDef) and part.name == command.__name__]
    return ast.get_docstring(function) or ""


for command in (solve, sweep, batch, plot, animate, graph, report, check, schema, examples, new):
    app.command(cls=Command, help=_help_of(command))(command)


def _remark(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a warning on stderr, without the line of code that `warnings` would add."""
    print(f"terrain: warning: {visible(str(message))}", file=sys.stderr)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 success, 1 bad news, 2 invalid input or call, 130 interrupted, 141 closed pipe."""
    warnings.showwarning = _remark
    _join_options()
    inputs.clear()
    # Importing JAX and tracing create a million lasting objects, which the garbage collector would scan again and again.
    gc.set_threshold(100_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode gets \u5c71, not a traceback
    try:
        try:
            _refuse_empty(sys.argv[1:] if arguments is None else arguments)
            app(arguments, prog_name="terrain")
        except SystemExit as end:
            if isinstance(end.__context__, BrokenPipeError):  # typer has made it an exit with code 1
                raise end.__context__ from None
            raise
        finally:
            sys.stdout.flush()
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        _drop_output()
        sys.exit(CLOSED_PIPE)
    except Exception as problem:
        if _lacks_memory(problem):
            print(
                "terrain: memory does not suffice for this input; SECURITY.md says what needs how much", file=sys.stderr
            )
            _drop_output()
            sys.exit(2)
        if not isinstance(problem, OSError):
            raise
        named = problem.filename is not None  # else it is stdout
        what = visible(os.fsdecode(problem.filename)) if named else "the output cannot be written"
        print(f"terrain: {what}: {problem.strerror or problem}", file=sys.stderr)
        _drop_output()
        sys.exit(2 if named else 1)


def _refuse_empty(arguments: list[str]) -> None:
    """Raises InputError if an argument is the empty text, as from a variable without a value: it would name this folder."""
    if "" in arguments:
        place = arguments.index("") + 1
        raise InputError(f"argument {place} is empty: name a file, or set the variable that it comes from")


def _join_options() -> None:
    """Drop the = of `--kind=o` when bash asks for completions: it counts it as a word, which typer takes for the value."""
    words = os.environ.get("COMP_WORDS", "").split("\n")  # as the script of typer joins them
    places = [i for i, word in enumerate(words) if word == "=" and words[i - 1].startswith("-")]
    if places:
        now = int(os.environ.get("COMP_CWORD", 0))
        os.environ["COMP_WORDS"] = "\n".join(word for i, word in enumerate(words) if i not in places)
        os.environ["COMP_CWORD"] = str(now - sum(i < now for i in places))


def _lacks_memory(problem: Exception) -> bool:
    """Whether Python, NumPy or JAX could not get memory."""
    return isinstance(problem, MemoryError) or (
        type(problem).__name__ == "JaxRuntimeError" and "RESOURCE_EXHAUSTED" in str(problem)
    )


def _drop_output() -> None:
    """Discard what is still in the buffers, so that flushing at exit does not raise."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
