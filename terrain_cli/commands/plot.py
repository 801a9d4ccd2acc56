"""`terrain plot`: the figures of a descent, in a file."""

from pathlib import Path
from typing import Annotated, Any

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
    parse_numbers,
    refuse_for,
)
from terrain_cli.errors import InputError
from terrain_cli.files import check_output

KINDS = ("landscape", "objective", "paths", "all")
COMPARED = ("step", "method")
RUNS = 8  # as many as there are colours that everyone can tell apart


def plot(
    scenario: Annotated[str, typer.Argument(help="Scenario file, or - for standard input.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .png, .svg or .pdf.")],
    kind: Annotated[
        str | None,
        typer.Option(help="What to draw of strips: landscape, objective, paths, or all of them.  [default: landscape]"),
    ] = None,
    axes: Axes = None,
    held: Held = False,
    compare: Annotated[
        str | None,
        typer.Option(
            help="Lay several descents over each other: step=0.5,1.5,3.19 or method=gradient,adam; with --kind objective.",
            metavar="NAME=VALUES",
        ),
    ] = None,
    method: Method = None,
    step: Annotated[float | None, typer.Option(help="How far to go along the gradient.")] = None,
    iterations: Iterations = None,
    tolerance: Tolerance = None,
    initial: Initial = None,
) -> None:
    """Draw a descent: the landscape it walks through, its time over iterations, its paths. Or a map and its routes.

    Exit code 0 also for a descent that diverges or a goal that no route leads to: the picture shows it.

    Example: terrain plot configs/three_strips.yaml -o descent.png

    Example: terrain plot configs/three_strips.yaml --kind objective --compare step=0.5,1.5,3.19,4.2 -o steps.svg

    Example: terrain plot configs/lake.yaml -o lake.png
    """
    if kind not in (None, *KINDS):
        raise InputError(f"--kind: must be one of {', '.join(KINDS)}, got {kind!r}")
    if compare is not None and kind != "objective":
        raise InputError(f"--compare: is for --kind objective, not for {kind or 'landscape'}")
    for option, given in (("--axes", axes is not None), ("--held", held)):
        if given and kind not in (None, "landscape", "all"):
            raise InputError(f"{option}: is for --kind landscape or all, not for {kind}")
    compared = parse_compare(compare)
    chosen = parse_axes(axes)
    check_output(output, (".png", ".svg", ".pdf"))

    changes = descent_changes(method, iterations, tolerance, initial, step)
    of_strips = {f"--{key}": value is not None for key, value in changes.items()}
    of_strips |= {"--kind": kind is not None, "--axes": axes is not None, "--held": held}

    from terrain_cli.maps.scenario import MapScenario
    from terrain_cli.scenario.load import load_scenario

    loaded = load_scenario(scenario)
    if isinstance(loaded, MapScenario):
        refuse_for("a map", scenario, of_strips)
        _plot_map(loaded, output)
    else:
        _plot(loaded, changes, compared, kind or "landscape", chosen, held, output)


def _plot_map(scenario: Any, output: Path) -> None:
    from terrain_cli.compile_cache import enable_compile_cache
    from terrain_cli.maps.solution import solve_map
    from terrain_cli.show.maps.figure import make_map_figure, texts_of_map
    from terrain_cli.show.style import paper, save

    enable_compile_cache()
    solution = solve_map(scenario)
    with paper(*texts_of_map(scenario)) as missing:
        save(make_map_figure(solution), output, missing)
    typer.echo(solution.message, err=True)
    typer.echo(f"wrote {output}", err=True)


def _plot(
    scenario: Any,
    changes: dict[str, Any],
    compared: list[tuple[str, str]],
    kind: str,
    axes: tuple[int, ...] | None,
    held: bool,
    output: Path,
) -> None:
    from terrain_cli.scenario.load import with_descent

    scenario = with_descent(scenario, **changes)
    check_axes(axes, len(scenario.strips) - 1)
    variants = [_vary(scenario, name, value) for name, value in compared]

    from terrain_cli.compile_cache import enable_compile_cache
    from terrain_cli.show.strips.figure import make_figure, texts_of
    from terrain_cli.show.style import paper, save
    from terrain_cli.strips.solution import solve

    enable_compile_cache()
    solutions = [solve(variant) for variant in variants or [scenario]]
    runs = [(_label(name, run), run) for (name, _), run in zip(compared, solutions, strict=False)]
    with paper(*texts_of(scenario)) as missing:
        save(make_figure(kind, solutions[0], runs, axes, held), output, missing)
    for label, run in runs or [("", solutions[0])]:
        typer.echo(f"{label}: {run.message}" if label else run.message, err=True)
    typer.echo(f"wrote {output}", err=True)
    if any(run.status == "interrupted" for run in solutions):
        raise typer.Exit(130)


def parse_compare(text: str | None) -> list[tuple[str, str]]:
    """(name, value) of each descent to lay over the others; none where nothing is compared. Raises InputError."""
    if text is None:
        return []
    name, equals, values = text.partition("=")
    listed = [value.strip() for value in values.split(",")]
    if name not in COMPARED or not equals or not all(listed):
        raise InputError(f"--compare: must be step=VALUES or method=NAMES, such as step=0.5,1.5,3.19, got {text!r}")
    if len(listed) > RUNS:
        raise InputError(f"--compare: at most {RUNS} lines can be told apart, got {len(listed)}")
    if name == "step":
        parse_numbers(values, "--compare step")
    return [(name, value) for value in listed]


def _vary(scenario: Any, name: str, value: str) -> Any:
    """The scenario with one thing changed. Raises InputError, naming --compare."""
    from terrain_cli.scenario.load import with_descent

    if name == "step" and scenario.descent.method == "snell":
        raise InputError("--compare step: method snell takes no steps: choose another with --method")
    try:
        return with_descent(scenario, **{name: float(value) if name == "step" else value})
    except InputError as error:
        raise InputError(*(problem.replace("--", "--compare ", 1) for problem in error.problems)) from None


def _label(name: str, run: Any) -> str:
    if name == "step" or run.step is None:
        return f"step {run.step:g}" if name == "step" else str(run.scenario.descent.method)
    return f"{run.scenario.descent.method}, step {run.step:.4g}"
