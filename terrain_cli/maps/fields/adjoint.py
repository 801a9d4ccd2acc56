"""Derivatives of monotone arrival times with respect to the ground, without differentiating through the sweeps.

At the solution no update lowers a time further, so each node's time is a known function of at most two earlier neighbours and of
one cell. The derivatives of any function of the times therefore solve a triangular system (the adjoint), later nodes first, and
that system is solved by the same sweeps.
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


class Dependence(NamedTuple):
    """The derivatives of each node's time with respect to its neighbours and to one cell; all of the shape of the nodes.

    vertical, horizontal: with respect to the neighbour above or to the left; negated if it is the one below or to the right.
    ground: with respect to the cell. quadrant: the index of this cell in QUADRANTS.
    """

    vertical: Array
    horizontal: Array
    ground: Array
    quadrant: Array


def find_dependence(node: Look, cell: Look, fixed: Array) -> Dependence:
    """Find which case of `update_monotone` gives the time of each node. fixed: nodes whose time is an initial value, bool."""
    time = jnp.full(fixed.shape, jnp.inf, node(0, 0).dtype)
    found = Dependence(jnp.zeros_like(time), jnp.zeros_like(time), jnp.zeros_like(time), jnp.zeros_like(time, jnp.int8))
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
            found = Dependence(*(jnp.where(better, new, old) for new, old in zip(its, found, strict=True)))
    none = fixed | ~jnp.isfinite(node(0, 0)) | ~jnp.isfinite(time)
    return Dependence(*(jnp.where(none, jnp.zeros_like(value), value) for value in found))


def pull_back(kept: tuple[Array, Array, Array], by_times: Array) -> tuple[Array, Array]:
    """Derivatives with respect to slowness and initial times, from the derivatives `by_times` with respect to the times.

    kept: slowness, shape (rows, columns), s; initial times and the solved times, shape (rows + 1, columns + 1), s.
    """
    slowness, initial, times = kept
    bands = find_bands(*initial.shape)
    rows, columns = initial.shape
    cells = pad(slowness, bands, jnp.inf)
    padded = pad(times, bands, jnp.inf)
    reached = jnp.isfinite(times)
    given = pad(jnp.where(reached, by_times, 0), bands, 0)
    fixed = pad(times == initial, bands, 1)

    dependence = _find_dependences(padded, cells, fixed, bands)
    weights = _relax_back(given, dependence, bands)

    inner = weights[1 : rows + 1, 1 : columns + 1]
    by_initial = jnp.where(fixed[1 : rows + 1, 1 : columns + 1] & reached, inner, 0)
    share = weights * dependence.ground
    by_cells = jnp.zeros_like(slowness)
    for index, (i, j) in enumerate(QUADRANTS):
        # The cell in this quadrant of node (r, c) is (r + (i - 1)/2, c + (j - 1)/2).
        top, left = 1 - (i - 1) // 2, 1 - (j - 1) // 2
        window = slice(top, top + slowness.shape[0]), slice(left, left + slowness.shape[1])
        by_cells = by_cells + jnp.where(dependence.quadrant[window] == index, share[window], 0)
    return by_cells, by_initial


def _find_dependences(times: Array, cells: Array, fixed: Array, bands: Bands) -> Dependence:
    def find(found: Dependence, row: Array, node: Look, cell: Look, is_fixed: Look) -> Dependence:
        new = find_dependence(node, cell, is_fixed(0, 0))
        return Dependence(*(lax.dynamic_update_slice(a, b, (row + 1, 1)) for a, b in zip(found, new, strict=True)))

    nothing = jnp.zeros_like(times)
    empty = Dependence(nothing, nothing, nothing, jnp.zeros(times.shape, jnp.int8))
    rows = Bands(1, bands.number * bands.height, bands.columns)
    return over_rows(find, empty, (times, cells, fixed), jnp.asarray(0), rows)


def _relax_back(given: Array, dependence: Dependence, bands: Bands) -> Array:
    """The derivative with respect to each node's time: the given one plus the contributions of the nodes that depend on it."""
    close = ROUNDING[str(given.dtype)]

    def gather(node: Look, given: Look, vertical: Look, horizontal: Look) -> Array:
        below, above = jnp.maximum(vertical(1, 0), 0) * node(1, 0), jnp.maximum(-vertical(-1, 0), 0) * node(-1, 0)
        right, left = jnp.maximum(horizontal(0, 1), 0) * node(0, 1), jnp.maximum(-horizontal(0, -1), 0) * node(0, -1)
        return given(0, 0) + ((below + above) + (right + left))

    def visit(k: Array, weights: Array, forth: Array) -> Array:
        its = [take(values, k, bands) for values in (given, dependence.vertical, dependence.horizontal)]
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
        return find_unsettled(differs, (weights, given, dependence.vertical, dependence.horizontal), bands)

    return relax(jnp.zeros_like(given), given != 0, visit, unsettled, bands)
