"""Heights at points of a map, from the pixels of an elevation model: bilinear between their centres, and never across a void."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from terrain_cli.errors import InputError
from terrain_cli.geo.crs import are_same, transform
from terrain_cli.geo.grid import Grid
from terrain_cli.geo.raster import FINE, SAMPLES, SQUARE, Source, cell_in, opened, read_window, to_rows

HIGHEST = 100_000.0  # m; what is higher, or lower, is no height
NEAR = 1e-6  # of a pixel; a point as close as this to a row of centres lies on it
REACH = 4.0  # standard deviations to which smoothing looks
SMOOTH = 100.0  # pixels of its standard deviation, at most

Places = tuple[np.ndarray, np.ndarray]  # rows and columns of points, as fractions; those of the first centre are 0


class Heights(NamedTuple):
    """Heights at the corners of cells, shape (rows + 1, cols + 1), m, NaN where they are not known.

    step: of the numbers in the file, such as 1 for whole metres; 0 if they are finer.
    """

    values: np.ndarray
    step: float


def read_heights(source: Source, whole: Grid, part: Grid, smoothing: float = 0.0) -> Heights:
    """The heights at the corners of the cells of a part of a grid. Raises InputError if the raster cannot be read.

    source: its cells are the squares between the centres of its pixels. whole: the grid, from whose corner all points are
    counted, so that a part has the heights of the whole. Where cells are coarser than the pixels, a height is the mean of those
    around it. smoothing: standard deviation for `smooth`, m; 0 for none.
    """
    heights = np.full((part.rows + 1, part.cols + 1), np.nan)
    sigma = _in_pixels(source, whole.crs, smoothing)
    steps: set[float | None] = {None}
    with opened(source.path) as dataset:
        for rows, cols, places in _find_places(source, whole, part):
            window = _find_window(source, places, sigma)
            if window is None:
                continue
            numbers, valid = read_window(dataset, source, window)
            pixels = np.where(valid, numbers, np.nan).astype(np.float64)
            check_heights(pixels, str(source.path))
            steps.add(find_step(pixels, source.scale, source.offset))
            pixels = smooth(pixels, sigma)
            (first, _), (west, _) = window
            found = [interpolate(pixels, row - first, col - west) for row, col in places]
            heights[rows, cols] = _mean(found[0], found[1:])
    return Heights(heights, min((step for step in steps if step is not None), default=0.0))


def find_checksum(source: Source, whole: Grid, part: Grid) -> str:
    """A checksum of the pixels that `read_heights` reads for a part of a grid, and of where they are data."""
    digest = hashlib.sha256()
    with opened(source.path) as dataset:
        for _, _, places in _find_places(source, whole, part):
            window = _find_window(source, places, (0.0, 0.0))
            if window is not None:
                numbers, valid = read_window(dataset, source, window)
                digest.update(valid.tobytes())
                digest.update(np.where(valid, numbers, 0).astype("<f8").tobytes())
    return digest.hexdigest()


def _find_places(source: Source, whole: Grid, part: Grid) -> Iterator[tuple[slice, slice, list[Places]]]:
    """The corners of the cells of a part, block by block: their rows and columns, and where they lie in the raster.

    The corners come first; where cells are coarser than pixels, points around them follow, in pairs on opposite sides.
    """
    top, _, left, _ = whole.place_of(part)
    xmin, _, _, ymax = whole.extent
    ratio = whole.cell / cell_in(source, whole.crs)
    k = min(max(round(ratio), 1), FINE)
    offsets = [((i + 0.5) / k - 0.5) * whole.cell for i in range(k)] if k > 1 else []
    own = _is_own(source, whole)
    corners = Grid((0.0, 0.0), 1.0, part.rows + 1, part.cols + 1)
    for first, last, west, east in corners.blocks(max(int(SAMPLES / max(ratio, k) ** 2), 1)):
        x = xmin + (left + np.arange(west, east)) * whole.cell
        y = (ymax - (top + np.arange(first, last)) * whole.cell)[:, None]
        rows, cols = np.broadcast_arrays(*to_rows(source, whole.crs, x, y))
        places = [(np.rint(rows), np.rint(cols)) if own else (rows, cols)]
        places += [to_rows(source, whole.crs, x + dx, y + dy) for dy in offsets for dx in offsets]
        yield slice(first, last), slice(west, east), places


def _find_window(
    source: Source, places: list[Places], sigma: tuple[float, float]
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The first row, and the one after the last, of the pixels that matter at places, and those of columns; None without any."""
    window = []
    for axis, size, pad in zip((0, 1), (source.rows, source.cols), sigma, strict=True):
        numbers = np.concatenate([np.ravel(place[axis]) for place in places])
        numbers = numbers[(numbers >= -NEAR) & (numbers <= size + NEAR)]
        if not len(numbers):
            return None
        spare = int(REACH * pad + 0.5) + 1
        window.append((max(int(numbers.min()) - spare, 0), min(int(numbers.max()) + 1 + spare, size) + 1))
    return window[0], window[1]


