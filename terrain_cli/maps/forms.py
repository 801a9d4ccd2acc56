"""The forms of the solution of a map for other programs: the JSON document, the rows of CSV, GeoJSON features."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from terrain_cli.contract import Route
from terrain_cli.files import plain

if TYPE_CHECKING:
    from terrain_cli.maps.solution import MapSolution


def to_json(solution: "MapSolution") -> dict[str, Any]:
    """The solution as plain data for `json.dumps`; None for a number that is not finite."""
    scenario = solution.scenario
    document: dict[str, Any] = {
        "version": 1,
        "scenario": scenario.name,
        "file": scenario.file,
        "kind": "map",
        "status": solution.status,
        "message": solution.message,
        "units": scenario.units.model_dump(),
        "start": list(scenario.start),
    }
    if solution.crs is not None:
        document["crs"] = solution.crs
    if scenario.depart:
        document["depart"] = scenario.depart.isoformat()
    if scenario.via:
        document["via"] = [
            {"at": list(at), "name": point.name} for at, point in zip(scenario.waypoints, scenario.via, strict=True)
        ]
    if len(solution.routes) == 1:
        facts: dict[str, Any] = plain(_describe(solution.route)) | _clock(solution, solution.route)
        return document | {"goal": list(scenario.goals[0])} | facts
    names = [goal.name for goal in scenario.goal]
    found = zip(scenario.goals, names, solution.routes, solution.reasons, strict=True)
    return document | {
        "routes": [
            {"goal": list(goal), "name": name, "status": "converged" if route else "no route", "message": reason}
            | plain(_describe(route))
            | _clock(solution, route)
            for goal, name, route, reason in found
        ]
    }


def to_rows(solution: "MapSolution") -> Iterator[Sequence[object]]:
    """The points of the routes, each with the distance and time from the start and the speed on the leg that ends there.

    The speed is empty at the start, and on a leg without length. With several goals, each row begins with the number of its
    goal, counted from 1. On a map with elevation, the elevation and the mean slope of the leg follow the speed. If the departure
    is known, the time of day comes next. With points on the way, each row ends with the number of the one that it is, counted
    from 1.
    """
    several, via, clock = len(solution.routes) > 1, bool(solution.scenario.via), solution.scenario.depart is not None
    hilly = solution.ground.heights is not None
    more = [*(["elevation", "slope"] if hilly else []), *(["clock"] if clock else []), *(["via"] if via else [])]
    yield [*(["goal"] if several else []), "x", "y", "distance", "time", "speed", *more]
    for i, route in enumerate(solution.routes):
        if route is None:
            continue
        lengths, times = _measure_legs(solution, route)
        distance, time = np.append(0.0, np.cumsum(lengths)), times_along(solution, route)
        legs = zip(lengths.tolist(), times.tolist(), strict=True)
        speeds = ["", *(length / took if took > 0 else "" for length, took in legs)]
        climbed = _climb_along(solution, route)
        passed = dict(zip(find_ends(route), range(1, len(route.legs)), strict=False))
        rows = zip(route.points.tolist(), distance.tolist(), time.tolist(), speeds, strict=True)
        for k, (point, *rest) in enumerate(rows):
            told = [_write_clock(solution, float(time[k]))] if clock else []
            yield [
                *([i + 1] if several else []),
                *point,
                *rest,
                *climbed[k],
                *told,
                *([passed.get(k, "")] if via else []),
            ]


def to_features(solution: "MapSolution") -> list[dict[str, Any]]:
    """The routes and their alternatives as GeoJSON lines, and the points on the way as points."""
    features = []
    for i, at in enumerate(solution.scenario.waypoints):
        named = {"scenario": solution.scenario.name, "name": solution.scenario.via_name(i), "role": "via"}
        point = {"type": "Point", "coordinates": to_spatial(solution, np.array([at]))[0]}
        features.append({"type": "Feature", "properties": named, "geometry": point})
    for i, route in enumerate(solution.routes):
        for rank, line in enumerate([route, *route.alternatives] if route else []):
            properties: dict[str, Any] = {
                "scenario": solution.scenario.name,
                "goal": solution.scenario.goal_name(i),
                "role": "alternative" if rank else "route",
                "time": line.time,
                "distance": line.distance,
                **_clock(solution, line),
            }
            geometry = {"type": "LineString", "coordinates": to_spatial(solution, line.points)}
            features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return features


def to_spatial(solution: "MapSolution", points: np.ndarray) -> list[list[float]]:
    """The points of a route, shape (N, 2), with their elevations if the map has any."""
    if solution.ground.heights is None:
        return [list(map(float, point)) for point in points.tolist()]
    spatial = np.column_stack([points, elevations_along(solution, points)])
    return [list(map(float, point)) for point in spatial]


def elevations_along(solution: "MapSolution", points: np.ndarray) -> np.ndarray:
    """The elevations of the points of a route on a map with elevation, shape (N,), m."""
    from terrain_cli.maps.walking.profile import find_profile

    return find_profile(solution.ground, points).elevation


def _climb_along(solution: "MapSolution", route: Route) -> list[list[object]]:
    """For each point of a route its elevation and the mean slope of the leg that ends there; nothing without elevation."""
    if solution.ground.heights is None:
        return [[] for _ in route.points]
    from terrain_cli.maps.walking.profile import find_profile

    profile = find_profile(solution.ground, route.points)
    return [list(pair) for pair in zip(profile.elevation.tolist(), ["", *profile.mean_slopes.tolist()], strict=True)]


def times_along(solution: "MapSolution", route: Route) -> np.ndarray:
    """The time from the start to each point of a route, shape (N,), s."""
    return np.append(0.0, np.cumsum(_measure_legs(solution, route)[1]))


def _measure_legs(solution: "MapSolution", route: Route) -> tuple[np.ndarray, np.ndarray]:
    """The length (m) and time (s) of each leg of a route, shape (N - 1,) each."""
    from terrain_cli.maps.sensitivity import find_legs

    lengths, slowness = find_legs(solution.ground, route.points)
    return lengths, lengths * slowness


def _clock(solution: "MapSolution", route: Route | None) -> dict[str, str]:
    """When a route arrives, if the scenario says when it departs."""
    clock = _write_clock(solution, route.time) if route else ""
    return {"arrival": clock} if clock else {}


def _write_clock(solution: "MapSolution", time: float) -> str:
    """The time of day after a travel time; "" if it is not known."""
    clock = solution.scenario.clock(time)
    return clock.isoformat(timespec="seconds") if clock else ""


def find_ends(route: Route) -> list[int]:
    """The index of the point at which each leg of a route ends; none without points on the way."""
    return list(np.cumsum([len(leg.points) - 1 for leg in route.legs], dtype=int).tolist())


def _describe(route: Route | None) -> dict[str, Any]:
    """The entries of a route in the JSON document."""
    if route is None:
        return {"time": None, "distance": None, "route": None, "straight_time": None, "runners_up": [], "history": []}
    legs = [{"time": leg.time, "distance": leg.distance, "straight_time": leg.straight_time} for leg in route.legs]
    return {
        "time": route.time,
        "distance": route.distance,
        "route": route.points,
        "straight_time": route.straight_time,
        "runners_up": [
            {"time": other.time, "distance": other.distance, "route": other.points} for other in route.alternatives
        ],
        "history": [row._asdict() for row in route.history],
        **({"legs": legs} if legs else {}),
    }
