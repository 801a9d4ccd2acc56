from collections.abc import Callable

import numpy as np


def estimate_gradient(f: Callable[[np.ndarray], float], x: np.ndarray) -> np.ndarray:
    """The slope of f at x with respect to each entry of x, by nudging one entry at a time.

    f: a function of an array like x that returns one number; each call is counted.
    x: shape (n,). Returns shape (n,).
    """
    h = 2e-7
    here = f(x)
    slopes = np.zeros(len(x))
    for i in range(len(x)):
        nudged = x.copy()
        nudged[i] += h
        slopes[i] = (f(nudged) - here) / h
    return slopes
