"""Maps whose rasters are broken, or do not fit the scenario: each ends in a sentence with its line, and exit code 2."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terrain_cli import load_map
from terrain_cli.maps.raster import read_raster
from tests.conftest import CONFIGS, Ran
from tests.maps.test_rasters import CELL, COVER, NORTH, UTM, classes, save, text_of

rasterio = pytest.importorskip("rasterio")
pytest.importorskip("pyproj")
from rasterio.transform import Affine  # noqa: E402  after it is known to be there

Made = Callable[[Path], Any]


def garbage(path: Path) -> None:
    path.write_bytes(b"II*\0" + bytes(range(256)) * 4)


def text(content: str) -> Made:
    return lambda path: path.write_text(content)


def cut(path: Path) -> None:
    save(path, np.random.default_rng(0).integers(1, 3, (24, 30)).astype(np.uint8))
    path.write_bytes(path.read_bytes()[:-300])


def raster(values: np.ndarray | None = None, *settings: Any, **named: Any) -> Made:
    return lambda path: save(path, classes() if values is None else values, *settings, **named)


def bands(number: int) -> Made:
    def make(path: Path) -> None:
        with rasterio.open(
            path, "w", driver="GTiff", height=24, width=30, count=number, dtype="uint8", crs=UTM, transform=NORTH,
            photometric="minisblack",
        ) as file:  # fmt: skip
            for i in range(number):
                file.write(classes(), i + 1)

    return make


def bare(path: Path) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save(path, classes(), Affine.identity())


VRT = """<VRTDataset rasterXSize="30" rasterYSize="24"><SRS>EPSG:32612</SRS>
<GeoTransform>320000, 30, 0, 4120000, 0, -30</GeoTransform><VRTRasterBand dataType="Byte" band="1"><SimpleSource>
<SourceFilename relativeToVRT="1">{}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"""
SPEEDS = "speeds: {file: m.tif}"
LON = {"lon": -113.02, "lat": 37.21}
FLOATS = np.ones((24, 30), np.float32)

# what is in the file, what the map says, other arguments, and the message after the name of the scenario
BROKEN: dict[str, tuple[Made | None, str, dict[str, Any], str]] = {
    "no file": (None, COVER, {}, ":1: map.land_cover.file: m.tif: no such file"),
    "a typing error": (raster(), COVER.replace("m.tif", "n.tif"), {}, ":1: map.land_cover.file: n.tif: no such file: did you mean m.tif?"),
    "a folder": (Path.mkdir, COVER, {}, ":1: map.land_cover.file: m.tif: cannot be read: Is a directory"),
    "nothing in it": (Path.touch, COVER, {}, ":1: map.land_cover.file: m.tif: cannot be read as a raster: "),
    "a text": (text("hello"), COVER, {}, "m.tif: cannot be read as a raster: not recognized as being in a supported file format"),
    "garbage": (garbage, COVER, {}, ":1: map.land_cover.file: m.tif: cannot be read as a raster: "),
    "cut off": (cut, COVER, {}, ":1: map.land_cover: m.tif: cannot be read as a raster: "),
    "an empty .asc": (text("ncols 0\nnrows 0\nxllcorner 0\nyllcorner 0\ncellsize 30\n"), COVER, {}, "m.tif: cannot be read as a raster: "),
    "a VRT of nothing": (text(VRT.format("gone.tif")), COVER, {}, "m.tif: cannot be read as a raster: "),
    "a VRT of the network": (text(VRT.format("/vsicurl/http://localhost:9/x.tif")), COVER, {}, "m.tif: cannot be read as a raster: "),
    "no place": (bare, COVER, {}, "m.tif: does not say where its cells lie: give it a place with gdal_translate -a_ullr"),
    "three bands": (bands(3), COVER, {}, "m.tif: has 3 bands: say which is meant, such as band: 1"),
    "a missing band": (bands(3), COVER.replace("speeds", "band: 4, speeds"), {}, "m.tif: has no band 4: it has 3 bands"),
    "band 0": (bands(3), COVER.replace("speeds", "band: 0, speeds"), {}, ":1: map.land_cover.band: must be at least 1: bands are counted from 1, got 0"),
    "complex numbers": (raster(classes().astype(np.complex64)), COVER, {}, "m.tif: has complex numbers: save real ones"),
    "a scale of 0": (raster(scales=[0.0]), SPEEDS, {}, "m.tif: has the scale 0 and the offset 0: both must be finite, and the scale not 0"),
    "scaled classes": (raster(scales=[0.5]), COVER, {}, "m.tif: has a scale (value = 0.5 number + 0), so it holds a quantity and no classes: use breaks"),
    "missing classes": (raster(), "land_cover: {file: m.tif, speeds: {1: 1}}", {}, ":1: map.land_cover.speeds: has no speed for the 2 classes 2 (18.33 % of the map), 3 (3.33 % of the map): add 2: 1.0, ..., or other: 1.0 for all that are not listed"),
    "fractions as classes": (raster(FLOATS / 3), COVER, {}, "values that are no whole numbers need breaks, such as breaks: [-0.1, 0.1]"),
    "speeds of 0": (raster(FLOATS - 1), SPEEDS, {}, ":1: map.speeds.file: must have finite speeds greater than 0: 720 cells are not, the first 0: if 0 means no data, add nodata: 0"),
    "infinite speeds": (raster(FLOATS * np.inf), SPEEDS, {}, ":1: map.speeds.file: must have finite speeds greater than 0: 720 cells are not, the first inf"),
    "negative speeds": (raster(FLOATS * -9999), SPEEDS, {}, "add nodata: -9999"),
    "voids alone": (raster(FLOATS * np.nan), SPEEDS, {}, ":1: map.speeds: must have a free cell: all cells are blocked"),
    "blocked alone": (raster(), COVER.replace("1.0, 2: 0.4", "blocked, 2: blocked"), {}, ":1: map.land_cover: must have a free cell: all cells are blocked"),
    "no CRS of that name": (raster(), f"{COVER}, crs: ESPG:32612", {}, ":1: map.crs: is not the name of a coordinate reference system, got 'ESPG:32612': did you mean EPSG:32612?"),
    "a CRS in degrees": (raster(), f"{COVER}, crs: EPSG:4326", {}, ":1: map.crs: measures in degree, not in metres: name a CRS in metres, such as EPSG:32612, got EPSG:4326"),
    "a CRS in feet": (raster(), f"{COVER}, crs: EPSG:3566", {}, ":1: map.crs: measures in US survey foot, not in metres"),
    "degrees without a CRS": (raster(crs=None), COVER, {"start": LON}, ":2: start: is in degrees, and the map has no CRS: add crs: EPSG:26912, or whichever it is, to the map"),
    "one layer without a CRS": (raster(crs=None), f"{COVER}, grid: good.tif", {}, ":1: map.land_cover.file: m.tif: does not say its CRS, and grid does: add crs: to the map"),
    "layers apart": (raster(None, Affine(CELL, 0, 920000, 0, -CELL, 4120000)), f"{COVER}, grid: good.tif, align: grid", {}, ":1: map.land_cover.file: m.tif: does not overlap good.tif: it extends from [920000, 4119280] to [920900, 4120000], and grid from [320000"),
    "a start in degrees elsewhere": (raster(), COVER, {"start": {"lon": 12, "lat": 48}}, ":2: start: lies outside the map, which extends from [320000, 4119280] to [320900, 4120000]"),
    "a latitude of 95": (raster(), COVER, {"start": {"lon": 12, "lat": 95}}, ":2: start.lat: must be a latitude from -90 to 90 degrees, got 95"),
    "no latitude": (raster(), COVER, {"goal": {"lon": 12}}, ":3: goal.lat: is missing: add lat: 37.21"),
    "a window apart": (raster(), f"{COVER}, window: [0, 0, 10, 10]", {}, ":1: map.window: has no cell of the map, which extends from [320000, 4119280] to [320900, 4120000]"),
    "a window of three": (raster(), f"{COVER}, window: [0, 0, 10]", {}, ":1: map.window: must be [xmin, ymin, xmax, ymax], got a list"),
    "a finer resolution": (raster(), f"{COVER}, resolution: 10", {}, ":1: map.resolution: must not be finer than the cells of m.tif, 30, got 10"),
    "an unknown layer": (raster(), f"{COVER}, align: dem", {}, ":1: map.align: must name a layer of the map, whose cells it takes: use one of land_cover"),
    "a cell for a raster": (raster(), f"{COVER}, cell: 30", {}, ":1: map.cell: is not needed: a raster says itself where its cells lie: remove it"),
    "speeds and land cover": (raster(), f"{COVER}, {SPEEDS}", {}, ":1: map.land_cover: and speeds both give the speed in each cell: remove one of them"),
    "a grid without a speed": (raster(), "grid: m.tif", {}, ":1: map: speed is missing: add speed: 1.0, the speed in the cells of the grid that have data"),
    "a speed beside land cover": (raster(), f"{COVER}, speed: 1", {}, ":1: map.speed: is only for a grid alone: land_cover gives the speed in each cell"),
    "a class that is a word": (raster(), "land_cover: {file: m.tif, speeds: {forest: 1}}", {}, ":1: map.land_cover.speeds.forest: must be a class of the raster, a whole number such as 41"),
    "a class given twice": (raster(), "land_cover: {file: m.tif, speeds: {1: 1, 1.0: 2}}", {}, ":1: map.land_cover.speeds: has the class 1 twice, as 1 and as 1.0"),
    "a speed that is a word": (raster(), "land_cover: {file: m.tif, speeds: {1: blokced}}", {}, ":1: map.land_cover.speeds.1: must be a number or the word blocked (did you mean blocked?), got 'blokced'"),
    "breaks that fall": (raster(), "land_cover: {file: m.tif, breaks: [2, 1], speeds: [1, 1, 1]}", {}, ":1: map.land_cover.breaks: must increase from one number to the next"),
    "too few speeds": (raster(), "land_cover: {file: m.tif, breaks: [1, 2], speeds: [1, 1]}", {}, ":1: map.land_cover.speeds: must have one more speed than there are breaks, got 2 for 2"),
    "a table with breaks": (raster(), "land_cover: {file: m.tif, breaks: [1], speeds: {1: 1}}", {}, ":1: map.land_cover.speeds: must be a list with breaks"),
    "a list without breaks": (raster(), "land_cover: {file: m.tif, speeds: [1, 2]}", {}, ":1: map.land_cover.speeds: must be a mapping of classes to speeds"),
    "no speeds": (raster(), "land_cover: {file: m.tif}", {}, ":1: map.land_cover.speeds: is missing: add speeds: {41: 0.8, 11: blocked}"),
    "an array beside a raster": (raster(), "land_cover: {file: m.npy, speeds: {1: 1}}, grid: m.tif", {}, ":1: map.land_cover: says not where its cells lie, and grid does: give both as rasters"),
    "a band of an array": (None, "cell: 1, land_cover: {file: m.npy, band: 1, speeds: {1: 1}}", {}, ":1: map.land_cover.band: is only for a raster: remove it"),
    "a window of an array": (None, "cell: 1, window: [0, 0, 1, 1], land_cover: {file: m.npy, speeds: {1: 1}}", {}, ":1: map.window: is only for rasters: remove it"),
    "a negative snap": (raster(), COVER, {"more": "snap: -1\n"}, ":4: snap: must be 0 or greater, got -1"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_input_is_refused(
    name: str, tmp_path: Path, terrain: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    make, layer, settings, message = BROKEN[name]
    monkeypatch.chdir(tmp_path)
    save(Path("good.tif"), classes())
    if make:
        make(Path("m.tif"))
    Path("m.yaml").write_text(text_of(layer, **settings))
    before = sorted(tmp_path.iterdir())
    ran = terrain("solve", "m.yaml", "-o", "route.geojson")
    assert (ran.code, ran.out) == (2, "")
    [problem] = ran.err.splitlines()
    assert problem.startswith("m.yaml:")
    assert message in problem.removeprefix("m.yaml") + "\n"
    assert sorted(tmp_path.iterdir()) == before


def test_without_the_extra_the_error_names_it(
    tmp_path: Path, terrain: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rasterio", None)
    save_to = tmp_path / "m.yaml"
    shutil.copy(__file__, tmp_path / "m.tif")
    save_to.write_text(text_of(COVER))
    ran = terrain("solve", save_to)
    assert ran.code == 2
    assert ran.err.endswith("map.land_cover.file: A raster needs rasterio: pip install 'terrain-cli[geo]'\n")
    monkeypatch.setitem(__import__("sys").modules, "pyproj", None)
    ran = terrain("solve", save_to)
    assert ran.err.endswith("needs pyproj: pip install 'terrain-cli[geo]'\n")
    assert not np.isnan(read_raster(load_map(CONFIGS / "three_strips_grid.yaml")).speeds).any()  # plain maps do without
