"""The travel time across strips in JAX, for the checks that hand it to the learner's function. One compilation per shape."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np


@cache
def _compiled() -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    def calc_time(x: jax.Array, widths: jax.Array, speeds: jax.Array, offset: jax.Array) -> jax.Array:
        return jnp.sum(jnp.sqrt(jnp.append(x, offset - jnp.sum(x)) ** 2 + widths**2) / speeds)

    return jax.jit(calc_time)


def time_of(widths: np.ndarray, speeds: np.ndarray, offset: float) -> Callable[[Any], Any]:
    """The function from a path `x` to its time on this ground."""
    ground = np.asarray(widths), np.asarray(speeds), np.asarray(offset, dtype=float)
    return lambda x: _compiled()(x, *ground)
