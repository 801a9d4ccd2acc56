"""Random ground to test on, and the closed forms that it is compared with."""

import numpy as np
from hypothesis import strategies as st

from terrain_cli import Strips


def random_strips(seed: int, most: int = 12, spread: float = 1.0) -> Strips:
    """Strips with widths and speeds over 10^±spread, and an offset of either sign; few sizes, for each is compiled."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice([1, 2, 3, most]))
    widths, speeds = 10 ** rng.uniform(-spread, spread, (2, n))
    return Strips(widths, speeds, rng.normal() * 10 ** rng.uniform(-1, 1) * widths.sum())


def random_x(strips: Strips, seed: int) -> np.ndarray:
    """A path near nothing in particular."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=len(strips.widths) - 1) * 10 ** rng.uniform(-1, 1) * strips.widths[:-1])


def last_movement(x: np.ndarray, strips: Strips) -> np.ndarray:
    """All n movements of the path."""
    return np.append(x, strips.offset - np.sum(x))


moderate = st.floats(0.1, 10)


@st.composite
def grounds(draw: st.DrawFn, least: int = 1, most: int = 5) -> Strips:
    """Strips of moderate widths, speeds and offset."""
    n = draw(st.integers(least, most))
    widths = draw(st.lists(moderate, min_size=n, max_size=n))
    speeds = draw(st.lists(moderate, min_size=n, max_size=n))
    return Strips(widths, speeds, draw(st.floats(-50, 50)))
