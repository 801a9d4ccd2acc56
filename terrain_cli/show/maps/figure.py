"""The figure of a map: its speeds, the arrival times from the start as contours, the routes and their straight lines."""

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from terrain_cli.contract import Route
from terrain_cli.maps.ground import Ground
from terrain_cli.maps.growth import require_whole
from terrain_cli.maps.isochrones import spread_times
from terrain_cli.maps.scenario import MapScenario
from terrain_cli.maps.solution import MapSolution
from terrain_cli.show.figure import GROUND, STEPS, add_colour_bar, add_legend, new_figure, root_figure
from terrain_cli.show.maps.grounds import (
    WALL,
    draw_classes,
    draw_corridor,
    draw_regions,
    draw_scale,
    hide_regions,
    write_coordinates,
)
from terrain_cli.show.maps.profile import describe_climb, draw_profile, draw_profiles, size_profiles
from terrain_cli.show.maps.relief import draw_relief, find_unknown
from terrain_cli.show.style import BLACK, BLUE, RED, displayable, figure_style
from terrain_cli.text import duration, hours, percent

LONGER, SHORTER, LEAST = 7.0, 6.4, 1.8  # sides of the map, inches
MARGINS = 1.9, 1.9  # around the map, inches
LEVELS = 12  # contours
GOALS = 12  # named in the caption
FINEST = 1024  # cells along a side; contours of larger maps are drawn from every second, third ... cell
MESH = 500_000  # points from which contours are drawn, about, if the cells are fewer
LONGEST = 5400.0  # s; contours of times that reach further are in hours and minutes
MINUTES = (5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440)  # between contours of long times
PLAIN = -5, 8  # powers of ten; coordinates between them are written in full, such as a northing of 4,016,000 m
TICKS = 8  # distinct speeds, at most, that get a tick each on the colour bar


def plot(
    solution: MapSolution,
    kind: str = "map",
    *,
    ax: Axes | None = None,
    isochrones: Sequence[float] | None = None,
    corridor: float | None = None,
) -> Figure:
    """The figure of a map: its ground, the arrival times from the start as contours, the routes and their straight lines.

    The ground is shaded by speed; classes and regions have their colours. A map with elevation has relief and contour lines, and
    arrival times only if they are asked for. A map with a CRS has a scale bar and an arrow to the north. kind: "map", or
    "profile" for the elevation along the routes. ax: the axes to draw into; by default a figure of its own with a title and a
    caption. isochrones: the times of the contours, s, instead of round ones. corridor: mark the cells of routes that are at most
    so many percent slower than the best.
    """
    if kind == "profile":
        return _plot_profile(solution, ax)
    hilly = solution.ground.heights is not None
    levels = None if isochrones is None else sorted(set(isochrones))
    if levels:
        require_whole(solution, "isochrones", levels[-1], solution.from_start)
    with figure_style(*texts_of(solution.scenario)):
        if ax is None:
            xmin, ymin, xmax, ymax = solution.ground.extent
            high = LONGER * (ymax - ymin) / (xmax - xmin)
            size = (LONGER, max(high, LEAST)) if high <= SHORTER else (max(LONGER * SHORTER / high, LEAST), SHORTER)
            figsize = max(size[0] + MARGINS[0], 5.5), size[1] + MARGINS[1]
            figure = new_figure(figsize, solution.scenario.name, caption(solution, round(figsize[0] * 13)))
            axes = figure.subplots()
            axes.set_label("map")
        else:
            axes, figure = ax, root_figure(ax)
        grounds = _draw_ground(axes, solution)
        grounds += draw_corridor(axes, solution, corridor) if corridor is not None else []
        relief = draw_relief(axes, solution) if hilly else []
        drawn: list[float] = []
        if levels is not None or not hilly:
            drawn = draw_times(axes, solution.ground, solution.from_start, solution.scenario, levels)
        axes.set_title(_title(solution, drawn, asked=levels is not None))
        draw_routes(axes, solution)
        mark_places(axes, solution.scenario)
        if solution.crs is not None:
            write_coordinates(axes, solution)
            draw_scale(axes, solution)
        lines = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
        times = [Line2D([], [], color=BLUE, linewidth=0.9, label="arrival times")] if drawn else []
        entries = [*lines, *times, *relief, *grounds]
        columns = 5 if not solution.crs else max(round(root_figure(axes).get_size_inches()[0] / 1.9), 2)
        add_legend(axes, columns, entries)
    return figure


