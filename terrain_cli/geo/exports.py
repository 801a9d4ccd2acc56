"""Routes and areas for other programs: GeoJSON by RFC 7946, GeoPackage, and rasters as GeoTIFF.

What is written is the same for the same input. This module imports shapely, pyogrio and rasterio when it is used.
"""

import json
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from terrain_cli.errors import needs_extra
from terrain_cli.geo.crs import pyproj, to_lonlat
from terrain_cli.geo.grid import Grid
from terrain_cli.geo.tracks import DIGITS
from terrain_cli.geo.vectors import shapely

SPACING = 500.0  # m between points of a straight line, which is not straight in degrees: it is off by less than 1 cm
LAYERS = {
    "route": "routes",
    "alternative": "alternatives",
    "via": "via",
    "isochrone": "isochrones",
    "corridor": "corridor",
}
DATED = "2000-01-01T00:00:00.000Z"  # of every GeoPackage, which would otherwise never be the same twice


def to_rfc7946(features: Iterable[dict[str, Any]], crs: str) -> list[dict[str, Any]]:
    """GeoJSON features in a CRS as RFC 7946 has them: in degrees of WGS84 with 7 decimals, the outer rings anticlockwise.

    Elevations keep two decimals. What crosses the antimeridian is cut there.
    """
    return [feature | {"geometry": _to_degrees(feature["geometry"], crs)} for feature in features]


def _to_degrees(geometry: dict[str, Any], crs: str) -> dict[str, Any]:
    package = shapely()
    kind = geometry["type"]
    shape = _read(geometry)
    if shape.is_empty:
        return {"type": kind, "coordinates": []}
    shape = package.transform(
        package.segmentize(shape, SPACING), lambda points: _continue(crs, points), include_z=shape.has_z
    )
    pieces = _cut(shape)
    if kind.endswith("Polygon"):
        # Rounding may make rings touch themselves; this rounds so that they do not.
        pieces = package.get_parts(package.set_precision(package.make_valid(pieces), 10.0**-DIGITS))
        pieces = package.get_parts(pieces[~package.is_empty(pieces)])
        pieces = [package.geometry.polygon.orient(piece) for piece in pieces if piece.geom_type == "Polygon"]
        rings = [[_round(ring.coords) for ring in (piece.exterior, *piece.interiors)] for piece in pieces]
        return {"type": "MultiPolygon", "coordinates": rings}
    lines = [_round(piece.coords) for piece in pieces]
    if kind == "Point":
        return {"type": kind, "coordinates": lines[0][0]}
    return (
        {"type": kind, "coordinates": lines[0]}
        if len(lines) == 1
        else {"type": "MultiLineString", "coordinates": lines}
    )


def _read(geometry: dict[str, Any]) -> Any:
    """A geometry as one of shapely's."""
    package = shapely()
    if geometry["type"] == "MultiPolygon":  # many times faster than through text
        return package.MultiPolygon([(rings[0], rings[1:]) for rings in geometry["coordinates"]])
    return package.geometry.shape(geometry)


def _continue(crs: str, points: np.ndarray) -> np.ndarray:
    """Points of a CRS as longitude and latitude, the longitudes within 180 degrees of the first, so that they do not jump.

    points: shape (N, 2), or (N, 3) with elevations, which stay as they are.
    """
    lon, lat = to_lonlat(crs, points[:, :2]).T
    return np.column_stack([lon + 360 * np.round((lon[0] - lon) / 360), lat, points[:, 2:]])


def _cut(shape: Any) -> Any:
    """The parts of a geometry with longitudes from -180 to 180, cut at the antimeridian."""
    package = shapely()
    west, _, east, _ = shape.bounds
    if west >= -180 and east <= 180:
        return package.get_parts(shape)
    parts = []
    for turn in (-360, 0, 360):
        part = package.intersection(shape, package.box(turn - 180, -91, turn + 180, 91))
        pieces = package.get_parts(package.get_parts(part))
        same = pieces[(package.get_dimensions(pieces) == package.get_dimensions(shape)) & ~package.is_empty(pieces)]
        parts.append(package.transform(same, lambda points, turn=turn: _turn(points, turn), include_z=shape.has_z))
    return np.concatenate(parts)


