"""The figures of a descent: the landscape with its trace, the time over iterations, and the paths as a fan over the strips.

`draw_x` draws into an `Axes`, so that the animation draws with the same ink. Call all of it inside `with paper():`.
"""

import textwrap
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, SymLogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from terrain_cli.scenario.load import Scenario
from terrain_cli.show.style import BLACK, GREY, RED, SERIES, power_of_ten, shown, subscript
from terrain_cli.strips.descent import Step
from terrain_cli.strips.landscape import REACH, Landscape, survey
from terrain_cli.strips.solution import Solution

START: dict[str, Any] = {"marker": "o", "markersize": 8, "markerfacecolor": "white", "markeredgecolor": BLACK}
END: dict[str, Any] = {"marker": "o", "markersize": 10, "markerfacecolor": RED, "markeredgecolor": "white"}
OPTIMUM: dict[str, Any] = {"marker": "*", "markersize": 12, "markerfacecolor": "#f0e442", "markeredgecolor": BLACK}

CROSSES = 60  # iterations of a trace that get a cross each
LINES = 160  # paths in a fan
VERTICES = 2000  # of a path
LABELLED = 12  # strips whose names are written; more are told by the colour bar alone
LETTERS = 56  # of a name fit side by side over all strips
STEPS = [1, 2, 5, 10]  # between ticks
FLOOR = 1e-13  # %, times the root of the number of strips: where a gap is lost in rounding

GROUND = LinearSegmentedColormap.from_list("ground", ["#b9b9b9", "#f7f7f7"])  # slow is dark


def fan_colours() -> Colormap:
    """plasma without its palest yellow, which would be lost on pale ground."""
    from matplotlib import colormaps

    return LinearSegmentedColormap.from_list("fan", colormaps["plasma"](np.linspace(0.0, 0.86, 64)))


def make_figure(
    kind: str,
    solution: Solution,
    runs: Sequence[tuple[str, Solution]] = (),
    axes: tuple[int, ...] | None = None,
    held: bool = False,
) -> Figure:
    """A whole figure of a kind: "landscape", "objective", "paths" or "all" of them.

    runs: descents to lay over each other in the objective, each with its label. axes, held: as in `survey`.
    """
    size = {"landscape": (6.4, 6.0), "objective": (6.4, 6.6), "paths": (8.0, 5.8), "all": (13.0, 9.6)}[kind]
    figure = new_figure(size, solution.scenario.name, caption(solution, runs, round(size[0] * 14)))
    mosaics: dict[str, Any] = {
        "landscape": [["landscape"]],
        "objective": [["time"], ["gap"]],
        "paths": [["paths"]],
        "all": [["landscape", "paths"], ["time", "gap"]],
    }
    grid: dict[str, Any] = {"height_ratios": [1.7, 1], "width_ratios": [1, 1.25]} if kind == "all" else {}
    panels: dict[str, Axes] = figure.subplot_mosaic(mosaics[kind], **grid)
    if "landscape" in panels:
        draw_landscape(panels["landscape"], solution, axes, held)
    if "time" in panels:
        draw_time(panels["time"], solution, runs)
        draw_gap(panels["gap"], solution, runs)
    if "paths" in panels:
        draw_paths(panels["paths"], solution)
    return figure


def new_figure(size: tuple[float, float], title: str, text: str) -> Figure:
    """An empty figure of `size`, inches, with a title, which is a user's, and a caption."""
    figure = Figure(figsize=size)
    figure.suptitle(shown(title))
    figure.supxlabel(text, fontsize=9, color=GREY)
    return figure


def texts_of(scenario: Scenario) -> list[str]:
    """What the user wrote that figures show."""
    return [scenario.name, scenario.units.length, scenario.units.time, *(strip.name or "" for strip in scenario.strips)]


