"""Plots in the terminal: the path across the strips and the time over iterations, in braille dots or plain characters.

Designed for 80 columns without colour. Braille gives eight dots per character; terminals without it get `*` and `.`.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.text import Text

from terrain_cli.show.console import out
from terrain_cli.strips.ground import boundaries, path_points
from terrain_cli.strips.solution import StripsSolution, to_ground

WIDEST = 100  # columns
PATH_ROWS, TIME_ROWS = 17, 11  # odd, so that there is a middle row
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


def print_plots(solution: StripsSolution) -> None:
    """Print the path across the strips and, if there is more than one iteration, the time over the iterations."""
    braille = shows_braille()
    columns = max(20, min(out.width, WIDEST) - LEFT - 3)
    lines = plot_path(solution, columns, braille)
    if len(_finite(solution)[0]) > 1:
        lines += ["", *plot_time(solution, columns, braille)]
    for line in ["", *lines]:
        out.print(Text(_encodable(line.rstrip())))


def plot_path(solution: StripsSolution, columns: int, braille: bool) -> list[str]:
    """The lines of a plot of the last path, solid, and the first, dotted, from A to B across the strips."""
    scenario = solution.scenario
    across = boundaries(scenario.widths)
    finite = [row for row in solution.history if np.all(np.isfinite(row.x))]
    if not finite:
        return ["no path to draw: its numbers are not finite"]
    strips = to_ground(scenario)
    paths = [path_points(row.x, strips)[:, 1] for row in (finite[0], finite[-1])]
    low, high = float(np.min(paths)), float(np.max(paths))
    if high - low < 1e-12 * across[-1]:
        low, high = low - across[-1] / 4, high + across[-1] / 4
    canvas = Canvas(columns, PATH_ROWS, braille)
    for path, solid in zip(paths, (False, True), strict=True):
        if solid or len(finite) > 1:
            canvas.draw_line(np.column_stack([across / across[-1], (path - low) / (high - low)]), solid)
    for letter, column, along in (("A", 0, 0.0), ("B", columns - 1, scenario.offset)):
        canvas.write(column, round((high - along) / (high - low) * (PATH_ROWS - 1)), letter)

    walls = (across / across[-1] * (columns - 1)).round().astype(int).tolist()
    few = len(walls) <= columns // 4
    length, per = _short(scenario.units.length), _short(scenario.units.time)
    legend = ("* " if not braille else "") + "solid: the path at the end" if len(finite) > 1 else "the path"
    if len(finite) > 1:
        legend += ", " + ("" if braille else ". ") + "dotted: at the start"
    names = [scenario.strip_name(i) for i in range(len(scenario.strips))]
    speeds = [f"{speed:g} {length}/{per}" for speed in scenario.speeds]
    return [
        f"along the strips ({length}); {legend}",
        *_framed(canvas.to_lines(walls[1:-1] if few else (), SIGNS[braille]["wall"]), (low, high), braille),
        *(_below(walls, [_number(x) for x in across], columns, centred=False) if few else []),
        *(_below(walls, names, columns, centred=True) if few else []),
        *(_below(walls, speeds, columns, centred=True) if few else []),
        " " * LEFT + f"across the strips: {len(names):,}, {_number(across[-1])} {length} in all",
    ]


def plot_time(solution: StripsSolution, columns: int, braille: bool) -> list[str]:
    """The lines of a plot of the time over the iterations, solid, and of the optimum, dotted."""
    iterations, times = _finite(solution)
    best = float(solution.optimum.time)
    low, high = min(best, float(times.min())), float(times.max())
    if high - low < 1e-12 * high:
        low, high = low * 0.99, high * 1.01
    span = float(iterations[-1] - iterations[0]) or 1.0
    canvas = Canvas(columns, TIME_ROWS, braille)
    level = (best - low) / (high - low)
    canvas.draw_line(np.array([[0.0, level], [1.0, level]]), solid=False)
    canvas.draw_line(np.column_stack([(iterations - iterations[0]) / span, (times - low) / (high - low)]))
    ends = [0, columns - 1]
    return [
        f"time ({_short(solution.scenario.units.time)}); solid: after each iteration, dotted: the exact optimum",
        *_framed(canvas.to_lines(), (low, high), braille),
        *_below(ends, [f"{iterations[0]:,}", f"{iterations[-1]:,}"], columns, centred=False),
        " " * LEFT + "iteration",
    ]


def _finite(solution: StripsSolution) -> tuple[np.ndarray, np.ndarray]:
    """Iterations and times, both of shape (k,), where the time is finite."""
    rows = [(row.iteration, row.time) for row in solution.history if math.isfinite(row.time)]
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


def _framed(lines: list[str], ends: tuple[float, float], braille: bool) -> list[str]:
    """The lines with a horizontal axis and a vertical axis on the left, numbered at both ends and halfway."""
    signs, (low, high), last = SIGNS[braille], ends, len(lines) - 1
    numbers = {0: high, last: low, last // 2: high - (high - low) * (last // 2) / last}
    framed = [
        f"{_number(numbers[i]) if i in numbers else '':>{LEFT - 2}} {signs['tick' if i in numbers else 'side']}{line}"
        for i, line in enumerate(lines)
    ]
    return [*framed, " " * (LEFT - 1) + signs["corner"] + signs["floor"] * len(lines[0])]


def _below(walls: Sequence[int], texts: Sequence[str], columns: int, centred: bool) -> list[str]:
    """A line of texts under the columns of the walls, or centred between them. Those that do not fit are left out."""
    line, end = "", -1
    for i, text in enumerate(texts):
        text = _printable(text)
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


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _short(unit: str) -> str:
    """The name of a unit in at most three columns, which is all the room there is."""
    unit = _printable(unit)
    return unit if cell_len(unit) <= 3 else set_cell_size(unit, 2) + "~"


def _number(value: float) -> str:
    return f"{0.0 if abs(value) < 1e-300 else value:.5g}"


def _encodable(line: str) -> str:
    """The line with characters that standard output cannot encode replaced."""
    return line.encode(out.encoding, "replace").decode(out.encoding)
