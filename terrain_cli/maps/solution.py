"""The solution of a map scenario: a route to each goal, or the reason why there is none."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from terrain_cli.contract import Route
from terrain_cli.errors import InputError, check_count, check_function, check_type
from terrain_cli.geo.grid import Grid
from terrain_cli.maps import forms
from terrain_cli.maps.growth import describe_part, find_larger, part_of, require_whole
from terrain_cli.maps.model import LonLat
from terrain_cli.maps.places import explain_no_route
from terrain_cli.maps.raster import Raster, read_part, read_raster
from terrain_cli.maps.scenario import MapScenario
from terrain_cli.maps.walking.heights import DETAIL, find_walking
from terrain_cli.text import count, duration, html_table

if TYPE_CHECKING:
    from terrain_cli.maps.corridor import Corridor
    from terrain_cli.maps.ground import Ground
    from terrain_cli.maps.isochrones import Isochrone
    from terrain_cli.maps.overlays import Overlay
    from terrain_cli.maps.zones import Zones


SETTLED = (
    1e-3  # the norm of the gradient of a route at rest, relative to its time per metre; rounding errors are smaller
)
GAINED = 1e-5  # of its time: what the last iteration of a walk at rest may have gained


@dataclass(frozen=True)
class MapSolution:
    """The solution of a map scenario.

    scenario: its start and goals as points (x, y). ground: its cells. status: "converged", "iterations" if a route was still
    improving when its rounds were used up, or "no route" if some goal cannot be reached; message: the same in a sentence. routes:
    one for each goal, None if there is none; reasons: for each goal, why there is none, "" if there is one. precision: bits of
    the arrival times, 64 or 32. crs: the coordinate reference system, None for a plain map. zones: the classes of the cells, if
    the map has land cover. remarks: what people should know of how it was read. whole: the cells of the whole map, if only a part
    of it was read.
    """

    scenario: MapScenario
    ground: "Ground"
    status: str
    message: str
    routes: tuple[Route | None, ...]
    reasons: tuple[str, ...]
    precision: int = 64
    crs: str | None = None
    zones: "Zones | None" = None
    remarks: tuple[str, ...] = ()
    overlays: "tuple[Overlay, ...]" = ()
    whole: "Grid | None" = None

    @cached_property
    def from_start(self) -> np.ndarray:
        """The time from the start to each corner of the cells, shape (rows + 1, cols + 1), s; computed when it is asked for."""
        from terrain_cli.maps.fields.arrival import arrival_times, keep

        return keep(arrival_times(self.ground, self.scenario.start), self.precision)

    def to_goal(self, index: int = 0) -> np.ndarray:
        """The time from each corner of the cells to a goal, shape (rows + 1, cols + 1), s; computed when it is asked for."""
        from terrain_cli.maps.fields.arrival import keep, remaining_times

        return keep(remaining_times(self.ground, self.scenario.goals[index]), self.precision)

    @property
    def grid(self) -> Grid:
        """Where the cells lie."""
        (x, y), (rows, cols) = map(float, self.ground.corner), self.ground.slowness.shape
        return Grid((x, y), float(self.ground.cell), rows, cols, self.crs)

    @property
    def route(self) -> Route | None:
        """The route to the first goal."""
        return self.routes[0]

    @property
    def iterations(self) -> int:
        """The number of iterations of the route to the first goal; 0 if there is none."""
        return int(self.routes[0].history[-1].iteration) if self.routes[0] else 0

    @property
    def time(self) -> float:
        """Travel time to the first goal, s; inf if no route leads there."""
        return self.routes[0].time if self.routes[0] else np.inf

    @property
    def distance(self) -> float:
        """Length of the route to the first goal, m; inf if there is none."""
        return self.routes[0].distance if self.routes[0] else np.inf

    @property
    def straight_time(self) -> float:
        """Travel time of the straight line to the first goal, s; inf if it is blocked."""
        return self.routes[0].straight_time if self.routes[0] else np.inf

    def find_isochrones(self, levels: Sequence[float]) -> "list[Isochrone]":
        """The ground reached from the start within each of these times (s). Raises ValueError for one below 0 or not finite."""
        from terrain_cli.maps.isochrones import find_isochrones

        found = find_isochrones(self.ground, self.from_start, self.scenario.start, levels)
        require_whole(self, "isochrones", max(levels, default=0.0), self.from_start)
        return found

    def find_corridor(self, percent: float, index: int = 0) -> "Corridor":
        """The cells through which the best route to a goal is within `percent` of the best of all. index: of the goal.

        All of these routes pass the points on the way. Raises ValueError if there is no such goal or no route to it, and for a
        percentage below 0.
        """
        from terrain_cli.maps.corridor import find_corridor, join_corridors

        check_count(index, "index")
        if index >= len(self.routes):
            raise ValueError(f"index must be that of a goal, counted from 0, of {len(self.routes):,}, got {index}")
        route = self.routes[index]
        if route is None:
            raise ValueError(f"there is no route to {self.scenario.goal_name(index)}")
        if not route.legs:
            remaining = self.to_goal(index)
            require_whole(self, "corridor", route.time * (1 + percent / 100), self.from_start, remaining)
            return find_corridor(self.ground, self.from_start, remaining, route, percent)
        from_stops = [self.from_start, *(there for there, _ in self._by_waypoints)]
        to_stops = [*(here for _, here in self._by_waypoints), self.to_goal(index)]
        fields = list(zip(from_stops, to_stops, strict=True))
        for (there, here), leg in zip(fields, route.legs, strict=True):
            require_whole(self, "corridor", leg.time + route.time * percent / 100, there, here)
        return join_corridors(self.ground, fields, route, percent)

    @cached_property
    def _by_waypoints(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each point on the way: the times from it to each corner of the cells, and from each of them to it, s."""
        from terrain_cli.maps.fields.arrival import arrival_times, keep, remaining_times

        return [
            (
                keep(arrival_times(self.ground, at), self.precision),
                keep(remaining_times(self.ground, at), self.precision),
            )
            for at in self.scenario.waypoints
        ]

    def to_json(self) -> dict[str, Any]:
        """The solution as plain data for `json.dumps`; None for a number that is not finite."""
        return forms.to_json(self)

    def to_rows(self) -> Iterator[Sequence[object]]:
        """The points of the routes, each with the distance and time from the start and the speed on the leg that ends there."""
        return forms.to_rows(self)

    def to_features(self) -> list[dict[str, Any]]:
        """The routes and their alternatives as GeoJSON lines, and the points on the way as points."""
        return forms.to_features(self)

    def __repr__(self) -> str:
        return f"MapSolution({self.scenario.name!r}, {self.status}, time={self.time:.6f} {self.scenario.units.time})"

    def _repr_html_(self) -> str:
        """A small table for notebooks."""
        units = self.scenario.units
        rows = [
            (
                self.scenario.goal_name(i),
                f"{duration(route.time, units.time)}, {route.distance:.6g} {units.length}" if route else reason,
            )
            for i, (route, reason) in enumerate(zip(self.routes, self.reasons, strict=True))
        ]
        return html_table(self.scenario.name, [("status", self.message), *rows])


