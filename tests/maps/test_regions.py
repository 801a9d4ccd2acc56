"""Regions that lie over the cells of a map."""

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

shapely = pytest.importorskip("shapely", reason="needs the extra geo")
pytest.importorskip("rasterio", reason="needs the extra geo")
pytest.importorskip("pyproj", reason="needs the extra geo")

from terrain_cli import MapScenario, MapSolution, load_map, solve  # noqa: E402  after the skips
from terrain_cli.geo.grid import Grid  # noqa: E402
from terrain_cli.geo.regions import find_cells, keep_shut  # noqa: E402
from terrain_cli.maps.overlays import Overlay, find_fastest, lay_over  # noqa: E402
from terrain_cli.maps.raster import read_raster  # noqa: E402
from tests.conftest import Ran  # noqa: E402

Terrain = Callable[..., Ran]
DATA = Path(os.environ.get("TERRAIN_TEST_DATA", ""))
real = pytest.mark.skipif(
    not (DATA / "SOURCES.md").is_file(), reason="TERRAIN_TEST_DATA names no folder with the real data"
)
LAKE = {"type": "Polygon", "coordinates": [[[31, 19], [60, 19], [60, 61], [31, 61], [31, 19]]]}
BRIDGE = {"type": "LineString", "coordinates": [[5, 45], [115, 45]]}
SHORE = {"type": "LineString", "coordinates": [[5, 15], [115, 15]]}
MAP = """\
map:
  cell: 10
  speeds: {{grid: [{rows}]}}
  regions:
{regions}
start: [5, 45]
goal: [115, 45]
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """A scenario of 8 by 12 cells with these regions; each file is written beside it."""

    def write(*regions: str, **files: Any) -> Path:
        for name, geometry in files.items():
            (tmp_path / f"{name}.geojson").write_text(json.dumps(geometry))
        path = tmp_path / "m.yaml"
        rows = ", ".join(["[" + ", ".join(["1"] * 12) + "]"] * 8)
        path.write_text(MAP.format(rows=rows, regions="\n".join(f"    - {region}" for region in regions)))
        return path

    return write


class TestGround:
    def test_later_ones_win_and_factors_multiply(self, write: Callable[..., Path]) -> None:
        wood = {"type": "Polygon", "coordinates": [[[0, 40], [120, 40], [120, 80], [0, 80], [0, 40]]]}
        path = write(
            "{file: lake.geojson, speed: blocked}", "{file: wood.geojson, factor: 0.5}", "{name: road, file: road.geojson, width: 3, speed: 2}",
            "{file: wood.geojson, factor: 0.5}", lake=LAKE, wood=wood, road=BRIDGE,
        )  # fmt: skip
        raster = read_raster(load_map(path))
        assert raster.speeds[0].tolist() == [0.25] * 12
        assert raster.speeds[3].tolist() == [1.0] * 12  # the road, through the lake too, and the second factor
        assert np.isnan(raster.speeds[2, 3:6]).all()
        assert raster.speeds[5, 0] == 1
        assert [(overlay.name, int(overlay.cells.mask.sum())) for overlay in raster.overlays] == [
            ("region 1", 18), ("region 2", 48), ("road", 12), ("region 4", 48)
        ]  # fmt: skip

    def test_a_road_along_a_shore_does_not_open_the_water_and_a_bridge_does(self, write: Callable[..., Path]) -> None:
        lake, road = "{file: lake.geojson, speed: blocked}", "{file: road.geojson, width: 8, speed: 2}"
        along = read_raster(load_map(write(lake, road, lake=LAKE, road=SHORE)))
        assert along.speeds[6].tolist()[:3] == [2.0] * 3
        assert np.isnan(along.speeds[6, 3:6]).all()  # the lake reaches into these cells
        over = read_raster(load_map(write(lake, road, lake=LAKE, road=BRIDGE)))
        assert over.speeds[3].tolist() == [2.0] * 12

    def test_an_island_is_open(self) -> None:
        grid = Grid((0.0, 0.0), 10.0, 8, 12)
        lake, island, beside = (
            np.array([shapely.box(*bounds)]) for bounds in ((11, 11, 69, 69), (31, 31, 49, 49), (69, 0, 100, 80))
        )
        water, land, shore = (
            find_cells(shape, grid, width=None, whole=shape is lake) for shape in (lake, island, beside)
        )
        assert keep_shut(land, island, water, lake, 0.0, grid).mask.sum() == land.mask.sum()
        assert (
            keep_shut(shore, beside, water, lake, 0.0, grid).mask.sum() == shore.mask.sum()
        )  # whole cells, none in the lake

    def test_parts_of_a_map_have_their_part_of_the_regions(self) -> None:
        grid = Grid((0.0, 0.0), 10.0, 8, 12)
        cells = find_cells([shapely.box(15, 15, 75, 55)], grid, width=None, whole=True)
        overlay = Overlay("lake", cells, math.nan, None)
        whole, part = np.ones((8, 12)), np.ones((4, 5))
        lay_over(whole, [overlay])
        lay_over(part, [overlay], (2, 6, 4, 9))
        np.testing.assert_array_equal(part, whole[2:6, 4:9])

    def test_the_fastest_speed_counts_regions(self) -> None:
        def overlay(speed: float | None, factor: float | None = None) -> Overlay:
            return Overlay(
                "",
                find_cells([shapely.box(0, 0, 9, 9)], Grid((0.0, 0.0), 10.0, 2, 2), width=None, whole=True),
                speed,
                factor,
            )

        assert (
            find_fastest(1.0, [overlay(math.nan), overlay(1.5), overlay(None, 2.0), overlay(None, 0.5), overlay(2.0)])
            == 3
        )

    def test_an_array_that_is_swept_stays_as_it_is(self, terrain: Terrain, write: Callable[..., Path]) -> None:
        path = write("{name: road, file: road.geojson, width: 4, speed: 2}", road=BRIDGE)
        ran = terrain("sweep", path, "--vary", "map.regions.0.speed=0.5,2,4", "--json")
        times = [point["time"] for point in json.loads(ran.out)["points"]]
        assert times == pytest.approx([110 + 10 * math.sqrt(3), 55, 27.5])  # by Snell's law, beside a slow road


class TestProblems:
    @pytest.mark.parametrize(
        ("region", "sentence"),
        [
            ("{file: missing.geojson, speed: 1}", "map.regions[0].file: {folder}/missing.geojson: no such file"),
            ("{file: road.geojson, speed: 1}", "map.regions[0]: {folder}/road.geojson: has lines, which need a width: add width"),
            ("{file: lake.geojson, speed: 1, width: 3}", "map.regions[0]: {folder}/lake.geojson: has only areas: remove width"),
            ("{file: lake.geojson}", "map.regions[0]: speed is missing: add speed: blocked"),
            ("{file: lake.geojson, speed: 1, factor: 2}", "map.regions[0]: has both a speed and a factor: remove one of them"),
            ("{file: lake.geojson, speed: shut}", "map.regions[0].speed: must be a number or the word blocked"),
            ("{file: lake.geojson, factor: 0}", "map.regions[0].factor: must be greater than 0"),
            ("{file: lake.geojson, sped: 1}", "map.regions[0].sped: is not a key here: did you mean speed?"),
            ("{file: lake.geojson, speed: 1, crs: 'EPSG:26912'}", "and the map has no CRS"),
            ("{file: away.geojson, speed: 1}", "map.regions[0]: away.geojson: lies outside the map: it extends from [500, 500]"),
            ("{speed: 1}", "map.regions[0].file: is missing"),
            ("here", "map.regions[0]: must be a mapping with name, file"),
        ],
    )  # fmt: skip
    def test_each_is_named_with_its_line(
        self, terrain: Terrain, write: Callable[..., Path], tmp_path: Path, region: str, sentence: str
    ) -> None:
        away = {"type": "Polygon", "coordinates": [[[500, 500], [510, 500], [510, 510], [500, 500]]]}
        path = write(region, lake=LAKE, road=BRIDGE, away=away)
        ran = terrain("solve", path)
        assert ran.code == 2
        assert ran.err.startswith(f"{path}:5: "), ran.err
        assert sentence.format(folder=tmp_path) in ran.err

    def test_all_at_once(self, terrain: Terrain, write: Callable[..., Path]) -> None:
        ran = terrain(
            "solve", write("{file: a.geojson, speed: 1}", "{file: lake.geojson, speed: 1, width: 2}", lake=LAKE)
        )
        assert [line.split(":")[1] for line in ran.err.splitlines()] == ["5", "6"]

    def test_the_start_on_an_island_has_no_route(self, terrain: Terrain, write: Callable[..., Path]) -> None:
        ring = shapely.geometry.mapping(shapely.box(0, 20, 40, 70).difference(shapely.box(0, 40, 10, 50)))
        ran = terrain("solve", write("{file: ring.geojson, speed: blocked}", ring=ring))
        assert ran.code == 1
        assert "blocked ground encloses the start, with 1 free cell around it" in ran.out

    def test_outputs_do_not_replace_the_file_of_a_region(
        self, terrain: Terrain, write: Callable[..., Path], tmp_path: Path
    ) -> None:
        path = write("{file: lake.geojson, speed: blocked}", lake=LAKE)
        before = (tmp_path / "lake.geojson").read_text()
        ran = terrain("solve", path, "-o", tmp_path / "lake.geojson")
        assert ran.code == 2
        assert "is an input file" in ran.err
        assert (tmp_path / "lake.geojson").read_text() == before

    def test_a_record_notices_another_lake(self, terrain: Terrain, write: Callable[..., Path], tmp_path: Path) -> None:
        path = write("{file: lake.geojson, speed: blocked}", lake=LAKE)
        assert terrain("check", path, "--update").code == 0
        assert terrain("check", path).code == 0
        (tmp_path / "lake.geojson").write_text(json.dumps(LAKE).replace("60", "50"))
        ran = terrain("check", path)
        assert ran.code == 1
        assert "map.regions[0].sha256" in ran.out


@real
class TestRedButte:
    def find_route(self, speed: float, *, road: bool = True) -> tuple[MapSolution, float]:
        """The solution, and the share of its way that is on the road."""
        regions: list[dict[str, Any]] = [{"file": str(DATA / "hiker_red_butte_reservoir.geojson"), "speed": "blocked"}]
        if road:
            regions.append({"file": str(DATA / "hiker_red_butte_road.geojson"), "width": 8, "speed": speed})
        ground = {
            "grid": str(DATA / "hiker_red_butte_dem.tif"),
            "speed": 1.0,
            "window": [430900, 4513900, 433100, 4515700],
        }
        scenario = MapScenario.model_validate(
            {"map": ground | {"regions": regions}, "start": [431300, 4514250], "goal": [432800, 4515400]}
        )
        solution = solve(scenario)
        assert solution.route is not None
        line = shapely.LineString(solution.route.points)
        [way] = shapely.get_parts(shapely.from_geojson((DATA / "hiker_red_butte_road.geojson").read_text()))
        return solution, line.intersection(way.buffer(20)).length / line.length

    def test_the_road_is_used_where_it_pays_and_left_where_it_does_not(self) -> None:
        (fast, on_fast), (slow, on_slow), (none, _) = (
            self.find_route(1.6), self.find_route(0.5), self.find_route(1.0, road=False)
        )  # fmt: skip
        assert on_fast > 0.8
        assert on_slow < 0.1
        assert fast.time < none.time < slow.time
        assert slow.time < 1.02 * none.time

    def test_the_reservoir_is_never_entered(self) -> None:
        [lake] = shapely.get_parts(shapely.from_geojson((DATA / "hiker_red_butte_reservoir.geojson").read_text()))
        for speed in (1.6, 0.5):
            solution, _ = self.find_route(speed)
            assert solution.route is not None
            assert shapely.LineString(solution.route.points).intersection(lake).length == 0
