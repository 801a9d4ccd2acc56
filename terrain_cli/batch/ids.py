"""The ids of cases: any JSON, copied to the results as it was written; and the faults by which an id or a line is refused."""

import json
from collections import Counter
from typing import Any

import msgspec

from terrain_cli.scenario.document import DEPTH

TWICE = "has a key twice"
TOO_DEEP = f"is nested more than {DEPTH} levels deep"


def find_fault(id: bytes) -> str | None:
    """Why an id cannot be written in every format; None if it can, or is empty."""
    try:
        value = msgspec.json.decode(id) if id else None
        if not isinstance(value, (dict, list)):  # a union would be built for each id
            return None
        return TOO_DEEP if depth(value) >= DEPTH else TWICE if keys_given_twice(id.decode()) else None
    except RecursionError:
        return TOO_DEEP
    except msgspec.ValidationError:
        return "has a number that is too large"


def on_one_line(id: bytes) -> msgspec.Raw:
    """The id without carriage returns, which are white space in JSON and the end of a line elsewhere."""
    return msgspec.Raw(id.replace(b"\r", b" "))


def depth(value: object) -> int:
    """The number of levels of lists and objects."""
    if isinstance(value, (dict, list)):
        return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)
    return 0


def keys_given_twice(text: str) -> list[str]:
    """The keys that an object in this JSON has more than once."""
    twice: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        if len(dict(pairs)) < len(pairs):
            twice.extend(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)

    json.loads(text, object_pairs_hook=look)
    return twice
