"""What a figure of real ground has: the colours of its classes and regions, a scale bar, north, and coordinates in full."""

import math
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from terrain_cli.geo.grid import Grid
from terrain_cli.maps.solution import MapSolution
from terrain_cli.maps.zones import NONE, Zones
from terrain_cli.show.figure import STEPS
from terrain_cli.show.style import BLACK, displayable
from terrain_cli.text import short

WALL = "#3b3f45"  # blocked ground: darker than the slowest
# Pale, so that routes and contours stand out; none is blue, like water.
CLASSES = [
    "#e9dcab",
    "#a9c892",
    "#d2bfe0",
    "#f3c39f",
    "#c7d3b0",
    "#dad7d2",
    "#c0a184",
    "#f3ea8c",
    "#e6cdb8",
    "#7fa57a",
    "#ebb3c3",
    "#b5b08f",
]
SHADES = LinearSegmentedColormap.from_list("classes", ["#f4ecd2", "#c3cf97", "#6f9a6a"])  # of classes in an order
REGIONS = ["#e69f00", "#9b59a0", "#4f9d69", "#c97b3d"]
BLOCKED = ["#4a78a8", "#6b6f9a", "#4d8a8f"]  # regions that are blocked, such as lakes
CORRIDOR = "#f0e442"
LISTED = 14  # classes in the legend


def colour_classes(zones: Zones) -> list[str]:
    """The colour of each class: that of the raster, or else its own. Tables in GeoTIFFs are black wherever nothing was said."""
    count = len(zones.names)
    ordered = all(" to " in name or name.startswith("below ") or name.endswith(" and above") for name in zones.names)
    own = [to_hex(SHADES(i / max(count - 1, 1))) for i in range(count)] if ordered else None
    return [
        (colour if colour != BLACK else None)
        or (WALL if math.isnan(speed) else own[i] if own else CLASSES[i % len(CLASSES)])
        for i, (colour, speed) in enumerate(zip(zones.colors, zones.speeds, strict=True))
    ]


def draw_classes(axes: Axes, solution: MapSolution) -> list[Artist]:
    """Fill the cells with the colours of their classes. Returns the entries of the legend, the commonest class first."""
    zones = solution.zones
    assert zones is not None
    colours = colour_classes(zones)
    blocked = np.isinf(np.asarray(solution.ground.slowness))
    missing = zones.classes == NONE
    table = np.array([to_rgb(colour) for colour in [*colours, WALL]])  # -1 is the last
    _show(axes, solution.grid, table[zones.classes], zorder=0)
    counts = np.bincount(zones.classes[~missing].ravel().astype(np.int64), minlength=len(colours))
    present = [int(k) for k in np.argsort(-counts, kind="stable") if counts[k]]
    per = f"{displayable(solution.scenario.units.length, 20)}/{displayable(solution.scenario.units.time, 20)}"
    entries: list[Artist] = []
    for k in present[:LISTED]:
        speed = "blocked" if math.isnan(zones.speeds[k]) else f"{short(zones.speeds[k])} {per}"
        entries.append(
            Patch(
                facecolor=colours[k],
                edgecolor="#9a9a9a",
                linewidth=0.5,
                label=f"{displayable(zones.names[k], 30)}: {speed}",
            )
        )
    if len(present) > LISTED:
        entries.append(Patch(facecolor="none", label=f"and {len(present) - LISTED:,} more classes"))
    if missing.any():
        label = "no data: blocked" if blocked[missing].any() else "no data"
        entries.append(Patch(facecolor=WALL, label=label))
    return entries


def draw_regions(axes: Axes, solution: MapSolution) -> list[Artist]:
    """Lay the regions over the ground, those with a factor as a veil. Returns the entries of the legend."""
    per = f"{displayable(solution.scenario.units.length, 20)}/{displayable(solution.scenario.units.time, 20)}"
    grid = solution.grid
    veil = np.zeros((grid.rows, grid.cols, 4), dtype=np.float32)
    entries: list[Artist] = []
    free = shut = 0
    for overlay in solution.overlays:
        if overlay.speed is not None and math.isnan(overlay.speed):
            colour, what = BLOCKED[shut % len(BLOCKED)], "blocked"
            shut += 1
        else:
            colour = REGIONS[free % len(REGIONS)]
            what = f"× {short(overlay.factor or 1)}" if overlay.speed is None else f"{short(overlay.speed)} {per}"
            free += 1
        strength = 0.45 if overlay.factor is not None else 1.0
        if not overlay.cells.mask.any():
            continue
        veil[overlay.cells.window][overlay.cells.mask] = (*to_rgb(colour), strength)
        entries.append(Patch(facecolor=colour, alpha=strength, label=f"{displayable(overlay.name, 30)}: {what}"))
    if entries:
        _show(axes, grid, veil, zorder=0.5)
    return entries