def smooth(heights: np.ndarray, sigma: tuple[float, float]) -> np.ndarray:
    """Heights as means of those around them, with the weights of a Gaussian; voids count for nothing and stay voids.

    heights: shape (rows, cols). sigma: its standard deviation in rows and in columns.
    """
    if not any(sigma):
        return heights
    known = ~np.isnan(heights)
    weights, sums = (
        ndimage.gaussian_filter(array, sigma, mode="constant", truncate=REACH)
        for array in (known.astype(np.float64), np.where(known, heights, 0.0))
    )
    return np.where(known, sums / np.where(known, weights, 1.0), np.nan)


def interpolate(pixels: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """Heights at places between the centres of pixels; NaN outside, and where a centre that matters is.

    pixels: heights at the centres, shape (rows, cols). rows, cols: of the places, as fractions, shapes that broadcast.
    """
    places, inside = [], True
    for numbers, size in zip((rows, cols), pixels.shape, strict=True):
        near = np.rint(numbers)
        numbers = np.where(np.abs(numbers - near) <= NEAR, near, numbers)
        within = (numbers >= 0) & (numbers <= size - 1)  # False for NaN
        inside = inside & within
        numbers = np.where(within, numbers, 0.0)
        low = np.floor(numbers).astype(np.int64)
        places.append((low, np.minimum(low + 1, size - 1), numbers - low))
    (top, bottom, down), (left, right, across) = places
    heights = np.zeros(np.broadcast_shapes(np.shape(rows), np.shape(cols)))
    for row, share in (top, 1 - down), (bottom, down):
        for col, part in (left, 1 - across), (right, across):
            weight = share * part
            heights = heights + np.where(
                weight > 0, weight * pixels[row, col], 0.0
            )  # where the weight is 0, a void is none
    return np.where(inside, heights, np.nan)


def check_heights(heights: np.ndarray, path: str) -> None:
    """Raises InputError for numbers that are no heights."""
    wrong = np.abs(heights) > HIGHEST
    if wrong.any():
        example = f"{heights[wrong][0]:.9g}"
        raise InputError(
            f"{path}: must have heights of at most {HIGHEST:,.0f} m: {int(wrong.sum()):,} are not, the first {example}: "
            f"if that means no data, add nodata: {example}"
        )


def find_step(heights: np.ndarray, scale: float = 1.0, offset: float = 0.0) -> float | None:
    """The step in which heights come, if they were whole numbers before their scale; 0 if not, and None of voids alone."""
    known = heights[~np.isnan(heights)]
    if not len(known):
        return None
    numbers = (known - offset) / scale
    return abs(scale) if bool(np.all(np.abs(numbers - np.rint(numbers)) <= NEAR)) else 0.0


def _mean(middle: np.ndarray, around: list[np.ndarray]) -> np.ndarray:
    """The mean of the heights around each point, in pairs on opposite sides of it, so that a plane stays one.

    A void in the middle stays one. around: in such an order that the first is opposite the last, and so on; may be empty.
    """
    total, number = np.zeros_like(middle), np.zeros(middle.shape, np.int64)
    for one, other in zip(around, reversed(around), strict=True):
        known = ~np.isnan(one + other)
        total += np.where(known, one, 0.0) + np.where(known, other, 0.0)
        number += 2 * known
    mean = np.where(number > 0, total / np.maximum(number, 1), middle)
    return np.where(np.isnan(middle), np.nan, mean)


def _is_own(source: Source, grid: Grid) -> bool:
    """Whether the corners of the grid are the centres of the pixels, but for the little by which these may be oblong."""
    width, height = source.sides
    drift = abs(width - height) * max(source.rows, source.cols) / min(width, height)
    if not (grid.cell == width and source.upright and drift <= SQUARE and are_same(source.crs, grid.crs)):
        return False
    row, col = to_rows(source, grid.crs, np.array([grid.extent[0]]), np.array([[grid.extent[3]]]))
    return bool(max(abs(row - np.rint(row)).max(), abs(col - np.rint(col)).max()) <= 2 * SQUARE)


def _in_pixels(source: Source, crs: str | None, length: float) -> tuple[float, float]:
    """A length in m as rows and as columns of pixels, in the middle of the raster."""
    middle, down, across = [source.to_xy(source.rows / 2 + i, source.cols / 2 + j) for i, j in ((0, 0), (1, 0), (0, 1))]
    x, y = (np.array(numbers) for numbers in zip(middle, down, across, strict=True))
    if crs is not None and source.crs is not None:
        x, y = transform(source.crs, crs, x, y)
    sides = np.hypot(x[1:] - x[0], y[1:] - y[0]).tolist()
    return to_pixels(length, (sides[0], sides[1]), source.path)


def to_pixels(smoothing: float, sides: tuple[float, float], path: Path) -> tuple[float, float]:
    """A standard deviation in pixels, along rows and columns. sides: of a pixel, m. Raises InputError if it is too large."""
    if smoothing > SMOOTH * min(sides):
        most = f"{SMOOTH:g} pixels, {SMOOTH * min(sides):.6g} m"
        raise InputError(f"{path}: smoothing must be at most {most}, got {smoothing:g}")
    return smoothing / sides[0], smoothing / sides[1]
