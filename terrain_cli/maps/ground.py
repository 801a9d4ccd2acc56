"""Ground as a raster: one slowness per cell, and where the cells lie.

Arrays are indexed [row, col]; row 0 is the north edge. Internally positions are (row, col) in units of cells, and (0, 0) is the
outer corner of cell [0, 0]. Public functions take and return positions as (x, y), m, x to the east and y to the north.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from terrain_cli.errors import check_type
from terrain_cli.jax_config import as_pytree, check_values, to_array, to_values
from terrain_cli.maps.cells import NEAR
from terrain_cli.maps.walking.pace import Pace


@as_pytree
@dataclass(frozen=True, eq=False)
class Ground:
    """Ground in square cells: a pytree of arrays, so that `jax.grad` differentiates with respect to them.

    slowness: of each cell, shape (rows, cols), s/m, greater than 0; inf where the ground is blocked. cell: side of a cell,
    shape (), m. corner: (x, y) of the south-west corner, shape (2,), m. Numbers, lists and NumPy arrays become float64.

    Ground on which one walks also has heights and a pace, and then `slowness` is that of level ground. heights: of the corners of
    the cells, shape (rows + 1, cols + 1), m; between them the surface is bilinear. They may be NaN around blocked cells. pace:
    how much longer a metre takes on a slope than on level ground. max_slope: no leg may be steeper, up or down, shape ().

    Raises TypeError for what is no number, and ValueError for shapes and values that are not valid, as far as they are known: a
    traced array has no values yet.
    """

    slowness: Any
    cell: Any = 1.0
    corner: Any = (0.0, 0.0)
    heights: Any = None
    pace: Pace | None = None
    max_slope: Any = np.inf

    def __post_init__(self) -> None:
        for name in ("slowness", "cell", "corner"):
            object.__setattr__(self, name, to_array(getattr(self, name), name))
        cells, cell, corner = np.shape(self.slowness), np.shape(self.cell), np.shape(self.corner)
        if len(cells) < 2 or 0 in cells:
            raise ValueError(f"slowness must have rows and columns, got shape {cells}")
        if cell not in ((), cells[:-2]):
            raise ValueError(f"ground.cell must be one number, got shape {cell}")
        if corner not in ((2,), (*cells[:-2], 2)):
            raise ValueError(f"ground.corner must be a point (x, y), got shape {corner}")
        slow = "greater than 0 (inf where the ground is blocked)"
        check_values(self.slowness, "slowness", lambda values: values > 0, slow)
        check_values(
            self.cell, "ground.cell", lambda values: (values > 0) & (values < np.inf), "greater than 0 and finite"
        )
        check_values(self.corner, "ground.corner", np.isfinite, "a finite number")
        object.__setattr__(self, "max_slope", to_array(self.max_slope, "max_slope"))
        check_values(self.max_slope, "max_slope", lambda values: values > 0, "greater than 0")
        if (self.heights is None) != (self.pace is None):
            raise ValueError("ground must have both heights and a pace, or neither")
        if self.heights is not None:
            object.__setattr__(self, "heights", to_array(self.heights, "heights"))
            self._check_heights(cells)

    def _check_heights(self, cells: tuple[int, ...]) -> None:
        rows, cols = cells[-2:]
        if np.shape(self.heights) != (rows + 1, cols + 1):
            shape = f"({rows + 1}, {cols + 1})"
            raise ValueError(f"heights must be those of the corners, shape {shape}, got {np.shape(self.heights)}")
        heights, slowness = to_values(self.heights), to_values(self.slowness)
        if heights is None or slowness is None:
            return
        known = np.isfinite(heights)
        around = known[:-1, :-1] & known[:-1, 1:] & known[1:, :-1] & known[1:, 1:]
        wrong = np.argwhere(~around & np.isfinite(slowness))
        if len(wrong):
            row, col = wrong[0].tolist()
            raise ValueError(f"heights must be finite at the corners of free cells, and are not at cell [{row}, {col}]")

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """xmin, ymin, xmax, ymax, m."""
        rows, cols = self.slowness.shape
        x, y = map(float, self.corner)
        return x, y, x + cols * float(self.cell), y + rows * float(self.cell)

    @property
    def symmetric(self) -> bool:
        """Whether every path takes as long in the other direction: not if it climbs."""
        return not self.hilly

    @property
    def hilly(self) -> bool:
        """Whether there is anything to climb: the ground has heights, and they differ."""
        if self.heights is None:
            return False
        heights = to_values(self.heights)
        if heights is None:
            raise ValueError("heights must have values here: what depends on slopes cannot be traced")
        known = heights[np.isfinite(heights)]
        return bool(len(known)) and bool(np.any(known != known[0]))

    def to_cells(self, points: ArrayLike) -> np.ndarray:
        """Points (x, y), m, as (row, col), in units of cells, shape (..., 2). JAX arrays in, JAX arrays out, also traced ones.

        Points of NumPy arrays that are as close as rounding errors to a grid line are moved onto it.
        """
        points = _check_points(points)
        xp: Any = jnp if any(isinstance(a, jax.Array) for a in (points, self.cell, self.corner)) else np
        x, y = xp.moveaxis(xp.asarray(points, dtype=np.float64), -1, 0)
        rows = self.slowness.shape[0]
        cells: np.ndarray = xp.stack(
            [rows - (y - self.corner[1]) / self.cell, (x - self.corner[0]) / self.cell], axis=-1
        )
        if xp is np:
            lines = np.rint(cells)
            cells = np.where(np.abs(cells - lines) <= NEAR, lines, cells)
        return cells

    def to_xy(self, points: ArrayLike) -> np.ndarray:
        """Points (row, col), in units of cells, as (x, y), m, shape (..., 2)."""
        row, col = np.moveaxis(np.asarray(_check_points(points)), -1, 0)
        rows = self.slowness.shape[0]
        return np.stack([self.corner[0] + col * self.cell, self.corner[1] + (rows - row) * self.cell], axis=-1)


def _check_points(points: ArrayLike) -> Any:
    """Points as an array, shape (..., 2). Raises TypeError or ValueError if they are none."""
    array = to_array(points, "points")
    if np.shape(array)[-1:] != (2,):
        raise ValueError(f"points must have shape (..., 2), got {np.shape(array)}")
    return array


def check_ground(ground: object) -> None:
    """Raises TypeError unless this is the ground of a map."""
    check_type(ground, Ground, "ground", "a Ground, such as Ground(slowness=[[1, 1], [1, 2]])")


def closed_corners(slowness: Any) -> Any:
    """The corners that no path passes, because two blocked cells touch there diagonally: shape (rows + 1, cols + 1), bool.

    slowness: of the cells, shape (rows, cols), inf where blocked; everything outside the map is blocked. NumPy in, NumPy out.
    """
    xp: Any = jnp if isinstance(slowness, jax.Array) else np
    blocked = xp.isinf(xp.pad(slowness, 1, constant_values=np.inf))
    nw, ne, sw, se = blocked[:-1, :-1], blocked[:-1, 1:], blocked[1:, :-1], blocked[1:, 1:]
    return (nw & se & ~ne & ~sw) | (ne & sw & ~nw & ~se)
