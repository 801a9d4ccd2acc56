"""`terrain solve` of a map: what it alone can be asked, and what that comes to on the screen, as JSON and in files."""

import csv
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from terrain_cli.commands.sweep import parse_values
from terrain_cli.errors import InputError
from terrain_cli.files import check_output, written


class Asked(NamedTuple):
    """What is asked of a map beside the route: levels of isochrones, percent of the corridor, files, bits of the field."""

    isochrones: list[float]
    isochrones_output: Path | None
    corridor: float | None
    field: Path | None
    precision: int
    sensitivity: bool


def parse_asked(
    isochrones: str | None,
    isochrones_output: Path | None,
    corridor: float | None,
    field: Path | None,
    precision: int | None,
    sensitivity: bool,
) -> Asked:
    """Raises InputError for values that will not do."""
    levels = [] if isochrones is None else list(parse_values(isochrones, "--isochrones"))
    if not all(0 <= level < float("inf") for level in levels):
        raise InputError(f"--isochrones: must be times of 0 or more, got {isochrones}")
    if isochrones_output:
        check_output(isochrones_output, (".geojson", ".json"), "--isochrones-output")
        if not levels:
            raise InputError("--isochrones-output: needs --isochrones, such as --isochrones 10,20,30")
    if corridor is not None and not 0 <= corridor < float("inf"):
        raise InputError(f"--corridor: must be a percentage of 0 or more, got {corridor:g}")
    if field:
        check_output(field, (".npy",), "--field")
    if precision not in (None, 32, 64):
        raise InputError(f"--precision: must be 32 or 64, got {precision}")
    return Asked(levels, isochrones_output, corridor, field, precision or 64, sensitivity)


def solve(scenario: Any, asked: Asked, quiet: bool) -> Any:
    """The solution of a map, said as it goes unless `quiet`."""
    from terrain_cli.maps.solution import solve_map
    from terrain_cli.show.maps.route import print_map_title, print_rounds

    if not quiet:
        print_map_title(scenario)
    solution = solve_map(scenario, precision=asked.precision)
    if not quiet and solution.route and len(solution.routes) == 1:
        print_rounds(solution.route, scenario)
    return solution


def to_document(solution: Any, asked: Asked) -> dict[str, Any]:
    """The solution as JSON, with all that was asked."""
    from terrain_cli.maps.sensitivity import sensitivity_to_json

    document: dict[str, Any] = solution.to_json()
    scenario, ground = solution.scenario, solution.ground
    parts = document["routes"] if len(solution.routes) > 1 else [document]
    for i, (part, route) in enumerate(zip(parts, solution.routes, strict=True)):
        if asked.sensitivity:
            part["sensitivity"] = route and sensitivity_to_json(scenario, ground, route.points)
        if asked.corridor is not None:
            part["corridor"] = route and solution.find_corridor(asked.corridor, i).to_json()
    if asked.isochrones:
        document["isochrones"] = [
            {"time": isochrone.level, "area": isochrone.area, **isochrone.to_geometry()}
            for isochrone in solution.find_isochrones(asked.isochrones)
        ]
    return document


def write_files(solution: Any, asked: Asked) -> None:
    """The field and the isochrones in the files that were named, each whole or not at all."""
    import numpy as np

    if asked.field:
        with written(asked.field) as beside, beside.open("wb") as file:
            np.save(file, solution.from_start)
        print(f"wrote {asked.field}", file=sys.stderr)
    if asked.isochrones_output:
        features = [
            {
                "type": "Feature",
                "properties": {"scenario": solution.scenario.name, "time": isochrone.level, "area": isochrone.area},
                "geometry": isochrone.to_geometry(),
            }
            for isochrone in solution.find_isochrones(asked.isochrones)
        ]
        with written(asked.isochrones_output) as beside:
            text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
            beside.write_text(text + "\n", encoding="utf-8")
        print(f"wrote {asked.isochrones_output}", file=sys.stderr)


def write_csv(solution: Any) -> None:
    """The points of the routes; with several goals, each row begins with the number of its goal, counting from 1."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    several = len(solution.routes) > 1
    writer.writerow([*(["goal"] if several else []), "x", "y"])
    for i, route in enumerate(solution.routes):
        for point in route.points.tolist() if route else ():
            writer.writerow([*([i + 1] if several else []), *point])


def print_asked(solution: Any, asked: Asked) -> None:
    """What was asked beside the route, on the screen."""
    from terrain_cli.show.maps.route import print_corridor, print_isochrones, print_stretches

    for i, route in enumerate(solution.routes):
        if route and asked.sensitivity:
            print_stretches(solution, i)
        if route and asked.corridor is not None:
            print_corridor(solution, i, solution.find_corridor(asked.corridor, i))
    if asked.isochrones:
        print_isochrones(solution.scenario, solution.find_isochrones(asked.isochrones))
