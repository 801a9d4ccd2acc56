"""The pydantic models that scenarios of all kinds share."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from pydantic_core import ErrorDetails

from terrain_cli.scenario.document import Node
from terrain_cli.scenario.values import Text
from terrain_cli.text import quote, shorten

Place = tuple[str | int, ...]  # the path of a value in a scenario: ("strips", 1, "speed")
Problem = tuple[Place, str]  # the place, and a sentence that says what is wrong there


class Model(BaseModel):
    """A mapping in a scenario: immutable, and without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Units(Model):
    """Names for the units of length and time; nothing is converted."""

    length: Text = Field(default="m")
    time: Text = Field(default="s")


class Source(NamedTuple):
    """Where a scenario was read from. file: None for standard input. label: its name in messages. lines: of its values."""

    file: str | None = None
    label: str = ""
    lines: Mapping[Place, int] = {}

    def line(self, place: Place) -> int | None:
        """The line of the value at a place, or of the innermost value around it whose line is known."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)

    def describe(self, place: Place, sentence: str) -> str:
        """The sentence about the value at a place, preceded by file, line and key as far as they are known."""
        line = self.line(place)
        where = f"{self.label}:{line}: " if line is not None else f"{self.label}: " if self.label else ""
        key = f"{write_key(place)}: " if place else ""
        return f"{where}{key}{sentence}"


class ScenarioModel(Model):
    """A scenario of some kind. kind: its entry in kinds.py."""

    kind: ClassVar[str]

    name: Text = Field(default="", description="Name of the scenario. Default: the name of its file.")
    description: Text | None = Field(default=None, description="A sentence or two about what it shows.")
    units: Units = Field(default=Units(), description="Names for the units of length and time.")

    _source: Source = PrivateAttr(Source())

    @property
    def file(self) -> str | None:
        """The file that it was read from; None if there is none."""
        return self._source.file

    @property
    def inputs(self) -> list[Path]:
        """The files that it was read from. Results must not overwrite them."""
        return [Path(self.file)] if self.file else []

    @property
    def source(self) -> Source:
        """Where it was read from, with the lines of its values."""
        return self._source


def write_key(place: Iterable[str | int]) -> str:
    """A place in the usual notation: strips[1].speed."""
    key = ""
    for part in place:
        key += f"[{part}]" if isinstance(part, int) else f".{shorten(part)}" if key else shorten(part)
    return key


def read_key(name: str) -> Place:
    """The place with a dotted name, such as strips.1.speed or strips[1].speed."""
    parts = name.replace("[", ".").replace("]", "").split(".")
    return tuple(int(part) if part.isdecimal() and len(part) <= 9 else part for part in parts)


def describe_input(error: ErrorDetails, node: Node | None = None) -> str:
    """The end of a message, ", got 3"; "" if the message already gives the value."""
    if error["type"] in ("missing", "extra_forbidden", "fits") or error["msg"].startswith(
        ("is a setting", "is not a setting", "must have at least")
    ):
        return ""
    if node is not None and node.text is not None:
        return f", got {quote(node.text) if isinstance(node.value, str) else shorten(node.text) or 'nothing'}"
    value = error["input"]
    return f", got {'a mapping' if isinstance(value, dict) else 'a list' if isinstance(value, list) else shorten(repr(value))}"
