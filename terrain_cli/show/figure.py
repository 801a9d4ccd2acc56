"""What all figures share: title and caption, legends, colour bars, ticks, and the colours of ground.

All functions must be called inside `with figure_style():`.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from terrain_cli.show.style import BLACK, GREY, RED, displayable, power_of_ten

START: dict[str, Any] = {"marker": "o", "markersize": 8, "markerfacecolor": "white", "markeredgecolor": BLACK}
END: dict[str, Any] = {"marker": "o", "markersize": 10, "markerfacecolor": RED, "markeredgecolor": "white"}
OPTIMUM: dict[str, Any] = {"marker": "*", "markersize": 12, "markerfacecolor": "#f0e442", "markeredgecolor": BLACK}
SAMPLE, GAP = 2.5, 1.2  # widths of a legend's sample with the space after it, and between columns, in sizes of its font
STEPS = [1, 2, 5, 10]  # between ticks, times a power of ten
GROUND = LinearSegmentedColormap.from_list("ground", ["#b9b9b9", "#f7f7f7"])  # slow is dark


def new_figure(size: tuple[float, float], title: str, caption: str) -> Figure:
    """An empty figure with a caption and a title, which the user wrote. size: width and height, inches."""
    figure = Figure(figsize=size)
    figure.suptitle(displayable(title))
    figure.supxlabel(caption, fontsize=9, color=GREY)
    return figure


def add_legend(axes: Axes, columns: int = 4, handles: Sequence[Artist] | None = None) -> None:
    """Put the legend below the axes, where it covers nothing. columns: at most; fewer where the figure is too narrow for them."""
    shown = axes.get_legend_handles_labels()[0] if handles is None else handles
    labels = [str(handle.get_label()) for handle in shown]
    columns = _find_columns(labels, columns, root_figure(axes).get_size_inches()[0] * 72)
    axes.legend(handles=handles, ncols=columns, columnspacing=GAP, handletextpad=SAMPLE - 2, handlelength=2, borderaxespad=0,
                loc="upper center", bbox_to_anchor=(0.5, 0),
                bbox_transform=axes.transAxes + ScaledTranslation(0, -40 / 72, root_figure(axes).dpi_scale_trans))  # fmt: skip


def _find_columns(labels: Sequence[str], most: int, width: float) -> int:
    """How many columns of a legend, at most so many, fit into a figure of this width, pt. At least 1."""
    font = FontProperties(size=rcParams["legend.fontsize"])
    size = font.get_size_in_points()
    widths = [text_to_path.get_text_width_height_descent(label, font, False)[0] for label in labels]
    for columns in range(max(min(most, len(labels)), 1), 1, -1):
        texts = sum(float(part.max()) for part in np.array_split(np.array(widths), columns))
        if texts + size * (SAMPLE * columns + GAP * (columns - 1) + 1) <= width:
            return columns
    return 1


def add_colour_bar(axes: Axes, colours: ScalarMappable, label: str, place: int = 0, **settings: Any) -> Colorbar:
    """Add a colour bar of the height of the axes to the right of them. place: 0, or 1 for a second bar further out."""
    box = axes.inset_axes((1.03 + 0.17 * place, 0, 0.035, 1))
    return root_figure(axes).colorbar(colours, cax=box, label=label, **settings)


def root_figure(axes: Axes) -> Figure:
    """The figure that contains the axes."""
    return cast(Figure, axes.get_figure(root=True))


def tick_powers(axis: Axis) -> None:
    """Put the ticks of a logarithmic axis at powers of ten."""
    axis.set_major_locator(LogLocator(numticks=6))
    axis.set_major_formatter(FuncFormatter(power_of_ten))
    axis.set_minor_locator(NullLocator())
