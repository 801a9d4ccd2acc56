"""Arrival times over a map: how long it takes to get from a start to everywhere.

The field T solves the eikonal equation |grad T| = slowness. Slowness is one number per cell, times are at the cells' corners
(nodes), so that borders between fast and slow ground, and walls, lie where the map puts them. docs/arrival_times.md.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from terrain_cli import jax_config as jax_config  # 64-bit floats
from terrain_cli.compile_cache import cached_jit
from terrain_cli.maps.fields.source import add_start
from terrain_cli.maps.fields.sweeping import settle_box, settle_monotone
from terrain_cli.maps.ground import closed_corners

SCHEMES = {"box": settle_box, "god": settle_monotone}


def arrival_times(
    slowness: ArrayLike | Sequence[Any],
    start: ArrayLike | Sequence[Any],
    *,
    spacing: ArrayLike | Sequence[Any] = 1.0,
    scheme: str = "box",
) -> Array:
    """The time to each corner of the cells of a map, shape (rows + 1, columns + 1), s; inf where there is no way.

    slowness: of each cell, shape (rows, columns), s/m, greater than 0, inf where it is blocked. float32 gives float32.
    start: row and column, shape (2,), cells: (0, 0) is the outer corner of the first cell, whose centre is (0.5, 0.5).
    Several starts, shape (n, 2), give the time from the nearest. Where all ground that touches a start is blocked, there is no
    way from it.
    spacing: side of a cell, m.
    scheme: "box", accurate, for values and routes; or "god" (Godunov), monotone, about a percent too slow, whose derivatives with
    respect to slowness, start and spacing are those of its own values.

    A way may follow the border of blocked ground, but not pass between two blocked cells that touch at a corner.
    Raises ValueError where an argument is none of this.
    """
    cells, at = _check(slowness, start, spacing, scheme)
    distance = jnp.asarray(spacing, cells.dtype)
    rows, columns = cells.shape
    grown = _grow(rows), _grow(columns)
    if grown == cells.shape or any(isinstance(a, jax.core.Tracer) for a in (cells, at, distance)):
        times: Array = _arrival_times(cells, at, distance, scheme=scheme)
        return times
    # Blocked ground around it makes the map one of a few sizes, for each of which there is a compiled program.
    more = np.pad(cells, ((0, grown[0] - rows), (0, grown[1] - columns)), constant_values=np.inf)
    return jnp.asarray(np.asarray(_arrival_times(more, at, distance, scheme=scheme))[: rows + 1, : columns + 1])


def _grow(length: int) -> int:
    """The next length of which there are programs: sixteen for each power of two."""
    step = max(16, (1 << (length - 1).bit_length()) >> 5)
    return -(-length // step) * step


@partial(cached_jit, static_argnames=("scheme",))
def _arrival_times(slowness: Array, starts: Array, spacing: Array, scheme: str) -> Array:
    blocked = jnp.isinf(slowness)
    across = jnp.where(blocked, jnp.inf, jnp.where(blocked, 1, slowness) * spacing)  # time along a side
    closed = closed_corners(slowness)
    times = jnp.full(closed.shape, jnp.inf, slowness.dtype)
    for start in starts:
        times = add_start(times, across, closed, start)
    times = SCHEMES[scheme](across, jnp.where(closed & (times > 0), jnp.nan, times))
    return jnp.where(jnp.isnan(times), jnp.inf, times)


def _check(slowness: Any, start: Any, spacing: Any, scheme: str) -> tuple[Array, Array]:
    """Slowness as floats and starts as shape (n, 2), or ValueError."""
    if scheme not in SCHEMES:
        raise ValueError(f"scheme must be one of {', '.join(map(repr, SCHEMES))}, got {scheme!r}")
    cells, at = _as_floats(slowness), jnp.asarray(start, float)
    if cells.ndim != 2 or 0 in cells.shape:
        raise ValueError(f"slowness must have rows and columns, got shape {cells.shape}")
    if at.shape[-1:] != (2,) or at.ndim > 2 or 0 in at.shape:
        raise ValueError(f"start must be a row and a column, shape (2,), or several, (n, 2), got shape {at.shape}")
    if np.shape(spacing) != ():
        raise ValueError(f"spacing must be one number, got shape {np.shape(spacing)}")
    at = at.reshape(-1, 2)
    # What is traced has no values yet.
    if not isinstance(cells, jax.core.Tracer):
        wrong = np.argwhere(~(np.asarray(cells) > 0))
        if len(wrong):
            row, column = wrong[0].tolist()
            raise ValueError(
                f"slowness[{row}, {column}] must be greater than 0 (inf where the ground is blocked), "
                f"got {float(cells[row, column])}"
            )
    if not isinstance(at, jax.core.Tracer):
        places = np.asarray(at)
        for place in places[~((places >= 0) & (places <= cells.shape)).all(1)].tolist():
            raise ValueError(
                f"start must be inside the map, 0 to {cells.shape[0]} rows and 0 to {cells.shape[1]} columns, got {place}"
            )
    if not isinstance(spacing, jax.core.Tracer) and not 0 < float(np.asarray(spacing)) < np.inf:
        raise ValueError(f"spacing must be greater than 0 and finite, got {spacing}")
    return cells, at


def _as_floats(given: Any) -> Array:
    values: Array = jnp.asarray(given)
    return values if values.dtype == jnp.float32 else values.astype(jnp.float64)
