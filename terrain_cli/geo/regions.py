"""Lines and areas as cells of a map. This module imports shapely and rasterio when it is used.

Lines, and areas that are narrow beside the cells, become cells that share edges, one after the other: a road that touched itself
at corners only would be cut, and a wall would leak.
"""

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import ndimage

from terrain_cli.errors import InputError, needs_extra
from terrain_cli.geo.grid import Grid
from terrain_cli.geo.vectors import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence

MARGIN = 2  # cells around the map that lines are drawn on too, so that their pieces in it are whole
SHRUNK = 1e-6  # cells; what is touched by less than this is not touched
LINES, AREAS = ("LineString", "LinearRing"), ("Polygon",)
LINE, AREA = 1, 2  # dimensions


class OutsideError(InputError):
    """Geometries of which no part lies on the map."""


class Cells(NamedTuple):
    """Some cells of a grid. top, left: the first row and column of `mask`, bool, shape (rows, cols)."""

    top: int
    left: int
    mask: np.ndarray

    @property
    def window(self) -> tuple[slice, slice]:
        """The rows and columns of the mask."""
        rows, cols = self.mask.shape
        return slice(self.top, self.top + rows), slice(self.left, self.left + cols)

    def within(self, top: int, bottom: int, left: int, right: int) -> "Cells":
        """Those in a part of the grid, with rows and columns counted from its own first."""
        (rows, cols) = self.mask.shape
        first, last = max(top - self.top, 0), min(max(bottom - self.top, 0), rows)
        west, east = max(left - self.left, 0), min(max(right - self.left, 0), cols)
        mask = self.mask[first : max(last, first), west : max(east, west)]
        return Cells(max(self.top - top, 0), max(self.left - left, 0), mask)


def find_cells(shapes: "Sequence[Any] | np.ndarray", grid: Grid, *, width: float | None, whole: bool) -> Cells:
    """The cells that geometries cover.

    shapes: lines, areas and points of shapely, in the CRS of the grid. width: of lines and points, in its unit. whole: every
    cell is taken of which some part is covered, as for water that is not to be entered; otherwise those whose centres are
    covered, and of what is narrow all that it passes through.

    Raises InputError if there are lines without a width, if a width is given and there are none, or if all of it lies outside
    the grid.
    """
    package = shapely()
    parts = _parts(np.asarray(shapes, dtype=object))
    names = [part.geom_type for part in parts]
    thin = np.array([name not in AREAS for name in names], dtype=bool)
    if thin.any() and width is None:
        what = "lines" if set(names) & set(LINES) else "points"
        raise InputError(f"has {what}, which need a width: add width, such as width: {grid.cell / 4:.3g}")
    if width is not None and not thin.any():
        raise InputError("has only areas: remove width, which is for lines and points")
    lines = np.array([part for part, name in zip(parts, names, strict=True) if name in LINES], dtype=object)
    broad = package.buffer(parts[thin], (width or 0) / 2)
    frame = _outline(grid, MARGIN)
    areas, broad = (_cut(package.make_valid(shapes), frame, AREA) for shapes in (parts[~thin], broad))
    paths = [package.get_coordinates(line) for line in _cut(lines, frame, LINE)]
    paths += [
        package.get_coordinates(point)[[0, 0]] for point, name in zip(parts, names, strict=True) if name == "Point"
    ]
    window = _find_window([*areas, *broad], grid)
    if window is None:
        raise OutsideError(_explain_outside(parts, grid))
    top, bottom, left, right = window
    mask = np.zeros((bottom - top, right - left), dtype=bool)
    local = grid.part(top, bottom, left, right)
    for area in areas:
        _fill(mask, area, local, whole, narrow=True)
    for area in broad:
        _fill(mask, area, local, whole, narrow=False)
    for path in paths:
        _trace(mask, path, local)
    if not mask.any():
        raise OutsideError(_explain_outside(parts, grid))
    return Cells(top, left, mask)


