from collections.abc import Callable

import jax
import jax.numpy as jnp


def find_lake(guess: jax.Array, misfit: Callable[[jax.Array, jax.Array], jax.Array]) -> jax.Array:
    """The lake at the end of a descent from a guess.

    guess: x and y of the centre, and the radius, shape (3,), m.
    misfit: from a lake, shape (3,), and the width of its shore (m, greater than 0) to the misfit, s². Returns a lake, shape (3,).
    """
    rounds = 2500

    def step(state: tuple[jax.Array, ...], i: jax.Array) -> tuple[tuple[jax.Array, ...], None]:
        lake, mean, square = state
        part = i / (rounds - 1)
        width = 5 * (0.02 / 5) ** part
        g = jax.grad(misfit)(lake, width)
        mean = 0.9 * mean + 0.1 * g
        square = 0.999 * square + 0.001 * g**2
        move = mean / (1 - 0.9 ** (i + 1)) / (jnp.sqrt(square / (1 - 0.999 ** (i + 1))) + 1e-12)
        return (lake - 0.1 * 0.1**part * move, mean, square), None

    start = (guess, jnp.zeros(3), jnp.zeros(3))
    return jax.lax.scan(step, start, jnp.arange(rounds, dtype=float))[0][0]
