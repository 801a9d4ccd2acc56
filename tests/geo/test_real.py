"""Real ground, each from a scenario of a few lines: Zion, Mongón and Red Butte. The data is not part of the project."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

rasterio = pytest.importorskip("rasterio", reason="needs the extra geo")
shapely = pytest.importorskip("shapely", reason="needs the extra geo")
pytest.importorskip("pyproj", reason="needs the extra geo")

from terrain_cli import MapSolution, load_map, solve  # noqa: E402  after the skips
from terrain_cli.geo.crs import from_lonlat  # noqa: E402
from terrain_cli.maps.sensitivity import find_shares, lengths_by_cell  # noqa: E402
from tests.conftest import ROOT, Ran  # noqa: E402

Terrain = Callable[..., Ran]
DATA = Path(os.environ.get("TERRAIN_TEST_DATA", ""))
pytestmark = pytest.mark.skipif(
    not (DATA / "SOURCES.md").is_file(), reason="TERRAIN_TEST_DATA names no folder with the real data"
)
SCENARIOS = ("zion", "mongon", "red_butte")
WATER, ROAD = "hiker_red_butte_reservoir.geojson", "hiker_red_butte_road.geojson"


def find_scenario(name: str) -> str:
    """A scenario of docs/rasters.md, by the comment in its first line."""
    blocks = (ROOT / "docs" / "rasters.md").read_text(encoding="utf-8").split("```yaml\n")[1:]
    [found] = [block.split("```")[0] for block in blocks if block.startswith(f"# {name}.yaml")]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scenarios of the page, beside the data."""
    folder = tmp_path_factory.mktemp("real")
    for file in DATA.iterdir():
        (folder / file.name).symlink_to(file)
    for name in SCENARIOS:
        (folder / f"{name}.yaml").write_text(find_scenario(name), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def solved(folder: Path) -> dict[str, MapSolution]:
    return {name: solve(load_map(folder / f"{name}.yaml")) for name in SCENARIOS}


def geometry(name: str) -> object:
    [found] = shapely.get_parts(shapely.from_geojson((DATA / name).read_text()))
    return found


def line_of(solution: MapSolution) -> object:
    assert solution.route is not None
    return shapely.LineString(solution.route.points)


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_solves_from_a_few_lines(solved: dict[str, MapSolution], name: str) -> None:
    assert len(find_scenario(name).splitlines()) <= 15
    solution = solved[name]
    assert solution.status == "converged"
    assert solution.route is not None
    assert solution.route.time < solution.route.straight_time
    shares = find_shares(solution, solution.route.points)
    assert sum(share.time for share in shares if share.factor is None) == pytest.approx(solution.time, rel=1e-12)


def test_zion_has_the_classes_of_the_raster(solved: dict[str, MapSolution]) -> None:
    """Along the route, the raster itself is read at the middle of each piece in each cell."""
    zion = solved["zion"]
    assert zion.crs == "EPSG:26912"
    assert zion.zones is not None
    assert zion.route is not None
    with rasterio.open(DATA / "zion_nlcd2011_90m_utm12.tif") as raster:
        there = raster.read(1)
    row, col, lengths = lengths_by_cell(zion.ground, zion.route.points)
    keys = np.array(zion.zones.keys)[zion.zones.classes[row, col]]
    np.testing.assert_array_equal(keys, there[row, col])
    speeds = zion.scenario.map.land_cover.speeds if zion.scenario.map.land_cover else {}
    took = sum(length / speeds[int(key)] for length, key in zip(lengths, keys, strict=True))
    assert took == pytest.approx(zion.time, rel=1e-12)
    ends = from_lonlat("EPSG:26912", -113.02, 37.21), from_lonlat("EPSG:26912", -112.95, 37.35)
    np.testing.assert_allclose(zion.route.points[[0, -1]], ends, atol=1e-6)


def test_mongon_goes_round_the_greenest_hills(solved: dict[str, MapSolution]) -> None:
    mongon = solved["mongon"]
    assert mongon.zones is not None
    assert mongon.zones.names == ("below -0.1", "-0.1 to 0.1", "0.1 and above")
    with rasterio.open(DATA / "mongon_ndvi.tif") as raster:
        there = raster.read(1)
    np.testing.assert_array_equal(mongon.zones.classes, np.digitize(there, [-0.1, 0.1]))
    assert mongon.route is not None
    assert {share.name for share in find_shares(mongon, mongon.route.points)} == {"below -0.1", "-0.1 to 0.1"}


def test_red_butte_never_enters_the_reservoir_and_uses_the_road(solved: dict[str, MapSolution], folder: Path) -> None:
    butte, lake, road = solved["red_butte"], geometry(WATER), geometry(ROAD)
    slow_file = folder / "slow.yaml"
    slow_file.write_text(find_scenario("red_butte").replace("speed: 1.6", "speed: 0.6"), encoding="utf-8")
    slow = solve(load_map(slow_file))
    with rasterio.open(DATA / "hiker_red_butte_dem.tif") as raster:
        void = np.isnan(raster.read(1))
    for solution in (butte, slow):
        assert line_of(solution).intersection(lake).length == 0  # type: ignore[attr-defined]
        free = np.isfinite(solution.ground.slowness)
        way = next(overlay for overlay in solution.overlays if overlay.name == "road").cells
        free[way.window] &= ~way.mask
        assert not (free & void).any()  # only the road leads into voids
    near = road.buffer(27)  # type: ignore[attr-defined]
    used, left = (line_of(solution).intersection(near).length for solution in (butte, slow))  # type: ignore[attr-defined]
    assert used > 1000
    assert left < 0.2 * used
    assert butte.time < slow.time
    assert {share.name for share in find_shares(butte, butte.route.points)} == {"elsewhere", "road"}  # type: ignore[union-attr]


def test_by_class_in_the_terminal(terrain: Terrain, folder: Path, solved: dict[str, MapSolution]) -> None:
    ran = terrain("solve", folder / "mongon.yaml", "--quiet", "--sensitivity")
    assert ran.code == 0, ran.err
    rows = ran.out[ran.out.index("What the best time") :].splitlines()
    assert [row.split("  ")[0] for row in rows[2:]] == ["below -0.1", "-0.1 to 0.1"]
    for line in terrain("solve", folder / "zion.yaml", "--quiet", "--sensitivity").out.splitlines()[-6:]:
        assert line.rstrip() in (ROOT / "docs" / "rasters.md").read_text(encoding="utf-8").splitlines()
    document = json.loads(terrain("solve", folder / "mongon.yaml", "--json", "--sensitivity").out)
    saved = sum(ground["saves"] for ground in document["sensitivity"]["grounds"])
    assert saved == pytest.approx(solved["mongon"].time / 100, rel=1e-12)
