"""Fast sweeping of arrival times over a raster, an anti-diagonal at a time.

All nodes of an anti-diagonal depend on the two before it and not on each other, so they are updated together (Zhao 2005;
Detrixhe, Gibou and Min 2013). For that the rows are sheared, so that an anti-diagonal is a row in memory; and they are sheared
in bands of some 256 rows, each band a layer of its own, which wastes next to no memory and keeps what is worked on in the
processor's cache.

A band holds node (i, j), i counted inside the band, at [i + j + 2, i + 1], and the cell between that node and (i + 1, j + 1) at
the same place. Columns 0 and -1 repeat the last row of the band before and the first of the band after.

A node that is NaN takes no part: every comparison with it is false. So do ground that is blocked (slowness inf) and the
square roots of negative numbers, which are the directions that no wave comes from.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from terrain_cli import engine as engine  # 64-bit floats

BAND = 256  # rows; at this length the loop's own cost is below that of the arithmetic
DIAGONAL = 2**0.5

Update = Callable[[Array, Array, Array, Array, Array, Array, Array], Array]
Look = Callable[[int, int], Array]


class Bands(NamedTuple):
    """How `rows` x `columns` nodes lie in memory: `count` bands of `height` rows, each sheared over `diagonals`."""

    rows: int
    columns: int
    count: int
    height: int

    @property
    def diagonals(self) -> int:
        return self.columns + self.height - 1


def find_bands(rows: int, columns: int) -> Bands:
    count = max(1, round(rows / BAND))
    return Bands(rows, columns, count, -(-rows // count))


def shear(values: Array, bands: Bands) -> Array:
    """Values at nodes or cells, shape (rows, columns) at most, as bands; inf where there are none."""
    node, layer, diagonal = _places(bands)
    row, column = layer * bands.height + node, diagonal - node
    inside = (row >= 0) & (row < values.shape[0]) & (column >= 0) & (column < values.shape[1])
    found = values[jnp.clip(row, 0, values.shape[0] - 1), jnp.clip(column, 0, values.shape[1] - 1)]
    return jnp.where(inside, found, jnp.inf)


def straighten(times: Array, bands: Bands) -> Array:
    """The nodes of bands as a map, shape (rows, columns)."""
    row = lax.broadcasted_iota(jnp.int32, (bands.rows, bands.columns), 0)
    column = lax.broadcasted_iota(jnp.int32, (bands.rows, bands.columns), 1)
    inside = row % bands.height
    return times[row // bands.height, inside + column + 2, inside + 1]


def mirror(times: Array, bands: Bands) -> Array:
    """The bands of the map with its columns in reverse order."""
    node, layer, diagonal = _places(bands)
    column = diagonal - node
    source = jnp.clip(bands.columns + 1 - diagonal + 2 * node, 0, times.shape[1] - 1)
    found = times[layer, source, node + 1]
    return jnp.where((column >= 0) & (column < bands.columns), found, jnp.inf)


def _places(bands: Bands) -> tuple[Array, Array, Array]:
    shape = (bands.count, bands.diagonals + 5, bands.height + 2)
    layer, diagonal, node = (lax.broadcasted_iota(jnp.int32, shape, axis) for axis in range(3))
    return node - 1, layer, diagonal - 2


def update_from(quadrant: tuple[int, int], node: Look, cell: Look, update: Update) -> Array:
    """The times of nodes, lowered by what reaches them through the cell that lies in this direction, (-1 or 1, -1 or 1).

    node, cell: look up what lies so many rows and columns from the nodes. Along an edge the faster side carries the wave.
    """
    a, b = quadrant
    up, left = (a - 1) // 2, (b - 1) // 2
    slowness = cell(up, left)
    along_column = least(slowness, cell(up, -1 - left))
    along_row = least(slowness, cell(-1 - up, left))
    return update(node(0, 0), node(a, b), node(a, 0), node(0, b), slowness, along_column, along_row)


def sweep(times: Array, slowness: Array, bands: Bands, update: Update, forth: bool) -> Array:
    """One pass over all anti-diagonals: from the first row and column to the last where `forth`, else back."""
    count, height = bands.count, bands.height
    quadrant = (-1, -1) if forth else (1, 1)

    def follow_band(k: Array, times: Array) -> Array:
        layer = k if forth else count - 1 - k
        times = _pass_on(times, layer, bands, forth)

        def follow_diagonal(k: Array, times: Array) -> Array:
            diagonal = k + 2 if forth else bands.diagonals + 1 - k

            def look_in(values: Array) -> Look:
                return lambda i, j: lax.dynamic_slice(values, (layer, diagonal + i + j, 1 + i), (1, 1, height))

            lower = update_from(quadrant, look_in(times), look_in(slowness), update)
            return lax.dynamic_update_slice(times, lower, (layer, diagonal, 1))

        return lax.fori_loop(0, bands.diagonals, follow_diagonal, times)

    return lax.fori_loop(0, count, follow_band, times)


def _pass_on(times: Array, layer: Array, bands: Bands, forth: bool) -> Array:
    """Repeat in a band the row before it (after it, where not `forth`)."""
    height, columns = bands.height, bands.columns
    if bands.count == 1:
        return times
    if forth:
        there, here, outermost = (layer - 1, height + 1, height), (layer, 1, 0), layer == 0
    else:
        there, here, outermost = (layer + 1, 2, 1), (layer, height + 2, height + 1), layer == bands.count - 1
    row = lax.dynamic_slice(times, there, (1, columns, 1))
    row = jnp.where(outermost, jnp.inf, row)
    return lax.dynamic_update_slice(times, row, here)


def repeat_all(times: Array, bands: Bands) -> Array:
    """Repeat in every band the rows before and after it."""
    for layer in range(bands.count):
        for forth in (True, False):
            times = _pass_on(times, jnp.asarray(layer), bands, forth)
    return times


def can_fall(times: Array, slowness: Array, bands: Bands, update: Update, tolerance: float) -> Array:
    """Whether an update would still lower the time of any node by more than a relative `tolerance`."""

    def look_in(values: Array) -> Look:
        def look(i: int, j: int) -> Array:
            return values[:, 2 + i + j : 2 + i + j + bands.diagonals, 1 + i : 1 + i + bands.height]

        return look

    node, cell = look_in(times), look_in(slowness)
    now = limit = (1 - tolerance) * node(0, 0)
    falls = jnp.zeros(now.shape, bool)
    for quadrant in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        falls = falls | (update_from(quadrant, node, cell, update) < limit)
    return jnp.any(falls)


def least(a: Array, b: Array) -> Array:
    """The smaller of two, or the first where they cannot be compared; faster than `jnp.minimum`, which looks for NaN."""
    return jnp.where(b < a, b, a)


def update_monotone(
    time: Array, opposite: Array, a: Array, b: Array, slowness: Array, to_a: Array, to_b: Array
) -> Array:
    """Godunov's update: a plane wave between the two neighbours, or along an edge. Slowness times spacing, s."""
    difference = a - b
    wave = 0.5 * (a + b + jnp.sqrt(2 * slowness**2 - difference**2))
    time = least(least(time, a + to_a), b + to_b)
    return jnp.where((wave >= a) & (wave >= b) & (wave < time), wave, time)


