"""`terrain solve` writes routes and areas for other programs."""

import json
import math
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

shapely = pytest.importorskip("shapely", reason="needs the extra geo")
pyogrio = pytest.importorskip("pyogrio", reason="needs the extra geo")
rasterio = pytest.importorskip("rasterio", reason="needs the extra geo")
gpxpy = pytest.importorskip("gpxpy", reason="needs the extra geo")

from tests.conftest import CONFIGS, Ran  # noqa: E402  after the skips
from tests.geo.test_exports import SCHEMA, krueger  # noqa: E402

Terrain = Callable[..., Ran]
OGRINFO, GDALINFO = shutil.which("ogrinfo"), shutil.which("gdalinfo")
MAP = """\
name: a & b
map:
  cell: 100
  origin: [431000, 4514000]
  crs: EPSG:32612
  speeds: {grid: [[1, 1, 1, 1, 1], [1, 0.3, 0.3, 0.3, 1], [1, 1, blocked, 1, 1], [1, 1, 1, 1, 1]]}
start: [431050, 4514050]
via: [{at: [431450, 4514050], name: ford}]
goal: [{at: [431250, 4514350], name: hut}, [431050, 4514350]]
depart: 2026-06-01T08:00+02:00
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "m.yaml"
    path.write_text(MAP)
    return path


def test_gpx(terrain: Terrain, scenario: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.gpx"
    document = json.loads(terrain("solve", scenario, "--json", "-o", out).out)
    gpx = gpxpy.parse(out.read_bytes())
    assert [track.name for track in gpx.tracks] == ["a & b: hut", "a & b: goal 2"]
    assert [place.name for place in gpx.waypoints] == ["start", "ford", "hut", "goal 2"]
    for track, route in zip(gpx.tracks, document["routes"], strict=True):
        [segment] = track.segments
        assert len(segment.points) == len(route["route"])
        for point, (x, y) in zip(segment.points, route["route"], strict=True):
            assert (point.longitude, point.latitude) == pytest.approx(krueger(x, y, 12), abs=1e-7)
        times = [point.time for point in segment.points]
        assert times == sorted(times)
        departs = datetime.fromisoformat("2026-06-01T08:00+02:00")
        assert times[0] == departs
        assert abs(times[-1] - departs - timedelta(seconds=route["time"])) < timedelta(milliseconds=1)
    xmlschema = pytest.importorskip("xmlschema", reason="the schema is checked where xmlschema is installed")
    xmlschema.XMLSchema(SCHEMA).validate(str(out))


def test_geojson_and_isochrones_in_degrees(terrain: Terrain, scenario: Path, tmp_path: Path) -> None:
    out, reached = tmp_path / "r.geojson", tmp_path / "i.geojson"
    asked = ("--isochrones", "2min,5min", "--isochrones-output", reached, "--corridor", "5")
    document = json.loads(terrain("solve", scenario, "--json", "-o", out, *asked).out)
    features = json.loads(out.read_text())["features"]
    assert [feature["properties"]["role"] for feature in features] == [
        "via", "route", "route", "corridor", "corridor", "isochrone", "isochrone"
    ]  # fmt: skip
    x, y = document["routes"][0]["route"][3]
    assert features[1]["geometry"]["coordinates"][3] == pytest.approx(krueger(x, y, 12), abs=1e-7)
    for feature in features:
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.is_valid
        west, south, east, north = shape.bounds
        assert -111.83 < west <= east < -111.8
        assert 40.77 < south <= north < 40.79
    assert features[-1]["geometry"] == json.loads(reached.read_text())["features"][-1]["geometry"]
    area = shapely.geometry.shape(document["isochrones"][1]).area
    assert area == pytest.approx(document["isochrones"][1]["area"])  # JSON has the coordinates of the map


def test_geopackage(terrain: Terrain, scenario: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.gpkg"
    document = json.loads(terrain("solve", scenario, "--json", "-o", out, "--isochrones", "300", "--corridor", "5").out)
    assert sorted(pyogrio.list_layers(out)[:, 0]) == ["corridor", "isochrones", "routes", "via"]
    meta, _, shapes, fields = pyogrio.raw.read(out, layer="routes")
    assert meta["crs"] == "EPSG:32612"
    assert shapely.get_coordinates(shapely.from_wkb(shapes[0])).tolist() == document["routes"][0]["route"]
    values = dict(zip(meta["fields"], fields, strict=True))
    assert values["time"][0] == document["routes"][0]["time"]
    assert values["arrival"][1] == document["routes"][1]["arrival"]
    before = out.read_bytes()
    assert terrain("solve", scenario, "-o", out, "--isochrones", "300", "--corridor", "5").code == 0
    assert out.read_bytes() == before


def test_field(terrain: Terrain, scenario: Path, tmp_path: Path) -> None:
    array, raster = tmp_path / "f.npy", tmp_path / "f.tif"
    assert terrain("solve", scenario, "--field", array).code == 0
    assert terrain("solve", scenario, "--field", raster).code == 0
    times = np.load(array)
    with rasterio.open(raster) as file:
        assert file.crs.to_epsg() == 32612
        assert file.xy(4, 0) == (431000, 4514000)
        np.testing.assert_array_equal(file.read(1), np.where(np.isinf(times), math.nan, times))


def test_plain_maps_stay_as_they_are(terrain: Terrain, tmp_path: Path) -> None:
    geojson, package, field, track = (tmp_path / f"r{ending}" for ending in (".geojson", ".gpkg", ".tif", ".gpx"))
    lake = CONFIGS / "lake.yaml"
    document = json.loads(terrain("solve", lake, "--json", "-o", geojson, "-o", package, "--field", field).out)
    [route, *_] = json.loads(geojson.read_text())["features"]
    assert route["geometry"]["coordinates"] == document["route"]
    assert pyogrio.read_info(package, layer="routes")["crs"] is None
    with rasterio.open(field) as file:
        assert file.crs is None
        assert file.xy(0, 0) == (0, 360)
    ran = terrain("solve", lake, "-o", track)
    assert ran.code == 2
    assert "GPX has longitudes and latitudes, and the map has no CRS: add crs to the map" in ran.err
    assert not track.exists()


def test_without_a_route_there_is_nothing_on_it(terrain: Terrain, scenario: Path, tmp_path: Path) -> None:
    scenario.write_text(MAP.replace("[1, 0.3, 0.3, 0.3, 1]", "[blocked, blocked, blocked, blocked, blocked]"))
    outs = [tmp_path / f"r{ending}" for ending in (".gpx", ".gpkg", ".geojson")]
    ran = terrain("solve", scenario, *(part for out in outs for part in ("-o", out)))
    assert ran.code == 1
    assert gpxpy.parse(outs[0].read_bytes()).tracks == []
    assert len(json.loads(outs[2].read_text())["features"]) == 1  # the point on the way


def test_strips_have_no_place_on_the_earth(terrain: Terrain, tmp_path: Path) -> None:
    for ending in (".gpx", ".gpkg"):
        ran = terrain("solve", CONFIGS / "three_strips.yaml", "-o", tmp_path / f"r{ending}")
        assert ran.code == 2
        assert f"only maps can be written to {ending}: use .geojson" in ran.err


def test_the_extra_is_named_where_it_is_missing(
    terrain: Terrain, scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("terrain_cli.maps.exports.find_spec", lambda _: None)
    for option, name, package in (
        ("-o", "r.gpkg", "pyogrio"),
        ("--field", "f.tif", "rasterio"),
        ("-o", "r.gpx", "pyproj"),
    ):
        ran = terrain("solve", scenario, option, tmp_path / name)
        assert ran.code == 2
        assert f"needs {package}: pip install 'terrain-cli[geo]'" in ran.err
        assert not (tmp_path / name).exists()


@pytest.mark.skipif(not (OGRINFO and GDALINFO), reason="GDAL's programs are not installed")
def test_gdals_own_programs_read_the_files(terrain: Terrain, scenario: Path, tmp_path: Path) -> None:
    routes, shapes, track, field = (tmp_path / name for name in ("r.gpkg", "r.geojson", "r.gpx", "f.tif"))
    outputs = [word for path in (routes, shapes, track) for word in ("-o", path)]
    terrain("solve", scenario, "--isochrones", "100", *outputs, "--field", field)

    def ask(*words: str | Path | None) -> str:
        return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True).stdout

    layers = ask(OGRINFO, "-ro", "-q", routes)
    assert [line.split(": ")[1] for line in layers.splitlines()] == [
        "routes (Line String)",
        "via (Point)",
        "isochrones (Multi Polygon)",
    ]
    assert "Feature Count: 2" in ask(OGRINFO, "-ro", "-so", routes, "routes")
    assert 'ID["EPSG",32612]' in ask(OGRINFO, "-ro", "-so", routes, "routes")
    assert "Feature Count: 2" in ask(OGRINFO, "-ro", "-so", track, "tracks")
    assert 'ID["EPSG",4326]' in ask(OGRINFO, "-ro", "-so", "-al", shapes)
    said = ask(GDALINFO, field)
    assert "Size is 6, 5" in said
    assert "Pixel Size = (100.000000000000000,-100.000000000000000)" in said
    assert "Origin = (430950.000000000000000,4514450.000000000000000)" in said
