"""The corridor of each route: the cells through which a route passes that is not much slower than the best."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from terrain_cli.contract import Answer, Option, Table
from terrain_cli.errors import InputError
from terrain_cli.text import count, percent, write_area

if TYPE_CHECKING:
    from terrain_cli.maps.corridor import Corridor
    from terrain_cli.maps.solution import MapSolution

order = 2
options = (
    Option(
        "corridor",
        float,
        "Show the cells of all routes that are at most this percentage slower than the best.",
        "PERCENT",
    ),
)


def parse(values: Mapping[str, Any]) -> float | None:
    """The percentage; None if the question is not asked. Raises InputError."""
    percentage: float | None = values["corridor"]
    if percentage is not None and not 0 <= percentage < math.inf:
        raise InputError(f"--corridor: must be a percentage of 0 or more, got {percentage:g}")
    return percentage


class CorridorAnswer(Answer):
    """The corridor to each goal; None for a goal without a route."""

    def __init__(self, solution: "MapSolution", corridors: "list[Corridor | None]") -> None:
        self.solution, self.corridors = solution, corridors

    def to_json(self) -> dict[str, Any]:
        parts = [{"corridor": corridor and corridor.to_json()} for corridor in self.corridors]
        return parts[0] if len(parts) == 1 else {"routes": parts}

    def to_tables(self) -> Sequence[Table]:
        """The size of each corridor, and the uncertainty of its border."""
        import numpy as np

        scenario, tables = self.solution.scenario, []
        free = int(np.isfinite(self.solution.ground.slowness).sum())
        for i, corridor in enumerate(self.corridors):
            if corridor is None:
                continue
            where = f" to {scenario.goal_name(i)}" if len(self.corridors) > 1 else ""
            title = f"Corridor of the route of {scenario.name}{where}:"
            area = f"{write_area(corridor.area)} {scenario.units.length}², {percent(corridor.count / free)} of the free ground"
            below = [("", f"corridor of {corridor.percent:g} %: {count(corridor.count, 'cell')}, {area}")]
            if math.isinf(corridor.error):
                below.append(
                    ("dim", "its border is unknown: the arrival times know no way through some cells of the route")
                )
            elif corridor.error > 0:
                below.append(
                    ("dim", f"its border is uncertain by about {percent(corridor.error)}, estimated on the route")
                )
            tables.append(Table(title, below=below))
        return tables

    def to_features(self) -> list[dict[str, Any]]:
        """Each corridor as an area."""
        return [
            {
                "type": "Feature",
                "properties": {
                    "scenario": self.solution.scenario.name,
                    "goal": self.solution.scenario.goal_name(i),
                    "role": "corridor",
                    "percent": corridor.percent,
                    "area": corridor.area,
                },
                "geometry": corridor.to_geometry(self.solution.ground),
            }
            for i, corridor in enumerate(self.corridors)
            if corridor is not None
        ]


def answer(solution: "MapSolution", argument: float) -> CorridorAnswer:
    """The corridor of each route. argument: how much slower than the best a route may be, in percent."""
    corridors = [solution.find_corridor(argument, i) if route else None for i, route in enumerate(solution.routes)]
    return CorridorAnswer(solution, corridors)
