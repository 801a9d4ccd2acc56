"""Maps with elevation: walking functions, land cover, regions, points on the way and profiles, through `solve`, `check` and `sweep`."""

import io
import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from terrain_cli import load_map, solve
from terrain_cli.maps.walking.functions import calc_speed
from terrain_cli.maps.walking.heights import find_walking
from terrain_cli.maps.walking.paces import fastest
from tests.fuzz.bench import Bench
from tests.fuzz.oracle import Fault, Ran
from tests.fuzz.scenarios import draw_file
from tests.fuzz.values import Draw, mostly, number, pick, plain_texts, write, write_block

SHAPES = ((4, 5), (3, 3), (2, 6))  # of the heights; a cell of the map lies between four of them

WALKING: tuple[Any, ...] = (
    *("tobler", "tobler", "tobler_off_path", "marquez_perez", "irmischer_clarke", "naismith_langmuir", "campbell", "minetti"),
    *({"v0": "4.7 km/h", "k": 1.9, "s0": 0.05}, {"v0": 1.3, "k": 0}, {"function": "tobler", "factor": 0.6}),
    *({"function": "campbell", "percentile": 10}, {"function": "minetti", "power": 2}, {-0.3: 0.9, 0: 1.4, 0.3: 0.7}),
)  # fmt: skip
ODD_WALKING: tuple[Any, ...] = (
    *("toblr", "table", "", 5, {}, {"v0": 1.3, "k": 1e4}, {"v0": 1.3, "k": 3, "s0": 1e9}, {"v0": 1e40, "k": 3}, {0: 1, 1e-12: 2}),
    *({-5: 1e-50, 0: 1, 5: 1e-50}, {"function": "naismith_langmuir", "c": 7}, {"function": "campbell", "percentile": 55}),
    *({"function": "naismith_langmuir", "slope_factor": -1e-300}, {"function": "minetti", "power": 1e-40}, {"k": 1, "v0": 1, "x": 1}),
)  # fmt: skip
ODD_HEIGHTS = (np.nan, np.inf, 1e5, 1e6, -1e5, 1e-300, 1e300)
OPTIONS = (
    *(("--profile",), ("--profile", "--profile-step", "1"), ("--profile", "--climb-threshold", "0.5"), ("--sensitivity",)),
    *(("--corridor", "3"), ("--isochrones", "1,5"), ("--field", "f.npy"), ("--precision", "32"), ("--profile", "--sensitivity")),
    *(("--profile-step", "1"), ("--profile", "--profile-step", "1e-9"), ("--profile", "--climb-threshold", "nan")),
)  # fmt: skip
VARIED = (
    *("map.walking.factor=0.5:1:2", "map.max_slope=0.5:2:2", "map.detail=1,2", "via.0.0=1,2", "goal.0=1,2", "map.walking.k=1,2"),
    *("map.walking.percentile=10,20", "map.elevation.smoothing=1,2", "map.land_cover.speeds.1=1,2", "map.walking.0=1,2"),
)  # fmt: skip


def draw_heights(draw: Draw) -> np.ndarray:
    """The heights of a small piece of ground, m: even, a plane, or rough; now and then with something wrong in them."""
    shape = pick(draw, *SHAPES)
    heights: np.ndarray = np.add.outer(
        np.arange(shape[0]) * draw(st.integers(-3, 3)), np.arange(shape[1]) * draw(st.integers(-3, 3))
    )
    if mostly(draw, 60):
        heights = heights + np.random.default_rng(draw(st.integers(0, 99))).normal(0, pick(draw, 1, 0.1, 20), shape)
    heights = heights.astype(pick(draw, np.float64, np.float32, np.int16))
    if not mostly(draw, 95) and heights.dtype.kind == "f":
        with np.errstate(over="ignore"):
            heights[draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))] = pick(draw, *ODD_HEIGHTS)
    return heights


