"""The landscape of travel times that a descent crosses, with the trace of the descent.

All functions that draw must be called inside `with figure_style():`.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator

from terrain_cli.show.figure import END, OPTIMUM, START, STEPS, add_colour_bar, add_legend
from terrain_cli.show.strips.rows import fan_rows
from terrain_cli.show.style import BLACK, RED, displayable
from terrain_cli.strips.descent import Step
from terrain_cli.strips.landscape import Landscape, survey
from terrain_cli.strips.scenario import StripsScenario
from terrain_cli.strips.solution import StripsSolution
from terrain_cli.text import subscript

CROSSES = 60  # iterations, about, that get a cross each on the trace


def draw_landscape(
    axes: Axes, solution: StripsSolution, chosen: tuple[int, ...] | None = None, held: bool = False
) -> Landscape | None:
    """Draw the time over two unknowns as filled contours, or over one as a curve, with the trace of the descent.

    chosen: the unknowns, counting from 0; by default the first two, or the only one. Returns the landscape; None if there
    is only one strip.
    """
    unknowns = len(solution.scenario.strips) - 1
    if unknowns == 0:
        draw_no_choice(axes, solution)
        return None
    landscape = survey(solution, chosen or tuple(range(min(2, unknowns))), held)
    draw_contours(axes, landscape, solution.scenario)
    for axis, grid in zip(landscape.axes, landscape.grids, strict=True):
        if _is_outside(np.array([row.x[axis] for row in solution.history]), grid).any():
            axes.set_title(f"{axes.get_title(loc='left')};\nthe descent leaves this area")
            break
    draw_trace(axes, landscape, solution.history)
    mark_optimum(axes, landscape, solution)
    add_legend(axes, 4 if len(landscape.axes) == 2 else 3)
    return landscape


def draw_no_choice(axes: Axes, solution: StripsSolution) -> None:
    """Write that a single strip leaves nothing to choose."""
    time = f"{solution.time:.6g} {displayable(solution.scenario.units.time, 20)}"
    axes.set_axis_off()
    axes.text(
        0.5,
        0.5,
        f"One strip leaves nothing to choose:\nthe straight line takes {time}.",
        transform=axes.transAxes,
        ha="center",
        va="center",
    )


def draw_contours(axes: Axes, landscape: Landscape, scenario: StripsScenario) -> None:
    """Draw the contours or the curve, with title, axis labels and colour bar."""
    axes.set_title(landscape_title(landscape, scenario, ",\n"))
    axes.set_xlabel(_unknown(scenario, landscape.axes[0]))
    time_label = f"time ({displayable(scenario.units.time, 20)})"
    if len(landscape.grids) == 1:
        axes.plot(landscape.grids[0], landscape.time, color=BLACK, label="travel time", zorder=1)
        axes.set_ylabel(time_label)
        return
    axes.set_ylabel(_unknown(scenario, landscape.axes[1]))
    across, along = landscape.grids
    levels = MaxNLocator(18).tick_values(landscape.time.min(), landscape.time.max())
    filled = axes.contourf(across, along, landscape.time, levels, cmap="cividis", zorder=0)
    axes.contour(across, along, landscape.time, levels, colors="white", linewidths=0.4, alpha=0.6, zorder=0.5)
    add_colour_bar(axes, filled, time_label, ticks=levels[::3], format="%g")
    axes.set_xlim(across[0], across[-1])
    axes.set_ylim(along[0], along[-1])
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=STEPS))
    axes.yaxis.set_major_locator(MaxNLocator(8, steps=STEPS))
    if 0.5 <= np.ptp(across) / np.ptp(along) <= 2:
        axes.set_aspect("equal")  # the descent then crosses the contours at right angles


def landscape_title(landscape: Landscape, scenario: StripsScenario, separator: str) -> str:
    """Which unknowns the time is drawn over and, after the separator, the values of the others."""
    names = [subscript("x", axis + 1) for axis in landscape.axes]
    title = f"Travel time over {' and '.join(names)}"
    others = len(scenario.strips) - 1 - len(names)
    if others == 0:
        return title
    count = "the other unknown" if others == 1 else f"the other {others:,} unknowns"
    where = "held where the descent ended" if landscape.held else "at their best" if others > 1 else "at its best"
    return f"{title}{separator}{count} {where}"


def _unknown(scenario: StripsScenario, axis: int) -> str:
    unit = displayable(scenario.units.length, 20)
    return f"{subscript('x', axis + 1)}, along {displayable(scenario.strip_name(axis), 40)} ({unit})"


def _is_outside(values: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Which of the values lie outside the grid, NaN included, shape (k,)."""
    outside: np.ndarray = ~((values >= grid[0]) & (values <= grid[-1]))
    return outside


def draw_trace(axes: Axes, landscape: Landscape, history: Sequence[Step]) -> list[Artist]:
    """Draw the trace of the descent over the landscape: dashes, crosses, start and end. Returns what was drawn."""
    across = np.array([row.x[landscape.axes[0]] for row in history])
    if len(landscape.axes) == 2:
        along = np.array([row.x[landscape.axes[1]] for row in history])
    else:
        along = np.array([row.time for row in history])
    # A mark on the edge is drawn whole, a mark beyond it not at all.
    clips = _is_outside(across, landscape.grids[0])
    if len(landscape.axes) == 2:
        clips |= _is_outside(along, landscape.grids[1])
    if len(history) == 1:
        return list(axes.plot(across, along, linestyle="", label="path", clip_on=clips[0], zorder=4, **END))
    rows = {id(row) for row in fan_rows(history, CROSSES)}
    crosses = [i for i, row in enumerate(history) if id(row) in rows]
    halo = [Stroke(linewidth=3, foreground="white"), Normal()]
    label = "iterations" if len(crosses) == len(history) else "some iterations"
    return [
        *axes.plot(across, along, color="white", linewidth=2.6, label="_halo", zorder=2),
        *axes.plot(across, along, color=RED, linestyle=(0, (3, 1.5)), linewidth=1.4, label="_trace", zorder=2),
        *axes.plot(across[crosses], along[crosses], color=RED, marker="x", markersize=6, markeredgewidth=1.6,
                   linestyle="", path_effects=halo, label=label, zorder=3),
        *axes.plot(across[:1], along[:1], linestyle="", label="start", clip_on=clips[0], zorder=4, **START),
        *axes.plot(across[-1:], along[-1:], linestyle="", label="end", clip_on=clips[-1], zorder=5, **END),
    ]  # fmt: skip


def mark_optimum(axes: Axes, landscape: Landscape, solution: StripsSolution) -> list[Artist]:
    """Mark the exact optimum with a star. Returns what was drawn."""
    movements = solution.optimum.movements
    first = float(movements[landscape.axes[0]])
    second = float(movements[landscape.axes[1]]) if len(landscape.axes) == 2 else float(solution.optimum.time)
    return list(axes.plot([first], [second], linestyle="", label="exact optimum", zorder=6, **OPTIMUM))
