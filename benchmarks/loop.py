"""The exact optimum of a batch of scenarios as a parallel loop in numba: the same search, with an early exit for each one."""

from typing import Any

import numba
import numpy as np


@numba.njit(error_model="numpy")
def newton_step(q: Any, total: Any, slope: Any, h: Any) -> Any:
    """A better q, and whether it is an upper bound of the root: see `terrain_cli.strips.snell.newton_step`."""
    share = q * total / h if h != 0 else 1.0
    squared = 1 + total / slope * (share - 1) * (share + 1)
    return (q / np.sqrt(squared), True) if squared > 0 else (q + (h - q * total) / slope, False)


@numba.njit(parallel=True, error_model="numpy")
def solve_in_a_loop(widths: Any, speeds: Any, offsets: Any) -> Any:
    """Times, shape (B,), and x, shape (B, n-1): the results of `terrain_cli.strips.batched.solve_many`."""
    scenarios, n = widths.shape
    times, x = np.empty(scenarios), np.empty((scenarios, n - 1))
    for b in numba.prange(scenarios):
        w, v, h = widths[b], speeds[b], offsets[b]
        fastest = v.max()
        inverse = 1 / fastest
        total = most = straight = 0.0
        for i in range(n):
            weight = w[i] * (v[i] * inverse)
            k = (fastest - v[i]) * inverse * ((fastest + v[i]) * inverse)
            total += weight
            if k > 0:
                most += weight / np.sqrt(k)
            else:
                straight += weight
        q = np.copysign(max(abs(h) / total, (abs(h) - most) / straight), h)
        others = total - straight
        k = (others / most) ** 2 if most > 0 else 0.0
        shorter = 1 / np.sqrt(1 + q * q * k)
        total, slope = straight + others * shorter, straight + others * shorter**3
        q, _ = newton_step(q, total, slope, h)
        above, moves = np.inf, True
        while moves:
            total = slope = 0.0
            for i in range(n):
                k = (fastest - v[i]) * inverse * ((fastest + v[i]) * inverse)
                shorter = 1 / np.sqrt(1 + q * q * k)
                moved = w[i] * (v[i] * inverse) * shorter
                total += moved
                slope += moved * shorter * shorter
            new, bounds = newton_step(q, total, slope, h)
            size = abs(new)
            moves = abs(new - q) > 1e-9 * size and size < above
            if bounds:
                above = min(above, size)
            q = new
        longer = np.sqrt(1 + q * q)
        crossing = 0.0
        for i in range(n):
            root = np.sqrt(1 + q * q * ((fastest - v[i]) * inverse * ((fastest + v[i]) * inverse)))
            crossing += w[i] / v[i] * root
            if i < n - 1:
                x[b, i] = w[i] * (v[i] * inverse) * q / root
        times[b] = (q * inverse * h + crossing) / longer
    return times, x
