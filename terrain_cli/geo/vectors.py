"""Lines, areas and points in files: GeoJSON, GeoPackage, shapefile and GPX, brought to the CRS of a map.

This module imports shapely and pyogrio when it is used. GDAL opens no network, and only files whose content is what their
ending says.
"""

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from terrain_cli.errors import InputError, needs_extra
from terrain_cli.files import open_input, read_whole
from terrain_cli.geo.crs import WGS84, are_same, is_geographic, label, pyproj, read_crs, transform
from terrain_cli.text import shorten, suggest

ENDINGS = (".geojson", ".json", ".gpkg", ".shp", ".gpx")
COMPANIONS = (".shx", ".dbf", ".prj", ".cpg")  # of a shapefile
MAGIC = {".gpkg": (b"SQLite format 3\0", "GeoPackage"), ".shp": (b"\0\0\x27\x0a", "shapefile")}
OFFLINE = {"CPL_VSIL_CURL_ALLOWED_FILENAME": "none"}
# Degrees between the points of a line whose straight pieces are straight in degrees: brought to metres, a piece of 0.005
# degrees is off by less than 1 cm below 75 degrees of latitude.
SPACING = 0.005


def shapely() -> Any:
    """The package. Raises InputError if it is not installed."""
    try:
        import shapely as package
    except ImportError:
        raise needs_extra("A region", "shapely", "geo") from None
    return package


def companions(path: Path) -> list[Path]:
    """The files that belong to a file of vectors, itself first."""
    return [path, *(path.with_suffix(ending) for ending in COMPANIONS)] if path.suffix.lower() == ".shp" else [path]


