"""Tables in the terminal, in one style for all commands."""

import math
from collections.abc import Sequence

from rich.table import Table as RichTable
from rich.text import Text

from terrain_cli.contract import Table
from terrain_cli.show.console import out
from terrain_cli.text import number, percent, visible

STYLES = {
    "converged": "green",
    "iterations": "yellow",
    "diverged": "bold red",
    "interrupted": "yellow",
    "no route": "bold red",
    "misplaced": "yellow",
}


def describe_saving(time: float, straight_time: float, unit: str) -> str:
    """What a route saves against the straight line; "" if that is blocked."""
    if not math.isfinite(straight_time):
        return ""
    saved = straight_time - time
    if abs(saved) <= 1e-9 * straight_time:
        return "no time saved"
    return f"{number(abs(saved))} {unit} ({percent(abs(saved) / straight_time)}) {'saved' if saved > 0 else 'lost'}"


def new_table(heads: Sequence[str] = (), left: int = 0) -> RichTable:
    """An empty table without borders. The first `left` columns are aligned left, the others right."""
    table = RichTable(box=None, header_style="bold", show_header=bool(heads), pad_edge=False, padding=(0, 2, 0, 0))
    for i, head in enumerate(heads):
        table.add_column(Text(visible(head)), justify="left" if i < left else "right")
    return table


def new_summary() -> RichTable:
    """An empty table with columns for names, values and dim remarks."""
    table = new_table()
    table.add_column()
    table.add_column(justify="right")
    table.add_column(style="dim")
    return table


def print_table(table: Table) -> None:
    """Print a table of an answer: its title, its rows and the lines below it."""
    if table.title:
        out.print(Text(visible(table.title), style="bold"))
    if table.rows:
        printed = new_table(table.heads, table.left)
        for row in table.rows:
            printed.add_row(*(Text(visible(cell)) for cell in row))
        out.print(printed)
    for style, line in table.below:
        out.print(Text(visible(line), style=style))
