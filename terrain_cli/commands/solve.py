"""`terrain solve`: descend from a first guess to the fastest path."""

import csv
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from terrain_cli.commands import solve_map
from terrain_cli.commands.options import (
    Csv,
    Initial,
    Iterations,
    Json,
    Method,
    Quiet,
    StepSize,
    Tolerance,
    descent_changes,
    one_of,
    parse_number,
    refuse_for,
)
from terrain_cli.errors import InputError


def solve(
    scenarios: Annotated[
        list[str],
        typer.Argument(metavar="SCENARIO...", help="Scenario files, folders of them, or - for standard input."),
    ],
    method: Method = None,
    step: StepSize = None,
    iterations: Iterations = None,
    tolerance: Tolerance = None,
    initial: Initial = None,
    show: Annotated[
        str | None,
        typer.Option(
            help="What the columns show: crossings (from the start) or x (within each strip).  [default: crossings]"
        ),
    ] = None,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Say what the best time depends on: speeds, widths, the offset.")
    ] = False,
    isochrones: Annotated[
        str | None,
        typer.Option(
            help="Of a map: the ground reached within these times, START:STOP:COUNT or a comma list.", metavar="TIMES"
        ),
    ] = None,
    isochrones_output: Annotated[
        Path | None, typer.Option(help="Write the isochrones to this .geojson file as well.", metavar="FILE")
    ] = None,
    corridor: Annotated[
        float | None,
        typer.Option(
            help="Of a map: the cells whose best route through them is within so many percent of the best.",
            parser=parse_number,
            metavar="PERCENT",
        ),
    ] = None,
    field: Annotated[
        Path | None,
        typer.Option(
            help="Of a map: write the arrival times, on the corners of the cells, to this .npy file.", metavar="FILE"
        ),
    ] = None,
    precision: Annotated[
        int | None, typer.Option(help="Of a map: bits of the arrival times, 64 or 32.  [default: 64]", metavar="BITS")
    ] = None,
    every: Annotated[int | None, typer.Option(help="Show every so many iterations.", min=1)] = None,
    plot: Annotated[
        bool, typer.Option("--plot", help="Draw the path and the time over iterations in the terminal as well.")
    ] = False,
    as_json: Json = False,
    as_csv: Csv = False,
    quiet: Quiet = False,
) -> None:
    """Find the fastest path of a scenario, iteration by iteration: across strips, or across a map.

    Options override the file. Exit code 1 where a descent diverged or no route leads to a goal, 2 where a file or an option
    will not do.

    Example: terrain solve configs/three_strips.yaml --step 3.19

    Example: terrain solve configs/lake.yaml --isochrones 60,120,180 --corridor 1
    """
    one_of({"--json": as_json, "--csv": as_csv, "--quiet": quiet})
    one_of({"--json": as_json, "--csv": as_csv, "--plot": plot})
    if show not in (None, "crossings", "x"):
        raise InputError(f"--show: must be crossings or x, got {show!r}")
    changes = descent_changes(method, iterations, tolerance, initial, step)
    asked = solve_map.parse_asked(isochrones, isochrones_output, corridor, field, precision, sensitivity)
    of_strips = {f"--{key}": value is not None for key, value in changes.items()}
    of_strips |= {"--show": show is not None, "--every": every is not None, "--plot": plot}
    of_maps = {
        "--isochrones": bool(isochrones),
        "--corridor": corridor is not None,
        "--field": field is not None,
        "--precision": precision is not None,
    }
    several = len(scenarios) > 1 or any(Path(name).is_dir() for name in scenarios)
    if as_csv and several:
        raise InputError("--csv: takes one scenario, the history of its descent")
    if as_csv and sensitivity:
        raise InputError("--sensitivity and --csv: choose one of them; --json has both the history and the sensitivity")
    if plot and several:
        raise InputError("--plot: takes one scenario; terrain plot draws others into files")

    if several and (field or isochrones_output):
        raise InputError(f"{'--field' if field else '--isochrones-output'}: takes one scenario, as it names one file")
    files, failures = _find(scenarios)
    loaded = [scenario for file in files if (scenario := _load(file, changes, of_strips, of_maps, failures))]
    for problem in (problem for problems in failures.values() for problem in problems):
        print(problem, file=sys.stderr)
    if not loaded:
        raise typer.Exit(2)

    from terrain_cli.compile_cache import enable_compile_cache

    enable_compile_cache()
    solutions, interrupted = _solve_all(
        loaded, asked, every=every, show=show or "crossings", quiet=quiet or as_json or as_csv or several
    )
    if as_json:
        documents = [_document(solution, asked) for solution in solutions]
        print(json.dumps(documents if several else documents[0]))
    elif as_csv:
        _write_csv(solutions[0])
    elif several:
        _print_overview(solutions, list(failures))
    else:
        _print_summary(solutions[0], plot)
    if not as_json and not as_csv:
        for solution in solutions:
            _print_asked(solution, asked)
    for solution in solutions:
        if is_map(solution.scenario):
            solve_map.write_files(solution, asked)
    statuses = {solution.status for solution in solutions}
    bad = bool(statuses & {"diverged", "no route"})
    if interrupted and several:
        whole = sum(solution.status != "interrupted" for solution in solutions)
        print(f"interrupted: {whole:,} of {len(loaded):,} scenarios are solved", file=sys.stderr)
    raise typer.Exit(130 if interrupted else 2 if failures else 1 if bad else 0)


