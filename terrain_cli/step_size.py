"""Which step to take: one that is safe for these strips, and the one from which on nothing settles."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from terrain_cli.strips import Strips, curvature_at, steepest_curvature


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
