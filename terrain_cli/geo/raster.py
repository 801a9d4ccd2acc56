"""Rasters of any format that GDAL reads: what they say of themselves, and their values on the cells of a grid.

This module imports rasterio when it is used. GDAL opens no network: neither do we ask it to, nor may a file (a VRT) that we read.
"""

import contextlib
import logging
import math
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from terrain_cli.errors import InputError, needs_extra
from terrain_cli.files import open_input
from terrain_cli.geo import crs as crs_room
from terrain_cli.geo.crs import are_same, is_geographic, read_crs, transform
from terrain_cli.geo.grid import Grid
from terrain_cli.text import count, shorten

SAMPLES = 2**20  # that are read at a time
FINE = 16  # samples along the side of a cell, at most, where cells are coarser than those of the raster
EDGE = 32  # points along each side of a raster, from which its extent in another CRS is found
SQUARE = 0.01  # of a cell: by how much rows and columns of nearly square cells may drift apart over the raster
DEAD = "127.0.0.1:9"  # a proxy that answers nothing, for whatever would still ask the network
SETTINGS = {"CPL_VSIL_CURL_ALLOWED_FILENAME": "none", "GDAL_VRT_ENABLE_PYTHON": "NO", "GDAL_HTTP_PROXY": DEAD}
ONLINE = ("WMS", "WCS", "WMTS", "HTTP", "OGCAPI", "STACTA", "STACIT", "EEDAI", "PLMOSAIC", "NGW", "DAAS")  # drivers


class Source(NamedTuple):
    """A band of a raster, which is not kept open.

    transform: (a, b, c, d, e, f) with x = a col + b row + c and y = d col + e row + f. crs: its name, None if it has none.
    scale, offset: value = scale number + offset. nodata: numbers that mean no data, besides what GDAL masks. colors: of its
    colour table, "#rrggbb" by number; None without one.
    """

    path: Path
    band: int
    rows: int
    cols: int
    transform: tuple[float, float, float, float, float, float]
    crs: str | None
    scale: float
    offset: float
    nodata: float | None
    colors: dict[int, str] | None

    @property
    def upright(self) -> bool:
        """Whether its rows and columns run along the axes, in any direction."""
        return self.transform[1] == 0 and self.transform[3] == 0

    @property
    def sides(self) -> tuple[float, float]:
        """Width and height of a cell."""
        a, b, _, d, e, _ = self.transform
        return math.hypot(a, d), math.hypot(b, e)

    @property
    def centre(self) -> tuple[float, float]:
        """The point (x, y) in its middle."""
        return self.to_xy(self.rows / 2, self.cols / 2)

    @property
    def between_centres(self) -> "Source":
        """The same with the squares between the centres of its pixels in place of the pixels: its numbers lie at their corners.

        Raises InputError if there is no such square.
        """
        if min(self.rows, self.cols) < 2:
            size = f"{count(self.rows, 'row')} and {count(self.cols, 'column')}"
            raise InputError(f"{self.path}: has {size} of heights: it must have at least 2 of each")
        a, b, c, d, e, f = self.transform
        moved = (a, b, c + (a + b) / 2, d, e, f + (d + e) / 2)
        return self._replace(rows=self.rows - 1, cols=self.cols - 1, transform=moved)

    def to_xy(self, row: Any, col: Any) -> tuple[Any, Any]:
        """The point (x, y) at a row and column, in units of cells."""
        a, b, c, d, e, f = self.transform
        return a * col + b * row + c, d * col + e * row + f


