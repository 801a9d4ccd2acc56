import jax
import jax.numpy as jnp


def calc_time(x: jax.Array, widths: jax.Array, speeds: jax.Array, offset: float) -> jax.Array:
    """The time (s) that a path across strips of ground takes.

    x: how far the path moves along each strip except the last, m.
    widths, speeds: of all strips, m and m/s.
    offset: how far B lies along the strips from A, m. The last strip takes what `x` leaves of it.
    """
    along = jnp.append(x, offset - jnp.sum(x))
    return jnp.sum(jnp.sqrt(along**2 + widths**2) / speeds)
