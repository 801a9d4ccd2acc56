from collections.abc import Callable

import jax
import jax.numpy as jnp


def calc_time(
    network: Callable[[jax.Array], jax.Array], p: jax.Array, source: jax.Array, slowest: float, fastest: float
) -> jax.Array:
    """The travel time (s) from the source to p.

    network: from a point to any number, which it learns. p, source: shape (2,), m.
    slowest, fastest: the lowest and the highest speed of the ground, m/s.
    """
    distance = jnp.sqrt(jnp.sum((p - source) ** 2) + 1e-12)
    between = jax.nn.sigmoid(network(p))
    return distance * ((1 / slowest - 1 / fastest) * between + 1 / fastest)