def read(scenario: MapScenario) -> Raster:
    """The cells of a map scenario, and its places in their coordinates.

    Raises InputError with all problems of its files and places, before JAX is imported.
    """
    return read_raster(scenario)


def to_ground(scenario: MapScenario, speeds: np.ndarray | None = None) -> "Ground":
    """The cells of a map scenario. speeds: of its file, shape (rows, cols), m/s, if they have been read already.

    Raises InputError as `read` does.
    """
    return _to_ground(read_raster(scenario, speeds))


def _to_ground(raster: Raster) -> "Ground":
    from terrain_cli.maps.ground import Ground

    slowness = np.where(np.isnan(raster.speeds), np.inf, 1 / raster.speeds)
    if raster.heights is None or raster.scenario is None:
        return Ground(slowness, raster.cell, raster.corner)
    from terrain_cli.maps.walking.paces import to_pace

    _, pace = to_pace(find_walking(raster.scenario))
    steepest = raster.scenario.map.max_slope or np.inf
    return Ground(slowness, raster.cell, raster.corner, raster.heights, pace, steepest)


def solve(
    scenario: MapScenario,
    ground: "Ground | Raster | None" = None,
    *,
    precision: int = 64,
    watch: Callable[[Any], None] | None = None,
    report: Callable[[str], None] | None = None,
) -> MapSolution:
    """The fastest route from the start of a map scenario to each of its goals, by way of its points `via` in their order.

    ground: its cells, if they have been read already. precision: bits in which arrival times are kept, 64 or 32.
    watch: if there is a single goal, called with each `Round` of its route once that is found. report: called with a few words
    on how far it is, before each goal of several.

    Raises InputError if a file cannot be read, or if the start or a goal is outside the map or in blocked ground.

    Example:

        solution = solve(load_map("configs/lake.yaml"))
        print(solution.time, solution.route.points)
    """
    if precision not in (32, 64):
        raise ValueError(f"precision must be 32 or 64, got {precision!r}")
    check_type(scenario, MapScenario, "scenario", "a MapScenario, as from load_map")
    for name, function in ("watch", watch), ("report", report):
        if function is not None:
            check_function(function, name)
    raster = None
    if ground is None:
        ground = read(scenario)
    if isinstance(ground, Raster):
        raster, ground = ground, _to_ground(ground)
        scenario = raster.scenario or scenario
    elif any(isinstance(at, LonLat) for _, at in scenario.places):
        raise InputError("places in degrees need the map's CRS: call solve(scenario) without a ground")
    detail = raster.detail if raster else scenario.map.detail or DETAIL
    routes = _find_routes(scenario, ground, detail, report)
    while raster and (part := find_larger(raster, routes)):
        if report:
            report(f"reading {part.rows:,} by {part.cols:,} cells")
        raster = read_part(raster, part)
        ground = _to_ground(raster)
        routes = _find_routes(scenario, ground, detail, report)
    if watch and len(routes) == 1 and routes[0]:
        for row in routes[0].history:
            watch(row)
    reasons = tuple("" if route else explain_no_route(scenario, ground, i) for i, route in enumerate(routes))
    hilly = ground.hilly
    settled = all(_is_settled(route, hilly) for route in routes if route)
    status = "no route" if not all(routes) else "converged" if settled else "iterations"
    known = (raster.crs, raster.zones, describe_part(raster), raster.overlays, part_of(raster)) if raster else ()
    return MapSolution(scenario, ground, status, _explain(routes, reasons, hilly), routes, reasons, precision, *known)