def to_bytes(values: np.ndarray) -> bytes:
    """A .npy file."""
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def draw_walk(draw: Draw, bench: Bench) -> dict[str, Any]:
    """A valid map with elevation, whose rasters are written."""
    heights = draw_heights(draw)
    data = to_bytes(heights)
    if not mostly(draw, 96):
        data = data[: draw(st.integers(0, len(data)))]
    bench.write("h.npy", data)
    cell = pick(draw, 10, 1, 90)
    rows, cols = heights.shape[0] - 1, heights.shape[1] - 1
    elevation: Any = "h.npy"
    if mostly(draw, 20):
        elevation = {"file": "h.npy", "smoothing": pick(draw, 0.5 * cell, 3 * cell, 0.5 * cell, 1e9)}
    place: dict[str, Any] = {"elevation": elevation, "cell": cell, "detail": pick(draw, 1, 1, 2, 2, 3)}
    if mostly(draw, 20):
        place["origin"] = [draw(st.integers(-5, 5)), draw(st.integers(-5, 5))]
    if mostly(draw, 80):
        place["walking"] = pick(draw, *(WALKING if mostly(draw, 94) else ODD_WALKING))
    if mostly(draw, 30):
        place["max_slope"] = pick(draw, 1, 0.3, 5, 0.001)
    if mostly(draw, 20):
        classes = np.random.default_rng(draw(st.integers(0, 9))).integers(1, 4, heights.shape).astype(np.uint8)
        bench.write("c.npy", to_bytes(classes))
        place["land_cover"] = {
            "file": "c.npy",
            "speeds": {1: 1, 2: 0.5, 3: pick(draw, 0.7, "blocked")},
            "mode": pick(draw, "factor", "absolute"),
        }
    west, south = place.get("origin", [0, 0])

    def point() -> list[float]:
        """On the ground, which lies between the centres of the outermost pixels; now and then at its edge or beyond."""
        x, y = (
            (pick(draw, 0.5, 0.3, 0.99, 0.75, 0, 1), pick(draw, 0.5, 0.1, 0.7, 1, 0))
            if mostly(draw, 97)
            else (draw(number), 9)
        )
        return [round(west + (0.5 + x * cols) * cell, 9), round(south + (0.5 + y * rows) * cell, 9)]

    if mostly(draw, 15):
        (x, y), side = point(), pick(draw, 0.4, 1.2) * cell
        ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
        bench.write("r.geojson", write({"type": "Polygon", "coordinates": [ring]}))
        place["regions"] = [{"file": "r.geojson", **pick(draw, {"factor": 0.5}, {"speed": 1}, {"speed": "blocked"})}]
    walk: dict[str, Any] = {"map": place, "start": point(), "goal": point()}
    if mostly(draw, 25):
        walk["via"] = [point() for _ in range(pick(draw, 1, 2))]
    if mostly(draw, 10):
        walk["goal"] = [walk["goal"], {"at": point(), "name": draw(plain_texts)}]
    if mostly(draw, 10):
        walk["depart"] = pick(draw, "2026-05-01T23:59Z", "2026-05-01T08:00+02:00", "25:00")
    return walk


def play(draw: Draw, bench: Bench) -> None:
    """Solve a walk; the document has the API's answer, no walk is faster than anybody walks, and records compare as the same."""
    walk = draw_walk(draw, bench)
    bench.write("s.yaml", write_block(walk).encode() if mostly(draw, 80) else draw_file(draw, walk))
    options = ["--json"] if mostly(draw, 60) else list(pick(draw, (), ("--quiet",), ("--csv",)))
    if mostly(draw, 40) and "--csv" not in options:
        options += pick(draw, *(OPTIONS if mostly(draw, 10) else OPTIONS[:-3]))
    if mostly(draw, 25):
        options += ["-o", pick(draw, "out.json", "out.csv", "out.geojson", "out.gpkg", "out.gpx")]
    ran = bench.run("solve", "s.yaml", *options)
    if ran.code == 2:
        return
    if "--json" in options:
        _compare(bench, ran)
    match pick(draw, "none", "none", "twice", "check", "sweep", "plot"):
        case "twice":
            if bench.run("solve", "s.yaml", *options).out != ran.out:
                raise Fault("not the same twice", f"solve {options}")
        case "check":
            bench.run("check", "s.yaml", "--update")
            again = bench.run("check", "s.yaml", "--json")
            if again.code:
                raise Fault("not the same as its record", again.out.decode()[:300])
        case "sweep":
            bench.run("sweep", "s.yaml", "--vary", pick(draw, *VARIED), *pick(draw, ("--json",), (), ("--csv",)))
        case "plot" if mostly(draw, 10):
            bench.run("plot", "s.yaml", "-o", "p.svg", "--kind", pick(draw, "profile", "map"))


def _compare(bench: Bench, ran: Ran) -> None:
    document, scenario = ran.document, load_map(bench.folder / "s.yaml")
    solution: Any = solve(scenario)
    for route, ours in zip(document.get("routes", [document]), solution.routes, strict=True):
        time = route["time"]
        if (time is None) != (ours is None) or (ours is not None and abs(time - ours.time) > 1e-12 * ours.time):
            raise Fault("the API has another time", f"{time} and {ours}")
        if ours is None:
            continue
        straight = route["straight_time"]
        if straight is not None and time > straight * (1 + 1e-9):
            raise Fault("slower than the straight line", f"{time} and {straight}")
        steps = np.hypot(*np.diff(ours.points, axis=0).T)
        if not math.isclose(float(steps.sum()), route["distance"], rel_tol=1e-9, abs_tol=1e-9):
            raise Fault("another distance than its points", f"{steps.sum()} and {route['distance']}")
        slowness, walking = np.asarray(solution.ground.slowness), find_walking(scenario)
        best = float(slowness[np.isfinite(slowness)].min()) * calc_speed(walking, 0.0) / fastest(walking)
        if not 0 <= route["distance"] * best * (1 - 1e-9) <= time:
            raise Fault("faster than anybody walks", f"{time} over {route['distance']} at {1 / best}")
