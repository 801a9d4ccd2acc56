"""Paper and ink: how every figure looks, and how it gets into a file. The drawing itself is in the modules beside.

Draw inside `with figure_style():`, which sets matplotlib's defaults apart from what the user has set, and switches its reading of
`$` as mathematics off: a name is shown as it was written. pyplot is not used: it would cost start-up time and open windows.
"""

import unicodedata
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import rcParamsDefault
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from terrain_cli.files import check_output, written
from terrain_cli.text import SUPERSCRIPTS

FORMATS = (".png", ".svg", ".pdf")

# Told apart by people of every kind of colour vision (Okabe and Ito 2008).
BLACK, ORANGE, SKY, GREEN, BLUE, RED, PURPLE = (
    "#000000",
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#0072b2",
    "#d55e00",
    "#cc79a7",
)
GREY = "#5f5f5f"
SERIES = [
    (BLUE, "-"),
    (RED, "--"),
    (GREEN, "-."),
    (PURPLE, ":"),
    (ORANGE, "-"),
    (SKY, "--"),
    (BLACK, "-."),
    (GREY, ":"),
]

FONT = "DejaVu Sans"  # comes with matplotlib
STYLE: dict[str, Any] = {
    "font.family": [FONT],
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "figure.titlesize": 13,
    "figure.titleweight": "bold",
    "figure.dpi": 144,
    "savefig.dpi": "figure",
    "lines.linewidth": 1.6,
    "text.parse_math": False,
    "svg.hashsalt": "terrain",  # else every SVG has other random ids
    "svg.fonttype": "none",  # text stays text: to be searched, read aloud, and shown in any script the viewer has
    "pdf.fonttype": 42,
}
UNTOUCHED = ("backend", "interactive", "toolbar", "timezone", "webagg", "tk.", "date.epoch", "figure.hooks")


@contextmanager
def figure_style(*texts: str) -> Iterator[set[str]]:
    """matplotlib with our settings and no one else's, for as long as the `with` lasts: yields the letters that it cannot draw.

    texts: what users wrote. The fonts their letters need are looked for among those installed, if the usual one lacks any.
    """
    families, missing = _fonts_for({letter for text in texts for letter in shown(text) if letter > "~"})
    defaults: Any = {key: value for key, value in dict.items(rcParamsDefault) if not key.startswith(UNTOUCHED)}
    with matplotlib.rc_context():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", matplotlib.MatplotlibDeprecationWarning)
            matplotlib.rcParams.update(defaults)
        settings: Any = STYLE | {"font.family": [FONT, *families]}
        matplotlib.rcParams.update(settings)
        yield missing


def shown(text: str, longest: int = 60) -> str:
    """A user's text as a figure can show it: letters that have no shape replaced, too long a text shortened.

    A line break stays one. Control characters would make an SVG unreadable.
    """
    letters = [
        letter
        if letter == "\n" or unicodedata.category(letter) not in ("Cc", "Cs", "Cn")
        else "\N{REPLACEMENT CHARACTER}"
        for letter in text.replace("\t", " ").replace("\r\n", "\n")
    ]
    return "".join(letters) if len(letters) <= longest else "".join(letters[: longest - 1]) + "…"


def power_of_ten(value: float, _: object = None) -> str:
    """10⁻⁶ for 1e-6: the tick labels of an axis whose ticks are powers of ten."""
    mantissa, exponent = f"{value:.0e}".split("e")
    if -3 < int(exponent) < 4:
        return f"{value:g}"
    return ("" if mantissa == "1" else f"{mantissa}×") + "10" + str(int(exponent)).translate(SUPERSCRIPTS)


def save(figure: Figure, path: Path, missing: Collection[str] = ()) -> None:
    """Write the figure in the format that the ending asks for, the same bytes for the same figure.

    Raises InputError where it cannot be written. Warns of the `missing` letters, which are drawn as boxes.
    """
    ending = check_output(path, FORMATS)
    metadata = {
        ".png": {"Software": "terrain"},
        ".svg": {"Date": None, "Creator": "terrain"},
        ".pdf": {"CreationDate": None, "Creator": "terrain", "Producer": "terrain"},
    }[ending]
    if ending != ".svg":
        warn_of_letters(missing)
    with written(path) as beside, uncomplaining():
        lay_out(figure)
        if ending == ".svg":  # where the viewer has not our font
            for text in figure.findobj(Text):
                assert isinstance(text, Text)
                text.set_fontfamily([*text.get_fontfamily(), "sans-serif"])
        figure.savefig(beside, format=ending[1:], metadata=metadata)


def lay_out(figure: Figure) -> None:
    """Give every panel its place. A figure that has a layout engine of its own would be drawn twice."""
    if figure.axes:
        ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1).execute(figure)


@contextmanager
def uncomplaining() -> Iterator[None]:
    """Without a warning for each letter that no font has: that is said in one sentence."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        yield


def warn_of_letters(missing: Collection[str]) -> None:
    """Warns that these letters are drawn as boxes."""
    if missing:
        some = "".join(sorted(missing)[:20])
        warnings.warn(
            f"no installed font has {some}: drawn as boxes (install one, or write an .svg, which leaves it to the viewer)",
            RuntimeWarning,
            stacklevel=2,
        )


def _fonts_for(letters: set[str]) -> tuple[list[str], set[str]]:
    """Installed families that have the letters which the usual font lacks, and the letters that none has."""
    missing = {letter for letter in letters if not get_font(findfont(FONT)).get_char_index(ord(letter))}
    families: list[str] = []
    for name in sorted({font.name for font in fontManager.ttflist if font.style == "normal" and font.weight == 400}):
        if not missing:
            break
        if name.startswith("Last Resort"):  # has boxes for all letters
            continue
        try:
            properties = FontProperties(family=name)
            font = get_font(findfont(properties, fallback_to_default=False, rebuild_if_missing=False))
            found = {letter for letter in missing if font.get_char_index(ord(letter))} if font.scalable else set()
            if found:
                families.append(name)
                missing -= found
        except (OSError, RuntimeError, ValueError):
            continue  # a font that cannot be read is as good as none
    return families, missing
