"""The parts of a map scenario: speeds, land cover, places. It opens no files, and imports neither JAX nor NumPy.

NaN means blocked ground.
"""

import math
from itertools import pairwise
from typing import Annotated, Any, NamedTuple, cast

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, WrapValidator, model_validator
from pydantic_core import PydanticCustomError

from terrain_cli.maps.problems import BLOCKED, find_land_cover_problems, find_speeds_problems
from terrain_cli.maps.walking.model import Mode
from terrain_cli.scenario.model import Model
from terrain_cli.scenario.values import Number, Text, fail, to_count, to_number, to_positive, to_text
from terrain_cli.text import nearest, shorten

GOALS = 1000  # of a map; the time from everywhere to each of them is kept
CLASS = 2**31  # classes of land cover are less than this in magnitude


class LonLat(NamedTuple):
    """A place in degrees of WGS84: longitude, east of Greenwich, and latitude. Reading the map makes it a point (x, y)."""

    lon: float
    lat: float


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


def _point(value: object, check: Any) -> tuple[float, float]:
    if isinstance(value, LonLat):
        value = value._asdict()
    if isinstance(value, dict):
        degrees = Degrees.model_validate(value)
        return LonLat(degrees.lon, degrees.lat)
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise fail("must be a point [x, y], such as [2.5, 1.5], or {lon: -113.02, lat: 37.21}")
    return cast(tuple[float, float], check(value))


