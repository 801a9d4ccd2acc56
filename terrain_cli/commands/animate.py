"""`terrain animate`: a descent in motion, as a GIF."""

from pathlib import Path
from typing import Annotated

import typer

from terrain_cli.commands.options import (
    Axes,
    Held,
    Initial,
    Iterations,
    Method,
    Tolerance,
    check_axes,
    descent_changes,
    parse_axes,
)
from terrain_cli.errors import InputError
from terrain_cli.files import check_output


def animate(
    scenario: Annotated[str, typer.Argument(help="Scenario file, or - for standard input.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .gif.")],
    fps: Annotated[float, typer.Option(help="Iterations shown per second.")] = 4,
    axes: Axes = None,
    held: Held = False,
    method: Method = None,
    step: Annotated[float | None, typer.Option(help="How far to go along the gradient.")] = None,
    iterations: Iterations = None,
    tolerance: Tolerance = None,
    initial: Initial = None,
) -> None:
    """Animate a descent: its trace on the landscape and its path across the strips, iteration by iteration.

    Exit code 0 also for a descent that diverges: its picture shows it.

    Example: terrain animate configs/three_strips.yaml -o descent.gif
    """
    if not 0.1 <= fps <= 50:
        raise InputError(f"--fps: must be from 0.1 to 50, got {fps:g}")
    chosen = parse_axes(axes)
    check_output(output, (".gif",))
    changes = descent_changes(method, iterations, tolerance, initial, step)

    from terrain_cli.scenario.load import load_strips, with_descent

    loaded = with_descent(load_strips(scenario, "terrain animate"), **changes)
    check_axes(chosen, len(loaded.strips) - 1)

    from terrain_cli.compile_cache import enable_compile_cache
    from terrain_cli.show.strips.animation import animate as write_animation
    from terrain_cli.show.strips.figure import texts_of
    from terrain_cli.show.style import paper, warn_of_letters
    from terrain_cli.strips.solution import solve

    enable_compile_cache()
    solution = solve(loaded)
    with paper(*texts_of(loaded)) as missing:
        warn_of_letters(missing)
        write_animation(solution, output, chosen, held, fps)
    typer.echo(solution.message, err=True)
    typer.echo(f"wrote {output}", err=True)
    if solution.status == "interrupted":
        raise typer.Exit(130)
