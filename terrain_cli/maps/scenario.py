"""A map scenario: a raster of speeds, a start and goals, as the user wrote them and checked.

Positions are (x, y), x to the east and y to the north, in the scenario's unit of length; rows and columns count from 0, row 0 is
the north edge. NaN stands for blocked ground. Nothing here knows JAX, and NumPy is needed only where speeds lie in a .npy file.
"""

import difflib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BeforeValidator, ConfigDict, Field, PrivateAttr, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from terrain_cli.errors import InputError
from terrain_cli.scenario.values import (
    LARGEST,
    SMALLEST,
    Model,
    Number,
    Positive,
    Text,
    Units,
    fail,
    to_positive,
    to_text,
)

if TYPE_CHECKING:
    import numpy as np

Problem = tuple[tuple[str | int, ...], str]  # where, and what is wrong

BLOCKED = "blocked"
FORMS = ("grid", "drawing", "file")
SQUARE = 1e-9  # relative; how far the sides of a cell may differ


def _speed(value: object) -> float:
    if value == BLOCKED or (isinstance(value, float) and math.isnan(value)):
        return math.nan
    if isinstance(value, str):
        near = difflib.get_close_matches(value.lower(), [BLOCKED], 1)
        raise fail("must be a number or the word blocked" + (": did you mean blocked?" if near else ""))
    try:
        return to_positive(value)
    except PydanticCustomError as problem:
        hint = ", or the word blocked" if "greater than 0" in problem.message() else ""
        raise fail(problem.message() + hint) from None


def _point(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise fail("must be a point [x, y], such as [2.5, 1.5]")
    return value


def _goal(value: object) -> object:
    return value if isinstance(value, dict) else {"at": value}


def _goals(value: object) -> object:
    """One goal or several, as a list of mappings."""
    if _is_one_goal(value):
        value = [value]
    if not isinstance(value, list | tuple):
        raise fail("must be a point [x, y], or a list of points")
    if not value:
        raise fail("must have at least one point, such as [2.5, 1.5]")
    return [_goal(item) for item in value]


def _is_one_goal(value: object) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list | tuple) and bool(value) and not any(isinstance(item, list | dict) for item in value)
    )


def _drawing(value: object) -> str:
    """The rows of a drawing, without the empty line that YAML leaves at its end."""
    rows = to_text(value).strip("\n")
    if not rows:
        raise fail("must have at least one row of letters")
    return rows


def _legend(value: object) -> object:
    if not isinstance(value, dict) or not value:
        raise fail('must be a mapping of letters to speeds, such as {".": 1, "#": blocked}')
    return value


def _grid(value: object) -> object:
    rows = value if isinstance(value, list | tuple) else ()
    if not rows or not all(isinstance(row, list | tuple) and row for row in rows):
        raise fail("must be a list of rows of speeds, such as [[1, 1, blocked], [1, 0.2, 1]]")
    return value


def _extent(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise fail("must be [xmin, ymin, xmax, ymax]")
    return value


POINT = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
GOAL = {
    "anyOf": [
        POINT,
        {
            "type": "object",
            "properties": {"at": POINT, "name": {"type": "string"}},
            "required": ["at"],
            "additionalProperties": False,
        },
    ]
}

Speed = Annotated[
    float,
    BeforeValidator(_speed),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": BLOCKED}]}),
]
Point = Annotated[tuple[Number, Number], BeforeValidator(_point), WithJsonSchema(POINT)]


class Goal(Model):
    """Where to go."""

    at: Point = Field(description="Its position, [x, y].")
    name: Text | None = Field(default=None, description="What to call it: hut, ford, ...")


class Speeds(Model):
    """How fast each cell can be crossed, in one of three forms: a grid of numbers, a drawing with a legend, or a file."""

    grid: Annotated[list[list[Speed]], BeforeValidator(_grid)] | None = Field(
        default=None, description="Rows of speeds, the north edge first; the word blocked where nothing passes."
    )
    drawing: Annotated[str, BeforeValidator(_drawing)] | None = Field(
        default=None, description="Rows of letters, the north edge first; what each letter means is in the legend."
    )
    legend: Annotated[dict[str, Speed], BeforeValidator(_legend)] | None = Field(
        default=None, description="The speed that each letter of the drawing stands for, or the word blocked."
    )
    file: Text | None = Field(
        default=None,
        description="A .npy file with an array (rows, cols) of speeds, NaN where blocked; from the folder of the scenario.",
    )
    extent: (
        Annotated[
            tuple[Number, Number, Number, Number],
            BeforeValidator(_extent),
            WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}),
        ]
        | None
    ) = Field(default=None, description="[xmin, ymin, xmax, ymax] of the map, instead of a cell.")

    @model_validator(mode="after")
    def _fits(self) -> "Speeds":
        for _, problem in find_speeds_problems({key: getattr(self, key) for key in type(self).model_fields}):
            raise PydanticCustomError("fits", cast(Any, problem))
        return self


