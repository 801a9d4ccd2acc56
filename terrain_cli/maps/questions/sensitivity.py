"""What the best time depends on: the length of the route in each cell, and its time on ground of each speed, class and region."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from terrain_cli.contract import Answer, Option, Table
from terrain_cli.text import number, percent

if TYPE_CHECKING:
    from terrain_cli.contract import Route
    from terrain_cli.maps.sensitivity import Share, Stretch
    from terrain_cli.maps.solution import MapSolution
    from terrain_cli.maps.walking.sensitivity import Dependence

order = 1
options = (Option("sensitivity", bool, "Show what the best time depends on: the strips, or the ground of a map."),)
CORNERS = 5  # whose heights matter most, in the table
ROWS = 12  # speeds or classes in the table; the JSON document has all


def parse(values: Mapping[str, Any]) -> bool | None:
    """True if the question is asked."""
    return values["sensitivity"] or None


class SensitivityAnswer(Answer):
    """The sensitivity of each route."""

    def __init__(self, solution: "MapSolution") -> None:
        from terrain_cli.maps.sensitivity import find_shares, find_stretches

        self.solution = solution
        self.stretches = [
            find_stretches(solution.scenario, solution.ground, route.points) if route else []
            for route in solution.routes
        ]
        named = solution.zones is not None or bool(solution.overlays)
        self.shares = [find_shares(solution, route.points) if route and named else [] for route in solution.routes]
        self.walks: list[Dependence | None] = [None] * len(solution.routes)
        if solution.ground.heights is not None:
            from terrain_cli.maps.walking.sensitivity import find_dependence

            self.walks = [route and find_dependence(solution, route.points) for route in solution.routes]

    def to_json(self) -> dict[str, Any]:
        """dt/dslowness of each cell, the length of the route there, and its parts at each speed, by class and by region.

        For a walk also how the time depends on the walking function, and dt/dheight of each corner of the cells.
        """
        from terrain_cli.maps.sensitivity import lengths_by_cell

        parts: list[dict[str, Any]] = []
        found_parts = zip(self.solution.routes, self.stretches, self.shares, self.walks, strict=True)
        for route, stretches, shares, walk in found_parts:
            if route is None:
                parts.append({"sensitivity": None})
                continue
            row, col, lengths = (part.tolist() for part in lengths_by_cell(self.solution.ground, route.points))
            speeds = [{key: value for key, value in stretch._asdict().items() if value != ""} for stretch in stretches]
            cells = [list(cell) for cell in zip(row, col, lengths, strict=True)]
            found: dict[str, Any] = {"cells": cells, "speeds": speeds}
            if shares:
                found["grounds"] = [
                    {key: value for key, value in share._asdict().items() if value is not None}
                    | {"saves": share.time / 100}
                    for share in shares
                ]
            if walk:
                found["walking"] = [knob._asdict() | {"costs": knob.percent} for knob in walk.knobs]
                found["heights"] = [list(corner) for corner in walk.heights]
            parts.append({"sensitivity": found})
        return parts[0] if len(parts) == 1 else {"routes": parts}

    def to_tables(self) -> Sequence[Table]:
        """The time of each route by class and region; on a map without either, on ground of each speed."""
        scenario, tables = self.solution.scenario, []
        units, several = scenario.units, len(self.solution.routes) > 1
        for i, route in enumerate(self.solution.routes):
            if route is None:
                continue
            where = f" to {scenario.goal_name(i)}" if several else ""
            title = f"What the best time of {scenario.name}{where}, {number(route.time)} {units.time}, depends on:"
            heads = [
                f"speed ({units.length}/{units.time})",
                f"length ({units.length})",
                f"time ({units.time})",
                "share",
                f"1 % faster saves ({units.time})",
            ]
            if self.shares[i]:
                tables.append(_tabulate_shares(title, heads, self.shares[i], route))
            else:
                tables.append(_tabulate_stretches(title, heads, self.stretches[i], route))
            if walk := self.walks[i]:
                tables += self._tabulate_walk(walk)
        return tables

    def _tabulate_walk(self, walk: "Dependence") -> list[Table]:
        """What 1 % more of each number of the walking function costs, and the heights that matter most."""
        (x, y), cell, rows = self.solution.grid.corner, self.solution.grid.cell, self.solution.grid.rows
        time = self.solution.scenario.units.time
        units = {"v0": " (m/s)", "speed": " (m/s)"}
        knobs = [
            [knob.name + units.get(knob.name, ""), f"{knob.value:.6g}", number(knob.percent)] for knob in walk.knobs
        ]
        corners = [
            [f"{x + col * cell:z,.1f}", f"{y + (rows - row) * cell:z,.1f}", number(slope)]
            for row, col, slope in walk.heights[:CORNERS]
        ]
        below = [("dim", f"{len(corners)} of {len(walk.heights):,} corners of cells are shown; --json lists all")]
        return [
            Table("", ["walking function", "value", f"1 % more costs ({time})"], knobs, left=1),
            Table("", ["height at x (m)", "y (m)", f"1 m more costs ({time})"], corners, below),
        ]


def _tabulate_stretches(title: str, heads: list[str], stretches: "Sequence[Stretch]", route: "Route") -> Table:
    drawn = any(stretch.letter for stretch in stretches)
    rows = [
        [*([stretch.letter] if drawn else []), *_tabulate(stretch, f"{stretch.speed:.6g}", route)]
        for stretch in stretches[:ROWS]
    ]
    shown = f"{ROWS} of {len(stretches):,} speeds are shown, those that matter most; --json lists all"
    below = [("dim", shown)] if len(stretches) > ROWS else []
    return Table(title, [*(["letter"] if drawn else []), *heads], rows, below)


def _tabulate_shares(title: str, heads: list[str], shares: "Sequence[Share]", route: "Route") -> Table:
    plain = [share for share in shares if share.factor is None]
    factors = [share for share in shares if share.factor is not None]
    rows = [[share.name, *_tabulate(share, f"{share.speed:.6g}", route)] for share in (*plain[:ROWS], *factors)]
    for row, share in zip(rows[min(len(plain), ROWS) :], factors, strict=True):
        row[1] = f"× {share.factor:g}"
    below = []
    if len(plain) > ROWS:
        shown = f"{ROWS} of {len(plain):,} classes and regions are shown, those that matter most; --json lists all"
        below.append(("dim", shown))
    if factors:
        below.append(("dim", "regions with a factor (×): their part of the route is counted with the ground below too"))
    return Table(title, ["ground", *heads], rows, below, left=1)


def _tabulate(part: "Stretch | Share", speed: str, route: "Route") -> list[str]:
    return [speed, number(part.length), number(part.time), percent(part.time / route.time), number(part.time / 100)]


def answer(solution: "MapSolution", argument: bool) -> SensitivityAnswer:
    """What the time of each route depends on."""
    return SensitivityAnswer(solution)
