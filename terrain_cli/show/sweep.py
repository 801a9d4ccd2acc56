"""A sweep in the terminal: a row for each point, with the best one marked, and a summary."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from terrain_cli import kinds
from terrain_cli.contract import Scenario
from terrain_cli.show.console import current, out, say
from terrain_cli.show.tables import STYLES, new_table, show
from terrain_cli.text import count, number, visible

ROWS = 60  # of the table, at most, beside the last point
NARROWEST = 5  # characters of a column of times, with the space beside it


class SweepTable:
    """Collects what the terminal shows of the points of a sweep: at most `ROWS` + 1 of them, the best one, and counts.

    parameters: those that vary. options: of the command. rows: whether to print the table.
    """

    def __init__(
        self,
        scenario: Scenario,
        parameters: Sequence[Any],
        varied: Mapping[str, Sequence[float]],
        options: Mapping[str, Any],
        rows: bool,
    ) -> None:
        self.scenario, self.parameters, self.varied, self.options, self.rows = (
            scenario,
            parameters,
            varied,
            options,
            rows,
        )
        self.kind = kinds.of(scenario).sweep_table
        self.shape = [len(values) for values in varied.values()]
        self.total = math.prod(self.shape)
        # Two numbers are shown as a table of times, if it is not too large.
        self.pivots = len(self.shape) == 2 and max(self.shape) <= ROWS and 1 < min(self.shape) <= out.width // NARROWEST
        self.judged = self.kind.is_judged(scenario)
        self.kept: list[dict[str, Any]] = []
        self.best: dict[str, Any] | None = None
        self.counts: dict[str, int] = {}
        self.done = 0
        self.interrupted = False
        self.progress = current()

    def watch(self, points: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the points unchanged, until Ctrl-C; those that have passed are kept."""
        try:
            for i, point in enumerate(points):
                if self.pivots or self._is_listed(i):
                    self.kept.append(point)
                if self.judged and self.kind.is_better(point, self.best, self.options):
                    self.best = point
                self.counts[point["status"]] = self.counts.get(point["status"], 0) + 1
                self.done = i + 1
                self.progress.say(f"{i:,} of {self.total:,} points")
                yield point
        except KeyboardInterrupt:
            self.interrupted = True
        self.progress.clear()

    def print(self) -> None:
        """Print the table and the summary."""
        units = self.scenario.units
        pivoted = self.rows and self.pivots and self._print_pivot()
        if self.rows and not pivoted:
            self._print_list()
        counts = [
            f"{self.counts[status]:,} {ended}" for status, ended in self.kind.ENDED.items() if status in self.counts
        ]
        say(f"{count(self.done, 'point')}" + (f": {', '.join(counts)}" if self.judged else ""))
        if self.best:
            at = ", ".join(f"{parameter.label} = {self.best[parameter.name]:.6g}" for parameter in self.parameters)
            more = self.kind.describe_best(self.best, self.options)
            say(Text(f"{'* ' if pivoted else ''}best: {at}: {number(self.best['time'])} {units.time}{more}"))
        if conclusion := self.kind.conclude(self.scenario, self.varied):
            say(conclusion)

    def _is_listed(self, index: int) -> bool:
        """Whether a list of at most `ROWS` points and the last one has this point."""
        return index % -(-self.total // ROWS) == 0 or index == self.total - 1

    def _print_list(self) -> None:
        """Print a row for each point, or for some of them."""
        labels = [parameter.label for parameter in self.parameters]
        heads = self.kind.heads(self.scenario)
        table = new_table([*labels, *heads])
        if self.judged:
            table.add_column(self.kind.STATUS)
        listed = [point for i, point in enumerate(self.kept) if not self.pivots or self._is_listed(i)]
        for point in listed:
            mark = "  <- best" if point is self.best else ""
            status = Text(point["status"] + mark, style="bold" if mark else STYLES[point["status"]])
            cells = [*(f"{point[name]:.6g}" for name in self.varied), *self.kind.cells(point)[: len(heads)]]
            table.add_row(*cells, *([status] if self.judged else []))
        show(table)
        if len(listed) < self.done:
            text = f"{len(listed)} of {self.done:,} points shown; --csv, --json and --output have all of them"
            say(Text(text, style="dim"))
        explanation = self.kind.explain(self.options)
        if self.judged and explanation:
            say(Text(explanation, style="dim"))

    def _print_pivot(self) -> bool:
        """Print the times in a row for each value of one number and a column for each of the other, if they fit."""
        times = [[""] * self.shape[1] for _ in range(self.shape[0])]
        for i, point in enumerate(self.kept):
            time = self.kind.cells(point)[0] if self.kind.is_better(point, None, self.options) else point["status"]
            times[i // self.shape[1]][i % self.shape[1]] = f"* {time}" if point is self.best else time
        first, second = ([f"{value:.6g}" for value in values] for values in self.varied.values())
        for (down, across), names, heads, rows in (
            (self.parameters, first, second, times),
            (self.parameters[::-1], second, first, list(zip(*times, strict=True))),
        ):
            lines = [["", *heads], *([name, *row] for name, row in zip(names, rows, strict=True))]
            if sum(max(map(len, column)) + 2 for column in zip(*lines, strict=True)) - 2 > out.width:
                continue
            unit = self.scenario.units.time
            say(Text(visible(f"time ({unit}): {down.label} down, {across.label} across")))
            table = new_table(lines[0])
            for name, *cells in lines[1:]:
                bold = [Text(cell, style="bold" if cell.startswith("* ") else "") for cell in cells]
                table.add_row(Text(name, style="bold"), *bold)
            show(table)
            return True
        return False
