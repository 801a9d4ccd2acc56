"""The numbers of a report's page. The script of the page only displays them.

Numbers that depend on the iteration are stored in columns. Figures, tree and table refer to the columns they show, so that
equal columns are stored once.
"""

import math
from collections.abc import Sequence
from itertools import count, pairwise
from typing import Any

import numpy as np
from contourpy import FillType, contour_generator
from matplotlib import colormaps
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from terrain_cli.autodiff.graph import CONSTANT, OPERATION, nodes_of, values_along
from terrain_cli.show.autodiff.rows import Branch, preorder, unfold
from terrain_cli.show.autodiff.tree import place_blocks
from terrain_cli.show.strips.paths import LABELLED, extent, fan_colours, mean_speeds
from terrain_cli.show.strips.rows import rows_at, thin_boundaries
from terrain_cli.strips.descent import Step
from terrain_cli.strips.gap import find_gap, find_rounding
from terrain_cli.strips.ground import boundaries, path_points
from terrain_cli.strips.landscape import Landscape
from terrain_cli.strips.report import Report
from terrain_cli.strips.scenario import StripsScenario
from terrain_cli.strips.solution import to_ground
from terrain_cli.text import short, subscript, visible

ROOM = 31_000  # numbers in a page, about 8 bytes each
OWN = 61  # iterations of the run that was asked for, at most; the other runs share the rest of the room
FEWEST = 6  # iterations that are kept of a thinned run
VERTICES = 60  # of a path, at most
CROSSINGS = 6  # in the table; more are folded
SIDE = 1000  # of the square in which contours are drawn
APART = 14  # between points of a contour, in units of that square
TIME, PLACE, VALUE, SLOPE = 9, 8, 6, 4  # significant digits
LAYER, BLOCK = 96.0, 40.0  # of the tree: height of a layer, least width of a block
LETTER = 8.0  # width of a letter below a block, an estimate

LABEL = {"gradient": "Gradient", "momentum": "Momentum", "adam": "Adam", "newton": "Newton", "snell": "Snell’s law"}


class Columns:
    """Columns with a number for each iteration of each run, one run after the other. Equal columns are stored once."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self.ends = np.cumsum([0, *lengths])
        self.kept: list[tuple[np.ndarray, int]] = []
        self.places: dict[bytes, int] = {}

    def add(self, values: ArrayLike, digits: int) -> list[int] | float | None:
        """Store a column, shape (R,). Returns [its index], or the number itself if all are equal."""
        column = np.asarray(values, dtype=np.float64) + 0.0
        if np.all(column == column[0]):
            return rounded(float(column[0]), digits)
        place = self.places.setdefault(column.tobytes(), len(self.kept))
        if place == len(self.kept):
            self.kept.append((column, digits))
        self.kept[place] = column, max(digits, self.kept[place][1])
        return [place]

    def of_run(self, index: int) -> list[list[float | None]]:
        """The part of each column that belongs to one run, rounded."""
        rows = slice(*self.ends[index : index + 2])
        return [[rounded(value, digits) for value in values[rows].tolist()] for values, digits in self.kept]


def rounded(value: float, digits: int) -> float | None:
    """The number to this many significant digits, as an int if it is whole; None if it is not finite."""
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{digits - 1}e}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def document(report: Report) -> dict[str, Any]:
    """The data of the page's script, as plain data for JSON."""
    asked, scenario = report.asked, report.asked.scenario
    listed = [run for runs in report.runs.values() for run in runs]
    kept: list[int] = thin_boundaries(len(scenario.strips), VERTICES).tolist()
    folded = fold(report)
    wide = 5 + len(kept) + len(folded)  # numbers per iteration, about
    room = (ROOM - OWN * wide) // (wide * max(1, len(listed) - 1))
    rows = [thinned(run.history, OWN if run is asked else max(FEWEST, min(OWN, room))) for run in listed]
    flat = [row for some in rows for row in some]

    columns = Columns([len(some) for some in rows])
    x = np.array([row.x for row in flat]).reshape(len(flat), -1)
    with np.errstate(all="ignore"):
        along = path_points(x, to_ground(scenario))[..., 1]
    times = np.array([row.time for row in flat])
    gaps = find_gap(times, float(asked.optimum.time), len(scenario.strips))
    shown = {
        "iteration": columns.add([row.iteration for row in flat], 16),
        "time": columns.add(times, TIME),
        "gap": columns.add(gaps, 3),
        "gradient": columns.add([row.gradient_norm for row in flat], SLOPE),
        "along": [columns.add(along[:, i], PLACE) for i in kept],
    }
    landscape = draw_landscape(report.landscape, scenario)
    if landscape and report.landscape:
        landscape["x"] = [columns.add(x[:, axis], PLACE) for axis in report.landscape.axes]
        landscape["optimum"] = [rounded(float(asked.optimum.movements[axis]), PLACE) for axis in report.landscape.axes]
    unknowns = len(scenario.strips) - 1
    listed_crossings = range(unknowns) if unknowns <= CROSSINGS else [*range(CROSSINGS - 2), unknowns - 1]
    crossings = [
        {
            "label": f"crossing {i + 1}",
            "folded": i - 1 not in listed_crossings and i > 0,
            "value": columns.add(along[:, i + 1], PLACE),
        }
        for i in listed_crossings
    ]
    tree = draw_branches(folded, columns, x) if folded else None
    method = scenario.descent.method
    return {
        "units": {name: visible(text) for name, text in scenario.units.model_dump().items()},
        "optimum": {
            "time": rounded(float(asked.optimum.time), TIME),
            "along": [
                rounded(value, PLACE) for value in [0.0, *np.asarray(asked.optimum.crossings).tolist(), scenario.offset]
            ],
        },
        "shown": shown,
        "crossings": crossings,
        "ground": ground(report, kept),
        "landscape": landscape,
        "tree": tree,
        "fan": {
            "light": hexes(fan_colours()(np.linspace(0, 1, 24))),
            "dark": hexes(colormaps["plasma"](np.linspace(0.3, 1, 24))),
        },
        "objective": objective(report, rows),
        "asked": [list(report.runs).index(method), report.runs[method].index(asked)],
        "methods": list_methods(report, columns),
    }


