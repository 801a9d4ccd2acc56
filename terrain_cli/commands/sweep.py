"""`terrain sweep`: the same scenario for many values of a number, all in one compiled program."""

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from terrain_cli.commands.options import (
    Csv,
    Initial,
    Iterations,
    Json,
    Method,
    Quiet,
    Tolerance,
    descent_changes,
    one_of,
    parse_numbers,
    refuse_for,
)
from terrain_cli.commands.points import make_row_writer, print_document, write_points
from terrain_cli.commands.sweep_map import sweep_map
from terrain_cli.errors import InputError
from terrain_cli.files import check_output
from terrain_cli.ranges import Spread

RESULTS = ("time", "optimum", "gap", "iterations", "reached", "status")
WITHIN = 1e-4
COUNT = 16  # of START:STOP; 0.5:2.0 then goes up by 0.1


def sweep(
    scenario: Annotated[
        str | None, typer.Argument(help="Scenario file, or - for standard input. Missing: the packaged three strips.")
    ] = None,
    step: Annotated[
        str | None,
        typer.Option(
            help="Values of the step: START:STOP, START:STOP:COUNT, either with :log, or a comma list.",
            metavar="VALUES",
        ),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            help="Values of any number by its dotted name, counting from 0. Several give all combinations.",
            metavar="NAME=VALUES",
        ),
    ] = None,
    method: Method = None,
    iterations: Iterations = None,
    tolerance: Tolerance = None,
    initial: Initial = None,
    within: Annotated[float, typer.Option(help="How close to the optimum counts as reached, relative.")] = WITHIN,
    as_json: Json = False,
    as_csv: Csv = False,
    quiet: Quiet = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write all points to this .csv or .json file as well.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Draw the final time over one value, or a heat map over two, to this .png, .svg or .pdf file."
        ),
    ] = None,
) -> None:
    """Solve a scenario for many values of a number, or all combinations of several, at once.

    Exit code 0 whatever the points come to: a step that diverges is what one looks for.

    Example: terrain sweep --step 0.5:2.0

    Example: terrain sweep configs/three_strips.yaml --vary strips.1.speed=0.2:0.8:25 --vary offset=0:40:5

    Example: terrain sweep --step 0.1:6:60 --plot cliff.png

    Example: terrain sweep configs/lake.yaml --vary goal.1=235:295:5 --vary map.speeds.legend.^=0.7,1.1
    """
    one_of({"--json": as_json, "--csv": as_csv, "--quiet": quiet})
    if output:
        check_output(output, (".csv", ".json"))
    if not 0 < within < 1:
        raise InputError(f"--within: must be greater than 0 and less than 1, got {within:g}")
    varied = _parse_varied(step, vary or [])
    if plot:
        check_output(plot, (".png", ".svg", ".pdf"), "--plot")
        if len(varied) > 2:
            raise InputError(
                f"--plot: draws one or two varied numbers, got {len(varied)}: leave some out, or use --csv"
            )

    from terrain_cli.maps.scenario import MapScenario
    from terrain_cli.scenario.load import load_scenario, packaged_folder, with_descent
    from terrain_cli.strips.parameter import Quantity

    loaded = load_scenario(scenario if scenario is not None else packaged_folder() / "three_strips.yaml")
    changes = descent_changes(method, iterations, tolerance, initial)
    if isinstance(loaded, MapScenario):
        of_strips = {f"--{key}": value is not None for key, value in changes.items()} | {
            "--step": step is not None,
            "--within": within != WITHIN,
        }
        refuse_for("a map", str(scenario), of_strips)
        sweep_map(loaded, varied, as_json, as_csv, quiet, output, plot)
        return
    loaded = with_descent(loaded, **changes)
    quantities = [Quantity(loaded, name) for name in varied]
    if len({quantity.path for quantity in quantities}) < len(quantities):
        raise InputError(f"--vary: {' and '.join(varied)} are not all different: put the values in one list")
    varied = {
        quantity.name: quantity.check(values) for quantity, values in zip(quantities, varied.values(), strict=True)
    }

    from terrain_cli.compile_cache import enable_compile_cache
    from terrain_cli.show.strips.sweep import SweepTable

    enable_compile_cache()
    table = SweepTable(loaded, quantities, varied, within, rows=not quiet)
    points = table.watch(_records(loaded, varied, within))
    picture = None
    if plot:
        from terrain_cli.show.strips.sweep_figure import SweepPicture

        picture = SweepPicture(loaded, quantities, varied)
        points = picture.watch(points)
    if output:
        points = write_points(points, output, [*varied, *RESULTS])
    if as_json:
        head = {"version": 1, "scenario": loaded.name, "file": loaded.file, **table.facts()}
        print_document(head, varied, points)
    elif as_csv:
        make_row_writer(sys.stdout, [*varied, *RESULTS]).writerows(points)
    else:
        for _ in points:
            pass
        table.print()
    if plot and picture:
        from terrain_cli.show.strips.figure import texts_of
        from terrain_cli.show.style import paper, save

        with paper(*texts_of(loaded)) as missing:
            save(picture.make_figure(table.best, table.cliff()), plot, missing)
        typer.echo(f"wrote {plot}", err=True)
    if table.interrupted:
        typer.echo(f"interrupted after {table.done:,} of {table.total:,} points: those are kept", err=True)
        raise typer.Exit(130)


