"""Routes across a map for other programs: GPX, GeoPackage, and GeoJSON by RFC 7946 if the map has a CRS."""

from collections.abc import Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terrain_cli.errors import InputError, needs_extra

if TYPE_CHECKING:
    from terrain_cli.maps.raster import Raster
    from terrain_cli.maps.solution import MapSolution

NEEDS = {
    ".gpx": ("pyproj",),
    ".gpkg": ("pyogrio", "shapely"),
    ".tif": ("rasterio",),
}  # packages, by the ending of a file


def check(raster: "Raster", path: Path, option: str = "--output") -> None:
    """Raises InputError if a file cannot be written for this map, by its ending."""
    ending = path.suffix.lower()
    for package in NEEDS.get(ending, ()):
        if find_spec(package) is None:
            raise needs_extra(f"{option}: {path}", package, "geo")
    if ending == ".gpx" and raster.crs is None:
        raise InputError(
            f"{option}: {path}: GPX has longitudes and latitudes, and the map has no CRS: add crs to the map, such as "
            "crs: EPSG:32612, or write .geojson"
        )


def make_content(solution: "MapSolution", features: Sequence[dict[str, Any]], path: Path) -> Any:
    """What to write to a file (see files.py), by its ending. features: in the coordinates of the map."""
    match path.suffix.lower():
        case ".gpx":
            return make_gpx(solution)
        case ".gpkg":
            from terrain_cli.geo.exports import write_geopackage

            return lambda file: write_geopackage(file, features, solution.crs)
    return make_geojson(features, solution.crs)


def make_geojson(features: Sequence[dict[str, Any]], crs: str | None) -> dict[str, Any]:
    """The features of a map as a GeoJSON document: by RFC 7946 if it has a CRS, else in its own coordinates."""
    if crs is not None:
        from terrain_cli.geo.exports import to_rfc7946

        features = to_rfc7946(features, crs)
    return {"type": "FeatureCollection", "features": list(features)}


def make_gpx(solution: "MapSolution") -> str:
    """The routes as tracks, with times if the departure is known, and the start, the points on the way and the goals."""
    import numpy as np

    from terrain_cli import __version__
    from terrain_cli.geo.crs import to_lonlat
    from terrain_cli.geo.tracks import Track, Waypoint, write_gpx
    from terrain_cli.maps.forms import elevations_along, times_along
    from terrain_cli.maps.walking.profile import find_extent

    assert solution.crs is not None
    scenario, crs, hilly = solution.scenario, solution.crs, solution.ground.heights is not None
    tracks = []
    for i, route in enumerate(solution.routes):
        if route is None:
            continue
        points = [(float(lon), float(lat)) for lon, lat in to_lonlat(crs, route.points)]
        clocks: list[datetime | None] = []
        if scenario.depart:
            clocks = [scenario.clock(float(time)) for time in times_along(solution, route)]
        name = scenario.name if len(solution.routes) == 1 else f"{scenario.name}: {scenario.goal_name(i)}"
        units = scenario.units
        remark = f"{route.time:.6g} {units.time}, {route.distance:.6g} {units.length}"
        elevations = []
        if hilly:
            elevations = elevations_along(solution, route.points).tolist()
            extent = find_extent(solution.ground, route.points)
            remark += f", ascent {extent.ascent:.0f} m, descent {extent.descent:.0f} m"
        tracks.append(Track(name, points, clocks, remark, elevations))
    named = [("start", scenario.start)]
    named += [(scenario.via_name(i), at) for i, at in enumerate(scenario.waypoints)]
    named += [(scenario.goal_name(i), at) for i, at in enumerate(scenario.goals)]
    places = []
    for name, at in named:
        lon, lat = to_lonlat(crs, np.array(at)).tolist()
        height = float(elevations_along(solution, np.array([at]))[0]) if hilly else None
        places.append(Waypoint(name, (lon, lat), height))
    return write_gpx(scenario.name, tracks, places, f"terrain {__version__}", scenario.depart)
