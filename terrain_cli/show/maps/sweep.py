"""A sweep of a map, in the terminal and as a figure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table
from rich.text import Text

from terrain_cli.maps.scenario import MapScenario
from terrain_cli.maps.sweep import MapQuantity
from terrain_cli.show.console import Progress, out
from terrain_cli.text import number, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS = 60  # on screen
STYLE = {"converged": "green", "no route": "bold red", "misplaced": "yellow"}
ENDED = {
    "converged": "converged",
    "no route": "without a route",
    "misplaced": "with an end outside or in blocked ground",
}


class MapSweepTable:
    """Watches the points of a sweep go by and keeps them."""

    def __init__(self, scenario: MapScenario, quantities: list[MapQuantity], total: int, rows: bool) -> None:
        self.scenario, self.quantities, self.total, self.rows = scenario, quantities, total, rows
        self.points: list[dict[str, Any]] = []
        self.interrupted = False
        self.progress = Progress()

    def watch(self, points: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The same points, seen; after Ctrl-C no more of them, and what was seen is kept."""
        try:
            for point in points:
                self.points.append(point)
                self.progress.say(f"{len(self.points):,} of {self.total:,} points")
                yield point
        except KeyboardInterrupt:
            self.interrupted = True
        self.progress.clear()

    @property
    def best(self) -> dict[str, Any] | None:
        """The point with the least time."""
        return min((p for p in self.points if p["time"] is not None), key=lambda p: p["time"], default=None)

    def print(self) -> None:
        """The table and the summary."""
        units = self.scenario.units
        names = [quantity.name for quantity in self.quantities]
        if self.rows:
            table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
            heads = [f"time ({units.time})", f"distance ({units.length})", f"straight ({units.time})", "saved"]
            for head in [*(quantity.label for quantity in self.quantities), *heads]:
                table.add_column(Text(head), justify="right")
            table.add_column("status")
            kept = self.points[:: -(-len(self.points) // ROWS) or 1]
            for point in kept:
                mark = "  <- best" if point is self.best else ""
                missing = "-" if point["time"] is None else "blocked"
                results = (point[key] for key in ("time", "distance", "straight_time"))
                table.add_row(
                    *(f"{point[name]:.6g}" for name in names),
                    *(missing if value is None else number(value) for value in results),
                    "-" if point["saved"] is None else percent(max(point["saved"], 0.0)),
                    Text(point["status"] + mark, style="bold" if mark else STYLE[point["status"]]),
                )
            out.print(table)
            if len(kept) < len(self.points):
                text = f"{len(kept)} of {len(self.points):,} points shown; --csv, --json and --output have all"
                out.print(Text(text, style="dim"))
        counts = {status: sum(point["status"] == status for point in self.points) for status in ENDED}
        said = ", ".join(f"{count:,} {ENDED[status]}" for status, count in counts.items() if count)
        out.print(f"{len(self.points):,} point{'' if len(self.points) == 1 else 's'}: {said}")
        if self.best:
            where = zip(self.quantities, names, strict=True)
            at = ", ".join(f"{quantity.label} = {self.best[name]:.6g}" for quantity, name in where)
            out.print(Text(f"best: {at}: {number(self.best['time'])} {units.time}"))

    def make_figure(self) -> "Figure":
        """The time over the one number that was varied, beside the straight line's. Call it inside `with paper():`."""
        from terrain_cli.show.strips.figure import below, new_figure
        from terrain_cli.show.style import BLACK, RED, shown

        [quantity] = self.quantities
        values = np.array([point[quantity.name] for point in self.points])
        times, straight = (
            np.array([np.nan if point[key] is None else point[key] for point in self.points])
            for key in ("time", "straight_time")
        )
        lost = int(np.isnan(times).sum())
        text = f"No route at {lost:,} of {len(times):,} values." if lost else "A route at every value."
        figure = new_figure((6.4, 4.8), self.scenario.name, text)
        axes = figure.subplots()
        axes.set_label("times")
        order = np.argsort(values, kind="stable")
        dots = {"marker": ".", "markersize": 5} if len(values) <= ROWS else {}
        axes.plot(
            values[order], straight[order], color=BLACK, linestyle=(0, (3, 2)), linewidth=1.2, label="straight line"
        )
        axes.plot(values[order], times[order], color=RED, label="route", **dots)  # type: ignore[arg-type]  # a dict of mixed options
        blocked = bool(np.any(np.isfinite(times) & ~np.isfinite(straight)))
        axes.set_title(
            "Travel time of the route" + ("; the straight line is blocked where it is missing" if blocked else "")
        )
        if np.ptp(values) > 0:
            margin = 0.03 * np.ptp(values)
            axes.set_xlim(values.min() - margin, values.max() + margin)
        axes.set_xlabel(shown(quantity.label))
        axes.set_ylabel(f"time ({shown(self.scenario.units.time, 20)})")
        below(axes, 2)
        return figure
