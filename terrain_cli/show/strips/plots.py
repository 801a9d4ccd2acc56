"""Plots in the terminal: the path across the strips and the time over iterations."""

import math

import numpy as np

from terrain_cli.show.canvas import (
    LEFT,
    SIGNS,
    Canvas,
    add_axes,
    choose_columns,
    print_lines,
    shorten_unit,
    shows_braille,
    write_below,
    write_number,
)
from terrain_cli.strips.ground import boundaries, path_points
from terrain_cli.strips.solution import StripsSolution, to_ground

PATH_ROWS, TIME_ROWS = 17, 11  # odd, so that there is a middle row


def print_plots(solution: StripsSolution) -> None:
    """Print the path across the strips and, if there is more than one iteration, the time over the iterations."""
    braille = shows_braille()
    columns = choose_columns()
    lines = plot_path(solution, columns, braille)
    if len(_finite(solution)[0]) > 1:
        lines += ["", *plot_time(solution, columns, braille)]
    print_lines(["", *lines])


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
    length, per = shorten_unit(scenario.units.length), shorten_unit(scenario.units.time)
    legend = ("* " if not braille else "") + "solid: the path at the end" if len(finite) > 1 else "the path"
    if len(finite) > 1:
        legend += ", " + ("" if braille else ". ") + "dotted: at the start"
    names = [scenario.strip_name(i) for i in range(len(scenario.strips))]
    speeds = [f"{speed:g} {length}/{per}" for speed in scenario.speeds]
    return [
        f"along the strips ({length}); {legend}",
        *add_axes(canvas.to_lines(walls[1:-1] if few else (), SIGNS[braille]["wall"]), (low, high), braille),
        *(write_below(walls, [write_number(x) for x in across], columns, centred=False) if few else []),
        *(write_below(walls, names, columns, centred=True) if few else []),
        *(write_below(walls, speeds, columns, centred=True) if few else []),
        " " * LEFT + f"across the strips: {len(names):,}, {write_number(across[-1])} {length} in all",
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
        f"time ({shorten_unit(solution.scenario.units.time)}); solid: after each iteration, dotted: the exact optimum",
        *add_axes(canvas.to_lines(), (low, high), braille),
        *write_below(ends, [f"{iterations[0]:,}", f"{iterations[-1]:,}"], columns, centred=False),
        " " * LEFT + "iteration",
    ]


def _finite(solution: StripsSolution) -> tuple[np.ndarray, np.ndarray]:
    """Iterations and times, both of shape (k,), where the time is finite."""
    rows = [(row.iteration, row.time) for row in solution.history if math.isfinite(row.time)]
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
