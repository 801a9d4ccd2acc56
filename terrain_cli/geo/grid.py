"""Square cells in rows and columns, and where they lie. This module imports no package for rasters."""

import math
from collections.abc import Iterator
from typing import NamedTuple

NEAR = 1e-6  # cells; a limit as close as this to a line of the grid is on it


class Grid(NamedTuple):
    """Square cells. Row 0 is the north edge.

    corner: the south-west one, (x, y). cell: the side of a cell. crs: the coordinate reference system, such as "EPSG:26912",
    or its WKT if it has no code; None for a plain map.
    """

    corner: tuple[float, float]
    cell: float
    rows: int
    cols: int
    crs: str | None = None

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """xmin, ymin, xmax, ymax."""
        x, y = self.corner
        return x, y, x + self.cols * self.cell, y + self.rows * self.cell

    def part(self, top: int, bottom: int, left: int, right: int) -> "Grid":
        """The rows from `top` up to `bottom` and the columns from `left` up to `right`, the last excluded."""
        x, y = self.corner
        corner = (x + left * self.cell, y + (self.rows - bottom) * self.cell)
        return self._replace(corner=corner, rows=bottom - top, cols=right - left)

    def place_of(self, part: "Grid") -> tuple[int, int, int, int]:
        """top, bottom, left and right of a part of this grid."""
        left = round((part.corner[0] - self.corner[0]) / self.cell)
        bottom = self.rows - round((part.corner[1] - self.corner[1]) / self.cell)
        return bottom - part.rows, bottom, left, left + part.cols

    def cut(self, window: tuple[float, float, float, float]) -> "Grid | None":
        """The cells that a window [xmin, ymin, xmax, ymax] touches; None if it touches none."""
        x, y = self.corner
        left, right = _reach((window[0] - x) / self.cell, (window[2] - x) / self.cell, self.cols)
        low, high = _reach((window[1] - y) / self.cell, (window[3] - y) / self.cell, self.rows)
        if left >= right or low >= high:
            return None
        return self.part(self.rows - high, self.rows - low, left, right)

    def coarsened(self, cell: float) -> "Grid":
        """Cells of another side over the same ground, from the north-west corner. The last row and column may reach over it."""
        xmin, _, xmax, ymax = self.extent
        rows = math.ceil(self.rows * self.cell / cell - NEAR)
        cols = math.ceil((xmax - xmin) / cell - NEAR)
        return self._replace(corner=(xmin, ymax - rows * cell), cell=cell, rows=rows, cols=cols)

    def halved(self) -> "Grid":
        """Cells that are half as wide over the same ground."""
        return self._replace(cell=self.cell / 2, rows=2 * self.rows, cols=2 * self.cols)

    def holds(self, other: tuple[float, float, float, float]) -> bool:
        """Whether an extent lies within this one, up to rounding."""
        a, slack = self.extent, NEAR * self.cell
        return (
            a[0] - slack <= other[0]
            and a[1] - slack <= other[1]
            and other[2] <= a[2] + slack
            and other[3] <= a[3] + slack
        )

    def blocks(self, most: int) -> Iterator[tuple[int, int, int, int]]:
        """top, bottom, left and right of parts of at most so many cells, which cover the grid."""
        width = min(self.cols, max(math.isqrt(most), most // self.rows, 1))
        height = max(most // width, 1)
        for top in range(0, self.rows, height):
            for left in range(0, self.cols, width):
                yield top, min(top + height, self.rows), left, min(left + width, self.cols)


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Whether two extents have ground in common."""
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def _reach(low: float, high: float, most: int) -> tuple[int, int]:
    """The first cell and the one after the last that an interval touches, among `most` cells."""
    first = math.floor(min(max(low + NEAR, 0), most))
    last = math.ceil(min(max(high - NEAR, 0), most))
    return first, last
