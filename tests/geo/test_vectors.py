"""Lines and areas in files."""

import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

shapely = pytest.importorskip("shapely", reason="needs the extra geo")
pyogrio = pytest.importorskip("pyogrio", reason="needs the extra geo")
pytest.importorskip("gpxpy", reason="needs the extra geo")
pytest.importorskip("pyproj", reason="needs the extra geo")

from terrain_cli.errors import InputError  # noqa: E402  after the skips
from terrain_cli.geo.crs import transform  # noqa: E402
from terrain_cli.geo.vectors import read_vectors  # noqa: E402

UTM = "EPSG:26912"
DATA = Path(os.environ.get("TERRAIN_TEST_DATA", ""))
real = pytest.mark.skipif(
    not (DATA / "SOURCES.md").is_file(), reason="TERRAIN_TEST_DATA names no folder with the real data"
)
LINE = [[-111.8, 40.78], [-111.79, 40.79], [-111.78, 40.78]]
GPX = '<gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">{}</gpx>'
TRACK = '<trk><trkseg><trkpt lat="40.78" lon="-111.8"/><trkpt lat="40.79" lon="-111.79"/></trkseg></trk>'


def feature(geometry: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": None, "geometry": geometry, **more}


def collection(*geometries: Any, **more: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": [feature(geometry) for geometry in geometries], **more}


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def named(name: str) -> dict[str, Any]:
    return {"type": "name", "properties": {"name": name}}


def write_gdal(
    path: Path, shapes: list[Any], crs: str | None, driver: str, layer: str | None = None, append: bool = False
) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a file without a CRS
        pyogrio.raw.write(path, shapely.to_wkb(np.array(shapes, dtype=object)), [], [], layer=layer, driver=driver, crs=crs,
                          geometry_type=shapes[0].geom_type, append=append)  # fmt: skip
    return path


class TestFormats:
    def test_the_same_line_in_every_format(self, tmp_path: Path) -> None:
        line = shapely.LineString(LINE)
        xy = np.column_stack(transform("EPSG:4326", UTM, *np.array(LINE).T))
        in_utm = shapely.LineString(xy)
        points = "".join(f'<trkpt lat="{lat}" lon="{lon}"/>' for lon, lat in LINE)
        files = [
            write(tmp_path / "a.geojson", collection(shapely.geometry.mapping(line))),
            write(tmp_path / "bom.json", "\ufeff" + json.dumps(shapely.geometry.mapping(line))),
            write(
                tmp_path / "old.geojson",
                collection(shapely.geometry.mapping(in_utm), crs=named("urn:ogc:def:crs:EPSG::26912")),
            ),
            write(
                tmp_path / "old2.geojson",
                feature(shapely.geometry.mapping(line), crs=named("urn:ogc:def:crs:OGC:1.3:CRS84")),
            ),
            write_gdal(tmp_path / "a.gpkg", [line], "EPSG:4326", "GPKG"),
            write_gdal(tmp_path / "b.gpkg", [in_utm], UTM, "GPKG"),
            write_gdal(tmp_path / "a.shp", [in_utm], UTM, "ESRI Shapefile"),
            write(tmp_path / "a.gpx", GPX.format(f"<trk><trkseg>{points}</trkseg></trk>")),
            write(tmp_path / "r.gpx", GPX.format(f"<rte>{points.replace('trkpt', 'rtept')}</rte>")),
            write(tmp_path / "none.gpx", f'<gpx version="1.1" creator="t"><trk><trkseg>{points}</trkseg></trk></gpx>'),
            write(
                tmp_path / "bad.gpx",
                GPX.format(f"<trk><trkseg>{points.replace('/>', '><ele>high</ele></trkpt>', 1)}</trkseg></trk>"),
            ),
        ]
        for file in files:
            [found] = read_vectors(file, UTM)
            assert shapely.hausdorff_distance(found, in_utm) < 0.1, file

    def test_lines_that_are_straight_in_degrees_stay_where_they_are(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "a.geojson", collection({"type": "LineString", "coordinates": [[-113, 40], [-109, 40]]})
        )
        [found] = read_vectors(path, UTM)
        [x], [y] = transform("EPSG:4326", UTM, [-111.0], [40.0])
        assert found.distance(shapely.Point(x, y)) < 0.01
        [x], [y] = transform("EPSG:4326", UTM, [-111.8273], [40.0])
        assert found.distance(shapely.Point(x, y)) < 0.01

    def test_parts_empty_ones_and_heights(self, tmp_path: Path) -> None:
        shapes = [
            {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 2, 300]}]},
            None,
            {"type": "LineString", "coordinates": []},
            {"type": "MultiPolygon", "coordinates": [[[[0, 0], [4, 0], [4, 4], [0, 0]]]]},
        ]
        found = read_vectors(write(tmp_path / "a.geojson", collection(*shapes)), None)
        assert [shape.geom_type for shape in found] == ["GeometryCollection", "MultiPolygon"]
        assert not shapely.has_z(found).any()

    def test_a_layer_of_several(self, tmp_path: Path) -> None:
        path = write_gdal(tmp_path / "a.gpkg", [shapely.Point(0, 0)], UTM, "GPKG", "huts")
        write_gdal(path, [shapely.LineString([(0, 0), (1, 1)])], UTM, "GPKG", "roads", append=True)
        [found] = read_vectors(path, UTM, layer="roads")
        assert found.geom_type == "LineString"
        for layer, sentence in (
            (None, "has several layers: add layer: huts (or roads)"),
            ("road", "has no layer road: did you mean roads?"),
        ):
            with pytest.raises(InputError) as error:
                read_vectors(path, UTM, layer=layer)
            assert sentence in str(error.value)

    def test_a_crs_for_a_file_that_names_none(self, tmp_path: Path) -> None:
        path = write_gdal(tmp_path / "a.shp", [shapely.Point(431500, 4514300)], None, "ESRI Shapefile")
        with pytest.raises(
            InputError, match=r"does not say in which CRS it is: add crs to the region, such as crs: EPSG:26912"
        ):
            read_vectors(path, UTM)
        [found] = read_vectors(path, UTM, own=UTM)
        assert found.x == 431500
        path = write(tmp_path / "a.geojson", collection({"type": "Point", "coordinates": [431500, 4514300]}))
        with pytest.raises(
            InputError, match=r"has coordinates such as \[431500, 4514300\], which are not degrees: add crs"
        ):
            read_vectors(path, UTM)
        assert read_vectors(path, UTM, own="EPSG:26912")[0].x == 431500
        assert read_vectors(path, None)[0].x == 431500  # a plain map has the coordinates of the file

    @real
    def test_real_files(self) -> None:
        [lake] = read_vectors(DATA / "hiker_red_butte_reservoir.geojson", UTM)
        assert lake.area == pytest.approx(53227.417, abs=0.01)
        [road] = read_vectors(DATA / "hiker_red_butte_road.geojson", "EPSG:32612")
        assert road.length == pytest.approx(2781.11, abs=0.01)
        for name, count in (("swisstopo_Stockhorn_bad_namespace", 1), ("swisstopo_LejMuragl_notimes", 1)):
            assert len(read_vectors(DATA / f"{name}.gpx", "EPSG:2056")) == count


