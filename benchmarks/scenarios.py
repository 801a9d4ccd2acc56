"""Random strips for measurements: ordinary ground, and the hardest that terrain promises to solve."""

import numpy as np

from terrain_cli.strips.ground import Strips


def draw_ordinary(rng: np.random.Generator, n: int, slowest: float = 0.3, fastest: float = 1.0) -> Strips:
    """`n` strips 2 to 10 m wide with speeds from `slowest` to `fastest` (m/s), and an offset of up to 24 m per strip."""
    return Strips(
        widths=rng.uniform(2, 10, n), speeds=rng.uniform(slowest, fastest, n), offset=float(rng.uniform(-24, 24) * n)
    )


def draw_hard(rng: np.random.Generator, n: int) -> Strips:
    """`n` strips with widths of 10^±6 m, speeds of 10^±3 m/s, and an offset of 0 or 10^±8 times the total width.

    In two fifths of the draws all or some speeds are equal; in another fifth they differ by about 1e-12.
    """
    widths, speeds = 10 ** rng.uniform(-6, 6, n), 10 ** rng.uniform(-3, 3, n)
    match rng.integers(5):
        case 0:
            speeds = np.full(n, speeds[0])
        case 1:
            speeds = speeds[rng.integers(0, max(1, n // 2), n)]
        case 2:
            speeds = speeds[0] * (1 + 1e-12 * rng.integers(-2, 3, n))
    offset = rng.choice([-1, 0, 1], p=[0.45, 0.1, 0.45]) * widths.sum() * 10 ** rng.uniform(-8, 8)
    return Strips(widths, speeds, float(offset))
