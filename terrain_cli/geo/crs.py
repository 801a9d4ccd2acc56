"""Coordinate reference systems: their names, whether distances in them are metres, and places in degrees.

A CRS is a text throughout: "EPSG:26912", or WKT where it has no code. The network of PROJ is off, so that the same scenario has
the same answer everywhere. This module imports pyproj when it is used.
"""

import math
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from terrain_cli.errors import InputError, needs_extra
from terrain_cli.text import nearest, shorten

if TYPE_CHECKING:
    import numpy as np

WGS84 = "EPSG:4326"
STEP = 1e-4  # degrees, for its scale


def pyproj() -> Any:
    """The package, with its network off. Raises InputError if it is not installed."""
    os.environ["PROJ_NETWORK"] = "OFF"  # also for the PROJ inside GDAL
    try:
        import pyproj as found
    except ImportError:
        raise needs_extra("A map with a CRS", "pyproj", "geo") from None
    package: Any = found
    package.network.set_network_enabled(active=False)
    return package


@lru_cache(maxsize=64)
def _crs(name: str) -> Any:
    return pyproj().CRS.from_user_input(name)


def read_crs(text: str) -> str:
    """The name of the CRS that a user wrote or a file holds. Raises InputError if it is none."""
    package = pyproj()
    try:
        crs = package.CRS.from_user_input(text)
    except package.exceptions.CRSError:
        near = nearest(text.upper(), ["EPSG:4326", "EPSG:32612", "EPSG:26912"])
        hint = f": did you mean {near}?" if near else ", such as EPSG:26912"
        raise InputError(f"is not the name of a coordinate reference system{hint}") from None
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    if len(crs.axis_info) == 3 and crs.is_geographic:
        crs = crs.to_2d()
    if not (crs.is_geographic or crs.is_projected):
        raise InputError(f"is neither projected nor geographic ({shorten(crs.name)})")
    code = crs.to_epsg(min_confidence=100)
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def read_metric(text: str) -> str:
    """The name of a CRS that measures in metres. Raises InputError if it is none."""
    name = read_crs(text)
    system = _crs(name)
    if not system.is_projected or any(axis.unit_conversion_factor != 1 for axis in system.axis_info[:2]):
        raise InputError(f"measures in {unit(name)}, not in metres: name a CRS in metres, such as EPSG:32612")
    return name


def label(crs: str) -> str:
    """A CRS in a sentence: its code and name."""
    name = _crs(crs).name
    return f"{crs} ({name})" if crs.startswith("EPSG:") else name


def is_geographic(crs: str) -> bool:
    """Whether its coordinates are degrees."""
    return bool(_crs(crs).is_geographic)


def unit(crs: str) -> str:
    """The unit of its coordinates, such as metre, degree or US survey foot."""
    return str(_crs(crs).axis_info[0].unit_name)


def are_same(a: str | None, b: str | None) -> bool:
    """Whether coordinates in both mean the same."""
    return a == b or (a is not None and b is not None and bool(_crs(a).equals(_crs(b), ignore_axis_order=True)))


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Any:
    return pyproj().Transformer.from_crs(_crs(source), _crs(target), always_xy=True)


def transform(source: str, target: str, x: Any, y: Any) -> "tuple[np.ndarray, np.ndarray]":
    """Coordinates in another CRS; inf where it has none. Degrees are (longitude, latitude)."""
    import numpy as np

    if are_same(source, target):
        return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    found = _transformer(source, target).transform(np.asarray(x, np.float64), np.asarray(y, np.float64))
    return np.asarray(found[0]), np.asarray(found[1])


def from_lonlat(crs: str, lon: float, lat: float) -> tuple[float, float]:
    """The point (x, y) of a place in degrees of WGS84. Not finite where the CRS has no coordinates for it."""
    x, y = transform(WGS84, crs, lon, lat)
    return float(x), float(y)


def to_lonlat(crs: str, points: "np.ndarray") -> "np.ndarray":
    """Points (x, y), shape (..., 2), as longitude and latitude in degrees of WGS84."""
    import numpy as np

    return np.stack(transform(crs, WGS84, points[..., 0], points[..., 1]), axis=-1)


def find_bearing(crs: str, start: tuple[float, float], end: tuple[float, float]) -> float:
    """The direction from one point (x, y) to another when one sets out, in degrees from true north to the east."""
    (lon, lat), (to_lon, to_lat) = (map(float, transform(crs, WGS84, *point)) for point in (start, end))
    return float(_crs(WGS84).get_geod().inv(lon, lat, to_lon, to_lat)[0] % 360)


def scale_error(crs: str, x: float, y: float) -> float:
    """By how much distances on the map differ from those on the ground at a point, relative; inf if they are not metres."""
    system = _crs(crs)
    if not system.is_projected or any(axis.unit_conversion_factor != 1 for axis in system.axis_info[:2]):
        return math.inf
    lon, lat = map(float, transform(crs, str(system.geodetic_crs.to_wkt()), x, y))
    if not (math.isfinite(lon) and math.isfinite(lat)):
        return math.inf
    east, north = (lon + STEP, lat), (lon, lat - STEP if lat > 0 else lat + STEP)
    worst = 0.0
    for there in (east, north):
        at = transform(str(system.geodetic_crs.to_wkt()), crs, [lon, there[0]], [lat, there[1]])
        ground = system.get_geod().inv(lon, lat, *there)[2]
        worst = max(worst, abs(math.hypot(at[0][1] - at[0][0], at[1][1] - at[1][0]) / ground - 1))
    return worst


def utm(lon: float, lat: float) -> str:
    """The zone of UTM in which a place lies, WGS84; near the poles the polar system that goes with it."""
    if lat >= 84 or lat < -80:
        return "EPSG:32661" if lat > 0 else "EPSG:32761"
    zone = min(int((lon + 180) // 6) % 60 + 1, 60)
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def explain_datum(crs: str) -> str:
    """What becomes of the datum of a CRS on the way to WGS84, in a sentence; "" if it is WGS84."""
    system = _crs(crs)
    base = system.geodetic_crs
    datum = base.datum or base
    if "World Geodetic System 1984" in datum.name or datum.name == "WGS 84":
        return ""
    lon, lat = _middle(system)
    x, y = from_lonlat(str(base.to_wkt()), lon, lat)
    if abs(x - lon) < 1e-9 and abs(y - lat) < 1e-9:
        return f"the datum of {label(crs)}, {datum.name}, is taken as WGS84"
    how = _transformer(str(base.to_wkt()), WGS84).description
    return f"the datum of {label(crs)}, {datum.name}, is brought to WGS84 ({how})"


def _middle(system: Any) -> tuple[float, float]:
    """A place in degrees where the CRS is used."""
    area = system.area_of_use
    if area is None:
        return 0.0, 0.0
    return (area.west + area.east) / 2, (area.south + area.north) / 2
