from collections.abc import Callable

import jax
import jax.numpy as jnp


def descend(f: Callable[[jax.Array], jax.Array], x: jax.Array, step: float, iterations: int) -> jax.Array:
    """All points of a gradient descent on f from x, the first one included.

    f: from an array of shape (n,) to one number, made of functions of jax.numpy.
    x: shape (n,). Returns shape (iterations + 1, n).
    """
    gradient = jax.grad(f)
    path = [x]
    for _ in range(iterations):
        x = x - step * gradient(x)
        path.append(x)
    return jnp.stack(path)
