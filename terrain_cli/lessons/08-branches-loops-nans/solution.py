import jax
import jax.numpy as jnp


def calc_time(points: jax.Array, shore: float, slow: float, fast: float) -> jax.Array:
    """The time (s) of the path through these points, leg by leg.

    points: x and y of each waypoint, shape (n, 2), m. Two of them may be in the same place.
    shore: the x from which on the ground is mud, m.
    slow, fast: the speed on legs whose middle has x > shore, and on the others, m/s.
    """
    square = jnp.sum((points[1:] - points[:-1]) ** 2, axis=1)
    still = square == 0
    lengths = jnp.where(still, 0.0, jnp.sqrt(jnp.where(still, 1.0, square)))
    middle = (points[1:, 0] + points[:-1, 0]) / 2
    return jnp.sum(lengths / jnp.where(middle > shore, slow, fast))
