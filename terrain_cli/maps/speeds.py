"""Speeds of a map as the user writes them: numbers in the scenario's units, the word blocked, or with a unit, such as 4 km/h.

NaN means blocked ground. This module imports neither JAX nor NumPy.
"""

import contextlib
import math
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from terrain_cli.maps.problems import BLOCKED
from terrain_cli.maps.walking.model import SPEEDS, WRITTEN, to_speed
from terrain_cli.scenario.values import fail, to_positive
from terrain_cli.text import UNITS, nearest


def _speed(value: object) -> float:
    if value == BLOCKED or (isinstance(value, float) and math.isnan(value)):
        return math.nan
    if isinstance(value, str):
        if WRITTEN.fullmatch(value):
            to_speed(value)  # which says what is wrong with it; what is right has become a number, if it can
            needs = "needs m and s, min or h as units, and in land_cover with elevation mode: absolute"
            raise fail(f"must be a number: a speed with a unit {needs}")
        near = nearest(value.lower(), [BLOCKED])
        raise fail("must be a number or the word blocked" + (f" (did you mean {near}?)" if near else ""))
    try:
        return to_positive(value)
    except PydanticCustomError as problem:
        hint = ", or the word blocked" if "greater than 0" in problem.message() else ""
        raise fail(problem.message() + hint) from None


WITH_UNIT = {"type": "string", "pattern": rf"^\s*[-+.\deE]+\s*({'|'.join(SPEEDS)})\s*$"}
SPEED = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": BLOCKED}, WITH_UNIT]}
Speed = Annotated[float, BeforeValidator(_speed), WithJsonSchema(SPEED)]


def convert_speeds(data: object) -> object:
    """The data of a map scenario with numbers, in its units, in place of speeds that carry a unit.

    What cannot be converted stays as it is, for its own validation to refuse.
    """
    if not isinstance(data, dict) or not isinstance(data.get("map"), dict):
        return data
    units = data.get("units", {})
    if not isinstance(units, dict) or units.get("length", "m") != "m" or units.get("time", "s") not in list(UNITS):
        return data
    per = UNITS[units.get("time", "s")]
    data = {**data, "map": _copy(data["map"])}
    for holder, key in _find_places(data["map"]):
        if isinstance(holder[key], str) and WRITTEN.fullmatch(holder[key]):
            with contextlib.suppress(PydanticCustomError):
                holder[key] = to_speed(holder[key]) * per
    return data


def _copy(value: Any) -> Any:
    """A copy of the mappings and lists in which speeds stand."""
    if isinstance(value, dict):
        return {key: inner if key == "grid" else _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


def _find_places(ground: Any) -> Iterator[tuple[Any, Any]]:
    """The mappings and lists in which speeds may stand, and their keys there; not where they are factors of the walking speed."""
    speeds, cover, regions = (ground.get(key) for key in ("speeds", "land_cover", "regions"))
    yield from _keys_of(ground, "speed")
    if isinstance(speeds, dict):
        yield from _keys_of(speeds, "voids")
        yield from _keys_of(speeds.get("legend"))
    if isinstance(cover, dict) and (ground.get("elevation") is None or cover.get("mode") == "absolute"):
        yield from _keys_of(cover, "other", "voids")
        yield from _keys_of(cover.get("speeds"))
    for region in regions if isinstance(regions, list) else ():
        yield from _keys_of(region, "speed")


def _keys_of(holder: Any, *keys: str) -> Iterator[tuple[Any, Any]]:
    """A mapping, or a list, with each of these keys that it has; without keys, with all of them."""
    if isinstance(holder, dict):
        yield from ((holder, key) for key in keys or holder if key in holder)
    elif isinstance(holder, list):
        yield from ((holder, index) for index in range(len(holder)))