def _plot_profile(solution: MapSolution, ax: Axes | None) -> Figure:
    """The figure of the profiles of all routes; into `ax`, that of the first."""
    if solution.ground.heights is None:
        raise ValueError("kind must be map for a map without elevation, got 'profile'")
    with figure_style(*texts_of(solution.scenario)):
        if ax is None:
            size = size_profiles(solution)
            figure = new_figure(size, solution.scenario.name, caption(solution, round(size[0] * 13)))
            draw_profiles(figure, solution)
            return figure
        if solution.route and solution.route.distance > 0:
            draw_profile(ax, solution, solution.route, 0)
    return root_figure(ax)


def _draw_ground(axes: Axes, solution: MapSolution) -> list[Artist]:
    """Draw the classes or speeds of the cells and the regions over them. Returns their entries in the legend."""
    hidden = hide_regions(solution)
    if solution.zones is not None:
        return [*draw_classes(axes, solution), *draw_regions(axes, solution)]
    draw_cells(axes, solution.scenario, solution.ground, hidden)
    walls = np.isinf(np.asarray(solution.ground.slowness)) & ~hidden
    if solution.ground.heights is not None:
        walls &= ~find_unknown(np.asarray(solution.ground.heights))
    blocked = [Patch(facecolor=WALL, label="blocked")] if walls.any() else []
    return [*draw_regions(axes, solution), *blocked]


def _title(solution: MapSolution, levels: Sequence[float], asked: bool) -> str:
    """The title of the map: what the cells and the contours show. asked: whether the user gave the times of the contours."""
    length, time = (displayable(unit, 20) for unit in (solution.scenario.units.length, solution.scenario.units.time))
    slowness = np.asarray(solution.ground.slowness)
    distinct = np.unique(slowness[np.isfinite(slowness)])
    ground = f"Speed {1 / distinct[0]:g} {length}/{time} everywhere" if len(distinct) == 1 else "Speeds"
    if solution.zones is not None or solution.overlays:
        ground = "Ground"
    elif solution.ground.heights is not None and len(distinct) == 1:
        ground = "Elevation"
    if not levels:
        return ground
    if asked:
        unit = "h:mm" if _is_long(levels[-1], time) else time
        return f"{ground}, and what is reached from A within the times of the lines ({unit})"
    spacing = float(levels[1] - levels[0]) if len(levels) > 1 else float(levels[0])
    every = f"{_write_hours(spacing)} h" if _is_long(levels[-1], time) else f"{spacing:g} {time}"
    return f"{ground}, and arrival times from A every {every}"


def texts_of(scenario: MapScenario) -> list[str]:
    """The texts in the figure that the user wrote."""
    cover = scenario.map.land_cover
    named = [place.name or "" for place in (*scenario.goal, *scenario.via)]
    named += [region.name or "" for region in scenario.map.regions]
    named += ((cover and cover.names) or {}).values()
    return [scenario.name, scenario.units.length, scenario.units.time, *named]


def caption(solution: MapSolution, width: int) -> str:
    """The times of the routes, in a few lines of at most `width` characters."""
    parts = []
    for i, route in enumerate(solution.routes):
        name = f"{displayable(solution.scenario.goal_name(i), 30)}: " if len(solution.routes) > 1 else ""
        parts.append(f"{name}{_describe_route(solution, route)}" if route else f"{name}{solution.reasons[i]}")
    text = "; ".join(parts[:GOALS]) + (f"; and {len(parts) - GOALS:,} more" if len(parts) > GOALS else "") + "."
    return "\n".join(textwrap.wrap(text[0].upper() + text[1:], width))


def _describe_route(solution: MapSolution, route: Route) -> str:
    """Time, length and climb of a route, beside the straight line and the best alternative."""
    time, length = solution.scenario.units.time, solution.scenario.units.length
    text = f"{duration(route.time, displayable(time, 20), 6)}, {route.distance:.6g} {displayable(length, 20)}"
    if solution.ground.heights is not None:
        text += f", {describe_climb(solution, route)}"
    if not math.isfinite(route.straight_time):
        text += ", straight lines blocked" if route.legs else ", straight line blocked"
    elif route.straight_time > route.time * (1 + 1e-9):
        lines = "straight lines" if route.legs else "straight line"
        text += f", {percent(1 - route.time / route.straight_time)} less than the {lines}"
    if route.alternatives:
        text += f"; the next best route takes {percent(route.alternatives[0].time / route.time - 1)} longer"
    return text


