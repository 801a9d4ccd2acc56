"""Fast sweeping (Zhao 2005): apply a local update to the nodes, in alternating directions, until it lowers no time further.

The update is Godunov's: a plane wave between the two neighbours of a node, or a wave along the edge to one of them, which takes
the faster of the cells beside it. The result solves its equations to rounding error, so it can be differentiated without going
back through the sweeps: each node depends on at most two earlier neighbours, and the adjoint system is solved by sweeping too.

NaN nodes are ignored, because every comparison with NaN is false. The same rule excludes blocked cells (slowness inf) and
directions from which no wave can come (the square root of a negative number).
"""

import jax
import jax.numpy as jnp
from jax import Array

from terrain_cli.maps.fields.adjoint import pull_back
from terrain_cli.maps.fields.bands import (
    QUADRANTS,
    Look,
    find_bands,
    find_unsettled,
    mirror_sheared,
    over_diagonals,
    pad,
    put,
    relax,
    shear,
    straighten_mirrored,
    take,
)

TOLERANCE = {"float64": 1e-12, "float32": 1e-6}  # relative; a smaller gain may be rounding error


def update_monotone(time: Array, a: Array, b: Array, slowness: Array, to_a: Array, to_b: Array) -> Array:
    """The time of a node, lowered by the waves that reach it from its neighbours `a` and `b`.

    slowness, to_a, to_b: time along a side of the cell, and along the edges to `a` and `b`, s.
    """
    wave = 0.5 * (a + b + jnp.sqrt(2 * slowness**2 - (a - b) ** 2))
    time = least(least(time, a + to_a), b + to_b)
    return jnp.where((wave >= a) & (wave >= b) & (wave < time), wave, time)


def least(a: Array, b: Array) -> Array:
    """The smaller value; `a` if either is NaN. Faster than `jnp.minimum`, which propagates NaN."""
    return jnp.where(b < a, b, a)


def update_from(quadrant: tuple[int | Array, int | Array], node: Look, cell: Look) -> Array:
    """The times of nodes, lowered by the waves that reach them through the cell in this quadrant."""
    i, j = quadrant
    up, left = (i - 1) // 2, (j - 1) // 2
    slowness = cell(up, left)
    along_column = least(slowness, cell(up, -1 - left))
    along_row = least(slowness, cell(-1 - up, left))
    return update_monotone(node(0, 0), node(i, 0), node(0, j), slowness, along_column, along_row)


@jax.custom_vjp
def settle_monotone(slowness: Array, initial: Array) -> Array:
    """The times that no update lowers further, shape (rows + 1, columns + 1), s.

    slowness: of the cells times the spacing, shape (rows, columns), s. initial: upper bounds of the times that are known
    beforehand, shape (rows + 1, columns + 1), s; inf where none is known, NaN where no path may pass.
    """
    bands = find_bands(*initial.shape)
    cells = pad(slowness, bands, jnp.inf)
    enough = 1 - TOLERANCE[str(initial.dtype)]

    def visit(k: Array, times: Array, forth: Array) -> Array:
        ground, behind = take(cells, k, bands), jnp.where(forth, -1, 1)

        def lower(node: Look, cell: Look) -> Array:
            return update_from((behind, behind), node, cell)

        sheared = shear(take(times, k, bands), bands)
        sheared = over_diagonals(sheared, lower, (shear(ground, bands),), bands, forth)
        sheared = mirror_sheared(sheared, bands)
        # Node j lies between cells j - 1 and j, so in reverse order the cells are mirrored at one column less.
        sheared = over_diagonals(sheared, lower, (shear(ground, bands, mirror=bands.columns),), bands, forth)
        return put(times, straighten_mirrored(sheared, bands), k, bands)

    def falls(node: Look, cell: Look) -> Array:
        limit = enough * node(0, 0)
        lower = [update_from(quadrant, node, cell) < limit for quadrant in QUADRANTS]
        return lower[0] | lower[1] | lower[2] | lower[3]

    def unsettled(times: Array) -> Array:
        return find_unsettled(falls, (times, cells), bands)

    times = pad(initial, bands, jnp.inf)
    times = relax(times, times < jnp.inf, visit, unsettled, bands)
    return times[1 : initial.shape[0] + 1, 1 : initial.shape[1] + 1]


def _keep(slowness: Array, initial: Array) -> tuple[Array, tuple[Array, Array, Array]]:
    times = settle_monotone(slowness, initial)
    return times, (slowness, initial, times)


settle_monotone.defvjp(_keep, pull_back)