class MapGround(Model):
    """A raster of square cells. Without an extent its lower left corner lies at (0, 0)."""

    cell: Positive | None = Field(default=None, description="The side of a cell.")
    speeds: Speeds = Field(description="How fast each cell can be crossed, in any direction.")


class MapScenario(Model):
    """A map to cross from a start to one or several goals."""

    model_config = ConfigDict(title="terrain map scenario")

    name: Text = Field(default="", description="What to call the scenario. Missing: the name of its file.")
    description: Text | None = Field(default=None, description="What it shows, in a sentence or two.")
    map: MapGround = Field(description="The ground.")
    start: Point = Field(description="Where to start, [x, y].")
    goal: Annotated[
        list[Goal],
        BeforeValidator(_goals),
        WithJsonSchema({"anyOf": [*GOAL["anyOf"], {"type": "array", "items": GOAL}]}),
    ] = Field(description="Where to go, [x, y]; or a list of several goals, each a point or {at: [x, y], name: hut}.")
    units: Units = Field(default=Units(), description="Names for the units of length and time.")

    _file: str | None = PrivateAttr(None)
    _array: Any = PrivateAttr(None)

    @property
    def file(self) -> str | None:
        """The file it was read from; None where it was not."""
        return self._file

    @property
    def goals(self) -> list[tuple[float, float]]:
        return [goal.at for goal in self.goal]

    def goal_name(self, index: int) -> str:
        """What to call the goal with this index; people count from 1."""
        name = self.goal[index].name
        return name or ("goal" if len(self.goal) == 1 else f"goal {index + 1}")

    @property
    def array(self) -> "np.ndarray":
        """The speeds in the file, shape (rows, cols), read when they are first needed. Raises InputError."""
        if self._array is None:
            folder = Path(self._file).parent if self._file else Path()
            self._array = read_speeds(folder / str(self.map.speeds.file))
        array: np.ndarray = self._array
        return array

    @property
    def rows(self) -> Any:
        """The speeds row by row: of letters where they are drawn, else of numbers."""
        speeds = self.map.speeds
        if speeds.drawing is not None:
            return speeds.drawing.split("\n")
        return self.array if speeds.file is not None else speeds.grid

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows = self.rows
        return len(rows), len(rows[0])

    @property
    def corner(self) -> tuple[float, float]:
        """(x, y) of the south-west corner."""
        extent = self.map.speeds.extent
        return (0.0, 0.0) if extent is None else extent[:2]

    @property
    def cell(self) -> float:
        """The side of a cell."""
        extent = self.map.speeds.extent
        if extent is None:
            return float(self.map.cell or 1.0)
        return (extent[2] - extent[0]) / self.shape[1]


def find_speeds_problems(speeds: dict[str, Any]) -> Iterator[Problem]:
    """What is wrong with the form of `speeds`, as they were written; pydantic would look only where nothing else is wrong."""
    forms = [form for form in FORMS if speeds.get(form) is not None]
    if len(forms) != 1:
        got = f"got {' and '.join(forms)}" if forms else "such as grid: [[1, 1, blocked], [1, 0.2, 1]]"
        yield (), f"must have one of grid, drawing (with its legend) or file, {got}"
    legend = speeds.get("legend")
    for letter in legend if isinstance(legend, dict) else ():
        if len(letter) != 1:
            yield ("legend", letter), "must stand for a single letter of the drawing"
    if "drawing" in forms:
        if isinstance(speeds["drawing"], str):
            yield from _find_drawing_problems(speeds["drawing"].strip("\n").split("\n"), legend)
    elif legend is not None and forms:
        yield ("legend",), "goes with a drawing: remove it, or give drawing"
    grid = speeds.get("grid")
    if isinstance(grid, list | tuple) and all(isinstance(row, list | tuple) for row in grid):
        yield from _find_ragged("grid", [len(row) for row in grid], "cells")