def _xy(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise fail("must be a point [x, y], such as [2.5, 1.5]")
    return value


def _write_point(point: tuple[float, float]) -> object:
    return point._asdict() if isinstance(point, LonLat) else tuple(point)


def _goal(value: object) -> object:
    if isinstance(value, dict) and "at" not in value and {"lon", "lat"} & value.keys():
        at = {key: item for key, item in value.items() if key != "name"}
        return {"at": at} | {key: item for key, item in value.items() if key == "name"}
    return value if isinstance(value, dict) else {"at": value}


def to_goals(value: object) -> object:
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


def to_via(value: object) -> object:
    """The points on the way, written as goals are; there may be none."""
    return value if value == [] else to_goals(value)


def _is_one_goal(value: object) -> bool:
    return isinstance(value, dict | LonLat) or (
        isinstance(value, list | tuple)
        and bool(value)
        and not any(isinstance(item, list | tuple | dict | Model) for item in value)
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


def _class(value: object) -> int:
    """A class of land cover. The keys of a file are texts."""
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not abs(number) < CLASS or number != int(number):
        raise fail("must be a class of the raster, a whole number such as 41")
    return int(number)


def _table(value: object) -> object:
    """The speeds by class; a list, which goes with breaks, by their index."""
    if isinstance(value, list | tuple):
        value = dict(enumerate(value))
    if not isinstance(value, dict) or not value:
        raise fail("must be a mapping of classes to speeds, such as {41: 0.8, 11: blocked}, or with breaks a list")
    return _without_twins(value)


def _names(value: object) -> object:
    if isinstance(value, list | tuple):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        raise fail("must be a mapping of classes to names, such as {41: forest}, or with breaks a list")
    return _without_twins(value)


def _without_twins(table: dict[Any, Any]) -> dict[Any, Any]:
    seen: dict[int, Any] = {}
    for key in table:
        try:
            number = _class(key)
        except PydanticCustomError:
            continue  # reported for the key
        if number in seen:
            raise fail(f"has the class {number} twice, as {shorten(str(seen[number]))} and as {shorten(str(key))}")
        seen[number] = key
    return table


def _breaks(value: object) -> list[float]:
    if not isinstance(value, list | tuple) or not value:
        raise fail("must be a list of increasing numbers, such as [-0.1, 0.1]")
    numbers = [to_number(item) for item in value]
    if any(a >= b for a, b in pairwise(numbers)):
        raise fail("must increase from one number to the next")
    return numbers


def _band(value: object) -> int:
    number = to_count(value)
    if number < 1:
        raise fail("must be at least 1: bands are counted from 1")
    return number


def _longitude(value: object) -> float:
    number = to_number(value)
    if not -180 <= number <= 180:
        raise fail("must be a longitude from -180 to 180 degrees")
    return number


def _latitude(value: object) -> float:
    number = to_number(value)
    if not -90 <= number <= 90:
        raise fail("must be a latitude from -90 to 90 degrees")
    return number


NUMBERS = {"type": "array", "items": {"type": "number"}}
POINT = {
    "anyOf": [
        {**NUMBERS, "minItems": 2, "maxItems": 2},
        {
            "type": "object",
            "properties": {
                "lon": {"type": "number", "minimum": -180, "maximum": 180},
                "lat": {"type": "number", "minimum": -90, "maximum": 90},
            },
            "required": ["lon", "lat"],
            "additionalProperties": False,
        },
    ]
}
GOAL = {
    "anyOf": [
        *POINT["anyOf"],
        {
            "type": "object",
            "properties": {"lon": {"type": "number"}, "lat": {"type": "number"}, "name": {"type": "string"}},
            "required": ["lon", "lat", "name"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"at": POINT, "name": {"type": "string"}},
            "required": ["at"],
            "additionalProperties": False,
        },
    ]
}
SPEED = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": BLOCKED}]}

Speed = Annotated[float, BeforeValidator(_speed), WithJsonSchema(SPEED)]
XY = Annotated[tuple[Number, Number], BeforeValidator(_xy), WithJsonSchema({**NUMBERS, "minItems": 2, "maxItems": 2})]
Point = Annotated[
    tuple[Number, Number], WrapValidator(_point), PlainSerializer(_write_point), WithJsonSchema(POINT)
]  # a LonLat, if written in degrees
Extent = Annotated[
    tuple[Number, Number, Number, Number],
    BeforeValidator(_extent),
    WithJsonSchema({**NUMBERS, "minItems": 4, "maxItems": 4}),
]
Band = Annotated[int, BeforeValidator(_band), WithJsonSchema({"type": "integer", "minimum": 1})]
Class = Annotated[int, BeforeValidator(_class)]
Longitude = Annotated[float, BeforeValidator(_longitude)]
Latitude = Annotated[float, BeforeValidator(_latitude)]


class Degrees(Model):
    """A place as longitude and latitude, in degrees of WGS84."""

    lon: Longitude = Field(description="Longitude, degrees east of Greenwich.")
    lat: Latitude = Field(description="Latitude, degrees.")


class Goal(Model):
    """A goal of a map scenario."""

    at: Point = Field(description="Its position, [x, y] or {lon: -113.02, lat: 37.21}.")
    name: Text | None = Field(default=None, description="Name of the place: hut, ford, ...")


class WrittenGoal(Degrees, Goal):
    """All keys that a goal may have in a file: a position in degrees needs no `at`."""


class Layer(Model):
    """A file with a number in each cell: a raster, such as a GeoTIFF, or an array in a .npy file."""

    file: Text = Field(description="A raster or a .npy file. Its path is relative to the scenario.")
    band: Band | None = Field(
        default=None, description="The band of the raster, counted from 1. Needed if it has several."
    )
    nodata: Number | None = Field(
        default=None, description="The value that means no data, besides the one that the raster itself names."
    )
    voids: Speed = Field(
        default_factory=lambda: math.nan,  # as a default, NaN would stand in the JSON schema
        description="The speed where the raster has no data; blocked unless given.",
        validate_default=False,
    )


class LandCover(Layer):
    """A raster of classes and their speeds; or of any quantity, with breaks between the classes."""

    speeds: Annotated[
        dict[Class, Speed],
        BeforeValidator(_table),
        WithJsonSchema(
            {"anyOf": [{"type": "object", "additionalProperties": SPEED}, {"type": "array", "items": SPEED}]}
        ),
    ] = Field(
        description="The speed of each class; with breaks, a list with the speed below the first, between them, ..."
    )
    mode: Mode | None = Field(
        default=None,
        description="With elevation: whether speeds are factors of the walking speed (factor) or absolute.",
    )
    other: Speed | None = Field(default=None, description="The speed of classes that are not listed.")
    breaks: Annotated[list[float], BeforeValidator(_breaks), WithJsonSchema({**NUMBERS, "minItems": 1})] | None = Field(
        default=None,
        description="Increasing limits that cut a continuous quantity into classes; a value on a limit is in the class above.",
    )
    names: (
        Annotated[
            dict[Class, Text],
            BeforeValidator(_names),
            WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "array"}]}),
        ]
        | None
    ) = Field(default=None, description="Names of classes, for tables and pictures.")

    @model_validator(mode="after")
    def _fits(self) -> "LandCover":
        written = self.speeds if self.breaks is None else list(self.speeds.values())
        for _, problem in find_land_cover_problems({"speeds": written, "breaks": self.breaks, "other": self.other}):
            raise PydanticCustomError("fits", cast(Any, problem))
        return self


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
        description="A raster of speeds, such as a GeoTIFF, or a .npy file with an array (rows, cols) of them, NaN where "
        "blocked. Its path is relative to the scenario.",
    )
    extent: Extent | None = Field(
        default=None, description="Extent of the map, [xmin, ymin, xmax, ymax]; given instead of cell."
    )
    band: Band | None = Field(default=None, description=Layer.model_fields["band"].description)
    nodata: Number | None = Field(default=None, description=Layer.model_fields["nodata"].description)
    voids: Speed | None = Field(
        default=None, description="The speed where the raster has no data; blocked unless given."
    )

    @model_validator(mode="after")
    def _fits(self) -> "Speeds":
        for _, problem in find_speeds_problems({key: getattr(self, key) for key in type(self).model_fields}):
            raise PydanticCustomError("fits", cast(Any, problem))
        return self
