"""Points among the cells of a raster. Positions are (row, col) in units of cells; cell [0, 0] lies between (0, 0) and (1, 1)."""

import math
from collections.abc import Sequence

import numpy as np


def cells_touching(point: Sequence[float] | np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The cells (row, col) that a point lies in or on the border of, shape (k, 2): one, two on an edge, four at a corner.

    Only cells of a raster with this shape (rows, cols) are returned, so none for a point outside it.
    """
    lines = [
        [i for i in (math.ceil(at) - 1, math.floor(at)) if 0 <= i < length]
        for at, length in zip(map(float, point), shape, strict=True)
    ]
    return np.array([(row, col) for row in dict.fromkeys(lines[0]) for col in dict.fromkeys(lines[1])]).reshape(-1, 2)