def _find_routes(
    scenario: MapScenario, ground: "Ground", detail: int, report: Callable[[str], None] | None
) -> tuple[Route | None, ...]:
    """The route to each goal, None if there is none."""
    from terrain_cli.maps.legs import join_legs
    from terrain_cli.maps.routes.search import find_route

    stops, found = [scenario.start, *scenario.waypoints], []
    first: list[Route | None] = []  # the legs that the routes to all goals have in common
    for i, (a, b) in enumerate(pairwise(stops)):
        if report:
            report(f"point {i + 1:,} of {len(scenario.via):,} on the way")
        first.append(find_route(ground, a, b, detail=detail) if all(first) else None)
    for i, goal in enumerate(scenario.goals):
        if report and len(scenario.goals) > 1:
            report(f"goal {i + 1:,} of {len(scenario.goals):,}")
        legs = [
            leg for leg in (*first, find_route(ground, stops[-1], goal, detail=detail) if all(first) else None) if leg
        ]
        found.append(join_legs(legs) if len(legs) == len(stops) else None)
    return tuple(found)


def _is_settled(route: Route, hilly: bool) -> bool:
    """Whether moving the crossings of a route no longer changes its time, compared with its time per metre.

    On slopes the best route lies on a crease, where the gradient does not vanish: there the last iteration has gained little.
    """
    if route.legs:
        return all(_is_settled(leg, hilly) for leg in route.legs)
    if hilly:
        before, after = route.history[-2:][0].time, route.history[-1].time
        return bool(before - after <= GAINED * after)
    return route.distance == 0 or route.history[-1].gradient_norm <= SETTLED * route.time / route.distance


def _explain(routes: tuple[Route | None, ...], reasons: tuple[str, ...], hilly: bool) -> str:
    """The outcome in a sentence. reasons: why each missing route is missing. hilly: whether slopes change the times."""
    if len(routes) > 1:
        reached = sum(route is not None for route in routes)
        return (
            f"{reached:,} of {len(routes):,} goals reached."
            if reached < len(routes)
            else f"All {reached:,} goals reached."
        )
    if routes[0] is None:
        return f"No route: {reasons[0]}."
    iterations = count(max(len(routes[0].history) - 1, 0), "iteration")
    if not _is_settled(routes[0], hilly):
        return f"Stopped after {iterations}: small changes may still make the route faster."
    if hilly:
        return f"Converged after {iterations}: the last made the route faster by less than {100 * GAINED:g} %."
    return f"Converged after {iterations}: no small change makes the route faster."
