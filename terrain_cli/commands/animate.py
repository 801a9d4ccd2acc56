"""`terrain animate`: an animated GIF of a descent."""

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
from terrain_cli.errors import InputError
from terrain_cli.files import check_output
from terrain_cli.text import visible


def animate(
    scenario: ScenarioFile,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .gif file to write.", metavar="FILE")],
    fps: Annotated[float, typer.Option(help="Iterations per second.", metavar="NUMBER")] = 4,
    axes: Axes = None,
    held: Held = False,
    method: Method = None,
    step: StepSize = None,
    iterations: Iterations = None,
    tolerance: Tolerance = None,
    initial: Initial = None,
) -> None:
    """Animate a descent across strips, iteration by iteration.

    The left panel shows its trace on the landscape of travel times, the right panel its path. The exit code is 0 even if the
    descent diverges.

    Example: terrain examples three_strips

    Example: terrain animate three_strips.yaml -o descent.gif
    """
    if not 0.1 <= fps <= 50:
        raise InputError(f"--fps: must be from 0.1 to 50, got {fps:g}")
    chosen = parse_axes(axes)
    check_output(output, (".gif",))
    options = parse_descent(method, iterations, tolerance, initial, step) | {"axes": chosen}

    from terrain_cli.scenario.load import load_for

    loaded, kind = load_for("show.animation", scenario, "terrain animate")
    loaded = kind.scenario.with_options(loaded, options)
    protect_inputs(loaded, [output])
    animation = kind.find("show.animation")

    from terrain_cli.compile_cache import enable_compile_cache
    from terrain_cli.show.console import working
    from terrain_cli.show.style import figure_style, warn_of_letters

    with working(f"solving {visible(loaded.name)}") as progress:
        enable_compile_cache(progress.note_compiling)
        solution = kind.solution.solve(loaded, report=progress.detail)
        progress.say(f"drawing {visible(loaded.name)}")
        with figure_style(*kind.figure.texts_of(loaded)) as missing:
            warn_of_letters(missing)
            animation.animate(solution, output, chosen, held, fps)
    remark(solution.message)
    say_written(output)
    if solution.status == "interrupted":
        raise typer.Exit(130)
