"""What the best time depends on: its derivatives with respect to the speeds, the widths and the offset."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from terrain_cli.contract import Answer, Option, Table
from terrain_cli.text import number

if TYPE_CHECKING:
    import numpy as np

    from terrain_cli.strips.scenario import StripsScenario
    from terrain_cli.strips.sensitivity import Sensitivity
    from terrain_cli.strips.solution import StripsSolution

order = 1
options = (Option("sensitivity", bool, "Show what the best time depends on: the strips, or the ground of a map."),)
ROWS = 12  # strips in the table; the JSON document has all


def parse(values: Mapping[str, Any]) -> bool | None:
    """True if the question is asked."""
    return values["sensitivity"] or None


class SensitivityAnswer(Answer):
    """The derivatives of the best time of a scenario of strips."""

    def __init__(self, scenario: "StripsScenario", sensitivity: "Sensitivity") -> None:
        self.scenario, self.sensitivity = scenario, sensitivity

    def to_json(self) -> dict[str, Any]:
        return {"sensitivity": self.sensitivity.to_json()}

    def to_tables(self) -> Sequence[Table]:
        """A row for each strip, or for those that matter most, and a sentence about the one that matters most of all."""
        scenario, sensitivity = self.scenario, self.sensitivity
        length, time = scenario.units.length, scenario.units.time
        gains, costs = find_one_percent(sensitivity)
        heads = (
            "strip",
            f"1 % faster saves ({time})",
            f"1 % wider costs ({time})",
            f"dt/dspeed ({time}²/{length})",
            f"dt/dwidth ({time}/{length})",
        )
        columns = (gains, costs, sensitivity.by_speeds, sensitivity.by_widths)
        rows = [
            [scenario.strip_name(i), *(number(float(column[i])) for column in columns)] for i in most_telling(gains)
        ]
        below = [("", sentence) for sentence in describe(scenario, sensitivity)]
        if len(gains) > ROWS:
            shown = f"{ROWS} of {len(gains):,} strips are shown, those that matter most; --json lists all"
            below.insert(0, ("dim", shown))
        title = f"What the best time of {scenario.name}, {number(sensitivity.time)} {time}, depends on:"
        return [Table(title, heads, rows, below, left=1)]


def find_one_percent(sensitivity: "Sensitivity") -> "tuple[np.ndarray, np.ndarray]":
    """The time that 1 % more speed in each strip saves, and the time that 1 % more width costs, shape (n,) each, s."""
    gains = -sensitivity.speed_elasticities * sensitivity.time / 100
    return gains, sensitivity.width_elasticities * sensitivity.time / 100


def most_telling(gains: "np.ndarray") -> list[int]:
    """Indices of the at most `ROWS` strips with the largest gains, in ascending order. gains: shape (n,), s."""
    return sorted((-gains).argsort(kind="stable")[:ROWS].tolist())


def describe(scenario: "StripsScenario", sensitivity: "Sensitivity") -> list[str]:
    """One sentence about the strip that matters most, and one about the offset."""
    length, time = scenario.units.length, scenario.units.time
    gains, _ = find_one_percent(sensitivity)
    order = (-gains).argsort(kind="stable")
    most = int(order[0])
    alone = len(order) > 1 and gains[order[1]] < gains[most] * (1 - 1e-9)
    most_of_all = ", more than anywhere else" if alone else ""
    sentences = [f"1 % more speed in {scenario.strip_name(most)} saves {gains[most]:.2g} {time}{most_of_all}."]
    offset = sensitivity.offset_elasticity * sensitivity.time / 100
    by_offset = f"dt/doffset {number(sensitivity.by_offset)} {time}/{length}"
    if scenario.offset == 0:
        return [*sentences, f"A small offset costs nothing: {by_offset}."]
    return [*sentences, f"1 % more offset costs {offset:.2g} {time}: {by_offset}."]


def answer(solution: "StripsSolution", argument: bool) -> SensitivityAnswer:
    """What the best time depends on."""
    from terrain_cli.strips.sensitivity import find_sensitivity
    from terrain_cli.strips.solution import to_ground

    return SensitivityAnswer(solution.scenario, find_sensitivity(to_ground(solution.scenario)))
