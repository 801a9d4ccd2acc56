"""Which iterations and which boundaries are drawn if there are more than a figure can show."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import Normalize, SymLogNorm

from terrain_cli.strips.descent import Step

LINES = 160  # paths in a fan


def fan_rows(history: Sequence[Step], count: int = LINES) -> list[Step]:
    """Some of the iterations, the first and the last among them, closer together where more happens."""
    last = max(1, history[-1].iteration)
    wanted = np.asarray(iteration_norm(history).inverse(np.linspace(0, 1, min(count, last + 1))))
    return rows_at(history, wanted.round())


def rows_at(history: Sequence[Step], iterations: np.ndarray) -> list[Step]:
    """The kept rows at or after these iterations, shape (k,), and the first and the last row."""
    places = np.searchsorted([row.iteration for row in history], iterations).clip(0, len(history) - 1)
    return [history[i] for i in np.unique([0, *places, len(history) - 1])]


def iteration_norm(history: Sequence[Step]) -> Normalize:
    """How iterations are coloured: evenly, but a long descent, which changes most at first, by the logarithm."""
    last = max(1, history[-1].iteration)
    return Normalize(0, last) if last <= 100 else SymLogNorm(10, vmin=0, vmax=last)


def thin_boundaries(n: int, most: int) -> np.ndarray:
    """Indices of the boundaries between n strips that are drawn, at most `most` + 1, the start (0) and the goal (n) included."""
    return np.unique(np.linspace(0, n, min(n, most) + 1).round().astype(int))
