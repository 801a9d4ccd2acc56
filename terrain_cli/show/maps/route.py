"""Routes across a map in the terminal: how the best was refined, what it takes beside the straight line, and the runners-up."""

import math
from collections.abc import Sequence

import numpy as np
from rich.table import Table
from rich.text import Text

from terrain_cli.contract import Route
from terrain_cli.maps.corridor import Corridor
from terrain_cli.maps.isochrones import Isochrone
from terrain_cli.maps.scenario import MapScenario
from terrain_cli.maps.sensitivity import find_stretches
from terrain_cli.maps.solution import MapSolution, to_ground
from terrain_cli.show.console import out
from terrain_cli.text import number, percent, visible

STYLE = {"converged": "green", "no route": "bold red"}
ROWS = 12  # speeds that are listed; --json has all


def print_map_title(scenario: MapScenario) -> None:
    """What is being solved: how many cells, of what size, how fast."""
    slowness = np.asarray(to_ground(scenario).slowness)
    rows, cols = slowness.shape
    units = scenario.units
    free = slowness[np.isfinite(slowness)]
    low, high = 1 / free.max(), 1 / free.min()
    speeds = f"speed {low:g}" if low == high else f"speeds {low:g} to {high:g}"
    blocked = slowness.size - free.size
    walls = f", {blocked:,} blocked" if blocked else ""
    text = (
        f": {rows:,} by {cols:,} cells of {scenario.cell:g} {units.length}{walls}, {speeds} {units.length}/{units.time}"
    )
    out.print(Text.assemble((visible(scenario.name), "bold"), visible(text)))
    if scenario.description:
        out.print(Text(visible(scenario.description.strip(), keep="\n"), style="dim"))


def print_rounds(route: Route, scenario: MapScenario) -> None:
    """A row for each iteration of the route."""
    out.print(
        Text(f"{'iteration':>9}{'crossings':>14}{f'time ({scenario.units.time})':>15}{'gradient':>15}", style="bold")
    )
    for row in route.history:
        text = f"{row.iteration:>9}{row.crossings:>14,}{number(row.time):>15}{row.gradient_norm:>15.3e}"
        out.print(Text(text, style=STYLE["converged"] if row is route.history[-1] else ""))


def print_map_summary(solution: MapSolution) -> None:
    """The verdict, and each route beside its straight line; the runners-up where there is one goal."""
    out.print(Text(visible(solution.message), style=STYLE[solution.status]))
    if len(solution.routes) > 1:
        _print_goals(solution)
        return
    route, units = solution.route, solution.scenario.units
    if route is None:
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(style="dim")
    table.add_row("time", Text(f"{number(route.time)} {units.time}"), "")
    table.add_row("distance", Text(f"{number(route.distance)} {units.length}"), "")
    straight = f"{number(route.straight_time)} {units.time}" if math.isfinite(route.straight_time) else "blocked"
    table.add_row("straight line", Text(straight), Text(saved(route, units.time)))
    for i, other in enumerate(route.alternatives):
        slower = f"{percent(other.time / route.time - 1)} slower, {number(other.distance)} {units.length}"
        table.add_row(f"runner-up {i + 1}", Text(f"{number(other.time)} {units.time}"), Text(slower))
    out.print(table)


def saved(route: Route, unit: str) -> str:
    """What the route saves against the straight line."""
    if not math.isfinite(route.straight_time):
        return ""
    gain = route.straight_time - route.time
    if abs(gain) < 1e-9 * route.straight_time:
        return "nothing to save"
    return f"{number(gain)} {unit} ({percent(gain / route.straight_time)}) saved"


def _print_goals(solution: MapSolution) -> None:
    units = solution.scenario.units
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("goal")
    for head in (f"time ({units.time})", f"distance ({units.length})", f"straight line ({units.time})", "saved"):
        table.add_column(Text(head), justify="right")
    for i, route in enumerate(solution.routes):
        name = Text(visible(solution.scenario.goal_name(i)))
        if route is None:
            table.add_row(name, Text("no route", style=STYLE["no route"]))
        elif math.isfinite(route.straight_time):
            share = percent(max(1 - route.time / route.straight_time, 0.0))
            table.add_row(name, number(route.time), number(route.distance), number(route.straight_time), share)
        else:
            table.add_row(name, number(route.time), number(route.distance), "blocked", "")
    out.print(table)
    for reason in filter(None, solution.reasons):
        out.print(Text(visible(reason), style="dim"))


def print_stretches(solution: MapSolution, index: int) -> None:
    """What the time of a route is spent on, speed by speed."""
    scenario, route = solution.scenario, solution.routes[index]
    assert route
    units = scenario.units
    stretches = find_stretches(scenario, solution.ground, route.points)
    drawn = any(stretch.letter for stretch in stretches)
    where = f" to {scenario.goal_name(index)}" if len(solution.routes) > 1 else ""
    title = f"What the best time of {scenario.name}{where}, {number(route.time)} {units.time}, depends on:"
    out.print(Text(visible(title), style="bold"))
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for head in (
        *(["letter"] if drawn else []),
        f"speed ({units.length}/{units.time})",
        f"length ({units.length})",
        f"time ({units.time})",
        "share",
        f"1 % faster saves ({units.time})",
    ):
        table.add_column(Text(head), justify="right")
    for stretch in stretches[:ROWS]:
        table.add_row(
            *([Text(stretch.letter)] if drawn else []),
            f"{stretch.speed:.6g}",
            number(stretch.length),
            number(stretch.time),
            percent(stretch.time / route.time),
            number(stretch.time / 100),
        )
    out.print(table)
    if len(stretches) > ROWS:
        out.print(
            Text(f"{ROWS} of {len(stretches):,} speeds shown, those that matter most; --json has all", style="dim")
        )


def print_corridor(solution: MapSolution, index: int, corridor: Corridor) -> None:
    """How much ground lies on good routes, and how far that can be trusted."""
    units = solution.scenario.units
    free = int(np.isfinite(solution.ground.slowness).sum())
    where = f" to {solution.scenario.goal_name(index)}" if len(solution.routes) > 1 else ""
    cells = "1 cell" if corridor.count == 1 else f"{corridor.count:,} cells"
    out.print(
        Text(
            visible(
                f"corridor of {corridor.percent:g} %{where}: {cells}, {corridor.area:,.6g} {units.length}², "
                f"{percent(corridor.count / free)} of the free ground"
            )
        )
    )
    if corridor.error > 0:
        out.print(
            Text(f"its border is uncertain by {percent(corridor.error)}, the error of the arrival times", style="dim")
        )


def print_isochrones(scenario: MapScenario, isochrones: Sequence[Isochrone]) -> None:
    """How much ground is reached within each time."""
    units = scenario.units
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for head in (f"within ({units.time})", f"area ({units.length}²)", "parts", "holes"):
        table.add_column(Text(head), justify="right")
    for isochrone in isochrones:
        holes = sum(len(polygon) - 1 for polygon in isochrone.polygons)
        table.add_row(f"{isochrone.level:g}", f"{isochrone.area:,.6g}", f"{len(isochrone.polygons):,}", f"{holes:,}")
    out.print(table)