def _parts(shapes: np.ndarray) -> np.ndarray:
    """The single lines, areas and points of geometries, also of collections in collections."""
    package = shapely()
    parts = package.get_parts(package.get_parts(package.get_parts(shapes)))
    return np.asarray(parts[~package.is_empty(parts)])


def keep_shut(later: Cells, shapes: np.ndarray, earlier: Cells, blocked: np.ndarray, width: float, grid: Grid) -> Cells:
    """The cells of a region without those that an earlier one blocks and that it only shares, such as a road along a shore.

    Where the line or area itself crosses the blocked region, such as a bridge, all that is connected to the crossing is kept.
    shapes, blocked: the geometries of both. width: of the lines of the earlier region.
    """
    package = shapely()
    top, left, (rows, cols) = later.top, later.left, later.mask.shape
    shared = np.zeros_like(later.mask)
    other = earlier.within(top, top + rows, left, left + cols)
    shared[other.window] = other.mask
    shared &= later.mask
    if not shared.any():
        return later
    ground = package.union_all(
        [shape for shape in package.make_valid(blocked) if package.get_dimensions(shape) == AREA]
    )
    lines = package.buffer([shape for shape in blocked if package.get_dimensions(shape) < AREA], width / 2)
    ground = package.union_all([ground, *lines])
    crossing = package.intersection(package.make_valid(shapes), ground)
    # A line that only touches it at a point does not cross it, nor does an area that touches it along a line.
    crossing = crossing[
        (package.get_dimensions(crossing) >= package.get_dimensions(shapes)) & ~package.is_empty(crossing)
    ]
    runs, _ = ndimage.label(shared)
    opened = np.zeros(0, dtype=runs.dtype)
    if len(crossing):
        thin = SHRUNK * grid.cell if (package.get_dimensions(_parts(crossing)) < AREA).any() else None
        crossed = find_cells(crossing, grid, width=thin, whole=True).within(top, top + rows, left, left + cols)
        opened = np.unique(runs[crossed.window][crossed.mask])
    return later._replace(mask=later.mask & ~(shared & ~np.isin(runs, opened[opened > 0])))


def _cut(shapes: np.ndarray, frame: Any, dimension: int) -> np.ndarray:
    """The parts within a frame of geometries, those of a dimension: a cut may also leave points and lines on the frame."""
    package = shapely()
    parts = package.get_parts(package.get_parts(package.intersection(shapes, frame)))
    return np.asarray(parts[(package.get_dimensions(parts) == dimension) & ~package.is_empty(parts)])


def _outline(grid: Grid, margin: float = 0) -> Any:
    xmin, ymin, xmax, ymax = grid.extent
    by = margin * grid.cell
    return shapely().box(xmin - by, ymin - by, xmax + by, ymax + by)


def _find_window(shapes: "list[Any]", grid: Grid) -> tuple[int, int, int, int] | None:
    """top, bottom, left and right of the cells around the geometries; None if they are all outside the grid."""
    if not shapes:
        return None
    x, y = grid.corner
    west, south, east, north = shapely().total_bounds(np.array(shapes, dtype=object)).tolist()
    left, right = (
        np.clip(np.floor([(west - x) / grid.cell - 1, (east - x) / grid.cell + 2]), 0, grid.cols).astype(int).tolist()
    )
    down, up = (
        np.clip(np.floor([(south - y) / grid.cell - 1, (north - y) / grid.cell + 2]), 0, grid.rows).astype(int).tolist()
    )
    return (grid.rows - up, grid.rows - down, left, right) if left < right and down < up else None


def _explain_outside(parts: np.ndarray, grid: Grid) -> str:
    """That the geometries lie outside the map, and where both are."""
    bounds = shapely().total_bounds(parts).tolist()
    xmin, ymin, xmax, ymax = grid.extent
    swapped = bounds[1] < xmax and bounds[3] > xmin and bounds[0] < ymax and bounds[2] > ymin
    hint = "; with x and y exchanged it would lie on it" if swapped else ""
    return f"lies outside the map: it extends {_write_extent(bounds)}, and the map {_write_extent(grid.extent)}{hint}"