def _find(names: list[str]) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """The files that the arguments mean, and the problems of those that mean none."""
    from terrain_cli.scenario.load import scenario_files

    files: list[str] = []
    failures: dict[str, tuple[str, ...]] = {}
    for name in names:
        try:
            files += map(str, scenario_files(name))
        except InputError as error:
            failures[name] = error.problems
    return files, failures


def is_map(scenario: Any) -> bool:
    from terrain_cli.maps.scenario import MapScenario

    return isinstance(scenario, MapScenario)


def _load(
    file: str,
    changes: dict[str, Any],
    of_strips: dict[str, bool],
    of_maps: dict[str, bool],
    failures: dict[str, tuple[str, ...]],
) -> Any:
    """The scenario with its changes; None where it is refused, which is added to the failures."""
    from terrain_cli.maps.scenario import MapScenario
    from terrain_cli.scenario.load import load_scenario, with_descent

    try:
        scenario = load_scenario(file)
        if isinstance(scenario, MapScenario):
            refuse_for("a map", file, of_strips)
            return scenario
        refuse_for("strips", file, of_maps)
        return with_descent(scenario, **changes)
    except InputError as error:
        failures[file] = error.problems
    return None


def _solve_all(
    scenarios: list[Any], asked: Any, *, every: int | None, show: str, quiet: bool
) -> tuple[list[Any], bool]:
    """Solve one after the other; Ctrl-C keeps what there is. The solutions, and whether it came to that."""
    from terrain_cli.strips.solution import solve as solve_scenario

    solutions: list[Any] = []
    for scenario in scenarios:
        watch = None
        if is_map(scenario):
            try:
                solutions.append(solve_map.solve(scenario, asked, quiet))
            except KeyboardInterrupt:
                if not solutions:
                    raise
                return solutions, True
            continue
        if not quiet:
            from terrain_cli.show.strips.descent import DescentTable, print_title

            print_title(scenario)
            if scenario.descent.method != "snell":
                watch = DescentTable(scenario, show, every).add
        solutions.append(solve_scenario(scenario, every=every, watch=watch))
        if solutions[-1].status == "interrupted":
            return solutions, True
    return solutions, False


def _document(solution: Any, asked: Any) -> dict[str, Any]:
    if is_map(solution.scenario):
        return solve_map.to_document(solution, asked)
    document: dict[str, Any] = solution.to_json()
    return document | ({"sensitivity": _sensitivity(solution).to_json()} if asked.sensitivity else {})


def _print_overview(solutions: list[Any], failures: list[str]) -> None:
    from terrain_cli.show.strips.descent import print_overview

    print_overview(solutions, failures)


def _print_summary(solution: Any, plot: bool) -> None:
    if is_map(solution.scenario):
        from terrain_cli.show.maps.route import print_map_summary

        print_map_summary(solution)
        return
    from terrain_cli.show.strips.descent import print_summary

    print_summary(solution)
    if plot:
        from terrain_cli.show.strips.plots import print_plots

        print_plots(solution)


def _print_asked(solution: Any, asked: Any) -> None:
    if is_map(solution.scenario):
        solve_map.print_asked(solution, asked)
    elif asked.sensitivity:
        from terrain_cli.show.strips.sensitivity import print_sensitivity

        print_sensitivity(solution.scenario, _sensitivity(solution))


def _sensitivity(solution: Any) -> Any:
    from terrain_cli.strips.sensitivity import find_sensitivity
    from terrain_cli.strips.solution import to_strips

    return find_sensitivity(to_strips(solution.scenario))


def _write_csv(solution: Any) -> None:
    if is_map(solution.scenario):
        solve_map.write_csv(solution)
        return
    count = len(solution.x)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    names = [f"x_{i + 1}" for i in range(count)] + [f"crossing_{i + 1}" for i in range(count)]
    writer.writerow(["iteration", *names, "time", "gradient_norm"])
    for step in solution.history:
        writer.writerow([step.iteration, *step.x.tolist(), *step.crossings.tolist(), step.time, step.gradient_norm])
