"""What `terrain check` records of a map scenario: its inputs, and the time and distance of each route."""

import hashlib
import math
from typing import Any

import numpy as np

from terrain_cli.maps.arrays import read_array
from terrain_cli.maps.overlays import describe
from terrain_cli.maps.raster import Raster, read_raster
from terrain_cli.maps.scenario import BLOCKED, MapScenario
from terrain_cli.maps.walking.heights import find_unit, find_walking
from terrain_cli.scenario.model import Place

WALK = 1e-4  # by how much the time of a walk may differ between processors, relative; and so may whether it settled


def make_record(scenario: MapScenario) -> tuple[dict[str, Any], dict[str, Any]]:
    """The inputs and the result of a map scenario, as plain data. Raises InputError as `read_raster` does."""
    raster = read_raster(scenario)
    inputs = make_inputs(raster.scenario or scenario, raster)
    from terrain_cli.maps.solution import solve

    solution = solve(scenario, raster)
    routes = [{"time": route and route.time, "distance": route and route.distance} for route in solution.routes]
    walked = raster.heights is not None and solution.status != "no route"
    return inputs, {"status": "found" if walked else solution.status, "routes": routes}


def make_inputs(scenario: MapScenario, raster: Raster) -> dict[str, Any]:
    """The inputs. An array in a file is recorded as its shape and a checksum."""
    drawing, numbers = scenario.map.drawing, scenario.map.numbers
    layers: dict[str, Any] = raster.survey.find_checksums(raster.grid) if raster.survey else {}
    if drawing is not None:
        legend = {letter: _plain(speed) for letter, speed in scenario.map.legend.items()}
        ground: dict[str, Any] = {"drawing": drawing.split("\n"), "legend": legend}
    elif numbers is not None:
        ground = {"grid": [[_plain(speed) for speed in row] for row in numbers]}
    else:
        ground = {"shape": list(raster.speeds.shape), "sha256": _checksum(_to_written(raster.speeds, scenario))}
    if raster.zones:
        zones = zip(raster.zones.keys, raster.zones.speeds, strict=True)
        layers["speeds"] = {
            "other" if key is None else str(key): _plain(float(_to_written(speed, scenario))) for key, speed in zones
        }
    place = {"crs": raster.crs} if raster.crs else {}
    walk = _describe_walk(scenario, raster)
    regions = {"regions": list(describe(scenario))} if scenario.map.regions else {}
    via = {"via": [list(point) for point in scenario.waypoints]} if scenario.via else {}
    return {
        "map": {"cell": raster.cell, "corner": list(raster.corner), **place, **walk, "speeds": ground}
        | ({"layers": layers} if layers else {})
        | regions,
        "start": list(scenario.start),
        **via,
        "goals": [list(goal) for goal in scenario.goals],
    }


def _describe_walk(scenario: MapScenario, raster: Raster) -> dict[str, Any]:
    """The inputs that only a map with elevation has."""
    elevation = scenario.map.elevation
    if elevation is None or raster.heights is None:
        return {}
    smoothing = {"smoothing": elevation.smoothing} if elevation.smoothing else {}
    read = None if raster.survey else read_array(scenario.folder / elevation.file, any_number=True)
    heights = {} if read is None else {"sha256": _checksum(read)}
    name, parameters, table, factor = find_walking(scenario)
    walking: dict[str, Any] = {"function": name, "factor": factor, **parameters}
    limit = {"max_slope": scenario.map.max_slope} if scenario.map.max_slope else {}
    return {
        "elevation": {**heights, **smoothing},
        "walking": walking | ({"table": [list(row) for row in table]} if table else {}),
        **limit,
        "detail": raster.detail,
    }


def _to_written(speeds: Any, scenario: MapScenario) -> Any:
    """Speeds as they stand in the scenario, where they may be factors of a walking speed that processors compute differently."""
    unit = find_unit(scenario)
    return speeds if unit == 1 else np.round(np.asarray(speeds) / unit, 12)


def _checksum(numbers: Any) -> str:
    return hashlib.sha256(np.asarray(numbers, dtype="<f8").tobytes()).hexdigest()


def is_result(result: dict[str, Any]) -> bool:
    """Whether this is a result of a map."""
    routes = result.get("routes")
    return isinstance(routes, list) and all(
        isinstance(route, dict) and all(_is_number(route.get(key, "")) for key in ("time", "distance"))
        for route in routes
    )


def find_slack(place: Place, result: dict[str, Any], inputs: dict[str, Any], tolerance: float) -> float:
    """By how much the number at a place of the result may differ from the record.

    tolerance: of the time, relative. Near the optimum the time changes with the square of a change of the route, so the
    tolerance of a distance is the square root. The time of a walk has many minima that are almost equal, between which rounding
    decides: at least `WALK` is allowed.
    """
    if "walking" in inputs["map"]:
        tolerance = max(tolerance, WALK)
    match place:
        case ("routes", int(i), ("time" | "distance") as key):
            now = result["routes"][i][key]
            return (tolerance if key == "time" else math.sqrt(tolerance)) * float(abs(now or 0))
    return 0


def _plain(speed: float) -> float | str:
    return BLOCKED if math.isnan(speed) else speed


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
