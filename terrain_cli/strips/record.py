"""What `terrain check` records of a scenario of strips: its inputs, and the result of its descent."""

import math
from typing import Any

from terrain_cli.files import plain
from terrain_cli.scenario.model import Place
from terrain_cli.strips.scenario import StripsScenario


def make_record(scenario: StripsScenario) -> tuple[dict[str, Any], dict[str, Any]]:
    """The inputs and the result of a scenario of strips, as plain data."""
    from terrain_cli.strips.solution import solve

    solution = solve(scenario, every=2**40)
    if solution.status == "interrupted":
        raise KeyboardInterrupt
    inputs = {
        "strips": [{"width": strip.width, "speed": strip.speed} for strip in scenario.strips],
        "offset": scenario.offset,
        "descent": scenario.descent.model_dump(),
    }
    result = {
        "status": solution.status,
        "iterations": solution.iterations,
        "time": solution.time,
        "x": solution.x,
        "crossings": solution.crossings,
    }
    return inputs, plain(result)


def is_result(result: dict[str, Any]) -> bool:
    """Whether this is a result of strips."""

    def is_number(value: Any) -> bool:
        return value is None or (isinstance(value, int | float) and not isinstance(value, bool))

    return (
        result.get("iterations") is not None
        and is_number(result["iterations"])
        and is_number(result.get("time", ""))
        and all(isinstance(result.get(name), list) and all(map(is_number, result[name])) for name in ("x", "crossings"))
    )


def find_slack(place: Place, result: dict[str, Any], inputs: dict[str, Any], tolerance: float) -> float:
    """By how much the number at a place of the result may differ from the record; inf if it is not compared.

    tolerance: relative; for displacements and crossings, relative to |offset| + total width. A descent that converged may need
    one iteration more or fewer. The numbers of one that diverged are not compared, because they may be anything.
    """
    if result["status"] == "diverged":
        return math.inf
    match place[0]:
        case "iterations":
            return 1 if result["status"] == "converged" else 0
        case "time":
            return tolerance * float(abs(result["time"] or 0))
        case "x" | "crossings":
            return tolerance * float(abs(inputs["offset"]) + sum(strip["width"] for strip in inputs["strips"]))
    return 0
