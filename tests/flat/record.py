"""What `terrain check` records of even ground."""

from collections.abc import Iterator
from typing import Any

from tests.flat.scenario import FlatScenario
from tests.flat.solution import solve


def make_record(scenario: FlatScenario) -> tuple[dict[str, Any], dict[str, Any]]:
    inputs = {"speed": scenario.flat.speed, "from": list(scenario.start), "to": list(scenario.goal)}
    return inputs, {"status": "converged", "flat": solve(scenario).time}


def is_result(result: dict[str, Any]) -> bool:
    return isinstance(result.get("flat"), float | int)


def find_moved(
    old: dict[str, Any], new: dict[str, Any], inputs: dict[str, Any], tolerance: float
) -> Iterator[tuple[str, Any, Any]]:
    if abs(old["flat"] - new["flat"]) > tolerance:
        yield "flat", old["flat"], new["flat"]
