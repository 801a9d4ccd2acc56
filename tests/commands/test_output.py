"""Files that commands write: `terrain solve -o`, and what every writing command leaves alone."""

import csv
import io
import itertools
import json
import math
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely.geometry import shape

from terrain_cli import load_map, solve
from terrain_cli.maps.corridor import find_outlines
from tests.conftest import CONFIGS, Ran

Terrain = Callable[..., Ran]
THREE, LAKE = str(CONFIGS / "three_strips.yaml"), str(CONFIGS / "lake.yaml")


class TestSolve:
    def test_writes_the_document(self, terrain: Terrain, tmp_path: Path) -> None:
        ran = terrain("solve", LAKE, "--json", "--sensitivity", "-o", tmp_path / "o.json")
        assert ran.err == f"wrote {tmp_path / 'o.json'}\n"
        assert json.loads((tmp_path / "o.json").read_text()) == json.loads(ran.out)

    def test_writes_the_documents_of_several(self, terrain: Terrain, tmp_path: Path) -> None:
        assert terrain("solve", LAKE, THREE, "-o", tmp_path / "o.json").code == 0
        assert [document["scenario"] for document in json.loads((tmp_path / "o.json").read_text())] == [
            "around the lake",
            "three strips",
        ]
        ran = terrain("solve", LAKE, THREE, "-o", tmp_path / "o.csv")
        assert (ran.code, ran.out) == (2, "")
        assert "--output: must end in .json for several scenarios, got" in ran.err

    def test_writes_the_history_of_strips(self, terrain: Terrain, tmp_path: Path) -> None:
        ran = terrain("solve", THREE, "--csv", "-o", tmp_path / "o.csv")
        assert (tmp_path / "o.csv").read_text() == ran.out
        assert len(ran.out.splitlines()) == 22

    def test_writes_the_route_of_a_map(self, terrain: Terrain, tmp_path: Path) -> None:
        """The columns against the route itself: summed lengths, times at the speed of each leg."""
        ran = terrain("solve", LAKE, "--csv", "-o", tmp_path / "o.csv")
        assert (tmp_path / "o.csv").read_text() == ran.out
        rows = list(csv.DictReader(io.StringIO(ran.out)))
        route = solve(load_map(LAKE)).route
        assert route is not None
        points = np.array([[float(row["x"]), float(row["y"])] for row in rows])
        assert np.array_equal(points, route.points)
        assert rows[0]["distance"] == rows[0]["time"] == "0.0"
        assert rows[0]["speed"] == ""
        assert (float(rows[-1]["distance"]), float(rows[-1]["time"])) == pytest.approx(
            (route.distance, route.time), rel=1e-12
        )
        legs = np.hypot(*np.diff(points, axis=0).T)
        speeds = [float(row["speed"]) for row in rows[1:]]
        assert {round(speed, 9) for speed in speeds} <= {1.3, 0.9, 0.5}
        assert sum(legs / speeds) == pytest.approx(route.time, rel=1e-12)

    def test_numbers_the_goals_of_several_routes(self, terrain: Terrain, tmp_path: Path) -> None:
        path = tmp_path / "m.yaml"
        path.write_text(
            "map: {cell: 1, speeds: {grid: [[1, 2, 1]]}}\nstart: [0.5, 0.5]\ngoal: [[2.5, 0.5], [1.5, 0.5]]\n"
        )
        rows = list(csv.reader(io.StringIO(terrain("solve", path, "--csv").out)))
        assert rows[0] == ["goal", "x", "y", "distance", "time", "speed"]
        assert rows[-1] == ["2", "1.5", "0.5", "1.0", "0.75", "2.0"]

    def test_writes_routes_and_areas_as_geojson(self, terrain: Terrain, tmp_path: Path) -> None:
        ran = terrain("solve", LAKE, "-q", "--isochrones", "150,300", "--corridor", "1", "-o", tmp_path / "o.geojson")
        assert ran.code == 0
        document = json.loads((tmp_path / "o.geojson").read_text())
        roles = [feature["properties"].get("role", "isochrone") for feature in document["features"]]
        assert roles == ["route", "alternative", "corridor", "isochrone", "isochrone"]
        route, _, corridor, *_ = document["features"]
        assert route["geometry"]["coordinates"][0] == [55, 185]
        area = shape(corridor["geometry"])
        assert area.is_valid
        assert area.area == pytest.approx(corridor["properties"]["area"], rel=1e-12)
        assert area.covers(shape(route["geometry"]))

    def test_writes_the_path_across_strips_as_geojson(self, terrain: Terrain, tmp_path: Path) -> None:
        terrain("solve", THREE, "--method", "snell", "-q", "-o", tmp_path / "o.geojson")
        [feature] = json.loads((tmp_path / "o.geojson").read_text())["features"]
        points = feature["geometry"]["coordinates"]
        assert (points[0], points[-1]) == ([0, 0], [30, 20])
        times = [math.dist(a, b) / v for a, b, v in zip(points, points[1:], (0.7, 0.3, 0.45), strict=False)]
        assert sum(times) == pytest.approx(feature["properties"]["time"], rel=1e-12)

    @pytest.mark.parametrize("name", ["o.txt", "o", "o.npy"])
    def test_refuses_other_endings(self, terrain: Terrain, tmp_path: Path, name: str) -> None:
        ran = terrain("solve", THREE, "-o", tmp_path / name)
        assert (ran.code, ran.err) == (
            2,
            f"--output: must end in .json, .csv, .geojson, .gpx or .gpkg, got {tmp_path / name}\n",
        )

    def test_never_overwrites_an_input(self, terrain: Terrain, tmp_path: Path) -> None:
        np.save(tmp_path / "v.npy", np.ones((2, 3)))
        text = "map: {cell: 1, speeds: {file: v.npy}}\nstart: [0.5, 0.5]\ngoal: [2.5, 1.5]\n"
        (tmp_path / "m.json").write_text(text)  # YAML under another name
        (tmp_path / "link.json").symlink_to("m.json")
        for name in ("m.json", "link.json"):
            ran = terrain("solve", tmp_path / "m.json", "-o", tmp_path / name)
            assert (ran.code, "is an input file; name another file" in ran.err) == (2, True)
        ran = terrain("solve", tmp_path / "m.json", "--field", tmp_path / "v.npy")
        assert (ran.code, "v.npy is an input file" in ran.err) == (2, True)
        assert (tmp_path / "m.json").read_text() == text
        assert np.load(tmp_path / "v.npy").shape == (2, 3)

    def test_never_overwrites_an_input_among_several(self, terrain: Terrain, tmp_path: Path) -> None:
        """Nor one that is invalid: nothing is written then."""
        good, bad = tmp_path / "good.json", tmp_path / "bad.json"
        good.write_text((CONFIGS / "uniform.yaml").read_text())
        bad.write_text("strips: 3\n")
        for output in (good, bad):
            ran = terrain("solve", good, bad, THREE, "-o", output)
            assert (ran.code, ran.out, ran.err) == (2, "", f"--output: {output} is an input file; name another file\n")
        assert bad.read_text() == "strips: 3\n"
        assert "strips:" in good.read_text()

    def test_names_the_option_whose_file_is_an_input(self, terrain: Terrain, tmp_path: Path) -> None:
        np.save(tmp_path / "v.npy", np.ones((2, 3)))
        (tmp_path / "m.yaml").write_text("map: {cell: 1, speeds: {file: v.npy}}\nstart: [0, 0]\ngoal: [2.5, 1.5]\n")
        ran = terrain("solve", tmp_path / "m.yaml", THREE, "-o", tmp_path / "o.json", "--field", tmp_path / "v.npy")
        assert ran.code == 2
        ran = terrain("solve", tmp_path / "m.yaml", "--field", tmp_path / "v.npy")
        assert ran.err == f"--field: {tmp_path / 'v.npy'} is an input file; name another file\n"

    def test_refuses_a_file_named_twice(self, terrain: Terrain, tmp_path: Path) -> None:
        ran = terrain("solve", THREE, "-o", tmp_path / "o.json", "-o", f"{tmp_path}/../{tmp_path.name}/o.json")
        assert (ran.code, "is named twice; name another file" in ran.err) == (2, True)

    def test_has_no_speed_on_a_leg_without_length(self, terrain: Terrain, tmp_path: Path) -> None:
        (tmp_path / "m.yaml").write_text(
            "map: {cell: 1, speeds: {grid: [[1, 1]]}}\nstart: [0.5, 0.5]\ngoal: [0.5, 0.5]\n"
        )
        ran = terrain("solve", tmp_path / "m.yaml", "--csv")
        assert "nan" not in ran.out
        ran = terrain("solve", tmp_path / "m.yaml")
        assert (ran.code, "no time saved" in ran.out) == (0, True)

    def test_csv_has_no_place_for_other_answers(self, terrain: Terrain, tmp_path: Path) -> None:
        for arguments in (["--corridor", "1"], ["--isochrones", "1,2"], ["--sensitivity"]):
            ran = terrain("solve", LAKE, "--csv", *arguments)
            assert ran.err == f"{arguments[0]} and --csv cannot be used together; --json has both\n"
        assert terrain("solve", LAKE, "--csv", "--field", tmp_path / "f.npy").code == 0


