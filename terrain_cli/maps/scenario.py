"""A map scenario as the user wrote it, validated: a raster of speeds, a start and goals. It opens no files (raster.py does).

Positions are (x, y), x to the east and y to the north, in the scenario's unit of length. Rows and columns are counted from 0;
row 0 is the north edge. NaN means blocked ground. This module imports neither JAX nor NumPy.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from terrain_cli.scenario.document import Node
from terrain_cli.scenario.model import Model, Place, Problem, ScenarioModel, Units
from terrain_cli.scenario.values import Moment, Number, Positive, Text, fail, to_positive, to_text
from terrain_cli.text import UNITS, nearest, quote

BLOCKED = "blocked"
FORMS = ("grid", "drawing", "file")
GOALS = 1000  # of a map; the time from everywhere to each of them is kept


def _speed(value: object) -> float:
    if value == BLOCKED or (isinstance(value, float) and math.isnan(value)):
        return math.nan
    if isinstance(value, str):
        near = nearest(value.lower(), [BLOCKED])
        raise fail("must be a number or the word blocked" + (f" (did you mean {near}?)" if near else ""))
    try:
        return to_positive(value)
    except PydanticCustomError as problem:
        hint = ", or the word blocked" if "greater than 0" in problem.message() else ""
        raise fail(problem.message() + hint) from None


def _point(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise fail("must be a point [x, y], such as [2.5, 1.5]")
    return value


def _goal(value: object) -> object:
    return value if isinstance(value, dict) else {"at": value}


def _goals(value: object) -> object:
    """The goals as a list of mappings, although a single one may be written without the list."""
    if _is_one_goal(value):
        value = [value]
    if not isinstance(value, list | tuple):
        raise fail("must be a point [x, y], or a list of points")
    if not value:
        raise fail("must have at least one point, such as [2.5, 1.5]")
    if len(value) > GOALS:
        raise fail(
            f"must have at most {GOALS:,} points, and has {len(value):,}: write the others into another scenario"
        )
    return [_goal(item) for item in value]


def _via(value: object) -> object:
    return value if value == [] else _goals(value)


def _is_one_goal(value: object) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list | tuple) and bool(value) and not any(isinstance(item, list | dict) for item in value)
    )


def _drawing(value: object) -> str:
    """The rows of a drawing, without the empty line that YAML may leave at its end."""
    rows = to_text(value).strip("\n")
    if not rows:
        raise fail("must have at least one row of letters")
    return rows


def _legend(value: object) -> object:
    if not isinstance(value, dict) or not value:
        raise fail('must be a mapping of letters to speeds, such as {".": 1, "#": blocked}')
    return value


def _grid(value: object) -> object:
    rows = value if isinstance(value, list | tuple) else ()
    if not rows or not all(isinstance(row, list | tuple) and row for row in rows):
        raise fail("must be a list of rows of speeds, such as [[1, 1, blocked], [1, 0.2, 1]]")
    return value


def _extent(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise fail("must be [xmin, ymin, xmax, ymax]")
    return value


POINT = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
GOAL = {
    "anyOf": [
        POINT,
        {
            "type": "object",
            "properties": {"at": POINT, "name": {"type": "string"}},
            "required": ["at"],
            "additionalProperties": False,
        },
    ]
}

Speed = Annotated[
    float,
    BeforeValidator(_speed),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": BLOCKED}]}),
]
Point = Annotated[tuple[Number, Number], BeforeValidator(_point), WithJsonSchema(POINT)]


class Goal(Model):
    """A goal of a map scenario."""

    at: Point = Field(description="Its position, [x, y].")
    name: Text | None = Field(default=None, description="Name of the place: hut, ford, ...")


class Speeds(Model):
    """The speed in each cell, in one of three forms: a grid of numbers, a drawing with a legend, or a file."""

    grid: Annotated[list[list[Speed]], BeforeValidator(_grid)] | None = Field(
        default=None, description="Rows of speeds, the north edge first; the word blocked for a blocked cell."
    )
    drawing: Annotated[str, BeforeValidator(_drawing)] | None = Field(
        default=None, description="Rows of letters, the north edge first; the legend gives the speed of each letter."
    )
    legend: Annotated[dict[str, Speed], BeforeValidator(_legend)] | None = Field(
        default=None, description="The speed for each letter of the drawing, or the word blocked."
    )
    file: Text | None = Field(
        default=None,
        description="A .npy file with an array (rows, cols) of speeds, NaN where blocked. Its path is relative to the scenario.",
    )
    extent: (
        Annotated[
            tuple[Number, Number, Number, Number],
            BeforeValidator(_extent),
            WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}),
        ]
        | None
    ) = Field(default=None, description="Extent of the map, [xmin, ymin, xmax, ymax]; given instead of cell.")

    @model_validator(mode="after")
    def _fits(self) -> "Speeds":
        for _, problem in find_speeds_problems({key: getattr(self, key) for key in type(self).model_fields}):
            raise PydanticCustomError("fits", cast(Any, problem))
        return self


class MapGround(Model):
    """A raster of square cells. Without an origin or an extent, its lower left corner is at (0, 0)."""

    cell: Positive | None = Field(default=None, description="Side of a cell.")
    origin: Point | None = Field(
        default=None, description="The lower left corner of the map, [x, y]; [0, 0] by default. Together with cell."
    )
    speeds: Speeds = Field(description="The speed in each cell, the same in every direction.")


class MapScenario(ScenarioModel):
    """A map to cross from a start to one or several goals."""

    kind: ClassVar[str] = "map"
    model_config = ConfigDict(title="terrain map scenario")

    map: MapGround = Field(description="The ground.")
    start: Point = Field(description="Where the routes start, [x, y].")
    goal: Annotated[
        list[Goal],
        BeforeValidator(_goals),
        WithJsonSchema({"anyOf": [*GOAL["anyOf"], {"type": "array", "items": GOAL}]}),
    ] = Field(description="Where the route ends, [x, y]; or a list of goals, each a point or {at: [x, y], name: hut}.")
    via: Annotated[
        list[Goal],
        BeforeValidator(_via),
        WithJsonSchema({"anyOf": [*GOAL["anyOf"], {"type": "array", "items": GOAL}]}),
    ] = Field(
        default=[],
        description="Points that the route to every goal passes, in this order, each a point or {at: [x, y], name: hut}.",
    )
    depart: Moment | None = Field(
        default=None,
        description="When to depart, with the offset from UTC: 2026-06-01T08:00+02:00; gives times of day.",
    )

    @model_validator(mode="after")
    def _has_time(self) -> "MapScenario":
        for _, problem in find_depart_problems(self.depart, self.units.time):
            raise PydanticCustomError("fits", cast(Any, problem))
        return self

    @property
    def inputs(self) -> list[Path]:
        """The files that it was read from: the scenario itself and the file of its speeds, if any."""
        own = super().inputs
        if self.map.speeds.file is None:
            return own
        return [*own, (own[0].parent if own else Path()) / self.map.speeds.file]

    @property
    def goals(self) -> list[tuple[float, float]]:
        """The positions of the goals, (x, y)."""
        return [goal.at for goal in self.goal]

    @property
    def waypoints(self) -> list[tuple[float, float]]:
        """The positions of the points on the way, (x, y), in their order."""
        return [point.at for point in self.via]

    def clock(self, time: float) -> datetime | None:
        """The time of day after a travel time, in the unit of the scenario; None if it is not known when to depart."""
        if self.depart is None or not math.isfinite(time):
            return None
        try:
            return self.depart + timedelta(seconds=time * UNITS[self.units.time])
        except OverflowError:  # after the year 9999
            return None

    def via_name(self, index: int) -> str:
        """The point on the way with this index in messages: its name, or "via 1", counted from 1."""
        return self.via[index].name or f"via {index + 1}"

    def goal_name(self, index: int) -> str:
        """The goal with this index in messages: its name, or "goal", counted from 1 if there are several."""
        name = self.goal[index].name
        return name or ("goal" if len(self.goal) == 1 else f"goal {index + 1}")


def find_depart_problems(depart: object, unit: object) -> Iterator[Problem]:
    """Times of day need a unit of time whose length is known."""
    if depart is not None and isinstance(unit, str) and unit not in UNITS:
        yield (
            ("depart",),
            f"needs s, min or h as the unit of time, got {quote(unit)}: change units.time, or remove depart",
        )


def find_speeds_problems(speeds: dict[str, Any]) -> Iterator[Problem]:
    """Problems in the form of `speeds` as written, which pydantic would report only once nothing else is wrong."""
    forms = [form for form in FORMS if speeds.get(form) is not None]
    if len(forms) != 1:
        got = f"got {' and '.join(forms)}" if forms else "such as grid: [[1, 1, blocked], [1, 0.2, 1]]"
        yield (), f"must have exactly one of grid, drawing (with its legend) and file, {got}"
    legend = speeds.get("legend")
    for letter in legend if isinstance(legend, dict) else ():
        if len(letter) != 1:
            yield ("legend", letter), "must stand for a single letter of the drawing"
    if "drawing" in forms:
        if isinstance(speeds["drawing"], str):
            yield from _find_drawing_problems(speeds["drawing"].strip("\n").split("\n"), legend)
    elif legend is not None and forms:
        yield ("legend",), "is only for a drawing: remove it, or add the drawing"
    grid = speeds.get("grid")
    if isinstance(grid, list | tuple) and all(isinstance(row, list | tuple) for row in grid):
        yield from _find_ragged("grid", [len(row) for row in grid], "cells")


def _find_drawing_problems(rows: list[str], legend: object) -> Iterator[Problem]:
    yield from _find_ragged("drawing", [len(row) for row in rows], "letters")
    letters: dict[str, int] = {}  # and the first row of each
    for i, letters_here in enumerate(map(dict.fromkeys, rows)):
        for letter in letters_here:
            letters.setdefault(letter, i)
    if legend is None:
        example = ", ".join(f'"{letter}": {BLOCKED if letter == "#" else 1}' for letter in list(letters)[:4])
        yield (), f"legend is missing: add legend: {{{example}}}"
    elif isinstance(legend, dict):
        for letter, row in letters.items():
            if letter not in legend:
                where = f"row {row + 1}, column {rows[row].index(letter) + 1}"
                yield ("drawing",), f"has the letter {letter!r} ({where}), which is not in the legend: add it there"


def _find_ragged(form: str, lengths: list[int], what: str) -> Iterator[Problem]:
    odd = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
    if odd is not None:
        yield (
            (form,),
            f"must have rows of equal length: row {odd + 1} has {lengths[odd]} {what}, row 1 has {lengths[0]}",
        )


MODEL = MapScenario
MODELS: dict[tuple[str, ...], type[Model]] = {
    (): MapScenario,
    ("map",): MapGround,
    ("map", "speeds"): Speeds,
    ("goal",): Goal,
    ("via",): Goal,
    ("units",): Units,
}
EXAMPLES = {
    "map": "map: {cell: 1, speeds: {grid: [[1, 1, blocked], [1, 0.2, 1]]}}",
    "speeds": "speeds: {grid: [[1, 1, blocked], [1, 0.2, 1]]}",
    "origin": "origin: [421000, 5203000]",
    "start": "start: [0.5, 0.5]",
    "goal": "goal: [2.5, 1.5]",
    "at": "at: [2.5, 1.5]",
}
CROWDED = ("map", "speeds", "grid")
OPTIONS = ("precision",)
SETTINGS = ("precision",)


def locate(place: Place, document: Node) -> Place:
    """The place in the file of a place in the model: a goal or a point on the way may be bare, without a list or `at`."""
    if place[:1] not in (("goal",), ("via",)) or len(place) < 2:
        return place
    goal, _ = document.find(place[:1])
    several = isinstance(goal.value, list) and any(isinstance(item.value, list | dict) for item in goal.value)
    start: Place = place[:2] if several else place[:1]
    node, _ = document.find(start)
    return start + (place[2:] if isinstance(node.value, dict) else tuple(part for part in place[2:] if part != "at"))


def find_problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Problems in the form of the speeds and of the departure. Those of cells, files and places are found in the raster."""
    units = data.get("units")
    if isinstance(units, dict):
        yield from find_depart_problems(data.get("depart"), units.get("time"))
    ground = data.get("map")
    speeds = ground.get("speeds") if isinstance(ground, dict) else None
    if isinstance(ground, dict) and isinstance(speeds, dict):
        for place, sentence in find_speeds_problems(speeds):
            yield ("map", "speeds", *place), sentence


def find_cell_problems(ground: MapGround) -> Iterator[Problem]:
    """A map must have exactly one of a cell and an extent, because both give the size of its cells; an extent has an origin."""
    cell, extent = ground.cell, ground.speeds.extent
    if ground.origin is not None and extent is not None:
        yield ("map", "origin"), "and speeds.extent both give the lower left corner of the map: remove one of them"
    if cell is None and extent is None:
        yield ("map",), "cell is missing: add the side of a cell, such as cell: 10, or speeds.extent"
    elif cell is not None and extent is not None:
        yield ("map", "cell"), "and speeds.extent both give the size of a cell: remove one of them"


def with_options(scenario: MapScenario, options: Mapping[str, Any]) -> MapScenario:
    """The scenario itself: no option of the command line replaces anything in a map scenario."""
    return scenario
