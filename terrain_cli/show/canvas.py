"""Plots in the terminal, in braille dots or plain characters: a canvas, its axes, and a line over a number.

Designed for 80 columns without colour. Braille gives eight dots per character; terminals without it get `*` and `.`.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.text import Text

from terrain_cli.contract import Plot
from terrain_cli.show.console import out

WIDEST = 100  # columns
ROWS = 11  # of the plot of a line, odd, so that there is a middle row
LEFT = 12  # columns for the numbers beside a plot

BRAILLE = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a braille character, by row and column
SIGNS = {True: {"side": "│", "tick": "┤", "corner": "└", "floor": "─", "wall": "┊"},
         False: {"side": "|", "tick": "+", "corner": "+", "floor": "-", "wall": ":"}}  # fmt: skip


class Canvas:
    """A grid of characters to draw on. Points are fractions of its width and height, with (0, 0) at the lower left."""

    def __init__(self, columns: int, rows: int, braille: bool) -> None:
        self.columns, self.rows, self.braille = columns, rows, braille
        across, down = (2, 4) if braille else (1, 1)
        self.size = columns * across, rows * down
        self.dots = np.zeros((rows * down, columns * across), dtype=bool)
        self.written: dict[tuple[int, int], str] = {}

    def draw_line(self, points: np.ndarray, solid: bool = True) -> None:
        """Draw a line through `points`, shape (k, 2), solid or dotted."""
        ends = points * (np.array(self.size) - 1)
        for start, end in pairwise(ends):
            count = max(1, math.ceil(np.abs(end - start).max()))
            for x, y in start + (end - start) * np.linspace(0, 1, count + 1)[:, None]:
                column, row = round(x), self.size[1] - 1 - round(y)
                # A dotted line has every third dot along the longer side, counted from the edge of the canvas.
                along = column if abs(end[0] - start[0]) >= abs(end[1] - start[1]) else row
                if 0 <= column < self.size[0] and 0 <= row < self.size[1] and (solid or along % 3 == 0):
                    if self.braille:
                        self.dots[row, column] = True
                    elif solid or (row, column) not in self.written:
                        self.written[row, column] = "*" if solid else "."

    def write(self, column: int, row: int, letter: str) -> None:
        """Replace what is drawn there by a character."""
        self.written[min(max(row, 0), self.rows - 1), min(max(column, 0), self.columns - 1)] = letter

    def to_lines(self, walls: Sequence[int] = (), sign: str = "") -> list[str]:
        """The rows, from the top. walls: columns that show `sign` wherever nothing else is drawn."""
        lines = []
        for row in range(self.rows):
            letters = []
            for column in range(self.columns):
                bits = 0
                if self.braille:
                    cell = self.dots[4 * row : 4 * row + 4, 2 * column : 2 * column + 2]
                    bits = sum(DOTS[i][j] for i, j in np.argwhere(cell))
                empty = sign if column in walls else " "
                letters.append(self.written.get((row, column)) or (chr(BRAILLE + bits) if bits else empty))
            lines.append("".join(letters))
        return lines


def shows_braille() -> bool:
    """Whether standard output can encode braille and the signs of the axes."""
    try:
        f"{chr(BRAILLE)}{''.join(SIGNS[True].values())}".encode(out.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def choose_columns() -> int:
    """The width of a plot that fits on the terminal."""
    return max(20, min(out.width, WIDEST) - LEFT - 3)


def print_lines(lines: Sequence[str]) -> None:
    for line in lines:
        out.print(Text(line.rstrip().encode(out.encoding, "replace").decode(out.encoding)))


def print_plot(plot: Plot) -> None:
    """Print the plot of an answer."""
    print_lines(["", *draw_plot(plot, choose_columns(), shows_braille()), ""])


def draw_plot(plot: Plot, columns: int, braille: bool) -> list[str]:
    """The lines of a plot of a line over a number, whose marks have names below the axis."""
    x, y = np.asarray(plot.x, dtype=np.float64), np.asarray(plot.y, dtype=np.float64)
    low, high = float(y.min()), float(y.max())
    if high - low < 1e-9 * max(abs(high), 1.0):
        low, high = low - 1.0, high + 1.0
    begin, span = float(x[0]), float(x[-1] - x[0]) or 1.0
    canvas = Canvas(columns, ROWS, braille)
    canvas.draw_line(np.column_stack([(x - begin) / span, (y - low) / (high - low)]))
    at = [round((mark - begin) / span * (columns - 1)) for mark, _ in plot.marks]
    lines = canvas.to_lines([column for column in at if 0 < column < columns - 1], SIGNS[braille]["wall"])
    return [
        to_printable(plot.title),
        *add_axes(lines, (low, high), braille),
        *write_below(at, [write_number(mark) for mark, _ in plot.marks], columns, centred=False),
        *write_below(at, [name for _, name in plot.marks], columns, centred=False),
        " " * LEFT + to_printable(plot.below),
    ]


def add_axes(lines: list[str], ends: tuple[float, float], braille: bool) -> list[str]:
    """The lines with a horizontal axis and a vertical axis on the left, numbered at both ends and halfway."""
    signs, (low, high), last = SIGNS[braille], ends, len(lines) - 1
    numbers = {0: high, last: low, last // 2: high - (high - low) * (last // 2) / last}
    framed = [
        f"{write_number(numbers[i]) if i in numbers else '':>{LEFT - 2}} {signs['tick' if i in numbers else 'side']}{line}"
        for i, line in enumerate(lines)
    ]
    return [*framed, " " * (LEFT - 1) + signs["corner"] + signs["floor"] * len(lines[0])]


def write_below(walls: Sequence[int], texts: Sequence[str], columns: int, centred: bool) -> list[str]:
    """A line of texts under the columns of the walls, or centred between them. Those that do not fit are left out."""
    line, end = "", -1
    for i, text in enumerate(texts):
        text = to_printable(text)
        size = cell_len(text)
        if centred:
            room = walls[i + 1] - walls[i] - 1
            if size > room >= 6:
                text, size = set_cell_size(text, room - 1) + ("~" if size > room else ""), room
            start = walls[i] + 1 + (room - size) // 2
            fits = size <= room
        else:
            start = min(max(walls[i] - size // 2, 0), columns - size)
            fits = True
        if fits and start > end:
            line += " " * (start - cell_len(line)) + text
            end = start + size
    return [" " * LEFT + line] if line else []


def to_printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def shorten_unit(unit: str) -> str:
    """The name of a unit in at most three columns, which is all the room there is."""
    unit = to_printable(unit)
    return unit if cell_len(unit) <= 3 else set_cell_size(unit, 2) + "~"


def write_number(value: float) -> str:
    return f"{0.0 if abs(value) < 1e-300 else value:.5g}"
