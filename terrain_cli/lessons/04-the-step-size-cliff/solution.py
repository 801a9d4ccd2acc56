from collections.abc import Callable

import jax
import jax.numpy as jnp


def tune(f: Callable[[jax.Array], jax.Array], best: jax.Array) -> tuple[float, float, float]:
    """The critical step of a gradient descent on f near its lowest point, and a good step and momentum.

    f: from an array of shape (n,) to one number, made of functions of jax.numpy.
    best: where f is lowest, shape (n,). Returns (critical step, step, momentum); a momentum of 0 is none.
    """
    curvatures = jnp.linalg.eigvalsh(jax.hessian(f)(best))
    critical = 2 / curvatures[-1]
    a, b = jnp.sqrt(curvatures[-1]), jnp.sqrt(curvatures[0])
    return critical, 4 / (a + b) ** 2, ((a - b) / (a + b)) ** 2
