"""The paths of a descent across the strips: a fan with a line for each iteration.

All functions that draw must be called inside `with figure_style():`.
"""

from collections.abc import Sequence

import numpy as np
from jax.typing import ArrayLike
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, SymLogNorm
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from terrain_cli.show.figure import END, GROUND, STEPS, add_colour_bar, add_legend
from terrain_cli.show.strips.rows import fan_rows, iteration_norm, thin_boundaries
from terrain_cli.show.style import BLACK, GREY, RED, displayable
from terrain_cli.strips.descent import Step
from terrain_cli.strips.ground import boundaries, path_points
from terrain_cli.strips.landscape import REACH
from terrain_cli.strips.scenario import StripsScenario
from terrain_cli.strips.solution import StripsSolution, to_ground
from terrain_cli.text import subscript

VERTICES = 2000  # of a path, at most
LABELLED = 12  # strips, at most, whose names are written; with more there is a colour bar instead
LETTERS = 56  # characters that fit side by side above the strips


def fan_colours() -> Colormap:
    """plasma without its palest yellow, which is invisible on pale ground."""
    return LinearSegmentedColormap.from_list("fan", colormaps["plasma"](np.linspace(0.0, 0.86, 64)))


def draw_paths(axes: Axes, solution: StripsSolution) -> None:
    """Draw the strips shaded by speed, the fan of paths, the last and the optimal path, A, B and the unknowns x_i."""
    scenario = solution.scenario
    axes.set_title("The path after each iteration" if len(solution.history) > 1 else "The path")
    draw_ground(axes, scenario, *extent(solution))
    drawn = fan_rows(solution.history)
    norm = iteration_norm(solution.history)
    if len(drawn) > 1:
        fan = draw_fan(axes, scenario, drawn, norm)
        ticks = None if isinstance(norm, SymLogNorm) else MaxNLocator(6, integer=True, steps=STEPS)
        bar = add_colour_bar(axes, fan, "iteration", ticks=ticks)
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
    add_legend(axes, handles=handles)


def extent(solution: StripsSolution) -> tuple[float, float]:
    """The range of the paths along the strips, m. Paths that bounce far outside are cut off."""
    offset = solution.scenario.offset
    size = sum(solution.scenario.widths) + abs(offset)
    paths = [row.x for row in fan_rows(solution.history)] + [np.asarray(solution.optimum.x)]
    with np.errstate(all="ignore"):  # of paths that diverged
        every = path_points(np.stack(paths), to_ground(solution.scenario))[..., 1]
    every = np.clip(every[np.isfinite(every)], -REACH * size, REACH * size)
    low, high = float(every.min()), float(every.max())
    if high - low < 0.2 * sum(solution.scenario.widths):
        middle, half = (low + high) / 2, 0.1 * sum(solution.scenario.widths)
        low, high = middle - half, middle + half
    return low - 0.07 * (high - low), high + 0.07 * (high - low)


def drawn_points(scenario: StripsScenario, x: ArrayLike) -> np.ndarray:
    """The points (across, along) of the path `x` from A to B at the boundaries that are drawn, shape (k, 2), m."""
    points = path_points(x, to_ground(scenario))
    return np.asarray(points[thin_boundaries(len(scenario.strips), VERTICES)])


def mean_speeds(scenario: StripsScenario, kept: np.ndarray) -> np.ndarray:
    """The speed of a straight crossing between each two boundaries of `kept`, shape (k,), m/s; returns shape (k-1,)."""
    across = boundaries(scenario.widths)
    times = np.add.reduceat(np.array(scenario.widths) / np.array(scenario.speeds), kept[:-1])
    speeds: np.ndarray = np.diff(across[kept]) / times
    return speeds


