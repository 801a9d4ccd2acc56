"""The landscape of a descent: the travel time as a function of one or two of its unknowns, on a grid.

The other unknowns take their best values at every point of the grid. Once some displacements are given, the remaining strips
and the remaining offset are a problem of the same kind, so one ray per point (snell.py) finds its exact optimum. Optionally
the other unknowns keep their values at the end of the descent.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from terrain_cli.compile_cache import cached_jit
from terrain_cli.errors import shown
from terrain_cli.strips.ground import Strips, calc_time, straight_x
from terrain_cli.strips.snell import best_time
from terrain_cli.strips.solution import StripsSolution, to_ground

POINTS = 101  # along each unknown
WORK = 2**24  # points times strips; beyond it the grid is coarser
REACH = 4  # how far from the optimum the trace of a bouncing descent is shown, in units of total width plus offset


class Landscape(NamedTuple):
    """The travel time as a function of the one or two unknowns with the indices `axes`, counting from 0.

    grids: the values of each unknown, m. time: s, shape (len(grids[0]),) or (len(grids[1]), len(grids[0])): rows belong to the
    second unknown. held: whether the other unknowns keep their values at the end of the descent, or take their best ones.
    """

    axes: tuple[int, ...]
    grids: tuple[np.ndarray, ...]
    time: np.ndarray
    held: bool


@partial(cached_jit, static_argnames=("batch",))
def _best(points: Array, chosen: Strips, rest: Strips, *, batch: int) -> Array:
    """The least time, shape (P,), s, given the displacements `points`, shape (P, k), m, along the chosen strips."""

    def one(point: Array) -> Array:
        left = Strips(rest.widths, rest.speeds, rest.offset - jnp.sum(point))
        time: Array = jnp.sum(jnp.sqrt(point**2 + chosen.widths**2) / chosen.speeds) + best_time(left)
        return time

    return _in_batches(one, points, batch)


@partial(cached_jit, static_argnames=("batch",))
def _held(points: Array, axes: Array, x: Array, strips: Strips, *, batch: int) -> Array:
    """The time, shape (P,), s, of the path `x` with its numbers at `axes` replaced by `points`, shape (P, k), m."""
    x = jnp.asarray(x)
    return _in_batches(lambda point: calc_time(x.at[axes].set(point), strips), points, batch)


def _in_batches(time: Callable[[Array], Array], points: Array, batch: int) -> Array:
    """The time of each point, shape (P,), s, computed for `batch` points at once, which bounds the memory."""
    times: Array = jax.vmap(time)(points) if batch >= len(points) else jax.lax.map(time, points, batch_size=batch)
    return times


def survey(solution: StripsSolution, axes: tuple[int, ...] = (0, 1), held: bool = False) -> Landscape:
    """The landscape around a descent: it covers the trace, the optimum and, for few strips, the range from 0 to the offset.

    axes: indices of one unknown or of two different ones, counting from 0. held: keep the other unknowns at the end of the
    descent, not at their best values. Raises ValueError for unknowns that the scenario does not have.
    """
    strips = to_ground(solution.scenario)
    n = len(strips.widths)
    listed = isinstance(axes, tuple | list) and all(axis in range(n - 1) for axis in axes)
    if not listed or len(axes) not in (1, 2) or len(set(axes)) < len(axes):
        raise ValueError(f"axes must be one or two different unknowns of {n - 1}, counted from 0, got {shown(axes)}")
    count = min(POINTS, max(11, int((WORK / n) ** 0.5))) if len(axes) == 2 else 4 * POINTS
    grids = tuple(np.linspace(*window(solution, axis), count) for axis in axes)
    points = np.stack([grid.ravel() for grid in np.meshgrid(*grids)], axis=1)
    batch = max(1, min(len(points), 2**20 // n))
    if held or n == len(axes) + 1:  # or there are no other unknowns
        time = _held(points, np.array(axes), solution.x, strips, batch=batch)
    else:
        others = np.setdiff1d(np.arange(n), axes)
        chosen = Strips(strips.widths[list(axes)], strips.speeds[list(axes)], strips.offset)
        rest = Strips(strips.widths[others], strips.speeds[others], strips.offset)
        time = _best(points, chosen, rest, batch=batch)
    shape = tuple(len(grid) for grid in reversed(grids))
    return Landscape(axes, grids, np.asarray(time).reshape(shape), held)


def window(solution: StripsSolution, axis: int) -> tuple[float, float]:
    """The range of values of an unknown that is shown, m: its values during the descent and at the optimum, with a margin.

    With at most two unknowns it includes the range from 0 to the offset. A descent that bounces far out is clipped.
    """
    strips = to_ground(solution.scenario)
    size = float(strips.widths.sum() + abs(strips.offset))
    best = float(solution.optimum.movements[axis])
    trace = np.array([row.x[axis] for row in solution.history])
    trace = np.clip(trace[np.isfinite(trace)], best - REACH * size, best + REACH * size)
    shown = [best, float(straight_x(strips)[axis]), *trace.tolist()]
    bare = max(max(shown) - min(shown), 0.5 * size / len(strips.widths))
    low, high = min(shown) - 0.15 * bare, max(shown) + 0.15 * bare
    if len(strips.widths) <= 3:
        ends = sorted((0.0, float(strips.offset)))
        # Values inside this range need no margin: the landscape of the post extends from 0 to 20, as in the post.
        low = ends[0] if min(shown) >= ends[0] else min(low, ends[0])
        high = ends[1] if max(shown) <= ends[1] else max(high, ends[1])
    if high - low < 0.5 * size / len(strips.widths):  # offset 0, and a start at the optimum
        middle, half = (low + high) / 2, 0.5 * size / len(strips.widths)
        low, high = middle - half, middle + half
    return low, high
