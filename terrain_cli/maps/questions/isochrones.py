"""Isochrones: the ground that can be reached from the start within each of several times."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from terrain_cli.contract import Answer, Option, Table
from terrain_cli.errors import InputError
from terrain_cli.files import check_output
from terrain_cli.ranges import parse_times, to_unit
from terrain_cli.text import hours, shorten, write_area

if TYPE_CHECKING:
    from terrain_cli.maps.isochrones import Isochrone
    from terrain_cli.maps.solution import MapSolution

LEVELS = 1000  # times, each of which has its polygons in memory

order = 3
options = (
    Option(
        "isochrones",
        str,
        "Show the ground reached within these times: START:STOP:COUNT or a comma list; 90min and 1h30 are times too.",
        "TIMES",
    ),
    Option("isochrones_output", Path, "Also write the isochrones to this .geojson file.", "FILE"),
)


class Asked(NamedTuple):
    """What is asked. levels: times, those with a unit as `Seconds`. output: the file to write the isochrones to, if any."""

    levels: Sequence[float]
    output: Path | None


def parse(values: Mapping[str, Any]) -> Asked | None:
    """The times and the file; None if the question is not asked. Raises InputError."""
    text, output = values["isochrones"], values["isochrones_output"]
    given = [] if text is None else parse_times(text, "--isochrones")
    if len(given) > LEVELS:
        raise InputError(
            f"--isochrones: must be at most {LEVELS:,} times, got {len(given):,}: ask for some of them at a time"
        )
    levels = list(given)
    if not all(0 <= level < math.inf for level in levels):
        raise InputError(f"--isochrones: must be times of 0 or more, got {shorten(str(text))}")
    if output:
        check_output(output, (".geojson", ".json"), "--isochrones-output")
        if not levels:
            raise InputError("--isochrones-output: needs --isochrones, such as --isochrones 10,20,30")
    return Asked(levels, output) if levels else None


class IsochronesAnswer(Answer):
    """The ground reached within each time."""

    def __init__(self, solution: "MapSolution", asked: Asked, isochrones: "list[Isochrone]") -> None:
        self.solution, self.asked, self.isochrones = solution, asked, isochrones

    def to_json(self) -> dict[str, Any]:
        return {
            "isochrones": [
                {"time": isochrone.level, "area": isochrone.area, **self._clock(isochrone), **isochrone.to_geometry()}
                for isochrone in self.isochrones
            ]
        }

    def _clock(self, isochrone: "Isochrone") -> dict[str, str]:
        """The time of day of an isochrone, if the scenario says when to depart."""
        clock = self.solution.scenario.clock(isochrone.level)
        return {"until": clock.isoformat(timespec="seconds")} if clock else {}

    def to_tables(self) -> Sequence[Table]:
        """The size of the ground reached within each time."""
        units, scenario = self.solution.scenario.units, self.solution.scenario
        long = any(hours(isochrone.level, units.time) for isochrone in self.isochrones)
        clocks = [scenario.clock(isochrone.level) for isochrone in self.isochrones]
        rows = [
            [
                f"{isochrone.level:g}",
                *([hours(isochrone.level, units.time)] if long else []),
                *([f"{clock:%Y-%m-%d %H:%M}" if clock else ""] if scenario.depart else []),
                write_area(isochrone.area),
                f"{len(isochrone.polygons):,}",
                f"{sum(len(polygon) - 1 for polygon in isochrone.polygons):,}",
            ]
            for isochrone, clock in zip(self.isochrones, clocks, strict=True)
        ]
        title = f"Ground reached from the start of {self.solution.scenario.name}:"
        more = [*(["h:mm"] if long else []), *(["until"] if scenario.depart else [])]
        heads = (f"within ({units.time})", *more, f"area ({units.length}²)", "parts", "holes")
        return [Table(title, heads=heads, rows=rows)]

    def to_features(self) -> list[dict[str, Any]]:
        """Each isochrone as an area, told apart from other features by its role."""
        return self._to_features(role="isochrone")

    def _to_features(self, **properties: str) -> list[dict[str, Any]]:
        return [
            {
                "type": "Feature",
                "properties": {
                    "scenario": self.solution.scenario.name,
                    "time": isochrone.level,
                    "area": isochrone.area,
                    **self._clock(isochrone),
                    **properties,
                },
                "geometry": isochrone.to_geometry(),
            }
            for isochrone in self.isochrones
        ]

    def to_files(self) -> Mapping[Path, Any]:
        if self.asked.output is None:
            return {}
        from terrain_cli.maps.exports import make_geojson

        return {self.asked.output: make_geojson(self._to_features(), self.solution.crs)}


def answer(solution: "MapSolution", argument: Asked) -> IsochronesAnswer:
    """The ground reached from the start within each of the times in `argument`."""
    levels = [to_unit(level, solution.scenario.units.time, "--isochrones") for level in argument.levels]
    return IsochronesAnswer(solution, argument, solution.find_isochrones(levels))
