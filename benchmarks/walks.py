"""Walks over real elevation beside GRASS r.walk and itinera, and beside a wider search: each path is timed alike.

The data is not part of the project: TERRAIN_TEST_DATA names its folder. A program of GRASS is found as `grass`; itinera, which
needs an environment of its own, as the Python of that environment in ITINERA_PYTHON.
"""

import heapq
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np

from benchmarks.real import FOLDER
from benchmarks.route_tools import read_path
from benchmarks.routes import processor_seconds
from benchmarks.table import Table
from terrain_cli.compile_cache import enable_compile_cache
from terrain_cli.maps.ground import Ground
from terrain_cli.maps.routes import walk_graphs, walks
from terrain_cli.maps.routes.search import find_route
from terrain_cli.maps.routes.walk_graphs import Effort
from terrain_cli.maps.walking.functions import Walking, calc_speed
from terrain_cli.maps.walking.means import mean_pace_of
from terrain_cli.maps.walking.paces import to_pace

MAPS = {
    "Red Butte, 53 m": "red_butte_53m.tif",
    "Zion, 90 m": "zion_dem_90m_utm12.tif",
    "Mongón, 31 m": "mongon_dem.tif",
}
PAIRS = 8  # of each map
TOBLER, LANGMUIR = Walking(), Walking("naismith_langmuir")
# The effort of the wider search, on maps of any size.
WIDER = Effort(blocks=0.09, width=0.12, matters=0.03, creases=(6, 6, 6, 14), large=400_000)
MORE = {"MOST_NODES": 60_000, "CANDIDATES": 24, "MOST_CREASES": 150_000}
ROUTES, CREASES = 4, 48  # to refine, and on each edge of the band

Place = tuple[int, int]  # of a pixel, (row, col)


class Elevation(NamedTuple):
    """heights: at the centres of pixels, m, NaN without data. cell: side of a pixel, m."""

    heights: np.ndarray
    cell: float


def read(file: str) -> Elevation:
    import rasterio

    with rasterio.open(FOLDER / file) as raster:
        heights = raster.read(1).astype(float)
        if raster.nodata is not None:
            heights[heights == raster.nodata] = np.nan
        return Elevation(heights, float(raster.transform.a))


def to_ground(elevation: Elevation, walking: Walking) -> Ground:
    """The squares between the centres of pixels, blocked where a corner has no data."""
    level, pace = to_pace(walking)
    known = np.isfinite(elevation.heights)
    free = known[:-1, :-1] & known[1:, :-1] & known[:-1, 1:] & known[1:, 1:]
    return Ground(np.where(free, 1 / level, np.inf), elevation.cell, heights=elevation.heights, pace=pace)


def draw_pairs(elevation: Elevation, count: int, seed: int) -> list[tuple[Place, Place]]:
    """Pairs of pixels with data all round them, a third of the map apart or more."""
    rng = np.random.default_rng(seed)
    known = np.isfinite(elevation.heights)
    inner = known.copy()
    inner[[0, -1]] = inner[:, [0, -1]] = False
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            inner &= np.roll(known, (down, right), (0, 1))
    places = np.argwhere(inner)
    found: list[tuple[Place, Place]] = []
    while len(found) < count:
        a, b = places[rng.integers(len(places), size=2)].tolist()
        if np.hypot(a[0] - b[0], a[1] - b[1]) >= max(known.shape) / 3:
            found.append(((a[0], a[1]), (b[0], b[1])))
    return found


def time_walk(elevation: Elevation, walking: Walking, path: np.ndarray) -> float:
    """The exact time, s, of a path over the bilinear surface; inf over squares without data.

    path: (row, col) in pixels, whole numbers at their centres, shape (N, 2).
    """
    level, pace = to_pace(walking)
    numbers = pace.numbers
    total = 0.0
    for a, b in pairwise(np.asarray(path, dtype=float)):
        way = b - a
        length = float(np.hypot(*way))
        if length == 0:
            continue
        shares = [0.0, 1.0]
        for begin, step in zip(a, way, strict=True):
            if step:
                lines = np.arange(np.ceil(min(begin, begin + step)), np.floor(max(begin, begin + step)) + 1)
                shares += [share for share in ((lines - begin) / step).tolist() if 0 < share < 1]
        for first, last in pairwise(sorted(shares)):
            if last - first < 1e-12:
                continue
            slopes = _find_slopes(elevation, a + first * way, a + last * way, way / length)
            total += (last - first) * length * elevation.cell * mean_pace_of(*numbers, *slopes) / level
    return total if np.isfinite(total) else np.inf