def _rasterio() -> Any:
    os.environ["GDAL_SKIP"] = ",".join(
        ONLINE
    )  # read when GDAL is loaded: a file (a VRT) may name others for it to open
    try:
        import rasterio
    except ImportError:
        raise needs_extra("A raster", "rasterio", "geo") from None
    logging.getLogger("rasterio").addHandler(logging.NullHandler())  # what GDAL says of a bad file, we say better
    return rasterio


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The raster in a file. Raises InputError if it cannot be read, also while it is open."""
    rasterio = _rasterio()
    try:
        with rasterio.Env(**SETTINGS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with rasterio.open(path) as dataset:
                yield dataset
    except (rasterio.errors.RasterioError, rasterio._err.CPLE_BaseError) as problem:
        cause = problem.__cause__ or problem
        reason = str(cause).replace(str(path), "").strip(" :,'").partition("\n")[0]
        raise InputError(f"{path}: cannot be read as a raster: {shorten(reason) or 'GDAL does not know it'}") from None


def open_source(path: Path, band: int | None = None, nodata: float | None = None) -> Source:
    """What a raster says of itself. Raises OSError if there is no such file, and InputError if it is no raster of numbers."""
    crs_room.pyproj()
    open_input(path, "save it to a file").close()  # a regular file, that no output may replace
    with opened(path) as dataset:
        _check_files(path, dataset)
        return _describe(dataset, path, band, nodata)


def _check_files(path: Path, dataset: Any) -> None:
    """Note the files from which GDAL reads a raster. Raises InputError for a pipe or a device among them, and among those of a
    VRT in a VRT, since GDAL would wait for it."""
    seen, found = {path}, set(map(Path, dataset.files))
    while found := found - seen:
        seen |= found
        inner: set[Path] = set()
        for file in found:
            with contextlib.suppress(OSError):  # GDAL says what is missing, and some are not files of the system
                open_input(file, "save it to a file").close()
                if dataset.driver == "VRT":
                    with contextlib.suppress(InputError), opened(file) as other:
                        inner |= set(map(Path, other.files)) if other.driver == "VRT" else set()
        found = inner


def _describe(dataset: Any, path: Path, band: int | None, nodata: float | None) -> Source:
    bands = dataset.count
    if not bands:
        inside = f": name one of those inside, such as {shorten(dataset.subdatasets[0])}" if dataset.subdatasets else ""
        raise InputError(f"{path}: has no band{inside}")
    alpha = [i for i, meaning in zip(dataset.indexes, dataset.colorinterp, strict=True) if meaning.name == "alpha"]
    if band is None and bands - len(alpha) > 1:
        raise InputError(f"{path}: has {bands} bands: say which is meant, such as band: 1")
    band = band or 1
    if band > bands:
        raise InputError(f"{path}: has no band {band}: it has {count(bands, 'band')}")
    dtype = str(dataset.dtypes[band - 1])
    if "complex" in dtype:
        raise InputError(f"{path}: has complex numbers: save real ones")
    place = dataset.transform
    if place.is_identity:
        remedy = "give it a place with gdal_translate -a_ullr, or save it as a .npy file and add cell"
        if dataset.gcps[0] or dataset.rpcs:
            remedy = "it has only control points: bring it to a CRS with gdalwarp"
        raise InputError(f"{path}: does not say where its cells lie: {remedy}")
    numbers = (place.a, place.b, place.c, place.d, place.e, place.f)
    if not all(map(math.isfinite, numbers)) or abs(place.a * place.e - place.b * place.d) == 0:
        raise InputError(f"{path}: does not say where its cells lie: its transform is {shorten(str(numbers))}")
    scale, offset = dataset.scales[band - 1], dataset.offsets[band - 1]
    if not (math.isfinite(scale) and math.isfinite(offset) and scale):
        raise InputError(
            f"{path}: has the scale {scale:g} and the offset {offset:g}: both must be finite, and the scale not 0"
        )
    return Source(
        path,
        band,
        dataset.height,
        dataset.width,
        numbers,
        _read_crs(dataset, path),
        scale,
        offset,
        nodata,
        _colors(dataset, band),
    )


def _read_crs(dataset: Any, path: Path) -> str | None:
    if not dataset.crs:
        return None
    text = dataset.crs.to_wkt()
    if text.startswith(("LOCAL_CS", "ENGCRS")):
        return None
    try:
        return read_crs(text)
    except InputError as problem:
        raise InputError(f"{path}: its CRS {problem}") from None


def _colors(dataset: Any, band: int) -> dict[int, str] | None:
    try:
        table = dataset.colormap(band)
    except ValueError:
        return None
    return {number: f"#{r:02x}{g:02x}{b:02x}" for number, (r, g, b, _) in table.items()}


def cell_in(source: Source, crs: str | None) -> float:
    """The shorter side of its cells in a CRS, in the middle of the raster."""
    if crs is None or source.crs is None or are_same(source.crs, crs):
        return min(source.sides)
    row, col = source.rows / 2, source.cols / 2
    places = [source.to_xy(*at) for at in ((row, col), (row, col + 1), (row + 1, col))]
    x, y = transform(source.crs, crs, *zip(*places, strict=True))
    return float(min(np.hypot(x[1:] - x[0], y[1:] - y[0])))


def extent_in(
    source: Source, crs: str | None, within: tuple[float, float, float, float] | None = None
) -> tuple[float, float, float, float]:
    """xmin, ymin, xmax and ymax of the raster in a CRS. within: an extent, in its own CRS, to which it is cut first."""
    across = np.linspace(0, 1, EDGE + 1)
    u, v = (
        grid.ravel() for grid in np.meshgrid(across, across)
    )  # the inside too: the extent of a cap is not on its edge
    x, y = source.to_xy(source.rows * v, source.cols * u)
    if within:
        x, y = np.clip(x, within[0], within[2]), np.clip(y, within[1], within[3])
    if crs is not None and source.crs is not None:
        x, y = transform(source.crs, crs, x, y)
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        raise InputError(f"{source.path}: has no place in the CRS {crs}")
    return float(x[known].min()), float(y[known].min()), float(x[known].max()), float(y[known].max())


def grid_of(source: Source, crs: str | None, within: tuple[float, float, float, float] | None = None) -> Grid:
    """The grid of a raster in a CRS: its own cells if they are square and upright there, else square ones as fine as they are."""
    width, height = source.sides
    drift = abs(width - height) * max(source.rows, source.cols) / min(width, height)
    if (crs is None or source.crs is None or are_same(source.crs, crs)) and source.upright and drift <= SQUARE:
        a, _, x, _, e, y = source.transform
        corner = (x + min(a * source.cols, 0), y + min(e * source.rows, 0))
        return Grid(corner, width, source.rows, source.cols, crs)
    cell = cell_in(source, crs)
    xmin, ymin, xmax, ymax = extent_in(source, crs, within)
    if crs is None or source.crs is None or are_same(source.crs, crs):
        rows, cols = (max(round(side / cell + 0.5 - 1e-6), 1) for side in (ymax - ymin, xmax - xmin))
        return Grid((xmin, ymax - rows * cell), cell, rows, cols, crs)
    corner = (math.floor(xmin / cell) * cell, math.floor(ymin / cell) * cell)
    rows, cols = (
        max(math.ceil((end - start) / cell - 1e-6), 1) for start, end in zip(corner[::-1], (ymax, xmax), strict=True)
    )
    return Grid(corner, cell, rows, cols, crs)


def from_west(source: Source, lon: Any) -> Any:
    """Longitudes as a raster in degrees counts them, from its western edge: 247 may be -113, and it may cross 180 degrees."""
    west = extent_in(source, None)[0]
    return west + (lon - west) % 360


class Sampled(NamedTuple):
    """The values in a block of cells. Each cell has k² samples, evenly spread over it.

    rows, cols: of the block. values: shape (k², rows, cols). valid: where there is data; inside: where there is raster.
    """

    rows: slice
    cols: slice
    values: np.ndarray
    valid: np.ndarray
    inside: np.ndarray


def sample(source: Source, grid: Grid) -> Iterator[Sampled]:
    """The values of a raster on a grid, block by block: those of the cells in which the centres, or the samples, lie.

    Raises InputError if the raster cannot be read.
    """
    ratio = grid.cell / cell_in(source, grid.crs)
    k = min(max(round(ratio), 1), FINE)
    most = max(int(SAMPLES / max(ratio, k) ** 2), 1)
    with opened(source.path) as dataset:
        for top, bottom, left, right in grid.blocks(most):
            rows, cols = _find(source, grid.part(top, bottom, left, right), k)
            values, valid, inside = _take(dataset, source, rows, cols)
            shape = (bottom - top, k, right - left, k)
            fine = [
                array.reshape(shape).transpose(1, 3, 0, 2).reshape(k * k, shape[0], shape[2])
                for array in (values, valid, inside)
            ]
            yield Sampled(slice(top, bottom), slice(left, right), *fine)


def _find(source: Source, grid: Grid, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The row and column in the raster of each sample, whole numbers that may lie outside it.

    Shapes that broadcast to (k rows, k cols).
    """
    xmin, _, _, ymax = grid.extent
    x = xmin + (np.arange(k * grid.cols) + 0.5) / k * grid.cell
    y = (ymax - (np.arange(k * grid.rows) + 0.5) / k * grid.cell)[:, None]
    rows, cols = to_rows(source, grid.crs, x, y)
    return _floor(rows, source.rows), _floor(cols, source.cols)