def hide_regions(solution: MapSolution) -> np.ndarray:
    """The cells whose speed is that of a region and not of the ground, bool, shape (rows, cols)."""
    hidden = np.zeros(solution.ground.slowness.shape, dtype=bool)
    for overlay in solution.overlays:
        if overlay.factor is None:
            hidden[overlay.cells.window] |= overlay.cells.mask
    return hidden


def draw_corridor(axes: Axes, solution: MapSolution, percent: float) -> list[Artist]:
    """Mark the cells of routes that are little slower than the best. Returns the entry of the legend."""
    grid = solution.grid
    veil = np.zeros((grid.rows, grid.cols, 4), dtype=np.float32)
    for i, route in enumerate(solution.routes):
        if route is not None:
            veil[solution.find_corridor(percent, i).cells] = (*to_rgb(CORRIDOR), 0.5)
    if not veil.any():
        return []
    _show(axes, grid, veil, zorder=0.8)
    return [Patch(facecolor=CORRIDOR, alpha=0.5, label=f"at most {short(percent)} % slower")]


def _show(axes: Axes, grid: Grid, colours: np.ndarray, zorder: float) -> None:
    xmin, ymin, xmax, ymax = grid.extent
    axes.imshow(colours, extent=(xmin, xmax, ymin, ymax), interpolation="nearest", zorder=zorder)


def write_coordinates(axes: Axes, solution: MapSolution) -> None:
    """Ticks with all digits of the coordinates and no offset; the axes are called by the CRS."""
    unit = displayable(solution.scenario.units.length, 20)
    name = f", {solution.crs}" if solution.crs and solution.crs.startswith("EPSG:") else ""
    axes.set_xlabel(f"easting ({unit}{name})")
    axes.set_ylabel(f"northing ({unit})")
    xmin, ymin, xmax, ymax = solution.grid.extent
    sides = ((axes.xaxis, xmax - xmin), (axes.yaxis, ymax - ymin))
    for axis, side in sides:
        _write_axis(axis, max(round(6 * side / max(xmax - xmin, ymax - ymin)), 2))


def _write_axis(axis: Axis, ticks: int) -> None:
    axis.set_major_locator(MaxNLocator(ticks, steps=STEPS))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}" if value % 1 else f"{value:,.0f}"))


def draw_scale(axes: Axes, solution: MapSolution) -> None:
    """A scale bar of a round length in a lower corner, and an arrow to the north of the grid in an upper one.

    Each is on the side where the places are farther away.
    """
    xmin, ymin, xmax, ymax = solution.grid.extent
    width, height = xmax - xmin, ymax - ymin
    length = round_down(width / 4)
    label = f"{short(length / 1000)} km" if solution.scenario.units.length == "m" and length >= 1000 else (
        f"{short(length)} {displayable(solution.scenario.units.length, 20)}"
    )  # fmt: skip
    places = np.array([at for _, at in solution.scenario.places])

    def is_right(y: float) -> bool:
        near = [np.hypot((places[:, 0] - x) / width, (places[:, 1] - y) / height).min() for x in (xmin, xmax)]
        return bool(near[1] > near[0])

    right, north = is_right(ymin), is_right(ymax)
    left = xmax - 0.04 * width - length if right else xmin + 0.04 * width
    at = ymin + 0.04 * height
    halo: dict[str, Any] = {"path_effects": [Stroke(linewidth=6, foreground="white", alpha=0.85), Normal()]}
    axes.plot(
        [left, left + length],
        [at, at],
        color=BLACK,
        linewidth=3,
        solid_capstyle="butt",
        zorder=8,
        label="_scale",
        **halo,
    )
    box: dict[str, Any] = {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    axes.annotate(label, (left + length / 2, at), (0, 5), textcoords="offset points", ha="center", va="bottom", fontsize=8,
                  zorder=8, bbox=box)  # fmt: skip
    x = xmax - 0.05 * width if north else xmin + 0.05 * width
    axes.annotate("N", (x, ymax - 0.03 * height), (0, -30), textcoords="offset points", ha="center", va="center", fontsize=9,
                  fontweight="bold", zorder=8, bbox=box,
                  arrowprops={"arrowstyle": "-|>,head_width=0.3,head_length=0.6", "color": BLACK, "linewidth": 1.4})  # fmt: skip


def round_down(length: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not longer."""
    power = 10.0 ** math.floor(math.log10(length))
    return max(step * power for step in (1, 2, 5) if step * power <= length * (1 + 1e-9))
