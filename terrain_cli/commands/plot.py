"""`terrain plot`: a figure of a solution, written to a file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from terrain_cli import kinds
from terrain_cli.commands.options import (
    FIGURES,
    Axes,
    Held,
    Initial,
    Iterations,
    Method,
    ScenarioFile,
    StepSize,
    Tolerance,
    complete_from,
    exclude,
    parse_axes,
    parse_descent,
    protect_inputs,
    refuse_foreign,
    remark,
    say_written,
)
from terrain_cli.errors import InputError
from terrain_cli.files import check_output
from terrain_cli.ranges import to_unit
from terrain_cli.text import quote, visible


def plot(
    scenario: ScenarioFile,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The .png, .svg or .pdf file to write.", metavar="FILE")
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            help="The figure of strips: landscape, objective, paths, or all three.  [default: landscape]",
            metavar="KIND",
            autocompletion=complete_from(*FIGURES),
        ),
    ] = None,
    axes: Axes = None,
    held: Held = False,
    compare: Annotated[
        str | None,
        typer.Option(
            help="Overlay several descents, with --kind objective: step=0.5,1.5,3.19 or method=gradient,adam.",
            metavar="NAME=VALUES",
            autocompletion=complete_from("step=", "method="),
        ),
    ] = None,
    isochrones: Annotated[
        str | None,
        typer.Option(
            help="On a map, draw what is reached within these times: START:STOP:COUNT or a comma list, such as 30min,1h30.",
            metavar="TIMES",
        ),
    ] = None,
    corridor: Annotated[
        float | None,
        typer.Option(
            help="On a map, mark the cells of all routes that are at most this percentage slower than the best.",
            metavar="PERCENT",
        ),
    ] = None,
    profile: Annotated[
        bool,
        typer.Option(
            "--profile", help="On a map with elevation, draw the elevation along the routes instead of the map."
        ),
    ] = False,
    method: Method = None,
    step: StepSize = None,
    iterations: Iterations = None,
    tolerance: Tolerance = None,
    initial: Initial = None,
) -> None:
    """Draw a descent across strips, or a map with its routes, or the profile of a walk.

    A descent is drawn on the landscape of travel times, as its time over the iterations, or as its paths. The exit code is 0
    even if the descent diverges or no route leads to a goal.

    Example: terrain examples three_strips lake

    Example: terrain plot three_strips.yaml -o descent.png

    Example: terrain plot three_strips.yaml --kind objective --compare step=0.5,1.5,3.19 -o steps.svg

    Example: terrain plot lake.yaml -o lake.png

    Example: terrain plot lake.yaml --isochrones 150,300,450 --corridor 1 -o reached.png
    """
    if kind not in (None, *FIGURES):
        raise InputError(f"--kind: must be one of {', '.join(FIGURES)}, got {quote(kind)}")
    exclude({"--profile": profile, "--kind": kind not in (None, "profile")})
    kind = "profile" if profile else kind
    if kind == "profile" and (isochrones is not None or corridor is not None):
        raise InputError(
            f"{'--corridor' if isochrones is None else '--isochrones'}: is drawn on the map, not on the profile"
        )
    if compare is not None and kind != "objective":
        raise InputError(f"--compare: works only with --kind objective, not with {kind or 'landscape'}")
    for option, given in (("--axes", axes is not None), ("--held", held)):
        if given and kind not in (None, "landscape", "all"):
            raise InputError(f"{option}: works only with --kind landscape or all, not with {kind}")
    chosen = parse_axes(axes)
    check_output(output, (".png", ".svg", ".pdf"))
    options: dict[str, Any] = parse_descent(method, iterations, tolerance, initial, step)
    options |= {"axes": chosen, "held": held or None, "compare": compare}
    options |= {"isochrones": isochrones, "corridor": corridor, "profile": kind == "profile"}

    from terrain_cli.scenario.load import load_scenario

    loaded = load_scenario(scenario)
    own = kinds.of(loaded)
    if kind not in (None, *own.figures):
        allowed = f"one of {', '.join(own.figures)}" if len(own.figures) > 1 else own.figures[0]
        raise InputError(f"{scenario}: --kind for {own.plural} must be {allowed}, got {quote(kind)}")
    refuse_foreign(own, scenario, options)
    asked: dict[str, Any] = {}
    if isochrones is not None:
        levels = own.questions["isochrones"].parse({"isochrones": isochrones, "isochrones_output": None}).levels
        asked["isochrones"] = [to_unit(level, loaded.units.time, "--isochrones") for level in levels]
    if corridor is not None:
        asked["corridor"] = own.questions["corridor"].parse({"corridor": corridor})
    loaded = own.scenario.with_options(loaded, options)
    protect_inputs(loaded, [output])
    variants = own.find("scenario").vary(loaded, compare) if compare is not None else [("", loaded)]
    from terrain_cli.show.console import working

    with working(f"reading {visible(loaded.name)}"):
        grounds = [own.solution.read(variant) for _, variant in variants]

    from terrain_cli.compile_cache import enable_compile_cache
    from terrain_cli.show.style import figure_style, save

    with working(f"solving {visible(loaded.name)}") as progress:
        enable_compile_cache(progress.note_compiling)
        solutions = [
            own.solution.solve(variant, ground, report=progress.detail)
            for (_, variant), ground in zip(variants, grounds, strict=True)
        ]
    settings = {name: options[name] for name in ("axes", "held") if options[name] is not None} | asked
    runs = []
    if compare is not None:
        label = own.find("show.figure").label
        runs = [(label(name, solution), solution) for (name, _), solution in zip(variants, solutions, strict=True)]
        settings["runs"] = runs
    with working(f"drawing {visible(loaded.name)}"), figure_style(*own.figure.texts_of(loaded)) as missing:
        save(own.figure.plot(solutions[0], kind or own.figures[0], **settings), output, missing)
    remark(*solutions[0].remarks)
    for name, solution in runs or [("", solutions[0])]:
        remark(f"{name}: {solution.message}" if name else solution.message)
    say_written(output)
    if any(solution.status == "interrupted" for solution in solutions):
        raise typer.Exit(130)
