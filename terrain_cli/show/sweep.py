"""A sweep in the terminal: a row for each point, with the best one marked, and a summary."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from terrain_cli import kinds
from terrain_cli.contract import Scenario
from terrain_cli.show.console import Progress, say
from terrain_cli.show.tables import STYLES, new_table, show
from terrain_cli.text import count, number

ROWS = 60  # of the table, at most, beside the last point


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
        self.total = math.prod(map(len, varied.values()))
        self.kept: list[dict[str, Any]] = []
        self.best: dict[str, Any] | None = None
        self.counts: dict[str, int] = {}
        self.done = 0
        self.interrupted = False
        self.progress = Progress()

    def watch(self, points: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the points unchanged, until Ctrl-C; those that have passed are kept."""
        spacing = -(-self.total // ROWS)
        try:
            for i, point in enumerate(points):
                if i % spacing == 0 or i == self.total - 1:
                    self.kept.append(point)
                if point["time"] is not None and (
                    self.best is None or self.kind.is_better(point, self.best, self.options)
                ):
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
        if self.rows:
            labels = [parameter.label for parameter in self.parameters]
            table = new_table([*labels, *self.kind.heads(self.scenario)])
            table.add_column(self.kind.STATUS)
            for point in self.kept:
                mark = "  <- best" if point is self.best else ""
                status = Text(point["status"] + mark, style="bold" if mark else STYLES[point["status"]])
                table.add_row(*(f"{point[name]:.6g}" for name in self.varied), *self.kind.cells(point), status)
            show(table)
            if self.total > len(self.kept) and self.done > len(self.kept):
                text = f"{len(self.kept)} of {self.done:,} points shown; --csv, --json and --output have all of them"
                say(Text(text, style="dim"))
            if explanation := self.kind.explain(self.options):
                say(Text(explanation, style="dim"))
        counts = [
            f"{self.counts[status]:,} {ended}" for status, ended in self.kind.ENDED.items() if status in self.counts
        ]
        say(f"{count(self.done, 'point')}: {', '.join(counts)}")
        if self.best:
            at = ", ".join(f"{parameter.label} = {self.best[parameter.name]:.6g}" for parameter in self.parameters)
            more = self.kind.describe_best(self.best, self.options)
            say(Text(f"best: {at}: {number(self.best['time'])} {units.time}{more}"))
        if conclusion := self.kind.conclude(self.scenario, self.varied):
            say(conclusion)