def read_vectors(path: Path, crs: str | None, *, layer: str | None = None, own: str | None = None) -> "np.ndarray":
    """The geometries in a file, in the CRS of a map: an array of shapely's geometries, none empty, without heights.

    crs: of the map, None for a plain one. layer: of a GeoPackage. own: the CRS of the coordinates, for a file that names none.
    Raises OSError if there is no such file, and InputError, which names the file, if it cannot be read.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        *others, last = ENDINGS
        raise InputError(f"{path}: must be a file of vectors, with the ending {', '.join(others)} or {last}")
    if layer is not None and ending != ".gpkg":
        raise InputError(f"{path}: has no layers: remove layer, which is only for GeoPackages")
    package = shapely()
    for companion in companions(path)[1:]:
        if companion.is_file():
            open_input(companion).close()  # so that no output may replace it
    named: str | None
    if ending in MAGIC:
        shapes, named = _read_gdal(path, layer)
    else:
        with open_input(path) as file:
            content = read_whole(file, str(path))
        shapes, named = (_read_gpx if ending == ".gpx" else _read_geojson)(path, content)
    shapes = package.force_2d(shapes[~(package.is_missing(shapes) | package.is_empty(shapes))])
    if not len(shapes):
        raise InputError(f"{path}: has no geometries: draw at least one line or area")
    if not np.isfinite(package.get_coordinates(shapes)).all():
        raise InputError(f"{path}: has coordinates that are not finite")
    return _to_map(path, shapes, named, crs, own)


def _to_map(path: Path, shapes: "np.ndarray", named: str | None, crs: str | None, own: str | None) -> "np.ndarray":
    """The geometries in the CRS of the map. named: the CRS that the file names. own: the one that the scenario gives for it."""
    package = shapely()
    is_json = path.suffix.lower() in (".geojson", ".json")
    if own is not None:
        try:
            own = read_crs(own)
        except InputError as problem:
            raise InputError(f"{path}: the crs given for it {problem}, got {shorten(own)!r}") from None
        if named is not None and not are_same(named, own):
            raise InputError(f"{path}: is in {label(named)}, not in {label(own)}: remove crs from the region")
        named = own
    if crs is None:
        if named is not None:
            raise InputError(
                f"{path}: is in {label(named)}, and the map has no CRS: add crs to the map, such as crs: EPSG:32612"
            )
        return shapes  # a plain map, and plain coordinates
    if named is None and not is_json:
        raise InputError(f"{path}: does not say in which CRS it is: add crs to the region, such as crs: {crs}")
    named = named or WGS84  # RFC 7946
    if is_geographic(named):
        lon, lat = np.abs(package.get_coordinates(shapes)).max(axis=0)
        if lon > 540 or lat > 90:  # longitudes may go on beyond 180
            first = next(xy for xy in package.get_coordinates(shapes).tolist() if abs(xy[0]) > 540 or abs(xy[1]) > 90)
            raise InputError(
                f"{path}: has coordinates such as [{first[0]:.10g}, {first[1]:.10g}], which are not degrees: "
                "add crs to the region, such as crs: EPSG:26912"
            )
    if are_same(named, crs):
        return shapes
    if is_geographic(named):
        shapes = package.segmentize(shapes, SPACING)
    source = named
    moved = package.transform(
        shapes, lambda points: np.column_stack(transform(source, crs, points[:, 0], points[:, 1]))
    )
    if not np.isfinite(package.get_coordinates(moved)).all():
        raise InputError(f"{path}: has places that have no coordinates in the CRS of the map, {label(crs)}")
    return np.asarray(moved)


def _read_gdal(path: Path, layer: str | None) -> "tuple[np.ndarray, str | None]":
    """The geometries of a GeoPackage or shapefile, and the name of their CRS."""
    start, kind = MAGIC[path.suffix.lower()]
    with open_input(path) as file:
        if file.read(len(start)) != start:
            raise InputError(f"{path}: is not a {kind}, whatever its ending says")
    pyproj()
    try:
        import pyogrio
    except ImportError:
        raise needs_extra(f"A {kind}", "pyogrio", "geo") from None
    pyogrio.set_gdal_config_options(OFFLINE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layers = [name for name, shape in pyogrio.list_layers(path).tolist() if shape is not None]
            if not layers:
                raise InputError(f"{path}: has no layer with geometries")
            if layer is None and len(layers) > 1:
                raise InputError(f"{path}: has several layers: add layer: {layers[0]} (or {', '.join(layers[1:8])})")
            if layer is not None and layer not in layers:
                raise InputError(f"{path}: has no layer {shorten(layer)}: {suggest(layer, layers)}")
            meta, _, shapes, _ = pyogrio.raw.read(path, layer=layer or layers[0], columns=[])
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        pyogrio.errors.FeatureError,
        ValueError,
    ) as problem:
        if isinstance(problem, InputError):
            raise
        raise InputError(f"{path}: cannot be read: {shorten(str(problem).partition(chr(10))[0], 200)}") from None
    try:
        found = np.asarray(shapely().from_wkb(shapes))
    except shapely().errors.GEOSException as problem:
        raise InputError(f"{path}: has a geometry that cannot be read: {shorten(str(problem))}") from None
    return found, _name(path, meta["crs"]) if meta["crs"] else None


def _name(path: Path, crs: str) -> str:
    """The name of the CRS that a file holds."""
    try:
        return read_crs(crs)
    except InputError as problem:
        raise InputError(f"{path}: its CRS {problem}, got {shorten(crs)!r}") from None


def _read_geojson(path: Path, content: bytes) -> "tuple[np.ndarray, str | None]":
    """The geometries of a GeoJSON file, and the CRS that an old one names."""
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as problem:
        raise InputError(f"{path}: is not JSON: {str(problem) or 'it is nested too deeply'}") from None
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        raise InputError(f"{path}: is not GeoJSON: it has no type, such as FeatureCollection")
    shapes: list[Any] = []
    for i, geometry in enumerate(_find_geometries(path, document)):
        try:
            shapes.append(shapely().from_geojson(json.dumps(geometry)))
        except (shapely().errors.GEOSException, ValueError, RecursionError) as problem:
            raise InputError(f"{path}: geometry {i + 1} is not valid GeoJSON: {shorten(str(problem))}") from None
    return np.array(shapes, dtype=object), _named_crs(path, document)


def _find_geometries(path: Path, document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = document["type"]
    if kind == "FeatureCollection":
        features = document.get("features")
        if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
            raise InputError(f"{path}: is not GeoJSON: its features must be a list of features")
    else:
        features = [document if kind == "Feature" else {"type": "Feature", "geometry": document}]
    for feature in features:
        geometry = feature.get("geometry")
        if isinstance(geometry, dict):
            yield geometry
        elif geometry is not None:
            raise InputError(f"{path}: is not GeoJSON: a geometry must be a mapping, got {shorten(repr(geometry))}")


def _named_crs(path: Path, document: dict[str, Any]) -> str | None:
    """The CRS that a file from before RFC 7946 names; None if it names none."""
    member = document.get("crs")
    if member is None:
        return None
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        found = shorten(json.dumps(member))
        raise InputError(
            f'{path}: its crs must have a name, such as {{"type": "name", "properties": {{"name": "EPSG:26912"}}}}, got {found}'
        )
    return _name(path, name)


def _read_gpx(path: Path, content: bytes) -> "tuple[np.ndarray, str | None]":
    """The tracks and routes of a GPX file, as lines."""
    from terrain_cli.geo.tracks import read_lines

    lines = [line for line in read_lines(content, str(path)) if len(line) > 1]
    if not lines:
        raise InputError(f"{path}: has no track and no route of two points or more")
    return np.array([shapely().LineString(line) for line in lines], dtype=object), WGS84