def broken(tmp_path: Path) -> dict[str, tuple[Path, str]]:
    """A file for each way to be broken, and what is said of it."""
    point = {"type": "Point", "coordinates": [1, 2]}
    nothing = tmp_path / "nothing.gpkg"
    nothing.write_bytes(b"")
    fake = tmp_path / "fake.shp"
    fake.write_bytes(b"PK\x03\x04")
    cut = write_gdal(tmp_path / "cut.gpkg", [shapely.Point(0, 0)], UTM, "GPKG")
    cut.write_bytes(cut.read_bytes()[:5000])
    lone = write_gdal(tmp_path / "lone.shp", [shapely.Point(0, 0)], UTM, "ESRI Shapefile")
    (tmp_path / "lone.shx").write_bytes(b"rubbish")
    lone.write_bytes(lone.read_bytes()[:60])
    return {
        "an unknown ending": (write(tmp_path / "a.dxf", ""), "must be a file of vectors, with the ending .geojson, .json, .gpkg, .shp or .gpx"),
        "no JSON": (write(tmp_path / "1.geojson", "{"), "is not JSON: Expecting property name"),
        "too deep": (write(tmp_path / "2.geojson", "[" * 100_000), "is not JSON"),
        "no GeoJSON": (write(tmp_path / "3.geojson", [1]), "is not GeoJSON: it has no type"),
        "no list of features": (write(tmp_path / "4.geojson", {"type": "FeatureCollection", "features": 3}), "its features must be a list"),
        "no geometry": (write(tmp_path / "5.geojson", collection("here")), "a geometry must be a mapping, got 'here'"),
        "coordinates": (write(tmp_path / "6.geojson", collection({"type": "Point", "coordinates": ["a", 2]})), "geometry 1 is not valid GeoJSON"),
        "a ring": (write(tmp_path / "7.geojson", collection({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]})), "geometry 1 is not valid"),
        "nothing in it": (write(tmp_path / "8.geojson", collection(None)), "has no geometries: draw at least one line or area"),
        "not finite": (write(tmp_path / "9.geojson", '{"type": "Point", "coordinates": [NaN, 1]}'), "geometry 1 is not valid GeoJSON"),
        "a CRS by link": (write(tmp_path / "10.geojson", collection(point, crs={"type": "link", "properties": {"href": "http://x"}})), "its crs must have a name"),
        "an unknown CRS": (write(tmp_path / "11.geojson", collection(point, crs=named("EPSG:999999"))), "its CRS is not the name of a coordinate"),
        "off the Earth": (write(tmp_path / "12.geojson", collection({"type": "Point", "coordinates": [1, 91]})), "which are not degrees"),
        "an empty file": (nothing, "is not a GeoPackage, whatever its ending says"),
        "another format": (fake, "is not a shapefile, whatever its ending says"),
        "half a GeoPackage": (cut, "cut.gpkg: "),
        "half a shapefile": (lone, "lone.shp: "),
        "no XML": (write(tmp_path / "1.gpx", "<gpx"), "is not XML"),
        "no GPX": (write(tmp_path / "2.gpx", "<kml/>"), "is not a GPX file: its root is kml, not gpx"),
        "no track": (write(tmp_path / "3.gpx", GPX.format('<wpt lat="1" lon="2"/>')), "has no track and no route of two points or more"),
        "a point without place": (write(tmp_path / "4.gpx", GPX.format(TRACK.replace(' lat="40.78"', ""))), "has a point without a longitude"),
        "a bad latitude": (write(tmp_path / "5.gpx", GPX.format(TRACK.replace("40.78", "97"))), "which is not on the Earth"),
        "a document type": (write(tmp_path / "6.gpx", "<!DOCTYPE gpx [<!ENTITY a 'b'>]>" + GPX.format(TRACK)), "has a document type"),
    }  # fmt: skip


