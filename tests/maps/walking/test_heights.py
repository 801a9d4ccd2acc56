"""Elevation models as rasters: the surface is that of the file, however it is stored, and a part of it is the whole's."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terrain_cli import load_map
from terrain_cli.geo.elevation import smooth
from terrain_cli.maps.raster import Raster, read_part, read_raster
from terrain_cli.maps.record import make_inputs
from terrain_cli.maps.walking.functions import Walking, calc_speed
from tests.maps.test_rasters import CELL, COLS, NORTH, ROWS, UTM, save, text_of

rasterio = pytest.importorskip("rasterio")
pytest.importorskip("pyproj")
from rasterio.transform import Affine  # noqa: E402  after it is known to be there

from terrain_cli.geo.crs import to_lonlat  # noqa: E402

START, GOAL = (320100.0, 4119900.0), (320800.0, 4119400.0)
LEVEL = calc_speed(Walking(), 0.0)
Read = Callable[..., Raster]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a map with these layers."""

    def read(layer: str = "elevation: m.tif, walking: tobler", **settings: Any) -> Raster:
        settings = {"start": START, "goal": GOAL} | settings
        path = tmp_path / "m.yaml"
        path.write_text(text_of(layer, **settings), encoding="utf-8")
        return read_raster(load_map(path))

    return read


def heights_of(raster: Raster) -> np.ndarray:
    assert raster.heights is not None
    return raster.heights


def surface(x: Any, y: Any) -> Any:
    """Hills some hundred metres wide."""
    return 1000 + 40 * np.sin((x - 320000) / 150) * np.cos((y - 4119000) / 120)


def centres() -> Any:
    return np.meshgrid(320000 + (np.arange(COLS) + 0.5) * CELL, 4120000 - (np.arange(ROWS) + 0.5) * CELL)


def corners(raster: Raster) -> Any:
    """x and y of the corners of the cells."""
    xmin, _, _, ymax = raster.grid.extent
    rows, cols = raster.speeds.shape
    return np.meshgrid(xmin + np.arange(cols + 1) * raster.cell, ymax - np.arange(rows + 1) * raster.cell)


def interpolated(heights: np.ndarray, x: Any, y: Any) -> Any:
    """The bilinear surface between the centres of pixels, by a formula of its own."""
    row, col = (4120000 - y) / CELL - 0.5, (x - 320000) / CELL - 0.5
    i, j = np.minimum(np.floor(row), ROWS - 2).astype(int), np.minimum(np.floor(col), COLS - 2).astype(int)
    v, u = row - i, col - j
    a, b, c, d = heights[i, j], heights[i, j + 1], heights[i + 1, j], heights[i + 1, j + 1]
    return a + (b - a) * u + (c - a) * v + (a - b - c + d) * u * v


