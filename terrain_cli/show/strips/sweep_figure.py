"""A sweep over strips as a figure: the final time over one number, with the cliff, or a heat map over two."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from terrain_cli.show.figure import OPTIMUM, below, colour_bar, new_figure, number_powers
from terrain_cli.show.style import BLACK, BLUE, GREY, ORANGE, RED, shown
from terrain_cli.strips.scenario import StripsScenario
from terrain_cli.strips.sweep import Parameter, find_cliff

POINTS = 2000  # kept of a sweep over one number
SIDE = 200  # kept along each number of a sweep over two
MARKED = 200  # points that get a mark each

MARKS = {
    "converged": ("o", BLUE, BLUE, "converged"),
    "iterations": ("o", "white", ORANGE, "used all its iterations"),
    "diverged": ("x", RED, RED, "diverged"),
}


class Picture:
    """Watches the points of a sweep over one or two numbers go by, and keeps as many as a figure can show."""

    def __init__(
        self, scenario: StripsScenario, parameters: Sequence[Parameter], varied: Mapping[str, Sequence[float]]
    ) -> None:
        self.scenario, self.parameters, self.varied, self.names = scenario, parameters, varied, list(varied)
        self.shape = [len(values) for values in varied.values()]
        most = POINTS if len(self.shape) == 1 else SIDE
        self.spacing = [-(-count // most) for count in self.shape]
        self.kept: list[dict[str, Any]] = []

    def watch(self, points: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The same points, seen."""
        for i, point in enumerate(points):
            index = [i] if len(self.shape) == 1 else divmod(i, self.shape[1])
            if all(k % spacing == 0 for k, spacing in zip(index, self.spacing, strict=True)):
                self.kept.append(point)
            yield point

    def make_figure(self, best: dict[str, Any] | None) -> Figure:
        """The figure of the points that have passed. best: the best of them."""
        cliff = find_cliff(self.scenario, self.varied)
        thinned = math.prod(self.spacing) > 1
        drawn = f" {len(self.kept):,} of {math.prod(self.shape):,} points drawn." if thinned else ""
        limit = " Cliff: 2/largest curvature at the optimum; from there on no descent converges." if cliff else ""
        figure = new_figure((7.0, 5.4), self.scenario.name, f"Method {self.scenario.descent.method}.{limit}{drawn}")
        axes = figure.subplots()
        if len(self.names) == 1:
            self.draw_line(axes, best, cliff)
        else:
            self.draw_map(axes, best)
        return figure

    def draw_line(self, axes: Axes, best: dict[str, Any] | None, cliff: float | None) -> None:
        """The final time over the swept number, the optimum below it, and the cliff."""
        name, parameter = self.names[0], self.parameters[0]
        points = sorted(self.kept, key=lambda point: float(point[name]))
        values = np.array([point[name] for point in points])
        times = np.array([math.nan if point["time"] is None else point["time"] for point in points])
        optimum = np.array([point["optimum"] for point in points])
        axes.set_title(f"Time at the end over {shown(parameter.label)}")
        axes.set_xlabel(shown(parameter.label))
        axes.set_ylabel(f"time ({shown(self.scenario.units.time, 20)})")
        axes.plot(values, optimum, color=GREY, linestyle=(0, (6, 3)), linewidth=1.2, label="exact optimum", zorder=1)
        axes.plot(values, times, color=BLACK, linewidth=1, label="_time", zorder=2)
        statuses = np.array([point["status"] for point in points])
        marked = np.zeros(len(points), dtype=bool)
        marked[:: -(-len(points) // MARKED)] = True
        for status, (marker, face, edge, label) in MARKS.items():
            here = marked & (statuses == status)
            if here.any():
                axes.plot(values[here], times[here], marker=marker, markerfacecolor=face, markeredgecolor=edge,
                          markersize=5, linestyle="", label=label, zorder=3)  # fmt: skip
        if best is not None:
            axes.plot([best[name]], [best["time"]], linestyle="", label="best", zorder=4, **OPTIMUM)
        if cliff is not None:
            axes.axvline(cliff, color=RED, linewidth=1.4, linestyle=":", zorder=1, label=f"cliff at {cliff:.4g}")
        if is_geometric(values):
            axes.set_xscale("log")
            number_powers(axes.xaxis)
        finite = times[np.isfinite(times)]
        if finite.size and finite.max() > 20 * optimum.max():
            axes.set_yscale("log")
            number_powers(axes.yaxis)
        below(axes, 3)

    def draw_map(self, axes: Axes, best: dict[str, Any] | None) -> None:
        """The final time as colour over both swept numbers; what diverged is hatched."""
        (across, along), labels = self.names, [shown(parameter.label) for parameter in self.parameters]
        grids = [np.unique([point[name] for point in self.kept]) for name in (across, along)]
        time = np.full((len(grids[1]), len(grids[0])), np.nan)
        for point in self.kept:
            i, j = np.searchsorted(grids[1], point[along]), np.searchsorted(grids[0], point[across])
            time[i, j] = math.nan if point["status"] == "diverged" or point["time"] is None else point["time"]
        axes.set_title(f"Time at the end over {labels[0]}\nand {labels[1]}")
        axes.set_xlabel(labels[0])
        axes.set_ylabel(labels[1])
        edges = [_edges(grid) for grid in grids]
        handles: list[Line2D | Patch] = []
        if np.isfinite(time).any():
            mesh = axes.pcolormesh(*edges, np.ma.masked_invalid(time), cmap="cividis", zorder=0)
            colour_bar(axes, mesh, f"time ({shown(self.scenario.units.time, 20)})")
        if not np.isfinite(time).all():
            ground: dict[str, Any] = {"hatch": "////", "facecolor": "white", "edgecolor": "#9a9a9a"}
            axes.patch.set(**ground)
            handles.append(Patch(**ground, linewidth=0, label="diverged"))
        if best is not None:
            handles += axes.plot([best[across]], [best[along]], linestyle="", label="best", zorder=4, **OPTIMUM)
        if is_geometric(grids[0]):
            axes.set_xscale("log")
            number_powers(axes.xaxis)
        if is_geometric(grids[1]):
            axes.set_yscale("log")
            number_powers(axes.yaxis)
        if handles:
            below(axes, handles=handles)


def is_geometric(values: np.ndarray) -> bool:
    """Whether these values, ascending, are evenly spaced in their logarithm rather than themselves, over a wide range."""
    if len(values) < 3 or values[0] <= 0 or values[-1] < 5 * values[0]:
        return False
    return bool(np.ptp(np.diff(np.log(values))) < 1e-6 * math.log(values[-1] / values[0]))


def _edges(values: np.ndarray) -> np.ndarray:
    """The cells around these values, ascending: one edge more than values."""
    if len(values) == 1:
        half = abs(values[0]) / 2 or 0.5
        return np.array([values[0] - half, values[0] + half])
    inner = np.sqrt(values[1:] * values[:-1]) if is_geometric(values) else (values[1:] + values[:-1]) / 2
    if is_geometric(values):
        ends = values[0] ** 2 / inner[0], values[-1] ** 2 / inner[-1]
    else:
        ends = 2 * values[0] - inner[0], 2 * values[-1] - inner[-1]
    return np.concatenate([[ends[0]], inner, [ends[1]]])