def _turn(points: np.ndarray, degrees: float) -> np.ndarray:
    """Points with their longitudes less so many degrees."""
    return np.column_stack([points[:, 0] - degrees, points[:, 1:]])


def _round(points: Iterable[Sequence[float]]) -> list[list[float]]:
    digits = DIGITS, DIGITS, 2
    return [[round(float(part), most) + 0.0 for part, most in zip(point, digits, strict=False)] for point in points]


def write_geopackage(path: Path, features: Iterable[dict[str, Any]], crs: str | None) -> None:
    """Write GeoJSON features to a GeoPackage, in the CRS in which they are, with a layer for each of their roles.

    Without any features there is an empty layer of routes. crs: None for plain coordinates.
    """
    package = shapely()
    pyproj()
    try:
        import pyogrio
    except ImportError:
        raise needs_extra("A GeoPackage", "pyogrio", "geo") from None
    layers: dict[str, list[dict[str, Any]]] = {name: [] for name in LAYERS.values()}
    for feature in features:
        layers.setdefault(LAYERS.get(feature["properties"].get("role", "route"), "routes"), []).append(feature)
    written = {name: inside for name, inside in layers.items() if inside} or {"routes": []}
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": DATED})
    try:
        for name, inside in written.items():
            shapes = np.array([_read(feature["geometry"]) for feature in inside], dtype=object)
            keys = list(dict.fromkeys(key for feature in inside for key in feature["properties"] if key != "role"))
            columns = [_to_column([feature["properties"].get(key) for feature in inside]) for key in keys]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of plain coordinates without a CRS
                pyogrio.raw.write(
                    path,
                    package.to_wkb(shapes) if len(shapes) else np.array([], dtype=object),
                    columns,
                    keys,
                    layer=name,
                    driver="GPKG",
                    geometry_type=_name_type(inside[0]["geometry"], bool(shapes[0].has_z)) if inside else "LineString",
                    crs=crs,
                    append=path.exists(),
                )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError) as problem:
        raise OSError(str(problem)) from None  # such as a full disk
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _name_type(geometry: dict[str, Any], spatial: bool) -> str:
    """The type of a geometry as a GeoPackage calls it. spatial: whether it has elevations."""
    return f"{geometry['type']} Z" if spatial else str(geometry["type"])


def _to_column(values: list[Any]) -> np.ndarray:
    """The values of a field: numbers, NaN where there is none, or texts."""
    if all(isinstance(value, float | int) or value is None for value in values):
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return np.array(
        [value if isinstance(value, str) or value is None else json.dumps(value) for value in values], dtype=object
    )


def write_corners(path: Path, values: np.ndarray, grid: Grid) -> None:
    """Write numbers at the corners of cells, shape (rows + 1, cols + 1), to a GeoTIFF whose pixels have the corners as centres.

    What is not finite becomes NaN, which is its nodata.
    """
    try:
        import rasterio
        from rasterio.transform import from_origin
    except ImportError:
        raise needs_extra("A GeoTIFF", "rasterio", "geo") from None
    if grid.crs is not None:
        pyproj()
    xmin, _, _, ymax = grid.extent
    rows, cols = values.shape
    settings: dict[str, Any] = {"tiled": True, "blockxsize": 256, "blockysize": 256} if min(rows, cols) > 256 else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of plain coordinates without a CRS
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=rows,
            width=cols,
            count=1,
            dtype=values.dtype.name,
            crs=grid.crs,
            transform=from_origin(xmin - grid.cell / 2, ymax + grid.cell / 2, grid.cell, grid.cell),
            nodata=np.nan,
            compress="deflate",
            predictor=3,
            bigtiff="if_safer",
            **settings,
        ) as raster:
            if grid.crs is not None:  # without one, the tag would make up a CRS
                raster.update_tags(AREA_OR_POINT="Point")
            raster.write(np.where(np.isfinite(values), values, np.nan).astype(values.dtype), 1)
