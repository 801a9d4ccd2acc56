"""Files for other programs, read back by other programs."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

shapely = pytest.importorskip("shapely", reason="needs the extra geo")
pyogrio = pytest.importorskip("pyogrio", reason="needs the extra geo")
rasterio = pytest.importorskip("rasterio", reason="needs the extra geo")
gpxpy = pytest.importorskip("gpxpy", reason="needs the extra geo")

from terrain_cli.files import write  # noqa: E402  after the skips
from terrain_cli.geo.exports import to_rfc7946, write_corners, write_geopackage  # noqa: E402
from terrain_cli.geo.grid import Grid  # noqa: E402
from terrain_cli.geo.tracks import Track, Waypoint, write_gpx  # noqa: E402

SCHEMA = Path(__file__).with_name("gpx11.xsd")
UTM = "EPSG:32612"


def krueger(x: float, y: float, zone: int, north: bool = True) -> tuple[float, float]:
    """Longitude and latitude of a point of UTM on WGS84, by Krüger's series to the fourth order of n.

    Deakin, Hunter and Karney (2010), "The Gauss-Krueger projection"; independent of PROJ.
    """
    a, f = 6378137.0, 1 / 298.257223563
    n = f / (2 - f)
    radius = a / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    beta = (
        n / 2 - 2 / 3 * n**2 + 37 / 96 * n**3 - 1 / 360 * n**4,
        1 / 48 * n**2 + 1 / 15 * n**3 - 437 / 1440 * n**4,
        17 / 480 * n**3 - 37 / 840 * n**4,
        4397 / 161280 * n**4,
    )
    xi, eta = (y - (0 if north else 1e7)) / (0.9996 * radius), (x - 5e5) / (0.9996 * radius)
    terms = [(b, 2 * (j + 1)) for j, b in enumerate(beta)]
    xi_ = xi - sum(b * math.sin(k * xi) * math.cosh(k * eta) for b, k in terms)
    eta_ = eta - sum(b * math.cos(k * xi) * math.sinh(k * eta) for b, k in terms)
    conformal = math.sin(xi_) / math.hypot(math.sinh(eta_), math.cos(xi_))  # tan of the conformal latitude
    e = math.sqrt(f * (2 - f))
    tau = conformal
    for _ in range(10):  # Newton's method for the tan of the latitude
        sigma = math.sinh(e * math.atanh(e * tau / math.hypot(1, tau)))
        value = tau * math.hypot(1, sigma) - sigma * math.hypot(1, tau)
        slope = math.hypot(1, value) * math.hypot(1, tau) * (1 - e**2) / (1 + (1 - e**2) * tau**2)
        tau -= (value - conformal) / slope
    return zone * 6 - 183 + math.degrees(math.atan2(math.sinh(eta_), math.cos(xi_))), math.degrees(math.atan(tau))


def line(*points: tuple[float, float], **properties: Any) -> dict[str, Any]:
    geometry = {"type": "LineString", "coordinates": [list(point) for point in points]}
    return {"type": "Feature", "properties": {"role": "route", "time": 12.5, **properties}, "geometry": geometry}


def area(*polygons: list[list[tuple[float, float]]], **properties: Any) -> dict[str, Any]:
    geometry = {
        "type": "MultiPolygon",
        "coordinates": [[list(map(list, ring)) for ring in rings] for rings in polygons],
    }
    return {"type": "Feature", "properties": {"role": "isochrone", **properties}, "geometry": geometry}


class TestGeoJson:
    @pytest.mark.parametrize(
        ("x", "y", "zone", "north"),
        [(431493.9, 4514294.91, 12, True), (322000.0, 4118000.0, 12, True), (801000.0, 8990000.0, 17, False)],
    )
    def test_degrees_agree_with_krueger(self, x: float, y: float, zone: int, north: bool) -> None:
        [feature] = to_rfc7946([line((x, y), (x + 10, y + 10))], f"EPSG:{32600 + zone if north else 32700 + zone}")
        lon, lat = krueger(x, y, zone, north)
        assert feature["geometry"]["coordinates"][0] == pytest.approx([lon, lat], abs=1e-7)

    def test_seven_decimals_and_anticlockwise_outer_rings(self) -> None:
        ring = [
            (431000.0, 4514000.0),
            (431000.0, 4515000.0),
            (432000.0, 4515000.0),
            (432000.0, 4514000.0),
            (431000.0, 4514000.0),
        ]
        hole = [(431200.0, 4514200.0), (431300.0, 4514200.0), (431300.0, 4514300.0), (431200.0, 4514200.0)]
        [feature] = to_rfc7946([area([ring, hole])], UTM)
        outer, inner = feature["geometry"]["coordinates"][0]
        assert shapely.LinearRing(outer).is_ccw
        assert not shapely.LinearRing(inner).is_ccw
        assert all(round(number, 7) == number for point in outer + inner for number in point)
        assert shapely.geometry.shape(feature["geometry"]).is_valid
        assert "crs" not in feature

    def test_straight_lines_of_the_map_stay_straight_on_it(self) -> None:
        [feature] = to_rfc7946([line((300000.0, 5400000.0), (400000.0, 5400000.0))], UTM)
        points = np.array(feature["geometry"]["coordinates"])
        lon, lat = krueger(350123.0, 5400000.0, 12)
        assert np.interp(lon, *points.T) == pytest.approx(lat, abs=1.5e-7)

    def test_what_crosses_the_antimeridian_is_cut(self) -> None:
        [route, reached] = to_rfc7946(
            [
                line((820000.0, 100.0), (850000.0, 5000.0)),
                area([[(820000.0, 0.0), (850000.0, 0.0), (850000.0, 9000.0), (820000.0, 9000.0), (820000.0, 0.0)]]),
            ],
            "EPSG:32660",
        )
        assert route["geometry"]["type"] == "MultiLineString"
        ends = sorted(piece[-1][0] for piece in route["geometry"]["coordinates"])
        assert ends[-1] == 180
        assert ends[0] < -179
        assert len(reached["geometry"]["coordinates"]) == 2
        bounds = [shapely.Polygon(rings[0]).bounds for rings in reached["geometry"]["coordinates"]]
        assert sorted((west, east) for west, _, east, _ in bounds)[0][0] == -180
        assert all(east - west < 1 for west, _, east, _ in bounds)

    def test_areas_too_small_for_seven_decimals_vanish(self) -> None:
        tiny = [(431000.0, 4514000.0), (431000.001, 4514000.0), (431000.001, 4514000.001), (431000.0, 4514000.0)]
        assert to_rfc7946([area([tiny]), area()], UTM)[0]["geometry"] == {"type": "MultiPolygon", "coordinates": []}


class TestGeoPackage:
    def test_a_layer_for_each_role(self, tmp_path: Path) -> None:
        path = tmp_path / "a.gpkg"
        ring = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 0.0)]
        features = [
            line((0, 0), (1, 1), goal="hut"),
            line((0, 0), (2, 1), role="alternative"),
            area([ring], until="now"),
            area([ring], time=3.5),
        ]
        write(path, lambda file: write_geopackage(file, features, UTM))
        assert pyogrio.list_layers(path).tolist() == [
            ["routes", "LineString"],
            ["alternatives", "LineString"],
            ["isochrones", "MultiPolygon"],
        ]
        meta, _, shapes, (until, time) = pyogrio.raw.read(path, layer="isochrones")
        assert meta["crs"] == UTM
        assert shapely.from_wkb(shapes)[0].area == 8
        assert list(until) == ["now", None]
        assert math.isnan(time[0])
        assert time[1] == 3.5
        first = path.read_bytes()
        write(path, lambda file: write_geopackage(file, features, UTM))
        assert path.read_bytes() == first  # the same, also after another second

    def test_without_routes_and_without_a_crs(self, tmp_path: Path) -> None:
        path = tmp_path / "a.gpkg"
        write(path, lambda file: write_geopackage(file, [], None))
        assert pyogrio.list_layers(path).tolist() == [["routes", "LineString"]]
        assert pyogrio.read_info(path)["crs"] is None

    def test_a_failure_leaves_what_was_there(self, tmp_path: Path) -> None:
        path = tmp_path / "a.gpkg"
        path.write_text("mine")

        def fail(file: Path) -> None:
            file.write_bytes(b"half")
            raise OSError("disk full")

        with pytest.raises(ValueError, match=r"a\.gpkg: cannot be written: disk full"):
            write(path, fail)
        assert path.read_text() == "mine"
        assert list(tmp_path.iterdir()) == [path]


class TestField:
    @pytest.mark.parametrize("size", [(3, 4), (300, 270)])
    def test_pixels_have_their_centres_on_the_corners(self, tmp_path: Path, size: tuple[int, int]) -> None:
        times = np.arange(float(size[0] * size[1])).reshape(size)
        times[0, 1] = np.inf
        path = tmp_path / "a.tif"
        grid = Grid((431000.0, 4514000.0), 30.0, size[0] - 1, size[1] - 1, UTM)
        write(path, lambda file: write_corners(file, times, grid))
        with rasterio.open(path) as raster:
            assert raster.crs.to_epsg() == 32612
            assert math.isnan(raster.nodata)
            assert raster.xy(0, 0) == (431000.0, 4514000.0 + 30 * (size[0] - 1))
            assert raster.xy(size[0] - 1, size[1] - 1) == (431000.0 + 30 * (size[1] - 1), 4514000.0)
            found = raster.read(1)
        np.testing.assert_array_equal(found, np.where(np.isinf(times), np.nan, times))


def tracks() -> list[Track]:
    departs = datetime(2026, 6, 1, 8, 0, tzinfo=timezone(timedelta(hours=2)))
    return [
        Track("over <the> pass & back", [(-113.02, 37.21), (-113.01, 37.2200000499), (180.0, -0.0)], [departs, departs + timedelta(seconds=0.25), None], "1 h"),
        Track("no times\x0c", [(7.5, 46.5), (7.6, 46.6)]),
    ]  # fmt: skip


class TestGpx:
    def test_it_validates_against_the_schema(self) -> None:
        xmlschema = pytest.importorskip("xmlschema", reason="the schema is checked where xmlschema is installed")
        schema = xmlschema.XMLSchema(SCHEMA)
        text = write_gpx(
            "a name", tracks(), [Waypoint("start", (-113.02, 37.21))], "terrain 1", datetime(2026, 6, 1, tzinfo=UTC)
        )
        schema.validate(text)
        for wrong in (
            text.replace("<name>", "<title>").replace("</name>", "</title>"),
            text.replace('lon="-180', 'lon="180'),
            text.replace('version="1.1"', ""),
        ):
            assert not schema.is_valid(wrong)

    def test_gpxpy_reads_it_back(self) -> None:
        gpx = gpxpy.parse(write_gpx("a name", tracks(), [Waypoint("start", (-113.02, 37.21))], "terrain 1", None))
        assert gpx.version == "1.1"
        assert [track.name for track in gpx.tracks] == ["over <the> pass & back", "no times?"]
        first, second, last = gpx.tracks[0].segments[0].points
        assert (first.latitude, first.longitude) == (37.21, -113.02)
        assert first.time == datetime(2026, 6, 1, 6, 0, tzinfo=UTC)
        assert second.time - first.time == timedelta(milliseconds=250)
        assert second.latitude == 37.22  # seven decimals
        assert (last.latitude, last.longitude, last.time) == (0, -180, None)
        assert gpx.tracks[1].segments[0].points[0].time is None
        assert [(place.name, place.longitude) for place in gpx.waypoints] == [("start", -113.02)]


def test_the_document_is_json(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    write(
        path,
        {
            "type": "FeatureCollection",
            "features": to_rfc7946([line((431000.0, 4514000.0), (431010.0, 4514000.0))], UTM),
        },
    )
    assert json.loads(path.read_text())["features"][0]["properties"] == {"role": "route", "time": 12.5}
    assert pyogrio.read_info(path)["crs"] == "EPSG:4326"
