"""The part of a large map that is read: the ground between the ends, and as much around it as can matter.

A route that takes the time T, on ground where nothing is faster than v, lies in the ellipse of the points p with
|p - start| + |p - goal| <= v T. So once the part holds that ellipse, for T the time of the best route in the part, nothing
outside can help; docs/rasters.md has the proof. Neither can it if no free ground leads from an end to the rest of the map.
This module does not import JAX.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from terrain_cli.geo.grid import Grid
from terrain_cli.maps.cells import touching_cells

WHOLE = 1_000_000  # cells of a map that is read whole
MARGIN = 0.25  # of the distance between the ends, around them, in the first part
LEAST = 32  # cells around them at least
ROUNDING = 1e-9  # by which an ellipse is larger, relative: the time of a route is a rounded sum

Extent = tuple[float, float, float, float]
XY = tuple[float, float]


def first_part(grid: Grid, places: Sequence[XY], reach: float) -> Grid:
    """The part between the ends. reach: how far places may be moved. All of the map if it is small, or no place is on it."""
    if grid.rows * grid.cols <= WHOLE:
        return grid
    xs, ys = zip(*places, strict=True)
    around = max(MARGIN * math.hypot(max(xs) - min(xs), max(ys) - min(ys)), LEAST * grid.cell, reach + grid.cell)
    part = grid.cut((min(xs) - around, min(ys) - around, max(xs) + around, max(ys) + around))
    return part or grid.part(0, min(grid.rows, LEAST), 0, min(grid.cols, LEAST))


def ellipse(start: XY, goal: XY, path: float) -> Extent:
    """The extent of the points from which the distances to both ends add up to at most `path`."""
    (x0, y0), (x1, y1) = start, goal
    apart = math.hypot(x1 - x0, y1 - y0)
    path = max(path * (1 + ROUNDING), apart)
    east, north = ((x1 - x0) / apart, (y1 - y0) / apart) if apart else (1.0, 0.0)
    long, short = path / 2, math.sqrt(path**2 - apart**2) / 2
    width, height = math.hypot(long * east, short * north), math.hypot(long * north, short * east)
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return x - width, y - height, x + width, y + height


def join(extents: Sequence[Extent]) -> Extent:
    """The extent of several together."""
    xmin, ymin, xmax, ymax = zip(*extents, strict=True)
    return min(xmin), min(ymin), max(xmax), max(ymax)


def clip(extent: Extent, grid: Grid) -> Extent:
    """The part of an extent that lies on a grid."""
    whole = grid.extent
    return max(extent[0], whole[0]), max(extent[1], whole[1]), min(extent[2], whole[2]), min(extent[3], whole[3])


def cut_sides(part: Grid, whole: Grid) -> tuple[bool, bool, bool, bool]:
    """Whether the map goes on beyond the top, the bottom, the left and the right side of a part."""
    top, bottom, left, right = whole.place_of(part)
    return top > 0, bottom < whole.rows, left > 0, right < whole.cols


def leads_out(free: np.ndarray, part: Grid, whole: Grid, places: Sequence[XY]) -> list[bool]:
    """For each place, whether free ground leads from it to cells of the map that are not in the part."""
    regions, _ = ndimage.label(free)
    sides = (regions[0], regions[-1], regions[:, 0], regions[:, -1])
    cut = zip(sides, cut_sides(part, whole), strict=True)
    out = {int(region) for side, is_cut in cut if is_cut for region in np.unique(side)} - {0}
    x, y = part.corner
    return [
        any(
            int(regions[cell]) in out
            for cell in touching_cells(part.rows - (at[1] - y) / part.cell, (at[0] - x) / part.cell, free.shape)
        )
        for at in places
    ]


def next_part(part: Grid, whole: Grid, needed: Sequence[Extent | None]) -> Grid | None:
    """A larger part; None if this one suffices.

    needed: for each goal to which a faster route may lead outside the part, the extent that holds it; None if that is not known,
    because there is no route yet.
    """
    known = [clip(extent, whole) for extent in needed if extent is not None]
    if not needed or (len(known) == len(needed) and all(map(part.holds, known))):
        return None
    xmin, ymin, xmax, ymax = part.extent
    width, height = (xmax - xmin) / 2, (ymax - ymin) / 2
    doubled = xmin - width, ymin - height, xmax + width, ymax + height
    if len(known) == len(needed):
        all_of = join([*known, part.extent])
        doubled = (
            max(doubled[0], all_of[0]),
            max(doubled[1], all_of[1]),
            min(doubled[2], all_of[2]),
            min(doubled[3], all_of[3]),
        )
    return whole.cut(doubled)