def _find_drawing_problems(rows: list[str], legend: object) -> Iterator[Problem]:
    yield from _find_ragged("drawing", [len(row) for row in rows], "letters")
    letters = dict.fromkeys(letter for row in rows for letter in dict.fromkeys(row))
    if legend is None:
        example = ", ".join(f'"{letter}": {BLOCKED if letter == "#" else 1}' for letter in list(letters)[:4])
        yield (), f"legend is missing: add legend: {{{example}}}"
    elif isinstance(legend, dict):
        for letter in letters:
            if letter not in legend:
                row = next(i for i, line in enumerate(rows) if letter in line)
                where = f"row {row + 1}, column {rows[row].index(letter) + 1}"
                yield ("drawing",), f"has the letter {letter!r} ({where}), which is not in the legend: add it there"


def _find_ragged(form: str, lengths: list[int], what: str) -> Iterator[Problem]:
    odd = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
    if odd is not None:
        yield (
            (form,),
            f"must have rows of one length: row {odd + 1} has {lengths[odd]} {what}, row 1 has {lengths[0]}",
        )


def find_place_problems(scenario: MapScenario) -> Iterator[Problem]:
    """What is wrong with how the cells lie, and with where the start and the goals lie in them.

    Reads the file of the speeds.
    """
    speeds = scenario.map.speeds
    try:
        rows, cols = scenario.shape
    except InputError as error:
        yield ("map", "speeds", "file"), str(error)
        return
    if (speeds.extent is None) == (scenario.map.cell is None):
        if speeds.extent is None:
            yield ("map",), "cell is missing: add cell: 10, the side of a cell (or speeds.extent)"
        else:
            yield ("map", "cell"), "and speeds.extent both say how large a cell is: remove one"
        return
    if speeds.extent is not None:
        across, along = (speeds.extent[2] - speeds.extent[0]) / cols, (speeds.extent[3] - speeds.extent[1]) / rows
        if min(across, along) <= 0:
            yield ("map", "speeds", "extent"), "must have xmax greater than xmin and ymax greater than ymin"
            return
        if abs(across - along) > SQUARE * max(across, along):
            sizes = f"{across:.12g} wide and {along:.12g} high ({rows} rows, {cols} columns)"
            yield ("map", "speeds", "extent"), f"makes cells {sizes}, but they must be square"
            return
    cells = Cells(scenario)
    if not cells.any_free():
        yield ("map", "speeds"), "has no free cell: all of them are blocked"
        return
    for place, point in (("start",), scenario.start), *((("goal", i), at) for i, at in enumerate(scenario.goals)):
        problem = cells.misplaced(point)
        if problem:
            yield place, f"{problem}, got {_written(point)}"