def _parse_varied(step: str | None, vary: list[str]) -> Mapping[str, Sequence[float]]:
    """Values by dotted name, from the options."""
    varied: dict[str, Sequence[float]] = {}
    if step is not None:
        varied["descent.step"] = parse_values(step, "--step")
    for item in vary:
        name, equals, values = item.partition("=")
        if not equals or not name:
            raise InputError(f"--vary: must be NAME=VALUES, such as strips.1.speed=0.2:0.8:25, got {item!r}")
        if name in varied:
            raise InputError(f"--vary {name}: is given twice: put the values in one list")
        varied[name] = parse_values(values, f"--vary {name}")
    if not varied:
        raise InputError(
            "nothing to vary: give --step 0.5:2.0, or --vary NAME=VALUES such as --vary strips.1.speed=0.2:0.8"
        )
    return varied


def parse_values(text: str, option: str) -> Sequence[float]:
    """The values that `text` means: START:STOP (16, both ends included), START:STOP:COUNT, either with :log, or a comma list."""
    if ":" not in text:
        values = parse_numbers(text, option)
        if not values:
            raise InputError(f"{option}: is empty: give START:STOP, START:STOP:COUNT or a comma list")
        return values
    parts = text.split(":")
    log = parts[-1] == "log"
    parts = parts[: len(parts) - log]
    try:
        start, stop, count = float(parts[0]), float(parts[1]), int(parts[2]) if len(parts) > 2 else COUNT
        if len(parts) > 3:
            raise ValueError
    except (ValueError, IndexError):
        raise InputError(
            f"{option}: must be START:STOP, START:STOP:COUNT (either with :log behind) or a comma list, got {text!r}"
        ) from None
    if count < 2 or count > 10_000_000:
        raise InputError(f"{option}: must have a count from 2 to 10,000,000, got {count}")
    if log and (start <= 0 or stop <= 0):
        raise InputError(f"{option}: log spacing needs ends greater than 0, got {text!r}")
    return Spread(start, stop, count, log)


def _records(scenario: Any, varied: Mapping[str, Sequence[float]], within: float) -> Iterator[dict[str, Any]]:
    """A record for each point, as it is computed."""
    from terrain_cli.strips.solution import plain
    from terrain_cli.strips.sweep import sweep as sweep_scenario

    rounding = 1e-15 * math.sqrt(len(scenario.strips))
    for points in sweep_scenario(scenario, varied, within=within):
        for values, time, iterations, reached, status, optimum in zip(
            *(column.tolist() for column in points), strict=True
        ):
            record = dict(zip(varied, values, strict=True))
            gap = time / optimum - 1
            yield record | {
                "time": plain(time),
                "optimum": optimum,
                "gap": plain(0.0 if abs(gap) < rounding else gap),
                "iterations": iterations,
                "reached": reached if reached >= 0 else None,
                "status": status,
            }