def list_methods(report: Report, columns: Columns) -> list[dict[str, Any]]:
    """The methods with their runs, and the columns of each run."""
    places = count()
    return [
        {
            "name": name,
            "label": LABEL[name],
            "cliff": rounded(report.cliffs[name], 4) if name in report.cliffs else None,
            "runs": [
                {
                    "step": run.step,
                    "status": run.status,
                    "message": run.message,
                    "iterations": run.iterations,
                    "columns": columns.of_run(next(places)),
                }
                for run in runs
            ],
        }
        for name, runs in report.runs.items()
    ]


def thinned(history: Sequence[Step], most: int) -> list[Step]:
    """At most about `most` rows, including the first and the last, with more of the early ones, in which more changes."""
    if len(history) <= most:
        return list(history)
    return rows_at(history, np.geomspace(1, history[-1].iteration + 1, most).round() - 1)


def objective(report: Report, rows: Sequence[Sequence[Step]]) -> dict[str, Any]:
    """The range of the times drawn, the same for all runs and not stretched by those that diverge, and the smallest gap."""
    best = float(report.asked.optimum.time)
    times = np.array([row.time for run in report.near for row in run.history] + [some[0].time for some in rows])
    start = max(some[0].time for some in rows)
    most = float(min(times[np.isfinite(times)].max(), best + 1.6 * (start - best)))
    return {"time": [best, max(most, 1.01 * best)], "floor": find_rounding(len(report.asked.scenario.strips))}


def ground(report: Report, kept: list[int]) -> dict[str, Any]:
    """The strips in the order of the path, and the range along them that is drawn. kept: the boundaries that are drawn."""
    scenario = report.asked.scenario
    across = boundaries(scenario.widths)
    speeds = mean_speeds(scenario, np.array(kept))
    slowest, fastest = min(scenario.speeds), max(scenario.speeds)
    lows, highs = zip(*map(extent, report.near), strict=True)
    strips = []
    for (first, last), speed in zip(pairwise(kept), speeds.tolist(), strict=True):
        one = last == first + 1
        strips.append(
            {
                "name": visible(scenario.strip_name(first)) if one else f"strips {first + 1:,} to {last:,}",
                "short": visible(scenario.strips[first].name or f"strip {first + 1}") if one else "",
                "speed": rounded(speed, 4),
                "light": rounded((speed - slowest) / (fastest - slowest) if fastest > slowest else 0.5, 3),
            }
        )
    return {
        "across": [rounded(value, PLACE) for value in across[kept].tolist()],
        "boundaries": kept,
        "along": [rounded(min(lows), 4), rounded(max(highs), 4)],
        "strips": strips,
        "named": len(scenario.strips) <= LABELLED,
        "thinned": len(kept) <= len(scenario.strips),
    }