def caption(solution: Solution, runs: Sequence[tuple[str, Solution]] = (), width: int = 90) -> str:
    """What is drawn and how it ended, in a few lines of at most `width` letters."""
    plan = solution.scenario.descent
    how = f"Method {plan.method}" + (f", step {solution.step:.4g}. " if solution.step is not None else ". ")
    if runs:
        ended = [f"{label}: {_ended(run)}" for label, run in runs]
        return "\n".join(textwrap.wrap("; ".join(ended) + ".", width))
    return "\n".join(textwrap.wrap(how + solution.message, width))


def _ended(solution: Solution) -> str:
    """How a descent ended, in a few words."""
    if solution.scenario.descent.method == "snell":
        return "exact"
    if solution.status == "diverged":
        return "diverged"
    after = f"after {solution.iterations:,}"
    if solution.status == "converged":
        return f"converged {after}"
    return f"{100 * solution.gap:.2g} % above {after}" if solution.gap > 0 else f"at the optimum {after}"


# The landscape


def draw_landscape(
    axes: Axes, solution: Solution, chosen: tuple[int, ...] | None = None, held: bool = False
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


def draw_no_choice(axes: Axes, solution: Solution) -> None:
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


def draw_contours(axes: Axes, landscape: Landscape, scenario: Scenario) -> None:
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


def colour_bar(axes: Axes, what: Any, label: str, place: int = 0, **settings: Any) -> Colorbar:
    """A colour bar as high as the axes, beside them; place 1 is further out."""
    box = axes.inset_axes((1.03 + 0.17 * place, 0, 0.035, 1))
    return _root(axes).colorbar(what, cax=box, label=label, **settings)


def _root(axes: Axes) -> Figure:
    return cast(Figure, axes.get_figure(root=True))


def _unknown(scenario: Scenario, axis: int) -> str:
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


def mark_optimum(axes: Axes, landscape: Landscape, solution: Solution) -> list[Artist]:
    """The exact optimum as a star. Returns what was drawn."""
    movements = solution.optimum.movements
    first = float(movements[landscape.axes[0]])
    second = float(movements[landscape.axes[1]]) if len(landscape.axes) == 2 else float(solution.optimum.time)
    return list(axes.plot([first], [second], linestyle="", label="exact optimum", zorder=6, **OPTIMUM))


def below(axes: Axes, columns: int = 4, handles: Sequence[Any] | None = None) -> None:
    """The legend below the axes, where it hides nothing."""
    axes.legend(handles=handles, ncols=columns, columnspacing=1.2, handletextpad=0.5, borderaxespad=0,
                loc="upper center", bbox_to_anchor=(0.5, 0),
                bbox_transform=axes.transAxes + ScaledTranslation(0, -40 / 72, _root(axes).dpi_scale_trans))  # fmt: skip


# The objective


def draw_time(axes: Axes, solution: Solution, runs: Sequence[tuple[str, Solution]] = ()) -> None:
    """The time over iterations, of one descent or of several, with the optimum."""
    unit = shown(solution.scenario.units.time, 20)
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
    if runs:  # one that diverges must not flatten the others
        top = axes.get_ylim()[1]
        axes.set_ylim(
            best - 0.06 * (highest - best), min(top, best + 1.6 * (highest - best)) if highest > best else None
        )
    _number_iterations(axes, solution, runs)
    below(axes, 3)


def draw_gap(axes: Axes, solution: Solution, runs: Sequence[tuple[str, Solution]] = ()) -> None:
    """How much the time is above the optimum over iterations, on a logarithmic axis."""
    axes.set_title("Above the exact optimum")
    axes.set_ylabel("gap (%)")
    axes.set_xlabel("iteration")
    lowest, highest, floor = np.inf, 0.0, FLOOR * len(solution.scenario.strips) ** 0.5
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
    number_powers(axes.yaxis)
    _number_iterations(axes, solution, runs)


def number_powers(axis: Axis) -> None:
    """Ticks at powers of ten on a logarithmic axis."""
    axis.set_major_locator(LogLocator(numticks=6))
    axis.set_major_formatter(FuncFormatter(power_of_ten))
    axis.set_minor_locator(NullLocator())


def _mark(axes: Axes, iterations: np.ndarray, values: np.ndarray) -> None:
    """Start and end of a descent; one that took no step has an end alone."""
    if len(iterations) > 1:
        axes.plot(iterations[:1], values[:1], linestyle="", label="start", clip_on=False, zorder=4, **START)
    label = "end" if len(iterations) > 1 else "path"
    axes.plot(iterations[-1:], values[-1:], linestyle="", label=label, clip_on=False, zorder=5, **END)


def _number_iterations(axes: Axes, solution: Solution, runs: Sequence[tuple[str, Solution]]) -> None:
    if max(run.iterations for _, run in runs or [("", solution)]) == 0:
        axes.set_xlim(-1, 1)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=STEPS))


