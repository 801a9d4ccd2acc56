"""Maps with elevation that are broken: each ends in a sentence with its line, the value and a remedy, and exit code 2."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terrain_cli import load_map
from terrain_cli.errors import InputError
from tests.conftest import Ran
from tests.maps.test_broken_rasters import bands, bare, garbage, raster, text
from tests.maps.test_rasters import CELL, NORTH, classes, save, text_of

pytest.importorskip("rasterio")
pytest.importorskip("pyproj")
from rasterio.transform import Affine

HEIGHTS = (1000 + 3.7 * np.add.outer(np.arange(24.0), np.arange(30.0))).astype(np.float32)
HOLE = HEIGHTS.copy()
HOLE[:4, :4] = np.nan
UP = "elevation: m.tif"
WALK = f"{UP}, walking"
COVER = "land_cover: {file: c.tif, speeds: {1: 1, 2: 1, 3: 1}}"
FEET = {"more": "units: {length: ft}\n"}

# what is in the file, what the map says, other arguments, and the message after the name of the scenario
BROKEN: dict[str, tuple[Any, str, dict[str, Any], str]] = {
    # the walking function
    "a typing error": (HEIGHTS, f"{WALK}: tobbler", {}, ":1: map.walking: is not a walking function, got 'tobbler': did you mean tobler?"),
    "no such function": (HEIGHTS, f"{WALK}: {{function: running}}", {}, ":1: map.walking.function: is not a walking function: use one of tobler, tobler_off_path, "),
    "a function that is a number": (HEIGHTS, f"{WALK}: 5", {}, ":1: map.walking: must be the name of a walking function, such as tobler, a mapping such as {v0: 4.7 km/h, k: 1.9}, or a table, got 5"),
    "a missing v0": (HEIGHTS, f"{WALK}: {{k: 3.5}}", {}, ":1: map.walking: v0 is missing: add v0: 4.7 km/h, the greatest speed"),
    "a missing k": (HEIGHTS, f"{WALK}: {{v0: 1.3}}", {}, ":1: map.walking: k is missing: add k: 1.9, how fast the speed falls with the slope"),
    "a negative v0": (HEIGHTS, f"{WALK}: {{v0: -1.3, k: 3}}", {}, ":1: map.walking.v0: must be greater than 0, got -1.3"),
    "a negative k": (HEIGHTS, f"{WALK}: {{v0: 1.3, k: -3}}", {}, ":1: map.walking.k: must be 0 or greater, got -3"),
    "an unknown unit": (HEIGHTS, f"{WALK}: {{v0: 3 knots, k: 3}}", {}, ":1: map.walking.v0: has an unknown unit of speed, knots: use one of m/s, m/min, km/h, mph, got '3 knots'"),
    "a unit like another": (HEIGHTS, f"{WALK}: {{v0: 5 kmh, k: 3}}", {}, ":1: map.walking.v0: has an unknown unit of speed, kmh, got '5 kmh': did you mean km/h?"),
    "a speed that is a word": (HEIGHTS, f"{WALK}: {{v0: fast, k: 3}}", {}, ":1: map.walking.v0: must be a speed, such as 1.3, which is in m/s, or 4.7 km/h, got 'fast'"),
    "a factor of 0": (HEIGHTS, f"{WALK}: {{function: tobler, factor: 0}}", {}, ":1: map.walking.factor: must be greater than 0, got 0"),
    "a number of another function": (HEIGHTS, f"{WALK}: {{function: tobler, v0: 1.3}}", {}, ":1: map.walking.v0: is not a parameter of tobler: it has none"),
    "a number without a function": (HEIGHTS, f"{WALK}: {{percentile: 50}}", {}, ":1: map.walking: function is missing: add function: campbell, which has percentile"),
    "a percentile that is none": (HEIGHTS, f"{WALK}: {{function: campbell, percentile: 95}}", {}, ":1: map.walking.percentile: must be one of 10, 20, 30, 40, 50, 60, 70, 80, 90, got 95"),
    "no power": (HEIGHTS, f"{WALK}: {{function: minetti, power: 0}}", {}, ":1: map.walking.power: must be greater than 0, got 0"),
    "women that are many": (HEIGHTS, f"{WALK}: {{function: irmischer_clarke, women: 2}}", {}, ":1: map.walking.women: must be one of 0, 1, got 2"),
    "a descent that saves all time": (HEIGHTS, f"{WALK}: {{function: naismith_langmuir, c: 9}}", {}, ":1: map.walking.c: saves more time than there is"),
    "an unknown key": (HEIGHTS, f"{WALK}: {{function: tobler, facto: 1}}", {}, ":1: map.walking.facto: is not a key here: did you mean factor?"),
    "a table and a function": (HEIGHTS, f"{WALK}: {{function: tobler, table: {{0: 1, 1: 2}}}}", {}, ":1: map.walking.table: and function both give the speeds: remove one of them"),
    "a table that falls": (HEIGHTS, f"{WALK}: {{0.1: 1, 0: 1.2, -0.1: 1.1}}", {}, ":1: map.walking: must have slopes that increase from one row to the next: 0 follows 0.1"),
    "a table with a slope twice": (HEIGHTS, f"{WALK}: {{0.1: 1, 0.10: 1.2}}", {}, ":1: map.walking: must have slopes that increase from one row to the next: 0.1 follows 0.1"),
    "a table with rows too close": (HEIGHTS, f"{WALK}: {{0: 1e50, 1e-300: 1e-50}}", {}, ":1: map.walking: must have slopes that are at least 1e-09 apart: 1e-300 follows 0"),
    "a k that leaves no speed": (HEIGHTS, f"{WALK}: {{v0: 1, k: 1e9}}", {}, ":1: map.walking.k: gives 0 m/s on level ground: it must be from 1e-50 to 1e+50"),
    "power that is none": (HEIGHTS, f"{WALK}: {{function: minetti, power: 1e-300}}", {}, ":1: map.walking.power: gives 4e-301 m/s on level ground: it must be from 1e-50 to 1e+50"),
    "a time that is none": (HEIGHTS, f"{WALK}: {{function: naismith_langmuir, a: 1e-300, c: 0}}", {}, ":1: map.walking.a: gives 1e+300 m/s on level ground: it must be from 1e-50 to 1e+50"),
    "a table of speeds far apart": (HEIGHTS, f"{WALK}: {{0: 1, 1: 1e-50}}", {}, ":1: map.walking: must have speeds within a factor of 1e+09 of each other: 1e-50 and 1 are not"),
    "a table of one row": (HEIGHTS, f"{WALK}: {{0: 1.2}}", {}, ":1: map.walking: must have at least 2 rows, such as {0: 1.4, 0.3: 0.7}"),
    "a table with a standstill": (HEIGHTS, f"{WALK}: {{0: 1.2, 0.6: 0}}", {}, ":1: map.walking: at the slope 0.6, 0.0 must be greater than 0: max_slope forbids what is too steep"),
    "a table in percent": (HEIGHTS, f"{WALK}: {{-20: 1.1, 0: 1.2, 20: 0.8}}", {}, ":1: map.walking: must have slopes as metres of climb per metre, 0.2 for 20 %: -20 is too steep"),
    "a table with a word": (HEIGHTS, f"{WALK}: {{0: 1.1, steep: 0.2}}", {}, ":1: map.walking: must have slopes as keys, such as 0.1, got 'steep'"),
    "a table that is a number": (HEIGHTS, f"{WALK}: {{table: 3}}", {}, ":1: map.walking.table: must be a mapping of slopes to speeds, such as {-0.3: 0.9, 0: 1.4, 0.3: 0.7}, got 3"),
    "a missing table": (HEIGHTS, f"{WALK}: {{function: table}}", {}, ":1: map.walking: table is missing: add table: {-0.3: 0.9, 0: 1.4, 0.3: 0.7}"),
    # the other keys
    "no slope at all": (HEIGHTS, f"{UP}, max_slope: 0", {}, ":1: map.max_slope: must be greater than 0, got 0"),
    "a slope in percent": (HEIGHTS, f"{UP}, max_slope: 80", {}, ":1: map.max_slope: must be at most 5: it is in metres of climb per metre, so write 0.8 for 80 %, got 80"),
    "no detail": (HEIGHTS, f"{UP}, detail: 0", {}, ":1: map.detail: must be a whole number from 1 to 16: sub-cells along the side of a square of the elevation, got 0"),
    "half a sub-cell": (HEIGHTS, f"{UP}, detail: 2.5", {}, ":1: map.detail: must be a whole number, got 2.5"),
    "too much detail": (HEIGHTS, f"{UP}, detail: 99", {}, ":1: map.detail: must be a whole number from 1 to 16: sub-cells along the side of a square of the elevation, got 99"),
    "kilometres": (HEIGHTS, UP, {"more": "units: {length: km}\n"}, ":4: units.length: must be m on a map with elevation, whose heights are in metres, got 'km'"),
    "feet": (HEIGHTS, UP, FEET, ":4: units.length: must be m on a map with elevation, whose heights are in metres, got 'ft'"),
    "days": (HEIGHTS, UP, {"more": "units: {time: d}\n"}, ":4: units.time: must be s, min or h on a map with elevation, got 'd'"),
    "a speed beside": (HEIGHTS, f"{UP}, speed: 1", {}, ":1: map.speed: is not needed: walking gives the speed on level ground: remove it"),
    "a grid beside": (HEIGHTS, f"{UP}, grid: c.tif", {}, ":1: map.grid: is not needed: elevation gives the cells and the voids: remove it"),
    "speeds and land cover": (HEIGHTS, f"{UP}, {COVER}, speeds: {{file: c.tif}}", {}, ":1: map.land_cover: and speeds both give the speed in each cell: remove one of them"),
    "a cell for a raster": (HEIGHTS, f"{UP}, cell: 30", {}, ":1: map.cell: is not needed: a raster says itself where its cells lie: remove it"),
    "walking without elevation": (HEIGHTS, "grid: m.tif, speed: 1, walking: tobler", {}, ":1: map.walking: is only for a map with elevation: add elevation: dem.tif, or remove walking"),
    "a limit without elevation": (HEIGHTS, "grid: m.tif, speed: 1, max_slope: 0.5", {}, ":1: map.max_slope: is only for a map with elevation: add elevation: dem.tif, or remove max_slope"),
    "factors without elevation": (HEIGHTS, COVER.replace("speeds", "mode: factor, speeds"), {}, ":1: map.land_cover.mode: is only for a map with elevation: add elevation: dem.tif, or remove mode"),
    "no such mode": (HEIGHTS, f"{UP}, {COVER.replace('speeds', 'mode: speed, speeds')}", {}, ":1: map.land_cover.mode: must be factor or absolute: use one of factor, absolute, got 'speed'"),
    # the file
    "no file": (None, UP.replace("m.tif", "cc.tif"), {}, ":1: map.elevation: cc.tif: no such file: did you mean c.tif?"),
    "a file that is a number": (HEIGHTS, "elevation: 3", {}, ":1: map.elevation: must be the name of a file, such as dem.tif, or a mapping such as {file: dem.tif, smoothing: 30}, got 3"),
    "an unknown key of it": (HEIGHTS, "elevation: {fil: m.tif}", {}, ":1: map.elevation.fil: is not a key here: did you mean file?"),
    "negative smoothing": (HEIGHTS, "elevation: {file: m.tif, smoothing: -30}", {}, ":1: map.elevation.smoothing: must be greater than 0, got -30"),
    "smoothing that leaves nothing": (HEIGHTS, "elevation: {file: m.tif, smoothing: 1e5}", {}, ":1: map.elevation: m.tif: smoothing must be at most 100 pixels, 3000 m, got 100000"),
    "a text": (text("hello"), UP, {}, ":1: map.elevation: m.tif: cannot be read as a raster: not recognized as being in a supported file format"),
    "garbage": (garbage, UP, {}, ":1: map.elevation: m.tif: cannot be read as a raster: "),
    "no place": (bare, UP, {}, "m.tif: does not say where its cells lie: give it a place with gdal_translate -a_ullr"),
    "several bands": (bands(3), UP, {}, ":1: map.elevation: m.tif: has 3 bands: say which is meant, such as band: 1"),
    "a missing band": (bands(3), "elevation: {file: m.tif, band: 4}", {}, ":1: map.elevation.file: m.tif: has no band 4: it has 3 bands"),
    "one row": (HEIGHTS[:1], UP, {}, ":1: map.elevation: m.tif: has 1 row and 30 columns of heights: it must have at least 2 of each"),
    "voids alone": (HEIGHTS * np.nan, UP, {}, ":1: map.elevation: must have a free cell: all cells are blocked"),
    "no heights": (np.where(HEIGHTS > 1100, np.float32(-3.4e38), HEIGHTS), UP, {}, ":1: map.elevation: m.tif: must have heights of at most 100,000 m: "),
    "infinite heights": (HEIGHTS * np.inf, UP, {}, "m.tif: must have heights of at most 100,000 m: 720 are not, the first inf"),
    "land cover elsewhere": (HEIGHTS, f"{UP}, {COVER.replace('c.tif', 'far.tif')}", {}, ":1: map.land_cover.file: far.tif: does not overlap m.tif: it extends from [920000, 4119280] to [920900, 4120000], and elevation from [320015, 4119295] to [320885, 4119985]"),
    # the places
    "a start on a void": (HOLE, UP, {}, ":2: start: lies in blocked ground: the nearest free cell has its centre at "),
    "a start outside": (HEIGHTS, UP, {"start": [0, 0]}, ":2: start: lies outside the map, which extends from [320015, 4119295] to [320885, 4119985]"),
    "a start in the outer half pixel": (HEIGHTS, UP, {"start": [320005, 4119500]}, ":2: start: lies in the outer half pixel of the elevation; the map extends from [320015, 4119295] to [320885, 4119985], between the centres of pixels: the nearest free cell has its centre at [320030, 4119490], got [320005, 4119500]; snap: 27 would move it there"),
    # arrays
    "an array without a cell": (None, "elevation: h.npy", {}, ":1: map: cell is missing: add the side of a cell, such as cell: 10"),
    "an array of another shape": (None, "elevation: h.npy, cell: 30, land_cover: {file: c.npy, speeds: {1: 1}}", {}, ":1: map.elevation: h.npy: must have the shape of the other layer, 9 by 9, got 24 rows and 30 columns"),
    "a list of heights": (None, "elevation: l.npy, cell: 30", {}, ":1: map.elevation: l.npy must contain an array of shape (rows, cols), got (5,)"),
    "an array beside a raster": (HEIGHTS, "elevation: h.npy, land_cover: {file: c.tif, speeds: {1: 1}}", {}, ":1: map.elevation: says not where its cells lie, and land_cover does: give both as rasters"),
    "the band of an array": (None, "elevation: {file: h.npy, band: 1}, cell: 30", {}, ":1: map.elevation.band: is only for a raster: remove it"),
    "smoothing of an array that leaves nothing": (None, "elevation: {file: h.npy, smoothing: 1e5}, cell: 30", {}, ":1: map.elevation.file: h.npy: smoothing must be at most 100 pixels, 3000 m, got 100000"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_walk_is_refused(
    name: str, tmp_path: Path, terrain: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, layer, settings, message = BROKEN[name]
    monkeypatch.chdir(tmp_path)
    save(Path("c.tif"), classes())
    save(Path("far.tif"), classes(), Affine(CELL, 0, 920000, 0, -CELL, 4120000))
    np.save("h.npy", HEIGHTS)
    np.save("c.npy", np.ones((9, 9)))
    np.save("l.npy", np.ones(5))
    if made is not None:
        (raster(made) if isinstance(made, np.ndarray) else made)(Path("m.tif"))
    Path("m.yaml").write_text(text_of(layer, **settings))
    before = sorted(tmp_path.iterdir())
    ran = terrain("solve", "m.yaml", "-o", "route.geojson")
    assert (ran.code, ran.out) == (2, "")
    [problem] = ran.err.splitlines()
    assert problem.startswith("m.yaml:")
    assert message in problem.removeprefix("m.yaml") + "\n"
    assert sorted(tmp_path.iterdir()) == before


def test_there_are_enough_of_them() -> None:
    assert len(BROKEN) >= 30
    assert len({message for *_, message in BROKEN.values()}) == len(BROKEN)
    assert NORTH.c == 320000


@pytest.mark.parametrize(("name", "missing"), [("table", "table"), ("exponential", "v0")])
def test_a_bare_name_may_lack_what_it_needs(tmp_path: Path, name: str, missing: str) -> None:
    np.save(tmp_path / "heights.npy", np.zeros((4, 5)))
    file = tmp_path / "walk.yaml"
    file.write_text(
        f"map: {{elevation: heights.npy, cell: 10, walking: {name}}}\nstart: [15, 15]\ngoal: [25, 25]\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match=f"map.walking: {missing} is missing"):
        load_map(file)
