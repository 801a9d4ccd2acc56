"""A scenario of even ground."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from terrain_cli.scenario.document import Node
from terrain_cli.scenario.model import Model, Place, Problem, ScenarioModel, Units
from terrain_cli.scenario.values import Number, Positive


class Even(Model):
    """speed: m/s."""

    speed: Positive


class FlatScenario(ScenarioModel):
    """Even ground to cross."""

    kind: ClassVar[str] = "flat"

    flat: Even
    start: tuple[Number, Number] = Field(alias="from")
    goal: tuple[Number, Number] = Field(alias="to")


MODEL = FlatScenario
MODELS: dict[tuple[str, ...], type[Model]] = {(): FlatScenario, ("flat",): Even, ("units",): Units}
EXAMPLES = {"flat": "flat: {speed: 1}", "speed": "speed: 1", "from": "from: [0, 0]", "to": "to: [3, 4]"}
CROWDED = None
OPTIONS: tuple[str, ...] = ()
SETTINGS: tuple[str, ...] = ()


def locate(place: Place, document: Node) -> Place:
    return place


def find_problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    if data.get("from") == data.get("to"):
        yield ("to",), "must differ from the start"


def with_options(scenario: FlatScenario, options: Mapping[str, Any]) -> FlatScenario:
    return scenario