def draw_cells(axes: Axes, scenario: MapScenario, ground: Ground, hidden: np.ndarray) -> None:
    """Shade the cells by speed, slow ones dark and blocked ones darkest, with a colour bar if there are several speeds.

    hidden: cells over which something else is drawn, bool, shape (rows, cols).
    """
    slowness = np.asarray(ground.slowness)
    shown = np.isfinite(slowness) & ~hidden
    if not shown.any():
        shown = np.isfinite(slowness)
    speeds = np.ma.masked_invalid(np.where(shown, 1 / slowness, np.nan))
    low, high = float(speeds.min()), float(speeds.max())
    colours = GROUND.with_extremes(bad=WALL)
    xmin, ymin, xmax, ymax = ground.extent
    image = axes.imshow(speeds, cmap=colours, norm=Normalize(low - (low == high), high), extent=(xmin, xmax, ymin, ymax),
                        interpolation="nearest", zorder=0)  # fmt: skip
    length, time = displayable(scenario.units.length, 20), displayable(scenario.units.time, 20)
    axes.set_xlabel(f"x ({length})")
    axes.set_ylabel(f"y ({length})")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(8, steps=STEPS))
        if isinstance(formatter := axis.get_major_formatter(), ScalarFormatter):
            formatter.set_useOffset(False)
            formatter.set_powerlimits(PLAIN)
    if low < high:
        distinct = np.unique(speeds.compressed())
        settings: dict[str, Any] = {"ticks": distinct, "format": "%g"} if len(distinct) <= TICKS else {}
        if len(distinct) > 1 and len(distinct) <= TICKS and np.diff(distinct).min() < 0.04 * (high - low):
            settings = {}  # the labels would overlap
        add_colour_bar(axes, image, f"speed ({length}/{time})", **settings)


