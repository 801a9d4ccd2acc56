"""How one walks, as the user writes it in a map scenario. This module imports neither JAX nor NumPy."""

import contextlib
import math
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from terrain_cli.maps.walking.functions import FUNCTIONS, WIDEST, Walking, find_problems
from terrain_cli.scenario.model import Model, Problem
from terrain_cli.scenario.values import Positive, fail, to_count, to_number, to_positive
from terrain_cli.text import shorten, suggest

SPEEDS = {"m/s": 1.0, "m/min": 1 / 60, "km/h": 1 / 3.6, "mph": 0.44704}  # units of walking speeds, in m/s
STEEP = 5.0  # a slope above this is a mistake: percent or degrees, or heights in feet
CLOSEST = 1e-9  # from one slope of a table to the next, at least
DETAIL = 16  # sub-cells along the side of a square, at most
MODES = ("factor", "absolute")  # what the numbers of land cover are on a map with elevation

WRITTEN = re.compile(r"\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*([^\d\s.].*?)\s*")


def to_speed(value: object) -> float:
    """A walking speed in m/s, from a number or from a text with a unit, such as 4.7 km/h."""
    if not isinstance(value, str):
        return to_positive(value)
    example = "such as 1.3, which is in m/s, or 4.7 km/h"
    found = WRITTEN.fullmatch(value)
    try:
        number = float(found.group(1)) if found else math.nan
    except ValueError:
        number = math.nan
    if found is None or math.isnan(number):
        raise fail(f"must be a speed, {example}")
    unit = found.group(2).replace(" ", "")
    if unit not in SPEEDS:
        raise fail(f"has an unknown unit of speed, {shorten(unit)}: {suggest(unit.lower(), list(SPEEDS))}")
    return to_positive(number) * SPEEDS[unit]


def to_walking(value: object) -> object:
    """The mapping of a walking function, of which only the name, or only the table, may be written."""
    if isinstance(value, str):
        return {"function": value}
    if isinstance(value, dict) and value and any(_slope(key) is not None for key in value):
        return {"table": value}
    if not isinstance(value, dict | WrittenWalking):
        raise fail(
            "must be the name of a walking function, such as tobler, a mapping such as {v0: 4.7 km/h, k: 1.9}, or a table"
        )
    return value


def _slope(key: object) -> float | None:
    """A key of a table as a slope; None if it is none."""
    try:
        number = float(key) if isinstance(key, str | int | float) and not isinstance(key, bool) else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _table(value: object) -> tuple[tuple[float, float], ...]:
    """The rows of a table, pairs (slope, speed); of a file, the keys are texts."""
    rows = list(value.items()) if isinstance(value, dict) else value
    if not isinstance(rows, list | tuple) or not all(isinstance(row, list | tuple) and len(row) == 2 for row in rows):
        raise fail("must be a mapping of slopes to speeds, such as {-0.3: 0.9, 0: 1.4, 0.3: 0.7}")
    if len(rows) < 2:
        raise fail("must have at least 2 rows, such as {0: 1.4, 0.3: 0.7}")
    found = []
    for key, speed in rows:
        slope = _slope(key)
        if slope is None:
            raise fail(f"must have slopes as keys, such as 0.1, got {shorten(repr(key))}")
        if abs(slope) > STEEP:
            raise fail(f"must have slopes as metres of climb per metre, 0.2 for 20 %: {slope:g} is too steep")
        try:
            found.append((slope, to_speed(speed)))
        except PydanticCustomError as problem:
            hint = ": max_slope forbids what is too steep" if "greater than 0" in problem.message() else ""
            written = shorten(speed if isinstance(speed, str) else repr(speed))
            raise fail(f"at the slope {slope:g}, {written} {problem.message()}{hint}") from None
    for (before, _), (after, _) in pairwise(found):
        if after <= before:
            raise fail(f"must have slopes that increase from one row to the next: {after:g} follows {before:g}")
        if after - before < CLOSEST:
            raise fail(f"must have slopes that are at least {CLOSEST:g} apart: {after:g} follows {before:g}")
    speeds = [speed for _, speed in found]
    if max(speeds) / min(speeds) > WIDEST:
        raise fail(
            f"must have speeds within a factor of {WIDEST:g} of each other: {min(speeds):g} and {max(speeds):g} are not"
        )
    return tuple(found)


