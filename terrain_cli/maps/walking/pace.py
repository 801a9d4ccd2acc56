"""How much longer a metre takes on a slope than on level ground, and the exact mean of that over a range of slopes.

Slopes are rises per metre in plan, in the direction of travel: 0.1 climbs 10 m in 100, -0.1 descends them. On a bilinear surface
the slope of a straight leg changes linearly along it, from m0 to m1, so that the time of the leg is its length times the mean of
the pace over [m0, m1], exactly.
"""

import functools
import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from terrain_cli.jax_config import as_pytree, check_values, to_array

JUMP = 1e-12  # relative step between pieces below which a curve is continuous
MOST_KINKS, SHARP = 3, 0.5  # kinks that are traced, and the least change of the slope of the relative pace there
STEEPEST = 100.0  # slope at which a curve ends; its pace stays the same beyond its last value anyhow


@as_pytree
@dataclass(frozen=True, eq=False)
class Exponential:
    """The pace exp(k |slope + s0|), relative to level ground; fastest at the slope -s0 (Tobler 1993: k = 3.5, s0 = 0.05).

    k: how fast the pace grows, shape (), 0 or greater. s0: shape ().
    """

    k: Any = 3.5
    s0: Any = 0.05

    def __post_init__(self) -> None:
        for name in ("k", "s0"):
            object.__setattr__(self, name, to_array(getattr(self, name), name))
            if np.shape(getattr(self, name)) != ():
                raise ValueError(f"{name} must be one number, got shape {np.shape(getattr(self, name))}")
        check_values(self.k, "k", lambda values: (values >= 0) & (values < np.inf), "0 or greater, and finite")
        check_values(self.s0, "s0", np.isfinite, "a finite number")

    @property
    def numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """The pace for compiled loops, see `means.mean_pace_of`."""
        return np.array([float(self.k), float(self.s0)]), np.empty((0, 4))

    @property
    def kinks(self) -> np.ndarray:
        """The slopes at which the pace turns upwards sharply, shape (K,): good walks keep to them."""
        return np.array([-float(self.s0)]) if self.k else np.empty(0)

    def mean(self, m0: Array, m1: Array) -> Array:
        """The mean over the slopes between `m0` and `m1`, elementwise; JAX arrays, and differentiable."""
        a, b = m0 + self.s0, m1 + self.s0
        level = self.k * jnp.abs(self.s0)
        crossing = a * b < 0
        side = jnp.where(a + b < 0, -1.0, 1.0)
        one_side = jnp.exp(self.k * side * a - level) * _phi(1, self.k * side * jnp.where(crossing, 0.0, b - a))
        # On both sides of the kink. This form has exact derivatives too, however close the slopes are to each other.
        x, y = (jnp.where(crossing, jnp.abs(m), 0.0) for m in (a, b))
        rise = x * x * _phi(2, self.k * x) + y * y * _phi(2, self.k * y)
        both_sides = jnp.exp(-level) * (1 + self.k * rise / jnp.where(crossing, x + y, 1.0))
        return jnp.where(crossing, both_sides, one_side)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _phi(n: int, x: Array) -> Array:
    """The mean of exp((1 - t) x) t^(n - 1) / (n - 1)! over t from 0 to 1, elementwise; of 1, that is (exp(x) - 1) / x.

    These functions of exponential integrators (Hochbruck and Ostermann 2010) have each other as derivatives, so that JAX need not
    differentiate how they are computed: programs with the second derivatives of a walk compile three times as fast.
    """
    small = jnp.abs(x) < 1
    near = jnp.where(small, x, 0.0)
    series = jnp.ones_like(near)
    for j in range(17, 0, -1):
        series = 1 + series * near / (n + j)
    safe = jnp.where(small, 1.0, x)
    far = jnp.expm1(safe) / safe
    for j in range(1, n):
        far = (far - 1 / math.factorial(j)) / safe
    return jnp.where(small, series / math.factorial(n), far)


