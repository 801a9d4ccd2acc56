"""`terrain report`: a descent from all sides, in one page."""

from pathlib import Path
from typing import Annotated

import typer

from terrain_cli.commands.options import (
    Axes,
    Held,
    Initial,
    Iterations,
    Method,
    StepSize,
    Tolerance,
    parse_axes,
    parse_descent,
    protect_inputs,
)
from terrain_cli.files import check_output


def report(
    scenario: Annotated[str, typer.Argument(help="Scenario file, or - for standard input.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .html.")],
    axes: Axes = None,
    held: Held = False,
    method: Method = None,
    step: StepSize = None,
    iterations: Iterations = None,
    tolerance: Tolerance = None,
    initial: Initial = None,
) -> None:
    """Write a page that shows a descent from all sides: landscape, paths, time, expression tree, sensitivities, table.

    It steps through the iterations, and through other steps and methods, which are all computed and kept in it. It is a
    single file that needs no network. Exit code 0 also for a descent that diverges: the page shows it.

    Example: terrain report configs/three_strips.yaml -o report.html
    """
    chosen = parse_axes(axes)
    check_output(output, (".html",))
    options = parse_descent(method, iterations, tolerance, initial, step) | {"axes": chosen}

    from terrain_cli.scenario.load import load_for

    loaded, kind = load_for("report", scenario, "terrain report")
    loaded = kind.scenario.with_options(loaded, options)
    protect_inputs(loaded, [output])

    from terrain_cli.compile_cache import enable_compile_cache
    from terrain_cli.show.console import Progress

    enable_compile_cache()
    progress = Progress()
    gathered = kind.find("report").gather(kind.solution.solve(loaded), chosen, held, progress.say)
    progress.clear()
    kind.find("show.report").write_report(gathered, output)
    typer.echo(gathered.asked.message, err=True)
    typer.echo(f"wrote {output}", err=True)
    if gathered.interrupted:
        raise typer.Exit(130)
