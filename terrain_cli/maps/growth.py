"""How the part of a large map that is read grows with the routes that are found in it. This module does not import JAX."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from terrain_cli.contract import Route
from terrain_cli.errors import InputError
from terrain_cli.geo.grid import Grid
from terrain_cli.maps.part import cut_sides, ellipse, leads_out, next_part
from terrain_cli.maps.raster import Raster

if TYPE_CHECKING:
    from terrain_cli.maps.solution import MapSolution


def find_larger(raster: Raster, routes: tuple[Route | None, ...]) -> Grid | None:
    """The larger part of the map in which faster routes may lie; None if they cannot."""
    whole = part_of(raster)
    if whole is None or raster.survey is None or raster.scenario is None:
        return None
    before, goals = [raster.scenario.start, *raster.scenario.waypoints], raster.scenario.goals
    stops = [*before, *goals]
    out = dict(zip(stops, leads_out(~np.isnan(raster.speeds), raster.grid, whole, stops), strict=True))
    legs = [
        (a, b, route and (route.legs or (route,))[k])
        for goal, route in zip(goals, routes, strict=True)
        for k, (a, b) in enumerate(pairwise([*before, goal]))
        if out[a] and out[b]
    ]
    if not legs:
        return None
    fastest = raster.survey.find_fastest()
    needed = [ellipse(a, b, leg.time * fastest) if leg else None for a, b, leg in legs]
    return next_part(raster.grid, whole, needed)


def part_of(raster: Raster) -> Grid | None:
    """The cells of the whole map, if this raster is a part of it that may grow. A window is all that the user wants of it."""
    if raster.survey is None or raster.scenario is None or raster.scenario.map.window is not None:
        return None
    return None if raster.grid == raster.survey.grid else raster.survey.grid


def describe_part(raster: Raster) -> tuple[str, ...]:
    """The remarks on a raster, and of which part of the map it is."""
    whole, part = part_of(raster), raster.grid
    if whole is None:
        return raster.remarks
    size = f"{part.rows:,} by {part.cols:,} of the {whole.rows:,} by {whole.cols:,} cells"
    return (*raster.remarks, f"{size} were read: no faster route leads through the others")


def require_whole(solution: "MapSolution", what: str, most: float, *times: np.ndarray) -> None:
    """Raises InputError if an area of points up to a time may reach beyond the part of the map that was read.

    times: to or from each end, on the corners of the cells, shape (rows + 1, cols + 1), s. Whoever leaves the part and comes back
    takes at least the sum of their least values on the sides that are cut.
    """
    if solution.whole is None:
        return
    rows, cols = solution.ground.slowness.shape
    x, y = map(float, solution.ground.corner)
    part = Grid((x, y), float(solution.ground.cell), rows, cols, solution.crs)
    top, bottom, left, right = cut_sides(part, solution.whole)

    def least(field: np.ndarray) -> float:
        sides = zip((top, bottom, left, right), (field[0], field[-1], field[:, 0], field[:, -1]), strict=True)
        return min((float(side.min()) for is_cut, side in sides if is_cut), default=np.inf)

    if sum(map(least, times)) <= most:
        extent = ", ".join(f"{limit:z.0f}" for limit in part.extent)
        raise InputError(
            f"the {what} may reach beyond the part of the map that was read, [{extent}]: add a window to the map that holds "
            "all of it, such as window: [xmin, ymin, xmax, ymax]"
        )
