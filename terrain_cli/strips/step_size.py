"""Step sizes: one that is safe for given strips, and the one beyond which gradient descent does not converge."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from terrain_cli.compile_cache import cached_jit
from terrain_cli.strips.ground import Strips


def safe_step(strips: Strips, method: str = "gradient") -> Array:
    """The default step size, shape ().

    1/L, m²/s, for gradient descent with or without momentum. With L = `steepest_curvature`, a gradient step of this size
    shortens the time by at least |g|²/(2L), where g is the gradient, from any path (docs/maths.md). The step of Adam is a
    length instead, m: a hundredth of the mean over the strips of their width and of the displacement along them.
    """
    if method == "adam":
        return (jnp.abs(strips.offset) + jnp.sum(strips.widths)) / len(strips.widths) / 100
    return 1 / steepest_curvature(strips)


def largest_step(along: ArrayLike, strips: Strips, method: str = "gradient", momentum: float = 0.9) -> float | None:
    """The step size from which on a descent cannot converge to the optimum, where `along` are the displacements, shape (n,), m.

    2/lambda for gradient descent, where lambda is the largest curvature at the optimum; 2 (1 + momentum)/lambda with momentum
    (Polyak 1964). None for a method without such a limit.
    """
    if method not in ("gradient", "momentum"):
        return None
    inertia = momentum if method == "momentum" else 0
    return float(2 * (1 + inertia) / curvature_at(along, strips))


@cached_jit
def largest_curvature(curvatures: Array) -> Array:
    """The largest eigenvalue of diag(c_1 .. c_{n-1}) + c_n 1 1', shape (); `curvatures` are the c_i, shape (n,), s/m².

    Every Hessian of `calc_time` has this form. The eigenvalue solves the secular equation sum_i 1/(value - c_i) = 1/c_n of a
    rank-one update (Golub 1973). The reciprocal of that sum is concave and increasing, so Newton's method approaches the root
    from below and never overshoots.
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
    """L, shape (), s/m²: an upper bound of the second derivative of `calc_time` in any direction, at any path.

    It is the largest curvature of a path perpendicular to the strips, where c_i = 1/(w_i v_i). Gradient descent with step 1/L
    or less never increases the time (docs/maths.md).
    """
    bound: Array = largest_curvature(1 / (strips.widths * strips.speeds))
    return bound


def curvature_at(along: ArrayLike, strips: Strips) -> Array:
    """The largest second derivative of `calc_time`, shape (), s/m², at the path with displacements `along`, shape (n,), m.

    Gradient descent with a fixed step converges to that path only if the step is less than 2 divided by this.
    """
    lengths = np.sqrt(np.asarray(along) ** 2 + strips.widths**2)
    largest: Array = largest_curvature(strips.widths**2 / (strips.speeds * lengths**3))
    return largest
