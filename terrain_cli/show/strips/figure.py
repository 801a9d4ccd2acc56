"""The figures of a descent across strips: landscape, objective, paths, or all of them in one figure.

landscape.py, objective.py and paths.py draw the panels, for the animation as well.
"""

import textwrap
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from terrain_cli.show.figure import new_figure, root_figure
from terrain_cli.show.strips.landscape import draw_landscape
from terrain_cli.show.strips.objective import draw_gap, draw_time
from terrain_cli.show.strips.paths import draw_paths
from terrain_cli.show.style import figure_style
from terrain_cli.strips.scenario import StripsScenario
from terrain_cli.strips.solution import StripsSolution

SIZES = {"landscape": (6.4, 6.0), "objective": (6.4, 6.6), "paths": (8.0, 5.8), "all": (13.0, 9.6)}  # inches
MOSAICS: dict[str, Any] = {
    "landscape": [["landscape"]],
    "objective": [["time"], ["gap"]],
    "paths": [["paths"]],
    "all": [["landscape", "paths"], ["time", "gap"]],
}


def plot(
    solution: StripsSolution,
    kind: str = "landscape",
    *,
    ax: Axes | None = None,
    runs: Sequence[tuple[str, StripsSolution]] = (),
    axes: tuple[int, ...] | None = None,
    held: bool = False,
) -> Figure:
    """The figure of a solution: "landscape", "objective", "paths" or "all" of them.

    ax: the axes to draw a landscape or the paths into. runs: descents to overlay in the objective, each with its label. axes,
    held: as in `survey`. Raises ValueError for an `ax` with a kind of several panels.
    """
    with figure_style(*texts_of(solution.scenario)):
        if ax is not None:
            if len(MOSAICS[kind]) > 1:
                raise ValueError(f"ax: {kind} has several panels; draw a landscape or the paths, or leave ax out")
            panels = {kind: ax}
            figure = root_figure(ax)
        else:
            size = SIZES[kind]
            figure = new_figure(size, solution.scenario.name, caption(solution, runs, round(size[0] * 14)))
            grid: dict[str, Any] = {"height_ratios": [1.7, 1], "width_ratios": [1, 1.25]} if kind == "all" else {}
            panels = figure.subplot_mosaic(MOSAICS[kind], **grid)
        if "landscape" in panels:
            draw_landscape(panels["landscape"], solution, axes, held)
        if "time" in panels:
            draw_time(panels["time"], solution, runs)
            draw_gap(panels["gap"], solution, runs)
        if "paths" in panels:
            draw_paths(panels["paths"], solution)
    return figure


def label(varied: str, solution: StripsSolution) -> str:
    """The label of a descent in a comparison in which the step or the method varies."""
    method = str(solution.scenario.descent.method)
    if varied == "step":
        return f"step {solution.step:g}"
    return method if solution.step is None else f"{method}, step {solution.step:.4g}"


def texts_of(scenario: StripsScenario) -> list[str]:
    """The texts in the figures that the user wrote."""
    return [scenario.name, scenario.units.length, scenario.units.time, *(strip.name or "" for strip in scenario.strips)]


def caption(solution: StripsSolution, runs: Sequence[tuple[str, StripsSolution]] = (), width: int = 90) -> str:
    """The method and the outcome, or the outcome of each run, in a few lines of at most `width` characters."""
    plan = solution.scenario.descent
    how = f"Method {plan.method}" + (f", step {solution.step:.4g}. " if solution.step is not None else ". ")
    if runs:
        ended = [f"{label}: {_describe_end(run)}" for label, run in runs]
        return "\n".join(textwrap.wrap("; ".join(ended) + ".", width))
    return "\n".join(textwrap.wrap(how + solution.message, width))


def _describe_end(solution: StripsSolution) -> str:
    """How a descent ended, in a few words."""
    if solution.scenario.descent.method == "snell":
        return "exact"
    if solution.status == "diverged":
        return "diverged"
    after = f"after {solution.iterations:,}"
    if solution.status == "converged":
        return f"converged {after}"
    return f"{100 * solution.gap:.2g} % above {after}" if solution.gap > 0 else f"at the optimum {after}"
