"""The raster of a map scenario, from numbers, a drawing or a file. This module does not import JAX.

All problems of the file, the cells and the places are reported at once, with their lines in the scenario.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import numpy as np

from terrain_cli.errors import InputError
from terrain_cli.files import open_input
from terrain_cli.maps.cells import meet_at_corner, snap, touching_cells
from terrain_cli.maps.scenario import MapScenario, find_cell_problems
from terrain_cli.scenario.load import explain_missing
from terrain_cli.scenario.model import Place, Problem
from terrain_cli.scenario.values import LARGEST, SMALLEST
from terrain_cli.text import shorten, visible

CELLS = 100_000_000  # of a map, such as 10,000 by 10,000
BYTES = 150  # of memory that solving a map takes for each cell, with a single goal
ENGINE = 1_300_000_000  # bytes of address space that JAX, its threads and compiled programs take for the smallest map
THIN = 64  # cells of a side for which a map takes memory at least: the arrival times are computed on so many
PIECE = 2**20  # cells that are read at a time
ROUNDED = 1e-3  # of an extent: numbers with three decimals are exact to a half of it
SQUARE = 0.01  # largest relative difference between the two sides of a cell, however the extent was rounded


class Raster(NamedTuple):
    """Square cells of ground.

    speeds: shape (rows, cols), m/s, NaN where blocked. cell: the side of a cell, m. corner: the south-west one, (x, y), m.
    """

    speeds: np.ndarray
    cell: float
    corner: tuple[float, float]

    def to_cells(self, point: tuple[float, float]) -> tuple[float, float]:
        """(row, col) of a point (x, y), in units of cells."""
        x, y = self.corner
        return snap(len(self.speeds) - (point[1] - y) / self.cell), snap((point[0] - x) / self.cell)


def read_raster(scenario: MapScenario, speeds: np.ndarray | None = None) -> Raster:
    """The raster of a map scenario. speeds: of its file, shape (rows, cols), m/s, if they have been read already.

    Raises InputError with all problems of the file, the cells, the start and the goals.
    """
    problems: list[Problem] = list(find_cell_problems(scenario.map))
    if speeds is None:
        try:
            speeds = read_speeds(scenario)
        except InputError as error:
            # The name of the file may hold line breaks.
            problems += [(("map", "speeds", "file"), visible(problem)) for problem in error.problems]
    raster = None
    if speeds is not None:
        try:
            check_size(speeds.shape, "the map", len(scenario.goal))
        except InputError as error:
            problems += [(("map", "speeds"), problem) for problem in error.problems]
    if speeds is not None and not problems:
        problems += find_extent_problems(scenario, speeds.shape)
        if not problems:
            raster = _to_raster(scenario, speeds)
            problems += find_place_problems(scenario, raster)
    if raster is None or problems:
        source = scenario.source
        located = [(_as_written(scenario, place), sentence) for place, sentence in problems]
        located.sort(key=lambda problem: source.line(problem[0]) or 0)
        raise InputError(*(source.describe(place, sentence) for place, sentence in located))
    return raster


def _as_written(scenario: MapScenario, place: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The place in the file of a place in the model: a single goal, or point on the way, may be written as a bare point."""
    lines = scenario.source.lines
    return place[:1] if place[:1] in (("goal",), ("via",)) and lines and place not in lines else place


def _to_raster(scenario: MapScenario, speeds: np.ndarray) -> Raster:
    extent = scenario.map.speeds.extent
    if extent is None:
        return Raster(speeds, float(scenario.map.cell or 1.0), scenario.map.origin or (0.0, 0.0))
    rows, cols = speeds.shape
    side = max((extent[2] - extent[0]) / cols, (extent[3] - extent[1]) / rows)  # all of the extent is on the map
    return Raster(speeds, side, extent[:2])


