"""Maps of rasters: the same ground gives the same route however it is stored, and only as much as can matter is read."""

import json
import math
import os
import re
import socket
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terrain_cli import Ground, InputError, MapSolution, load_map
from terrain_cli.geo.crs import from_lonlat, to_lonlat
from terrain_cli.maps.raster import read_raster
from terrain_cli.maps.solution import read, solve
from terrain_cli.maps.sweep import find_points
from tests.conftest import Ran

rasterio = pytest.importorskip("rasterio")
pytest.importorskip("pyproj")
from rasterio.transform import Affine  # noqa: E402  after it is known to be there

UTM = "EPSG:32612"
CELL, ROWS, COLS = 30.0, 24, 30
NORTH = Affine(CELL, 0, 320000, 0, -CELL, 4120000)
TABLE = "{1: 1.0, 2: 0.4, 3: blocked}"
START, GOAL = (320045.0, 4119955.0), (320855.0, 4119345.0)


def classes() -> np.ndarray:
    """Fields, a slow wood in the middle, a wall with a gap."""
    cells = np.ones((ROWS, COLS), np.uint8)
    cells[6:18, 8:20] = 2
    cells[12, 4:28] = 3
    return cells


def save(path: Path, values: np.ndarray, transform: Affine = NORTH, crs: str | None = UTM, **settings: Any) -> Path:
    tags = {key: settings.pop(key) for key in ("scales", "offsets") if key in settings}
    profile = {"driver": "GTiff", "dtype": values.dtype, "transform": transform, "crs": crs} | settings
    with rasterio.open(path, "w", height=len(values), width=values.shape[1], count=1, **profile) as file:
        file.write(values, 1)
        for key, value in tags.items():
            setattr(file, key, value)
    return path


def text_of(layer: str, start: Any = START, goal: Any = GOAL, more: str = "") -> str:
    return f"map: {{{layer}}}\nstart: {json.dumps(start)}\ngoal: {json.dumps(goal)}\n{more}"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(*parts: Any, **settings: Any) -> Path:
        path = tmp_path / "m.yaml"
        path.write_text(text_of(*parts, **settings))
        return path

    return write


COVER = f"land_cover: {{file: m.tif, speeds: {TABLE}}}"


def solved(path: Path) -> MapSolution:
    return solve(load_map(path))


