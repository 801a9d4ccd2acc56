"""Tables in the terminal, in one style for all commands."""

import math
from collections.abc import Sequence
from typing import Any

from rich.console import RenderableType
from rich.measure import Measurement
from rich.table import Table as RichTable
from rich.text import Text

from terrain_cli.contract import Table
from terrain_cli.show.console import out, say, screen_width
from terrain_cli.text import number, percent, visible

ENDLESS = 100_000  # columns
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


class SafeTable(RichTable):
    """A table whose cells are shown as `visible` does, which must be known before they are measured."""

    def add_row(self, *cells: RenderableType | None, **settings: Any) -> None:
        super().add_row(*map(_as_shown, cells), **settings)


def _as_shown(cell: RenderableType | None) -> RenderableType | None:
    if isinstance(cell, str):
        return Text(visible(cell, keep="\n"))
    if isinstance(cell, Text) and (shown := visible(cell.plain, keep="\n")) != cell.plain:
        return Text(shown, style=cell.style)
    return cell


def new_table(heads: Sequence[str] = (), left: int = 0) -> RichTable:
    """An empty table without borders. The first `left` columns are aligned left, the others right."""
    table = SafeTable(box=None, header_style="bold", show_header=bool(heads), pad_edge=False, padding=(0, 2, 0, 0))
    for i, head in enumerate(heads):
        table.add_column(Text(visible(head)), justify="left" if i < left else "right", no_wrap=i >= left)
    return table


def new_summary() -> RichTable:
    """An empty table with columns for names, values and dim remarks."""
    table = new_table()
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim")
    return table


def show(table: RichTable) -> None:
    """Print a table whole. On a terminal that is too narrow, texts wrap; if need be, the last columns of numbers are left out."""
    room, left_out = screen_width(), list[str]()
    endless = out.options.update(width=ENDLESS)
    for column in table.columns:
        if column.no_wrap:
            cells = (column.header, *column.cells)
            column.min_width = max(Measurement.get(out, endless, cell).maximum for cell in cells)

    def measure() -> Measurement:
        return Measurement.get(out, endless, table)

    while room is not None and measure().minimum > room:
        numbers = [i for i, column in enumerate(table.columns) if column.justify == "right"]
        if len(numbers) < 2:
            break
        left_out.insert(0, str(table.columns.pop(numbers[-1]).header))
    least, most = measure()
    table.width = most if room is None else max(least, min(room, most))
    out.print(table, soft_wrap=True)
    if left_out:
        say(f"not shown on a terminal this narrow: {', '.join(left_out)}", style="dim")


def print_table(table: Table) -> None:
    """Print a table of an answer: its title, its rows and the lines below it."""
    if table.title:
        say(Text(visible(table.title), style="bold"))
    if table.rows:
        printed = new_table(table.heads, table.left)
        for row in table.rows:
            printed.add_row(*(Text(visible(cell)) for cell in row))
        show(printed)
    for style, line in table.below:
        say(Text(visible(line), style=style))