def find_extent_problems(scenario: MapScenario, shape: tuple[int, ...]) -> Iterator[Problem]:
    """The problem of an extent that is empty or whose cells are not square. shape: of the speeds, (rows, cols)."""
    extent, (rows, cols) = scenario.map.speeds.extent, shape
    if extent is None:
        return
    width, height = (extent[2] - extent[0]) / cols, (extent[3] - extent[1]) / rows
    if min(width, height) <= 0:
        yield ("map", "speeds", "extent"), "must have xmax greater than xmin and ymax greater than ymin"
    elif abs(width - height) > min(ROUNDED * (1 / cols + 1 / rows), SQUARE * max(width, height)):
        sizes = f"{width:.12g} wide and {height:.12g} high ({rows} rows, {cols} columns)"
        yield (
            ("map", "speeds", "extent"),
            f"must give square cells, but for rounding to {ROUNDED:g} and at most {100 * SQUARE:g} % of a cell: "
            f"got cells {sizes}",
        )


def find_place_problems(scenario: MapScenario, raster: Raster) -> Iterator[Problem]:
    """The problems of ground without a free cell, and of a start or goal outside the map or in blocked ground."""
    free = ~np.isnan(raster.speeds)
    if not free.any():
        yield ("map", "speeds"), "must have a free cell: all cells are blocked"
        return
    places: list[tuple[Place, tuple[float, float]]] = [(("start",), scenario.start)]
    places += [(("via", i), at) for i, at in enumerate(scenario.waypoints)]
    places += [(("goal", i), at) for i, at in enumerate(scenario.goals)]
    for place, point in places:
        problem = _find_place_problem(point, raster, free)
        if problem:
            yield place, f"{problem}, got {_write_point(point)}"


def _find_place_problem(point: tuple[float, float], raster: Raster, free: np.ndarray) -> str | None:
    """Why no route can start or end at a point, and the nearest free cell; None if one can. free: bool, shape (rows, cols)."""
    at, (rows, cols), (x, y), cell = raster.to_cells(point), free.shape, raster.corner, raster.cell
    if not (0 <= at[0] <= rows and 0 <= at[1] <= cols):
        reach = f"from {_write_point(raster.corner)} to {_write_point((x + cols * cell, y + rows * cell))}"
        where = f"lies outside the map, which extends {reach}"
    else:
        touched = [touching for touching in touching_cells(*at, free.shape) if free[touching]]
        apart = meet_at_corner(touched)
        if touched and not apart:
            return None
        where = "lies on the corner of blocked cells" if apart else "lies in blocked ground"
    places = np.argwhere(free)
    row, col = places[np.argmin(np.hypot(*(places + 0.5 - at).T))].tolist()
    centre = _write_point((x + (col + 0.5) * cell, y + (rows - row - 0.5) * cell))
    return f"{where}: the nearest free cell has its centre at {centre}"


def _write_point(point: tuple[float, float]) -> str:
    """A point in the notation of a scenario."""
    return f"[{point[0]:.12g}, {point[1]:.12g}]"


def read_speeds(scenario: MapScenario) -> np.ndarray:
    """The speeds of a map scenario, shape (rows, cols), m/s, NaN where blocked. Raises InputError if their file is invalid."""
    speeds = scenario.map.speeds
    if speeds.drawing is not None and speeds.legend is not None:
        rows = speeds.drawing.split("\n")
        codes = np.array(["".join(rows)], dtype=np.str_).view(np.uint32).reshape(len(rows), len(rows[0]))
        meaning = np.full(max(map(ord, speeds.legend)) + 1, np.nan)
        meaning[[ord(letter) for letter in speeds.legend]] = list(speeds.legend.values())
        return np.asarray(meaning[codes])
    if speeds.file is not None:
        folder = Path(scenario.file).parent if scenario.file else Path()
        return read_array(folder / speeds.file)
    return np.array(speeds.grid, dtype=np.float64)


def read_array(path: Path) -> np.ndarray:
    """The speeds in a .npy file, shape (rows, cols), float64, m/s, NaN where blocked. Raises InputError if it is invalid."""
    try:
        with open_input(path, "save it to a .npy file") as file:
            return _read_cells(file, path, *_read_header(file, path))
    except FileNotFoundError:
        raise InputError(f"{path}: {explain_missing(path, Path(), '.npy')}") from None
    except InputError:
        raise
    except Exception as problem:  # NumPy evaluates the header as Python, which can raise anything
        reason = getattr(problem, "strerror", None) or str(problem).partition("\n")[0]
        raise InputError(f"{path} cannot be read: {reason}") from None


