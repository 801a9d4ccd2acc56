"""A lake in the way, for the checks: exact times in NumPy, and the descent of docs/examples.md in JAX.

On land one moves at 1 m/s, in the lake at 0.1 m/s, from (0, 10) to (30, 10) by 19 waypoints, which are free in y.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

IN_LAKE, ON_LAND = 0.1, 1.0  # m/s
START, GOAL = np.array([0.0, 10.0]), np.array([30.0, 10.0])  # m
ACROSS = np.linspace(0, 30, 21)[1:-1]  # x of the waypoints, m
ALONG = (np.arange(8) + 0.5) / 8  # where on each leg the speed is looked up
WIDE, NARROW, STEPS = 3.0, 0.05, 1000  # width of the shore at first and at last, m; steps of the descent


def to_points(y: np.ndarray) -> np.ndarray:
    """The path with waypoints at these y, shape (21, 2), m."""
    return np.concatenate([[START], np.stack([ACROSS, y], axis=1), [GOAL]])


def time_legs(a: np.ndarray, b: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    """The time of each leg from a to b, shapes (n, 2), with a hard shore: the part in the circle, by a quadratic equation."""
    legs, a = b - a, a - centre
    square, half = np.sum(legs**2, axis=1), np.sum(a * legs, axis=1)
    root = np.sqrt(np.maximum(half**2 - square * (np.sum(a**2, axis=1) - radius**2), 0))
    wet = np.clip((-half + root) / square, 0, 1) - np.clip((-half - root) / square, 0, 1)
    times: np.ndarray = np.sqrt(square) * (wet / IN_LAKE + (1 - wet) / ON_LAND)
    return times


def time_exactly(y: np.ndarray, centre: np.ndarray, radius: float) -> float:
    """The time of a path, s."""
    points = to_points(y)
    return float(time_legs(points[:-1], points[1:], centre, radius).sum())


def best_time(centre: np.ndarray, radius: float) -> float:
    """The time of the fastest path around a lake that the straight line crosses: a tangent, an arc and a tangent."""
    to_start, to_goal = START - centre, GOAL - centre
    near, far = np.linalg.norm(to_start), np.linalg.norm(to_goal)
    angle = np.arccos(np.clip(to_start @ to_goal / near / far, -1, 1))  # below 180°: the shorter side
    arc = angle - np.arccos(radius / near) - np.arccos(radius / far)
    return float((np.sqrt(near**2 - radius**2) + np.sqrt(far**2 - radius**2) + radius * arc) / ON_LAND)


def make_descent(speed: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    """Adam on the time with this speed, a function of the distance to the shore and its width: (y, centre, radius) -> y."""
    import jax
    import jax.numpy as jnp
    from jax import Array

    def calc_time(y: Array, width: Array, centre: Array, radius: Array) -> Array:
        points = jnp.concatenate([jnp.array([START]), jnp.stack([jnp.array(ACROSS), y], axis=1), jnp.array([GOAL])])
        legs = points[1:] - points[:-1]
        places = points[:-1, None] + ALONG[None, :, None] * legs[:, None]
        to_shore = jnp.sqrt(jnp.sum((places - centre) ** 2, axis=2)) - radius
        lengths = jnp.sqrt(jnp.sum(legs**2, axis=1))
        return jnp.sum(lengths * jnp.mean(1 / speed(to_shore, width), axis=1))

    def descend(y: Array, centre: Array, radius: Array) -> Array:
        def step(state: tuple[Array, Array, Array], i: Array) -> tuple[tuple[Array, Array, Array], None]:
            y, mean, square = state
            part = i / (STEPS - 1)
            g = jax.grad(calc_time)(y, WIDE * (NARROW / WIDE) ** part, centre, radius)
            mean, square = 0.9 * mean + 0.1 * g, 0.99 * square + 0.01 * g**2
            move = mean / (1 - 0.9 ** (i + 1)) / (jnp.sqrt(square / (1 - 0.99 ** (i + 1))) + 1e-12)
            return (y - 0.1 * 0.1**part * move, mean, square), None

        still = jnp.zeros_like(y)
        return jax.lax.scan(step, (y, still, still), jnp.arange(STEPS, dtype=float))[0][0]

    return jax.jit(descend)


def mix_speeds(to_shore: Any, width: Any) -> Any:
    """The speed across a soft shore: that of both sides, weighted."""
    import jax

    inside = jax.nn.sigmoid(-to_shore / width)
    return inside * IN_LAKE + (1 - inside) * ON_LAND
