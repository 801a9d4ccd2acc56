"""Arrival times over a map: how long it takes from a start to everywhere, and from everywhere to a goal.

The field T solves the eikonal equation |grad T| = slowness. Slowness is constant within a cell, and times are computed at the
corners of the cells (nodes), so that walls and borders between fast and slow ground lie exactly where the map puts them.
docs/arrival_times.md describes the method.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, DTypeLike

from terrain_cli.compile_cache import cached_jit
from terrain_cli.errors import shown
from terrain_cli.jax_config import to_array
from terrain_cli.maps.fields.marching import march_from
from terrain_cli.maps.fields.source import add_start
from terrain_cli.maps.fields.sweeping import settle_monotone
from terrain_cli.maps.fields.walking import walking_times
from terrain_cli.maps.ground import Ground, check_ground, closed_corners

SCHEMES = ("box", "godunov")


def arrival_times(ground: Ground, start: ArrayLike, *, scheme: str = "box", dtype: DTypeLike | None = None) -> Array:
    """The time from the start to each corner of the cells, shape (rows + 1, cols + 1), s; inf where no path leads.

    start: (x, y), shape (2,), m. Several starts, shape (n, 2), give the time from the one that is nearest in time. No path leads
    from a start that only blocked ground touches.
    scheme: "box", accurate, for values and routes; or "godunov", monotone, about a percent too slow, whose derivatives with
    respect to the ground and the start are the exact derivatives of its own values. On slopes both are the same: the times of
    shortest paths on a graph, about a percent too long, and without derivatives.
    dtype: of the times, float64 or float32; None for that of the slowness.

    A path may follow the border of blocked ground, but not pass between two blocked cells that touch only at a corner.
    Raises ValueError for a start outside the map and for an argument that is not valid.
    """
    return _times(ground, start, "start", scheme, dtype)


def remaining_times(ground: Ground, goal: ArrayLike, *, scheme: str = "box", dtype: DTypeLike | None = None) -> Array:
    """The time from each corner of the cells to the goal, shape (rows + 1, cols + 1), s; inf where no path leads.

    goal: (x, y), shape (2,), m; of several goals, shape (n, 2), the one that is nearest in time. Otherwise as `arrival_times`.
    """
    return _times(ground, goal, "goal", scheme, dtype)


def _times(ground: Ground, point: ArrayLike, name: str, scheme: str, dtype: DTypeLike | None) -> Array:
    """The times from a start to the corners, or from the corners to a goal, by the name. On level ground they are the same."""
    check_ground(ground)
    point = to_array(point, name)
    slowness = ground.slowness
    if dtype is not None:
        try:
            given = np.dtype(dtype)
        except TypeError:
            given = None
        if given not in (np.float32, np.float64):
            raise ValueError(f"dtype must be float32 or float64, got {given or shown(dtype)}")
    cells = _check_slowness(slowness)
    shape = np.shape(point)
    if shape[-1:] != (2,) or len(shape) > 2 or 0 in shape:
        raise ValueError(f"{name} must be a point (x, y), shape (2,), or several, (n, 2), got shape {shape}")
    at = ground.to_cells(point).reshape(-1, 2)
    outside = _find_outside(at, cells.shape)
    if outside:
        xmin, ymin, xmax, ymax = ground.extent
        x, y = np.reshape(point, (-1, 2))[outside[0]].tolist()
        raise ValueError(
            f"{name} must be inside the map, x from {xmin:g} to {xmax:g} and y from {ymin:g} to {ymax:g}, got [{x:g}, {y:g}]"
        )
    if ground.hilly:
        _check_scheme(scheme)
        back = name == "goal"
        times = np.min([walking_times(ground, np.asarray(place, float), back=back) for place in at], axis=0)
        return jnp.asarray(times, np.dtype(dtype or float))
    return _solve(cells, jnp.asarray(at, float), ground.cell, "ground.cell", scheme, dtype)


def _check_scheme(scheme: str) -> None:
    if scheme not in SCHEMES:
        raise ValueError(f"scheme must be one of {', '.join(map(repr, SCHEMES))}, got {scheme!r}")


def solve_eikonal(
    slowness: ArrayLike,
    start: ArrayLike,
    *,
    spacing: ArrayLike = 1.0,
    scheme: str = "box",
) -> Array:
    """The time between the start and each corner of the cells, shape (rows + 1, cols + 1), s, in either direction.

    slowness: of each cell, shape (rows, cols), s/m, greater than 0, inf where blocked. A float32 array gives float32 times.
    start: (row, col), shape (2,), in units of cells: the outer corner of the first cell is (0, 0), its centre (0.5, 0.5). Several
    starts, shape (n, 2), give the time from the nearest. spacing: side of a cell, m. scheme: as for `arrival_times`.

    Raises ValueError for an argument that is not valid.
    """
    cells, at = _check_slowness(slowness), jnp.asarray(start, float)
    if at.shape[-1:] != (2,) or at.ndim > 2 or 0 in at.shape:
        raise ValueError(f"start must be (row, col), shape (2,), or several, (n, 2), got shape {at.shape}")
    at = at.reshape(-1, 2)
    outside = _find_outside(at, cells.shape)
    if outside:
        rows, cols = cells.shape
        place = at[outside[0]].tolist()
        raise ValueError(f"start must be inside the map, 0 to {rows} rows and 0 to {cols} columns, got {place}")
    return _solve(cells, at, spacing, "spacing", scheme)


def _solve(
    cells: Array, at: Array, spacing: ArrayLike, name: str, scheme: str, dtype: DTypeLike | None = None
) -> Array:
    """The times from the nearest of the starts `at`, (row, col), shape (n, 2). name: that people know `spacing` by."""
    _check_scheme(scheme)
    if np.shape(spacing) != ():
        raise ValueError(f"{name} must be one number, got shape {np.shape(spacing)}")
    if not isinstance(spacing, jax.core.Tracer) and not 0 < float(np.asarray(spacing)) < np.inf:
        raise ValueError(f"{name} must be greater than 0 and finite, got {spacing}")
    kind = np.dtype(dtype or cells.dtype).name
    traced = any(isinstance(a, jax.core.Tracer) for a in (cells, at, spacing))
    if scheme == "box":
        if traced:
            called: Array = _call_march(cells, at, jnp.asarray(spacing, float), kind)
            return called
        return jnp.asarray(_march(cells, at, spacing, kind=kind))
    if not traced:
        _check_fit(np.asarray(cells) * float(np.asarray(spacing)), kind)
    cells, distance = cells.astype(kind), jnp.asarray(spacing, kind)
    rows, cols = cells.shape
    grown = _grow(rows), _grow(cols)
    if traced or grown == cells.shape:
        times: Array = _eikonal(cells, at, distance)
        return times
    # Padded with blocked ground, the map has one of a few sizes, for each of which a compiled program is kept.
    more = np.pad(cells, ((0, grown[0] - rows), (0, grown[1] - cols)), constant_values=np.inf)
    return jnp.asarray(np.asarray(_eikonal(more, at, distance))[: rows + 1, : cols + 1])


def _march(cells: ArrayLike, at: ArrayLike, spacing: ArrayLike, kind: str) -> np.ndarray:
    """The times of the scheme "box", computed in float64 and kept in another type if it is asked for.

    A start outside the map reaches nothing. Raises ValueError for a slowness that is not greater than 0, which nobody can see
    while it is traced, and for times that the type cannot hold.
    """
    slowness, starts = np.asarray(cells), np.asarray(at, float)  # a callback that uses JAX itself can wait for ever
    _check_values(slowness)
    inside = np.all((starts >= 0) & (starts <= slowness.shape), axis=1)
    times = march_from(slowness, starts[inside]) * float(np.asarray(spacing))
    _check_fit(times, kind)
    return times.astype(kind)


def _check_fit(times: np.ndarray, kind: str) -> None:
    if not fits(times, kind):
        raise ValueError(f"times must fit into {kind}, which some of them do not: take float64, or other units")


def fits(times: np.ndarray, kind: str) -> bool:
    """Whether a type of float holds times with its full precision, those that are finite and greater than 0."""
    known = times[np.isfinite(times) & (times > 0)]
    held = np.finfo(kind)
    return not known.size or bool(known.min() >= held.tiny and known.max() <= held.max)


def keep(times: ArrayLike, precision: int) -> np.ndarray:
    """Times as a NumPy array, in float32 if `precision` is 32 and it can hold them, else in float64."""
    values = np.asarray(times)
    return values.astype(np.float32) if precision == 32 and fits(values, "float32") else values


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def _call_march(cells: Array, at: Array, spacing: Array, kind: str) -> Array:
    """The times of the scheme "box" of ground that JAX traces: the compiled loop is called when the program runs."""
    rows, cols = cells.shape
    shape = jax.ShapeDtypeStruct((rows + 1, cols + 1), kind)  # type: ignore[no-untyped-call]
    times: Array = jax.pure_callback(partial(_march, kind=kind), shape, cells, at, spacing, vmap_method="sequential")
    return times


def _refuse(*_: object) -> tuple[Array, None]:
    raise ValueError(
        "the box scheme has no derivatives: use scheme='godunov', whose derivatives are exact for its own times"
    )


_call_march.defvjp(_refuse, _refuse)


def _grow(length: int) -> int:
    """The smallest length of at least `length` for which programs are compiled: 64, and sixteen for each power of two."""
    step = max(16, (1 << (length - 1).bit_length()) >> 5)
    return max(64, -(-length // step) * step)


@cached_jit
def _eikonal(slowness: Array, starts: Array, spacing: Array) -> Array:
    """The times of the scheme "godunov"."""
    blocked = jnp.isinf(slowness)
    across = jnp.where(blocked, jnp.inf, jnp.where(blocked, 1, slowness) * spacing)  # time along a side
    closed = closed_corners(slowness)
    times = jnp.full(closed.shape, jnp.inf, slowness.dtype)
    for start in starts:
        times = add_start(times, across, closed, start)
    times = settle_monotone(across, jnp.where(closed & (times > 0), jnp.nan, times))
    return jnp.where(jnp.isnan(times), jnp.inf, times)


def _check_slowness(slowness: ArrayLike) -> Array:
    """Slowness as floats. Raises ValueError if it is not an array of cells or a value is not greater than 0."""
    values = jnp.asarray(slowness)
    cells = values if values.dtype == jnp.float32 else values.astype(jnp.float64)
    if cells.ndim != 2 or 0 in cells.shape:
        raise ValueError(f"slowness must have rows and columns, got shape {cells.shape}")
    if not isinstance(cells, jax.core.Tracer):  # a traced array has no values yet
        _check_values(np.asarray(cells))
    return cells


def _check_values(cells: np.ndarray) -> None:
    """Raises ValueError if a slowness is not greater than 0."""
    wrong = np.argwhere(~(cells > 0))
    if len(wrong):
        row, col = wrong[0].tolist()
        raise ValueError(
            f"slowness[{row}, {col}] must be greater than 0 (inf where the ground is blocked), "
            f"got {float(cells[row, col])}"
        )


def _find_outside(at: Array | np.ndarray, shape: tuple[int, ...]) -> list[int]:
    """Which of the points (row, col), shape (n, 2), lie outside a map of this shape; none as long as they are traced."""
    if isinstance(at, jax.core.Tracer):
        return []
    places = np.asarray(at)
    return [int(i) for i in np.flatnonzero(~((places >= 0) & (places <= shape)).all(1))]