class TestTheSurface:
    def test_a_plane_is_read_back_where_it_lies(self, tmp_path: Path, read: Read) -> None:
        x, y = centres()
        save(tmp_path / "m.tif", 0.1 * (x - 320000) - 0.3 * (y - 4119000))
        raster = read()
        assert raster.corner == (320000 + CELL / 2, 4120000 - ROWS * CELL + CELL / 2)
        assert raster.speeds.shape == (ROWS - 1, COLS - 1)
        x, y = corners(raster)
        np.testing.assert_allclose(heights_of(raster), 0.1 * (x - 320000) - 0.3 * (y - 4119000), atol=1e-9)
        assert raster.speeds == pytest.approx(LEVEL, rel=1e-14)

    @pytest.mark.parametrize(
        ("change", "settings"),
        [
            (lambda h: h[::-1], {"transform": Affine(CELL, 0, 320000, 0, CELL, 4120000 - ROWS * CELL)}),
            (lambda h: h[:, ::-1], {"transform": Affine(-CELL, 0, 320000 + COLS * CELL, 0, -CELL, 4120000)}),
            (lambda h: h.T, {"transform": Affine(0, CELL, 320000, -CELL, 0, 4120000)}),
            (lambda h: h, {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"}),
            (lambda h: np.rint((h - 900) / 0.01).astype(np.int32), {"scales": [0.01], "offsets": [900.0]}),
        ],
        ids=["south up", "east left", "transposed", "tiled", "scaled"],
    )
    def test_however_it_is_stored(self, tmp_path: Path, read: Read, change: Any, settings: Any) -> None:
        heights = surface(*centres()).round(2)
        save(tmp_path / "m.tif", np.ascontiguousarray(change(heights)), **settings)
        raster = read()
        assert raster.corner == (320015, 4119295)
        np.testing.assert_allclose(heights_of(raster), heights, rtol=0, atol=1e-9)

    def test_with_land_cover_it_is_the_same(self, tmp_path: Path, read: Read) -> None:
        heights = surface(*centres())
        save(tmp_path / "m.tif", heights)
        classes = np.arange(ROWS * COLS).reshape(ROWS, COLS).astype(np.uint8) % 3 + 1
        save(tmp_path / "c.tif", classes)
        raster = read(
            "elevation: m.tif, walking: tobler, land_cover: {file: c.tif, mode: factor, speeds: {1: 1, 2: 0.5, 3: 0.2}}"
        )
        assert raster.cell == CELL / 2
        np.testing.assert_allclose(heights_of(raster), interpolated(heights, *corners(raster)), rtol=1e-13)
        row, col = np.indices(raster.speeds.shape)
        x, y = raster.corner[0] + (col + 0.5) * raster.cell, raster.grid.extent[3] - (row + 0.5) * raster.cell
        there = classes[((4120000 - y) // CELL).astype(int), ((x - 320000) // CELL).astype(int)]
        np.testing.assert_allclose(raster.speeds, LEVEL * np.array([np.nan, 1, 0.5, 0.2])[there], rtol=1e-14)

    def test_on_the_cells_of_another_layer(self, tmp_path: Path, read: Read) -> None:
        """Land cover of 10 m, moved by 4 m: with `align` its cells, with the heights at their corners."""
        heights = surface(*centres())
        save(tmp_path / "m.tif", heights)
        save(tmp_path / "c.tif", np.ones((60, 70), np.uint8), Affine(10, 0, 320104, 0, -10, 4119904))
        layer = "elevation: m.tif, walking: tobler, land_cover: {file: c.tif, speeds: {1: 1}}"
        place = {"start": (320204, 4119804), "goal": (320304, 4119704)}
        raster = read(f"{layer}, align: land_cover, detail: 6", **place)
        assert (raster.cell, raster.speeds.shape, raster.detail) == (10, (60, 70), 2)
        np.testing.assert_allclose(heights_of(raster), interpolated(heights, *corners(raster)), rtol=1e-12)
        raster = read(layer, **place)
        assert raster.cell == CELL / 2
        assert not np.isnan(raster.speeds[10, 20])
        assert np.isnan(raster.speeds[0, 0])  # there is no land cover

    def test_in_degrees_it_is_close(self, tmp_path: Path, read: Read) -> None:
        """Of a surface with a second derivative of at most d, interpolation errs by d cell² / 8 in each direction, here twice."""
        lon0, lat0 = to_lonlat(UTM, np.array([320000.0, 4120000.0])).tolist()
        step = CELL / 111_000
        lon, lat = np.meshgrid(lon0 + np.arange(60) * step, lat0 - np.arange(40) * step)
        from terrain_cli.geo.crs import transform

        heights = surface(*transform("EPSG:4326", UTM, lon, lat))
        heights[12, 30] = np.nan
        save(tmp_path / "m.tif", heights, Affine(step, 0, lon0 - step / 2, 0, -step, lat0 + step / 2), "EPSG:4326")
        raster = read(start=(320300, 4119300), goal=(321000, 4119300))
        assert raster.crs == UTM
        x, y = corners(raster)
        known = ~np.isnan(heights_of(raster))
        assert 0.85 < known.mean() < 1
        side = 1.01 * CELL
        bound = 40 * (side / 150) ** 2 / 8 + 40 * (side / 120) ** 2 / 8
        assert np.abs(heights_of(raster) - surface(x, y))[known].max() < bound
        assert any("m.tif is in degrees" in remark for remark in raster.remarks)
        void = transform("EPSG:4326", UTM, lon[12, 30], lat[12, 30])
        row, col = raster.to_cells((float(void[0]), float(void[1])))
        assert np.isnan(raster.speeds[int(row), int(col)])
        assert np.isnan(raster.speeds).sum() > 1

    def test_coarser_cells_are_means_and_a_plane_stays_one(self, tmp_path: Path, read: Read) -> None:
        x, y = centres()
        save(tmp_path / "m.tif", 0.1 * (x - 320000) - 0.3 * (y - 4119000))
        raster = read("elevation: m.tif, walking: tobler, resolution: 90")
        assert (raster.cell, raster.square, raster.detail) == (90, 90, 4)
        x, y = corners(raster)
        known = ~np.isnan(heights_of(raster))
        assert known.sum() >= 8 * 10
        np.testing.assert_allclose(
            heights_of(raster)[known], (0.1 * (x - 320000) - 0.3 * (y - 4119000))[known], atol=1e-9
        )
        rough = np.zeros((ROWS, COLS))
        rough[9, 9] = 81.0  # on a corner of the cells of 90 m
        save(tmp_path / "m.tif", rough)
        found = heights_of(read("elevation: m.tif, walking: tobler, resolution: 90"))
        assert found[3, 3] == pytest.approx(np.nansum(found))
        assert 5 < found[3, 3] < 20

    def test_smoothing_is_that_of_scipy(self, tmp_path: Path, read: Read) -> None:
        from scipy import ndimage

        rough = np.random.default_rng(1).uniform(0, 9, (ROWS, COLS))
        save(tmp_path / "m.tif", rough)
        found = heights_of(read("elevation: {file: m.tif, smoothing: 45}, walking: tobler"))
        inner = (slice(6, -6), slice(6, -6))
        np.testing.assert_allclose(found[inner], ndimage.gaussian_filter(rough, 1.5)[inner], rtol=1e-12)
        holed = np.where(rough > 8, np.nan, 3.0)
        np.testing.assert_allclose(smooth(holed, (1.5, 0.0)), holed, rtol=1e-14)


class TestParts:
    @pytest.mark.parametrize(
        "cover", ["", ", land_cover: {file: c.tif, mode: factor, speeds: {1: 1}}"], ids=["squares", "halves"]
    )
    @pytest.mark.parametrize("crs", [UTM, "EPSG:4326"])
    def test_a_part_is_that_of_the_whole(self, tmp_path: Path, read: Read, cover: str, crs: str) -> None:
        rough = np.random.default_rng(2).uniform(0, 9, (ROWS, COLS))
        rough[5, 5] = np.nan
        place = NORTH if crs == UTM else Affine(3e-4, 0, -113.03, 0, -3e-4, 37.21)
        save(tmp_path / "m.tif", rough, place, crs)
        save(tmp_path / "c.tif", np.ones((ROWS, COLS), np.uint8), place, crs)
        at = [place @ (10, 12), place @ (22, 15)]
        if crs != UTM:
            at = [{"lon": lon, "lat": lat} for lon, lat in at]
        whole = read(f"elevation: {{file: m.tif, smoothing: 40}}, walking: tobler{cover}", start=at[0], goal=at[1])
        assert whole.survey is not None
        rows, cols = whole.speeds.shape
        for top, bottom, left, right in ((2, rows - 3, 3, cols - 2), (3, rows, 2, cols - 1)):
            part = read_part(whole, whole.grid.part(top, bottom, left, right))
            np.testing.assert_array_equal(heights_of(part), heights_of(whole)[top : bottom + 1, left : right + 1])
            np.testing.assert_array_equal(part.speeds, whole.speeds[top:bottom, left:right])
            assert part.remarks == whole.remarks

    def test_a_window_is_cut_out(self, tmp_path: Path, read: Read) -> None:
        heights = surface(*centres())
        save(tmp_path / "m.tif", heights)
        part = read("elevation: m.tif, walking: tobler, window: [320075, 4119350, 320850, 4119950]")
        np.testing.assert_array_equal(heights_of(part), heights[1:23, 2:29])

    def test_blocks_that_are_read_one_by_one(self, tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
        save(tmp_path / "m.tif", np.random.default_rng(3).uniform(0, 9, (ROWS, COLS)))
        layer = "elevation: {file: m.tif, smoothing: 40}, walking: tobler"
        whole = heights_of(read(layer))
        monkeypatch.setattr("terrain_cli.geo.elevation.SAMPLES", 50)
        np.testing.assert_array_equal(heights_of(read(layer)), whole)


class TestGround:
    def test_no_region_opens_a_void(self, tmp_path: Path, read: Read) -> None:
        pytest.importorskip("shapely")
        heights = surface(*centres())
        heights[10:14, 10:14] = np.nan
        save(tmp_path / "m.tif", heights)
        road = {"type": "LineString", "coordinates": [[320050, 4119655], [320850, 4119655]]}
        (tmp_path / "road.geojson").write_text(json.dumps(road))
        region = "regions: [{name: road, file: road.geojson, width: 8, speed: 2, crs: EPSG:32612}]"
        raster = read(f"elevation: m.tif, walking: tobler, {region}")
        assert np.isnan(raster.speeds[9:14, 9:14]).all()
        assert set(raster.speeds[~np.isnan(raster.speeds)]) == {LEVEL, 2.0}
        assert raster.survey is not None
        tobler = 6 / 3.6
        assert raster.survey.find_fastest() == pytest.approx(2 * tobler / LEVEL)
        factor = read(f"elevation: m.tif, walking: tobler, {region.replace('speed: 2', 'factor: 0.5')}")
        assert set(factor.speeds[~np.isnan(factor.speeds)]) == {LEVEL, LEVEL / 2}

    def test_nothing_is_faster_than_the_fastest(self, tmp_path: Path, read: Read) -> None:
        save(tmp_path / "m.tif", surface(*centres()))
        save(tmp_path / "c.tif", np.ones((ROWS, COLS), np.uint8))
        layer = "elevation: m.tif, land_cover: {file: c.tif, speeds: {1: 0.5, 2: 1.5}}"
        for walking, speed in (("tobler", 6 / 3.6), ("{-0.2: 1, 0: 2, 0.1: 1}", 2.0), ("{-0.2: 3 m/s, 0.1: 1}", 3.0)):
            survey = read(f"{layer}, walking: {walking}").survey
            assert survey is not None
            assert survey.find_fastest() == pytest.approx(1.5 * speed, rel=1e-12)
        survey = read(f"{layer.replace('speeds', 'mode: absolute, speeds')}, walking: tobler").survey
        assert survey is not None
        assert survey.find_fastest() == pytest.approx(1.5 * math.exp(3.5 * 0.05), rel=1e-12)

    def test_whole_metres_are_mentioned(self, tmp_path: Path, read: Read) -> None:
        whole = surface(*centres()).astype(np.int16)
        save(tmp_path / "m.tif", whole)
        steps = "m.tif: heights come in steps of 1 m, and slopes in steps of 0.033: elevation: {file: m.tif, smoothing: 30} would smooth them"
        assert read().remarks == (steps,)
        save(tmp_path / "m.tif", whole.astype(np.float32))
        assert read().remarks == (steps,)
        save(tmp_path / "m.tif", whole, scales=[0.1], offsets=[0.0])
        assert read().remarks[0].startswith("m.tif: heights come in steps of 0.1 m, and slopes in steps of 0.0033")
        save(tmp_path / "m.tif", surface(*centres()))
        assert read().remarks == ()

    def test_the_record_has_a_checksum_of_the_pixels(self, tmp_path: Path, read: Read) -> None:
        def record() -> Any:
            raster = read("elevation: {file: m.tif, smoothing: 40}, walking: tobler")
            assert raster.scenario is not None
            return make_inputs(raster.scenario, raster)["map"]

        heights = surface(*centres())
        save(tmp_path / "m.tif", heights)
        first = record()
        assert first["elevation"] == {"smoothing": 40}
        save(tmp_path / "m.tif", heights, compress="deflate")
        assert record() == first
        heights[3, 3] += 1e-6
        save(tmp_path / "m.tif", heights)
        assert record()["layers"]["elevation"] != first["layers"]["elevation"]
