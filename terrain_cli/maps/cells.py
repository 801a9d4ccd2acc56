"""Which cells of a map a point touches. Plain Python: scenarios are checked before NumPy and JAX are imported."""

import math
from collections.abc import Sequence

# Cells. A point as close as this to a grid line lies on it: 0.3 m is the line between the third and the fourth of cells of 0.1 m,
# although 0.3 / 0.1 is 2.9999999999999996. Rounding errors are below 1e-10 on maps of up to a million cells a side.
NEAR = 1e-9


def snap(value: float) -> float:
    """A coordinate in units of cells, on the grid line that is near, if one is."""
    line = float(round(value)) if math.isfinite(value) else value
    return line if abs(value - line) <= NEAR else value


def touching_cells(row: float, col: float, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """The cells (row, col) that contain a point, borders included: one, two on an edge, four at a corner.

    row, col: of the point, in units of cells. shape: (rows, cols) of the map; cells outside it are left out, so that a point
    outside the map touches none.
    """
    rows, cols = shape
    if not (0 <= row <= rows and 0 <= col <= cols):
        return []
    return [
        (r, c)
        for r in range(max(math.ceil(row) - 1, 0), min(math.floor(row), rows - 1) + 1)
        for c in range(max(math.ceil(col) - 1, 0), min(math.floor(col), cols - 1) + 1)
    ]


def meet_at_corner(cells: Sequence[tuple[int, int]]) -> bool:
    """Whether these are two cells that share only a corner. If they are the free cells there, no path passes between them."""
    return len(cells) == 2 and cells[0][0] != cells[1][0] and cells[0][1] != cells[1][1]
