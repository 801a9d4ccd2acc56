"""What the best time depends on, in the terminal: in people's words, the strip that matters most first."""

import numpy as np
from rich.table import Table
from rich.text import Text

from terrain_cli.scenario.load import Scenario
from terrain_cli.show.console import out
from terrain_cli.strips.sensitivity import Sensitivity
from terrain_cli.text import number

ROWS = 12  # strips that are listed; --json has all


def print_sensitivity(scenario: Scenario, sensitivity: Sensitivity) -> None:
    """A row a strip, the most telling ones where there are many, and a sentence on the one that matters most."""
    length, time = scenario.units.length, scenario.units.time
    gains, costs = of_one_percent(sensitivity)
    shown = most_telling(gains)
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("strip")
    for head in (
        f"1 % faster saves ({time})",
        f"1 % wider costs ({time})",
        f"dt/dspeed ({time}²/{length})",
        f"dt/dwidth ({time}/{length})",
    ):
        table.add_column(Text(head), justify="right")
    for i in shown:
        values = (gains[i], costs[i], sensitivity.by_speeds[i], sensitivity.by_widths[i])
        table.add_row(Text(scenario.strip_name(i)), *(number(float(value)) for value in values))
    out.print(
        Text(f"What the best time of {scenario.name}, {number(sensitivity.time)} {time}, depends on:", style="bold")
    )
    out.print(table)
    if len(gains) > ROWS:
        out.print(Text(f"{ROWS} of {len(gains):,} strips shown, those that matter most; --json has all", style="dim"))
    for sentence in sentences(scenario, sensitivity):
        out.print(Text(sentence))


def of_one_percent(sensitivity: Sensitivity) -> tuple[np.ndarray, np.ndarray]:
    """What 1 % more speed in each strip saves, and what 1 % more width costs, shape (n,) each, s."""
    gains = -sensitivity.speed_elasticities * sensitivity.time / 100
    return gains, sensitivity.width_elasticities * sensitivity.time / 100


def most_telling(gains: np.ndarray) -> list[int]:
    """Indices of the strips that are listed: those with the largest gains, in the order of the strips."""
    return sorted(np.argsort(-gains, kind="stable")[:ROWS].tolist())


def sentences(scenario: Scenario, sensitivity: Sensitivity) -> list[str]:
    """The strip that matters most, and the offset, in words."""
    length, time = scenario.units.length, scenario.units.time
    gains, _ = of_one_percent(sensitivity)
    order = np.argsort(-gains, kind="stable")
    most = int(order[0])
    alone = len(order) > 1 and gains[order[1]] < gains[most] * (1 - 1e-9)
    most_of_all = ", more than anywhere else" if alone else ""
    said = [f"1 % more speed in {scenario.strip_name(most)} saves {gains[most]:.2g} {time}{most_of_all}."]
    offset = sensitivity.offset_elasticity * sensitivity.time / 100
    by_offset = f"dt/doffset {number(sensitivity.by_offset)} {time}/{length}"
    if scenario.offset == 0:
        return [*said, f"A small offset costs nothing: {by_offset}."]
    return [*said, f"1 % more offset costs {offset:.2g} {time}: {by_offset}."]