def _find_slopes(elevation: Elevation, a: np.ndarray, b: np.ndarray, direction: np.ndarray) -> list[float]:
    """The slopes at the ends of a piece of a path in one square, or along an edge of it."""
    rows, cols = elevation.heights.shape
    row, col = np.clip(np.floor((a + b) / 2 + 1e-9), 0, (rows - 2, cols - 2)).astype(int)
    z = elevation.heights[row : row + 2, col : col + 2] / elevation.cell
    south, east, twist = z[1, 0] - z[0, 0], z[0, 1] - z[0, 0], z[0, 0] - z[0, 1] - z[1, 0] + z[1, 1]
    found = []
    for at in (a, b):
        down, right = at - (row, col)
        # Along an edge only the heights of its ends count: the others may have no data.
        if direction[1] == 0 and abs(right - np.rint(right)) < 1e-9:
            side = int(np.rint(right))
            found.append(float((z[1, side] - z[0, side]) * direction[0]))
        elif direction[0] == 0 and abs(down - np.rint(down)) < 1e-9:
            side = int(np.rint(down))
            found.append(float((z[side, 1] - z[side, 0]) * direction[1]))
        else:
            found.append(float((south + twist * right) * direction[0] + (east + twist * down) * direction[1]))
    return found


def walk_any_angle(elevation: Elevation, walking: Walking, start: Place, goal: Place) -> np.ndarray:
    ground = to_ground(elevation, walking)
    route = find_route(ground, *(ground.to_xy(np.array(end, dtype=float)) for end in (start, goal)))
    assert route is not None
    return ground.to_cells(route.points)


def walk_widely(elevation: Elevation, walking: Walking, start: Place, goal: Place) -> np.ndarray:
    """The same with a wider corridor, more points on each edge and more candidates."""
    with ExitStack() as stack:
        for module, name, value in (
            (walk_graphs, "EFFORTS", {math.inf: WIDER}),
            *((walks, name, value) for name, value in MORE.items()),
        ):
            stack.enter_context(mock.patch.object(module, name, value))
        first, second, last = walks.STAGES
        stages = (first._replace(routes=ROUTES), second._replace(creases=CREASES), last)
        stack.enter_context(mock.patch.object(walks, "STAGES", stages))
        return walk_any_angle(elevation, walking, start, goal)


def run_r_walk(elevation: Elevation, knight: bool, start: Place, goal: Place | None) -> tuple[np.ndarray, np.ndarray]:
    """The path of GRASS r.walk and r.path with 8 neighbours, or with 16 (the knight's move), and its costs, s. Its coefficients
    are those of Langmuir."""
    heights, cell = elevation
    rows, cols = heights.shape
    with tempfile.TemporaryDirectory() as folder:
        head = f"north: {rows * cell!r}\nsouth: 0\neast: {cols * cell!r}\nwest: 0\nrows: {rows}\ncols: {cols}\n"
        body = "\n".join(" ".join("*" if np.isnan(z) else repr(z) for z in row) for row in heights.tolist())
        (Path(folder) / "dem.txt").write_text(head + "type: double\n" + body + "\n")

        def place(at: Place) -> str:
            return f"{(at[1] + 0.5) * cell!r},{(rows - at[0] - 0.5) * cell!r}"

        script = (
            "set -e\n"
            f"r.in.ascii input={folder}/dem.txt output=dem --quiet\n"
            "g.region raster=dem --quiet\n"
            "r.mapcalc 'friction = if(isnull(dem), null(), 0.0)' --quiet\n"
            f"r.walk {'-k' if knight else ''} elevation=dem friction=friction output=total outdir=way "
            f"start_coordinates={place(start)} --quiet\n"
            f"r.out.ascii input=total output={folder}/total.txt precision=17 null_value=nan --quiet\n"
        )
        if goal is not None:
            script += (
                f"r.path input=way format=auto start_coordinates={place(goal)} vector_path=path --quiet\n"
                f"v.out.ascii input=path format=standard output={folder}/path.txt --quiet\n"
            )
        (Path(folder) / "script.sh").write_text(script)
        run_grass(Path(folder) / "script.sh")
        costs = np.loadtxt(Path(folder) / "total.txt", skiprows=6)
        path = np.empty((0, 2))
        if goal is not None:
            x, y = np.array(read_path(Path(folder) / "path.txt")).T
            path = np.column_stack([rows - y / cell, x / cell])[::-1] - 0.5
    return path, costs