def _series(runs: Sequence[Any]) -> list[tuple[str, str]]:
    return SERIES if runs else [(RED, "-")]


def _curve(run: Solution) -> tuple[np.ndarray, np.ndarray]:
    """Iterations and times, NaN where a time is not finite."""
    times = np.array([row.time for row in run.history])
    return np.array([row.iteration for row in run.history]), np.where(np.isfinite(times), times, np.nan)


def _dots(iterations: np.ndarray) -> dict[str, Any]:
    return {"marker": ".", "markersize": 5} if len(iterations) <= CROSSES else {}


# The paths


def draw_paths(axes: Axes, solution: Solution) -> None:
    """The strips shaded by speed, the path at every iteration as a fan, the last and the optimal path, A, B and the x_i."""
    scenario = solution.scenario
    axes.set_title("The path after each iteration" if len(solution.history) > 1 else "The path")
    draw_ground(axes, scenario, *extent(solution))
    drawn = fan_rows(solution.history)
    norm = iteration_norm(solution.history)
    if len(drawn) > 1:
        fan = draw_fan(axes, scenario, drawn, norm)
        ticks = None if isinstance(norm, SymLogNorm) else MaxNLocator(6, integer=True, steps=STEPS)
        bar = colour_bar(axes, fan, "iteration", ticks=ticks)
        bar.ax.minorticks_off()
        if ticks is None:
            bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    draw_optimum(axes, solution)
    draw_end(axes, scenario, solution.last, "end" if len(drawn) > 1 else "path")
    mark_unknowns(axes, scenario, solution.last)
    mark_ends(axes, scenario)
    handles = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
    if len(drawn) > 1:
        handles.insert(0, Line2D([], [], color=fan_colours()(0.0), linewidth=1.2, label="start"))
    below(axes, handles=handles)


def extent(solution: Solution) -> tuple[float, float]:
    """From where to where along the strips the paths run, m; bounces far out are cut off."""
    offset = solution.scenario.offset
    size = sum(solution.scenario.widths) + abs(offset)
    paths = [np.concatenate([[0, offset], row.crossings]) for row in fan_rows(solution.history)]
    every = np.concatenate([*paths, solution.optimum.crossings])
    every = np.clip(every[np.isfinite(every)], -REACH * size, REACH * size)
    low, high = float(every.min()), float(every.max())
    if high - low < 0.2 * sum(solution.scenario.widths):
        middle, half = (low + high) / 2, 0.1 * sum(solution.scenario.widths)
        low, high = middle - half, middle + half
    return low - 0.07 * (high - low), high + 0.07 * (high - low)


def fan_rows(history: Sequence[Step], count: int = LINES) -> list[Step]:
    """Some of the iterations, the first and the last among them, closer together where there is more to see."""
    last = max(1, history[-1].iteration)
    norm = iteration_norm(history)
    wanted = np.asarray(norm.inverse(np.linspace(0, 1, min(count, last + 1))))
    kept = np.array([row.iteration for row in history])
    nearest = np.searchsorted(kept, wanted.round()).clip(0, len(history) - 1)
    return [history[i] for i in np.unique(np.append(nearest, [0, len(history) - 1]))]


def iteration_norm(history: Sequence[Step]) -> Normalize:
    """How iterations are coloured: evenly, but a long descent, which changes most at first, by the logarithm."""
    last = max(1, history[-1].iteration)
    return Normalize(0, last) if last <= 100 else SymLogNorm(10, vmin=0, vmax=last)


