"""The style of all figures, and how they are saved. What they show is drawn by the other modules.

Draw inside `with figure_style():`, which ignores the user's matplotlib settings and does not interpret `$` as mathematics, so
that names appear as they were written. pyplot is not used, because it slows start-up and opens windows.
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
from terrain_cli.text import SUPERSCRIPTS, visible

FORMATS = (".png", ".svg", ".pdf")

# Distinguishable with every kind of colour vision (Okabe and Ito 2008).
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
    "svg.hashsalt": "terrain",  # otherwise the ids in an SVG are random
    "svg.fonttype": "none",  # text stays text, which can be searched, read aloud and shown in the viewer's fonts
    "pdf.fonttype": 42,
}
UNTOUCHED = ("backend", "interactive", "toolbar", "timezone", "webagg", "tk.", "date.epoch", "figure.hooks")


@contextmanager
def figure_style(*texts: str) -> Iterator[set[str]]:
    """A context in which matplotlib uses our settings only. Yields the characters that no installed font can draw.

    texts: what users wrote. Where the default font lacks one of their characters, installed fonts that have it are added.
    """
    families, missing = _fonts_for({letter for text in texts for letter in displayable(text) if letter > "~"})
    defaults: Any = {key: value for key, value in dict.items(rcParamsDefault) if not key.startswith(UNTOUCHED)}
    with matplotlib.rc_context():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", matplotlib.MatplotlibDeprecationWarning)
            matplotlib.rcParams.update(defaults)
        settings: Any = STYLE | {"font.family": [FONT, *families]}
        matplotlib.rcParams.update(settings)
        yield missing


def displayable(text: str, longest: int = 60) -> str:
    """A user's text for a figure: characters that are not `visible`, some of which make an SVG invalid, are replaced.

    Line breaks are kept. A text of more than `longest` characters is shortened.
    """
    letters = [
        letter
        if letter == "\n" or visible(letter) == letter
        else " "
        if unicodedata.category(letter) == "Zs"
        else "\N{REPLACEMENT CHARACTER}"
        for letter in text.replace("\t", " ").replace("\r\n", "\n")
    ]
    return "".join(letters) if len(letters) <= longest else "".join(letters[: longest - 1]) + "…"


def power_of_ten(value: float, _: object = None) -> str:
    """The label of a tick at a power of ten: 10⁻⁶ for 1e-6."""
    mantissa, exponent = f"{value:.0e}".split("e")
    if -3 < int(exponent) < 4:
        return f"{value:g}"
    return ("" if mantissa == "1" else f"{mantissa}×") + "10" + str(int(exponent)).translate(SUPERSCRIPTS)


def save(figure: Figure, path: Path, missing: Collection[str] = ()) -> None:
    """Write the figure in the format that the file's ending names; the same figure always gives the same bytes.

    Raises InputError if the file cannot be written. Warns of the `missing` characters, which are drawn as boxes.
    """
    ending = check_output(path, FORMATS)
    metadata = {
        ".png": {"Software": "terrain"},
        ".svg": {"Date": None, "Creator": "terrain"},
        ".pdf": {"CreationDate": None, "Creator": "terrain", "Producer": "terrain"},
    }[ending]
    if ending != ".svg":
        warn_of_letters(missing)
    with written(path) as file, without_glyph_warnings():
        lay_out(figure)
        if ending == ".svg":  # for viewers without our font
            for text in figure.findobj(Text):
                assert isinstance(text, Text)
                text.set_fontfamily([*text.get_fontfamily(), "sans-serif"])
        figure.savefig(file, format=ending[1:], metadata=metadata)


def lay_out(figure: Figure) -> None:
    """Lay out the panels once, with texts that can be displayed. A figure with its own layout engine would be drawn twice."""
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if (shown := displayable(text.get_text(), longest=1000)) != text.get_text():
            text.set_text(shown)
    if figure.axes:
        ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1).execute(figure)


@contextmanager
def without_glyph_warnings() -> Iterator[None]:
    """Suppress the warning for each missing character: `warn_of_letters` reports all of them at once."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        yield


def warn_of_letters(missing: Collection[str]) -> None:
    """Warn that these characters are drawn as boxes."""
    if missing:
        some = "".join(sorted(missing)[:20])
        warnings.warn(
            f"no installed font has {some}: drawn as boxes (install one, or write an .svg, whose viewer chooses the font)",
            RuntimeWarning,
            stacklevel=2,
        )


def _fonts_for(letters: set[str]) -> tuple[list[str], set[str]]:
    """Installed font families with characters that the default font lacks, and the characters that no font has."""
    missing = {letter for letter in letters if not get_font(findfont(FONT)).get_char_index(ord(letter))}
    families: list[str] = []
    for name in sorted({font.name for font in fontManager.ttflist if font.style == "normal" and font.weight == 400}):
        if not missing:
            break
        if name.startswith("Last Resort"):  # has a box for every character
            continue
        try:
            properties = FontProperties(family=name)
            font = get_font(findfont(properties, fallback_to_default=False, rebuild_if_missing=False))
            found = {letter for letter in missing if font.get_char_index(ord(letter))} if font.scalable else set()
            if found:
                families.append(name)
                missing -= found
        except (OSError, RuntimeError, ValueError):
            continue  # the font cannot be read
    return families, missing