def _write_extent(extent: "Sequence[float]") -> str:
    xmin, ymin, xmax, ymax = (f"{value:.10g}" for value in extent)
    return f"from [{xmin}, {ymin}] to [{xmax}, {ymax}]"


def _fill(mask: np.ndarray, area: Any, grid: Grid, whole: bool, narrow: bool) -> None:
    """Set the cells of an area. grid: that of the mask. narrow: see to it that an area that is narrow does not break."""
    window = _find_window([area], grid)
    if window is None:
        return
    top, bottom, left, right = window
    part = grid.part(top, bottom, left, right)
    inside = _centres(area, part)
    touched = inside.copy()
    shrunk = shapely().buffer(area, -SHRUNK * grid.cell, join_style="mitre")
    edges = shapely().get_parts(shapely().boundary(area if shrunk.is_empty else shrunk))
    for ring in shapely().get_parts(edges):
        _trace(touched, shapely().get_coordinates(ring), part)
    target = mask[top:bottom, left:right]
    target |= touched if whole or (narrow and _is_narrow(inside, touched)) else inside


def _is_narrow(inside: np.ndarray, touched: np.ndarray) -> bool:
    """Whether the cells whose centres lie in an area leave out a part of it, or break it. touched: all that it has a part of."""
    near = ndimage.binary_dilation(inside, np.ones((3, 3)))
    return bool(np.any(touched & ~near)) or ndimage.label(inside)[1] > 1


def _centres(area: Any, grid: Grid) -> np.ndarray:
    """The cells whose centres lie in an area."""
    try:
        from rasterio.features import rasterize
        from rasterio.transform import from_origin
    except ImportError:
        raise needs_extra("A region", "rasterio", "geo") from None
    xmin, _, _, ymax = grid.extent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        burnt = rasterize(
            [(area, 1)], (grid.rows, grid.cols), transform=from_origin(xmin, ymax, grid.cell, grid.cell), dtype="uint8"
        )
    return np.asarray(burnt, dtype=bool)


def _trace(mask: np.ndarray, points: np.ndarray, grid: Grid) -> None:
    """Set the cells that a line passes through, each of which shares an edge with the one before. points: shape (N, 2)."""
    xmin, _, _, ymax = grid.extent
    at = np.column_stack([(ymax - points[:, 1]) / grid.cell, (points[:, 0] - xmin) / grid.cell])
    cells = np.floor(at).astype(np.int64)
    begin, end = cells[:-1], cells[1:]
    steps: list[
        tuple[np.ndarray, ...]
    ] = []  # the leg on which each grid line is crossed, where on it, and by which step
    for axis in (0, 1):
        number = np.abs(end[:, axis] - begin[:, axis])
        leg = np.repeat(np.arange(len(number)), number)
        nth = np.arange(len(leg)) - np.repeat(np.cumsum(number) - number, number)
        way = np.sign(end[:, axis] - begin[:, axis])[leg]
        line = np.where(way > 0, begin[leg, axis] + 1 + nth, begin[leg, axis] - nth)
        share = (line - at[leg, axis]) / (at[leg + 1, axis] - at[leg, axis])
        step = np.zeros((len(leg), 2), dtype=np.int64)
        step[:, axis] = way
        steps.append((leg, share, step))
    leg, share, step = (np.concatenate(both) for both in zip(*steps, strict=True))
    order = np.lexsort((share, leg))
    row, col = np.vstack([cells[:1], cells[0] + np.cumsum(step[order], axis=0)]).T
    known = (row >= 0) & (row < grid.rows) & (col >= 0) & (col < grid.cols)
    mask[row[known], col[known]] = True
