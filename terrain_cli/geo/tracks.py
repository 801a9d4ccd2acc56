"""Tracks on phones: GPX 1.0 and 1.1 read, and 1.1 written. This module imports gpxpy when it reads."""

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from terrain_cli.errors import InputError, needs_extra
from terrain_cli.text import shorten

NAMESPACE = "http://www.topografix.com/GPX/1/1"
DIGITS = 7  # decimals of a degree: 1 cm

LonLat = tuple[float, float]


class Track(NamedTuple):
    """A route. points: (longitude, latitude), degrees of WGS84. clocks, elevations: of each of them, if they are known; m."""

    name: str
    points: Sequence[LonLat]
    clocks: Sequence[datetime | None] = ()
    remark: str = ""
    elevations: Sequence[float] = ()


class Waypoint(NamedTuple):
    """A place with a name. at: (longitude, latitude), degrees of WGS84. elevation: m, if it is known."""

    name: str
    at: LonLat
    elevation: float | None = None


def read_lines(content: bytes, name: str) -> list[list[LonLat]]:
    """The segments of all tracks and the routes in a GPX file, as (longitude, latitude), degrees of WGS84.

    Where gpxpy refuses a file, or finds nothing, the same elements are looked for, whatever their namespaces and the rest of the
    file are. Raises InputError, which calls the file `name`.
    """
    try:
        import gpxpy
    except ImportError:
        raise needs_extra("A GPX file", "gpxpy", "geo") from None
    if b"<!DOCTYPE" in content[:4096]:
        raise InputError(f"{name}: has a document type, which no GPX file needs: remove the line with <!DOCTYPE")
    try:
        found = gpxpy.parse(content)
        segments = [segment.points for track in found.tracks for segment in track.segments]
        lines = [[(point.longitude, point.latitude) for point in points] for points in segments]
        lines += [[(point.longitude, point.latitude) for point in route.points] for route in found.routes]
    except Exception:  # of gpxpy and of the parser that it happens to use
        lines = []
    lines = lines or _read_lenient(content, name)
    for line in lines:
        for lon, lat in line:
            if not (_within(lon, 180) and _within(lat, 90)):
                raise InputError(
                    f"{name}: has a point at longitude {lon} and latitude {lat}, which is not on the Earth"
                )
    return lines


def _within(value: object, most: float) -> bool:
    return isinstance(value, float | int) and math.isfinite(value) and abs(value) <= most


def _read_lenient(content: bytes, name: str) -> list[list[LonLat]]:
    """The same, by the names of elements alone."""
    try:
        root = ET.fromstring(content)
    except (ET.ParseError, ValueError) as problem:
        raise InputError(f"{name}: is not XML: {shorten(str(problem))}") from None
    if _local(root) != "gpx":
        raise InputError(f"{name}: is not a GPX file: its root is {shorten(_local(root))}, not gpx")
    lines: list[list[LonLat]] = []
    for element in root.iter():
        inner = {"trkseg": "trkpt", "rte": "rtept"}.get(_local(element))
        if inner is None:
            continue
        try:
            line = [
                (float(point.attrib["lon"]), float(point.attrib["lat"])) for point in element if _local(point) == inner
            ]
        except (KeyError, ValueError):
            raise InputError(f"{name}: has a point without a longitude and a latitude that are numbers") from None
        lines.append(line)
    return lines


def _local(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def write_gpx(
    name: str, tracks: Iterable[Track], places: Iterable[Waypoint], creator: str, depart: datetime | None
) -> str:
    """A GPX 1.1 document: the places as waypoints, then the tracks. depart: the time of the file."""
    ET.register_namespace("", NAMESPACE)
    root = ET.Element(f"{{{NAMESPACE}}}gpx", version="1.1", creator=_text(creator))
    metadata = _add(root, "metadata")
    _add(metadata, "name", name)
    if depart:
        _add(metadata, "time", _write_clock(depart))
    for place in places:
        waypoint = _add(root, "wpt", **_write_point(place.at))
        if place.elevation is not None:
            _add(waypoint, "ele", _write_height(place.elevation))
        _add(waypoint, "name", place.name)
    for track in tracks:
        element = _add(root, "trk")
        _add(element, "name", track.name)
        if track.remark:
            _add(element, "desc", track.remark)
        segment = _add(element, "trkseg")
        for i, at in enumerate(track.points):
            point = _add(segment, "trkpt", **_write_point(at))
            if track.elevations:
                _add(point, "ele", _write_height(track.elevations[i]))
            clock = track.clocks[i] if track.clocks else None
            if clock:
                _add(point, "time", _write_clock(clock))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)
    element.text = None if text is None else _text(text)
    return element


def _write_point(at: LonLat) -> dict[str, str]:
    """The attributes of a point. The longitude of the antimeridian is -180: GPX knows no 180."""
    lon, lat = (round(float(value), DIGITS) + 0.0 for value in at)
    return {"lat": f"{lat:.{DIGITS}f}", "lon": f"{-180.0 if lon >= 180 else lon:.{DIGITS}f}"}


def _write_height(height: float) -> str:
    """An elevation, to the centimetre."""
    return f"{round(height, 2) + 0.0:.2f}"


def _write_clock(clock: datetime) -> str:
    """A time in UTC, to the millisecond."""
    text = clock.astimezone(UTC).isoformat(timespec="milliseconds")
    return f"{text.removesuffix('+00:00').removesuffix('.000')}Z"


def _text(text: str) -> str:
    """The text without characters that XML does not have."""
    return "".join(
        c if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff") else "?"
        for c in text
    )
