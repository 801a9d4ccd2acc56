from collections.abc import Callable

import jax


def final_time(f: Callable[[jax.Array], jax.Array], x: jax.Array, step: jax.Array) -> jax.Array:
    """The value of f after 10,000 rounds of gradient descent from x.

    f: from an array of shape (n,) to one number, made of functions of jax.numpy.
    x: shape (n,). step: one number. Returns one number, which can be differentiated with respect to the step.
    """

    def round_(x: jax.Array, _: None) -> tuple[jax.Array, None]:
        return x - step * jax.grad(f)(x), None

    def inner(x: jax.Array, _: None) -> tuple[jax.Array, None]:
        return jax.lax.scan(round_, x, length=100)[0], None

    return f(jax.lax.scan(jax.checkpoint(inner), x, length=100)[0])