def draw_landscape(landscape: Landscape | None, scenario: StripsScenario) -> dict[str, Any] | None:
    """The contours as SVG paths in a square, or the curve over a single unknown."""
    if landscape is None:
        return None
    labels = [
        {
            "short": subscript("x", axis + 1),
            "long": f"{subscript('x', axis + 1)}, along {visible(scenario.strip_name(axis))}",
        }
        for axis in landscape.axes
    ]
    ranges = [[rounded(float(grid[0]), PLACE), rounded(float(grid[-1]), PLACE)] for grid in landscape.grids]
    drawn: dict[str, Any] = {"labels": labels, "ranges": ranges}
    if len(landscape.grids) == 1:
        every = np.linspace(0, len(landscape.time) - 1, SIDE // 8).round().astype(int)
        drawn["curve"] = [
            [rounded(value, VALUE) for value in values[every].tolist()]
            for values in (landscape.grids[0], landscape.time)
        ]
        return drawn
    levels = np.asarray(MaxNLocator(18).tick_values(landscape.time.min(), landscape.time.max()))
    middles = (levels[1:] + levels[:-1]) / 2
    colours = hexes(colormaps["cividis"]((middles - levels[0]) / (levels[-1] - levels[0])))
    square = [np.linspace(0, SIDE, len(grid)) for grid in landscape.grids]
    contours = contour_generator(x=square[0], y=square[1], z=landscape.time, fill_type=FillType.OuterOffset)
    drawn["bands"] = [
        {"from": rounded(float(low), VALUE), "to": rounded(float(high), VALUE), "colour": colour,
         "path": "".join(
             contour_path(points[first:last])
             for points, offsets in zip(*contours.filled(low, np.inf), strict=True)
             for first, last in pairwise(offsets)
         )}
        for low, high, colour in zip(levels[:-1], levels[1:], colours, strict=True)
    ]  # fmt: skip
    return drawn


def contour_path(points: np.ndarray) -> str:
    """A closed contour, shape (k, 2), as an SVG path in whole numbers, without points that lie too close together to be seen."""
    kept = [points[0].round().astype(int)]
    for point in points[1:-1].round().astype(int):
        edge = bool(np.any((point == 0) | (point == SIDE)))
        if edge or np.abs(point - kept[-1]).max() >= APART:
            kept.append(point)
    moves = np.diff(np.array(kept), axis=0)
    return f"M{kept[0][0]} {kept[0][1]}" + "".join(f"l{across} {along}" for across, along in moves) + "z"


def hexes(colours: np.ndarray) -> list[str]:
    """Colours, shape (k, 4), as #rrggbb."""
    return ["#" + "".join(f"{round(255 * part):02x}" for part in colour[:3]) for colour in colours]


def fold(report: Report) -> list[Branch]:
    """The branches of the tree that are drawn, with long sums folded; none if the report has no tree."""
    return [branch for branch, _ in preorder(unfold(report.tree))] if report.tree else []


def draw_branches(branches: list[Branch], columns: Columns, x: np.ndarray) -> dict[str, Any]:
    """The place of each block of the tree and the columns of the numbers below it. x: the path of each row, shape (R, n-1), m."""
    root = branches[0].node
    assert root is not None
    places = {id(node): i for i, node in enumerate(nodes_of(root))}
    values, derivatives = values_along(root, x)
    depths: dict[Branch, int] = {}
    widths: dict[Branch, float] = {}
    numbers = {branch: i for i, branch in enumerate(branches)}
    drawn = []
    for branch in branches:
        depths[branch] = depths[branch.parent] + 1 if branch.parent else 0
        block: dict[str, Any] = {
            "y": LAYER * depths[branch],
            "above": numbers[branch.parent] if branch.parent else None,
        }
        node, captions = branch.node, [0]
        if node is None:
            block |= {"kind": "folded", "label": f"{len(branch.hidden):,} more"}
            if branch.folded_value is not None:
                hidden = values[:, [places[id(inner)] for inner in branch.hidden]].sum(axis=1)
                block["value"] = columns.add(hidden, VALUE)
                captions.append(longest(hidden, VALUE))
        else:
            place = places[id(node)]
            label = f"[{branch.mark}]" if branch.repeated else node.label
            if node.kind == OPERATION and not branch.repeated and label.isdigit() and not label.isascii():
                label = f"( ){label}"
            block |= {"kind": node.kind, "label": label, "note": visible(node.note)}
            if node.named or node.kind != CONSTANT:
                block["value"] = columns.add(values[:, place], VALUE)
                captions.append(longest(values[:, place], VALUE))
            block["derivative"] = columns.add(derivatives[:, place], SLOPE)
            captions.append(len("∂ ") + longest(derivatives[:, place], SLOPE))
        widths[branch] = max(BLOCK, 14 + 9.0 * len(block["label"]), LETTER * max(captions))
        drawn.append(block)
    middles, outline = place_blocks(branches, widths)
    left = min(end for end, _ in outline)
    for branch, block in zip(branches, drawn, strict=True):
        block["x"] = round(middles[branch] - left, 1)
    return {
        "width": round(max(end for _, end in outline) - left, 1),
        "height": LAYER * (max(depths.values()) + 1) - 8,
        "blocks": drawn,
    }


def longest(values: np.ndarray, digits: int) -> int:
    """The number of letters of the longest of these values, shape (k,), as the script writes them, about."""
    return max(
        len(short(value, digits - (0 < abs(value) < 1e-4))) if math.isfinite(value) else len("not finite")
        for value in set(values.tolist())
    )
