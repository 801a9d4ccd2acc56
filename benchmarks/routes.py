"""Routes: on random maps compared with a finer search, on three strips with the tools people use; each path is timed exactly."""

import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from benchmarks.oracle import search_independently
from benchmarks.route_tools import descend_field, field_alone, walk_graph, walk_grass, walk_straight
from benchmarks.table import Table
from benchmarks.terrains import draw_ends, draw_map, draw_random_cells, draw_roads, draw_rough_ground, draw_small_map
from terrain_cli.compile_cache import enable_compile_cache
from terrain_cli.contract import Route
from terrain_cli.maps.ground import Ground, closed_corners
from terrain_cli.maps.routes.chains import drop_needless
from terrain_cli.maps.routes.graph import make_graph
from terrain_cli.maps.routes.lines import trace_lines
from terrain_cli.maps.routes.paths import cells_through, find_paths, pick_routes
from terrain_cli.maps.routes.refine import refine
from terrain_cli.maps.routes.search import find_route
from terrain_cli.strips.ground import Strips
from terrain_cli.strips.snell import best_time

POLYGONS, RANDOM, SIZE = 100, 20, 200
ROUGH = (1000, 3000)  # cells a side
SMALL = 5000  # maps
ROADS, ROAD_CELLS = 12, 1000  # maps, and cells a side
KINDS = ("polygons and discs", "every cell random")
SAME = 1e-9


def time_path(slowness: np.ndarray, path: np.ndarray) -> float:
    """The exact time of a path, (row, col), shape (N, 2), over cells of side 1."""
    padded, closed = np.pad(slowness, 1, constant_values=np.inf), closed_corners(slowness)
    return float(trace_lines(path[:-1], path[1:], padded, closed).time.sum())


def search_finely(slowness: np.ndarray, start: np.ndarray, goal: np.ndarray) -> list[float]:
    """The best times of two finer searches, in units of s per cell size.

    The first refines 40 routes on a graph with 16 points per edge, in the cells whose best route is at most 4 % slower than the
    best. The second has 24 points per edge near the best of those, and refines 40 routes that may differ by as little as a cell.
    """
    enable_compile_cache()
    padded, closed = np.pad(slowness, 1, constant_values=np.inf), closed_corners(slowness)
    cells = np.isfinite(slowness)
    times: list[float] = []
    for points, width in ((1, 0.04), (16, 0.002), (24, 0.0)):
        graph = make_graph(start, goal, cells, points, slowness, closed)
        paths = find_paths(graph, max(width, 5e-3))
        if points > 1:
            apart = 1.5 if points == 16 else 0
            routes = pick_routes(graph, paths, 5e-3, apart, 40, slowness.shape)
            refined = refine(drop_needless(graph.to_chain(routes), padded), padded, closed)
            times.append(min(route.times[-1] for route in refined))
        cells = cells_through(graph, paths, width, slowness.shape)
    return times


