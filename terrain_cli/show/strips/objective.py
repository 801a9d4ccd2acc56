"""The objective over the iterations: the travel time and its gap to the exact optimum, of one descent or of several.

All functions must be called inside `with figure_style():`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from terrain_cli.show.figure import END, START, STEPS, add_legend, tick_powers
from terrain_cli.show.strips.landscape import CROSSES
from terrain_cli.show.style import GREY, RED, SERIES, displayable
from terrain_cli.strips.gap import find_rounding
from terrain_cli.strips.solution import StripsSolution


def draw_time(axes: Axes, solution: StripsSolution, runs: Sequence[tuple[str, StripsSolution]] = ()) -> None:
    """Draw the time over the iterations, and the optimum. runs: several descents in place of the solution, each with a label."""
    unit = displayable(solution.scenario.units.time, 20)
    best = float(solution.optimum.time)
    axes.set_title("Travel time after each iteration")
    axes.set_ylabel(f"time ({unit})")
    axes.set_xlabel("iteration")
    axes.axhline(best, color=GREY, linestyle=(0, (6, 3)), linewidth=1, label="exact optimum", zorder=1)
    highest = -np.inf
    for (label, run), (colour, dash) in zip(runs or [("", solution)], _series(runs), strict=False):
        iterations, times = _curve(run)
        axes.plot(iterations, times, color=colour, linestyle=dash, label=label or "_", **_dots(iterations), zorder=2)
        highest = max(highest, times[0])
        if not runs:
            _mark(axes, iterations, times)
    if runs:  # a run that diverges must not flatten the others
        top = axes.get_ylim()[1]
        axes.set_ylim(
            best - 0.06 * (highest - best), min(top, best + 1.6 * (highest - best)) if highest > best else None
        )
    _number_iterations(axes, solution, runs)
    add_legend(axes, 3)


def draw_gap(axes: Axes, solution: StripsSolution, runs: Sequence[tuple[str, StripsSolution]] = ()) -> None:
    """Draw the gap between the time and the optimum over the iterations, on a logarithmic axis."""
    axes.set_title("Gap to the exact optimum")
    axes.set_ylabel("gap (%)")
    axes.set_xlabel("iteration")
    lowest, highest, floor = np.inf, 0.0, 100 * find_rounding(len(solution.scenario.strips))
    for (_, run), (colour, dash) in zip(runs or [("", solution)], _series(runs), strict=False):
        iterations, times = _curve(run)
        gap = np.maximum(100 * (times / float(run.optimum.time) - 1), floor)
        lowest, highest = min(lowest, np.nanmin(gap)), max(highest, np.nanmax(gap))
        axes.plot(iterations, gap, color=colour, linestyle=dash, **_dots(iterations), zorder=2)
        if not runs:
            _mark(axes, iterations, gap)
    if lowest <= floor:
        axes.axhline(floor, color=GREY, linewidth=1, linestyle=":")
        axes.annotate("rounding", (0, floor), (4, 3), xycoords=("axes fraction", "data"), textcoords="offset points",
                      color=GREY, fontsize=9)  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylim(lowest / 3, max(highest, 10 * lowest) * 3)
    tick_powers(axes.yaxis)
    _number_iterations(axes, solution, runs)


def _mark(axes: Axes, iterations: np.ndarray, values: np.ndarray) -> None:
    """Mark the start and the end of a descent; only the end if it took no step."""
    if len(iterations) > 1:
        axes.plot(iterations[:1], values[:1], linestyle="", label="start", clip_on=False, zorder=4, **START)
    label = "end" if len(iterations) > 1 else "path"
    axes.plot(iterations[-1:], values[-1:], linestyle="", label=label, clip_on=False, zorder=5, **END)


def _number_iterations(axes: Axes, solution: StripsSolution, runs: Sequence[tuple[str, StripsSolution]]) -> None:
    if max(run.iterations for _, run in runs or [("", solution)]) == 0:
        axes.set_xlim(-1, 1)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=STEPS))


def _series(runs: Sequence[object]) -> list[tuple[str, str]]:
    return SERIES if runs else [(RED, "-")]


def _curve(run: StripsSolution) -> tuple[np.ndarray, np.ndarray]:
    """Iterations and times, both of shape (k,); a time that is not finite becomes NaN."""
    times = np.array([row.time for row in run.history])
    return np.array([row.iteration for row in run.history]), np.where(np.isfinite(times), times, np.nan)


def _dots(iterations: np.ndarray) -> dict[str, Any]:
    return {"marker": ".", "markersize": 5} if len(iterations) <= CROSSES else {}
