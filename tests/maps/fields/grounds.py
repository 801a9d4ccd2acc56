"""Random ground for the tests of arrival times."""

from typing import Any

import numpy as np

INSIDE = (7.3, 4.8)  # a start inside a cell, (row, col)


def draw_ground(seed: int, shape: tuple[int, int] = (20, 24), blocked: float = 0.0) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    ground = rng.uniform(1, 4, shape)
    ground[rng.random(shape) < blocked] = np.inf
    return ground


def look_around(padded: Any, shape: tuple[int, int]) -> Any:
    return lambda i, j: padded[1 + i : 1 + i + shape[0], 1 + j : 1 + j + shape[1]]
