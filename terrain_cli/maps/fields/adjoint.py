"""How monotone arrival times depend on the ground, without going back through the sweeps.

Where no update lowers a time further, each node's is a known function of two neighbours at most, both earlier, and of one cell.
So the derivatives of anything solve a triangular system, later nodes first, and that is swept as the times were.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from terrain_cli.maps.fields.bands import (
    QUADRANTS,
    Bands,
    Look,
    find_bands,
    find_unsettled,
    mirror_sheared,
    over_diagonals,
    over_rows,
    pad,
    put,
    relax,
    shear,
    straighten_mirrored,
    take,
)

ROUNDING = {"float64": 1e-14, "float32": 1e-6}  # relative


class Reliance(NamedTuple):
    """What each node's time is made of: derivatives with respect to its neighbours and to one cell.

    vertical, horizontal: the neighbour before (above, left) where positive, after (below, right) where negative.
    ground: the cell. quadrant: which of the four it is.
    """

    vertical: Array
    horizontal: Array
    ground: Array
    quadrant: Array


def find_reliance(node: Look, cell: Look, fixed: Array) -> Reliance:
    """Which update gives the time of each node, as `update_monotone` does. fixed: nodes whose time no update gives."""
    time = jnp.full(fixed.shape, jnp.inf, node(0, 0).dtype)
    found = Reliance(jnp.zeros_like(time), jnp.zeros_like(time), jnp.zeros_like(time), jnp.zeros_like(time, jnp.int8))
    for index, (i, j) in enumerate(QUADRANTS):
        a, b, slowness = node(i, 0), node(0, j), cell((i - 1) // 2, (j - 1) // 2)
        root = jnp.sqrt(2 * slowness**2 - (a - b) ** 2)
        wave, lean = 0.5 * (a + b + root), 0.5 * (a - b) / root
        ways = (
            (wave, (wave >= a) & (wave >= b), 0.5 - lean, 0.5 + lean, slowness / root),
            (a + slowness, True, 1.0, 0.0, 1.0),
            (b + slowness, True, 0.0, 1.0, 1.0),
        )
        for reached, can_be, by_a, by_b, by_ground in ways:
            better = can_be & (reached < time)
            time = jnp.where(better, reached, time)
            its = (-i * by_a, -j * by_b, by_ground, jnp.int8(index))
            found = Reliance(*(jnp.where(better, new, old) for new, old in zip(its, found, strict=True)))
    none = fixed | ~jnp.isfinite(node(0, 0)) | ~jnp.isfinite(time)
    return Reliance(*(jnp.where(none, jnp.zeros_like(value), value) for value in found))


def pull_back(kept: tuple[Array, Array, Array], by_times: Array) -> tuple[Array, Array]:
    """Derivatives with respect to slowness and initial times of what has the derivatives `by_times`.

    kept: slowness, initial times and the times that came of them.
    """
    slowness, initial, times = kept
    bands = find_bands(*initial.shape)
    rows, columns = initial.shape
    cells = pad(slowness, bands, jnp.inf)
    padded = pad(times, bands, jnp.inf)
    reached = jnp.isfinite(times)
    given = pad(jnp.where(reached, by_times, 0), bands, 0)
    fixed = pad(times == initial, bands, 1)

    reliance = _find_all(padded, cells, fixed, bands)
    weights = _relax_back(given, reliance, bands)

    inner = weights[1 : rows + 1, 1 : columns + 1]
    by_initial = jnp.where(fixed[1 : rows + 1, 1 : columns + 1] & reached, inner, 0)
    share = weights * reliance.ground
    by_cells = jnp.zeros_like(slowness)
    for index, (i, j) in enumerate(QUADRANTS):
        # The cell in this quadrant of node (r, c) is (r + (i - 1)/2, c + (j - 1)/2).
        top, left = 1 - (i - 1) // 2, 1 - (j - 1) // 2
        window = slice(top, top + slowness.shape[0]), slice(left, left + slowness.shape[1])
        by_cells = by_cells + jnp.where(reliance.quadrant[window] == index, share[window], 0)
    return by_cells, by_initial


def _find_all(times: Array, cells: Array, fixed: Array, bands: Bands) -> Reliance:
    def find(found: Reliance, row: Array, node: Look, cell: Look, is_fixed: Look) -> Reliance:
        new = find_reliance(node, cell, is_fixed(0, 0))
        return Reliance(*(lax.dynamic_update_slice(a, b, (row + 1, 1)) for a, b in zip(found, new, strict=True)))

    nothing = jnp.zeros_like(times)
    empty = Reliance(nothing, nothing, nothing, jnp.zeros(times.shape, jnp.int8))
    rows = Bands(1, bands.number * bands.height, bands.columns)
    found: Reliance = over_rows(find, empty, (times, cells, fixed), jnp.asarray(0), rows)
    return found


def _relax_back(given: Array, reliance: Reliance, bands: Bands) -> Array:
    """The derivative with respect to each node's own time: what is given, and what the nodes that rely on it pass back."""
    close = ROUNDING[str(given.dtype)]

    def gather(node: Look, given: Look, vertical: Look, horizontal: Look) -> Array:
        below, above = jnp.maximum(vertical(1, 0), 0) * node(1, 0), jnp.maximum(-vertical(-1, 0), 0) * node(-1, 0)
        right, left = jnp.maximum(horizontal(0, 1), 0) * node(0, 1), jnp.maximum(-horizontal(0, -1), 0) * node(0, -1)
        return given(0, 0) + ((below + above) + (right + left))

    def visit(k: Array, weights: Array, forth: bool) -> Array:
        its = [take(values, k, bands) for values in (given, reliance.vertical, reliance.horizontal)]
        sheared = over_diagonals(
            shear(take(weights, k, bands), bands), gather, tuple(shear(a, bands) for a in its), bands, forth
        )
        its[2] = -its[2]
        mirrored = tuple(shear(a, bands, mirror=bands.columns + 1) for a in its)
        sheared = over_diagonals(mirror_sheared(sheared, bands), gather, mirrored, bands, forth)
        return put(weights, straighten_mirrored(sheared, bands), k, bands)

    def differs(node: Look, *others: Look) -> Array:
        due = gather(node, *others)
        return jnp.abs(due - node(0, 0)) > close * jnp.abs(due)

    def unsettled(weights: Array) -> Array:
        return find_unsettled(differs, (weights, given, reliance.vertical, reliance.horizontal), bands)

    return relax(jnp.zeros_like(given), given != 0, visit, unsettled, bands)
