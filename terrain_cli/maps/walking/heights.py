"""The heights of a map on which one walks, and what people should know of them. This module does not import JAX."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from terrain_cli.errors import InputError
from terrain_cli.geo.elevation import Heights, check_heights, find_step, read_heights, smooth, to_pixels
from terrain_cli.geo.grid import Grid
from terrain_cli.geo.raster import Source
from terrain_cli.maps.arrays import read_array
from terrain_cli.maps.walking.functions import KMH, Walking, calc_speed
from terrain_cli.maps.walking.model import STEEP
from terrain_cli.text import UNITS, count

if TYPE_CHECKING:
    from terrain_cli.maps.scenario import MapScenario

DETAIL = 4  # sub-cells along the side of a square of the elevation, unless the scenario says otherwise
BRISK = 4.0  # m/s on level ground; who walks faster runs, or meant km/h
LOWEST = -500.0  # m; lower ground is under water, or a number that means no data


def find_walking(scenario: "MapScenario") -> Walking:
    """The walking function of a map with elevation: Tobler's, unless the scenario names another."""
    return scenario.map.walking.to_function() if scenario.map.walking else Walking()


def find_level(scenario: "MapScenario") -> float:
    """The speed on level ground, in the scenario's units."""
    return calc_speed(find_walking(scenario), 0.0) * UNITS[scenario.units.time]


def find_unit(scenario: "MapScenario") -> float:
    """The speed that stands for 1 in the land cover: the speed on level ground, or 1 if its numbers are speeds themselves."""
    cover = scenario.map.land_cover
    factors = scenario.map.elevation is not None and not (cover and cover.mode == "absolute")
    return find_level(scenario) if factors else 1.0


def read_corners(source: Source, squares: Grid, whole: Grid, part: Grid, smoothing: float) -> Heights:
    """The heights at the corners of the cells of a part of a map.

    squares: the whole map as squares between which the heights are bilinear. whole: its cells, which are these squares or
    halves of them.
    """
    top, bottom, left, right = whole.place_of(part)
    if whole == squares:
        return read_heights(source, squares, part, smoothing)
    outer = squares.part(top // 2, -(-bottom // 2), left // 2, -(-right // 2))
    found = read_heights(source, squares, outer, smoothing)
    row, col = top % 2, left % 2
    return found._replace(values=halve(found.values)[row : row + part.rows + 1, col : col + part.cols + 1])


def read_pixels(scenario: "MapScenario", cell: float, shape: tuple[int, ...]) -> Heights:
    """The heights in a .npy file, each of which belongs to the centre of a cell. cell: the side of a cell, m.

    Raises InputError if they are not valid, or their shape is not that of the speeds or classes that lie over them.
    """
    elevation = scenario.map.elevation
    assert elevation is not None
    path = scenario.folder / elevation.file
    heights = read_array(path, any_number=True)
    if heights.shape != shape:
        found = f"{heights.shape[0]:,} rows and {heights.shape[1]:,} columns"
        raise InputError(f"{path}: must have the shape of the other layer, {shape[0]:,} by {shape[1]:,}, got {found}")
    if min(heights.shape) < 2:
        size = f"{count(heights.shape[0], 'row')} and {count(heights.shape[1], 'column')}"
        raise InputError(f"{path}: has {size} of heights: it must have at least 2 of each")
    if elevation.nodata is not None:
        heights[heights == elevation.nodata] = np.nan
    check_heights(heights, str(path))
    sigma = to_pixels(elevation.smoothing or 0.0, (cell, cell), path)[0]
    return Heights(smooth(heights, (sigma, sigma)), find_step(heights) or 0.0)


def halve(heights: np.ndarray) -> np.ndarray:
    """Heights at the corners of squares as those at the corners of their halves, on the same bilinear surface."""
    rows, cols = heights.shape
    tall = np.empty((2 * rows - 1, cols))
    tall[::2], tall[1::2] = heights, (heights[:-1] + heights[1:]) / 2
    fine = np.empty((2 * rows - 1, 2 * cols - 1))
    fine[:, ::2], fine[:, 1::2] = tall, (tall[:, :-1] + tall[:, 1:]) / 2
    return fine


def find_voids(heights: np.ndarray) -> np.ndarray:
    """The cells with a corner whose height is not known, shape (rows, cols), bool."""
    void = np.isnan(heights)
    return np.asarray(void[:-1, :-1] | void[:-1, 1:] | void[1:, :-1] | void[1:, 1:])


def describe(scenario: "MapScenario", heights: Heights, cell: float) -> Iterator[str]:
    """What people should know of the heights and the speeds of a map, in sentences. cell: the side of a cell, m."""
    ground, level = scenario.map, calc_speed(find_walking(scenario), 0.0)
    assert ground.elevation is not None
    if ground.walking is None:
        yield "walking is not given: it is taken as tobler"
    if level > BRISK:
        fast = f"{level:.3g} m/s, which is {level / KMH:.3g} km/h"
        yield f"on level ground one walks {fast}: walking speeds are in m/s unless they have a unit"
    cover = ground.land_cover
    if cover is not None and cover.mode is None:
        most = max((speed for speed in cover.speeds.values() if not math.isnan(speed)), default=0.0)
        if most > 1:
            yield (
                f"the numbers of land_cover are factors of the walking speed, up to {most:g}: if they are speeds, add "
                "mode: absolute to it; if not, mode: factor"
            )
    known = heights.values[~np.isnan(heights.values)]
    if not len(known):
        return
    name, smoothing = ground.elevation.file, ground.elevation.smoothing
    if smoothing is not None:
        yield f"{name}: heights are smoothed, with a standard deviation of {smoothing:g} m"
    elif heights.step and known.min() < known.max():
        side = 2 * cell if ground.land_cover or ground.speeds else cell
        yield (
            f"{name}: heights come in steps of {heights.step:g} m, and slopes in steps of {heights.step / side:.2g}: "
            f"elevation: {{file: {name}, smoothing: {side:.2g}}} would smooth them"
        )
    steep = _find_steepest(heights.values, cell)
    number = int((steep > STEEP).sum())
    if number:
        low = known.min()
        cause = f"if {low:g} means no data, add nodata: {low:g}" if low < LOWEST else "are they in feet, not in metres?"
        cells = f"{number:,} of {steep.size:,} cells have"
        yield f"{name}: {cells} a slope above {STEEP:g}, up to {np.nanmax(steep):.3g}; heights are taken as metres: {cause}"


def _find_steepest(heights: np.ndarray, cell: float) -> np.ndarray:
    """The steepest slope along the sides of each cell, shape (rows, cols); NaN of voids."""
    down, across = np.abs(np.diff(heights, axis=0)) / cell, np.abs(np.diff(heights, axis=1)) / cell
    return np.asarray(np.maximum(np.maximum(down[:, :-1], down[:, 1:]), np.maximum(across[:-1], across[1:])))