def test_an_option_of_the_other_kind_is_refused_whatever_its_value(terrain: Terrain, tmp_path: Path) -> None:
    for arguments in (
        ["solve", LAKE, "--tolerance", "0"],
        ["solve", THREE, "--corridor", "0"],
        ["plot", LAKE, "-o", tmp_path / "x.svg", "--iterations", "0"],
        ["sweep", LAKE, "--vary", "start.0=1", "--tolerance", "0"],
    ):
        ran = terrain(*arguments)
        assert (ran.code, "works only with" in ran.err) == (2, True)


def test_a_sweep_of_a_map_reports_problems_of_the_map_itself(terrain: Terrain, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    for ground, problem in (
        ("{speeds: {grid: [[1, 1]], extent: [0, 0, 2, 2]}}", ":1: map.speeds.extent: must give square cells"),
        ("{cell: 1, speeds: {file: gone.npy}}", ":1: map.speeds.file: "),
        ("{cell: 1, speeds: {grid: [[1, blocked]]}}", ":3: goal: lies in blocked ground"),
    ):
        path.write_text(f"map: {ground}\nstart: [0.5, 0.5]\ngoal: [1.5, 0.5]\n")
        ran = terrain("sweep", path, "--vary", "start.0=0.4,0.6", "--json")
        assert (ran.code, ran.out) == (2, "")
        assert f"{path}{problem}" in ran.err


def test_all_problems_of_cells_and_files_are_reported_together(terrain: Terrain, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("map:\n  cell: 1\n  speeds: {file: gone.npy, extent: [0, 0, 1, 1]}\nstart: [0, 0]\ngoal: [1, 1]\n")
    first, second = terrain("solve", path).err.splitlines()
    assert first.startswith(f"{path}:2: map.cell: and speeds.extent both give the size of a cell")
    assert second.startswith(f"{path}:3: map.speeds.file: ")


def test_outlines_of_cells_are_valid_polygons_of_the_same_area() -> None:
    """Random cells, with holes, and parts and holes that touch at corners; shapely judges."""
    rng = np.random.default_rng(20261125)
    for _ in range(300):
        cells = rng.random((rng.integers(1, 9), rng.integers(1, 9))) < rng.choice([0.3, 0.6, 0.8])
        polygons = [[(ring * [-1, 1])[:, ::-1].tolist() for ring in rings] for rings in find_outlines(cells)]
        area = shape({"type": "MultiPolygon", "coordinates": polygons})
        assert area.is_valid
        assert area.area == pytest.approx(cells.sum())
        for outer, *holes in polygons:
            assert _signed_area(outer) > 0
            assert all(_signed_area(hole) < 0 for hole in holes)


def _signed_area(ring: Any) -> float:
    return float(sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring)))


