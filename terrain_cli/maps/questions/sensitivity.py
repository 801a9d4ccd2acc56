"""What the best time depends on: the length of the route in each cell, and its time on ground of each speed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from terrain_cli.contract import Answer, Option, Table
from terrain_cli.text import number, percent

if TYPE_CHECKING:
    from terrain_cli.maps.solution import MapSolution

order = 1
options = (Option("sensitivity", bool, "Show what the best time depends on: the strips, or the ground of a map."),)
ROWS = 12  # speeds in the table; the JSON document has all


def parse(values: Mapping[str, Any]) -> bool | None:
    """True if the question is asked."""
    return values["sensitivity"] or None


class SensitivityAnswer(Answer):
    """The sensitivity of each route."""

    def __init__(self, solution: "MapSolution") -> None:
        from terrain_cli.maps.sensitivity import find_stretches

        self.solution = solution
        self.stretches = [
            find_stretches(solution.scenario, solution.ground, route.points) if route else []
            for route in solution.routes
        ]

    def to_json(self) -> dict[str, Any]:
        """dt/dslowness of each cell, which is the length of the route there, and the part of the route at each speed."""
        from terrain_cli.maps.sensitivity import lengths_by_cell

        parts: list[dict[str, Any]] = []
        for route, stretches in zip(self.solution.routes, self.stretches, strict=True):
            if route is None:
                parts.append({"sensitivity": None})
                continue
            row, col, lengths = (part.tolist() for part in lengths_by_cell(self.solution.ground, route.points))
            speeds = [{key: value for key, value in stretch._asdict().items() if value != ""} for stretch in stretches]
            cells = [list(cell) for cell in zip(row, col, lengths, strict=True)]
            parts.append({"sensitivity": {"cells": cells, "speeds": speeds}})
        return parts[0] if len(parts) == 1 else {"routes": parts}

    def to_tables(self) -> Sequence[Table]:
        """The time of each route on ground of each speed."""
        scenario, tables = self.solution.scenario, []
        units, several = scenario.units, len(self.solution.routes) > 1
        for i, (route, stretches) in enumerate(zip(self.solution.routes, self.stretches, strict=True)):
            if route is None:
                continue
            drawn = any(stretch.letter for stretch in stretches)
            heads = [
                *(["letter"] if drawn else []),
                f"speed ({units.length}/{units.time})",
                f"length ({units.length})",
                f"time ({units.time})",
                "share",
                f"1 % faster saves ({units.time})",
            ]
            rows = [
                [
                    *([stretch.letter] if drawn else []),
                    f"{stretch.speed:.6g}",
                    number(stretch.length),
                    number(stretch.time),
                    percent(stretch.time / route.time),
                    number(stretch.time / 100),
                ]
                for stretch in stretches[:ROWS]
            ]
            where = f" to {scenario.goal_name(i)}" if several else ""
            title = f"What the best time of {scenario.name}{where}, {number(route.time)} {units.time}, depends on:"
            shown = f"{ROWS} of {len(stretches):,} speeds are shown, those that matter most; --json lists all"
            tables.append(Table(title, heads, rows, [("dim", shown)] if len(stretches) > ROWS else []))
        return tables


def answer(solution: "MapSolution", argument: bool) -> SensitivityAnswer:
    """What the time of each route depends on."""
    return SensitivityAnswer(solution)
