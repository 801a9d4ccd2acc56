"""`terrain report`: an interactive page about a descent."""

from pathlib import Path
from typing import Annotated

import typer

from terrain_cli.commands.options import (
    Axes,
    Held,
    Initial,
    Iterations,
    Method,
    ScenarioFile,
    StepSize,
    Tolerance,
    parse_axes,
    parse_descent,
    protect_inputs,
    remark,
    say_written,
)
from terrain_cli.files import check_output
from terrain_cli.text import visible


def report(
    scenario: ScenarioFile,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .html file to write.", metavar="FILE")],
    axes: Axes = None,
    held: Held = False,
    method: Method = None,
    step: StepSize = None,
    iterations: Iterations = None,
    tolerance: Tolerance = None,
    initial: Initial = None,
) -> None:
    """Write an interactive page about a descent across strips.

    The page shows the landscape, the paths, the time, the expression tree, the sensitivities and a table. It steps through
    the iterations, other steps and other methods, all of them computed in advance. It is a single file that needs no
    network. The exit code is 0 even if the descent diverges.

    Example: terrain examples three_strips

    Example: terrain report three_strips.yaml -o report.html
    """
    chosen = parse_axes(axes)
    check_output(output, (".html",))
    options = parse_descent(method, iterations, tolerance, initial, step) | {"axes": chosen}

    from terrain_cli.scenario.load import load_for

    loaded, kind = load_for("report", scenario, "terrain report")
    loaded = kind.scenario.with_options(loaded, options)
    protect_inputs(loaded, [output])

    from terrain_cli.compile_cache import enable_compile_cache
    from terrain_cli.show.console import working

    with working(f"solving {visible(loaded.name)}") as progress:
        enable_compile_cache(progress.note_compiling)
        solution = kind.solution.solve(loaded, report=progress.detail)
        gathered = kind.find("report").gather(solution, chosen, held, progress.say)
        progress.say("writing the page")
        kind.find("show.report").write_report(gathered, output)
    remark(gathered.asked.message)
    say_written(output)
    if gathered.interrupted:
        raise typer.Exit(130)