class Cells:
    """Which cells of a map are free, and where points lie among them, without NumPy."""

    def __init__(self, scenario: MapScenario) -> None:
        self.lines, self.legend = scenario.rows, scenario.map.speeds.legend
        self.shape, self.cell, self.corner = scenario.shape, scenario.cell, scenario.corner

    def free(self, row: int, col: int) -> bool:
        """Whether a cell is inside the map and not blocked."""
        if not (0 <= row < self.shape[0] and 0 <= col < self.shape[1]):
            return False
        value = self.lines[row][col]
        return not math.isnan(self.legend[value] if self.legend else value)

    def any_free(self) -> bool:
        if self.legend:
            return any(
                letter in line for letter, speed in self.legend.items() if not math.isnan(speed) for line in self.lines
            )
        if isinstance(self.lines, list):
            return any(not math.isnan(speed) for line in self.lines for speed in line)
        return bool((self.lines == self.lines).any())  # an array: NaN alone differs from itself

    def to_cells(self, point: tuple[float, float]) -> tuple[float, float]:
        """(row, col) of a point, as `Ground.to_cells` has it."""
        return self.shape[0] - (point[1] - self.corner[1]) / self.cell, (point[0] - self.corner[0]) / self.cell

    def misplaced(self, point: tuple[float, float]) -> str | None:
        """Why nothing starts or ends at a point, and the nearest place where something does; None where all is well."""
        rows, cols = self.shape
        row, col = self.to_cells(point)
        if not (0 <= row <= rows and 0 <= col <= cols):
            far = self.corner[0] + cols * self.cell, self.corner[1] + rows * self.cell
            where = f"lies outside the map, which goes from {_written(self.corner)} to {_written(far)}"
        else:
            touched = {
                (r, c) for r in (math.floor(row), math.ceil(row) - 1) for c in (math.floor(col), math.ceil(col) - 1)
            }
            free = [cell for cell in touched if self.free(*cell)]
            crossed = len(free) == 2 and len(touched) == 4 and sum(map(sum, free)) % 2 == 0 and _diagonal(*free)
            if free and not crossed:
                return None
            where = "lies on the corner of blocked cells" if crossed else "lies in blocked ground"
        return f"{where}: the nearest free cell has its centre at {_written(self.nearest_free(row, col))}"

    def nearest_free(self, row: float, col: float) -> tuple[float, float]:
        """The centre, (x, y), of the free cell nearest to (row, col): rings of cells are looked over, outwards."""
        rows, cols = self.shape
        r0, c0 = min(max(math.floor(row), 0), rows - 1), min(max(math.floor(col), 0), cols - 1)
        best, cell = math.inf, (r0, c0)
        for ring in range(max(rows, cols)):
            if ring - 1 > best:
                break
            for r in range(max(r0 - ring, 0), min(r0 + ring, rows - 1) + 1):
                ends = abs(r - r0) == ring
                for c in range(c0 - ring, c0 + ring + 1) if ends else {c0 - ring, c0 + ring}:
                    if self.free(r, c):
                        far = math.hypot(r + 0.5 - row, c + 0.5 - col)
                        if far < best:
                            best, cell = far, (r, c)
        x, y = self.corner
        return x + (cell[1] + 0.5) * self.cell, y + (rows - cell[0] - 0.5) * self.cell


def _diagonal(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] != b[0] and a[1] != b[1]


def _written(point: tuple[float, float]) -> str:
    """A point as people write it."""
    return f"[{point[0]:.12g}, {point[1]:.12g}]"


def read_speeds(path: Path) -> "np.ndarray":
    """The speeds in a .npy file, shape (rows, cols), float64, NaN where blocked. Raises InputError."""
    import numpy as np

    try:
        with path.open("rb") as file:
            magic = file.read(6)
        if magic != b"\x93NUMPY":
            raise InputError(f"{path} is not a .npy file: write one with numpy.save(path, speeds)")
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        near = difflib.get_close_matches(path.name, _siblings(path), 1)
        raise InputError(f"{path}: no such file" + (f", did you mean {near[0]}?" if near else "")) from None
    except InputError:
        raise
    except Exception as problem:  # the header is read as Python: whatever is wrong with it has many names
        said = getattr(problem, "strerror", None) or str(problem).partition("\n")[0]
        raise InputError(f"{path} cannot be read: {said}") from None
    if stored.dtype.kind not in "fiu":
        raise InputError(f"{path} must hold numbers, not {stored.dtype}: save an array of floats")
    if stored.ndim != 2 or 0 in stored.shape:
        raise InputError(f"{path} must be an array (rows, cols), got the shape {stored.shape}")
    speeds = np.array(stored, dtype=np.float64)
    bad = ~(np.isnan(speeds) | ((speeds >= SMALLEST) & (speeds <= LARGEST)))
    if bad.any():
        row, col = np.argwhere(bad)[0]
        count = f"{int(bad.sum()):,} cells are" if bad.sum() > 1 else "1 cell is"
        raise InputError(
            f"{path} must hold finite speeds greater than 0, NaN where blocked: {count} neither, "
            f"the first [{row}, {col}] = {speeds[row, col]:g}"
        )
    return speeds


def _siblings(path: Path) -> list[str]:
    try:
        return [file.name for file in path.parent.iterdir() if file.suffix == ".npy"]
    except OSError:
        return []
