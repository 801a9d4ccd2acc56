"""Routes on real ground beside the tools that people use: each path is timed exactly on the same cells.

The data is not part of the project: TERRAIN_TEST_DATA names its folder.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.route_tools import walk_graph, walk_grass, walk_straight
from benchmarks.routes import time_path
from benchmarks.table import Table
from terrain_cli.compile_cache import enable_compile_cache
from terrain_cli.maps.ground import Ground
from terrain_cli.maps.raster import read_raster
from terrain_cli.maps.routes.search import find_route
from terrain_cli.maps.scenario import MapScenario

FOLDER = Path(os.environ.get("TERRAIN_TEST_DATA", ""))
ZION = {
    "name": "Zion, land cover, cells of 90 m",
    "map": {
        "land_cover": {
            "file": str(FOLDER / "zion_nlcd2011_90m_utm12.tif"),
            "speeds": {11: "blocked", 21: 1.4, 22: 1.4, 23: 1.4, 31: 0.9, 41: 0.8, 42: 0.8, 43: 0.8, 52: 1.0, 71: 1.2, 81: 1.3,
                       82: 1.2, 90: 0.5, 95: 0.5},
        }
    },
    "start": {"lon": -113.02, "lat": 37.21},
    "goal": {"lon": -112.95, "lat": 37.35},
}  # fmt: skip
RED_BUTTE = {
    "name": "Red Butte, reservoir and road, cells of 26 m",
    "map": {
        "grid": str(FOLDER / "hiker_red_butte_dem.tif"),
        "speed": 1.0,
        "regions": [
            {"name": "reservoir", "file": str(FOLDER / "hiker_red_butte_reservoir.geojson"), "speed": "blocked"},
            {"name": "road", "file": str(FOLDER / "hiker_red_butte_road.geojson"), "width": 8, "speed": 1.6},
        ],
    },
    "start": [431493.90, 4514294.91],
    "goal": [435518.41, 4517525.10],
}


def read(document: dict[str, Any]) -> tuple[np.ndarray, tuple[int, int], tuple[int, int], float]:
    """The slowness of the cells, the cells of the start and the goal, and the side of a cell."""
    scenario = MapScenario.model_validate(document)
    raster = read_raster(scenario)
    assert raster.scenario is not None
    slowness = np.where(np.isnan(raster.speeds), np.inf, 1 / raster.speeds)
    ends = [raster.to_cells(at) for at in (raster.scenario.start, raster.scenario.goals[0])]
    start, goal = ((int(row), int(col)) for row, col in ends)
    return slowness, start, goal, raster.cell


def walk_any_angle(slowness: np.ndarray, start: tuple[int, int], goal: tuple[int, int]) -> np.ndarray:
    ground = Ground(slowness)
    route = find_route(ground, *(ground.to_xy(np.array(end) + 0.5) for end in (start, goal)))
    assert route is not None
    return ground.to_cells(route.points)


def compare(document: dict[str, Any]) -> Table:
    slowness, start, goal, cell = read(document)
    table = Table(
        f"{document['name']}: {slowness.shape[0]} x {slowness.shape[1]} cells",
        ["path of", "time (s)", "excess (%)", "seconds"],
        "Each tool's own path over the same cells, from centre to centre, timed exactly; inf if it passes between blocked cells. "
        "Seconds: of the second of two runs; for GRASS with its import of the raster.",
    )
    tools: dict[str, Callable[..., np.ndarray]] = {"terrain": walk_any_angle}
    if shutil.which("grass"):
        tools |= {"GRASS r.cost, 16 neighbours": walk_grass(True), "GRASS r.cost, 8 neighbours": walk_grass(False)}
    tools |= {"scikit-image MCP_Geometric": walk_graph, "straight line": walk_straight}
    best = None
    for name, tool in tools.items():
        tool(slowness, start, goal)
        before = time.perf_counter()
        path = tool(slowness, start, goal)
        seconds = time.perf_counter() - before
        found = time_path(slowness, path) * cell
        best = best or found
        table.rows.append([name, f"{found:,.1f}", f"{100 * (found / best - 1):.2f}", seconds])
    return table


def run() -> Iterator[Table]:
    if not (FOLDER / "SOURCES.md").is_file():
        raise SystemExit("TERRAIN_TEST_DATA names no folder with the real data")
    enable_compile_cache()
    yield compare(ZION)
    yield compare(RED_BUTTE)
