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

from terrain_cli.contract import LARGEST, SMALLEST
from terrain_cli.errors import check_type
from terrain_cli.jax_config import as_pytree, check_values, to_array


@as_pytree
@dataclass(frozen=True, eq=False)
class Strips:
    """Parallel strips of ground: a pytree of three arrays, so that `jax.grad` and `jax.vmap` apply to them.

    widths: across each strip, shape (n,), m, greater than 0.
    speeds: on each strip, shape (n,), m/s, greater than 0.
    offset: from start to goal along the strips, shape (), m, of either sign.

    Numbers, lists and NumPy arrays become float64 arrays; JAX arrays, such as traced ones, are kept as they are. Leading batch
    axes are allowed. Raises TypeError for what is no number, and ValueError for shapes that do not match and for values that a
    scenario file may not have, as far as they are known: a traced array has none yet.
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
            object.__setattr__(self, name, to_array(getattr(self, name), name))
        widths, speeds, offset = np.shape(self.widths), np.shape(self.speeds), np.shape(self.offset)
        if not widths or not speeds or widths[-1] != speeds[-1] or widths[-1] == 0:
            raise ValueError(
                f"widths and speeds must have a number for each strip, and at least one, got shapes {widths} and {speeds}"
            )
        if len(offset) >= max(len(widths), len(speeds)):
            raise ValueError(f"offset must be one number, got shape {offset}")
        for name in ("widths", "speeds"):
            check_values(
                getattr(self, name),
                name,
                lambda values: (values >= SMALLEST) & (values <= LARGEST),
                f"greater than 0, from {SMALLEST:g} to {LARGEST:g}",
            )
        check_values(
            self.offset, "offset", lambda values: np.abs(values) <= LARGEST, f"at most {LARGEST:g} in magnitude"
        )


def check_strips(strips: object) -> None:
    """Raises TypeError unless these are strips, and ValueError if they have batch axes."""
    check_type(strips, Strips, "strips", "Strips, such as Strips(widths=[10, 10], speeds=[0.7, 0.3], offset=20)")
    assert isinstance(strips, Strips)
    shapes = tuple(np.shape(array) for array in (strips.widths, strips.speeds, strips.offset))
    if len(shapes[0]) != 1 or len(shapes[1]) != 1 or shapes[2]:
        raise ValueError(f"strips must have shapes (n,), (n,) and (), got {shapes}: use jax.vmap for several at once")


def movements(x: ArrayLike | Sequence[float], strips: Strips) -> Array:
    """The displacement along each strip of the path `x`, the last strip included, shape (n,), m."""
    x = jnp.asarray(x, dtype=float)
    if x.shape != (len(strips.widths) - 1,):
        raise ValueError(
            f"x must have a number for each strip but the last, shape ({len(strips.widths) - 1},), got {x.shape}"
        )
    return jnp.append(x, strips.offset - jnp.sum(x))


def calc_time(x: ArrayLike | Sequence[float], strips: Strips) -> Array:
    """Travel time across the strips, shape (), s, of the path `x`, shape (n-1,), m.

    In each strip the path is the hypotenuse of a right triangle with the displacement and the width of the strip as legs.
    Raises ValueError unless `x` has one number fewer than there are strips.

    Source: the blog post "A calculus phobic's introduction to differentiable programming" (2025).
    """
    check_strips(strips)
    for leaf in jax.tree.leaves(x):
        check_type(leaf, (jax.Array, np.ndarray, np.number, int, float), "x", "numbers")
    time: Array = _calc_time(x, strips)
    return time


@jax.jit
def _calc_time(x: ArrayLike | Sequence[float], strips: Strips) -> Array:
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
