"""The memory layout of a map while it is swept: bands of rows, sheared so that each anti-diagonal becomes a row.

The nodes of an anti-diagonal depend on the two anti-diagonals before it and not on each other, so they can be updated together
(Detrixhe, Gibou and Min 2013) if they are contiguous in memory. Shearing a whole map would double its size. Shearing a band of
about 256 rows adds little; the band is long enough for vector instructions and small enough for the processor's cache.

A map has a margin of one node and one cell on every side. A band consists of `height` rows plus one row before and one after.
After shearing, the node in row i and column j is at [i + j, i], and so is the cell below and to the right of it.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import jax.numpy as jnp
from jax import Array, lax

from terrain_cli import jax_config as jax_config  # 64-bit floats

BAND = 256  # rows
QUADRANTS = ((-1, -1), (-1, 1), (1, -1), (1, 1))  # the four cells around a node, by the offset of their opposite corner

Look = Callable[[int | Array, int | Array], Array]  # (i, j) -> the values i rows down and j columns to the right

T = TypeVar("T")


class Bands(NamedTuple):
    """A map of nodes cut into `number` bands of `height` rows and `columns` columns."""

    number: int
    height: int
    columns: int


def find_bands(rows: int, columns: int) -> Bands:
    """The bands for a map of nodes, shape (rows, columns)."""
    number = max(1, round(rows / BAND))
    return Bands(number, -(-rows // number), columns)


def pad(values: Array, bands: Bands, margin: float) -> Array:
    """A map of nodes or cells with its margin added, and rows below it to fill the last band."""
    rows, columns = values.shape
    below, right = bands.number * bands.height + 1 - rows, bands.columns + 1 - columns
    return jnp.pad(values, ((1, below), (1, right)), constant_values=margin)


def take(values: Array, k: Array, bands: Bands) -> Array:
    """A band with the rows before and after it, shape (height + 2, columns + 2)."""
    return lax.dynamic_slice(values, (k * bands.height, 0), (bands.height + 2, bands.columns + 2))


def put(values: Array, band: Array, k: Array, bands: Bands) -> Array:
    """The map with the nodes of band k replaced by `band`, shape (height, columns)."""
    return lax.dynamic_update_slice(values, band, (k * bands.height + 1, 1))


def shear(band: Array, bands: Bands, mirror: int | None = None) -> Array:
    """A band with its anti-diagonals as rows. mirror: reverse the order of the columns, so that this one becomes column 0."""
    row, column = _places(bands)
    width = bands.columns + 2
    if mirror is not None:
        column = mirror - column
    return _pick(band, jnp.where((column >= 0) & (column < width), row * width + column, 0))


def mirror_sheared(sheared: Array, bands: Bands) -> Array:
    """The same nodes, sheared with their columns in reverse order."""
    row, column = _places(bands)
    there = row + bands.columns + 1 - column
    inside = (column >= 0) & (column <= bands.columns + 1)
    return _pick(sheared, jnp.where(inside, there * sheared.shape[1] + row, 0))


def straighten_mirrored(sheared: Array, bands: Bands) -> Array:
    """The nodes of a band, shape (height, columns), from one that is sheared with its columns in reverse order."""
    row, column = (lax.broadcasted_iota(jnp.int32, (bands.height, bands.columns), axis) + 1 for axis in range(2))
    return _pick(sheared, (row + bands.columns + 1 - column) * sheared.shape[1] + row)


def _places(bands: Bands) -> tuple[Array, Array]:
    """Row and column, in the band, of each element of the sheared band."""
    shape = bands.height + bands.columns + 3, bands.height + 2
    diagonal, row = (lax.broadcasted_iota(jnp.int32, shape, axis) for axis in range(2))
    return row, diagonal - row


def _pick(values: Array, index: Array) -> Array:
    """Elements of the flattened values. Index 0, a corner of the margin, stands for everything outside the band."""
    return values.reshape(-1).at[index].get(mode="promise_in_bounds")


def over_diagonals(
    values: Array, update: Callable[..., Array], others: tuple[Array, ...], bands: Bands, forth: Array
) -> Array:
    """A sheared band with each anti-diagonal updated in turn, from first to last if `forth`, else from last to first.

    update: takes a `Look` at the values and one at each of the others, and returns the new values of an anti-diagonal, shape
    (1, height).
    """

    def follow(k: Array, values: Array) -> Array:
        diagonal = jnp.where(forth, k + 2, bands.height + bands.columns - k)

        def look_in(values: Array) -> Look:
            return lambda i, j: lax.dynamic_slice(values, (diagonal + i + j, 1 + i), (1, bands.height))

        return lax.dynamic_update_slice(values, update(*map(look_in, (values, *others))), (diagonal, 1))

    swept: Array = lax.fori_loop(0, bands.height + bands.columns - 1, follow, values)
    return swept


def over_rows(update: Callable[..., T], initial: T, maps: tuple[Array, ...], k: Array, bands: Bands) -> T:
    """Fold `update(carried, row, *looks)` over the rows of band k: one row fits into the cache, a whole map may not."""

    def follow(row: Array, carried: T) -> T:
        def look_in(values: Array) -> Look:
            return lambda i, j: lax.dynamic_slice(values, (row + 1 + i, 1 + j), (1, bands.columns))

        return update(carried, row, *map(look_in, maps))

    folded: T = lax.fori_loop(k * bands.height, (k + 1) * bands.height, follow, initial)
    return folded


def find_unsettled(differs: Callable[..., Array], maps: tuple[Array, ...], bands: Bands) -> Array:
    """Which bands contain a node for which `differs` is true, shape (number,). differs: takes a `Look` at each of the maps."""

    def look_at(k: Array, found: Array) -> Array:
        none = jnp.zeros((1, bands.columns), bool)
        rows = over_rows(lambda found, _, *looks: found | differs(*looks), none, maps, k, bands)
        return found.at[k].set(jnp.any(rows))

    unsettled: Array = lax.fori_loop(0, bands.number, look_at, jnp.zeros(bands.number, bool))
    return unsettled


def relax(
    values: Array,
    known: Array,
    visit: Callable[[Array, Array, Array], Array],
    unsettled: Callable[[Array], Array],
    bands: Bands,
) -> Array:
    """Visit each unsettled band and the bands after it, alternating down and up the map, until all bands are settled.

    known: nodes with initial values, bool, a map with its margin. visit: takes a band, the values and the direction (true: down),
    and returns the new values. unsettled: takes the values and returns which bands are unsettled, shape (number,).

    The direction is a traced value, so that the program holds one sweep and compiles sooner than with one for each direction.
    """

    def go(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        values, restless, forth = state

        def look_at(step: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            values, moved = state
            k = jnp.where(forth, step, bands.number - 1 - step)
            moved = moved | restless[k]
            # A loop of at most one step, because a conditional would copy the whole map.
            return lax.fori_loop(0, moved.astype(int), lambda _, values: visit(k, values, forth), values), moved

        values, _ = lax.fori_loop(0, bands.number, look_at, (values, jnp.asarray(False)))
        return values, unsettled(values), ~forth

    restless = jnp.any(known[1:-1, 1:-1].reshape(bands.number, -1), 1)
    at_rest: Array
    at_rest, *_ = lax.while_loop(lambda state: jnp.any(state[1]), go, (values, restless, jnp.asarray(True)))
    return at_rest
