"""Even ground in the terminal."""

from collections.abc import Mapping
from typing import Any

from terrain_cli.show.console import out
from tests.flat.scenario import FlatScenario
from tests.flat.solution import FlatSolution


class Watch:
    def __init__(self, scenario: FlatScenario, ground: float, options: Mapping[str, Any]) -> None:
        out.print(f"{scenario.name}: even ground, {ground:g} m/s")

    def add(self, row: float) -> None:
        out.print(f"row {row:g}")

    def close(self) -> None:
        pass


def print_summary(solution: FlatSolution, options: Mapping[str, Any]) -> None:
    out.print(f"{solution.message} {solution.time:g} s")


def describe(solution: FlatSolution) -> tuple[str, str]:
    return "straight", ""
