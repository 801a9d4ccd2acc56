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

from terrain_cli.compile_cache import cached_jit
from terrain_cli.strips.ground import Strips


def _ratios(strips: Strips) -> tuple[Array, Array, Array]:
    """v, the largest speed, r_i = v_i/v and 1 - r_i² (a product, exact near r = 1)."""
    v = jnp.max(strips.speeds)
    return v, strips.speeds / v, (v - strips.speeds) * (v + strips.speeds) / v**2


SAMPLE = 61  # of very many strips every 61st; a prime, since ground that repeats itself seldom does so every 61 strips


def _ray(strips: Strips) -> Array:
    """q, the tangent of the angle of the fastest path in the fastest strip, shape (), of the offset's sign."""
    _, r, k = _ratios(strips)
    weights = strips.widths * r
    total, most, fastest = map(jnp.sum, ends(weights, k))
    q = start(total, most, fastest, strips.offset)
    if len(weights) >= 1000 * SAMPLE:
        some = weights[::SAMPLE]
        q = _find_root(q, some, k[::SAMPLE], strips.offset * (jnp.sum(some) / total))
    return _find_root(q, weights, k, strips.offset)


def _find_root(q: Array, weights: Array, k: Array, offset: Array) -> Array:
    """The q where the movements, q sum_i weights_i/sqrt(1 + q² k_i), are the offset, found from a `q` of the same sign."""

    def step(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        q, above, _ = state
        total, slope = map(jnp.sum, look(q, weights, k))
        return improve(q, above, total, slope, offset)

    start = q, jnp.full_like(q, jnp.inf), jnp.full_like(q, True, dtype=bool)
    return jax.lax.while_loop(lambda state: state[2], step, start)[0]


# The parts of the search, each for one strip or one scenario: many.py goes through millions of scenarios with the same.


def ends(weights: Array, k: Array) -> tuple[Array, Array, Array]:
    """What a strip adds to the movements near q = 0, per q; what it adds to them in the end; and what per q in the end."""
    tie = k <= 0
    square = jnp.where(tie, 1.0, k)
    # Like the one in `look`, not weights/sqrt(square): XLA makes a reciprocal root of that, at twice the cost on processors.
    return weights, jnp.where(tie, 0.0, weights * (jnp.sqrt(square) / square)), jnp.where(tie, weights, 0.0)


def start(total: Array, most: Array, fastest: Array, offset: Array) -> Array:
    """A q to start from, given the sums of `ends`.

    No strip moves by more than either end says, so the larger q of the two is below the root. A step from there takes all
    strips but the fastest for one that has their ends.
    """
    size = jnp.abs(offset)
    q = jnp.copysign(jnp.maximum(size / total, (size - most) / fastest), offset)
    others = total - fastest
    moved, slope = look(q, others, jnp.where(most > 0, others / jnp.where(most > 0, most, 1.0), 0.0) ** 2)
    return improve(q, jnp.full_like(q, jnp.inf), fastest + moved, fastest + slope, offset)[0]


def look(q: Array, weights: Array, k: Array) -> tuple[Array, Array]:
    """What a strip adds to the movements, per q, and to their derivative by q."""
    square = 1 + q**2 * k
    inverse = 1 / square
    moved = weights * (jnp.sqrt(square) * inverse)
    return moved, moved * inverse


def improve(q: Array, above: Array, total: Array, slope: Array, offset: Array) -> tuple[Array, Array, Array]:
    """A better q, given the sums of `look`; the least bound from above so far; and whether to go on.

    Each look at the movements for some q bounds the root from both sides. Their sum is concave in q, so Newton's method
    never comes out above the root; their sum to the power -2 is concave in q to the power -2 (a power mean of exponent
    -1/2), so Newton's method in those never comes out below. The second is exact for one strip and for steep paths, hence
    fast: two or three steps as a rule. The first stands in where the second would take the root of a negative number; it
    climbs more slowly, to twenty steps in all where many strips are nearly ties and the ray grazes.

    It ends where a step is small, or comes out no lower than an earlier bound from above: then rounding is all it has left.
    Where most of the way lies in strips that are nearly ties, q may have few digits, since the path hardly depends on it.
    """
    share = jnp.where(offset == 0, 1.0, q * total / offset)
    squared = 1 + total / slope * (share - 1) * (share + 1)
    bounds = squared > 0
    new = jnp.where(bounds, q / jnp.sqrt(jnp.where(bounds, squared, 1.0)), q + (offset - q * total) / slope)
    size = jnp.abs(new)
    moves = (jnp.abs(new - q) > 1e-9 * size) & (size < above)  # the error after a step is about its square
    return new, jnp.where(bounds, jnp.minimum(above, size), above), moves


class Ray(NamedTuple):
    """The fastest path: tan(angle) in each strip, shape (n,); sin(angle)/speed, the same in all, s/m; and its time, s."""

    tangents: Array
    parameter: Array
    time: Array


@jax.custom_jvp
def trace(strips: Strips) -> Ray:
    """The fastest path across the strips."""
    v, r, k = _ratios(strips)
    q = _ray(strips)
    p = q / jnp.sqrt(1 + q**2) / v
    # p offset + sum w cos(angle)/v: only positive terms, and stationary in q, so that its rounding hardly matters.
    crossing = jnp.sum(strips.widths / strips.speeds * jnp.sqrt((1 + q**2 * k) / (1 + q**2)))
    return Ray(r * q / jnp.sqrt(1 + q**2 * k), p, p * strips.offset + crossing)


@trace.defjvp
def _trace_jvp(primals: tuple[Strips], tangents: tuple[Strips]) -> tuple[Ray, Ray]:
    """The path by the implicit function theorem, its time by the envelope theorem.

    The time changes as if the path were held still: dT/dw_i = cos_i/v_i, dT/dv_i = -length_i/v_i², dT/d offset = p.

    The path obeys sum_i w_i tan_i = offset, where d tan_i = (v_i dp + sin_i dv_i/v_i)/cos_i³. Faster by one share
    everywhere, it stays and p falls by that share. This is taken out first, as the share of the strip that counts most, and
    put back into dp alone: a grazing ray would multiply its rounding by tan².
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


@jax.jit
def best_time(strips: Strips) -> Array:
    """The least travel time across the strips, shape (), s.

    Its derivatives are exact, of any order: nothing is differentiated through Newton's steps.
    """
    return trace(strips).time


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


@cached_jit
def find_optimum(strips: Strips) -> Optimum:
    """The fastest path across the strips, for any number of them: time and memory grow like n."""
    ray = trace(strips)
    sines = ray.tangents / jnp.sqrt(1 + ray.tangents**2)
    return Optimum(ray.time, strips.widths * ray.tangents, sines / strips.speeds)