def run_grass(script: Path) -> None:
    command = ["grass", "--tmp-project", "XY", "--exec", "bash", str(script)]
    version = subprocess.run(["grass", "--version"], capture_output=True, text=True, check=False)
    if " 8.4" not in version.stdout + version.stderr:
        command[1] = "--tmp-location"
    subprocess.run(command, check=True, capture_output=True)


ITINERA = """
import sys
import numpy as np
from itinera import build_conductance, least_cost_path, node_to_rowcol, rowcol_to_node, tobler
heights, cell, ends = np.load(sys.argv[1]), float(sys.argv[2]), list(map(int, sys.argv[3:7]))
matrix, rows, cols = build_conductance(heights, cell, tobler, neighbours=16)
nodes, _ = least_cost_path(matrix, rowcol_to_node(*ends[:2], cols), rowcol_to_node(*ends[2:], cols))
np.save(sys.argv[1], [node_to_rowcol(node, cols) for node in nodes])
"""


def walk_itinera(elevation: Elevation, start: Place, goal: Place) -> np.ndarray:
    """The path of itinera with Tobler's function and 16 neighbours, the most that it has."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "dem.npy"
        np.save(file, elevation.heights)
        ends = map(str, (*start, *goal))
        command = [os.environ["ITINERA_PYTHON"], "-c", ITINERA, str(file), repr(elevation.cell), *ends]
        subprocess.run(
            command, check=True, env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        )
        return np.asarray(np.load(file), dtype=float)


def search_moves(elevation: Elevation, walking: Walking, knight: bool, start: Place) -> np.ndarray:
    """The least time from a pixel to all others by the moves of r.walk, each on the straight line from height to height, s."""
    heights, cell = elevation
    moves = [
        (i, j) for i in (-2, -1, 0, 1, 2) for j in (-2, -1, 0, 1, 2) if abs(i) + abs(j) == 3 or max(abs(i), abs(j)) == 1
    ]
    if not knight:
        moves = [move for move in moves if max(map(abs, move)) == 1]
    times = np.full(heights.shape, np.nan)
    waiting = [(0.0, start)]
    z, known = heights.tolist(), np.isfinite(heights).tolist()
    rows, cols = heights.shape
    while waiting:
        now, (row, col) = heapq.heappop(waiting)
        if np.isfinite(times[row, col]):
            continue
        times[row, col] = now
        for down, right in moves:
            i, j = row + down, col + right
            if not (0 <= i < rows and 0 <= j < cols and known[i][j] and np.isnan(times[i, j])):
                continue
            # A knight's move passes between two pixels, and r.walk takes it only if both have data.
            if abs(down) == 2 and not (known[row + down // 2][col] and known[row + down // 2][j]):
                continue
            if abs(right) == 2 and not (known[row][col + right // 2] and known[i][col + right // 2]):
                continue
            length = cell * float(np.hypot(down, right))
            heapq.heappush(waiting, (now + length / calc_speed(walking, (z[i][j] - z[row][col]) / length), (i, j)))
    return times


def compare_costs() -> Table:
    table = Table(
        "The costs of GRASS r.walk, reproduced by our function on its own moves",
        ["map", "neighbours", "pixels reached", "largest cost (s)", "largest difference, relative"],
        "From one pixel to all: Dijkstra's algorithm over the same 8 or 16 neighbours with `naismith_langmuir`, each move on the "
        "straight line between two heights. This checks the function and its units.",
    )
    for name, file in MAPS.items():
        elevation = read(file)
        start, _ = draw_pairs(elevation, 1, 5)[0]
        for knight in (False, True):
            _, costs = run_r_walk(elevation, knight, start, None)
            own = search_moves(elevation, LANGMUIR, knight, start)
            both = np.isfinite(costs) & np.isfinite(own) & (own > 0)
            reached = (
                f"{np.isfinite(own).sum():,}"
                if np.array_equal(np.isfinite(costs), np.isfinite(own))
                else "not the same"
            )
            worst = float(np.abs(costs[both] / own[both] - 1).max())
            table.rows.append([name, 16 if knight else 8, reached, f"{own[both].max():,.0f}", worst])
    return table


class Found(NamedTuple):
    """What the tools found from one place to another: times, s, by tool and walking function, each timed exactly; seconds of
    processor time."""

    name: str
    times: dict[str, dict[str, float]]
    seconds: dict[str, float]


def search(name: str, elevation: Elevation, start: Place, goal: Place) -> Found:
    """The paths of all tools. Those of ours are searched with each function, the others with what they have."""
    tools: dict[str, Callable[[], np.ndarray]] = {
        "terrain": lambda: walk_any_angle(elevation, TOBLER, start, goal),
        "wider search": lambda: walk_widely(elevation, TOBLER, start, goal),
        "terrain, Langmuir": lambda: walk_any_angle(elevation, LANGMUIR, start, goal),
    }
    if shutil.which("grass"):
        tools["GRASS r.walk, 8 neighbours"] = lambda: run_r_walk(elevation, False, start, goal)[0]
        tools["GRASS r.walk, 16 neighbours"] = lambda: run_r_walk(elevation, True, start, goal)[0]
    if "ITINERA_PYTHON" in os.environ:
        tools["itinera"] = lambda: walk_itinera(elevation, start, goal)
    times, seconds = {}, {}
    for tool, walk in tools.items():
        before = processor_seconds()
        path = walk()
        seconds[tool] = processor_seconds() - before
        times[tool] = {walking.name: time_walk(elevation, walking, path) for walking in (TOBLER, LANGMUIR)}
    return Found(name, times, seconds)


def search_all(pairs: int = PAIRS) -> Iterator[Found]:
    """Both directions of each pair of each map."""
    for name, file in MAPS.items():
        elevation = read(file)
        for a, b in draw_pairs(elevation, pairs, 7):
            yield search(name, elevation, a, b)
            yield search(name, elevation, b, a)


def compare_walks(found: list[Found]) -> Iterator[Table]:
    for walking, own in ((TOBLER, "terrain"), (LANGMUIR, "terrain, Langmuir")):
        table = Table(
            f"Walks between random places, both directions, under {walking.name}",
            [
                "map",
                "path of",
                "walks",
                "excess, median (%)",
                "excess, worst (%)",
                "faster than ours",
                "processor seconds",
            ],
            "Each tool's own path from centre to centre of two pixels, over the bilinear surface, timed exactly under the same "
            "function. Excess: over ours, searched with that function; the walks that pass squares without data, which have no "
            "time, are not counted. r.walk has Langmuir's function alone. Processor seconds: the median.",
        )
        for name in MAPS:
            here = [one for one in found if one.name == name]
            for tool in here[0].times if here else []:
                if tool in ("wider search", "terrain" if walking is LANGMUIR else "terrain, Langmuir"):
                    continue
                ratios = np.array([one.times[tool][walking.name] / one.times[own][walking.name] for one in here])
                ratios = ratios[np.isfinite(ratios)]
                excess = 100 * (ratios - 1)
                seconds = float(np.median([one.seconds[tool] for one in here]))
                row = [
                    name,
                    tool,
                    len(ratios),
                    f"{np.median(excess):.2f}",
                    f"{excess.max():.2f}",
                    int((excess < 0).sum()),
                ]
                table.rows.append([*row, seconds])
        yield table
    table = Table(
        "Walks compared with a wider search at the same sub-cells",
        [
            "map",
            "walks",
            "within 1e-4 of the best",
            "worst excess",
            "wider search slower by more than 1e-4",
            "seconds",
            "wider, seconds",
        ],
        "Under Tobler's function. The wider search has "
        + ", ".join(f"{key} {value}" for key, value in (WIDER._asdict() | MORE).items())
        + f", {ROUTES} routes to refine and {CREASES} creases "
        "instead of the constants of the search. Best: the faster of both. Processor seconds: the median.",
    )
    for name in MAPS:
        here = [one for one in found if one.name == name]
        if here:
            both = np.array([[one.times[tool]["tobler"] for tool in ("terrain", "wider search")] for one in here])
            ours, wide = (both / both.min(axis=1)[:, None] - 1).T
            taken = [float(np.median([one.seconds[tool] for one in here])) for tool in ("terrain", "wider search")]
            table.rows.append(
                [name, len(here), int((ours <= 1e-4).sum()), float(ours.max()), int((wide > 1e-4).sum()), *taken]
            )
    yield table


def run() -> Iterator[Table]:
    if not (FOLDER / "SOURCES.md").is_file():
        raise SystemExit("TERRAIN_TEST_DATA names no folder with the real data")
    enable_compile_cache()
    if shutil.which("grass"):
        yield compare_costs()
    walk_any_angle(
        Elevation(np.add.outer(np.arange(4.0), np.arange(4.0) ** 2), 10.0), TOBLER, (0, 0), (3, 3)
    )  # compiles
    yield from compare_walks(list(search_all()))