@_phi.defjvp
def _phi_jvp(n: int, primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    [x], [change] = primals, tangents
    value = _phi(n, x)
    return value, (value - n * _phi(n + 1, x)) * change


@as_pytree
@dataclass(frozen=True, eq=False)
class Curve:
    """A pace in pieces, each a polynomial of degree 3 or less in the slope; it may jump between them.

    breaks: increasing slopes where the pieces begin, and where the last ends, shape (P + 1,). coefficients: of the powers 0 to 3
    of the slope minus the beginning of the piece, shape (P, 4), relative to level ground. Beyond its ends the pace has its first
    and last value.
    """

    breaks: Any
    coefficients: Any

    def __post_init__(self) -> None:
        for name in ("breaks", "coefficients"):
            object.__setattr__(self, name, to_array(getattr(self, name), name))
        pieces = len(self.coefficients) if np.ndim(self.coefficients) == 2 else 0
        if not pieces or np.shape(self.coefficients) != (pieces, 4) or np.shape(self.breaks) != (pieces + 1,):
            shapes = f"{np.shape(self.breaks)} and {np.shape(self.coefficients)}"
            raise ValueError(f"breaks and coefficients must have shapes (P + 1,) and (P, 4), got {shapes}")
        check_values(self.breaks, "breaks", np.isfinite, "a finite number")
        check_values(self.coefficients, "coefficients", np.isfinite, "a finite number")

    @property
    def numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """The pace for compiled loops, see `means.mean_pace_of`."""
        breaks, coefficients = _with_ends(np.asarray(self.breaks), np.asarray(self.coefficients), np)
        return breaks, np.column_stack([coefficients, _integrate(breaks, coefficients, np)])

    @property
    def kinks(self) -> np.ndarray:
        """The slopes at which the pace jumps or turns upwards most sharply, shape (K,): good walks keep to them."""
        breaks, coefficients = np.asarray(self.breaks), np.asarray(self.coefficients)
        width = np.diff(breaks)[:-1]
        before, after = coefficients[:-1], coefficients[1:, :2]
        value = ((before[:, 3] * width + before[:, 2]) * width + before[:, 1]) * width + before[:, 0]
        slope = (3 * before[:, 3] * width + 2 * before[:, 2]) * width + before[:, 1]
        sharp = np.where(np.abs(after[:, 0] - value) > JUMP * value, np.inf, (after[:, 1] - slope) / value)
        order = np.argsort(-sharp, kind="stable")[:MOST_KINKS]
        return np.sort(breaks[1:-1][order[sharp[order] > SHARP]])

    def mean(self, m0: Array, m1: Array) -> Array:
        """The mean over the slopes between `m0` and `m1`, elementwise; JAX arrays, and differentiable.

        The mean over several pieces is written as the pace p at the end of the first one, and how far the pace differs from it:
        so the derivatives are exact too, however close the slopes are to each other on both sides of a break.
        """
        breaks, coefficients = _with_ends(jnp.asarray(self.breaks), jnp.asarray(self.coefficients), jnp)
        low, high = jnp.minimum(m0, m1), jnp.maximum(m0, m1)
        pieces = len(coefficients)
        first, last = (
            jnp.clip(jnp.searchsorted(breaks, jax.lax.stop_gradient(m), side="right") - 1, 0, pieces - 1)
            for m in (low, high)
        )
        several = last > first
        one = _mean_piece(coefficients[first], low - breaks[first], high - breaks[first])
        c, d = coefficients[last], _from_end(coefficients[first], breaks[first + 1] - breaks[first])
        p = d[..., 0]
        jump = jnp.where(jnp.abs(c[..., 0] - p) <= JUMP * jnp.abs(p), 0.0, c[..., 0] - p)
        x = jnp.where(several, breaks[first + 1] - low, 0.0)
        y = jnp.where(several, high - breaks[last], 0.0)
        head = x * x * (d[..., 1] / -2 + x * (d[..., 2] / 3 - x * d[..., 3] / 4))
        tail = y * (jump + y * (c[..., 1] / 2 + y * (c[..., 2] / 3 + y * c[..., 3] / 4)))
        whole = _integrate(breaks, coefficients, jnp)
        after = jnp.minimum(first + 1, last)
        between = whole[last] - whole[after] - p * (breaks[last] - breaks[after])
        span = jnp.where(several, high - low, 1.0)
        return jnp.where(several, p + (head + jnp.where(last > after, between, 0.0) + tail) / span, one)


def _from_end(c: Array, span: Array) -> Array:
    """The coefficients of pieces in powers of the slope minus their end."""
    d2 = c[..., 2] + 3 * c[..., 3] * span
    d1 = c[..., 1] + (c[..., 2] + d2) * span
    d0 = ((c[..., 3] * span + c[..., 2]) * span + c[..., 1]) * span + c[..., 0]
    return jnp.stack([d0, d1, d2, c[..., 3]], axis=-1)


def _integrate(breaks: Any, coefficients: Any, xp: Any) -> Any:
    """The integral of the pace from the first break within to the beginning of each piece."""
    spans = xp.diff(breaks)
    parts = spans * _mean_piece(coefficients, 0.0, spans)
    return xp.concatenate([-parts[:1], xp.zeros(1), xp.cumsum(parts[1:-1])])


def _with_ends(breaks: Any, coefficients: Any, xp: Any) -> tuple[Any, Any]:
    """The pieces with one more at each end, on which the pace stays the same."""
    span = breaks[-1] - breaks[-2]
    last = ((coefficients[-1, 3] * span + coefficients[-1, 2]) * span + coefficients[-1, 1]) * span + coefficients[
        -1, 0
    ]
    zero = xp.zeros(3)
    ends = [xp.append(value, zero)[None] for value in (coefficients[0, 0], last)]
    return (
        xp.concatenate([breaks[:1] - STEEPEST, breaks, breaks[-1:] + STEEPEST]),
        xp.concatenate([ends[0], coefficients, ends[1]]),
    )


def _mean_piece(c: Any, a: Any, b: Any) -> Any:
    """The mean from a to b of polynomials with the coefficients c[..., :], by Simpson's rule, which is exact for cubic ones."""

    def value(t: Any) -> Any:
        return ((c[..., 3] * t + c[..., 2]) * t + c[..., 1]) * t + c[..., 0]

    return (value(a) + 4 * value((a + b) / 2) + value(b)) / 6


Pace = Exponential | Curve
