"""The tools that people use for a route across a raster, each as a function from the ground to its path, (row, col)."""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.interpolate import RegularGridInterpolator


def walk_straight(slowness: np.ndarray, start: tuple[int, int], goal: tuple[int, int]) -> np.ndarray:  # noqa: ARG001  the signature of the others
    return np.array([start, goal]) + 0.5


def walk_graph(slowness: np.ndarray, start: tuple[int, int], goal: tuple[int, int]) -> np.ndarray:
    from skimage.graph import MCP_Geometric

    search = MCP_Geometric(np.where(np.isinf(slowness), -1, slowness))  # it does not enter cells of negative cost
    search.find_costs([start], [goal])
    return np.array(search.traceback(goal)) + 0.5


def descend_field(slowness: np.ndarray, start: tuple[int, int], goal: tuple[int, int]) -> np.ndarray:
    """scikit-fmm of order 2, then Runge-Kutta steps of half a cell down its field."""
    import skfmm

    front = np.ones_like(slowness)
    front[start] = -1
    times = np.asarray(skfmm.travel_time(front, 1 / slowness, order=2))
    centres = [np.arange(n, dtype=float) for n in slowness.shape]
    slopes = [
        RegularGridInterpolator(centres, slope, bounds_error=False, fill_value=None) for slope in np.gradient(times)
    ]

    def downhill(at: np.ndarray) -> np.ndarray:
        slope = np.array([float(part(at)[0]) for part in slopes])
        return np.asarray(-slope / np.hypot(*slope))

    path = [np.array(goal, dtype=float)]
    while np.hypot(*(path[-1] - start)) > 2 and len(path) < 100_000:
        at, step = path[-1], 0.5
        k1 = downhill(at)
        k2 = downhill(at + step / 2 * k1)
        k3 = downhill(at + step / 2 * k2)
        k4 = downhill(at + step * k3)
        path.append(np.clip(at + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4), 0, np.array(slowness.shape) - 1.0))
    return np.array([*path, start]) + 0.5


def walk_grass(knight: bool) -> Callable[..., np.ndarray]:
    """GRASS r.cost and r.path with 8 neighbours, or with 16 (the knight's move)."""

    def walk(slowness: np.ndarray, start: tuple[int, int], goal: tuple[int, int]) -> np.ndarray:
        rows, cols = slowness.shape
        with tempfile.TemporaryDirectory() as folder:
            raster = Path(folder) / "cost.txt"
            head = f"north: {rows}\nsouth: 0\neast: {cols}\nwest: 0\nrows: {rows}\ncols: {cols}\n"
            raster.write_text(head + "\n".join(" ".join(map(_to_ascii, row)) for row in slowness.tolist()) + "\n")
            at = [f"{col + 0.5},{rows - row - 0.5}" for row, col in (start, goal)]
            script = Path(folder) / "script.sh"
            script.write_text(
                "set -e\n"
                f"r.in.ascii input={raster} output=cost --quiet\n"
                "g.region raster=cost --quiet\n"
                f"r.cost {'-k' if knight else ''} input=cost output=total outdir=way start_coordinates={at[0]} --quiet\n"
                f"r.path input=way format=auto start_coordinates={at[1]} vector_path=path --quiet\n"
                f"v.out.ascii input=path format=standard output={folder}/path.txt --quiet\n"
            )
            command = ["grass", "--tmp-project", "XY", "--exec", "bash", str(script)]
            version = subprocess.run(["grass", "--version"], capture_output=True, text=True, check=False)
            if " 8.4" not in version.stdout + version.stderr:
                command[1] = "--tmp-location"
            subprocess.run(command, check=True, capture_output=True)
            x, y = np.array(read_path(Path(folder) / "path.txt")).T
        return np.column_stack([rows - y, x])

    return walk


def read_path(file: Path) -> list[tuple[float, float]]:
    """The points (x, y) of the lines that v.out.ascii has written, each once."""
    path: list[tuple[float, float]] = []
    left = 0  # coordinates of the line that are still to come; its category follows, which looks like one
    for line in file.read_text().splitlines():
        words = line.split()
        if words and words[0] == "L":
            left = int(words[1])
        elif left:
            left -= 1
            x, y = map(float, words)
            if not path or path[-1] != (x, y):
                path.append((x, y))
    return path


def _to_ascii(slowness: float) -> str:
    """A cell for r.in.ascii, which writes those without data, which r.cost does not enter, as a star."""
    return "*" if np.isinf(slowness) else repr(slowness)


def field_alone(slowness: np.ndarray, start: tuple[int, int], goal: tuple[int, int]) -> None:  # noqa: ARG001  as above
    import skfmm

    front = np.ones_like(slowness)
    front[start] = -1
    blocked = np.isinf(slowness)
    skfmm.travel_time(np.ma.MaskedArray(front, blocked), 1 / np.where(blocked, 1, slowness), order=2)
