"""Newton's method as a method of descent: no step to choose, a handful of iterations, and it converges from any start.

The Hessian of `calc_time` is a diagonal plus a multiple of the matrix of ones, so a step costs O(n) (Sherman and Morrison
1950). Newton's method takes the curvature where the path is. Far from the optimum that is next to nothing wherever the path
grazes a strip, and the step flies off. So two more steps are tried, with the same formula and other curvatures, and the one
that takes most off the time is kept:

    the mean curvature of each strip from its angle to the angle it would have on the ray through all: exact were that known
    the curvature that no strip exceeds (Weiszfeld 1937): it never makes the time longer, and converges from any start

Near the optimum all three tie to rounding, and Newton's own is kept, which doubles the digits. docs/maths.md has the formulas.
"""

from typing import Any

import jax.numpy as jnp
from jax import Array

from terrain_cli.strips.ground import Strips, calc_time, movements

FARTHER = 4  # a strip's path is not expected to become longer than this many times in one step
TIE = 1e-12  # relative; a smaller difference of two times may be rounding


def follow_newton(x: Array, gradient: Array, state: Any, strips: Strips, settings: Any) -> tuple[Array, Any]:
    """The best of three Newton steps with different curvatures."""
    along = movements(x, strips)
    lengths = jnp.sqrt(along**2 + strips.widths**2)
    sine, cosine = along / lengths, strips.widths / lengths
    rays = sine / strips.speeds
    least = strips.speeds * lengths  # 1/curvature is never less, whatever the step

    mean, fastest = least, jnp.max(strips.speeds)
    for _ in range(2):  # the first look at the ray is rough
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
    """1/(mean curvature) from an angle to that of sine `aim`, as a share of speed times length, shape (n,).

    The mean curvature is (sin b - sin a)/(tan b - tan a)/(w v); here it is written without differences.
    """
    aimed_cosine = jnp.maximum(jnp.sqrt((1 - aim) * (1 + aim)), cosine / FARTHER)
    aimed_sine = jnp.sign(aim) * jnp.sqrt((1 - aimed_cosine) * (1 + aimed_cosine))
    both = cosine + aimed_cosine
    return jnp.maximum(1 + cosine * aimed_cosine + sine * aimed_sine, both**2 / 2) / (aimed_cosine * both)


def _step(inverse: Array, rays: Array) -> Array:
    """Minus the inverse of diag(c_1 .. c_{n-1}) + c_n 1 1' times the gradient, shape (n-1,), m.

    inverse: 1/c, shape (n,). rays: sin(angle)/speed in each strip, shape (n,); the gradient is their difference from the
    last. Sherman and Morrison's formula comes to this: the step takes all of them to one value, their mean with these
    weights. The strip that moves most easily takes what rounding leaves, else the last would.
    """
    ray = jnp.sum(inverse * rays) / jnp.sum(inverse)
    easiest = jnp.arange(len(rays)) == jnp.argmax(inverse)
    step = jnp.where(easiest, 0.0, inverse * (ray - rays))
    return jnp.where(easiest, -jnp.sum(step), step)[:-1]
