"""Times near the start. The field is singular there, so slowness is integrated along straight rays.

A straight ray is a valid path, so its time is an upper bound, and exact where the ground near the start is uniform; sweeping
lowers it where a detour is faster.
"""

import jax.numpy as jnp
from jax import Array, lax

from terrain_cli import jax_config as jax_config  # 64-bit floats

REACH = 5.5  # cells
SLIVER = {"float64": 1e-9, "float32": 1e-4}  # cells; shorter pieces are rounding errors


def add_start(times: Array, slowness: Array, closed: Array, start: Array) -> Array:
    """Times at nodes, shape (rows + 1, columns + 1), s, lowered near a start to those of straight rays from it.

    slowness: of the cells times the spacing, shape (rows, columns), s. closed: nodes that no ray may pass, bool, the same shape
    as times. start: (row, col), shape (2,), in units of cells.
    """
    size = [min(length, 2 * int(REACH + 1) + 1) for length in slowness.shape]
    whole = jnp.floor(lax.stop_gradient(start)).astype(int)
    first = [jnp.clip(whole[axis] - n // 2, 0, slowness.shape[axis] - n) for axis, n in enumerate(size)]
    nodes = [n + 1 for n in size]
    near = time_rays(
        lax.dynamic_slice(slowness, first, size),
        lax.dynamic_slice(closed, first, nodes),
        (start - jnp.stack(first)).astype(slowness.dtype),
    )
    return lax.dynamic_update_slice(times, jnp.minimum(near, lax.dynamic_slice(times, first, nodes)), first)


def time_rays(slowness: Array, closed: Array, start: Array) -> Array:
    """Exact times of straight rays from a start to the nodes of n x m cells, shape (n + 1, m + 1), s; inf if a ray is blocked.

    A ray along a grid line is used only within the cells that contain the start: beyond them, sweeping is exact.
    """
    sliver = SLIVER[str(slowness.dtype)]
    dx, dy = (jnp.arange(n + 1, dtype=start.dtype) - start[axis] for axis, n in enumerate(slowness.shape))
    square = dx[:, None] ** 2 + dy[None, :] ** 2
    length = jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1)), 0)

    (enter_x, leave_x), (enter_y, leave_y) = _shares(dx), _shares(dy)
    enter = jnp.maximum(enter_x[:, None, :, None], enter_y[None, :, None, :])
    leave = jnp.minimum(leave_x[:, None, :, None], leave_y[None, :, None, :])
    inside = (leave - enter) * length[:, :, None, None]  # length of each node's ray in each cell
    crossed, blocked = inside > sliver, jnp.isinf(slowness)[None, None]
    time = jnp.sum(jnp.where(crossed, inside * jnp.where(blocked, 0, slowness[None, None]), 0), (2, 3))
    stopped = jnp.any(crossed & blocked, (2, 3)) | _passes(dx, dy, closed, sliver)
    along_a_line = (jnp.abs(dx) <= sliver)[:, None] | (jnp.abs(dy) <= sliver)[None, :]
    time = jnp.where(stopped | along_a_line | (length > REACH), jnp.inf, time)

    own = jnp.where(_holds(dx, sliver)[:, None] & _holds(dy, sliver)[None, :], slowness, jnp.inf)
    own = jnp.pad(own, 1, constant_values=jnp.inf)
    least = jnp.minimum(jnp.minimum(own[1:, 1:], own[1:, :-1]), jnp.minimum(own[:-1, 1:], own[:-1, :-1]))
    holds = jnp.isfinite(least)
    time = jnp.where(holds, length * jnp.where(holds, least, 1), time)
    return jnp.where(closed & (length > sliver), jnp.inf, time)


def _shares(offsets: Array) -> tuple[Array, Array]:
    """Where the ray to each grid line enters and leaves each interval between grid lines, as fractions, shape (n + 1, n) each.

    offsets: of the grid lines from the start, shape (n + 1,), in units of cells.
    """
    low, high, aim = offsets[None, :-1], offsets[None, 1:], offsets[:, None]
    level = aim == 0
    a, b = low / jnp.where(level, 1, aim), high / jnp.where(level, 1, aim)
    within = jnp.where((low < 0) & (high > 0), 1.0, 0.0).astype(offsets.dtype)
    enter = jnp.where(level, 0, jnp.clip(jnp.minimum(a, b), 0, 1))
    leave = jnp.where(level, within, jnp.clip(jnp.maximum(a, b), 0, 1))
    return enter, leave


def _holds(offsets: Array, sliver: float) -> Array:
    """Which intervals between grid lines contain the start, ends included, shape (n,)."""
    return (offsets[:-1] <= sliver) & (offsets[1:] >= -sliver)


def _passes(dx: Array, dy: Array, closed: Array, sliver: float) -> Array:
    """Which nodes' rays pass through a closed node between their ends, shape (n + 1, m + 1)."""
    x, y = dx[:, None, None, None], dy[None, :, None, None]
    at_x, at_y = dx[None, None, :, None], dy[None, None, None, :]
    square = x**2 + y**2
    along = x * at_x + y * at_y
    aside = x * at_y - y * at_x
    between = (along > 0) & (along < square * (1 - sliver)) & (aside**2 <= sliver**2 * square)
    beyond_start = at_x**2 + at_y**2 > sliver**2
    return jnp.any(between & beyond_start & closed[None, None], (2, 3))
