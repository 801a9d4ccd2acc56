"""Parallel strips of ground, and `calc_time`, the time it takes to cross them.

The path starts at the origin and crosses the strips one after the other; the goal lies `offset` further along them.
A path is a handful of numbers, `x`: `x[i]` is the displacement along strip i; the last strip's is offset - sum(x).
Descents across strips follow `jax.grad` of `calc_time`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from terrain_cli import jax_config as jax_config  # 64-bit floats


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Strips:
    """Parallel strips of ground: a pytree of three arrays, so that `jax.grad` and `jax.vmap` apply to them.

    widths: across each strip, shape (n,), m, greater than 0.
    speeds: on each strip, shape (n,), m/s, greater than 0.
    offset: from start to goal along the strips, shape (), m, of either sign.

    Numbers, lists and NumPy arrays become float64 arrays; anything else, such as a traced value, is kept as it is.
    """

    widths: Array
    speeds: Array
    offset: Array

    if TYPE_CHECKING:

        def __init__(
            self, widths: ArrayLike | Sequence[float], speeds: ArrayLike | Sequence[float], offset: ArrayLike
        ) -> None: ...

    def __post_init__(self) -> None:
        for name in ("widths", "speeds", "offset"):
            value = getattr(self, name)
            if isinstance(value, int | float | list | tuple | np.ndarray):
                object.__setattr__(self, name, np.asarray(value, dtype=np.float64))


def movements(x: ArrayLike | Sequence[float], strips: Strips) -> Array:
    """The displacement along each strip of the path `x`, the last strip included, shape (n,), m."""
    x = jnp.asarray(x, dtype=float)
    if x.shape != (len(strips.widths) - 1,):
        raise ValueError(
            f"x must have a number for each strip but the last, shape ({len(strips.widths) - 1},), got {x.shape}"
        )
    return jnp.append(x, strips.offset - jnp.sum(x))


@jax.jit
def calc_time(x: ArrayLike | Sequence[float], strips: Strips) -> Array:
    """Travel time across the strips, shape (), s, of the path `x`, shape (n-1,), m.

    In each strip the path is the hypotenuse of a right triangle with the displacement and the width of the strip as legs.
    Raises ValueError unless `x` has one number fewer than there are strips.

    Source: the blog post "A calculus phobic's introduction to differentiable programming" (2025).
    """
    return jnp.sum(jnp.sqrt(movements(x, strips) ** 2 + strips.widths**2) / strips.speeds)


def straight_x(strips: Strips) -> Array:
    """The straight line from start to goal as `x`, shape (..., n-1), m. Leading batch axes are allowed. NumPy in, NumPy out."""
    x: Array = strips.offset[..., None] * strips.widths[..., :-1] / strips.widths.sum(-1, keepdims=True)
    return x


def boundaries(widths: ArrayLike | Sequence[float]) -> np.ndarray:
    """Where strips of these widths, shape (n,), m, begin and end: distances across them from the start, shape (n+1,), m."""
    return np.concatenate([[0.0], np.cumsum(widths)])


def path_points(x: ArrayLike | Sequence[float], strips: Strips) -> np.ndarray:
    """The path `x`, shape (..., n-1), m, as points from (0, 0) to the goal: across the strips and along them.

    Returns shape (..., n+1, 2), m.
    """
    x = np.asarray(x)
    ends = np.zeros((*x.shape[:-1], 1))
    along = np.concatenate([ends, np.cumsum(x, axis=-1), ends + float(strips.offset)], axis=-1)
    return np.stack([np.broadcast_to(boundaries(strips.widths), along.shape), along], axis=-1)