def _function(value: object) -> str:
    names = list(FUNCTIONS)
    if not isinstance(value, str):
        raise fail(f"must be the name of a walking function: use one of {', '.join(names)}")
    if value not in FUNCTIONS:
        raise fail(f"is not a walking function: {suggest(value.lower().replace('-', '_'), names)}")
    return value


def _value(value: object) -> float:
    """The number of a parameter; true is 1, false is 0."""
    return float(value) if isinstance(value, bool) else to_number(value)


def _mode(value: object) -> str:
    if value not in MODES:
        hint = suggest(value.lower(), MODES) if isinstance(value, str) else f"use one of {', '.join(MODES)}"
        raise fail(f"must be factor or absolute: {hint}")
    return str(value)


def _max_slope(value: object) -> float:
    number = to_positive(value)
    if number > STEEP:
        raise fail(f"must be at most {STEEP:g}: it is in metres of climb per metre, so write 0.8 for 80 %")
    return number


def _detail(value: object) -> int:
    number = to_count(value)
    if not 1 <= number <= DETAIL:
        raise fail(f"must be a whole number from 1 to {DETAIL}: sub-cells along the side of a square of the elevation")
    return number


SPEED = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}]}
WalkingSpeed = Annotated[float, BeforeValidator(to_speed), WithJsonSchema(SPEED)]
Mode = Annotated[str, BeforeValidator(_mode), WithJsonSchema({"enum": list(MODES)})]
Value = Annotated[float, BeforeValidator(_value), WithJsonSchema({"type": ["number", "boolean"]})]
MaxSlope = Annotated[
    float, BeforeValidator(_max_slope), WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": STEEP})
]
Detail = Annotated[int, BeforeValidator(_detail), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": DETAIL})]
Table = Annotated[
    tuple[tuple[float, float], ...],
    BeforeValidator(_table),
    WithJsonSchema({"anyOf": [{"type": "object", "additionalProperties": SPEED}, {"type": "array"}]}),
]


class WrittenWalking(Model):
    """How fast one walks on a slope: a published function by its name, or one's own exponential or table."""

    function: Annotated[str, BeforeValidator(_function), WithJsonSchema({"enum": list(FUNCTIONS)})] | None = Field(
        default=None, description="A walking function by its name, such as tobler."
    )
    factor: Positive = Field(default=1.0, description="What all speeds are multiplied by.")
    v0: WalkingSpeed | None = Field(
        default=None,
        description="The fastest speed of one's own v0 exp(-k |slope + s0|): m/s, or with a unit, 4.7 km/h.",
    )
    k: Value | None = Field(default=None, description="How fast the speed falls with the slope.")
    s0: Value | None = Field(default=None, description="The slope of descent on which one is fastest; 0.05 by default.")
    table: Table | None = Field(
        default=None,
        description="Speeds by slope, {-0.3: 0.9, 0: 1.4, 0.3: 0.7}; between them the time per metre is linear.",
    )
    percentile: Value | None = Field(default=None, description="Of campbell: how many of a hundred are slower.")
    power: Value | None = Field(default=None, description="Of minetti: power per mass of the body, W/kg.")
    off_path: Value | None = Field(default=None, description="Of irmischer_clarke: true off the path.")
    women: Value | None = Field(default=None, description="Of irmischer_clarke: true for women.")
    a: Value | None = Field(default=None, description="Of naismith_langmuir: time for a metre in plan, s.")
    b: Value | None = Field(default=None, description="Of naismith_langmuir: time for a metre of ascent, s.")
    c: Value | None = Field(default=None, description="Of naismith_langmuir: time a metre of gentle descent saves, s.")
    d: Value | None = Field(default=None, description="Of naismith_langmuir: minus the time of steep descent, s.")
    slope_factor: Value | None = Field(default=None, description="Of naismith_langmuir: where steep descent begins.")
    gentle: Value | None = Field(
        default=None, description="Of naismith_langmuir: descent up to which no time is saved."
    )

    @model_validator(mode="after")
    def _fits(self) -> "WrittenWalking":
        written = {key: getattr(self, key) for key in type(self).model_fields if key != "factor"}
        for _, problem in find_walking_problems(written):
            raise PydanticCustomError("fits", cast(Any, problem))
        return self

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.function or ("table" if self.table else "exponential" if self._numbers else "tobler")

    @property
    def _numbers(self) -> dict[str, float]:
        """The parameters that are given."""
        given = {key: getattr(self, key) for key in NUMBERS}
        return {key: float(value) for key, value in given.items() if value is not None}

    def to_function(self) -> Walking:
        """The walking function with its numbers."""
        return Walking(self.name, self._numbers, self.table or (), self.factor)

    def type_of(self, key: str) -> Any:
        """The type of other values of a number of it, for validation."""

        def check(value: object) -> float:
            number = to_positive(value) if key == "factor" else to_number(value)
            varied = self.to_function()
            varied = varied._replace(parameters={**varied.parameters, key: number}) if key != "factor" else varied
            for _, sentence in find_problems(varied):
                raise fail(sentence.partition(", got")[0])
            return number

        return Annotated[float, BeforeValidator(check)]


Walked = Annotated[
    WrittenWalking,
    BeforeValidator(to_walking),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(FUNCTIONS)},
                WrittenWalking.model_json_schema(),
                {"type": "object", "patternProperties": {r"^[-+]?[\d.]+$": SPEED}, "additionalProperties": False},
            ]
        }
    ),
]


