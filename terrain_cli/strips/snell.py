"""The exact optimum of strips: one ray parameter for all of them, found by Newton's method, with its own derivatives.

On the fastest path sin(angle)/speed is the same number p in every strip (Snell's law), which reduces n - 1 unknowns to one.
With v the largest speed, r_i = v_i/v, and q = p v/sqrt(1 - (p v)²), the tangent of the angle in the fastest strip:

    displacement along strip i    x_i = w_i r_i q / sqrt(1 + q² (1 - r_i²)),    and these sum to the offset
    length in strip i             l_i = w_i sqrt((1 + q²) / (1 + q² (1 - r_i²)))

Nearly equal numbers are never subtracted, so equal speeds, grazing rays and offset 0 need no special case.

Sources: Snell's law; two-point ray tracing in layered media (Tian and Chen 2005; Fang and Chen 2019); the implicit
function theorem and the envelope theorem for the derivatives. docs/maths.md has the derivations.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from terrain_cli.compile_cache import cached_jit
from terrain_cli.strips.ground import Strips, check_strips


def _ratios(strips: Strips) -> tuple[Array, Array, Array]:
    """v, the largest speed, r_i = v_i/v and 1 - r_i² (a product, exact near r = 1)."""
    v = jnp.max(strips.speeds)
    return v, strips.speeds / v, (v - strips.speeds) * (v + strips.speeds) / v**2


SAMPLE = (
    61  # every 61st of very many strips; a prime, because the period of repeating ground is rarely a multiple of 61
)


def _ray(strips: Strips) -> Array:
    """q, the tangent of the angle of the fastest path in the fastest strip, shape (), of the offset's sign."""
    _, r, k = _ratios(strips)
    weights = strips.widths * r
    total, most, fastest = map(jnp.sum, asymptotes(weights, k))
    q = first_guess(total, most, fastest, strips.offset)
    if len(weights) >= 1000 * SAMPLE:
        sample = weights[::SAMPLE]
        q = _find_root(q, sample, k[::SAMPLE], strips.offset * (jnp.sum(sample) / total))
    return _find_root(q, weights, k, strips.offset)


