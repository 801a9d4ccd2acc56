"""Selection of the iterations and boundaries that are drawn if there are more than a figure can show."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import Normalize, SymLogNorm

from terrain_cli.strips.descent import Step

PATHS = 160  # in a fan, at most


def fan_rows(history: Sequence[Step], count: int = PATHS) -> list[Step]:
    """About `count` iterations at most, including the first and the last; of a long descent, more of the early ones."""
    last = max(1, history[-1].iteration)
    wanted = np.asarray(iteration_norm(history).inverse(np.linspace(0, 1, min(count, last + 1))))
    return rows_at(history, wanted.round())


def rows_at(history: Sequence[Step], iterations: np.ndarray) -> list[Step]:
    """The rows of the history at or after these iterations, shape (k,), and the first and the last row."""
    places = np.searchsorted([row.iteration for row in history], iterations).clip(0, len(history) - 1)
    return [history[i] for i in np.unique([0, *places, len(history) - 1])]


def iteration_norm(history: Sequence[Step]) -> Normalize:
    """The colour scale of the iterations: linear, or logarithmic for a long descent, which changes most at first."""
    last = max(1, history[-1].iteration)
    return Normalize(0, last) if last <= 100 else SymLogNorm(10, vmin=0, vmax=last)


def thin_boundaries(n: int, most: int) -> np.ndarray:
    """Indices of the boundaries of n strips that are drawn, at most `most` + 1, including the start (0) and the goal (n)."""
    return np.unique(np.linspace(0, n, min(n, most) + 1).round().astype(int))