def _read_header(file: BinaryIO, path: Path) -> tuple[tuple[int, int], bool, np.dtype]:
    """The shape of the array in a .npy file, whether it is stored by columns, and the type of its numbers.

    Raises InputError unless the file says that it holds the cells of a map, and not too many.
    """
    if file.read(6) != b"\x93NUMPY":
        raise InputError(f"{path} is not a .npy file: write one with numpy.save(path, speeds)")
    file.seek(0)
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):  # later ones are for fields with names
        raise InputError(f"{path} must contain numbers, not fields: save an array of floats")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, dtype = read(file)
    if dtype.kind not in "fiu":
        raise InputError(f"{path} must contain numbers, not {shorten(str(dtype))}: save an array of floats")
    if len(shape) != 2 or min(shape) < 1:
        raise InputError(f"{path} must contain an array of shape (rows, cols), got {shorten(str(shape))}")
    check_size(shape, str(path))
    return shape, by_columns, dtype


def _read_cells(file: BinaryIO, path: Path, shape: tuple[int, int], by_columns: bool, dtype: np.dtype) -> np.ndarray:
    """The speeds after the header of a .npy file, some at a time, so that Ctrl-C is heard.

    The file is not mapped: where another process makes a mapped file shorter, reading it ends the process. Raises InputError if
    a cell is missing, or is neither a speed nor NaN.
    """
    order: Literal["F", "C"] = "F" if by_columns else "C"
    size, count, first = shape[0] * shape[1], 0, ""
    short = InputError(f"{path} cannot be read: it has fewer cells than its header says, {shape[0]:,} by {shape[1]:,}")
    if os.fstat(file.fileno()).st_size - file.tell() < size * dtype.itemsize:
        raise short
    cells = np.empty(size)
    for i in range(0, size, PIECE):
        speeds = cells[i : i + PIECE]
        data = file.read(len(speeds) * dtype.itemsize)
        if len(data) < len(speeds) * dtype.itemsize:
            raise short
        with np.errstate(invalid="ignore", over="ignore"):
            speeds[:] = np.frombuffer(data, dtype)
        blocked = np.isnan(speeds)
        bad = ~(blocked | ((speeds >= SMALLEST) & (speeds <= LARGEST)))
        if bad.any():
            if not count:
                row, col = np.unravel_index(i + int(np.argmax(bad)), shape, order)
                first = f"[{row}, {col}] = {speeds[np.argmax(bad)]:g}"
            count += int(bad.sum())
        speeds[blocked] = np.nan  # of any sign and payload, which mean the same
    if count:
        found = f"{count:,} cells are" if count > 1 else "1 cell is"
        raise InputError(
            f"{path} must contain finite speeds greater than 0, or NaN for blocked cells: {found} neither, the first {first}"
        )
    return cells.reshape(shape, order=order)


def check_size(shape: tuple[int, ...], what: str, goals: int = 1) -> None:
    """Raises InputError for a map of more than `CELLS` cells, and for one that needs more memory than there is."""
    rows, cols = shape
    cells = max(rows, THIN) * max(cols, THIN)
    size = f"{what} has {rows:,} rows and {cols:,} columns"
    remedy = "use larger cells, or cut out the part that matters"
    if cells > CELLS:
        least = "" if cells == rows * cols else f" (a side counts as {THIN} cells at least)"
        raise InputError(f"{size}: at most {CELLS:,} cells are allowed{least}: {remedy}")
    need = cells * (BYTES + 8 * (goals - 1))
    free = available_memory()
    if free is not None and need > free:
        raise InputError(
            f"{size}, for which about {need / 1e9:.1f} GB are needed, and {free / 1e9:.1f} GB are free: {remedy}"
        )


def available_memory() -> int | None:
    """The bytes of memory that this process may still take, by its own limit, that of its container and the machine.

    None if that is not known.
    """
    found: list[int] = []
    with contextlib.suppress(OSError, ValueError, ImportError):  # ImportError: Windows
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            found.append(limit - used - (0 if "jax" in sys.modules else ENGINE))
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    with contextlib.suppress(OSError, ValueError):  # ValueError: "max"
        group = Path("/sys/fs/cgroup")
        found.append(int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()))
    return max(min(found), 0) if found else None