def find_walking_problems(walking: object) -> Iterator[Problem]:
    """Problems of `walking` as written: numbers that its function does not have, lacks, or cannot take."""
    if isinstance(walking, str):
        walking = {"function": walking}
    if not isinstance(walking, Mapping):
        return
    given = [key for key in NUMBERS if walking.get(key) is not None]
    name, table = walking.get("function"), walking.get("table")
    if name is not None and name not in FUNCTIONS:
        return  # reported for the name
    if table is not None and name not in (None, "table"):
        yield ("table",), "and function both give the speeds: remove one of them"
        return
    if name is None and table is None:
        if any(_slope(key) is not None for key in walking) or not given:
            return  # a table, or a factor alone
        if not set(given) & set(FUNCTIONS["exponential"].parameters):
            owner = next(other for other, function in FUNCTIONS.items() if given[0] in function.parameters)
            yield (), f"function is missing: add function: {owner}, which has {given[0]}"
            return
    name = name or ("exponential" if table is None else "table")
    if name == "table" and table is None:
        yield (), "table is missing: add table: {-0.3: 0.9, 0: 1.4, 0.3: 0.7}"
    numbers: dict[str, float] = {}
    for key in given:
        with contextlib.suppress(PydanticCustomError):  # reported for the value
            numbers[key] = to_speed(walking[key]) if key == "v0" else _value(walking[key])
    for key, sentence in find_problems(Walking(name, numbers, ((0.0, 1.0), (1.0, 1.0)))):
        if key in given:
            if key in numbers:
                yield (key,), sentence
        elif key in EXAMPLES:
            yield (), f"{key} is missing: add {key}: {EXAMPLES[key]}, {FUNCTIONS[name].parameters[key].meaning}"


NUMBERS = tuple(dict.fromkeys(key for function in FUNCTIONS.values() for key in function.parameters))
EXAMPLES = {"v0": "4.7 km/h", "k": "1.9"}  # of the parameters that have no default
