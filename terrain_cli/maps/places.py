"""The start and the goals of a map: places in degrees become points, and those in blocked ground are refused or moved.

This module does not import JAX.
"""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from terrain_cli.errors import InputError
from terrain_cli.maps.cells import meet_at_corner, touching_cells
from terrain_cli.maps.model import LonLat
from terrain_cli.maps.scenario import MapScenario
from terrain_cli.scenario.model import Place, Problem, write_key
from terrain_cli.text import count

if TYPE_CHECKING:
    from terrain_cli.maps.ground import Ground
    from terrain_cli.maps.raster import Raster


def write_point(point: tuple[float, float]) -> str:
    """A point in the notation of a scenario."""
    if isinstance(point, LonLat):
        return f"{{lon: {point.lon:.12g}, lat: {point.lat:.12g}}}"
    return f"[{point[0]:.12g}, {point[1]:.12g}]"


def find_points(scenario: MapScenario, crs: str | None) -> tuple[MapScenario, list[Problem]]:
    """The scenario with points (x, y) in place of degrees, and the problems of those that have none."""
    moved: dict[Place, tuple[float, float]] = {}
    problems: list[Problem] = []
    for place, point in scenario.places:
        if not isinstance(point, LonLat):
            continue
        if crs is None:
            remedy = "add crs: EPSG:26912, or whichever it is, to the map, or give the place as [x, y]"
            problems.append((place, f"is in degrees, and the map has no CRS: {remedy}"))
            continue
        from terrain_cli.geo.crs import from_lonlat, label

        try:
            x, y = from_lonlat(crs, point.lon, point.lat)
        except InputError as error:  # the package is not installed
            return scenario, [(place, problem) for problem in error.problems]
        if not (math.isfinite(x) and math.isfinite(y)):
            problems.append((place, f"has no place in {label(crs)}, got {write_point(point)}"))
        moved[place] = (x, y)
    return scenario.moved(moved), problems


def find_place_problems(scenario: MapScenario, raster: "Raster") -> Iterator[Problem]:
    """The problems of ground without a free cell, and of a start or goal outside the map or in blocked ground."""
    free = ~np.isnan(raster.speeds)
    if not free.any():
        where = "" if raster.survey is None or raster.grid == raster.survey.grid else " around the start and the goals"
        yield ("map", next(iter(scenario.map.files), "speeds")), f"must have a free cell: all cells{where} are blocked"
        return
    for place, point in scenario.places:
        found = _find_blocked(point, raster, free)
        if found:
            where, nearest, away = found
            moving = f"snap: {_up(away):g} would move it there, {away:.6g} {scenario.units.length} away"
            centre = f"the nearest free cell has its centre at {write_point(nearest)}"
            if raster.crs and raster.survey and isinstance(dict(raster.survey.scenario.places)[place], LonLat):
                from terrain_cli.geo.crs import to_lonlat

                degrees = LonLat(*(round(number, 7) for number in to_lonlat(raster.crs, np.array(nearest)).tolist()))
                centre += f", {write_point(degrees)}"
            if raster.crs and abs(point[0]) <= 180 and abs(point[1]) <= 90 and where.startswith("lies outside"):
                moving = f"a place in degrees is written {write_point(LonLat(*point))}"
            yield place, f"{where}: {centre}, got {write_point(point)}; {moving}"


def snap_places(scenario: MapScenario, raster: "Raster") -> tuple[MapScenario, list[str]]:
    """The scenario with its places in blocked ground moved to the nearest free cell, if that is near enough; and what to say."""
    moved: dict[Place, tuple[float, float]] = {}
    said = []
    free = ~np.isnan(raster.speeds)
    for place, point in scenario.places if scenario.snap and free.any() else ():
        found = _find_blocked(point, raster, free)
        if found and found[2] <= scenario.snap * (1 + 1e-9):
            where, nearest, away = found
            moved[place] = nearest
            said.append(
                f"{write_key(place)}: {where}: moved {away:.6g} {scenario.units.length} to {write_point(nearest)}, "
                "the centre of the nearest free cell"
            )
    return scenario.moved(moved), said


def _up(distance: float) -> float:
    """A round number that is at least this distance."""
    step = 10.0 ** math.floor(math.log10(distance)) / 10
    return math.ceil(distance / step - 1e-6) * step


def _find_blocked(
    point: tuple[float, float], raster: "Raster", free: np.ndarray
) -> tuple[str, tuple[float, float], float] | None:
    """Why no route can start or end at a point, the centre of the nearest free cell, and how far away that is.

    None if one can. free: bool, shape (rows, cols).
    """
    at, (rows, cols), (x, y), cell = raster.to_cells(point), free.shape, raster.corner, raster.cell
    if not (0 <= at[0] <= rows and 0 <= at[1] <= cols):
        reach = f"from {write_point(raster.corner)} to {write_point((x + cols * cell, y + rows * cell))}"
        where = f"lies outside the map, which extends {reach}"
        beyond = raster.margin / cell * (1 + 1e-6)
        if raster.margin and -beyond <= at[0] <= rows + beyond and -beyond <= at[1] <= cols + beyond:
            where = (
                f"lies in the outer half pixel of the elevation; the map extends {reach}, between the centres of pixels"
            )
    else:
        touched = [touching for touching in touching_cells(*at, free.shape) if free[touching]]
        apart = meet_at_corner(touched)
        if touched and not apart:
            return None
        where = "lies on the corner of blocked cells" if apart else "lies in blocked ground"
    places = np.argwhere(free)
    away = np.hypot(*(places + 0.5 - at).T)
    best = int(np.argmin(away))
    row, col = places[best].tolist()
    return where, (x + (col + 0.5) * cell, y + (rows - row - 0.5) * cell), float(away[best]) * cell


def explain_no_route(scenario: MapScenario, ground: "Ground", index: int) -> str:
    """Why there is no route to a goal: which end of the first leg without a route is enclosed by blocked ground, or that the
    slopes of a walk are too steep.

    An end that is enclosed is that in the smaller region. index: of the goal.
    """
    regions, _ = ndimage.label(np.isfinite(ground.slowness))
    sizes = np.bincount(regions.ravel())

    def regions_at(point: tuple[float, float]) -> set[int]:
        row, col = ground.to_cells(point)
        return {int(regions[cell]) for cell in touching_cells(row, col, regions.shape)} - {0}

    stops = [("the start", scenario.start)]
    stops += [(scenario.via_name(i), at) for i, at in enumerate(scenario.waypoints)]
    stops += [(scenario.goal_name(index), scenario.goals[index])]
    for (here, a), (there, b) in pairwise(stops):
        at_start, at_goal = regions_at(a), regions_at(b)
        start, goal = (int(sum(sizes[region] for region in at)) for at in (at_start, at_goal))
        if at_start & at_goal:
            continue
        if goal <= start:
            return f"blocked ground encloses {there}, with {count(goal, 'free cell')} around it and {start:,} around {here}"
        return f"blocked ground encloses {here}, with {count(start, 'free cell')} around it and {goal:,} around {there}"
    assert ground.hilly, (
        f"free ground leads to {scenario.goal_name(index)}"
    )  # a search on level ground cannot fail there
    if (steepest := float(ground.max_slope)) < np.inf:
        limit = f"the max_slope of {steepest:g}: a greater one, or more detail, may open a way"
        return f"every way to {scenario.goal_name(index)} has slopes above {limit}"
    slopes = "slopes on which a walk takes longer than any number can say; see whether the heights are metres, without nodata"
    return f"every way to {scenario.goal_name(index)} has {slopes}"
