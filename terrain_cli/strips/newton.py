"""Newton's method as a method of descent: it has no step size, takes a handful of iterations and converges from any start.

The Hessian of `calc_time` is a diagonal plus a multiple of the matrix of ones, so a step costs O(n) (Sherman and Morrison
1950). Newton's method uses the curvature at the current path. Far from the optimum this is close to zero in every strip that
the path grazes, and the step becomes far too long. Therefore two more steps are computed by the same formula with other
curvatures, and the one that shortens the time most is taken:

    the mean curvature of each strip between its angle and its angle on the optimal ray: a secant step, exact if that ray
    were known
    an upper bound of the curvature of each strip (Weiszfeld 1937): it never increases the time, and converges from any start

Near the optimum the times of all three agree to rounding. Newton's own step is then taken, because it doubles the number of
correct digits. docs/maths.md has the formulas.
"""

from typing import Any

import jax.numpy as jnp
from jax import Array

from terrain_cli.strips.ground import Strips, calc_time, movements

MAX_GROWTH = 4  # the path in a strip is assumed to become at most this many times longer in one step
TIE = 1e-12  # relative; a smaller difference between two times may be rounding


def follow_newton(x: Array, gradient: Array, state: Any, strips: Strips, settings: Any) -> tuple[Array, Any]:
    """The best of three Newton steps with different curvatures."""
    along = movements(x, strips)
    lengths = jnp.sqrt(along**2 + strips.widths**2)
    sine, cosine = along / lengths, strips.widths / lengths
    rays = sine / strips.speeds
    least = strips.speeds * lengths  # a lower bound of 1/curvature, whatever the step

    mean, fastest = least, jnp.max(strips.speeds)
    for _ in range(2):  # the first estimate of the ray is rough
        ray = jnp.clip(jnp.sum(mean * rays) / jnp.sum(mean), -1 / fastest, 1 / fastest)
        mean = least * _mean_share(sine, cosine, ray * strips.speeds)

    best, time = x, jnp.full_like(lengths[0], jnp.inf)
    for inverse in (least, mean, least / cosine**2):
        tried = x + _step(inverse, rays)
        its_time = calc_time(tried, strips)
        better = its_time <= time * (1 + TIE)
        best, time = jnp.where(better, tried, best), jnp.where(better, its_time, time)
    return best, state


def _mean_share(sine: Array, cosine: Array, aim: Array) -> Array:
    """1/(mean curvature) between an angle and the angle whose sine is `aim`, divided by speed times length, shape (n,).

    The mean curvature is (sin b - sin a)/(tan b - tan a)/(w v); here it is written without these differences.
    """
    aimed_cosine = jnp.maximum(jnp.sqrt((1 - aim) * (1 + aim)), cosine / MAX_GROWTH)
    aimed_sine = jnp.sign(aim) * jnp.sqrt((1 - aimed_cosine) * (1 + aimed_cosine))
    both = cosine + aimed_cosine
    return jnp.maximum(1 + cosine * aimed_cosine + sine * aimed_sine, both**2 / 2) / (aimed_cosine * both)


def _step(inverse: Array, rays: Array) -> Array:
    """Minus the inverse of diag(c_1 .. c_{n-1}) + c_n 1 1' times the gradient, shape (n-1,), m.

    inverse: 1/c, shape (n,), m²/s. rays: sin(angle)/speed in each strip, shape (n,), s/m; the gradient is their difference
    from the last. By Sherman and Morrison's formula the step moves all rays to one value, their mean weighted by `inverse`.
    The rounding error goes to the strip with the largest `inverse`; without that it would go to the last strip.
    """
    ray = jnp.sum(inverse * rays) / jnp.sum(inverse)
    easiest = jnp.arange(len(rays)) == jnp.argmax(inverse)
    step = jnp.where(easiest, 0.0, inverse * (ray - rays))
    return jnp.where(easiest, -jnp.sum(step), step)[:-1]
