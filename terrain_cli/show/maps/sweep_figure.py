"""A sweep of a map as a figure: the time of the route over one number, beside the straight line's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from terrain_cli.maps.scenario import MapScenario
from terrain_cli.maps.sweep import Parameter
from terrain_cli.show.figure import below, new_figure
from terrain_cli.show.style import BLACK, RED, shown

DOTTED = 60  # points that get a dot each


class Picture:
    """Watches the points of a sweep over one number pass, and keeps them."""

    def __init__(
        self, scenario: MapScenario, parameters: Sequence[Parameter], varied: Mapping[str, Sequence[float]]
    ) -> None:
        self.scenario, self.parameters = scenario, parameters
        self.points: list[dict[str, Any]] = []

    def watch(self, points: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Pass the points on."""
        for point in points:
            self.points.append(point)
            yield point

    def make_figure(self, best: dict[str, Any] | None) -> Figure:
        """The time over the number that varies, beside the straight line's. Call it inside `with figure_style():`."""
        [parameter] = self.parameters
        values = np.array([point[parameter.name] for point in self.points])
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
        dots = {"marker": ".", "markersize": 5} if len(values) <= DOTTED else {}
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
        axes.set_xlabel(shown(parameter.label))
        axes.set_ylabel(f"time ({shown(self.scenario.units.time, 20)})")
        below(axes, 2)
        return figure
