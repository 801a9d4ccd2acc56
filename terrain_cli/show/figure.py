"""What all figures share: the sheet with its title and caption, legends, colour bars, ticks and the colours of ground.

Call all of it inside `with figure_style():`.
"""

from collections.abc import Sequence
from typing import Any, cast

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from terrain_cli.show.style import BLACK, GREY, RED, power_of_ten, shown

START: dict[str, Any] = {"marker": "o", "markersize": 8, "markerfacecolor": "white", "markeredgecolor": BLACK}
END: dict[str, Any] = {"marker": "o", "markersize": 10, "markerfacecolor": RED, "markeredgecolor": "white"}
OPTIMUM: dict[str, Any] = {"marker": "*", "markersize": 12, "markerfacecolor": "#f0e442", "markeredgecolor": BLACK}
STEPS = [1, 2, 5, 10]  # between ticks
GROUND = LinearSegmentedColormap.from_list("ground", ["#b9b9b9", "#f7f7f7"])  # slow is dark


def new_figure(size: tuple[float, float], title: str, text: str) -> Figure:
    """An empty figure of `size`, inches, with a title, which is a user's, and a caption."""
    figure = Figure(figsize=size)
    figure.suptitle(shown(title))
    figure.supxlabel(text, fontsize=9, color=GREY)
    return figure


def below(axes: Axes, columns: int = 4, handles: Sequence[Any] | None = None) -> None:
    """The legend below the axes, where it hides nothing."""
    axes.legend(handles=handles, ncols=columns, columnspacing=1.2, handletextpad=0.5, borderaxespad=0,
                loc="upper center", bbox_to_anchor=(0.5, 0),
                bbox_transform=axes.transAxes + ScaledTranslation(0, -40 / 72, root_figure(axes).dpi_scale_trans))  # fmt: skip


def colour_bar(axes: Axes, what: Any, label: str, place: int = 0, **settings: Any) -> Colorbar:
    """A colour bar as high as the axes, beside them; place 1 is further out."""
    box = axes.inset_axes((1.03 + 0.17 * place, 0, 0.035, 1))
    return root_figure(axes).colorbar(what, cax=box, label=label, **settings)


def root_figure(axes: Axes) -> Figure:
    """The figure that the axes are in."""
    return cast(Figure, axes.get_figure(root=True))


def number_powers(axis: Axis) -> None:
    """Ticks at powers of ten on a logarithmic axis."""
    axis.set_major_locator(LogLocator(numticks=6))
    axis.set_major_formatter(FuncFormatter(power_of_ten))
    axis.set_minor_locator(NullLocator())