def draw(kind: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A map, its slowness, a start and a goal, (row, col)."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    slowness = (draw_map, draw_random_cells)[KINDS.index(kind)](rng, SIZE)
    return slowness, *draw_ends(rng, slowness)


def compare_random_maps() -> Iterator[Table]:
    worse = Table(
        "Maps where another search found a faster route",
        ["map", "ours (s)", "best (s)", "excess"],
        f"All maps with an excess of more than {SAME:g}; no rows means that there are none.",
    )
    table = Table(
        f"Routes on random maps of {SIZE} x {SIZE} cells",
        [
            "maps",
            "count",
            f"within {SAME:g} of the best known",
            "worst excess",
            "reported against retraced, worst",
            "A to B is B to A",
            "seconds, median",
            "seconds, worst",
            "under 1 s",
        ],
        "Best known: the best of our route and those of two finer searches. Seconds: the shorter of two runs, "
        "including the fields, with everything compiled.",
    )
    for kind, count in zip(KINDS, (POLYGONS, RANDOM), strict=True):
        maps = [draw(kind, seed) for seed in range(count)]
        routes, retraced, both, seconds = [], [], 0, []
        for slowness, start, goal in maps:
            ground = Ground(slowness)
            ends = ground.to_xy(start), ground.to_xy(goal)
            routes.append(route := _found(ground, *ends))
            taken = []
            for _ in range(2):
                before = time.perf_counter()
                back = _found(ground, *ends[::-1])
                taken.append(time.perf_counter() - before)
            seconds.append(min(taken))
            retraced.append(abs(time_path(slowness, ground.to_cells(route.points)) / route.time - 1))
            both += back.time == route.time and np.array_equal(back.points[::-1], route.points)
        with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
            bests = [min(times) for times in pool.map(search_finely, *zip(*maps, strict=True))]
        excesses = [route.time / min(best, route.time) - 1 for route, best in zip(routes, bests, strict=True)]
        for seed, (route, best, excess) in enumerate(zip(routes, bests, excesses, strict=True)):
            if excess > SAME:
                worse.rows.append([f"{kind} {seed}", route.time, best, excess])
        within = sum(excess <= SAME for excess in excesses)
        row = [kind, count, within, max(excesses), max(retraced), f"{both} of {count}"]
        table.rows.append([*row, float(np.median(seconds)), max(seconds), sum(its < 1 for its in seconds)])
    yield table
    yield worse


def _found(ground: Ground, start: np.ndarray, goal: np.ndarray) -> Route:
    route = find_route(ground, start, goal)
    assert route is not None
    return route


def compare_strips() -> Table:
    table = Table(
        "Three strips as a raster, cell 0.05 m: excess over the exact optimum",
        ["path of", "excess (%)", "seconds"],
        "Each tool's own path, timed exactly over the true strips. Ends are at centres of cells.",
    )
    cell, n = 0.05, 200
    speeds = np.repeat([0.45, 0.3, 0.7], n)[:, None] * np.ones(2 * n + 1)
    slowness = 1 / speeds
    start, goal = (3 * n - 1, 0), (0, 2 * n)
    strips = Strips(widths=[10 - cell / 2, 10, 10 - cell / 2], speeds=[0.7, 0.3, 0.45], offset=2 * n * cell)
    exact = float(best_time(strips))

    def ours(slowness: np.ndarray, start: tuple[int, int], goal: tuple[int, int]) -> np.ndarray:
        ground = Ground(slowness)
        route = _found(ground, ground.to_xy(np.array(start) + 0.5), ground.to_xy(np.array(goal) + 0.5))
        return ground.to_cells(route.points)

    tools: dict[str, Callable[..., np.ndarray]] = {
        "terrain": ours,
        "scikit-fmm, order 2, descent on its field": descend_field,
        "scikit-image MCP_Geometric": walk_graph,
        "straight line": walk_straight,
    }
    if shutil.which("grass"):
        tools |= {"GRASS r.cost, 8 neighbours": walk_grass(False), "GRASS r.cost, 16 neighbours": walk_grass(True)}
    for name, tool in tools.items():
        tool(slowness, start, goal)
        before = time.perf_counter()
        path = tool(slowness, start, goal)
        seconds = time.perf_counter() - before
        table.rows.append([name, 100 * (time_path(slowness, path) * cell / exact - 1), seconds])
    return table


def compare_rough_ground() -> Table:
    table = Table(
        "One route on rough ground, beside the tools that people use",
        ["cells", "tool", "processor seconds", "ratio", "excess (%)"],
        "Fractal hills, slow where they are steep. Processor seconds from the array in memory to the route and its alternatives, "
        "with everything compiled, in alternation, the median of three; for GRASS, of its processes, import included. Ratio: to "
        "the field of scikit-fmm of order 2 alone, on the same ground. Excess: of each tool's own path over terrain's, timed "
        "alike.",
    )
    for n in ROUGH:
        slowness, start, goal = draw_rough_ground(np.random.default_rng(n), n, 200)
        ends = (int(start[0]), int(start[1])), (int(goal[0]), int(goal[1]))
        tools: dict[str, Callable[..., np.ndarray | None]] = {
            "scikit-fmm, order 2, field alone": field_alone,
            "terrain": route_alone,
            "scikit-image MCP_Geometric": walk_graph,
        }
        if shutil.which("grass"):
            tools["GRASS r.cost, 16 neighbours"] = walk_grass(True)
        taken: dict[str, list[float]] = {name: [] for name in tools}
        paths: dict[str, np.ndarray | None] = {}
        route_alone(slowness, *ends)
        for _ in range(3):
            for name, tool in tools.items():
                before = processor_seconds()
                paths[name] = tool(slowness, *ends)
                taken[name].append(processor_seconds() - before)
        own = paths["terrain"]
        assert own is not None
        best, field = time_path(slowness, own), float(np.median(taken["scikit-fmm, order 2, field alone"]))
        for name, path in paths.items():
            seconds = float(np.median(taken[name]))
            excess = None if path is None else 100 * (time_path(slowness, path) / best - 1)
            table.rows.append([f"{n} x {n}", name, seconds, seconds / field if field else None, excess])
    return table


def compare_roads() -> Table:
    table = Table(
        "Routes on rough ground with a few thin roads",
        ["cells", "maps", "slower by more than 1e-09", "worst excess"],
        "Six crooked roads, one cell wide, three times as fast as the fastest other ground. Each is compared with two finer "
        "searches of the whole map.",
    )
    excesses = []
    for seed in range(ROADS):
        rng = np.random.default_rng([seed, ROAD_CELLS])
        slowness, start, goal = draw_rough_ground(rng, ROAD_CELLS, 100)
        slowness = draw_roads(rng, slowness, 6)
        ground = Ground(slowness)
        route = _found(ground, ground.to_xy(start), ground.to_xy(goal))
        excesses.append(max(route.time / min(search_finely(slowness, start, goal)) - 1, 0.0))
    slower = sum(excess > SAME for excess in excesses)
    table.rows.append([f"{ROAD_CELLS} x {ROAD_CELLS}", ROADS, slower, max(excesses)])
    return table


def processor_seconds() -> float:
    """Of this process and of those that it has waited for."""
    used = os.times()
    return float(used.user + used.system + used.children_user + used.children_system)


def route_alone(slowness: np.ndarray, start: tuple[int, int], goal: tuple[int, int]) -> np.ndarray:
    ground = Ground(slowness)
    return ground.to_cells(_found(ground, *(ground.to_xy(np.array(end) + 0.5) for end in (start, goal))).points)


def compare_small_maps() -> Table:
    table = Table(
        "Routes on small random maps",
        ["maps", "reached", "slower by more than 1e-06", "worst excess"],
        "2 to 12 cells a side, contrast 1 to 1,000, walls, ends anywhere. Each is compared with an independent search "
        "(benchmarks/oracle.py).",
    )
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        excesses = [excess for excess in pool.map(_compare_small_map, range(SMALL), chunksize=50) if excess is not None]
    table.rows.append([SMALL, len(excesses), sum(excess > 1e-6 for excess in excesses), max(excesses)])
    return table


def _compare_small_map(seed: int) -> float | None:
    """How much longer than the best known our route is, as a fraction; None if there is no way, as both say."""
    enable_compile_cache()
    slowness, start, goal = draw_small_map(np.random.default_rng(seed))
    ground = Ground(slowness)
    route = find_route(ground, ground.to_xy(start), ground.to_xy(goal))
    best = search_independently(slowness, start, goal, 40 if slowness.size <= 60 else 20)
    if route is None or np.isinf(best):
        assert route is None
        assert np.isinf(best)
        return None
    return max(route.time / best - 1, 0.0) if best else route.time


def run() -> Iterator[Table]:
    enable_compile_cache()
    yield compare_strips()
    yield compare_rough_ground()
    yield compare_roads()
    yield compare_small_maps()
    yield from compare_random_maps()
