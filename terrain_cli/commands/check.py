"""`terrain check`: do the scenarios still give their recorded results?"""

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from terrain_cli.commands.options import Json
from terrain_cli.errors import InputError
from terrain_cli.interrupts import held, interruptible
from terrain_cli.text import count

if TYPE_CHECKING:
    from terrain_cli.check import Checked

SENTENCES = {
    "same": "same",
    "moved": "MOVED",
    "unrecorded": "no record; terrain check --update writes one",
    "orphan": "a record without a scenario; delete it or restore the scenario",
    "refused": "refused",
    "recorded": "recorded",
    "updated": "record updated",
}
SHOWN = 12  # changes of a scenario that are printed


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH...]",
            help="Scenario files or folders of them.  [default: configs, else .]",
            readable=False,  # `check` itself says why it cannot read one, and goes on with the others
        ),
    ] = None,
    tolerance: Annotated[float, typer.Option(help="Largest relative change of a result.")] = 1e-9,
    update: Annotated[
        bool, typer.Option("--update", help="Write the records that are missing or have changed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Solve scenarios and compare the results with their records.

    The record of NAME.yaml is NAME.expected.json in the same folder. The exit code is 1 if a result moved, an input changed,
    or a record or its scenario is missing, and 2 if a scenario or record cannot be read or written.

    Example: terrain check configs/
    """
    if not 0 <= tolerance < 1:
        raise InputError(f"--tolerance: must be at least 0 and less than 1, got {tolerance:g}")
    from terrain_cli.check import check as check_path
    from terrain_cli.compile_cache import enable_compile_cache
    from terrain_cli.scenario.load import is_folder
    from terrain_cli.show.console import data_out

    if not paths:
        paths = [Path("configs") if is_folder("configs") else Path()]

    enable_compile_cache()
    results: list[Checked] = []
    refused = interrupted = False
    with held():
        try:
            for path in paths:
                try:
                    for result in interruptible(check_path(path, tolerance=tolerance, update=update)):
                        results.append(result)
                except InputError as error:
                    refused = True
                    print(error, file=sys.stderr)
        except KeyboardInterrupt:
            interrupted = True
        for result in results:
            for problem in result.problems:
                print(problem, file=sys.stderr)
        if as_json:
            document = {
                "version": 1,
                "tolerance": tolerance,
                "scenarios": [dataclasses.asdict(result) for result in results],
            }
            print(json.dumps(document, ensure_ascii=False, allow_nan=False), file=data_out())
        else:
            _print(results)
    if interrupted:
        print(f"interrupted after {count(len(results), 'scenario')}", file=sys.stderr)
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
        say(Text(f"{result.file}: {SENTENCES[result.verdict]}", style="bold red" if bad else ""))
        for change in result.changes[:SHOWN]:
            what = f"input {change.what}" if change.kind == "input" else change.what
            say(Text(f"  {what}: {_write(change.before)} -> {_write(change.now)}"))
        if len(result.changes) > SHOWN:
            say(Text(f"  and {len(result.changes) - SHOWN:,} more; --json lists all"))
    counts: dict[str, int] = {}
    for result in results:
        counts[result.verdict] = counts.get(result.verdict, 0) + 1
    listed = ": " + ", ".join(f"{number:,} {verdict}" for verdict, number in counts.items()) if counts else ""
    say(Text(f"{len(results):,} checked{listed}"))


def _write(value: Any) -> str:
    return "none" if value is None else repr(value) if isinstance(value, float) else json.dumps(value)
