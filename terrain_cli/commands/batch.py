"""`terrain batch`: solve any number of scenarios exactly, from one file to another."""

import contextlib
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from terrain_cli.commands.options import Csv, complete_from, remark
from terrain_cli.errors import InputError
from terrain_cli.files import check_output, refuse_input, refuse_stdout
from terrain_cli.text import count, visible

SHOWN = 20  # invalid cases that are reported on stderr


def batch(
    cases: Annotated[
        Path,
        typer.Argument(
            metavar="CASES",
            help="A file of cases (.jsonl or .csv), a folder of scenario files, or - for standard input.",
            readable=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Write the results to this .jsonl or .csv file.", metavar="FILE")
    ] = Path("-"),
    as_csv: Csv = False,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Add the derivatives of the best time by widths, speeds and offset.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue results that were interrupted.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace even the results of an interrupted run.")
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Compute on a Dask cluster: the address of its scheduler, tcp://HOST:PORT, or local.",
            metavar="ADDRESS",
            autocompletion=complete_from("local"),
        ),
    ] = None,
) -> None:
    """Solve any number of scenarios exactly, in their order.

    A case is a line {"widths": [10, 5], "speeds": [0.7, 0.3], "offset": 20, "id": "a"}, in which the id is optional, or a row
    of CSV with these columns, in which spaces separate the numbers of a cell. A result has the time and x. An invalid case gets
    an error in place of its result, and is reported on stderr. The exit code is 1 if there are such cases, 2 if the cases
    cannot be read or the results cannot be written.

    Example: terrain examples cases

    Example: terrain batch cases.jsonl

    Example: terrain batch cases.jsonl -o results.csv --sensitivity
    """
    to_stdout = str(output) == "-"
    if resume and overwrite:
        raise InputError("--resume and --overwrite cannot be used together")
    if to_stdout and (resume or overwrite):
        raise InputError(f"{'--resume' if resume else '--overwrite'}: needs an output file, --output")
    if resume and str(cases) == "-":
        raise InputError("--resume: needs a file of cases, because standard input cannot be read again")
    form = "csv" if as_csv else "lines"
    if not to_stdout:
        if as_csv:
            raise InputError("--csv: is for standard output only; the ending of --output sets the format of the file")
        form = "csv" if check_output(output, (".jsonl", ".ndjson", ".csv")) == ".csv" else "lines"

    from terrain_cli.batch.cases import Cases

    source = Cases(cases)
    if to_stdout:
        refuse_stdout()
    for file in () if to_stdout else (output, output.with_name(output.name + ".checkpoint")):
        refuse_input(file, source.inputs)
    results = None
    state = {"read": 0, "line": 1, "rows": 0, "failed": 0}
    if not to_stdout:
        from terrain_cli import __version__
        from terrain_cli.batch.checkpoint import Results

        about: dict[str, Any] = {"cases": None if source.size is None else source.fingerprint(), "format": form}
        about |= {"sensitivity": sensitivity, "version": __version__}
        results = Results(output, about, state, resume=resume, overwrite=overwrite)
        state |= {key: value for key, value in results.state.items() if key in state}

    watch = _Watch(source, state)
    try:
        from terrain_cli.batch.solve import header, solve_chunks
        from terrain_cli.compile_cache import enable_compile_cache

        enable_compile_cache()
        chunks = source.chunks(state["read"], state["line"])
        if scheduler:
            from terrain_cli.batch.cluster import solve_chunks_on

            solved = solve_chunks_on(scheduler, chunks, form, sensitivity)
        else:
            solved = solve_chunks(chunks, form, sensitivity)
        first = header(form, sensitivity) if state["read"] == 0 else b""
        with contextlib.closing(solved):
            for part in solved:
                state["read"], state["line"] = part.end, part.line
                state["rows"] += part.rows
                state["failed"] += part.failed
                _put(first + part.text, results, state)
                first = b""
                watch.see(part, state)
        if first:
            _put(first, results, state)
        if results:
            results.finish()
    except KeyboardInterrupt:
        watch.end(state)
        kept, hint = state["rows"], ""
        if results:
            kept = results.state["rows"]
            if results.replaces and not results.file:
                hint = f"; {visible(str(output))} is unchanged"
            elif str(cases) != "-":
                hint = "; use --resume to continue"
        remark(f"interrupted after {count(kept, 'result')}{hint}")
        raise typer.Exit(130) from None
    finally:
        watch.progress.clear()
    watch.end(state)
    if results:
        errors = count(state["failed"], "error") if state["failed"] else "no errors"
        name = visible(str(output))
        done = f"wrote {name}" if results.added else f"{name} is complete already"
        remark(f"{done}: {count(state['rows'], 'result')}, {errors}")
    if state["failed"]:
        raise typer.Exit(1)


def _put(data: bytes, results: Any, state: dict[str, int]) -> None:
    if results:
        results.append(data, **state)
    else:
        if sys.stdout.isatty():
            data = visible(data.decode(), keep="\n").encode()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


class _Watch:
    """Reports a batch on stderr: its progress if that is a terminal, and the first of the invalid cases."""

    def __init__(self, source: Any, state: dict[str, int]) -> None:
        from terrain_cli.show.console import Progress

        self.source, self.failed = source, state["failed"]
        self.progress, self.said = Progress(), 0
        self.began: tuple[float, int, int] | None = None  # the end of the first chunk, which the rate leaves out

    def see(self, part: Any, state: dict[str, int]) -> None:
        for problem in part.problems[: SHOWN - self.said]:
            self.progress.clear()
            remark(problem)
            self.said += 1
        now, rows, read = time.monotonic(), state["rows"], state["read"]
        if self.began is None:
            self.began = now, rows, read
            return
        taken = now - self.began[0]
        text = f"{rows:,} results, {(rows - self.began[1]) / taken:,.0f} a second"
        if self.source.size:
            left = taken * (self.source.size - read) / (read - self.began[2])
            text += f", {read / self.source.size:.0%}, {_duration(left)} left"
        self.progress.say(text)

    def end(self, state: dict[str, int]) -> None:
        self.progress.clear()
        more = state["failed"] - self.failed - self.said
        if more > 0:
            remark(f"and {count(more, 'more invalid case')}; the results contain their errors")


def _duration(seconds: float) -> str:
    """A duration for people: 40 s, 12 min, 3.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
