"""The landscape of travel times that a descent crosses, with the trace of the descent.

Call all of it inside `with figure_style():`.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator

from terrain_cli.show.figure import END, OPTIMUM, START, STEPS, below, colour_bar
from terrain_cli.show.strips.rows import fan_rows
from terrain_cli.show.style import BLACK, RED, shown
from terrain_cli.strips.descent import Step
from terrain_cli.strips.landscape import Landscape, survey
from terrain_cli.strips.scenario import StripsScenario
from terrain_cli.strips.solution import StripsSolution
from terrain_cli.text import subscript

CROSSES = 60  # iterations of a trace that get a cross each


def draw_landscape(
    axes: Axes, solution: StripsSolution, chosen: tuple[int, ...] | None = None, held: bool = False
) -> Landscape | None:
    """The time over two unknowns as filled contours, or over one as a curve, with the trace of the descent.

    chosen: which unknowns, counting from 0; missing: the first two, or the only one. Returns the landscape; None where there
    is nothing to choose.
    """
    unknowns = len(solution.scenario.strips) - 1
    if unknowns == 0:
        draw_no_choice(axes, solution)
        return None
    landscape = survey(solution, chosen or tuple(range(min(2, unknowns))), held)
    draw_contours(axes, landscape, solution.scenario)
    for axis, grid in zip(landscape.axes, landscape.grids, strict=True):
        if _leaves(np.array([row.x[axis] for row in solution.history]), grid).any():
            axes.set_title(f"{axes.get_title(loc='left')},\nwhich the descent leaves")
            break
    draw_trace(axes, landscape, solution.history)
    mark_optimum(axes, landscape, solution)
    below(axes, 4 if len(landscape.axes) == 2 else 3)
    return landscape


def draw_no_choice(axes: Axes, solution: StripsSolution) -> None:
    """What is to be said where there is a single strip: it leaves nothing to choose."""
    time = f"{solution.time:.6g} {shown(solution.scenario.units.time, 20)}"
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
    """The ground that a descent walks on: the contours or the curve, the axes and what they mean."""
    names = [subscript("x", axis + 1) for axis in landscape.axes]
    others = len(scenario.strips) - 1 - len(names)
    count = "the other unknown" if others == 1 else f"the other {others:,} unknowns"
    where = "held where the descent ended" if landscape.held else "at their best" if others > 1 else "at its best"
    axes.set_title(f"Travel time over {' and '.join(names)}" + (f",\n{count} {where}" if others else ""))
    axes.set_xlabel(_unknown(scenario, landscape.axes[0]))
    time_label = f"time ({shown(scenario.units.time, 20)})"
    if len(landscape.grids) == 1:
        axes.plot(landscape.grids[0], landscape.time, color=BLACK, label="travel time", zorder=1)
        axes.set_ylabel(time_label)
        return
    axes.set_ylabel(_unknown(scenario, landscape.axes[1]))
    across, along = landscape.grids
    levels = MaxNLocator(18).tick_values(landscape.time.min(), landscape.time.max())
    filled = axes.contourf(across, along, landscape.time, levels, cmap="cividis", zorder=0)
    axes.contour(across, along, landscape.time, levels, colors="white", linewidths=0.4, alpha=0.6, zorder=0.5)
    colour_bar(axes, filled, time_label, ticks=levels[::3], format="%g")
    axes.set_xlim(across[0], across[-1])
    axes.set_ylim(along[0], along[-1])
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=STEPS))
    axes.yaxis.set_major_locator(MaxNLocator(8, steps=STEPS))
    if 0.5 <= np.ptp(across) / np.ptp(along) <= 2:
        axes.set_aspect("equal")  # the descent then crosses the contours at right angles


def _unknown(scenario: StripsScenario, axis: int) -> str:
    unit = shown(scenario.units.length, 20)
    return f"{subscript('x', axis + 1)}, along {shown(scenario.strip_name(axis), 40)} ({unit})"


def _leaves(values: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Which of the values are outside of what is shown."""
    outside: np.ndarray = ~((values >= shown[0]) & (values <= shown[-1]))
    return outside


def draw_trace(axes: Axes, landscape: Landscape, history: Sequence[Step]) -> list[Artist]:
    """The way of the descent over the landscape: dashes, crosses, start and end. Returns what was drawn."""
    across = np.array([row.x[landscape.axes[0]] for row in history])
    if len(landscape.axes) == 2:
        along = np.array([row.x[landscape.axes[1]] for row in history])
    else:
        along = np.array([row.time for row in history])
    # A mark on the edge is drawn whole; one beyond it, not at all.
    clips = _leaves(across, landscape.grids[0])
    if len(landscape.axes) == 2:
        clips |= _leaves(along, landscape.grids[1])
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
    """The exact optimum as a star. Returns what was drawn."""
    movements = solution.optimum.movements
    first = float(movements[landscape.axes[0]])
    second = float(movements[landscape.axes[1]]) if len(landscape.axes) == 2 else float(solution.optimum.time)
    return list(axes.plot([first], [second], linestyle="", label="exact optimum", zorder=6, **OPTIMUM))
