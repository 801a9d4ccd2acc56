"""What the best time depends on: its derivatives with respect to the ground, by `jax.grad` of `best_time`.

The same gradient that finds the path says which strip matters: where to drain the bog, where a survey pays.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from terrain_cli.compile_cache import cached_jit
from terrain_cli.strips.ground import Strips
from terrain_cli.strips.snell import best_time


@dataclass(frozen=True)
class Sensitivity:
    """How the best time changes with the ground, all else the same.

    time: s. by_widths: dt/dwidth of each strip, shape (n,), s/m. by_speeds: dt/dspeed, shape (n,), s²/m, negative.
    by_offset: dt/doffset, s/m. The elasticities are the same without units: 0.5 says that 1 % more of it costs 0.5 % more time.
    """

    strips: Strips
    time: float
    by_widths: np.ndarray
    by_speeds: np.ndarray
    by_offset: float

    @property
    def width_elasticities(self) -> np.ndarray:
        """Shape (n,), 0 to 1; with the offset's they sum to 1."""
        return np.asarray(self.by_widths * self.strips.widths / self.time)

    @property
    def speed_elasticities(self) -> np.ndarray:
        """Minus the share of the time that is spent in each strip, shape (n,); they sum to -1."""
        return np.asarray(self.by_speeds * self.strips.speeds / self.time)

    @property
    def offset_elasticity(self) -> float:
        return self.by_offset * float(self.strips.offset) / self.time

    def to_json(self) -> dict[str, Any]:
        """Plain data for `json.dumps`."""
        return {
            "time": self.time,
            "by_widths": self.by_widths.tolist(),
            "by_speeds": self.by_speeds.tolist(),
            "by_offset": self.by_offset,
            "width_elasticities": self.width_elasticities.tolist(),
            "speed_elasticities": self.speed_elasticities.tolist(),
            "offset_elasticity": self.offset_elasticity,
        }


@cached_jit
def _value_and_grad(strips: Strips) -> tuple[Array, Strips]:
    value_and_slope: tuple[Array, Strips] = jax.value_and_grad(best_time)(strips)
    return value_and_slope


@jax.jit
def _hessian(strips: Strips) -> Array:
    n = len(strips.widths)

    def time(flat: Array) -> Array:
        best: Array = best_time(Strips(flat[:n], flat[n : 2 * n], flat[2 * n]))
        return best

    flat = jnp.concatenate([strips.widths, strips.speeds, jnp.reshape(strips.offset, 1)])
    hessian: Array = jax.hessian(time)(flat)
    return hessian


def find_sensitivity(strips: Strips) -> Sensitivity:
    """The derivatives of the best time across the strips: one gradient, whatever their number.

    Example:

        sensitivity = find_sensitivity(Strips(widths=[10, 10, 10], speeds=[0.7, 0.3, 0.45], offset=20))
        print(sensitivity.speed_elasticities)
    """
    time, slope = jax.device_get(_value_and_grad(strips))
    return Sensitivity(strips, float(time), slope.widths, slope.speeds, float(slope.offset))


def find_hessian(strips: Strips) -> Array:
    """All second derivatives of the best time, shape (2n+1, 2n+1): widths first, then speeds, then the offset.

    It needs memory for (2n+1)² numbers; `jax.jvp` of `jax.grad(best_time)` gives its product with a vector in O(n).
    """
    hessian: Array = _hessian(strips)
    return hessian


def spread_of_time(strips: Strips, width_spreads: Any = 0.0, speed_spreads: Any = 0.0) -> float:
    """Standard deviation of the best time, s, where widths and speeds are known with these (m and m/s, shape () or (n,)).

    To first order, with independent errors: the root of the sum of (derivative times standard deviation)².
    """
    sensitivity = find_sensitivity(strips)
    by_widths = np.linalg.norm(sensitivity.by_widths * np.asarray(width_spreads))
    by_speeds = np.linalg.norm(sensitivity.by_speeds * np.asarray(speed_spreads))
    return float(np.hypot(by_widths, by_speeds))
