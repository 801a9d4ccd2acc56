"""Makes configs/jacksboro.npy from matplotlib's sample data: `python -m benchmarks.jacksboro` (with the extra `geo`).

The sample, jacksboro_fault_dem.npz, has whole metres every 3 arc seconds, which are not square. It is interpolated bilinearly on
cells of 90 m of UTM zone 16N and rounded to whole metres again. Of its limits only xmin and the key ymax, 36.44625, are used, for
the upper left corner: its ymin, 36.73, lies north of its ymax, and Jacksboro, Caryville and La Follette are south of both.
"""

from pathlib import Path

import matplotlib.cbook
import numpy as np

from terrain_cli.geo.crs import WGS84, transform
from terrain_cli.geo.elevation import interpolate

CRS = "EPSG:32616"
CELL = 90.0
CORNER = (746_100.0, 4_017_600.0)  # of the upper left pixel: its upper left corner
SIZE = 120
FILE = Path(__file__).parent.parent / "configs" / "jacksboro.npy"


def make() -> np.ndarray:
    """Heights at the centres of the pixels, m, shape (SIZE, SIZE), row 0 in the north."""
    with np.load(matplotlib.cbook.get_sample_data("jacksboro_fault_dem.npz", asfileobj=False)) as sample:
        heights = sample["elevation"].astype(np.float64)
        west, north, dx, dy = (float(sample[key]) for key in ("xmin", "ymax", "dx", "dy"))
    steps = (np.arange(SIZE) + 0.5) * CELL
    x, y = np.meshgrid(CORNER[0] + steps, CORNER[1] - steps)
    lon, lat = transform(CRS, WGS84, x, y)
    heights = interpolate(heights, (north - lat) / dy - 0.5, (lon - west) / dx - 0.5)
    assert np.isfinite(heights).all()
    return np.asarray(np.rint(heights), np.int16)


if __name__ == "__main__":
    np.save(FILE, make())