def draw_times(
    axes: Axes, ground: Ground, times: np.ndarray, scenario: MapScenario, asked: Sequence[float] | None = None
) -> list[float]:
    """Draw labelled contours of the arrival times. Returns their times, s.

    asked: the times to draw; by default round ones, in hours if they are long.
    """
    coarse = -(-max(ground.slowness.shape) // FINEST)
    if ground.hilly:
        return _draw_contours(axes, ground, spread_times(ground, times, scenario.start), coarse, scenario, asked)
    if coarse > 1:
        times = times[::coarse, ::coarse]
        slowness = np.asarray(ground.slowness)[::coarse, ::coarse][: times.shape[0] - 1, : times.shape[1] - 1]
    else:
        slowness = np.asarray(ground.slowness)
    xmin, _, _, ymax = ground.extent
    cell = float(ground.cell) * coarse
    coarser = Ground(slowness, cell, (xmin, ymax - len(slowness) * cell))
    mesh = spread_times(coarser, times, scenario.start, points=MESH)
    return _draw_contours(axes, coarser, mesh, 1, scenario, asked)


def _draw_contours(
    axes: Axes,
    ground: Ground,
    mesh: tuple[np.ndarray, np.ndarray, "np.ma.MaskedArray[Any, Any]"],
    step: int,
    scenario: MapScenario,
    asked: Sequence[float] | None,
) -> list[float]:
    """Draw the contours of times on a mesh, of whose lines every one in `step` is used."""
    (xmin, _, _, ymax), cell = ground.extent, float(ground.cell)
    cols, rows, spread = mesh[0][::step], mesh[1][::step], mesh[2][::step, ::step]
    if spread.mask.all():
        return []
    last, unit = float(spread.max()), scenario.units.time
    chosen = _choose_hours if _is_long(last, unit) else _choose_levels
    levels = np.array(asked) if asked is not None else chosen(last)
    levels = levels[(levels > spread.min()) & (levels < last)]
    if not len(levels):
        return []
    contours = axes.contour(
        xmin + cols * cell, ymax - rows * cell, spread, levels, colors=BLUE, linewidths=0.9, zorder=1
    )
    # In the unit that the title names, which knows these times alone.
    write: Any = (lambda time, _=None: _write_hours(time)) if _is_long(float(levels[-1]), unit) else "%g"
    for label in axes.clabel(contours, fontsize=7, fmt=write, inline_spacing=1):
        label.set(path_effects=[Stroke(linewidth=2, foreground="white"), Normal()], clip_on=False, zorder=5)
    return [float(level) for level in levels]


def _is_long(time: float, unit: str) -> bool:
    """Whether times up to this one are written in hours and minutes."""
    return hours(time, unit) != "" and time >= LONGEST


def _write_hours(time: float) -> str:
    """Seconds as h:mm."""
    minutes = round(time / 60)
    return f"{minutes // 60:,}:{minutes % 60:02}"


def _choose_levels(last: float) -> np.ndarray:
    """Round times up to the last."""
    return np.asarray(MaxNLocator(LEVELS, steps=[1, 2, 2.5, 5, 10]).tick_values(0.0, last))


def _choose_hours(last: float) -> np.ndarray:
    """Times in round minutes or hours up to the last, s."""
    step = next((step for step in MINUTES if last / (60 * step) <= LEVELS), 60 * math.ceil(last / 3600 / LEVELS))
    return np.arange(60.0 * step, last, 60.0 * step)


def draw_routes(axes: Axes, solution: MapSolution) -> None:
    """Draw the routes, the runners-up if there is only one goal, and the straight lines, dashed."""
    one, before = len(solution.routes) == 1, [solution.scenario.start, *solution.scenario.waypoints]
    dashes: dict[str, Any] = {"color": BLACK, "linestyle": (0, (3, 2)), "linewidth": 1.2 if one else 0.8, "zorder": 2}
    labelled = set()

    def draw(points: np.ndarray, label: str, halo: float, **settings: Any) -> None:
        effects = [Stroke(linewidth=halo, foreground="white"), Normal()]
        axes.plot(*points.T, label=f"_{label}" if label in labelled else label, path_effects=effects, **settings)
        labelled.add(label)

    for goal, route in zip(solution.scenario.goals, solution.routes, strict=True):
        draw(np.array([*before, goal]), "straight lines" if before[1:] else "straight line", 2.4, **dashes)
        if route is None:
            continue
        if one:
            label = "runner-up" if len(route.alternatives) == 1 else "runners-up"
            for other in route.alternatives:
                draw(other.points, label, 2.2, color=RED, linewidth=1.0, zorder=3)
        draw(route.points, "route" if one else "routes", 3.5, color=RED, linewidth=2.2, zorder=4)


def mark_places(axes: Axes, scenario: MapScenario) -> None:
    """Mark the start, A, and the goals: by their names, or as B, or B1, B2 ... if there are several; and the points on the way.

    Those have smaller dots, with their names or numbers.
    """
    several = len(scenario.goal) > 1
    between = [displayable(point.name or f"{i + 1}", 30) for i, point in enumerate(scenario.via)]
    names = [displayable(goal.name or (f"B{i + 1}" if several else "B"), 30) for i, goal in enumerate(scenario.goal)]
    (xmin, xmax), (ymin, ymax) = axes.get_xlim(), axes.get_ylim()
    dot: dict[str, Any] = {"marker": "o", "markersize": 7, "color": BLACK, "markeredgecolor": "white"}
    # A box and not an outline, which would turn the text of an SVG into shapes.
    box: dict[str, Any] = {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    places = [scenario.start, *scenario.waypoints, *scenario.goals]
    for i, ((x, y), name) in enumerate(zip(places, ["A", *between, *names], strict=True)):
        smaller = {"markersize": 5} if 0 < i <= len(between) else {}
        axes.plot([x], [y], linestyle="", zorder=6, clip_on=False, label="_end", **dot | smaller)
        left, low = x > (xmin + xmax) / 2, y > ymax - 0.08 * (ymax - ymin)
        axes.annotate(name, (x, y), (-9 if left else 9, -10 if low else 9), textcoords="offset points",
                      ha="right" if left else "left", va="center", fontsize=11 if len(name) < 3 else 9,
                      fontweight="bold", annotation_clip=False, zorder=7, bbox=box)  # fmt: skip