def draw_ground(axes: Axes, scenario: StripsScenario, low: float, high: float) -> None:
    """Draw the strips, shaded by speed, and the axes. Strips are named, or have a colour bar if there are many."""
    n = len(scenario.strips)
    length, per = displayable(scenario.units.length, 20), displayable(scenario.units.time, 20)
    across = boundaries(scenario.widths)
    kept = thin_boundaries(len(scenario.strips), VERTICES)
    speeds = mean_speeds(scenario, kept)
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
        add_colour_bar(axes, ground, f"speed ({length}/{per})", place=1)
        return
    _name_strips(axes, scenario, across)


def _name_strips(axes: Axes, scenario: StripsScenario, across: np.ndarray) -> None:
    """Write names and speeds above the strips: side by side if they fit, otherwise slanted and spread so that none overlap."""
    unit = f"{displayable(scenario.units.length, 20)}/{displayable(scenario.units.time, 20)}"
    names = [displayable(scenario.strip_name(i), 40) for i in range(len(scenario.strips))]
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
    """The places, ascending, shape (n,), moved so that neighbours are at least `apart` and the last is not beyond `end`."""
    spread = places.astype(float)
    for i in range(1, len(spread)):
        spread[i] = max(spread[i], spread[i - 1] + apart)
    spread[-1] = min(spread[-1], max(end, places[-1]))
    for i in reversed(range(len(spread) - 1)):
        spread[i] = min(spread[i], spread[i + 1] - apart)
    return spread


def draw_fan(axes: Axes, scenario: StripsScenario, rows: Sequence[Step], norm: Normalize) -> LineCollection:
    """Draw the path at each of these iterations, coloured by iteration."""
    finite = [row for row in rows if np.all(np.isfinite(row.x))]
    fan = LineCollection(
        [drawn_points(scenario, row.x) for row in finite], cmap=fan_colours(), norm=norm, linewidths=1.0, zorder=1
    )
    fan.set_array(np.array([row.iteration for row in finite], dtype=float))
    axes.add_collection(fan, autolim=False)
    return fan


def draw_optimum(axes: Axes, solution: StripsSolution) -> list[Artist]:
    """Draw the exact optimum, dashed. Returns what was drawn."""
    points = drawn_points(solution.scenario, solution.optimum.x)
    dashes = (0, (3, 2))
    return list(axes.plot(*points.T, color=BLACK, linestyle=dashes, linewidth=1.6, label="exact optimum", zorder=4))


def draw_end(axes: Axes, scenario: StripsScenario, row: Step, label: str = "end") -> list[Artist]:
    """Draw the path of one iteration as a thick line with a dot at each boundary. Returns what was drawn."""
    if not np.all(np.isfinite(row.x)):
        return []
    points = drawn_points(scenario, row.x)
    halo = [Stroke(linewidth=4, foreground="white"), Normal()]
    drawn: list[Artist] = list(axes.plot(*points.T, color=RED, linewidth=2.2, path_effects=halo, label=label, zorder=3))
    if len(points) - 2 <= LABELLED:
        dots = {**END, "markersize": 6}
        drawn += axes.plot(*points[1:-1].T, linestyle="", zorder=5, label="_dots", **dots)
    return drawn


def mark_ends(axes: Axes, scenario: StripsScenario) -> list[Artist]:
    """Mark A and B. Returns what was drawn."""
    drawn: list[Artist] = []
    for letter, across, along, side in (("A", 0.0, 0.0, -1), ("B", sum(scenario.widths), scenario.offset, 1)):
        drawn += axes.plot(
            [across], [along], marker="o", markersize=7, color=BLACK, linestyle="", zorder=6, label="_end"
        )
        drawn.append(axes.annotate(letter, (across, along), (side * 11, 0), textcoords="offset points", ha="center",
                                   va="center", fontsize=11, fontweight="bold", annotation_clip=False, zorder=6))  # fmt: skip
    return drawn


def mark_unknowns(axes: Axes, scenario: StripsScenario, row: Step) -> list[Artist]:
    """Mark the unknowns x_i: the movement along each strip except the last. Returns what was drawn."""
    n = len(scenario.strips)
    if n > 8 or not np.all(np.isfinite(row.x)):
        return []
    points = drawn_points(scenario, row.x)
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
