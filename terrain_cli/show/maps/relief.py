"""The relief of a map in its figure: light from the north-west, and contour lines with their elevations."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator

from terrain_cli.maps.solution import MapSolution

BROWN = "#8c5a2b"
LINES = 12  # contour lines, about
FINEST = 300  # corners along a side; contours of larger maps are drawn from the means of squares of them
SUN = np.array([-0.5, 0.5, np.sqrt(0.5)])  # the direction to the light: east, north, up
FLAT, DARKEST, CONTRAST = 0.11, 0.42, 0.5  # how dark level ground and the darkest slopes are, from 0 to 1
UNKNOWN = "#e3e6e8"  # ground whose elevation is not known
STEEP = 0.35  # the root mean square of the slopes as they are shaded: gentle ones are exaggerated


def draw_relief(axes: Axes, solution: MapSolution) -> list[Artist]:
    """Shade the slopes and draw contour lines, over the ground and under the routes. Returns their entries in the legend."""
    heights = np.asarray(solution.ground.heights)
    xmin, ymin, xmax, ymax = solution.grid.extent
    veil = np.zeros((heights.shape[0] - 1, heights.shape[1] - 1, 4), dtype=np.float32)
    veil[..., 3] = shade(heights, float(solution.ground.cell))
    axes.imshow(veil, extent=(xmin, xmax, ymin, ymax), interpolation="bilinear", zorder=0.6)
    entries: list[Artist] = []
    unknown = find_unknown(heights)
    if unknown.any():
        veil = np.zeros((*unknown.shape, 4), dtype=np.float32)
        veil[unknown] = (*to_rgb(UNKNOWN), 1.0)
        axes.imshow(veil, extent=(xmin, xmax, ymin, ymax), interpolation="nearest", zorder=0.7)
        entries.append(Patch(facecolor=UNKNOWN, edgecolor="#9a9a9a", linewidth=0.5, label="no elevation: blocked"))
    x, y = (
        np.linspace(*ends, count) for ends, count in zip(((xmin, xmax), (ymax, ymin)), heights.T.shape, strict=True)
    )
    step = min(-(-max(heights.shape) // FINEST), *heights.shape)
    rows, cols = (size // step for size in heights.shape)
    blocks = heights[: rows * step, : cols * step].reshape(rows, step, cols, step)
    shown = np.ma.masked_invalid(blocks.mean(axis=(1, 3)))
    x, y = x[: cols * step].reshape(cols, step).mean(axis=1), y[: rows * step].reshape(rows, step).mean(axis=1)
    levels = choose_levels(float(np.nanmin(heights)), float(np.nanmax(heights)))
    if not len(levels) or min(shown.shape) < 2:
        return entries
    contours = axes.contour(x, y, shown, levels, colors=BROWN, linewidths=0.6, alpha=0.8, zorder=0.9)
    for label in axes.clabel(contours, fontsize=6.5, fmt="%g", inline_spacing=1):
        label.set(path_effects=[Stroke(linewidth=2, foreground="white", alpha=0.8), Normal()], clip_on=True, zorder=1)
    spacing = f" every {levels[1] - levels[0]:g} m" if len(levels) > 1 else ""
    return [Line2D([], [], color=BROWN, linewidth=0.8, label=f"contour lines{spacing}"), *entries]


def find_unknown(heights: np.ndarray) -> np.ndarray:
    """The cells with a corner of unknown height, bool, shape (rows, cols)."""
    lost = ~np.isfinite(heights)
    return np.asarray(lost[:-1, :-1] | lost[:-1, 1:] | lost[1:, :-1] | lost[1:, 1:])


def choose_levels(low: float, high: float) -> np.ndarray:
    """Round elevations from the lowest to the highest, m."""
    if not low < high:
        return np.empty(0)
    levels = np.asarray(MaxNLocator(LINES, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
    return levels[(levels > low) & (levels < high)]


def shade(heights: np.ndarray, cell: float) -> np.ndarray:
    """How dark each cell is, from 0 to 1, shape (rows, cols); 0 where its heights are not known. heights: of the corners, m."""
    nw, ne, sw, se = heights[:-1, :-1], heights[:-1, 1:], heights[1:, :-1], heights[1:, 1:]
    east, north = (ne + se - nw - sw) / (2 * cell), (nw + ne - sw - se) / (2 * cell)
    steepness = np.sqrt(np.nanmean(east**2 + north**2)) if np.isfinite(east).any() else 0.0
    scale = min(max(STEEP / steepness, 0.5), 10.0) if steepness > 0 else 1.0
    normal = np.stack([-scale * east, -scale * north, np.ones_like(east)])
    light = np.tensordot(SUN, normal, 1) / np.sqrt((normal**2).sum(axis=0))
    return np.asarray(np.nan_to_num(np.clip(FLAT + CONTRAST * (SUN[2] - light), 0.0, DARKEST)))
