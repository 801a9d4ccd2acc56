"""`terrain check`: do the scenarios still give their recorded results?"""

import dataclasses
import itertools
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from terrain_cli.commands.options import Json, complete_scenario, parse_number, remark, say_written
from terrain_cli.errors import InputError
from terrain_cli.files import check_output, refuse_input, write
from terrain_cli.interrupts import held, interruptible
from terrain_cli.text import count, shorten, visible

if TYPE_CHECKING:
    from terrain_cli.check import Change, Checked

SENTENCES = {
    "same": "same",
    "moved": "MOVED",
    "unrecorded": "no record; terrain check --update writes one",
    "orphan": "a record without a scenario; delete it or restore the scenario",
    "refused": "refused",
    "recorded": "recorded",
    "updated": "record updated",
}
JUNIT = {"moved": "failure", "orphan": "failure", "refused": "error", "unrecorded": "skipped"}
SHOWN = 12  # changes of a scenario that are printed


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH...]",
            help="Scenario files or folders of them.  [default: configs if it exists, else the current folder]",
            autocompletion=complete_scenario,
            readable=False,  # `check` itself says why it cannot read one, and goes on with the others
        ),
    ] = None,
    drift: Annotated[
        float,
        typer.Option(
            help="Largest relative change of a result that is accepted.", parser=parse_number, metavar="NUMBER"
        ),
    ] = 1e-9,
    update: Annotated[
        bool, typer.Option("--update", help="Write the records that are missing or have changed.")
    ] = False,
    junit: Annotated[
        Path | None,
        typer.Option(help="Also write the outcome to this .xml file, in the format of JUnit.", metavar="FILE"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Solve scenarios and compare the results with their records.

    The record of NAME.yaml is NAME.expected.json in the same folder. The exit code is 1 if a result moved, an input changed,
    or a record or its scenario is missing, and 2 if a scenario or record cannot be read or written.

    Example: terrain examples three_strips

    Example: terrain check three_strips.yaml --update

    Example: terrain check three_strips.yaml
    """
    if not 0 <= drift < 1:
        raise InputError(f"--drift: must be at least 0 and less than 1, got {drift:g}")
    from terrain_cli.check import check as check_path
    from terrain_cli.check import inputs_of
    from terrain_cli.compile_cache import enable_compile_cache
    from terrain_cli.scenario.load import is_folder
    from terrain_cli.show.console import data_out, working

    if not paths:
        paths = [Path("configs") if is_folder("configs") else Path()]
    if junit:
        check_output(junit, (".xml",), "--junit")
        if junit.exists():
            refuse_input(junit, itertools.chain.from_iterable(map(inputs_of, paths)), "--junit")

    results: list[Checked] = []
    seconds: list[float] = []  # that each took
    refused: list[InputError] = []
    interrupted = False
    with held():
        try:
            with working("") as progress:
                enable_compile_cache(progress.note_compiling)
                for path in paths:
                    progress.say(f"checking {visible(str(path))}")
                    try:
                        began = time.monotonic()
                        for result in interruptible(check_path(path, tolerance=drift, update=update)):
                            seconds.append(time.monotonic() - began)
                            results.append(result)
                            began = time.monotonic()
                    except InputError as error:
                        refused.append(error)
                        progress.clear()
                        remark(str(error))
        except KeyboardInterrupt:
            interrupted = True
        try:
            for result in results:
                for problem in result.problems:
                    remark(problem)
            if as_json:
                document = {
                    "version": 1,
                    "tolerance": drift,
                    "scenarios": [dataclasses.asdict(result) for result in results],
                }
                print(json.dumps(document, ensure_ascii=False, allow_nan=False), file=data_out())
            else:
                _print(results)
        finally:  # also if stdout is full, or a pipe that nobody reads any more
            if junit:
                write(junit, _to_junit(results, refused, seconds, interrupted))
        if junit:
            say_written(junit)
    if interrupted:
        remark(f"interrupted after {count(len(results), 'scenario')}")
        raise typer.Exit(130)
    verdicts = {result.verdict for result in results}
    raise typer.Exit(
        2 if refused or "refused" in verdicts else 1 if verdicts & {"moved", "unrecorded", "orphan"} else 0
    )


def _print(results: "list[Checked]") -> None:
    from rich.text import Text

    from terrain_cli.show.console import say

    for result in results:
        bad = result.verdict in ("moved", "unrecorded", "orphan", "refused")
        say(Text(f"{visible(result.file)}: {SENTENCES[result.verdict]}", style="bold red" if bad else ""))
        for change in result.changes[:SHOWN]:
            say(Text(f"  {_describe(change)}"))
        if len(result.changes) > SHOWN:
            say(Text(f"  and {len(result.changes) - SHOWN:,} more; --json lists all"))
    counts: dict[str, int] = {}
    for result in results:
        counts[result.verdict] = counts.get(result.verdict, 0) + 1
    listed = ": " + ", ".join(f"{number:,} {verdict}" for verdict, number in counts.items()) if counts else ""
    say(Text(f"{len(results):,} checked{listed}"))


def _to_junit(results: "list[Checked]", refused: list[InputError], seconds: list[float], interrupted: bool) -> str:
    """The outcome as JUnit XML: a test case for each scenario, for each argument that names none, and for an interruption.

    seconds: that each of the results took.
    """
    from xml.sax.saxutils import escape, quoteattr

    # file, "failure", "error", "skipped" or "", sentence, details, seconds
    cases: list[tuple[str, str, str, str, float]] = []
    for result, taken in zip(results, seconds, strict=True):
        kind = JUNIT.get(result.verdict, "")
        details = [*result.problems, *(_describe(change) for change in result.changes)] if kind else []
        cases.append((result.file, kind, SENTENCES[result.verdict], "\n".join(details), taken))
    cases += [("terrain check", "error", SENTENCES["refused"], str(error), 0.0) for error in refused]
    if interrupted:
        cases.append(("terrain check", "error", "interrupted", "The scenarios that follow were not checked.", 0.0))
    kinds = [kind for _, kind, *_ in cases]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites><testsuite name="terrain check" tests="{len(cases)}" failures="{kinds.count("failure")}" '
        f'errors="{kinds.count("error")}" skipped="{kinds.count("skipped")}" time="{sum(seconds):.3f}">',
    ]
    for file, kind, sentence, text, taken in cases:
        inside = f"<{kind} message={quoteattr(sentence)}>{escape(visible(text, keep=chr(10)))}</{kind}>" if kind else ""
        name = quoteattr(visible(file))
        lines.append(f'<testcase classname="terrain check" name={name} time="{taken:.3f}">{inside}</testcase>')
    return "\n".join([*lines, "</testsuite></testsuites>", ""])


def _describe(change: "Change") -> str:
    what = f"input {change.what}" if change.kind == "input" else change.what
    return f"{shorten(what)}: {shorten(_write(change.before))} -> {shorten(_write(change.now))}"


def _write(value: Any) -> str:
    return "none" if value is None else repr(value) if isinstance(value, float) else json.dumps(value)
