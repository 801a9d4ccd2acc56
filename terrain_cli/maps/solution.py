"""The answer to a map scenario: a route to every goal, in how much time, and why there is none where there is none."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import ndimage

from terrain_cli.contract import Route
from terrain_cli.errors import InputError
from terrain_cli.maps.corridor import Corridor, find_corridor
from terrain_cli.maps.fields.arrival import arrival_times, remaining_times
from terrain_cli.maps.ground import Ground
from terrain_cli.maps.isochrones import Isochrone, find_isochrones
from terrain_cli.maps.routes.search import Fields, find_route
from terrain_cli.maps.scenario import MapScenario, find_place_problems
from terrain_cli.strips.solution import plain


@dataclass(frozen=True)
class MapSolution:
    """How a map scenario was solved.

    scenario: what was asked. ground: its cells. status: "converged", or "no route" where a goal cannot be reached; message says
    it in a sentence. routes: one for each goal, None where there is none; reasons: why, for each goal, else "". from_start,
    to_goals: times from the start to the corners of the cells, and from them to each goal, shape (rows + 1, cols + 1), s.
    """

    scenario: MapScenario
    ground: Ground = field(repr=False)
    status: str
    message: str
    routes: tuple[Route | None, ...] = field(repr=False)
    reasons: tuple[str, ...] = field(repr=False)
    from_start: np.ndarray = field(repr=False)
    to_goals: tuple[np.ndarray, ...] = field(repr=False)

    @property
    def route(self) -> Route | None:
        """The route to the first goal."""
        return self.routes[0]

    @property
    def iterations(self) -> int:
        """Of the route to the first goal."""
        return self.routes[0].history[-1].iteration if self.routes[0] else 0

    @property
    def time(self) -> float:
        """Travel time to the first goal, s; inf where no route leads there."""
        return self.routes[0].time if self.routes[0] else np.inf

    @property
    def distance(self) -> float:
        """Length of the route to the first goal, m; inf where there is none."""
        return self.routes[0].distance if self.routes[0] else np.inf

    @property
    def straight_time(self) -> float:
        """Travel time of the straight line to the first goal, s; inf where it is blocked."""
        return self.routes[0].straight_time if self.routes[0] else np.inf

    def find_isochrones(self, levels: Sequence[float]) -> list[Isochrone]:
        """The ground reached from the start within each of these times, s."""
        return find_isochrones(self.ground, self.from_start, self.scenario.start, levels)

    def find_corridor(self, percent: float, index: int = 0) -> Corridor:
        """The cells whose best route through them to a goal is within `percent` of the best. There must be a route."""
        route = self.routes[index]
        if route is None:
            raise ValueError(f"there is no route to {self.scenario.goal_name(index)}")
        return find_corridor(self.ground, self.from_start, self.to_goals[index], route, percent)

    def to_json(self) -> dict[str, Any]:
        """The solution as plain data for `json.dumps`; what is not finite is None."""
        scenario = self.scenario
        document: dict[str, Any] = {
            "version": 1,
            "scenario": scenario.name,
            "file": scenario.file,
            "kind": "map",
            "status": self.status,
            "message": self.message,
            "units": scenario.units.model_dump(),
            "start": list(scenario.start),
        }
        if len(self.routes) == 1:
            facts: dict[str, Any] = plain(_route_facts(self.route))
            return document | {"goal": list(scenario.goals[0])} | facts
        names = [goal.name for goal in scenario.goal]
        found = zip(scenario.goals, names, self.routes, self.reasons, strict=True)
        return document | {
            "routes": [
                {"goal": list(goal), "name": name, "status": "converged" if route else "no route", "message": reason}
                | plain(_route_facts(route))
                for goal, name, route, reason in found
            ]
        }

    def _repr_html_(self) -> str:
        """A small table for notebooks."""
        units = self.scenario.units
        rows = [
            (
                self.scenario.goal_name(i),
                f"{route.time:.6f} {units.time}, {route.distance:.6g} {units.length}" if route else reason,
            )
            for i, (route, reason) in enumerate(zip(self.routes, self.reasons, strict=True))
        ]
        body = "".join(
            f"<tr><th style='text-align:left'>{html.escape(key)}</th>"
            f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
            for key, text in [("status", self.message), *rows]
        )
        return f"<table><caption>{html.escape(self.scenario.name)}</caption>{body}</table>"


def _route_facts(route: Route | None) -> dict[str, Any]:
    if route is None:
        return {"time": None, "distance": None, "route": None, "straight_time": None, "runners_up": [], "history": []}
    return {
        "time": route.time,
        "distance": route.distance,
        "route": route.points,
        "straight_time": route.straight_time,
        "runners_up": [
            {"time": other.time, "distance": other.distance, "route": other.points} for other in route.alternatives
        ],
        "history": [row._asdict() for row in route.history],
    }


def to_ground(scenario: MapScenario) -> Ground:
    """The arrays of a map scenario. Raises InputError where its file cannot be read."""
    rows, legend = scenario.rows, scenario.map.speeds.legend
    if legend is not None:
        codes = np.array(["".join(rows)], dtype=np.str_).view(np.uint32).reshape(len(rows), len(rows[0]))
        meaning = np.full(max(map(ord, legend)) + 1, np.nan)
        meaning[[ord(letter) for letter in legend]] = list(legend.values())
        speeds = meaning[codes]
    else:
        speeds = np.asarray(rows, dtype=np.float64)
    slowness = np.where(np.isnan(speeds), np.inf, 1 / speeds)
    return Ground(slowness, scenario.cell, scenario.corner)


def solve_map(scenario: MapScenario, *, precision: int = 64) -> MapSolution:
    """The fastest route from the start of a map scenario to each of its goals.

    precision: bits of the arrival times, 64 or 32. Raises InputError where the start or a goal lies outside the map or in
    blocked ground.

    Example:

        solution = solve_map(load_scenario("configs/lake.yaml"))
        print(solution.time, solution.route.points)
    """
    problems = [f"{'.'.join(map(str, where))}: {said}" for where, said in find_place_problems(scenario)]
    if problems:
        raise InputError(*problems)
    ground = to_ground(scenario)
    dtype = np.float32 if precision == 32 else np.float64
    from_start = np.asarray(arrival_times(ground, scenario.start, dtype=dtype))
    to_goals = tuple(np.asarray(remaining_times(ground, goal, dtype=dtype)) for goal in scenario.goals)
    routes = tuple(
        find_route(ground, scenario.start, goal, Fields(from_start, to_goal))
        for goal, to_goal in zip(scenario.goals, to_goals, strict=True)
    )
    reasons = tuple("" if route else explain_no_route(scenario, ground, i) for i, route in enumerate(routes))
    status = "converged" if all(routes) else "no route"
    message = _explain(routes, reasons)
    return MapSolution(scenario, ground, status, message, routes, reasons, from_start, to_goals)


def _explain(routes: tuple[Route | None, ...], reasons: tuple[str, ...]) -> str:
    """What came of it, in a sentence."""
    if len(routes) > 1:
        reached = sum(route is not None for route in routes)
        return (
            f"{reached:,} of {len(routes):,} goals reached."
            if reached < len(routes)
            else f"All {reached:,} goals reached."
        )
    if routes[0] is None:
        return f"No route: {reasons[0]}."
    count = max(len(routes[0].history) - 1, 0)
    return f"Converged after {count:,} iteration{'' if count == 1 else 's'}: no small change makes it faster."


def explain_no_route(scenario: MapScenario, ground: Ground, index: int) -> str:
    """Which end is closed in: the one in the smaller region of free cells."""
    regions, _ = ndimage.label(np.isfinite(ground.slowness))
    sizes = np.bincount(regions.ravel())

    def regions_at(point: tuple[float, float]) -> set[int]:
        row, col = ground.to_cells(point)
        rows = {int(np.floor(row)), int(np.ceil(row)) - 1}
        cols = {int(np.floor(col)), int(np.ceil(col)) - 1}
        inside = {int(regions[r, c]) for r in rows for c in cols if 0 <= r < len(regions) and 0 <= c < len(regions[0])}
        return inside - {0}

    at_start, at_goal = regions_at(scenario.start), regions_at(scenario.goals[index])
    start, goal = (int(sum(sizes[region] for region in at)) for at in (at_start, at_goal))
    name = scenario.goal_name(index)
    if at_start & at_goal:
        return f"none was found to {name}, although free ground leads there: smaller cells may help"
    if goal <= start:
        return f"blocked ground closes in {name}: {_cells(goal)} around it, {start:,} around the start"
    return f"blocked ground closes in the start: {_cells(start)} around it, {goal:,} around {name}"


def _cells(number: int) -> str:
    return "1 free cell" if number == 1 else f"{number:,} free cells"
