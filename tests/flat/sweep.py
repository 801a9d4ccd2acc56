"""Even ground for many speeds."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from terrain_cli.errors import InputError
from tests.flat.scenario import FlatScenario

RESULTS = ("time", "status")
MOST = 1


class Parameter:
    """The speed, which is the only number that can vary."""

    def __init__(self, scenario: FlatScenario, name: str) -> None:
        if name != "flat.speed":
            raise InputError(f"{name}: is not a number of even ground: such as flat.speed")
        self.name, self.path, self.label = name, ("flat", "speed"), "speed"

    def check(self, values: Sequence[float]) -> Sequence[float]:
        return values


def find_points(
    scenario: FlatScenario, varied: Mapping[str, Sequence[float]], options: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    from tests.flat.solution import solve

    for speed in varied["flat.speed"]:
        yield {"flat.speed": speed, "time": solve(scenario, speed).time, "status": "converged"}


def describe(
    scenario: FlatScenario, varied: Mapping[str, Sequence[float]], options: Mapping[str, Any]
) -> dict[str, Any]:
    return {"kind": "flat"}
