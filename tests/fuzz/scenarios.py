"""Scenario files of both kinds, valid and not, through `terrain solve`."""

import math
from typing import Any

from hypothesis import strategies as st

from terrain_cli import load_scenario, solve
from tests.fuzz.bench import Bench
from tests.fuzz.oracle import Fault, Ran, check_best_time
from tests.fuzz.values import (
    Draw,
    mostly,
    mutate,
    mutate_text,
    number,
    pick,
    pick_size,
    plain_texts,
    positive,
    write,
    write_block,
)

SIZES = (3, 3, 2, 5, 1)  # numbers of strips: few, because each has programs of its own
SHAPES = ((2, 3), (3, 4), (6, 6))  # rows and columns of maps, for the same reason
MOST = 2000  # iterations that a scenario asks for


def draw_strips(draw: Draw) -> dict[str, Any]:
    """A valid scenario of strips."""
    n = pick(draw, *SIZES)
    size = pick_size(draw)
    strips = [{"width": draw(size), "speed": draw(size)} for _ in range(n)]
    scenario: dict[str, Any] = {"strips": strips, "offset": draw(number)}
    if mostly(draw, 30):
        scenario["name"] = draw(plain_texts)
    if mostly(draw, 20):
        strips[-1]["name"] = draw(plain_texts)
    if mostly(draw, 10):
        scenario["units"] = {"length": "km", "time": draw(plain_texts)}
    if mostly(draw, 60):
        scenario["descent"] = draw_descent(draw, n)
    return scenario


def draw_descent(draw: Draw, n: int) -> dict[str, Any]:
    """Valid settings of a descent across n strips."""
    method = pick(draw, "gradient", "newton", "snell", "momentum", "adam")
    descent: dict[str, Any] = {"method": method, "iterations": draw(st.integers(0, 60))}
    if mostly(draw, 40):
        descent["initial"] = [draw(number) for _ in range(n - 1)]
    if mostly(draw, 40) and method != "newton":
        descent["step"] = draw(positive)
    if mostly(draw, 20):
        descent["tolerance"] = pick(draw, 0, 1e-9, 0.1)
    if method == "momentum" and mostly(draw, 50):
        descent["momentum"] = pick(draw, 0, 0.5, 0.99)
    return descent


def draw_map(draw: Draw) -> dict[str, Any]:
    """A valid map scenario."""
    rows, cols = pick(draw, *SHAPES)
    cell = pick(draw, 1, 10, 0.25)
    letters = {".": 1.3, "^": 0.4, "#": "blocked"}
    ground = [[pick(draw, ".", ".", "^", "#") for _ in range(cols)] for _ in range(rows)]
    places = [(draw(st.integers(0, rows - 1)), draw(st.integers(0, cols - 1))) for _ in range(pick(draw, 2, 2, 3))]
    for row, col in places:
        ground[row][col] = "."
    inside = pick(draw, 0.5, 0.25, 0.9, 0, 1)
    if inside in (0, 1):  # at corners, which two blocked cells would close
        for row, col in places:
            ground[row][min(max(col + 2 * int(inside) - 1, 0), cols - 1)] = "."
    points = [[round((col + inside) * cell, 9), round((rows - row - inside) * cell, 9)] for row, col in places]
    speeds: dict[str, Any] = {"drawing": "\n".join(map("".join, ground)), "legend": letters}
    if mostly(draw, 50):
        speeds = {"grid": [[letters[letter] for letter in row] for row in ground]}
    scenario: dict[str, Any] = {"map": {"cell": cell, "speeds": speeds}, "start": points[0], "goal": points[1]}
    if mostly(draw, 10):
        del scenario["map"]["cell"]
        speeds["extent"] = [0, 0, cols * cell, rows * cell]
    if len(points) > 2:
        scenario["goal"] = [points[1], {"at": points[2], "name": draw(plain_texts)}]
    return scenario


def draw_file(draw: Draw, value: Any) -> bytes:
    """A scenario as YAML in some style, or with something wrong in it."""
    hostile = draw(st.integers(0, 99))
    if hostile >= 75:
        for _ in range(pick(draw, 1, 2)):
            value = mutate(draw, value)
    text = pick(draw, write_block, write)(value)
    data = str(text).encode(errors="surrogatepass")
    if 50 <= hostile < 75 or hostile >= 97:
        for _ in range(pick(draw, 1, 2)):
            data = mutate_text(
                draw, data, b"map: {cell: 1}\nstart: [0, 1]\noffset: 2\nstrips: [{width: 1, speed: &a 2}]\n"
            )
    return data


