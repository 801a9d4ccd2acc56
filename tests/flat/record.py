"""What `terrain check` records of even ground."""

from typing import Any

from terrain_cli.scenario.model import Place
from tests.flat.scenario import FlatScenario
from tests.flat.solution import solve


def make_record(scenario: FlatScenario) -> tuple[dict[str, Any], dict[str, Any]]:
    inputs = {"speed": scenario.flat.speed, "from": list(scenario.start), "to": list(scenario.goal)}
    return inputs, {"status": "converged", "flat": solve(scenario).time}


def is_result(result: dict[str, Any]) -> bool:
    return isinstance(result.get("flat"), float | int)


def find_slack(place: Place, result: dict[str, Any], inputs: dict[str, Any], tolerance: float) -> float:
    return tolerance
