"""The exact optimum of strips: one ray parameter for all of them, found by Newton's method, with its own derivatives.

On the fastest path sin(angle)/speed is the same number p in every strip (Snell's law), so n - 1 unknowns are one. With v the
largest speed, r_i = v_i/v and q = p v/sqrt(1 - (p v)²), the tangent of the angle in the fastest strip,

    movement in strip i    x_i = w_i r_i q / sqrt(1 + q² (1 - r_i²)),    and they sum to the offset
    length in strip i      l_i = w_i sqrt((1 + q²) / (1 + q² (1 - r_i²)))

No difference of nearly equal numbers is taken anywhere: ties, grazing rays and offset 0 are ordinary.

Sources: Snell's law; two-point ray tracing in layered media (Stanford Exploration Project report 148); the implicit function
theorem and the envelope theorem for the derivatives. docs/maths.md has the derivations.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from terrain_cli.programs import kept
from terrain_cli.strips import Strips


def _ratios(strips: Strips) -> tuple[Array, Array, Array]:
    """v, r_i = v_i/v and 1 - r_i² (a product, exact near r = 1) for a fixed scale v, the largest speed.

    Any v would do, so its own derivative is left out: that keeps ties smooth.
    """
    v = jax.lax.stop_gradient(jnp.max(strips.speeds))
    return v, strips.speeds / v, (v - strips.speeds) * (v + strips.speeds) / v**2


def _reach(q: Array, strips: Strips) -> Array:
    """The movement along the strips inside each strip of the ray with tangent `q`, shape (n,), m."""
    _, r, k = _ratios(strips)
    movements: Array = strips.widths * r * q / jnp.sqrt(1 + q**2 * k)
    return movements


@jax.custom_jvp
def ray(strips: Strips) -> Array:
    """q, the tangent of the angle of the fastest path in the fastest strip, shape (), of the offset's sign.

    Each look at the movements for some q bounds the root from both sides. Their sum is concave in q, so Newton's method
    never comes out above the root; their sum to the power -2 is concave in q to the power -2 (a power mean of exponent
    -1/2), so Newton's method in those never comes out below. The second is exact for one strip and for steep paths, hence
    fast: three steps as a rule, nine at most on thousands of hard scenarios. The first stands in where the second would
    take the root of a negative number.
    """
    _, r, k = _ratios(strips)
    weights = strips.widths * r
    offset = strips.offset

    def newton(q: Array) -> Array:
        cosine = 1 / jnp.sqrt(1 + q**2 * k)
        total = jnp.sum(weights * cosine)
        slope = jnp.sum(weights * cosine**3)
        share = jnp.where(offset == 0, 1.0, q * total / offset)
        squared = 1 + total / slope * (share - 1) * (share + 1)
        positive = squared > 0
        return jnp.where(positive, q / jnp.sqrt(jnp.where(positive, squared, 1.0)), q + (offset - q * total) / slope)

    def moves(pair: tuple[Array, Array]) -> Array:
        return jnp.abs(pair[1] - pair[0]) > 1e-9 * jnp.abs(pair[1])  # the error after a step is about its square

    first = offset / jnp.sum(weights)
    return jax.lax.while_loop(moves, lambda pair: (pair[1], newton(pair[1])), (first, newton(first)))[1]


@ray.defjvp
def _ray_jvp(primals: tuple[Strips], tangents: tuple[Strips]) -> tuple[Array, Array]:
    (strips,), (change,) = primals, tangents
    q = ray(strips)
    _, slope = jax.jvp(lambda q: jnp.sum(_reach(q, strips)), (q,), (jnp.ones_like(q),))
    _, moved = jax.jvp(lambda strips: jnp.sum(_reach(q, strips)), (strips,), (change,))
    return q, (change.offset - moved) / slope


@jax.custom_jvp
def _time_at(q: Array, strips: Strips) -> Array:
    """The travel time of the fastest path, whose ray has tangent `q`, shape (), s."""
    v, _, k = _ratios(strips)
    sine = q / jnp.sqrt(1 + q**2)
    # p offset + sum w cos(angle)/v: only positive terms, and stationary in q, so that its rounding hardly matters.
    crossing = jnp.sum(strips.widths / strips.speeds * jnp.sqrt((1 + q**2 * k) / (1 + q**2)))
    time: Array = sine / v * strips.offset + crossing
    return time


@_time_at.defjvp
def _time_at_jvp(primals: tuple[Array, Strips], tangents: tuple[Array, Strips]) -> tuple[Array, Array]:
    """The path may be held still (envelope theorem): the change of q does not count, to first order."""
    (q, strips), (_, change) = primals, tangents
    v, _, k = _ratios(strips)
    cosine = jnp.sqrt((1 + q**2 * k) / (1 + q**2))
    slope = Strips(
        widths=cosine / strips.speeds,
        speeds=-strips.widths / cosine / strips.speeds**2,
        offset=q / jnp.sqrt(1 + q**2) / v,
    )
    changed = jax.tree.map(lambda a, b: jnp.sum(a * b), slope, change)
    return _time_at(q, strips), changed.widths + changed.speeds + changed.offset


@jax.jit
def best_time(strips: Strips) -> Array:
    """The least travel time across the strips, shape (), s.

    Its derivatives are those of the time with the path held still (envelope theorem), so nothing is differentiated through
    Newton's steps; second derivatives follow the path through `ray`'s own rule.
    """
    return _time_at(ray(strips), strips)


class Optimum(NamedTuple):
    """The fastest path across strips.

    time: s. movements: along the strips inside each strip, the last included, shape (n,), m.
    ray: sin(angle)/speed in each strip, one number but for rounding, shape (n,), s/m.
    """

    time: Array
    movements: Array
    ray: Array

    @property
    def x(self) -> Array:
        """All movements but the last, shape (n-1,), m."""
        return self.movements[:-1]

    @property
    def crossings(self) -> np.ndarray:
        """Where the path meets each boundary, shape (n-1,), m."""
        return np.cumsum(self.x)


@kept
def find_optimum(strips: Strips) -> Optimum:
    """The fastest path across the strips, for any number of them: time and memory grow like n."""
    q = ray(strips)
    movements = _reach(q, strips)
    lengths = jnp.sqrt(movements**2 + strips.widths**2)
    return Optimum(_time_at(q, strips), movements, movements / lengths / strips.speeds)
