"""How the time of a walk depends on the walking function and on the heights.

The time of the fastest route is stationary, so to first order a change of the ground acts through the time of the route as it is,
not through the change of the route (the envelope theorem). So `jax.grad` of the time of the route held fixed is the answer.
"""

from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from terrain_cli.maps.ground import Ground
from terrain_cli.maps.sensitivity import find_leg_cells, lie_in
from terrain_cli.maps.walking.functions import calc_speed, to_exponential
from terrain_cli.maps.walking.heights import find_walking
from terrain_cli.maps.walking.pace import Exponential, Pace

if TYPE_CHECKING:
    from terrain_cli.maps.solution import MapSolution

FEWEST = 64  # legs of a compiled program; programs are compiled for powers of two of them
CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))  # of a cell: north-west, north-east, south-west, south-east


class Knob(NamedTuple):
    """A number of the walking function, in SI units. derivative: of the time, per unit of the number."""

    name: str
    value: float
    derivative: float

    @property
    def percent(self) -> float:
        """By how much the time grows if the number grows by 1 %."""
        return self.derivative * self.value / 100


class Dependence(NamedTuple):
    """What the time of a route depends on. heights: the row and the column of each corner of the cells that matters, and the
    derivative of the time with respect to its height, s/m; the greatest first."""

    knobs: list[Knob]
    heights: list[tuple[int, int, float]]


class _Legs(NamedTuple):
    """The N legs of a route, padded with legs that take no time.

    corners: heights of the corners of their cells, m, shape (N, 4). ends: how far down and right in its cell each of them starts
    and ends, in cells, shape (N, 2, 2). lengths: m, slowness: of level ground, s/m, shape (N,) each. relative: 1 where that
    follows the walking function, and 0 where the speed on level ground is given as such, shape (N,).
    """

    corners: Array
    ends: Array
    lengths: Array
    slowness: Array
    relative: Array


def find_dependence(solution: "MapSolution", points: np.ndarray) -> Dependence:
    """How the time of a route depends on the walking function and on the heights.

    points: shape (N, 2), m; no leg between two of them crosses an edge of a cell.
    """
    ground, pace = solution.ground, solution.ground.pace
    assert pace is not None
    used = np.hypot(*np.diff(points, axis=0).T) > 0
    cells = find_leg_cells(ground, points)[used]
    legs = _pad(_find_legs(ground, points, cells, used, _follow_function(solution, *cells.T)))
    times, by_corner, by_number = _differentiate(legs, pace)
    relative = float((times * legs.relative).sum())
    walking = find_walking(solution.scenario)
    form = to_exponential(walking)
    if form is None or by_number is None:
        level = calc_speed(walking, 0.0)
        knobs = [Knob("speed", level, -relative / level)]
    else:
        by_k, by_s0 = map(float, by_number)
        knobs = [Knob("v0", form.v0, -relative / form.v0), Knob("k", form.k, by_k), Knob("s0", form.s0, by_s0)]
    return Dependence(knobs, _add_up(cells, np.asarray(by_corner)[: len(cells)], ground.slowness.shape[1] + 1))


def _find_legs(ground: Ground, points: np.ndarray, cells: np.ndarray, used: np.ndarray, relative: np.ndarray) -> _Legs:
    places, heights, (row, col) = ground.to_cells(points), np.asarray(ground.heights), cells.T
    corners = np.stack([heights[row + down, col + right] for down, right in CORNERS], axis=1)
    ends = np.stack([places[:-1][used] - cells, places[1:][used] - cells], axis=1)
    lengths = np.hypot(*np.diff(points, axis=0).T)[used]
    found = (corners, ends, lengths, np.asarray(ground.slowness)[row, col], relative.astype(np.float64))
    return _Legs(*map(jnp.asarray, found))


def _pad(legs: _Legs) -> _Legs:
    count = len(legs.lengths)
    more = max(FEWEST, 1 << max(count - 1, 0).bit_length()) - count
    padded = [jnp.concatenate([part, jnp.zeros((more, *part.shape[1:]))]) for part in legs]
    return _Legs(*padded)._replace(lengths=jnp.concatenate([legs.lengths, jnp.ones(more)]))


def _follow_function(solution: "MapSolution", row: np.ndarray, col: np.ndarray) -> np.ndarray:
    """In which of some cells the speed on level ground follows the walking function; elsewhere the scenario gives it as such."""
    ground = solution.scenario.map
    absolute = ground.speeds is not None or (ground.land_cover is not None and ground.land_cover.mode == "absolute")
    follows = np.full(len(row), not absolute)
    for overlay in solution.overlays:
        if overlay.speed is not None:
            follows &= ~lie_in(overlay.cells, row, col)
    return follows


def calc_leg_times(legs: _Legs, pace: Pace) -> Array:
    """The times of legs, s, shape (N,)."""
    nw, ne, sw, se = (legs.corners[:, k, None] for k in range(4))
    down, right = legs.ends[..., 0], legs.ends[..., 1]
    per_row, per_col = (1 - right) * (sw - nw) + right * (se - ne), (1 - down) * (ne - nw) + down * (se - sw)
    steps = (legs.ends[:, 1] - legs.ends[:, 0]) / legs.lengths[:, None]
    slopes = per_row * steps[:, :1] + per_col * steps[:, 1:]
    return legs.lengths * legs.slowness * pace.mean(slopes[:, 0], slopes[:, 1])


@jax.jit
def _differentiate(legs: _Legs, pace: Pace) -> tuple[Array, Array, Array | None]:
    """The times of the legs; the derivatives of their sum with respect to the corners; and those with respect to k and s0, if the
    pace has them."""

    def time_by_corner(corners: Array) -> Array:
        return calc_leg_times(legs._replace(corners=corners), pace).sum()

    def time_by_number(k: Array, s0: Array) -> Array:
        assert isinstance(pace, Exponential)
        level = k * jnp.abs(s0) - pace.k * jnp.abs(pace.s0)  # a metre of level ground takes exp(k |s0|) / v0
        times = calc_leg_times(legs, Exponential(k, s0))
        return (times * jnp.exp(legs.relative * level)).sum()

    times, by_corner = calc_leg_times(legs, pace), jax.grad(time_by_corner)(legs.corners)
    if not isinstance(pace, Exponential):
        return times, by_corner, None
    return times, by_corner, jnp.stack(jax.grad(time_by_number, argnums=(0, 1))(pace.k, pace.s0))


def _add_up(cells: np.ndarray, by_corner: np.ndarray, cols: int) -> list[tuple[int, int, float]]:
    """The derivatives by corner of the map, from those by corner of each leg's cell. cols: of corners."""
    numbers = np.stack([(cells + corner) @ np.array([cols, 1]) for corner in CORNERS], axis=1)
    corners, where = np.unique(numbers, return_inverse=True)
    totals = np.bincount(where.ravel(), by_corner.ravel(), minlength=len(corners))
    order = np.argsort(-np.abs(totals), kind="stable")
    return [
        (int(corners[i] // cols), int(corners[i] % cols), float(totals[i])) for i in order.tolist() if totals[i] != 0
    ]