def _thin(scenario: Scenario) -> np.ndarray:
    """Indices of the boundaries that are drawn, the start (0) and the goal (n) among them."""
    n = len(scenario.strips)
    return np.unique(np.linspace(0, n, min(n, VERTICES) + 1).round().astype(int))


def path_points(scenario: Scenario, row: Step) -> np.ndarray:
    """The path as points (across, along), shape (k, 2), m, from A to B."""
    across = np.concatenate([[0.0], np.cumsum(scenario.widths)])
    along = np.concatenate([[0.0], row.crossings, [scenario.offset]])
    points: np.ndarray = np.column_stack([across, along])[_thin(scenario)]
    return points


def draw_ground(axes: Axes, scenario: Scenario, low: float, high: float) -> None:
    """The strips, shaded by speed and named, and the axes. Many strips are told by a second colour bar."""
    n = len(scenario.strips)
    length, per = shown(scenario.units.length, 20), shown(scenario.units.time, 20)
    across = np.concatenate([[0.0], np.cumsum(scenario.widths)])
    kept = _thin(scenario)
    slowness = np.add.reduceat(np.array(scenario.widths) / np.array(scenario.speeds), kept[:-1])
    speeds = np.diff(across[kept]) / slowness
    spread = max(scenario.speeds) - min(scenario.speeds)
    norm = Normalize(min(scenario.speeds) - (spread == 0), max(scenario.speeds))
    ground = axes.pcolormesh(
        across[kept], [low, high], speeds[None, :], cmap=GROUND, norm=norm, zorder=0, rasterized=False
    )
    if n <= 200:
        axes.vlines(across[1:-1], low, high, color="white", linewidth=1.2 if n <= LABELLED else 0.4, zorder=0.5)
    margin = 0.08 * across[-1]
    axes.set_xlim(-margin, across[-1] + margin)
    axes.set_ylim(low, high)
    axes.set_xlabel(f"across the strips ({length})")
    axes.set_ylabel(f"along the strips ({length})")
    if 0.3 <= (high - low) / across[-1] <= 1.5:
        axes.set_aspect("equal")
    if n > LABELLED:
        colour_bar(axes, ground, f"speed ({length}/{per})", place=1)
        return
    _name_strips(axes, scenario, across)


def _name_strips(axes: Axes, scenario: Scenario, across: np.ndarray) -> None:
    """Names and speeds above the strips: side by side where they fit, else slanting, and spread out where they would collide."""
    unit = f"{shown(scenario.units.length, 20)}/{shown(scenario.units.time, 20)}"
    names = [shown(scenario.strip_name(i), 40) for i in range(len(scenario.strips))]
    speeds = [f"{speed:g} {unit}" for speed in scenario.speeds]
    letters = [max(map(len, [*name.split("\n"), speed])) for name, speed in zip(names, speeds, strict=True)]
    middles = (across[1:] + across[:-1]) / 2
    fits = bool(np.all(np.array(letters) <= LETTERS * np.diff(across) / across[-1]))
    places = middles if fits else _spread(middles, 0.065 * across[-1], across[-1])
    labels = [f"{name}\n{speed}" if fits else f"{name}, {speed}" for name, speed in zip(names, speeds, strict=True)]
    top = axes.secondary_xaxis("top")
    top.set_xticks(places, labels)
    top.tick_params(length=0, pad=3 if fits else 9)
    top.spines["top"].set_visible(False)
    if not fits:
        for label in top.get_xticklabels():
            label.set(rotation=32, rotation_mode="anchor", ha="left", va="bottom")
        for middle, place in zip(middles, places, strict=True):
            axes.plot([middle, place], [1.0, 1.025], color=GREY, linewidth=0.8, clip_on=False, label="_leader", zorder=0.5,
                      transform=axes.get_xaxis_transform())  # fmt: skip