class TestTheSameGround:
    @pytest.fixture
    def time(self, tmp_path: Path, write: Callable[..., Path]) -> float:
        save(tmp_path / "m.tif", classes())
        return solved(write(COVER)).time

    @pytest.mark.parametrize(
        ("values", "settings"),
        [
            (classes()[::-1], {"transform": Affine(CELL, 0, 320000, 0, CELL, 4120000 - ROWS * CELL)}),
            (classes()[:, ::-1], {"transform": Affine(-CELL, 0, 320000 + COLS * CELL, 0, -CELL, 4120000)}),
            (classes(), {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"}),
            (classes().astype(np.float32), {"compress": "lzw", "predictor": 2}),
            (classes().astype(np.int16).T, {"transform": Affine(0, CELL, 320000, -CELL, 0, 4120000)}),
        ],
        ids=["south up", "east left", "tiled", "floats", "transposed"],
    )
    def test_however_it_is_stored(
        self, tmp_path: Path, write: Callable[..., Path], time: float, values: np.ndarray, settings: Any
    ) -> None:
        save(tmp_path / "m.tif", np.ascontiguousarray(values), **settings)
        assert solved(write(COVER)).time == pytest.approx(time, rel=1e-12)

    def test_as_an_array_with_a_table(self, tmp_path: Path, write: Callable[..., Path], time: float) -> None:
        np.save(tmp_path / "m.npy", classes())
        layer = f"cell: {CELL}, origin: [320000, {4120000 - ROWS * CELL}], {COVER.replace('tif', 'npy')}"
        assert solved(write(layer)).time == pytest.approx(time, rel=1e-12)

    def test_as_speeds_scaled_to_integers(self, tmp_path: Path, write: Callable[..., Path], time: float) -> None:
        speeds = np.array([0, 100, 40, 0], np.uint8)[classes()]
        save(tmp_path / "m.tif", speeds, nodata=0, scales=[0.01], offsets=[0.0])
        assert solved(write("speeds: {file: m.tif}")).time == pytest.approx(time, rel=1e-12)
        rough = np.array([0, 33, 13, 0], np.uint8)[classes()]  # 0.99 and 0.39
        save(tmp_path / "m.tif", rough, nodata=0, scales=[0.03], offsets=[0.0])
        assert solved(write("speeds: {file: m.tif}")).time == pytest.approx(time, rel=0.03)

    def test_as_a_quantity_with_breaks(self, tmp_path: Path, write: Callable[..., Path], time: float) -> None:
        index = np.array([np.nan, -0.2, 0.0, 0.1], np.float32)[classes()]
        save(tmp_path / "m.tif", index)
        layer = "land_cover: {file: m.tif, breaks: [-0.1, 0.1], speeds: [1.0, 0.4, blocked]}"
        raster = read_raster(load_map(write(layer)))
        assert raster.zones is not None
        assert raster.zones.names == ("below -0.1", "-0.1 to 0.1", "0.1 and above")
        save(tmp_path / "m.tif", index.astype(np.float64))  # 0.1 as it is written
        assert solved(write(layer.replace("0.1]", "0.09]"))).time == pytest.approx(time, rel=1e-12)

    def test_as_the_cells_and_voids_of_an_elevation_model(self, tmp_path: Path, write: Callable[..., Path]) -> None:
        save(tmp_path / "m.tif", np.where(classes() == 3, -9999, 1500).astype(np.int16), nodata=-9999)
        raster = read_raster(load_map(write("grid: m.tif, speed: 2.0")))
        np.testing.assert_array_equal(raster.speeds, np.where(classes() == 3, np.nan, 2.0))

    def test_in_another_zone_and_in_degrees(self, tmp_path: Path, write: Callable[..., Path], time: float) -> None:
        """Twice resampled: the copy in degrees is on other cells, and read on cells of UTM again."""
        from rasterio.warp import Resampling, calculate_default_transform, reproject

        fine = classes().repeat(4, 0).repeat(4, 1)
        place = Affine(CELL / 4, 0, 320000, 0, -CELL / 4, 4120000)
        bounds = (320000, 4120000 - ROWS * CELL, 320000 + COLS * CELL, 4120000)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of rasterio about affine
            new, cols, rows = calculate_default_transform(UTM, "EPSG:4326", fine.shape[1], len(fine), *bounds)
        copy = np.zeros((rows, cols), np.uint8)
        reproject(fine, copy, src_transform=place, src_crs=UTM, dst_transform=new, dst_crs="EPSG:4326",
                  resampling=Resampling.nearest)  # fmt: skip
        save(tmp_path / "m.tif", copy, new, "EPSG:4326", nodata=0)
        solution = solved(write(COVER))
        assert solution.crs == UTM
        assert solution.time == pytest.approx(time, rel=5e-3)
        assert "m.tif is in degrees (EPSG:4326 (WGS 84)): the map is brought to EPSG:32612" in solution.remarks[0]

    def test_a_start_in_degrees_is_its_twin(self, tmp_path: Path, write: Callable[..., Path]) -> None:
        save(tmp_path / "m.tif", classes())
        lonlat = [dict(zip(("lon", "lat"), to_lonlat(UTM, np.array(at)).tolist(), strict=True)) for at in (START, GOAL)]
        one, two = solved(write(COVER)), solved(write(COVER, *lonlat))
        assert one.route is not None
        assert two.route is not None
        np.testing.assert_allclose(two.route.points, one.route.points, atol=0.01)
        assert two.scenario.start == pytest.approx(START, abs=1e-4)


def krueger(lon: float, lat: float, middle: float) -> tuple[float, float]:
    """Easting and northing of UTM on WGS84 by Krüger's series in n, to order 4 (Karney 2011, eqs 7-11 and 35)."""
    a, f = 6378137.0, 1 / 298.257223563
    n = f / (2 - f)
    e = math.sqrt(f * (2 - f))
    radius = a / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    alpha = (
        n / 2 - 2 * n**2 / 3 + 5 * n**3 / 16 + 41 * n**4 / 180,
        13 * n**2 / 48 - 3 * n**3 / 5 + 557 * n**4 / 1440,
        61 * n**3 / 240 - 103 * n**4 / 140,
        49561 * n**4 / 161280,
    )
    tau = math.tan(math.radians(lat))
    sigma = math.sinh(e * math.atanh(e * tau / math.hypot(1, tau)))
    conformal = tau * math.hypot(1, sigma) - sigma * math.hypot(1, tau)
    angle = math.radians(lon - middle)
    xi, eta = (
        math.atan2(conformal, math.cos(angle)),
        math.asinh(math.sin(angle) / math.hypot(conformal, math.cos(angle))),
    )
    north = xi + sum(c * math.sin(2 * j * xi) * math.cosh(2 * j * eta) for j, c in enumerate(alpha, 1))
    east = eta + sum(c * math.cos(2 * j * xi) * math.sinh(2 * j * eta) for j, c in enumerate(alpha, 1))
    return 500000 + 0.9996 * radius * east, 0.9996 * radius * north


@pytest.mark.parametrize(("lon", "lat"), [(-113.02, 37.21), (-111.0, 0.5), (-108.1, 64.0)])
def test_degrees_agree_with_kruegers_series(lon: float, lat: float) -> None:
    """Independent of PROJ: to 1e-7 degrees, about a centimetre, both ways."""
    x, y = krueger(lon, lat, -111)
    assert from_lonlat(UTM, lon, lat) == pytest.approx((x, y), abs=1e-3)
    assert to_lonlat(UTM, np.array([x, y])) == pytest.approx((lon, lat), abs=1e-7)


class TestLayers:
    def test_two_grids_are_aligned_to_the_finest_or_the_named(self, tmp_path: Path, write: Callable[..., Path]) -> None:
        save(tmp_path / "m.tif", classes())
        height = np.full((ROWS * 2, COLS * 2), 7, np.float32)
        height[:4] = np.nan
        save(tmp_path / "h.tif", height, Affine(CELL / 2, 0, 320000, 0, -CELL / 2, 4120000))
        at = list(GOAL)
        fine = read_raster(load_map(write(f"{COVER}, grid: h.tif", at, at)))
        assert (fine.speeds.shape, fine.cell) == ((2 * ROWS, 2 * COLS), CELL / 2)
        assert np.isnan(fine.speeds[:4]).all()
        assert not np.isnan(fine.speeds[4]).any()
        coarse = read_raster(load_map(write(f"{COVER}, grid: h.tif, align: land_cover", at, at)))
        assert coarse.speeds.shape == (ROWS, COLS)
        assert np.isnan(coarse.speeds[:2]).all()

    def test_a_window_and_a_coarser_resolution(self, tmp_path: Path, write: Callable[..., Path]) -> None:
        save(tmp_path / "m.tif", classes())
        whole = read_raster(load_map(write(COVER)))
        part = read_raster(load_map(write(f"{COVER}, window: [320030, 4119300, 320900, 4120500]")))
        np.testing.assert_array_equal(part.speeds, whole.speeds[:24, 1:])
        assert part.corner == (320030, 4119280)
        coarse = read_raster(load_map(write(f"{COVER}, resolution: 60")))
        assert coarse.speeds.shape == (12, 15)
        assert coarse.speeds[3, 4] == 0.4
        assert coarse.zones is not None
        assert coarse.zones.classes[3, 4] == 1

    def test_rotated_and_oblong_cells_are_sampled(self, tmp_path: Path, write: Callable[..., Path]) -> None:
        cells = np.ones((100, 100), np.uint8)
        cells[:, 50:] = 2
        for place in (NORTH @ Affine.rotation(30), Affine(CELL, 0, 320000, 0, -CELL / 2, 4120000)):
            save(tmp_path / "m.tif", cells, place)
            x, y = place @ (25, 50)
            raster = read_raster(load_map(write(COVER, [x, y], [x, y])))
            row, col = raster.to_cells(place @ (75, 50))
            assert raster.speeds[int(row), int(col)] == 0.4
            row, col = raster.to_cells((x, y))
            assert raster.speeds[int(row), int(col)] == 1
            assert raster.cell == pytest.approx(min(CELL, math.hypot(*(place @ (0, 1) - np.array(place @ (0, 0))))))

    def test_masks_and_voids(self, tmp_path: Path, write: Callable[..., Path]) -> None:
        path = save(tmp_path / "m.tif", classes())
        with rasterio.open(path, "r+") as file:
            file.write_mask(classes() != 2)
        speeds = read_raster(load_map(write(COVER))).speeds
        np.testing.assert_array_equal(np.isnan(speeds), classes() > 1)
        layer = COVER.replace("speeds:", "nodata: 1, voids: 0.5, speeds:")
        assert read_raster(load_map(write(layer))).speeds[0, 0] == 0.5

    def test_nad83_is_said_to_be_taken_as_wgs84(self, tmp_path: Path, write: Callable[..., Path]) -> None:
        save(tmp_path / "m.tif", classes(), crs="EPSG:26912")
        lon, lat = to_lonlat(UTM, np.array(START)).tolist()
        raster = read(load_map(write(COVER, {"lon": lon, "lat": lat}, list(GOAL))))
        assert raster.remarks == (
            "the datum of EPSG:26912 (NAD83 / UTM zone 12N), North American Datum 1983, is taken as WGS84",
        )

    @pytest.mark.parametrize(
        "name", ["service.xml", "http://127.0.0.1:{port}/x.tif", "/vsicurl/http://127.0.0.1:{port}/x.tif"]
    )
    def test_no_file_leads_to_the_network(self, tmp_path: Path, write: Callable[..., Path], name: str) -> None:
        """Neither a VRT that names one, nor one that names a service in another file."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            port = server.getsockname()[1]
            service = f"<GDAL_WMTS><GetCapabilitiesUrl>http://127.0.0.1:{port}/</GetCapabilitiesUrl></GDAL_WMTS>"
            (tmp_path / "service.xml").write_text(service)
            relative = int(name.endswith("xml"))
            (tmp_path / "m.tif").write_text(
                '<VRTDataset rasterXSize="30" rasterYSize="24"><SRS>EPSG:32612</SRS><GeoTransform>320000, 30, 0, 4120000, 0, -30'
                '</GeoTransform><VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename '
                f'relativeToVRT="{relative}">{name.format(port=port)}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>'
                "</VRTRasterBand></VRTDataset>"
            )
            with pytest.raises(InputError, match="cannot be read as a raster"):
                read(load_map(write(COVER)))
            with pytest.raises(BlockingIOError):
                server.accept()

    @pytest.mark.skipif(os.name != "posix", reason="there are no such pipes")
    @pytest.mark.parametrize("levels", [1, 2])
    def test_no_file_leads_to_a_pipe(self, tmp_path: Path, write: Callable[..., Path], levels: int) -> None:
        os.mkfifo(tmp_path / "2.tif" if levels == 2 else tmp_path / "1.tif")
        for i, name in enumerate(["m.tif", "1.tif"][:levels], 1):
            (tmp_path / name).write_text(
                '<VRTDataset rasterXSize="30" rasterYSize="24"><SRS>EPSG:32612</SRS><GeoTransform>320000, 30, 0, 4120000, 0, -30'
                '</GeoTransform><VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename '
                f'relativeToVRT="1">{i}.tif</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>'
            )
        with pytest.raises(InputError, match=f"{levels}.tif: is a pipe or a device"):
            read(load_map(write(COVER)))

    def test_the_network_of_proj_is_off(self) -> None:
        from terrain_cli.geo.crs import pyproj

        assert not pyproj().network.is_network_enabled()


class TestPlaces:
    def test_a_start_in_blocked_ground_names_the_nearest_and_snaps(
        self, tmp_path: Path, write: Callable[..., Path], terrain: Callable[..., Ran]
    ) -> None:
        save(tmp_path / "m.tif", classes())
        inside = [320000 + 10.5 * CELL, 4120000 - 12.4 * CELL]
        ran = terrain("solve", write(COVER, inside))
        assert ran.code == 2
        assert (
            "m.yaml:2: start: lies in blocked ground: the nearest free cell has its centre at [320315, 4119655]"
            in ran.err
        )
        assert "snap: 27 would move it there, 27 m away" in ran.err
        assert terrain("solve", write(COVER, inside, more="snap: 26\n")).code == 2
        ran = terrain("solve", write(COVER, inside, more="snap: 27\n"), "--json")
        assert ran.code == 0
        assert json.loads(ran.out)["start"] == [320315, 4119655]
        assert "start: lies in blocked ground: moved 27 m to [320315, 4119655]" in ran.err

    def test_the_nearest_free_cell_is_named_in_degrees_too(self, tmp_path: Path, write: Callable[..., Path]) -> None:
        save(tmp_path / "m.tif", classes())
        lon, lat = to_lonlat(UTM, np.array([320000 + 10.5 * CELL, 4120000 - 12.4 * CELL])).tolist()
        centre = to_lonlat(UTM, np.array([320315, 4119655])).tolist()
        with pytest.raises(InputError) as refused:
            read(load_map(write(COVER, {"lon": lon, "lat": lat})))
        named = re.search(r"at \[320315, 4119655\], {lon: (.*), lat: (.*)}, got", str(refused.value))
        assert named
        assert [float(part) for part in named.groups()] == pytest.approx(centre, abs=1e-7)
        with pytest.raises(InputError, match="places in degrees need the map's CRS"):
            solve(load_map(tmp_path / "m.yaml"), Ground([[1.0]]))

    def test_degrees_may_be_counted_from_greenwich_to_the_east(
        self, tmp_path: Path, write: Callable[..., Path]
    ) -> None:
        """0 to 360, and across 180 degrees."""
        cells = np.ones((20, 20), np.uint8)
        cells[:, 15:] = 2
        for west, lon in ((247.0, -112.992), (179.995, -179.997)):
            save(tmp_path / "m.tif", cells, Affine(0.001, 0, west, 0, -0.001, 37.02), "EPSG:4326")
            place = {"lon": lon, "lat": 37.01}
            raster = read(load_map(write(COVER, place, place)))
            assert raster.crs == ("EPSG:32612" if lon > -113 else "EPSG:32601")
            assert sorted(set(raster.speeds[~np.isnan(raster.speeds)])) == [0.4, 1.0]

    def test_degrees_without_braces_are_guessed(self, tmp_path: Path, write: Callable[..., Path]) -> None:
        save(tmp_path / "m.tif", classes())
        with pytest.raises(InputError, match=re.escape("a place in degrees is written {lon: -113.02, lat: 37.21}")):
            read(load_map(write(COVER, [-113.02, 37.21])))

    def test_an_array_with_a_crs_takes_degrees(self, tmp_path: Path, write: Callable[..., Path]) -> None:
        np.save(tmp_path / "m.npy", classes())
        lon, lat = to_lonlat(UTM, np.array(START)).tolist()
        layer = f"cell: {CELL}, origin: [320000, 4119280], crs: {UTM}, {COVER.replace('tif', 'npy')}"
        raster = read(load_map(write(layer, {"lon": lon, "lat": lat})))
        assert raster.crs == UTM
        assert raster.scenario is not None
        assert raster.scenario.start == pytest.approx(START, abs=1e-4)


def dots(size: int) -> Affine:
    return Affine(10.0, 0, 300000, 0, -10.0, 4000000 + 10.0 * size)


def make_sparse(path: Path, size: int, cells: np.ndarray, row: int, col: int, nodata: int | None = 0) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", height=size, width=size, count=1, dtype="uint8", crs=UTM, transform=dots(size),
        tiled=True, blockxsize=256, blockysize=256, sparse_ok=True, compress="deflate", nodata=nodata,
    ) as file:  # fmt: skip
        file.write(cells, 1, window=((row, row + len(cells)), (col, col + cells.shape[1])))


class TestLargeRasters:
    def test_a_block_in_a_sparse_raster(self, tmp_path: Path, write: Callable[..., Path]) -> None:
        block = np.ones((60, 60), np.uint8)
        block[10:50, 20:40] = 2
        make_sparse(tmp_path / "m.tif", 30_000, block, 20_000, 10_000)
        place = dots(30_000)
        ends = [list(place @ (10_000 + col, 20_000 + row)) for row, col in ((30, 5), (30, 55))]
        solution = solved(write(COVER, *ends))
        assert solution.route is not None
        assert max(solution.ground.slowness.shape) < 300
        assert (
            "of the 30,000 by 30,000 cells were read: no faster route leads through the others" in solution.remarks[-1]
        )
        save(tmp_path / "m.tif", block, place @ Affine.translation(10_000, 20_000))
        assert solved(write(COVER, *ends)).time == pytest.approx(solution.time, rel=1e-12)

    def test_the_part_grows_until_it_holds_the_detour(
        self, tmp_path: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A wall between the ends is longer than the first part is high, and a fast road lies beyond it."""
        cells = np.full((64, 60), 2, np.uint8)
        cells[8:60, 30] = 3
        cells[2:4] = 1
        save(tmp_path / "m.tif", cells)
        ends = [list(NORTH @ (28, 32)), list(NORTH @ (33, 32))]
        whole = solved(write(COVER, *ends))
        assert whole.remarks == ()
        monkeypatch.setattr("terrain_cli.maps.part.WHOLE", 1000)
        monkeypatch.setattr("terrain_cli.maps.part.LEAST", 8)
        first = read(load_map(write(COVER, *ends)))
        assert first.speeds.shape == (16, 21)
        part = solved(write(COVER, *ends))
        assert part.time == pytest.approx(whole.time, rel=1e-12)
        assert part.ground.slowness.shape[0] == 64

    def test_areas_that_may_reach_beyond_the_part_are_refused(
        self, tmp_path: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        save(tmp_path / "m.tif", np.ones((64, 60), np.uint8))
        monkeypatch.setattr("terrain_cli.maps.part.WHOLE", 1000)
        monkeypatch.setattr("terrain_cli.maps.part.LEAST", 8)
        solution = solved(write(COVER, list(NORTH @ (28, 32)), list(NORTH @ (33, 32))))
        assert solution.ground.slowness.shape == (16, 21)
        assert solution.remarks == (
            "16 by 21 of the 64 by 60 cells were read: no faster route leads through the others",
        )
        solution.find_isochrones([7 * CELL])
        solution.find_corridor(1)
        message = (
            "the isochrones may reach beyond the part of the map that was read, [320600, 4118800, 321230, 4119280]"
        )
        with pytest.raises(InputError, match=re.escape(message)):
            solution.find_isochrones([9 * CELL])
        with pytest.raises(InputError, match="the corridor may reach beyond"):
            solution.find_corridor(300)

    def test_a_map_that_is_too_large_names_what_would_fit(self, tmp_path: Path, write: Callable[..., Path]) -> None:
        make_sparse(tmp_path / "m.tif", 30_000, np.ones((8, 8), np.uint8), 0, 0)
        place = dots(30_000)
        ends = [list(place @ (2, 2)), list(place @ (29_000, 29_000))]
        layer = f"{COVER}, window: [300000, 4000000, 600000, 4300000]"
        with pytest.raises(InputError, match=r"allowed: add resolution: 31$"):
            read(load_map(write(layer, *ends)))
        with pytest.raises(
            InputError, match=r"resolution: 31, or window: \[250545, .*\], in which the route must stay$"
        ):
            read(load_map(write(layer, ends[0], list(place @ (7, 2)))))


def test_check_records_each_layer(tmp_path: Path, write: Callable[..., Path], terrain: Callable[..., Ran]) -> None:
    save(tmp_path / "m.tif", classes())
    path = write(COVER)
    assert terrain("check", path, "--update").code == 0
    recorded = json.loads((tmp_path / "m.expected.json").read_text())["inputs"]["map"]
    assert recorded["crs"] == UTM
    assert recorded["layers"]["speeds"] == {"1": 1.0, "2": 0.4, "3": "blocked"}
    save(tmp_path / "m.tif", classes(), compress="deflate")
    assert terrain("check", path).code == 0
    changed = classes()
    changed[0, 29] = 2
    save(tmp_path / "m.tif", changed)
    ran = terrain("check", path)
    assert ran.code == 1
    assert "input map.layers.land_cover" in ran.out


def test_a_class_can_be_varied(tmp_path: Path, write: Callable[..., Path], terrain: Callable[..., Ran]) -> None:
    save(tmp_path / "m.tif", classes())
    path = write(COVER)
    found = list(find_points(load_map(path), {"map.land_cover.speeds.1": [1.0, 0.8]}))
    assert found[0]["time"] == pytest.approx(solved(path).time, rel=1e-12)
    assert found[1]["time"] > 1.1 * found[0]["time"]
    ran = terrain("sweep", path, "--vary", "map.land_cover.speeds.7=1")
    assert ran.code == 2
    assert "map.land_cover.speeds.7: is not a number of this map: did you mean map.land_cover.speeds.3?" in ran.err
    lon, lat = to_lonlat(UTM, np.array(START)).tolist()
    [point] = find_points(load_map(write(COVER, {"lon": lon, "lat": lat})), {"start.lon": [lon]})
    assert point["time"] == pytest.approx(found[0]["time"], rel=1e-6)
