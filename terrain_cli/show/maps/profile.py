"""The figure of a walk's profile: elevation over distance, coloured by slope, with the time along the upper side."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from terrain_cli.contract import Route
from terrain_cli.maps.forms import find_ends
from terrain_cli.maps.solution import MapSolution
from terrain_cli.maps.walking.profile import add_points, find_extent, find_profile
from terrain_cli.show.figure import STEPS, add_colour_bar
from terrain_cli.show.style import BLACK, displayable
from terrain_cli.text import UNITS

PANELS = 6  # routes, at most, of which a profile is drawn
SIZE = 8.5, 2.9  # of the panel of a route, inches
SAMPLES = 400  # of a route, between which the slope is averaged
SLOPES = LinearSegmentedColormap.from_list("slopes", ["#0072b2", "#8fa3ad", "#b8b0a0", "#c98a5a", "#c23b00"])
BELOW = "#efece4"
LEAST = 20.0  # m of elevation that a panel shows, at least
MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440)
TIMES = 9  # along the upper side, at most


def draw_profiles(figure: Figure, solution: MapSolution) -> None:
    """Draw the profile of each route into a panel of its own."""
    found = [(i, route) for i, route in enumerate(solution.routes) if route and route.distance > 0][:PANELS]
    panels = figure.subplots(max(len(found), 1), squeeze=False)[:, 0]
    if not found:
        panels[0].set_axis_off()
        panels[0].text(0.5, 0.5, "no route to draw", ha="center", va="center", transform=panels[0].transAxes)
    for axes, (i, route) in zip(panels, found, strict=False):
        draw_profile(axes, solution, route, i)


def size_profiles(solution: MapSolution) -> tuple[float, float]:
    """Width and height of the figure, inches."""
    count = sum(route is not None and route.distance > 0 for route in solution.routes)
    return SIZE[0], SIZE[1] * min(max(count, 1), PANELS) + 1.3


def draw_profile(axes: Axes, solution: MapSolution, route: Route, index: int) -> None:
    """Draw the elevation of a route over its distance. index: of its goal."""
    ground, scenario = solution.ground, solution.scenario
    axes.set_label("profile")
    samples = np.linspace(0, route.distance, SAMPLES + 1)
    points, where = add_points(ground, route.points, samples.tolist())
    profile = find_profile(ground, points)
    unit, per = ("km", 1000.0) if route.distance >= 2000 else ("m", 1.0)
    x, height = profile.distance / per, profile.elevation
    rise = np.diff(height[where])
    slopes = 100 * np.repeat(rise / np.diff(samples), np.diff(where))
    low, high = float(height.min()), float(height.max())
    spare = 0.5 * max(LEAST - (high - low), 0.0) + 0.06 * (high - low)
    axes.set(xlim=(0, x[-1]), ylim=(low - spare, high + 2.2 * spare))
    axes.fill_between(x, height, low - spare, color=BELOW, linewidth=0, zorder=0)
    limit = max(float(np.percentile(np.abs(slopes), 98)), 5.0)
    line = LineCollection(
        [np.column_stack([x[k : k + 2], height[k : k + 2]]) for k in range(len(x) - 1)],
        cmap=SLOPES, norm=Normalize(-limit, limit), linewidth=2.4, capstyle="round", zorder=3,
    )  # fmt: skip
    line.set_array(slopes)
    axes.add_collection(line)
    add_colour_bar(axes, line, "slope (%)", ticks=MaxNLocator(5, steps=STEPS))
    axes.xaxis.set_major_locator(MaxNLocator(10, steps=STEPS))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=STEPS))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.grid(color="#d8d4c8", linewidth=0.6)
    axes.set_xlabel(f"distance ({unit})")
    axes.set_ylabel("elevation (m)")
    if len(solution.routes) > 1:
        axes.set_title(displayable(scenario.goal_name(index), 40), fontsize=10)
    _mark_summit(axes, x, height)
    for place, end in enumerate(find_ends(route)[:-1]):
        at = float(np.hypot(*np.diff(route.points[: end + 1], axis=0).T).sum()) / per
        _mark_place(axes, at, displayable(scenario.via[place].name or f"{place + 1}", 20))
    _mark_times(axes, solution, x, profile.time)


def _mark_summit(axes: Axes, x: np.ndarray, height: np.ndarray) -> None:
    k = int(np.argmax(height))
    right = x[k] > 0.9 * x[-1]
    axes.plot(x[k], height[k], marker="^", color=BLACK, markersize=5, zorder=5, label="_summit")
    halo: Any = [Stroke(linewidth=2.5, foreground="white"), Normal()]
    axes.annotate(f"{height[k]:z,.0f} m", (x[k], height[k]), (-4 if right else 4, 5), textcoords="offset points",
                  ha="right" if right else "left", va="bottom", fontsize=8, path_effects=halo, zorder=5)  # fmt: skip


def _mark_place(axes: Axes, at: float, name: str) -> None:
    """A dashed line at a point on the way, with its name beside it."""
    axes.axvline(at, color=BLACK, linewidth=0.8, linestyle=(0, (3, 2)), zorder=2)
    right = at > 0.7 * axes.get_xlim()[1]
    box: Any = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    axes.annotate(name, (at, 0.04), (-4 if right else 4, 0), xycoords=("data", "axes fraction"), textcoords="offset points",
                  ha="right" if right else "left", va="bottom", fontsize=8.5, fontweight="bold", bbox=box, zorder=4)  # fmt: skip


def _mark_times(axes: Axes, solution: MapSolution, x: np.ndarray, times: np.ndarray) -> None:
    """Ticks along the upper side at round times: of day if the departure is known, else from the start."""
    scenario = solution.scenario
    upper = axes.secondary_xaxis("top")
    seconds = UNITS[scenario.units.time]
    took = float(times[-1]) * seconds
    step = 60 * next((step for step in MINUTES if took / (60 * step) <= TIMES), math.ceil(took / 60 / TIMES))
    early = 0.0
    if scenario.depart:  # the ticks are at round times of day
        early = float(scenario.depart.hour * 3600 + scenario.depart.minute * 60 + scenario.depart.second) % step
    rounds = np.arange((step - early) % step, took, step)
    ticks = [(float(time) / seconds, _write(solution, float(time) / seconds, float(time))) for time in rounds]
    upper.set_xticks([float(np.interp(time, times, x)) for time, _ in ticks], [label for _, label in ticks])
    upper.set_xlabel("time of day" if scenario.depart else "time (h:mm)")


def _write(solution: MapSolution, time: float, seconds: float) -> str:
    """A time of day, or hours and minutes from the start."""
    clock = solution.scenario.clock(time)
    minutes = round(seconds / 60)
    return f"{clock:%H:%M}" if clock else f"{minutes // 60:,}:{minutes % 60:02}"


def describe_climb(solution: MapSolution, route: Route) -> str:
    """Ascent and descent of a route, for a caption."""
    extent = find_extent(solution.ground, route.points)
    return f"{extent.ascent:,.0f} m up and {extent.descent:,.0f} m down"
