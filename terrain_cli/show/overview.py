"""Several solutions in one table of the terminal."""

import math
from collections.abc import Sequence

from rich.text import Text

from terrain_cli import kinds
from terrain_cli.contract import Solution
from terrain_cli.show.tables import STYLES, new_table, show
from terrain_cli.text import number, visible


def print_overview(solutions: Sequence[Solution], refused: Sequence[str]) -> None:
    """Print a row for each solution and for each argument that was refused."""
    table = new_table(("scenario", "method", "verdict"), left=3)
    for name in ("iterations", "time", "gap"):
        table.add_column(name, justify="right", no_wrap=True)
    for solution in solutions:
        method, gap = kinds.of(solution.scenario).terminal.describe(solution)
        reached = all(solution.routes) and math.isfinite(solution.time)
        time = f"{number(solution.time)} {solution.scenario.units.time}" if reached else ""
        table.add_row(
            Text(visible(solution.scenario.name)),
            method,
            Text(solution.status, style=STYLES.get(solution.status, "")),
            f"{solution.iterations:,}",
            Text(time),
            gap,
        )
    for name in refused:
        table.add_row(Text(visible(name)), "", Text("refused", style="bold red"))
    show(table)
