"""What `terrain check` records of a map scenario: what went in, and what each route came to."""

import hashlib
import math
from collections.abc import Iterator
from typing import Any

from terrain_cli.maps.scenario import BLOCKED, MapScenario


def make_inputs(scenario: MapScenario) -> dict[str, Any]:
    """What went into a map scenario, as plain data; of an array in a file its shape and a checksum."""
    speeds = scenario.map.speeds
    if speeds.drawing is not None and speeds.legend is not None:
        legend = {letter: _plain(speed) for letter, speed in speeds.legend.items()}
        ground: dict[str, Any] = {"drawing": scenario.rows, "legend": legend}
    elif speeds.grid is not None:
        ground = {"grid": [[_plain(speed) for speed in row] for row in speeds.grid]}
    else:
        array = scenario.array
        ground = {"shape": list(array.shape), "sha256": hashlib.sha256(array.astype("<f8").tobytes()).hexdigest()}
    return {
        "map": {"cell": scenario.cell, "corner": list(scenario.corner), "speeds": ground},
        "start": list(scenario.start),
        "goals": [list(goal) for goal in scenario.goals],
    }


def make_result(scenario: MapScenario) -> dict[str, Any]:
    """What came out: time and distance of the route to each goal, None where there is none."""
    from terrain_cli.maps.solution import solve_map

    solution = solve_map(scenario)
    routes = [{"time": route and route.time, "distance": route and route.distance} for route in solution.routes]
    return {"status": solution.status, "routes": routes}


def is_result(result: dict[str, Any]) -> bool:
    """Whether this is the result of a map."""
    routes = result.get("routes")
    return isinstance(routes, list) and all(
        isinstance(route, dict) and all(_is_number(route.get(key, "")) for key in ("time", "distance"))
        for route in routes
    )


def find_moved(old: dict[str, Any], new: dict[str, Any], tolerance: float) -> Iterator[tuple[str, Any, Any]]:
    """(name, before, now) of what moved. At its best a time changes with the square of what the route does, so that a distance
    may move by the root of the tolerance."""
    if old["status"] != new["status"]:
        yield "status", old["status"], new["status"]
    for i, (before, now) in enumerate(zip(old["routes"], new["routes"], strict=False)):
        for key, slack in (("time", tolerance), ("distance", math.sqrt(tolerance))):
            a, b = before[key], now[key]
            same = a == b if a is None or b is None else abs(a - b) <= slack * abs(b)
            if not same:
                yield f"routes[{i}].{key}", a, b


def _plain(speed: float) -> float | str:
    return BLOCKED if math.isnan(speed) else speed


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