def _find_root(q: Array, weights: Array, k: Array, offset: Array) -> Array:
    """The root q of q sum_i weights_i/sqrt(1 + q² k_i) = offset, starting from a `q` of the same sign."""

    def step(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        q, above, _ = state
        total, slope = map(jnp.sum, evaluate(q, weights, k))
        return newton_step(q, above, total, slope, offset)

    start = q, jnp.full_like(q, jnp.inf), jnp.full_like(q, True, dtype=bool)
    return jax.lax.while_loop(lambda state: state[2], step, start)[0]


# The parts of the search, each for one strip or one scenario. batched.py solves millions of scenarios with the same functions.


def asymptotes(weights: Array, k: Array) -> tuple[Array, Array, Array]:
    """The displacement along a strip per q near q = 0; its limit for large q; and the displacement per q if it has no limit."""
    tie = k <= 0
    square = jnp.where(tie, 1.0, k)
    # As in `evaluate`, not weights/sqrt(square): XLA turns that into a reciprocal root, which costs twice as much on a CPU.
    return weights, jnp.where(tie, 0.0, weights * (jnp.sqrt(square) / square)), jnp.where(tie, weights, 0.0)


def first_guess(total: Array, most: Array, fastest: Array, offset: Array) -> Array:
    """The q that the search starts from, given the sums of `asymptotes`.

    Both asymptotes are upper bounds of the displacement, so the larger of their two values of q is below the root. One
    Newton step from there treats all strips except the fastest as a single strip with the same asymptotes.
    """
    size = jnp.abs(offset)
    q = jnp.copysign(jnp.maximum(size / total, (size - most) / fastest), offset)
    others = total - fastest
    moved, slope = evaluate(q, others, jnp.where(most > 0, others / jnp.where(most > 0, most, 1.0), 0.0) ** 2)
    return newton_step(q, jnp.full_like(q, jnp.inf), fastest + moved, fastest + slope, offset)[0]


def evaluate(q: Array, weights: Array, k: Array) -> tuple[Array, Array]:
    """The displacement along a strip divided by q, and its derivative with respect to q."""
    square = 1 + q**2 * k
    inverse = 1 / square
    moved = weights * (jnp.sqrt(square) * inverse)
    return moved, moved * inverse


def newton_step(q: Array, above: Array, total: Array, slope: Array, offset: Array) -> tuple[Array, Array, Array]:
    """A better q, given the sums of `evaluate`; the least upper bound of the root so far; and whether to continue.

    Newton's method can bound the root from either side. The sum of the displacements is concave in q, so a Newton step in q
    never exceeds the root. Their sum to the power -2 is concave in q to the power -2 (a power mean of exponent -1/2), so a
    Newton step in these never falls below the root. The second is exact for one strip and for steep paths, and therefore
    fast: it usually takes two or three steps. The first replaces it where it would take the root of a negative number. It is
    slower: up to twenty steps in total if many strips have nearly equal speeds and the ray grazes.

    The search ends when a step is small, or when it is not below an earlier upper bound and only rounding is left. If most of
    the path lies in strips of nearly equal speeds, q may have few correct digits, because the path hardly depends on it.
    """
    share = jnp.where(offset == 0, 1.0, q * total / offset)
    squared = 1 + total / slope * (share - 1) * (share + 1)
    bounds = squared > 0
    new = jnp.where(bounds, q / jnp.sqrt(jnp.where(bounds, squared, 1.0)), q + (offset - q * total) / slope)
    size = jnp.abs(new)
    moves = (jnp.abs(new - q) > 1e-9 * size) & (size < above)  # the error after a step is about its square
    return new, jnp.where(bounds, jnp.minimum(above, size), above), moves


class Ray(NamedTuple):
    """The fastest path.

    tangents: of the angle in each strip, shape (n,). parameter: sin(angle)/speed, equal in all strips, shape (), s/m. time:
    shape (), s.
    """

    tangents: Array
    parameter: Array
    time: Array


@jax.custom_jvp
def trace(strips: Strips) -> Ray:
    """The fastest path across the strips."""
    v, r, k = _ratios(strips)
    q = _ray(strips)
    p = q / jnp.sqrt(1 + q**2) / v
    # p offset + sum w cos(angle)/v: all terms are positive, and the sum is stationary in q, so the rounding of q hardly matters.
    crossing = jnp.sum(strips.widths / strips.speeds * jnp.sqrt((1 + q**2 * k) / (1 + q**2)))
    return Ray(r * q / jnp.sqrt(1 + q**2 * k), p, p * strips.offset + crossing)


@trace.defjvp
def _trace_jvp(primals: tuple[Strips], tangents: tuple[Strips]) -> tuple[Ray, Ray]:
    """The derivatives of the path by the implicit function theorem, and of its time by the envelope theorem.

    The time changes as if the path were fixed: dT/dw_i = cos_i/v_i, dT/dv_i = -length_i/v_i², dT/d offset = p.

    The path satisfies sum_i w_i tan_i = offset, where d tan_i = (v_i dp + sin_i dv_i/v_i)/cos_i³. If all speeds grow by the
    same share, the path stays and p falls by that share. Such a common share, that of the strip with the greatest influence,
    is subtracted first and then added to dp alone, because a grazing ray would multiply its rounding error by tan².
    """
    (strips,), (change,) = primals, tangents
    ray = trace(strips)
    square = 1 + ray.tangents**2
    longer = jnp.sqrt(square)  # 1/cos(angle)
    later = (
        jnp.sum(change.widths / (longer * strips.speeds))
        - jnp.sum(strips.widths * longer / strips.speeds**2 * change.speeds)
        + ray.parameter * change.offset
    )

    by_ray = strips.speeds * square * longer
    by_speed = ray.tangents * square
    share = change.speeds / strips.speeds
    most = jnp.argmax(strips.widths * by_ray)
    common = share[most]
    share = jnp.where(jnp.arange(len(share)) == most, 0.0, share - common)
    moved = jnp.sum(change.widths * ray.tangents) + jnp.sum(strips.widths * by_speed * share)
    bent = (change.offset - moved) / jnp.sum(strips.widths * by_ray)
    return ray, Ray(by_ray * bent + by_speed * share, bent - ray.parameter * common, later)


def best_time(strips: Strips) -> Array:
    """The least travel time across the strips, shape (), s.

    Its derivatives of any order are exact: nothing is differentiated through the iterations of Newton's method.
    """
    check_strips(strips)
    time: Array = _best_time(strips)
    return time


@jax.jit
def _best_time(strips: Strips) -> Array:
    return trace(strips).time


class Optimum(NamedTuple):
    """The fastest path across strips.

    time: shape (), s. movements: the displacement along each strip, the last one included, shape (n,), m.
    ray: sin(angle)/speed in each strip, shape (n,), s/m; all are equal except for rounding.
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


def find_optimum(strips: Strips) -> Optimum:
    """The fastest path across any number of strips, in time and memory O(n)."""
    check_strips(strips)
    optimum: Optimum = _find_optimum(strips)
    return optimum


@cached_jit
def _find_optimum(strips: Strips) -> Optimum:
    ray = trace(strips)
    sines = ray.tangents / jnp.sqrt(1 + ray.tangents**2)
    return Optimum(ray.time, strips.widths * ray.tangents, sines / strips.speeds)
