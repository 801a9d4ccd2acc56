"""The types of values in a scenario: numbers, counts and texts, with messages that suggest a remedy."""

import math
import unicodedata
from datetime import datetime
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from terrain_cli.contract import LARGEST as LARGEST
from terrain_cli.contract import SMALLEST as SMALLEST


def fail(sentence: str) -> PydanticCustomError:
    """The error that makes pydantic report this sentence."""
    return PydanticCustomError("terrain", cast(Any, sentence))


def to_number(value: object) -> float:
    """A finite number; neither a text nor a boolean."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fail("must be a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise fail("must be a finite number")
    if abs(number) > LARGEST:
        raise fail(f"must be at most {LARGEST:g} in magnitude: choose larger units")
    return number


def to_positive(value: object) -> float:
    number = to_number(value)
    if number <= 0:
        raise fail("must be greater than 0")
    if number < SMALLEST:
        raise fail(f"must be at least {SMALLEST:g}: choose smaller units")
    return number


def to_step(value: object) -> float:
    """A positive number of any magnitude, because a step that is far too large is worth seeing."""
    if isinstance(value, int | float) and not isinstance(value, bool) and LARGEST < value < math.inf:
        return float(value)
    return to_positive(value)


def to_not_negative(value: object) -> float:
    number = to_number(value)
    if number < 0:
        raise fail("must be 0 or greater")
    return number


def to_fraction(value: object) -> float:
    number = to_not_negative(value)
    if number >= 1:
        raise fail("must be less than 1")
    return number


def to_count(value: object) -> int:
    if isinstance(value, int | float) and not isinstance(value, bool) and 2**53 < value < math.inf:
        raise fail(f"must be at most {2**53}")
    number = to_not_negative(value)
    if number != int(number):
        raise fail("must be a whole number")
    return int(number)


def to_text(value: object) -> str:
    if not isinstance(value, str):
        raise fail("must be a text: put it in quotes")
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in set(value)):
        raise fail("must not contain control characters: remove them")
    return value


def to_moment(value: object) -> datetime:
    """A time of day with its date and its offset from UTC, from a text in the notation of ISO 8601."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise fail("must be a date and a time with an offset, such as 2026-06-01T08:00+02:00") from None
    if moment.tzinfo is None:
        raise fail(
            f"needs an offset from UTC, such as {moment.isoformat(timespec='minutes')}+02:00, or Z at its end for UTC"
        )
    if not 1 < moment.year < 9999:  # there must be room for the offset and for the travel time
        raise fail("must be in a year from 2 to 9998")
    return moment


Number = Annotated[float, BeforeValidator(to_number)]
Positive = Annotated[float, Field(gt=0), BeforeValidator(to_positive)]
StepSize = Annotated[float, Field(gt=0), BeforeValidator(to_step)]
NotNegative = Annotated[float, Field(ge=0), BeforeValidator(to_not_negative)]
Fraction = Annotated[float, Field(ge=0, lt=1), BeforeValidator(to_fraction)]
Count = Annotated[int, Field(ge=0), BeforeValidator(to_count)]
Text = Annotated[str, BeforeValidator(to_text)]
Moment = Annotated[datetime, BeforeValidator(to_moment)]
