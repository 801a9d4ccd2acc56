"""Strips of ground, and the time it takes to cross them.

The path starts at the origin and crosses the strips one after the other; the goal lies `offset` further along them.
A path is a handful of numbers, `x`: how far it moves along the strips inside each strip but the last, which takes
what is left. Everything else in terrain is `jax.grad` of `calc_time`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from terrain_cli.programs import kept


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Strips:
    """Parallel strips of ground: a pytree of three arrays, so that `jax.grad` and `jax.vmap` see them.

    widths: across each strip, shape (n,), m, greater than 0.
    speeds: on each strip, shape (n,), m/s, greater than 0.
    offset: from start to goal along the strips, shape (), m, of either sign.

    Numbers, lists and NumPy arrays become float64 arrays; anything else (a traced value, say) is kept as it is.
    """

    widths: Any
    speeds: Any
    offset: Any

    def __post_init__(self) -> None:
        for name in ("widths", "speeds", "offset"):
            value = getattr(self, name)
            if isinstance(value, int | float | list | tuple | np.ndarray):
                object.__setattr__(self, name, np.asarray(value, dtype=np.float64))


def movements(x: ArrayLike | Sequence[float], strips: Strips) -> Array:
    """How far the path `x` moves along the strips inside each strip, the last included, shape (n,), m."""
    x = jnp.asarray(x, dtype=float)
    if x.shape != (len(strips.widths) - 1,):
        raise ValueError(
            f"x must have a number for each strip but the last, shape ({len(strips.widths) - 1},), got {x.shape}"
        )
    return jnp.append(x, strips.offset - jnp.sum(x))


@jax.jit
def calc_time(x: ArrayLike | Sequence[float], strips: Strips) -> Array:
    """Travel time of the path `x`, shape (n-1,), m, across the strips: shape (), s.

    In each strip the path is the long side of a right triangle: it moves `x_i` along the strip while it crosses its width.
    Raises ValueError where `x` does not have one number fewer than there are strips.

    Source: the blog post "A calculus phobic's introduction to differentiable programming" (2025).
    """
    return jnp.sum(jnp.sqrt(movements(x, strips) ** 2 + strips.widths**2) / strips.speeds)


def straight_x(strips: Strips) -> Array:
    """The straight line from start to goal, as `x`, shape (..., n-1), m. Batches in front are allowed, NumPy stays NumPy."""
    x: Array = strips.offset[..., None] * strips.widths[..., :-1] / strips.widths.sum(-1, keepdims=True)
    return x


@kept
def largest_curvature(curvatures: Array) -> Array:
    """The largest eigenvalue of diag(c_1 .. c_{n-1}) + c_n 1 1', shape (); `curvatures` are the c_i, shape (n,), s/m².

    That is the form of every Hessian of `calc_time`. The eigenvalue is where sum_i 1/(value - c_i) = 1/c_n; the reciprocal
    of that sum is concave and grows, so Newton's method comes up to it from below and never beyond (the secular equation of
    a rank-one update; Golub 1973).
    """
    c, last = curvatures[:-1], curvatures[-1]
    if c.size == 0:
        return last
    largest = jnp.max(c)

    def newton(above: Array) -> Array:
        terms = 1 / (above + (largest - c))
        total = jnp.sum(terms)
        return above + (last - 1 / total) * total**2 / jnp.sum(terms**2)

    def grows(pair: tuple[Array, Array]) -> Array:
        return pair[1] > pair[0] * (1 + 1e-14)

    above: Array = jax.lax.while_loop(grows, lambda pair: (pair[1], newton(pair[1])), (last, newton(last)))[1]
    return largest + above


def steepest_curvature(strips: Strips) -> Array:
    """L, shape (), s/m²: no second derivative of `calc_time` along any direction is larger, whatever the path.

    It is that of a path straight across, where c_i = 1/(w_i v_i). A descent with step 1/L or less never makes the time
    longer (docs/maths.md).
    """
    bound: Array = largest_curvature(1 / (strips.widths * strips.speeds))
    return bound


def curvature_at(along: ArrayLike, strips: Strips) -> Array:
    """The largest second derivative of `calc_time`, shape (), s/m², at the path that moves `along` the strips, shape (n,), m.

    Gradient descent with a fixed step settles there only if the step is below 2 divided by it.
    """
    lengths = np.sqrt(np.asarray(along) ** 2 + strips.widths**2)
    largest: Array = largest_curvature(strips.widths**2 / (strips.speeds * lengths**3))
    return largest
