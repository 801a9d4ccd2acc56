"""The sensitivity of the best time: its derivatives with respect to the ground, by `jax.grad` of `best_time`.

They say which strips matter: where draining the bog would help most, and where a survey would be worth its cost.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from terrain_cli.compile_cache import cached_jit
from terrain_cli.jax_config import check_values, to_array
from terrain_cli.strips.ground import Strips, check_strips
from terrain_cli.strips.snell import best_time


@dataclass(frozen=True)
class Sensitivity:
    """The partial derivatives of the best time with respect to the ground.

    time: s. by_widths: dt/dwidth of each strip, shape (n,), s/m. by_speeds: dt/dspeed, shape (n,), s²/m, negative.
    by_offset: dt/doffset, s/m. The elasticities have no unit: 0.5 means that 1 % more of it costs 0.5 % more time.
    """

    strips: Strips
    time: float
    by_widths: np.ndarray
    by_speeds: np.ndarray
    by_offset: float

    @property
    def width_elasticities(self) -> np.ndarray:
        """Shape (n,), between 0 and 1. Together with the elasticity of the offset they sum to 1."""
        return np.asarray(self.by_widths * self.strips.widths / self.time)

    @property
    def speed_elasticities(self) -> np.ndarray:
        """Shape (n,): minus the share of the time that is spent in each strip. They sum to -1."""
        return np.asarray(self.by_speeds * self.strips.speeds / self.time)

    @property
    def offset_elasticity(self) -> float:
        """Between 0 and 1."""
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
    """The derivatives of the best time across the strips, by one gradient for any number of strips.

    Example:

        sensitivity = find_sensitivity(Strips(widths=[10, 10, 10], speeds=[0.7, 0.3, 0.45], offset=20))
        print(sensitivity.speed_elasticities)
    """
    check_strips(strips)
    time, slope = jax.device_get(_value_and_grad(strips))
    return Sensitivity(strips, float(time), slope.widths, slope.speeds, float(slope.offset))


def find_hessian(strips: Strips) -> Array:
    """All second derivatives of the best time, shape (2n+1, 2n+1): widths first, then speeds, then the offset.

    It takes memory for (2n+1)² numbers; `jax.jvp` of `jax.grad(best_time)` gives its product with a vector in O(n).
    """
    check_strips(strips)
    hessian: Array = _hessian(strips)
    return hessian


def time_uncertainty(strips: Strips, width_uncertainty: ArrayLike = 0.0, speed_uncertainty: ArrayLike = 0.0) -> float:
    """Standard deviation of the best time, s, given those of the widths (m) and of the speeds (m/s), shape () or (n,).

    To first order and for independent errors: the root of the sum of (derivative times standard deviation)². Raises ValueError
    for a standard deviation that is negative or not finite, and for another number of them.
    """
    check_strips(strips)
    given = {"width_uncertainty": width_uncertainty, "speed_uncertainty": speed_uncertainty}
    errors = {name: np.asarray(to_array(value, name)) for name, value in given.items()}
    for name, array in errors.items():
        if array.shape not in ((), strips.widths.shape):
            raise ValueError(
                f"{name} must be one number or one for each strip, {strips.widths.shape}, got {array.shape}"
            )
        check_values(array, name, lambda values: (values >= 0) & (values < np.inf), "0 or greater and finite")
    sensitivity = find_sensitivity(strips)
    by_widths = np.linalg.norm(sensitivity.by_widths * errors["width_uncertainty"])
    by_speeds = np.linalg.norm(sensitivity.by_speeds * errors["speed_uncertainty"])
    return float(np.hypot(by_widths, by_speeds))
