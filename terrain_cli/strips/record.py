"""What `terrain check` records of a scenario of strips: its inputs, and the result of its descent."""

from collections.abc import Iterator
from typing import Any

from terrain_cli.files import plain
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


def find_moved(
    old: dict[str, Any], new: dict[str, Any], inputs: dict[str, Any], tolerance: float
) -> Iterator[tuple[str, Any, Any]]:
    """(name, before, now) of each number that moved.

    tolerance: relative; for displacements and crossings, relative to |offset| + total width. A descent that converged may need
    one iteration more or fewer. The numbers of one that diverged are not compared, because they may be anything.
    """
    if old["status"] != new["status"]:
        yield "status", old["status"], new["status"]
    elif new["status"] == "diverged":
        return
    slack = 1 if old["status"] == new["status"] == "converged" else 0
    if abs(old["iterations"] - new["iterations"]) > slack:
        yield "iterations", old["iterations"], new["iterations"]
    if not _close(old["time"], new["time"], tolerance * abs(new["time"] or 0)):
        yield "time", old["time"], new["time"]
    size = abs(inputs["offset"]) + sum(strip["width"] for strip in inputs["strips"])
    for name in ("x", "crossings"):
        if len(old[name]) != len(new[name]):
            continue  # the number of strips changed, which the inputs show
        for i, (a, b) in enumerate(zip(old[name], new[name], strict=True)):
            if not _close(a, b, tolerance * size):
                yield f"{name}[{i}]", a, b


def _close(a: float | None, b: float | None, slack: float) -> bool:
    return a == b if a is None or b is None else abs(a - b) <= slack
