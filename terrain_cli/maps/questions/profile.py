"""The profile of a walk: its elevation over the distance, and its time table."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from terrain_cli.contract import Answer, Option, Plot, Table
from terrain_cli.errors import InputError
from terrain_cli.text import UNITS

if TYPE_CHECKING:
    from terrain_cli.maps.solution import MapSolution
    from terrain_cli.maps.walking.profile import Extent, Row

SAMPLES = 400  # points of the plot in the terminal, beside those of the route
MOST = 10_000  # rows of a time table
COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")

order = 0
options = (
    Option("profile", bool, "On a map with elevation, show the profile of each route and its time table."),
    Option("profile_step", float, "With --profile, a row of the time table after each so many metres.", "METRES"),
    Option("climb_threshold", float, "With --profile, leave smaller rises and falls out of the ascent.", "METRES"),
)


class Asked(NamedTuple):
    """How it is asked. step: between rows of the time table, m; None for one that suits the route. threshold: m, or None."""

    step: float | None = None
    threshold: float | None = None


def parse(values: Mapping[str, Any]) -> Asked | None:
    """The numbers; None if the question is not asked. Raises InputError."""
    step, threshold = values["profile_step"], values["climb_threshold"]
    if step is not None and not 0 < step < math.inf:
        raise InputError(f"--profile-step: must be a distance of more than 0 m, got {step:g}")
    if threshold is not None and not 0 <= threshold < math.inf:
        raise InputError(f"--climb-threshold: must be 0 m or more, got {threshold:g}")
    for name, value in (("--profile-step", step), ("--climb-threshold", threshold)):
        if value is not None and not values["profile"]:
            raise InputError(f"{name}: needs --profile")
    return Asked(step, threshold) if values["profile"] else None


class ProfileAnswer(Answer):
    """The profile of each route; None for a goal without a route."""

    def __init__(self, solution: "MapSolution", asked: Asked) -> None:
        from terrain_cli.maps.walking.profile import find_extent, find_profile

        self.solution, self.step, self.threshold = solution, *asked
        ground = solution.ground
        self.profiles = [route and find_profile(ground, route.points) for route in solution.routes]
        self.extents = [route and find_extent(ground, route.points, self.threshold) for route in solution.routes]
        self.tables = [self._find_rows(i) for i in range(len(solution.routes))]

    def _find_rows(self, index: int) -> "list[tuple[Row, float | None]]":
        """The rows of the time table to a goal, each with the bearing to the next in degrees."""
        from terrain_cli.maps.forms import find_ends
        from terrain_cli.maps.walking.profile import find_bearings, find_rows

        route, scenario = self.solution.routes[index], self.solution.scenario
        if route is None:
            return []
        if self.step and route.distance / self.step > MOST:
            least = f"{route.distance / MOST:.3g}"
            raise InputError(f"--profile-step: gives more than {MOST:,} rows: ask for at least {least} m")
        between = [("via", scenario.via_name(i), end) for i, end in enumerate(find_ends(route)[:-1])]
        end = ("goal", scenario.goal_name(index), len(route.points) - 1)
        stops = [("start", "start", 0), *between, end]
        rows = find_rows(self.solution.ground, route.points, stops, self.step, self.threshold)
        return list(zip(rows, find_bearings(rows, self.solution.crs), strict=True))

    def to_json(self) -> dict[str, Any]:
        """`profile`, at the points of the route, and `timetable`, its rows."""
        parts: list[dict[str, Any]] = []
        for profile, extent, table in zip(self.profiles, self.extents, self.tables, strict=True):
            if profile is None or extent is None:
                parts.append({"profile": None, "timetable": []})
                continue
            arrays = {
                "distance": profile.distance.tolist(),
                "elevation": profile.elevation.tolist(),
                "slope": [None, *profile.mean_slopes.tolist()],
                "time": profile.time.tolist(),
            }
            rows = [
                row._asdict() | {"at": list(row.at), "bearing": bearing} | self._clock(row) for row, bearing in table
            ]
            parts.append({"profile": extent._asdict() | arrays, "timetable": rows})
        return parts[0] if len(parts) == 1 else {"routes": parts}

    def _clock(self, row: "Row") -> dict[str, str]:
        """The time of day, if the scenario says when to depart."""
        clock = self.solution.scenario.clock(row.time)
        return {"clock": clock.isoformat(timespec="seconds")} if clock else {}

    def to_plots(self) -> Sequence[Plot]:
        """The elevation of each route over its distance."""
        import numpy as np

        from terrain_cli.maps.walking.profile import add_points, find_profile

        plots = []
        for route, table in zip(self.solution.routes, self.tables, strict=True):
            if route is None or not route.distance:
                continue
            samples = np.linspace(0, route.distance, SAMPLES)[1:-1].tolist()
            drawn = find_profile(self.solution.ground, add_points(self.solution.ground, route.points, samples)[0])
            marks = [(row.distance, row.name) for row, _ in table if row.name]
            where = f" of the route to {table[-1][0].name}" if len(self.tables) > 1 else ""
            plots.append(
                Plot(f"elevation (m){where}", drawn.distance, drawn.elevation, marks, "distance from the start (m)")
            )
        return plots

    def to_tables(self) -> Sequence[Table]:
        """The time table of each route, and how far up and down it goes."""
        scenario, tables = self.solution.scenario, []
        for extent, table in zip(self.extents, self.tables, strict=True):
            if extent is None:
                continue
            seconds = UNITS[scenario.units.time]
            long = table[-1][0].time * seconds >= 3600
            time = "h:mm:ss" if long else "min:s"
            clocks = ["clock"] if scenario.depart else []
            heads = ["place", "distance (m)", "elevation (m)", "ascent (m)", "descent (m)", f"time ({time})", *clocks]
            rows = [
                [
                    row.name or name_mark(row.distance),
                    *(f"{part:z,.0f}" for part in (row.distance, row.elevation, row.ascent, row.descent)),
                    write_time(row.time * seconds, long),
                    *([self._write_clock(row)] if clocks else []),
                    "" if bearing is None else f"{bearing % 360:03.0f}° {COMPASS[round(bearing / 45) % 8]}",
                ]
                for row, bearing in table
            ]
            where = f", to {table[-1][0].name}" if len(self.tables) > 1 else ""
            title = f"Time table of {scenario.name}{where}:"
            tables.append(
                Table(title, [*heads, "bearing"], rows, [("", describe(extent)), ("dim", explain(extent))], 1)
            )
        return tables

    def _write_clock(self, row: "Row") -> str:
        """The time of day, with the date if it is not that of the departure."""
        depart, clock = self.solution.scenario.depart, self.solution.scenario.clock(row.time)
        if depart is None or clock is None:
            return ""
        return f"{clock:%H:%M}" if clock.date() == depart.date() else f"{clock:%Y-%m-%d %H:%M}"


def name_mark(distance: float) -> str:
    """A mark after this distance, m: 300 m, 2 km."""
    return f"{distance / 1000:.10g} km" if distance >= 1000 else f"{distance:.10g} m"


def write_time(seconds: float, long: bool) -> str:
    """A time as h:mm:ss, or as minutes and seconds."""
    whole = round(seconds)
    if long:
        return f"{whole // 3600:,}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{whole // 60}:{whole % 60:02}"


def describe(extent: "Extent") -> str:
    """How far up and down a route goes, in a line."""
    return (
        f"ascent {extent.ascent:,.0f} m, descent {extent.descent:,.0f} m; highest point {extent.highest:z,.0f} m, after "
        f"{extent.summit:,.0f} m, lowest {extent.lowest:z,.0f} m; steepest up {100 * extent.steepest_up:.0f} %, down "
        f"{-100 * extent.steepest_down:z.0f} %"
    )


def explain(extent: "Extent") -> str:
    """What is counted as ascent, in a line."""
    if extent.threshold == 0:
        return "every rise and fall of the surface counts (--climb-threshold 0)"
    return f"rises and falls of less than {extent.threshold:g} m between larger ones do not count (--climb-threshold)"


def answer(solution: "MapSolution", argument: Asked) -> ProfileAnswer:
    """The profile of each route. Raises InputError if the map has no elevation."""
    return ProfileAnswer(solution, argument)
