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
    raise NotImplementedError  # replace this line
