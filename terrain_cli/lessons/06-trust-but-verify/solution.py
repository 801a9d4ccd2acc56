from collections.abc import Callable

import jax
import jax.numpy as jnp


def newton_step(f: Callable[[jax.Array], jax.Array], x: jax.Array) -> jax.Array:
    """The point after one step of Newton's method on f from x.

    f: from an array of shape (n,) to one number, made of functions of jax.numpy.
    x: shape (n,). Returns shape (n,).
    """
    return x - jnp.linalg.solve(jax.hessian(f)(x), jax.grad(f)(x))
