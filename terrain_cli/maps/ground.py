"""Ground as a raster: one slowness per cell, and where the cells lie.

Arrays are [row, col], row 0 the north edge; positions inside the numerics are (row, col) in units of cells, (0, 0) the outer
corner of cell [0, 0]; people's positions are (x, y), m, x to the east and y to the north.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from terrain_cli import jax_config as jax_config  # 64-bit floats


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Ground:
    """Square cells of ground: a pytree of three arrays, so that `jax.grad` sees them.

    slowness: of each cell, shape (rows, cols), s/m, greater than 0; inf is blocked. cell: the side of a cell, shape (), m.
    corner: (x, y) of the south-west corner, shape (2,), m.
    """

    slowness: Any
    cell: Any = 1.0
    corner: Any = (0.0, 0.0)

    def __post_init__(self) -> None:
        for name in ("slowness", "cell", "corner"):
            value = getattr(self, name)
            if isinstance(value, int | float | list | tuple | np.ndarray):
                object.__setattr__(self, name, np.asarray(value, dtype=np.float64))

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """xmin, ymin, xmax, ymax, m."""
        rows, cols = self.slowness.shape
        x, y = map(float, self.corner)
        return x, y, x + cols * float(self.cell), y + rows * float(self.cell)

    def to_cells(self, points: ArrayLike) -> np.ndarray:
        """(row, col) of points (x, y), shape (..., 2)."""
        x, y = np.moveaxis(np.asarray(points, dtype=np.float64), -1, 0)
        rows = self.slowness.shape[0]
        return np.stack([rows - (y - self.corner[1]) / self.cell, (x - self.corner[0]) / self.cell], axis=-1)

    def to_xy(self, points: ArrayLike) -> np.ndarray:
        """(x, y) of points (row, col), shape (..., 2)."""
        row, col = np.moveaxis(np.asarray(points, dtype=np.float64), -1, 0)
        rows = self.slowness.shape[0]
        return np.stack([self.corner[0] + col * self.cell, self.corner[1] + (rows - row) * self.cell], axis=-1)


def closed_corners(slowness: Any) -> Any:
    """The corners that nothing passes, where two blocked cells touch and two free ones do: shape (rows + 1, cols + 1), bool.

    slowness: of the cells, shape (rows, cols), inf where blocked, as is all that lies outside. NumPy stays NumPy.
    """
    xp: Any = jnp if isinstance(slowness, jax.Array) else np
    blocked = xp.isinf(xp.pad(slowness, 1, constant_values=np.inf))
    nw, ne, sw, se = blocked[:-1, :-1], blocked[:-1, 1:], blocked[1:, :-1], blocked[1:, 1:]
    return (nw & se & ~ne & ~sw) | (ne & sw & ~nw & ~se)
