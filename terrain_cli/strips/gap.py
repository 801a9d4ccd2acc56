"""How far a travel time is above the optimum."""

from typing import Any

import numpy as np

ROUNDING = 1e-15  # relative, for one strip; it grows like the root of the number of strips


def find_gap(time: Any, optimum: Any, strips: int) -> Any:
    """The gap of a time, or of times of any shape, to the optimum, relative; 0 if rounding could have caused it."""
    with np.errstate(all="ignore"):
        gap = np.asarray(time, dtype=np.float64) / optimum - 1
    return np.where(np.abs(gap) < find_rounding(strips), 0.0, gap)[()]


def find_rounding(strips: int) -> float:
    """The relative error of a travel time across so many strips that rounding may cause."""
    return ROUNDING * float(np.sqrt(strips))
