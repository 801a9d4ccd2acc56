"""Random maps to test and measure on: polygons and discs of different speeds, random cells, walls with and without gaps."""

import numpy as np
from scipy.ndimage import label


def draw_map(rng: np.random.Generator, n: int) -> np.ndarray:
    """Slowness of polygons and discs of two to six speeds, contrast 2 to 10, some of them blocked, shape (n, n)."""
    while True:
        speeds = np.exp(rng.uniform(0, np.log(rng.uniform(2, 10)), rng.integers(2, 7)))
        slowness = np.full((n, n), 1 / rng.choice(speeds))
        row, col = np.mgrid[:n, :n] + 0.5
        for _ in range(rng.integers(8, 30)):
            centre, size = rng.uniform(0, n, 2), n * rng.uniform(0.03, 0.25)
            if rng.random() < 0.5:
                inside = np.hypot(row - centre[0], col - centre[1]) < size
            else:
                corners = rng.integers(3, 7)
                angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
                r, c = centre[0] + size * np.sin(angles), centre[1] + size * np.cos(angles)
                inside = np.zeros((n, n), bool)
                for i in range(corners):  # even-odd rule
                    j = i - 1
                    between = (r[i] > row) != (r[j] > row)
                    with np.errstate(divide="ignore", invalid="ignore"):
                        inside ^= between & (col < (c[j] - c[i]) * (row - r[i]) / (r[j] - r[i]) + c[i])
            slowness[inside] = np.inf if rng.random() < 0.2 else 1 / rng.choice(speeds)
        regions, _ = label(np.isfinite(slowness))
        sizes = np.bincount(regions.ravel())
        sizes[0] = 0
        if sizes.max() > 0.6 * n * n:
            slowness[regions != sizes.argmax()] = np.inf
            return slowness


def draw_random_cells(rng: np.random.Generator, n: int) -> np.ndarray:
    """Slowness of a map in which every cell has its own random speed, contrast 10, shape (n, n)."""
    return np.exp(-rng.uniform(0, np.log(10), (n, n)))


def draw_ends(rng: np.random.Generator, slowness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A start and a goal in free cells, at least half the map apart, (row, col), shape (2,) each."""
    n = len(slowness)
    while True:
        start, goal = rng.uniform(0, n, (2, 2))
        free = np.isfinite(slowness[tuple(start.astype(int))]) and np.isfinite(slowness[tuple(goal.astype(int))])
        if free and np.hypot(*(goal - start)) > n / 2:
            return start, goal


def draw_wall(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slowness 1 with a wall one cell thick from border to border, shape (n, n), and ends on both sides of it, (row, col).

    The wall runs straight or diagonally; on the diagonals its cells touch only at corners. Half of the walls have a gap.
    """
    slowness = np.ones((n, n))
    row = int(rng.integers(2, n - 2))
    for col in range(n):
        slowness[row, col] = np.inf
        following = int(np.clip(row + rng.integers(-1, 2), 2, n - 3))
        if col + 1 < n and abs(following - row) == 1 and rng.random() < 0.3:
            slowness[following, col] = np.inf  # a step instead of a diagonal
        row = following
    if rng.random() < 0.5:
        col = int(rng.integers(n))
        slowness[int(rng.choice(np.flatnonzero(np.isinf(slowness[:, col])))), col] = 1.0
    if rng.random() < 0.5:
        slowness = slowness.T.copy()
        return (
            slowness,
            rng.uniform(0.1, n - 0.1, 2) * (1, 0) + (0, rng.uniform(0.1, 1.9)),
            np.array([rng.uniform(0.1, n - 0.1), rng.uniform(n - 1.9, n - 0.1)]),
        )
    start = np.array([rng.uniform(0.1, 1.9), rng.uniform(0.1, n - 0.1)])
    return slowness, start, np.array([rng.uniform(n - 1.9, n - 0.1), rng.uniform(0.1, n - 0.1)])
