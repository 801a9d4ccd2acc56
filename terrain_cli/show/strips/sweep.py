"""A sweep in the terminal: a row a point, the best and the divergent marked, and where the cliff is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
from rich.table import Table
from rich.text import Text

from terrain_cli.scenario.load import Scenario
from terrain_cli.show.console import Progress, out
from terrain_cli.show.strips.descent import STATUS_STYLE
from terrain_cli.strips.parameter import Quantity
from terrain_cli.strips.snell import find_optimum
from terrain_cli.strips.solution import to_strips
from terrain_cli.strips.step_size import largest_step
from terrain_cli.text import number, percent

ROWS = 60  # on screen
ENDED = {"converged": "converged", "iterations": "used up their iterations", "diverged": "diverged"}


class SweepTable:
    """Watches the points of a sweep go by and keeps what the screen shows: at most `ROWS` of them, the best, and counts."""

    def __init__(
        self,
        scenario: Scenario,
        quantities: list[Quantity],
        varied: Mapping[str, Sequence[float]],
        within: float,
        rows: bool,
    ) -> None:
        self.scenario, self.quantities, self.varied, self.within, self.rows = scenario, quantities, varied, within, rows
        self.total = 1
        for values in varied.values():
            self.total *= len(values)
        self.kept: list[dict[str, Any]] = []
        self.best: dict[str, Any] | None = None
        self.counts: dict[str, int] = {}
        self.done = 0
        self.interrupted = False
        self.progress = Progress()

    def watch(self, points: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The same points, seen; after Ctrl-C no more of them, and what was seen is kept."""
        spacing = -(-self.total // ROWS)
        try:
            for i, point in enumerate(points):
                if i % spacing == 0 or i == self.total - 1:
                    self.kept.append(point)
                if self._better(point):
                    self.best = point
                self.counts[point["status"]] = self.counts.get(point["status"], 0) + 1
                self.done = i + 1
                if i % 1000 == 0:
                    self.progress.say(f"{i:,} of {self.total:,} points")
                yield point
        except KeyboardInterrupt:
            self.interrupted = True
        self.progress.clear()

    def _better(self, point: dict[str, Any]) -> bool:
        """A lower time is better; where times tie, fewer iterations to come close to the optimum are."""
        best, time = self.best, point["time"]
        if time is None:
            return False
        if best is None:
            return True
        if abs(time - best["time"]) > self.within * best["time"]:
            return bool(time < best["time"])
        waits = [float("inf") if p["reached"] is None else p["reached"] for p in (point, best)]
        return (waits[0], time) < (waits[1], best["time"])

    def cliff(self) -> float | None:
        """The step from which on no descent settles, where the sweep varies nothing but the step."""
        if list(self.varied) != ["descent.step"]:
            return None
        plan, strips = self.scenario.descent, to_strips(self.scenario)
        return largest_step(jax.device_get(find_optimum(strips)).movements, strips, plan.method, plan.momentum)

    def facts(self) -> dict[str, Any]:
        """What JSON says of the whole sweep."""
        cliff = self.cliff()
        return {"within": self.within} | ({"cliff": cliff} if cliff is not None else {})

    def print(self) -> None:
        """The table and the summary."""
        units = self.scenario.units
        if self.rows:
            table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
            for quantity in self.quantities:
                table.add_column(Text(quantity.label), justify="right")
            for name in (f"time ({units.time})", "gap", "reached"):
                table.add_column(Text(name), justify="right")
            table.add_column("verdict")
            for point in self.kept:
                mark = "  <- best" if point is self.best else ""
                table.add_row(
                    *(f"{point[name]:.6g}" for name in self.varied),
                    "-" if point["time"] is None else number(point["time"]),
                    "-" if point["gap"] is None else percent(point["gap"]),
                    "-" if point["reached"] is None else f"{point['reached']:,}",
                    Text(point["status"] + mark, style="bold" if mark else STATUS_STYLE[point["status"]]),
                )
            out.print(table)
            if self.total > len(self.kept):
                out.print(
                    Text(
                        f"{len(self.kept)} of {self.total:,} points shown; --csv, --json and --output have all",
                        style="dim",
                    )
                )
            out.print(Text(f"reached: iterations until within {percent(self.within)} of the optimum", style="dim"))
        verdicts = ", ".join(f"{count:,} {ENDED[status]}" for status, count in sorted(self.counts.items()))
        points = "1 point" if self.done == 1 else f"{self.done:,} points"
        out.print(f"{points}: {verdicts}")
        if self.best:
            at = ", ".join(
                f"{quantity.label} = {self.best[name]:.6g}"
                for quantity, name in zip(self.quantities, self.varied, strict=True)
            )
            waited = (
                f", within {percent(self.within)} after {self.best['reached']:,} iterations"
                if self.best["reached"]
                else ""
            )
            time, gap = f"{number(self.best['time'])} {units.time}", percent(self.best["gap"])
            out.print(Text(f"best: {at}: {time}, {gap} above the optimum{waited}"))
        cliff = self.cliff()
        if cliff is not None:
            out.print(f"cliff: from step {cliff:.4g} on no descent settles (2/largest curvature at the optimum)")
