"""`terrain sweep`: solve a scenario for many values of its numbers."""

import contextlib
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from terrain_cli import kinds
from terrain_cli.commands import points as writing
from terrain_cli.commands.options import (
    Csv,
    Initial,
    Iterations,
    Json,
    Method,
    Quiet,
    Tolerance,
    complete_scenario,
    exclude,
    parse_descent,
    parse_number,
    protect_inputs,
    refuse_foreign,
    remark,
    say_written,
)
from terrain_cli.errors import InputError
from terrain_cli.files import check_output
from terrain_cli.interrupts import held, interruptible
from terrain_cli.ranges import parse_values
from terrain_cli.text import quote, visible

TABLES, FIGURES = (".csv", ".json"), (".png", ".svg", ".pdf")
STEP = "descent.step"  # the number that --step varies


def sweep(
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCENARIO]",
            help="Scenario file, or - for standard input.  [default: the example three_strips]",
            autocompletion=complete_scenario,
        ),
    ] = None,
    step: Annotated[
        str | None,
        typer.Option(
            help="Values of the step: START:STOP, START:STOP:COUNT or a comma list; a range may end in :log.",
            metavar="VALUES",
        ),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            help="Values of any number by its dotted name, counted from 0. Can be repeated, for all combinations.",
            metavar="NAME=VALUES",
        ),
    ] = None,
    method: Method = None,
    iterations: Iterations = None,
    tolerance: Tolerance = None,
    initial: Initial = None,
    within: Annotated[
        float | None,
        typer.Option(
            help="Relative gap at which the optimum counts as reached.  [default: 0.0001]",
            parser=parse_number,
            metavar="NUMBER",
        ),
    ] = None,
    as_json: Json = False,
    as_csv: Csv = False,
    quiet: Quiet = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help="Also write to this file. The ending sets the format: .csv or .json (all points), or .png, .svg or .pdf (the "
            "final time over one number, or a heat map over two). Can be repeated.",
            metavar="FILE",
        ),
    ] = None,
) -> None:
    """Solve strips or a map for many values of its numbers.

    Several numbers give all combinations of their values. The exit code is 0 even if some points diverge or have no route.

    Example: terrain sweep --step 0.5:2.0

    Example: terrain sweep --vary strips.1.speed=0.2:0.8:25 --vary offset=0:40:5

    Example: terrain sweep --step 0.1:6:60 -o cliff.png

    Example: terrain examples lake

    Example: terrain sweep lake.yaml --vary goal.1=235:295:5
    """
    exclude({"--json": as_json, "--csv": as_csv})
    files, figures = _sort_outputs(output or [])
    if within is not None and not 0 < within < 1:
        raise InputError(f"--within: must be greater than 0 and less than 1, got {within:g}")
    varied = _parse_varied(step, vary or [])
    options = parse_descent(method, iterations, tolerance, initial) | {"within": within}

    from terrain_cli.scenario.load import load_scenario, packaged_folder

    loaded = load_scenario(scenario if scenario is not None else packaged_folder() / "three_strips.yaml")
    kind = kinds.of(loaded)
    refuse_foreign(kind, str(scenario), options | {"step": step})
    most = kind.sweep.MOST
    if figures and len(varied) > most:
        some = "one varied number" if most == 1 else "one or two varied numbers"
        raise InputError(
            f"--output {figures[0]}: a figure shows {some} of {kind.plural}, got {len(varied)}: vary fewer or write a .csv"
        )
    loaded = kind.scenario.with_options(loaded, options)
    protect_inputs(loaded, [*files, *figures])
    from terrain_cli.show.console import data_out, working

    parameters = []
    with working("checking the values"):  # which may be millions
        for name, values in list(varied.items()):
            try:
                parameters.append(kind.sweep.Parameter(loaded, name))
                varied[name] = parameters[-1].check(values)
            except InputError as error:  # which begins with the name
                named = f"--vary {error}"
                raise InputError(named.replace(f"--vary {STEP}", "--step", 1) if step is not None else named) from None
    if len({parameter.path for parameter in parameters}) < len(parameters):
        raise InputError(f"--vary: {' and '.join(varied)} are not all different: put the values in one list")
    found = kind.sweep.find_points(loaded, varied, options)

    from terrain_cli.compile_cache import enable_compile_cache
    from terrain_cli.show.sweep import SweepTable

    columns = [*varied, *kind.sweep.RESULTS]
    head = {"version": 1, "scenario": loaded.name, "file": loaded.file}
    with held():  # a document that has begun is finished, with the points that there are
        with working(f"solving {visible(loaded.name)}") as progress, contextlib.ExitStack() as outputs:
            enable_compile_cache(progress.note_compiling)
            if as_json:
                head |= kind.sweep.describe(loaded, varied, options)
            table = SweepTable(loaded, parameters, varied, options, rows=not quiet)
            points = table.watch(interruptible(found))
            picture = kind.sweep_table.Picture(loaded, parameters, varied) if figures else None
            if picture:
                points = picture.watch(points)
            adds = [outputs.enter_context(writing.point_file(path, columns)) for path in files]
            printed = writing.Output(data_out() if as_json or as_csv else sys.stdout)
            if as_json:
                adds.append(outputs.enter_context(writing.document(printed, head, varied)))
            elif as_csv:
                adds.append(outputs.enter_context(writing.rows(printed, columns)))
            for point in points:
                for add in adds:
                    add(point)
                if printed.problem and not (files or figures):
                    break
        try:
            if not (as_json or as_csv):
                table.print()
        finally:  # also if stdout is full, or a pipe that nobody reads any more
            if picture and table.done:
                from terrain_cli.show.style import figure_style, save

                with working(f"drawing {visible(loaded.name)}"), figure_style(*kind.figure.texts_of(loaded)) as missing:
                    drawn = picture.make_figure(table.best)
                    for path in figures:
                        save(drawn, path, missing)
        for path in [*files, *(figures if table.done else [])]:
            say_written(path)
    if printed.problem:
        raise printed.problem
    if table.interrupted:
        remark(f"interrupted after {table.done:,} of {table.total:,} points, which are kept")
        raise typer.Exit(130)


def _sort_outputs(outputs: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The files for points, and those for figures. Raises InputError for an unknown ending and a file that is named twice."""
    for i, path in enumerate(outputs):
        check_output(path, (*TABLES, *FIGURES))
        if path.resolve() in [other.resolve() for other in outputs[:i]]:
            raise InputError(f"--output: {path} is named twice; name another file")
    figures = [path for path in outputs if path.suffix.lower() in FIGURES]
    return [path for path in outputs if path not in figures], figures


def _parse_varied(step: str | None, vary: list[str]) -> dict[str, Sequence[float]]:
    """The values of each number by its dotted name, from the options."""
    varied: dict[str, Sequence[float]] = {}
    if step is not None:
        varied[STEP] = parse_values(step, "--step")
    for item in vary:
        name, equals, values = item.partition("=")
        if not equals or not name:
            raise InputError(f"--vary: must be NAME=VALUES, such as strips.1.speed=0.2:0.8:25, got {quote(item)}")
        if name in varied:
            raise InputError(f"--vary {name}: is given twice: put the values in one list")
        varied[name] = parse_values(values, f"--vary {name}")
    if not varied:
        raise InputError(
            "nothing to vary: give --step 0.5:2.0, or --vary NAME=VALUES such as --vary strips.1.speed=0.2:0.8"
        )
    if math.prod(map(len, varied.values())) > 2**53:
        raise InputError(f"--vary: must give at most {2**53:,} combinations of values: give shorter ranges")
    return varied
