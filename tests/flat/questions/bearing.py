"""Which way the straight line goes: a question that no command and no other kind knows of."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from terrain_cli.contract import Answer, Option, Table
from tests.flat.solution import FlatSolution

order = 1
options = (Option("bearing", bool, "The bearing of the line."),)


def parse(values: Mapping[str, Any]) -> bool | None:
    return values["bearing"] or None


class BearingAnswer(Answer):
    """degrees: clockwise from north."""

    def __init__(self, degrees: float) -> None:
        self.degrees = degrees

    def to_json(self) -> dict[str, Any]:
        return {"bearing": self.degrees}

    def to_tables(self) -> Sequence[Table]:
        return [Table(below=[("", f"bearing {self.degrees:.2f} degrees")])]


def answer(solution: FlatSolution, argument: bool) -> BearingAnswer:
    (x0, y0), (x1, y1) = solution.scenario.start, solution.scenario.goal
    return BearingAnswer(math.degrees(math.atan2(x1 - x0, y1 - y0)))