def to_rows(source: Source, crs: str | None, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The row and column of points (x, y) in a CRS, in units of cells, as fractions. x: shape (cols,), y: shape (rows, 1)."""
    a, b, c, d, e, f = source.transform
    if crs is not None and source.crs is not None and not are_same(crs, source.crs):
        x, y = transform(crs, source.crs, *np.broadcast_arrays(x, y))
        if is_geographic(source.crs):
            x = from_west(source, x)
    x, y, scale = x - c, y - f, a * e - b * d
    if source.upright:
        return y / e, x / a
    return (a * y - d * x) / scale, (e * x - b * y) / scale


def _floor(numbers: np.ndarray, size: int) -> np.ndarray:
    """Whole numbers; those that are not within the size become -1."""
    inside = (numbers >= 0) & (numbers < size)  # False for NaN, which has no place there
    return np.where(inside, np.floor(np.where(inside, numbers, 0)), -1).astype(np.int64)


def _take(
    dataset: Any, source: Source, rows: np.ndarray, cols: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The values at rows and columns, where there is data, and where there is raster."""
    inside = (rows >= 0) & (cols >= 0)
    if not inside.any():
        return np.zeros(inside.shape, dataset.dtypes[source.band - 1]), inside, inside
    window, at = [], []
    for numbers in (rows, cols):
        known = numbers[numbers >= 0]
        first, last = int(known.min()), int(known.max()) + 1
        window.append((first, last))
        at.append(np.clip(numbers - first, 0, last - first - 1))
    numbers, valid = read_window(dataset, source, (window[0], window[1]))
    return numbers[at[0], at[1]], valid[at[0], at[1]] & inside, inside


def read_window(
    dataset: Any, source: Source, window: tuple[tuple[int, int], tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """The numbers in a window of rows and columns, scaled, and where they are data."""
    raw = dataset.read(source.band, window=window)
    flags = {flag.name for flag in dataset.mask_flag_enums[source.band - 1]}
    valid = np.ones(raw.shape, bool) if flags == {"all_valid"} else dataset.read_masks(source.band, window=window) > 0
    if source.nodata is not None:
        valid &= raw != source.nodata
    if raw.dtype.kind == "f":
        valid &= ~np.isnan(raw)
    if (source.scale, source.offset) != (1, 0):
        raw = raw * source.scale + source.offset
    return raw, valid
