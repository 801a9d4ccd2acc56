"""Routes across a map in the terminal: the refinement of the best one, its time beside the straight line's, and alternatives."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.text import Text

from terrain_cli.maps.raster import Raster
from terrain_cli.maps.routes.search import Round
from terrain_cli.maps.scenario import MapScenario
from terrain_cli.maps.solution import MapSolution
from terrain_cli.maps.walking.profile import find_extent
from terrain_cli.show.console import current, out, say
from terrain_cli.show.tables import STYLES, describe_saving, new_summary, new_table, show
from terrain_cli.text import duration, hours, number, percent, visible


class Watch:
    """Prints the title, then a row for each iteration of the refinement if there is only one goal."""

    def __init__(self, scenario: MapScenario, ground: Raster, options: Mapping[str, Any]) -> None:
        current().clear()
        print_title(scenario, ground)
        self.scenario = scenario
        self.rows: list[Round] = []

    def add(self, row: Round) -> None:
        self.rows.append(row)

    def close(self) -> None:
        """Print the rows, all at the end of the search."""
        current().clear()
        time = f"time ({self.scenario.units.time})"
        rows = [("iteration", "crossings", time, "gradient")] if self.rows else []
        for row in self.rows:
            rows.append((f"{row.iteration}", f"{row.crossings:,}", number(row.time), f"{row.gradient_norm:.3e}"))
        for i, (iteration, crossings, time, gradient) in enumerate(rows):
            last = f"{gradient:>15}" if out.width >= 9 + 14 + 2 * 15 else ""
            style = "bold" if i == 0 else STYLES["converged"] if i == len(rows) - 1 else ""
            out.print(Text(f"{iteration:>9}{crossings:>14}{time:>15}{last}", style=style))


def print_title(scenario: MapScenario, ground: Raster) -> None:
    """Print the name, the number and size of the cells, and the speeds."""
    rows, cols = ground.speeds.shape
    units = scenario.units
    free = ground.speeds[~np.isnan(ground.speeds)]
    low, high = free.min(), free.max()
    speeds = f"speed {low:g}" if low == high else f"speeds {low:g} to {high:g}"
    blocked = ground.speeds.size - free.size
    walls = f", {blocked:,} blocked" if blocked else ""
    whole = ground.survey.grid if ground.survey else ground.grid
    of = "" if whole == ground.grid else f" of {whole.rows:,} by {whole.cols:,}"
    cells = f"{rows:,} by {cols:,}{of} cells of {ground.cell:g} {units.length}"
    text = f": {cells}{walls}, {speeds} {units.length}/{units.time}"
    say(Text.assemble((visible(scenario.name), "bold"), visible(text)))
    if scenario.description:
        say(Text(visible(scenario.description.strip(), keep="\n"), style="dim"))


def print_summary(solution: MapSolution, options: Mapping[str, Any]) -> None:
    """Print the outcome and each route beside its straight line; the alternatives too if there is only one goal."""
    say(Text(visible(solution.message), style=STYLES[solution.status]))
    if len(solution.routes) > 1:
        _print_goals(solution, options)
        return
    route, units = solution.route, solution.scenario.units
    if route is None:
        return
    table = new_summary()
    table.add_row("time", Text(duration(route.time, units.time)), "")
    scenario = solution.scenario
    if arrival := scenario.clock(route.time):
        table.add_row("arrival", Text(f"{arrival:%Y-%m-%d %H:%M}"), Text(f"departure {scenario.depart:%Y-%m-%d %H:%M}"))
    table.add_row("distance", Text(f"{number(route.distance)} {units.length}"), "")
    if solution.ground.heights is not None:
        extent = find_extent(solution.ground, route.points, options.get("climb_threshold"))
        table.add_row(
            "ascent",
            Text(f"{extent.ascent:,.0f} m"),
            f"in climbs of {extent.threshold:g} m or more" if extent.threshold else "in climbs of any size",
        )
        table.add_row("descent", Text(f"{extent.descent:,.0f} m"), "")
        table.add_row("highest point", Text(f"{extent.highest:z,.0f} m"), f"after {extent.summit:,.0f} m")
    for i, leg in enumerate(route.legs):
        end = scenario.via_name(i) if i < len(scenario.via) else scenario.goal_name(0)
        length = Text(f"{number(leg.distance)} {units.length}")
        table.add_row(Text(visible(f"to {end}")), Text(duration(leg.time, units.time)), length)
    straight = duration(route.straight_time, units.time) if math.isfinite(route.straight_time) else "blocked"
    table.add_row(
        "straight lines" if route.legs else "straight line",
        Text(straight),
        Text(describe_saving(route.time, route.straight_time, units.time)),
    )
    for i, other in enumerate(route.alternatives):
        slower = f"{percent(other.time / route.time - 1)} slower, {number(other.distance)} {units.length}"
        table.add_row(f"runner-up {i + 1}", Text(duration(other.time, units.time)), Text(slower))
    show(table)


def describe(solution: MapSolution) -> tuple[str, str]:
    """The method and the gap for an overview of several solutions: a map has neither."""
    return "map", ""


def _print_goals(solution: MapSolution, options: Mapping[str, Any]) -> None:
    """Print a row for each goal."""
    units = solution.scenario.units
    scenario, times = solution.scenario, [route.time for route in solution.routes if route]
    long = any(hours(time, units.time) for time in times)
    more = [*(["h:mm"] if long else []), *(["arrival"] if scenario.depart else [])]
    hilly = solution.ground.heights is not None
    climbs = ["ascent (m)", "descent (m)"] if hilly else []
    heads = (
        f"time ({units.time})",
        *more,
        f"distance ({units.length})",
        *climbs,
        f"straight line ({units.time})",
        "saved",
    )
    table = new_table(("goal", *heads), left=1)
    for i, route in enumerate(solution.routes):
        name = Text(visible(scenario.goal_name(i)))
        if route is None:
            table.add_row(name, Text("no route", style=STYLES["no route"]))
            continue
        arrival = scenario.clock(route.time)
        shown = [hours(route.time, units.time)] if long else []
        shown += [f"{arrival:%Y-%m-%d %H:%M}" if arrival else ""] if scenario.depart else []
        if math.isfinite(route.straight_time):
            share = percent(max(1 - route.time / route.straight_time, 0.0) if route.straight_time else 0.0)
            straight = number(route.straight_time), share
        else:
            straight = "blocked", ""
        climbed: list[str] = []
        if hilly:
            extent = find_extent(solution.ground, route.points, options.get("climb_threshold"))
            climbed = [f"{extent.ascent:,.0f}", f"{extent.descent:,.0f}"]
        table.add_row(name, number(route.time), *shown, number(route.distance), *climbed, *straight)
    show(table)
    for reason in filter(None, solution.reasons):
        say(Text(visible(reason), style="dim"))