def update_box(time: Array, opposite: Array, a: Array, b: Array, slowness: Array, to_a: Array, to_b: Array) -> Array:
    """The box's update: a wave over the cell's other three corners, straight across it, or along an edge."""
    difference = a - b
    wave = opposite + jnp.sqrt(2 * slowness**2 - difference**2)
    time = least(least(least(time, a + to_a), b + to_b), opposite + DIAGONAL * slowness)
    return jnp.where((wave >= a) & (wave >= b) & (wave < time), wave, time)


UPDATES: dict[str, Update] = {"box": update_box, "god": update_monotone}


def settle(slowness: Array, initial: Array, scheme: str) -> Array:
    """The times that no update lowers further, shape (rows + 1, columns + 1), s.

    slowness: of cells times the spacing, shape (rows, columns), s. initial: times known beforehand, upper bounds; inf where
    there are none, NaN where nothing may pass.
    """
    bands = find_bands(*initial.shape)
    update = UPDATES[scheme]
    tolerance = 1e-12 if initial.dtype == jnp.float64 else 1e-6
    as_is, mirrored = shear(slowness, bands), shear(slowness[:, ::-1], bands)

    def iterate(state: tuple[Array, Array]) -> tuple[Array, Array]:
        times, _ = state
        for cells in (as_is, mirrored):
            times = sweep(times, cells, bands, update, forth=True)
            times = sweep(times, cells, bands, update, forth=False)
            times = mirror(repeat_all(times, bands), bands)
        return times, can_fall(times, as_is, bands, update, tolerance)

    times, _ = lax.while_loop(lambda state: state[1], iterate, (shear(initial, bands), jnp.asarray(True)))
    return straighten(times, bands)
