"""Random maps to test and measure on: polygons and discs of different speeds, random cells, walls with and without gaps."""

from itertools import pairwise

import numpy as np
from scipy.ndimage import label

from terrain_cli.maps.routes.search import is_free


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


def draw_rough_ground(rng: np.random.Generator, n: int, relief: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slowness of fractal hills that are slow where they are steep, with water in the hollows, and ends in opposite corners.

    relief: standard deviation of the heights, m per 1,000 cells of 10 m; 100 is moderate, 200 steep. Slowness has shape (n, n);
    start and goal, (row, col), are centres of cells that are connected.
    """
    k = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None])
    k[0, 0] = 1
    waves = rng.normal(size=k.shape) * np.exp(2j * np.pi * rng.random(k.shape)) * k**-1.6
    height = np.fft.irfft2(waves, (n, n))
    height /= height.std()
    slope = np.hypot(*np.gradient(height * relief * n / 1000, 10.0))
    slowness = np.minimum(0.6 * np.exp(3.5 * np.minimum(slope, 1.0)), 20.0)
    slowness[height < -1.8] = np.inf
    regions, _ = label(np.isfinite(slowness))
    largest = np.argwhere(regions == np.argmax(np.bincount(regions.ravel())[1:]) + 1)
    corners = np.array([[0.9 * n, 0.1 * n], [0.1 * n, 0.9 * n]])
    start, goal = (largest[np.argmin(np.hypot(*(largest - corner).T))] + 0.5 for corner in corners)
    return slowness, start, goal


def draw_roads(rng: np.random.Generator, slowness: np.ndarray, count: int) -> np.ndarray:
    """The ground with some crooked roads, one cell wide, on which one is three times as fast as on the fastest other ground.

    They do not cross water, and end there.
    """
    n = len(slowness)
    roads = np.zeros(slowness.shape, dtype=bool)
    for _ in range(count):
        begin, end = rng.uniform(0, n, (2, 2))
        bends = np.linspace(begin, end, 12)
        bends[1:-1] += rng.normal(0, np.hypot(*(end - begin)) / 25, (10, 2))
        dense = np.concatenate([np.linspace(a, b, 4 * n) for a, b in pairwise(bends)])
        row, col = dense.astype(int).clip(0, n - 1).T
        roads[row, col] = roads[row[:-1], col[1:]] = True  # cells that share a side, where the road is oblique
    return np.where(roads & np.isfinite(slowness), np.min(slowness) / 3, slowness)


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


def draw_small_map(rng: np.random.Generator, most: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ground of 2 to `most` cells a side with a contrast of 1 to 1,000, walls in most, a start and a goal, (row, col).

    The ends lie anywhere in free ground or on its border: within cells, on edges, at corners, at rounded coordinates.
    """
    rows, cols = rng.integers(2, most + 1, 2)
    contrast = 10 ** rng.uniform(0, 3)
    kind = rng.integers(4)
    slowness: np.ndarray
    if kind == 0:
        slowness = np.asarray(contrast ** rng.random((rows, cols)))
    elif kind == 1:
        slowness = rng.choice(np.array([1, contrast**0.5, contrast]), (rows, cols))
    elif kind == 2:
        slowness = rng.choice(np.array([1, contrast]), (rows, cols))
    else:  # patches of three cells a side
        slowness = np.kron(contrast ** rng.random((-(-rows // 3), -(-cols // 3))), np.ones((3, 3)))[:rows, :cols]
    if rng.random() < 0.6:
        slowness[rng.random((rows, cols)) < rng.uniform(0, 0.4)] = np.inf
        slowness[rng.integers(rows), rng.integers(cols)] = 1.0
    free = np.argwhere(np.isfinite(slowness))
    ends: list[np.ndarray] = []
    while len(ends) < 2:
        point: np.ndarray = free[rng.integers(len(free))] + rng.random(2)
        where = rng.integers(5)
        if where in (1, 3):
            point[0] = round(point[0])
        if where in (2, 3):
            point[1] = round(point[1])
        if where == 4:
            point = np.round(point, 2)
        if is_free(slowness, point):
            ends.append(point)
    return slowness, ends[0], ends[1]
