"""The figure of a sweep of a map: the times of the route and of the straight line over one parameter."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from terrain_cli.maps.scenario import MapScenario
from terrain_cli.maps.sweep import Parameter
from terrain_cli.show.figure import add_legend, new_figure
from terrain_cli.show.style import BLACK, RED, displayable

DOTTED = 60  # points, at most, that get a dot each


class Picture:
    """Collects the points of a sweep over one parameter and draws them."""

    def __init__(
        self, scenario: MapScenario, parameters: Sequence[Parameter], varied: Mapping[str, Sequence[float]]
    ) -> None:
        self.scenario, self.parameters = scenario, parameters
        self.points: list[dict[str, Any]] = []

    def watch(self, points: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the points unchanged, and keep them."""
        for point in points:
            self.points.append(point)
            yield point

    def make_figure(self, best: dict[str, Any] | None) -> Figure:
        """The times over the parameter that varies. Call it inside `with figure_style():`."""
        [parameter] = self.parameters
        values = np.array([point[parameter.name] for point in self.points])
        times, straight = (
            np.array([np.nan if point[key] is None else point[key] for point in self.points])
            for key in ("time", "straight_time")
        )
        missing = int(np.isnan(times).sum())
        text = f"No route at {missing:,} of {len(times):,} values." if missing else "There is a route at every value."
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
        axes.set_xlabel(displayable(parameter.label))
        axes.set_ylabel(f"time ({displayable(self.scenario.units.time, 20)})")
        add_legend(axes, 2)
        return figure
