from collections.abc import Callable

import jax
import jax.numpy as jnp


def explore(
    descend: Callable[[jax.Array], jax.Array], calc_time: Callable[[jax.Array], float], starts: list[jax.Array]
) -> tuple[jax.Array, list[bool], int]:
    """The best path from several starts, which of the descents got stuck on a saddle, and the number of basins.

    descend: from a path to the path at the end of a descent. calc_time: the time (s) of a path.
    starts: paths, each the y (m) of 19 waypoints. Returns (best path, a bool for each start, number of basins).
    """
    stuck, ends = [], []
    for start in starts:
        end = descend(start)
        kicked = descend(end + 0.3)
        stuck.append(bool(calc_time(kicked) < calc_time(end) - 1))
        if not stuck[-1] and all(jnp.max(jnp.abs(end - other)) > 1 for other in ends):
            ends.append(end)
    return min(ends, key=calc_time), stuck, len(ends)