def test_broken_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    for what, (path, sentence) in broken(tmp_path).items():
        with pytest.raises(InputError) as error:
            read_vectors(path, UTM)
        assert str(error.value).startswith(str(path)), what
        assert sentence in str(error.value), what
        assert len(error.value.problems) == 1, what


def test_a_plain_map_has_no_place_for_a_file_with_a_crs(tmp_path: Path) -> None:
    for path in (
        write(tmp_path / "a.geojson", collection({"type": "Point", "coordinates": [1, 2]}, crs=named("EPSG:26912"))),
        write(tmp_path / "a.gpx", GPX.format(TRACK)),
    ):
        with pytest.raises(InputError, match="and the map has no CRS: add crs to the map"):
            read_vectors(path, None)


def test_crs_and_layer_of_the_region_must_fit(tmp_path: Path) -> None:
    path = write(tmp_path / "a.geojson", collection({"type": "Point", "coordinates": [1, 2]}, crs=named("EPSG:26912")))
    with pytest.raises(InputError, match=r"is in EPSG:26912 .*, not in EPSG:32612 .*: remove crs from the region"):
        read_vectors(path, UTM, own="EPSG:32612")
    with pytest.raises(InputError, match="the crs given for it is not the name"):
        read_vectors(path, UTM, own="EPSG:zwei")
    with pytest.raises(InputError, match="has no layers: remove layer"):
        read_vectors(path, UTM, layer="a")
    with pytest.raises(OSError, match="No such file"):
        read_vectors(tmp_path / "missing.geojson", UTM)
    pole = write(tmp_path / "p.geojson", collection({"type": "Point", "coordinates": [75.0, 0.0]}))
    with pytest.raises(InputError, match="has places that have no coordinates in the CRS of the map"):
        read_vectors(pole, "EPSG:2193")