def play(draw: Draw, bench: Bench) -> None:
    """Solve a scenario of either kind; a sample of the answers is compared with the API, the ground mirrored, and Snell's law."""
    is_map = not mostly(draw, 85)
    value = draw_map(draw) if is_map else draw_strips(draw)
    bench.write("s.yaml", draw_file(draw, value))
    options = list(pick(draw, ("--json",), ("--json",), ("--quiet",), (), ("--csv",), ("--json", "--sensitivity")))
    if mostly(draw, 15):
        options += ["-o", pick(draw, "out.json", "out.csv", "out.geojson")]
    if mostly(draw, 10):
        options += (
            ["--every", str(pick(draw, 1, 7, 2**40))] if not is_map else ["--corridor", "2", "--isochrones", "1,2"]
        )
        options = [option for option in options if option != "--csv"]
    ran = bench.run("solve", "s.yaml", *options)
    if ran.code == 2:
        return
    if "--json" in options:
        _compare(bench, ran)
    match pick(draw, "none", "none", "twice", "mirror", "stdin", "out"):
        case "twice":
            if bench.run("solve", "s.yaml", *options).out != ran.out:
                raise Fault("not the same twice", f"solve {options}")
        case "stdin" if "--json" in options:
            piped = bench.run("solve", "-", *options, stdin=(bench.folder / "s.yaml").read_bytes()).document
            if {**piped, "scenario": "", "file": ""} != {**ran.document, "scenario": "", "file": ""}:
                raise Fault("standard input has another answer", f"{piped} and {ran.document}")
        case "out" if "--json" in options:
            bench.run("solve", "s.yaml", *options, "-o", "document.json")
            written = bench.run("solve", "s.yaml", *options).document
            if written != ran.document:
                raise Fault("a file has another answer", "document.json")
        case "mirror":
            _mirror(bench)


def _compare(bench: Bench, ran: Ran) -> None:
    """The document has the answer of the API, and its best time is right by an independent calculation."""
    document, scenario = ran.document, load_scenario(bench.folder / "s.yaml")
    solution: Any = solve(scenario)
    if document["status"] != solution.status:
        raise Fault("the API has another status", f"{document['status']} and {solution.status}")
    if ran.code != (document["status"] in ("diverged", "no route")):
        raise Fault("exit code of a status", f"{ran.code} for {document['status']}")
    if scenario.kind == "strips":
        _same(document["time"], solution.time)
        _check_strips(document, scenario)
        return
    for route, ours in zip(document.get("routes", [document]), solution.routes, strict=True):
        time = route["time"]
        _same(time, math.inf if ours is None else ours.time)
        if ours is None:
            continue
        fastest = max(float(1 / slow) for slow in solution.ground.slowness.ravel().tolist() if math.isfinite(slow))
        if not 0 <= route["distance"] / fastest * (1 - 1e-9) <= time:
            raise Fault("faster than the fastest speed", f"{time} over {route['distance']} at {fastest}")
        straight = route["straight_time"]
        if straight is not None and time > straight * (1 + 1e-9):
            raise Fault("slower than the straight line", f"{time} and {straight}")


def _check_strips(document: dict[str, Any], scenario: Any) -> None:
    best, ground = document["optimum"]["time"], (scenario.widths, scenario.speeds, scenario.offset)
    check_best_time(best, *ground)
    time = document["time"]
    if time is not None and time < best * (1 - 1e-12):
        raise Fault("better than the best time", f"{time!r} and {best!r} for {ground}")
    x, crossings = document["x"], document["crossings"]
    if document["status"] != "diverged" and abs(math.fsum(x) - math.fsum(crossings[-1:])) > 1e-9 * math.fsum(
        map(abs, x)
    ):
        raise Fault("crossings are not the sum of x", f"{x} and {crossings}")


def _same(time: float | None, ours: float) -> None:
    if time is None or not math.isfinite(ours):
        if time is not None or math.isfinite(ours):
            raise Fault("the API has another time", f"{time} and {ours}")
    elif abs(time - ours) > 1e-12 * abs(ours):
        raise Fault("the API has another time", f"{time!r} and {ours!r}")


def _mirror(bench: Bench) -> None:
    """Ground that is mirrored takes the same time."""
    scenario: Any = load_scenario(bench.folder / "s.yaml")
    if scenario.kind == "strips":
        from terrain_cli import find_optimum
        from terrain_cli.strips.ground import Strips

        there = float(find_optimum(Strips(scenario.widths, scenario.speeds, scenario.offset)).time)
        back = float(find_optimum(Strips(scenario.widths[::-1], scenario.speeds[::-1], -scenario.offset)).time)
    else:
        from terrain_cli.maps.raster import read_raster

        raster = read_raster(scenario)
        speeds = [["blocked" if math.isnan(v) else v for v in row[::-1]] for row in raster.speeds.tolist()]
        width = raster.cell * raster.speeds.shape[1]
        (west, south), height = raster.corner, raster.cell * raster.speeds.shape[0]
        extent = [west, south, west + width, south + height]
        start, *goals = [[2 * west + width - x, y] for x, y in (scenario.start, *scenario.goals)]
        mirrored = {"map": {"speeds": {"grid": speeds, "extent": extent}}, "start": start, "goal": goals}
        other: Any = solve(load_scenario(bench.write("mirrored.yaml", write(mirrored))))
        solution: Any = solve(scenario)
        if [route is None for route in other.routes] != [route is None for route in solution.routes]:
            raise Fault("mirrored ground has other routes", f"{other.message} and {solution.message}")
        there = math.fsum(route.time for route in solution.routes if route)
        back = math.fsum(route.time for route in other.routes if route)
    if abs(there - back) > 1e-9 * there:
        raise Fault("mirrored ground takes another time", f"{there!r} and {back!r}")