def _spread(places: np.ndarray, apart: float, end: float) -> np.ndarray:
    """The places, ascending, moved as little as need be to lie at least `apart` from each other and not beyond `end`."""
    spread = places.astype(float)
    for i in range(1, len(spread)):
        spread[i] = max(spread[i], spread[i - 1] + apart)
    spread[-1] = min(spread[-1], max(end, places[-1]))
    for i in reversed(range(len(spread) - 1)):
        spread[i] = min(spread[i], spread[i + 1] - apart)
    return spread


def draw_fan(axes: Axes, scenario: Scenario, rows: Sequence[Step], norm: Normalize) -> LineCollection:
    """The path at each of these iterations, coloured by iteration."""
    finite = [row for row in rows if np.all(np.isfinite(row.x))]
    fan = LineCollection(
        [path_points(scenario, row) for row in finite], cmap=fan_colours(), norm=norm, linewidths=1.0, zorder=1
    )
    fan.set_array(np.array([row.iteration for row in finite], dtype=float))
    axes.add_collection(fan, autolim=False)
    return fan


def draw_optimum(axes: Axes, solution: Solution) -> list[Artist]:
    """The exact optimum, dashed. Returns what was drawn."""
    optimum = Step(0, np.asarray(solution.optimum.x), 0.0, 0.0, "")
    points = path_points(solution.scenario, optimum)
    dashes = (0, (3, 2))
    return list(axes.plot(*points.T, color=BLACK, linestyle=dashes, linewidth=1.6, label="exact optimum", zorder=4))


def draw_end(axes: Axes, scenario: Scenario, row: Step, label: str = "end") -> list[Artist]:
    """The path of one iteration, strong, with a dot where it crosses each boundary. Returns what was drawn."""
    if not np.all(np.isfinite(row.x)):
        return []
    points = path_points(scenario, row)
    halo = [Stroke(linewidth=4, foreground="white"), Normal()]
    drawn: list[Artist] = list(axes.plot(*points.T, color=RED, linewidth=2.2, path_effects=halo, label=label, zorder=3))
    if len(points) - 2 <= LABELLED:
        dots = {**END, "markersize": 6}
        drawn += axes.plot(*points[1:-1].T, linestyle="", zorder=5, label="_dots", **dots)
    return drawn


def mark_ends(axes: Axes, scenario: Scenario) -> list[Artist]:
    """A and B. Returns what was drawn."""
    drawn: list[Artist] = []
    for letter, across, along, side in (("A", 0.0, 0.0, -1), ("B", sum(scenario.widths), scenario.offset, 1)):
        drawn += axes.plot(
            [across], [along], marker="o", markersize=7, color=BLACK, linestyle="", zorder=6, label="_end"
        )
        drawn.append(axes.annotate(letter, (across, along), (side * 11, 0), textcoords="offset points", ha="center",
                                   va="center", fontsize=11, fontweight="bold", annotation_clip=False, zorder=6))  # fmt: skip
    return drawn


def mark_unknowns(axes: Axes, scenario: Scenario, row: Step) -> list[Artist]:
    """What the x_i mean: how far the path moves along the strips inside each strip but the last. Returns what was drawn."""
    n = len(scenario.strips)
    if n > 8 or not np.all(np.isfinite(row.x)):
        return []
    points = path_points(scenario, row)
    height = float(np.ptp(axes.get_ylim()))
    drawn: list[Artist] = []
    for i in range(n - 1):
        (left, below), (right, above) = points[i], points[i + 1]
        drawn += axes.plot(
            [left, right], [below, below], color=GREY, linewidth=0.8, linestyle=":", zorder=2, label="_level"
        )
        long = abs(above - below) > 0.04 * height
        if not long and right - left < 0.06 * points[-1, 0]:
            continue
        if long:
            arrow = {"arrowstyle": "<->", "color": GREY, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
            drawn.append(axes.annotate("", (right, above), (right, below), arrowprops=arrow, zorder=2))
        drawn.append(axes.annotate(subscript("x", i + 1), (right, (below + above) / 2), (5, 0), textcoords="offset points",
                                   ha="left", va="center", color=BLACK, fontsize=11, zorder=6,
                                   path_effects=[Stroke(linewidth=3, foreground="white"), Normal()]))  # fmt: skip
    return drawn