WRITERS: dict[str, list[object]] = {
    "s.json": ["solve", THREE, "-q", "-o", "s.json"],
    "s.csv": ["solve", THREE, "-q", "-o", "s.csv"],
    "s.geojson": ["solve", THREE, "-q", "-o", "s.geojson"],
    "f.npy": ["solve", LAKE, "-q", "--field", "f.npy"],
    "i.geojson": ["solve", LAKE, "-q", "--isochrones", "100", "--isochrones-output", "i.geojson"],
    "p.svg": ["plot", THREE, "-o", "p.svg"],
    "m.png": ["plot", LAKE, "-o", "m.png"],
    "a.gif": ["animate", THREE, "--iterations", "3", "-o", "a.gif"],
    "r.html": ["report", str(CONFIGS / "two_strips.yaml"), "-o", "r.html"],
    "g.svg": ["graph", THREE, "-o", "g.svg"],
    "w.csv": ["sweep", THREE, "--step", "1,2", "-q", "-o", "w.csv"],
    "w.svg": ["sweep", THREE, "--step", "1,2", "-q", "-o", "w.svg"],
    "b.csv": ["batch", str(CONFIGS / "cases.jsonl"), "--overwrite", "-o", "b.csv"],
    "x.expected.json": ["check", "x.yaml", "--update"],
}


@pytest.mark.skipif(os.name != "posix", reason="links and modes")
@pytest.mark.parametrize("name", WRITERS)
def test_links_modes_and_neighbours_survive(
    terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.yaml").write_text((CONFIGS / "uniform.yaml").read_text())
    Path("elsewhere").mkdir()
    target, neighbour = Path("elsewhere") / name, Path(f"{name}.part")
    target.write_text('{"version": 1, "inputs": {}, "result": {"status": "x", "routes": []}}')
    target.chmod(0o600)
    neighbour.write_text("mine")
    Path(name).symlink_to(target)
    assert terrain(*WRITERS[name]).code == 0
    assert Path(name).is_symlink()
    assert target.stat().st_size > 90
    assert "routes" not in target.read_bytes().decode("latin1")[:120]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert neighbour.read_text() == "mine"
    left = {path.name for path in [*tmp_path.iterdir(), *Path("elsewhere").iterdir()]}
    assert left == {name, "x.yaml", "elsewhere", f"{name}.part"}
