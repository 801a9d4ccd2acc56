"""Which step to take: one that is safe for these strips, and the one from which on nothing settles."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from terrain_cli.compile_cache import cached_jit
from terrain_cli.strips.ground import Strips


def safe_step(strips: Strips, method: str = "gradient") -> Array:
    """The step where none is given, shape ().

    1/L for gradient descent, with or without momentum, m²/s: with L = `steepest_curvature` a step s against the gradient g
    takes at least |g|²/(2L) off the time, wherever it starts (docs/maths.md). Adam's step is a length instead: a hundredth
    of what the path moves on average along and across a strip, m.
    """
    if method == "adam":
        return (jnp.abs(strips.offset) + jnp.sum(strips.widths)) / len(strips.widths) / 100
    return 1 / steepest_curvature(strips)


def largest_step(along: ArrayLike, strips: Strips, method: str = "gradient", momentum: float = 0.9) -> float | None:
    """The step from which on a descent cannot settle at the optimum, whose path moves `along` the strips, shape (n,), m.

    2/lambda for gradient descent, lambda the largest curvature there; 2 (1 + momentum)/lambda with momentum (Polyak 1964).
    None for a method without such a limit.
    """
    if method not in ("gradient", "momentum"):
        return None
    inertia = momentum if method == "momentum" else 0
    return float(2 * (1 + inertia) / curvature_at(along, strips))


@cached_jit
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
