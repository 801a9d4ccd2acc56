"""Arrays of numbers in .npy files, and whether there is room for a map. This module does not import JAX."""

import contextlib
import os
import sys
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from terrain_cli.errors import InputError
from terrain_cli.files import open_input
from terrain_cli.scenario.load import explain_missing
from terrain_cli.scenario.values import LARGEST, SMALLEST
from terrain_cli.text import shorten

CELLS = 100_000_000  # of a map, such as 10,000 by 10,000
BYTES = 150  # of memory that solving a map takes for each cell, with a single goal
ENGINE = 1_300_000_000  # bytes of address space that JAX, its threads and compiled programs take for the smallest map
THIN = 64  # cells of a side for which a map takes memory at least: the arrival times are computed on so many
PIECE = 2**20  # cells that are read at a time


def read_array(path: Path, *, any_number: bool = False) -> np.ndarray:
    """The speeds in a .npy file, shape (rows, cols), float64, m/s, NaN where blocked. Raises InputError if it is invalid.

    any_number: whether it holds other numbers than speeds, such as classes.
    """
    try:
        with open_input(path, "save it to a .npy file") as file:
            return _read_cells(file, path, *_read_header(file, path), any_number=any_number)
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


def _read_cells(
    file: BinaryIO, path: Path, shape: tuple[int, int], by_columns: bool, dtype: np.dtype, *, any_number: bool = False
) -> np.ndarray:
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
        if bad.any() and not any_number:
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


def check_size(
    shape: tuple[int, ...],
    what: str,
    goals: int = 1,
    remedy: str = "use larger cells, or cut out the part that matters",
) -> None:
    """Raises InputError for a map of more than `CELLS` cells, and for one that needs more memory than there is."""
    rows, cols = shape
    cells = max(rows, THIN) * max(cols, THIN)
    size = f"{what} has {rows:,} rows and {cols:,} columns"
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
