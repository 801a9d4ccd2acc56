"""The figure of a sweep over strips: the final time over one parameter, with the cliff, or a heat map over two."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from terrain_cli.show.figure import OPTIMUM, add_colour_bar, add_legend, new_figure, tick_powers
from terrain_cli.show.style import BLACK, BLUE, GREY, ORANGE, RED, displayable
from terrain_cli.strips.scenario import StripsScenario
from terrain_cli.strips.sweep import Parameter, find_cliff

POINTS = 2000  # kept of a sweep over one parameter, at most
SIDE = 200  # values kept of each parameter of a sweep over two, at most
MARKED = 200  # points, at most, that get a mark

MARKS = {
    "converged": ("o", BLUE, BLUE, "converged"),
    "iterations": ("o", "white", ORANGE, "used all its iterations"),
    "diverged": ("x", RED, RED, "diverged"),
}


class Picture:
    """Collects as many points of a sweep over one or two parameters as a figure can show, and draws them."""

    def __init__(
        self, scenario: StripsScenario, parameters: Sequence[Parameter], varied: Mapping[str, Sequence[float]]
    ) -> None:
        self.scenario, self.parameters, self.varied, self.names = scenario, parameters, varied, list(varied)
        self.shape = [len(values) for values in varied.values()]
        most = POINTS if len(self.shape) == 1 else SIDE
        self.spacing = [-(-count // most) for count in self.shape]
        self.kept: list[dict[str, Any]] = []

    def watch(self, points: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the points unchanged, and keep some of them."""
        for i, point in enumerate(points):
            index = [i] if len(self.shape) == 1 else divmod(i, self.shape[1])
            if all(k % spacing == 0 for k, spacing in zip(index, self.spacing, strict=True)):
                self.kept.append(point)
            yield point

    def make_figure(self, best: dict[str, Any] | None) -> Figure:
        """The figure of the points that have passed. best: the best of them. Call it inside `with figure_style():`."""
        cliff = find_cliff(self.scenario, self.varied)
        thinned = math.prod(self.spacing) > 1
        drawn = f" {len(self.kept):,} of {math.prod(self.shape):,} points drawn." if thinned else ""
        limit = " No step at or above the cliff, 2/largest curvature at the optimum, converges." if cliff else ""
        figure = new_figure((7.0, 5.4), self.scenario.name, f"Method {self.scenario.descent.method}.{limit}{drawn}")
        axes = figure.subplots()
        if len(self.names) == 1:
            self.draw_line(axes, best, cliff)
        else:
            self.draw_map(axes, best)
        return figure

    def draw_line(self, axes: Axes, best: dict[str, Any] | None, cliff: float | None) -> None:
        """Draw the final time and the optimum over the parameter, and the cliff."""
        name, parameter = self.names[0], self.parameters[0]
        points = sorted(self.kept, key=lambda point: float(point[name]))
        values = np.array([point[name] for point in points])
        times = np.array([math.nan if point["time"] is None else point["time"] for point in points])
        optimum = np.array([point["optimum"] for point in points])
        axes.set_title(f"Final time over {displayable(parameter.label)}")
        axes.set_xlabel(displayable(parameter.label))
        axes.set_ylabel(f"time ({displayable(self.scenario.units.time, 20)})")
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
            tick_powers(axes.xaxis)
        finite = times[np.isfinite(times)]
        if finite.size and finite.max() > 20 * optimum.max():
            axes.set_yscale("log")
            tick_powers(axes.yaxis)
        add_legend(axes, 3)

    def draw_map(self, axes: Axes, best: dict[str, Any] | None) -> None:
        """Draw the final time as colour over both parameters, hatched where the descent diverged."""
        (across, along), labels = self.names, [displayable(parameter.label) for parameter in self.parameters]
        grids = [np.unique([point[name] for point in self.kept]) for name in (across, along)]
        time = np.full((len(grids[1]), len(grids[0])), np.nan)
        for point in self.kept:
            i, j = np.searchsorted(grids[1], point[along]), np.searchsorted(grids[0], point[across])
            time[i, j] = math.nan if point["status"] == "diverged" or point["time"] is None else point["time"]
        axes.set_title(f"Final time over {labels[0]}\nand {labels[1]}")
        axes.set_xlabel(labels[0])
        axes.set_ylabel(labels[1])
        edges = [_edges(grid) for grid in grids]
        handles: list[Line2D | Patch] = []
        if np.isfinite(time).any():
            mesh = axes.pcolormesh(*edges, np.ma.masked_invalid(time), cmap="cividis", zorder=0)
            add_colour_bar(axes, mesh, f"time ({displayable(self.scenario.units.time, 20)})")
        if not np.isfinite(time).all():
            ground: dict[str, Any] = {"hatch": "////", "facecolor": "white", "edgecolor": "#9a9a9a"}
            axes.patch.set(**ground)
            handles.append(Patch(**ground, linewidth=0, label="diverged"))
        if best is not None:
            handles += axes.plot([best[across]], [best[along]], linestyle="", label="best", zorder=4, **OPTIMUM)
        if is_geometric(grids[0]):
            axes.set_xscale("log")
            tick_powers(axes.xaxis)
        if is_geometric(grids[1]):
            axes.set_yscale("log")
            tick_powers(axes.yaxis)
        if handles:
            add_legend(axes, handles=handles)


def is_geometric(values: np.ndarray) -> bool:
    """Whether these values, ascending, shape (n,), span a wide range in steps of a constant ratio."""
    if len(values) < 3 or values[0] <= 0 or values[-1] < 5 * values[0]:
        return False
    return bool(np.ptp(np.diff(np.log(values))) < 1e-6 * math.log(values[-1] / values[0]))


def _edges(values: np.ndarray) -> np.ndarray:
    """The edges of the cells around these values, ascending, shape (n,); returns shape (n+1,)."""
    if len(values) == 1:
        half = abs(values[0]) / 2 or 0.5
        return np.array([values[0] - half, values[0] + half])
    inner = np.sqrt(values[1:] * values[:-1]) if is_geometric(values) else (values[1:] + values[:-1]) / 2
    if is_geometric(values):
        ends = values[0] ** 2 / inner[0], values[-1] ** 2 / inner[-1]
    else:
        ends = 2 * values[0] - inner[0], 2 * values[-1] - inner[-1]
    return np.concatenate([[ends[0]], inner, [ends[1]]])
