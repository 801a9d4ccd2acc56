"""The raster of a map scenario, from numbers, a drawing or a file. This module does not import JAX.

All problems of the file, the cells and the places are reported at once, with their lines in the scenario.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from terrain_cli.errors import InputError
from terrain_cli.geo.elevation import Heights
from terrain_cli.geo.grid import Grid
from terrain_cli.geo.raster import cell_in
from terrain_cli.maps.arrays import BYTES, CELLS, THIN, available_memory, check_size, read_array
from terrain_cli.maps.cells import snap
from terrain_cli.maps.overlays import Overlay, lay_over, read_overlays
from terrain_cli.maps.part import first_part
from terrain_cli.maps.places import find_place_problems, find_points, snap_places
from terrain_cli.maps.scenario import BARE, MapGround, MapScenario
from terrain_cli.maps.walking.heights import DETAIL, describe, find_unit, find_voids, halve, read_pixels
from terrain_cli.maps.zones import Table, Zones
from terrain_cli.scenario.model import Problem
from terrain_cli.text import add_value, visible

if TYPE_CHECKING:
    from terrain_cli.maps.layers import Survey

ROUNDED = 1e-3  # of an extent: numbers with three decimals are exact to a half of it
SQUARE = 0.01  # largest relative difference between the two sides of a cell, however the extent was rounded


class Raster(NamedTuple):
    """Square cells of ground.

    speeds: shape (rows, cols), m/s, NaN where blocked. cell: the side of a cell, m. corner: the south-west one, (x, y), m. crs:
    the coordinate reference system, None for a plain map. zones: the classes of the cells, if the map has land cover.
    scenario: the one that was read, its start and goals as points (x, y). remarks: what people should know of the reading.
    survey: of the layers, from which other parts of the map can be read; None for a plain map.

    With elevation, `speeds` are those on level ground. heights: of the corners of the cells, shape (rows + 1, cols + 1), m, NaN
    where not known. margin: by how much the pixels of the elevation reach beyond the map, m. square: side of the squares between
    their centres, m.
    """

    speeds: np.ndarray
    cell: float
    corner: tuple[float, float]
    crs: str | None = None
    zones: Zones | None = None
    scenario: MapScenario | None = None
    remarks: tuple[str, ...] = ()
    survey: "Survey | None" = None
    overlays: tuple[Overlay, ...] = ()
    heights: np.ndarray | None = None
    margin: float = 0.0
    square: float = 0.0

    @property
    def detail(self) -> int:
        """Sub-cells along the side of a cell, for the search on a map with elevation: the scenario counts those of a square."""
        wanted = (self.scenario and self.scenario.map.detail) or DETAIL
        return max(int(wanted * self.cell / self.square + 1e-9), 1) if self.square else wanted

    @property
    def grid(self) -> Grid:
        """Where the cells lie."""
        return Grid(self.corner, self.cell, len(self.speeds), self.speeds.shape[1], self.crs)

    def to_cells(self, point: tuple[float, float]) -> tuple[float, float]:
        """(row, col) of a point (x, y), in units of cells."""
        x, y = self.corner
        return snap(len(self.speeds) - (point[1] - y) / self.cell), snap((point[0] - x) / self.cell)


def read_raster(scenario: MapScenario, speeds: np.ndarray | None = None) -> Raster:
    """The raster of a map scenario. speeds: of its file, shape (rows, cols), m/s, if they have been read already.

    Raises InputError with all problems of the files, the cells, the start and the goals.
    """
    raster, problems = _read_layers(scenario) if scenario.map.is_raster else _read_plain(scenario, speeds)
    return _check(scenario, raster, problems)


def read_part(raster: Raster, part: Grid) -> Raster:
    """Another part of the map of a raster. Raises InputError as `read_raster` does, and if the part is too large."""
    assert raster.survey is not None
    assert raster.scenario is not None
    return _check(raster.scenario, *_read_survey(raster.survey, raster.scenario, part))._replace(remarks=raster.remarks)


def _check(scenario: MapScenario, raster: Raster | None, problems: list[Problem]) -> Raster:
    """The raster with its places on free ground. Raises InputError with all problems."""
    if raster is not None and not problems:
        assert raster.scenario is not None
        moved, said = snap_places(raster.scenario, raster)
        raster = raster._replace(scenario=moved, remarks=(*raster.remarks, *said))
        problems += find_place_problems(moved, raster)
    if raster is None or problems:
        source = scenario.source
        located = [(_as_written(scenario, place), sentence) for place, sentence in problems]
        located.sort(key=lambda problem: source.line(problem[0]) or 0)
        raise InputError(*(source.describe(place, sentence) for place, sentence in located))
    return raster


def _read_layers(scenario: MapScenario) -> tuple[Raster | None, list[Problem]]:
    """The raster of a map whose layers are rasters, or its problems."""
    from terrain_cli.maps.layers import open_layers

    survey, problems = open_layers(scenario)
    if survey is None:
        return None, problems
    resolved, problems = find_points(scenario, survey.grid.crs)
    if problems:
        return None, problems
    if scenario.map.regions:
        overlays, problems, said = read_overlays(scenario, survey.grid)
        survey = survey._replace(overlays=overlays, remarks=(*survey.remarks, *said))
        if problems:
            return None, problems
    places = [at for _, at in resolved.places]
    part = survey.grid if scenario.map.window else first_part(survey.grid, places, scenario.snap)
    return _read_survey(survey, resolved, part)


def _read_survey(survey: "Survey", scenario: MapScenario, part: Grid) -> tuple[Raster | None, list[Problem]]:
    """A part of a map of layers, or its problems. scenario: with its places as points."""
    try:
        check_size((part.rows, part.cols), "the part of the map to read", len(scenario.goal), _fit(part, scenario))
        speeds, zones, problems = survey.read(part)
        heights = survey.read_heights(part)
    except InputError as error:
        paths = {str(source.path): key for key, source in survey.layers.items()}
        where = next((("map", key) for path, key in paths.items() if error.problems[0].startswith(path)), ("map",))
        return None, [(where, problem) for problem in error.problems]
    place = survey.grid.place_of(part)
    lay_over(speeds, survey.overlays, place)
    overlays = tuple(overlay._replace(cells=overlay.cells.within(*place)) for overlay in survey.overlays)
    raster = Raster(speeds, part.cell, part.corner, part.crs, zones, scenario, survey.remarks, survey, overlays)
    if heights is not None and survey.squares is not None:
        pixel = cell_in(survey.layers["elevation"], part.crs)
        raster = _with_heights(raster, heights)._replace(margin=pixel / 2, square=max(pixel, survey.squares.cell))
    return raster, problems


def _with_heights(raster: Raster, heights: Heights) -> Raster:
    """The raster with heights; where one is not known, the ground is blocked, whatever lies over it."""
    assert raster.scenario is not None
    speeds = np.where(find_voids(heights.values), np.nan, raster.speeds)
    said = tuple(describe(raster.scenario, heights, raster.cell))
    return raster._replace(speeds=speeds, heights=heights.values, remarks=(*raster.remarks, *said))


def _fit(part: Grid, scenario: MapScenario) -> str:
    """The resolution in which a part that is too large could be read, and a window around the ends."""
    free = available_memory()
    most = CELLS if free is None else min(free // (BYTES + 8 * len(scenario.goal)), CELLS)
    if most < THIN**2:
        return "free some memory"
    least = part.cell * math.sqrt(part.rows * part.cols / most) * 1.001
    step = 10.0 ** math.floor(math.log10(least) - 1)
    remedy = f"add resolution: {math.ceil(least / step) * step:.12g}"
    xs, ys = zip(*(at for _, at in scenario.places), strict=True)
    spare = (math.sqrt(most) * 0.99 * part.cell - max(max(xs) - min(xs), max(ys) - min(ys))) / 2
    if spare < part.cell:
        return remedy
    ends = (min(xs) - spare, min(ys) - spare, max(xs) + spare, max(ys) + spare)
    return f"{remedy}, or window: [{', '.join(f'{limit:z.0f}' for limit in ends)}], in which the route must stay"


def _read_plain(scenario: MapScenario, speeds: np.ndarray | None) -> tuple[Raster | None, list[Problem]]:
    """The raster of a map of numbers, a drawing or arrays, or its problems. speeds: of its file, if it has been read."""
    problems: list[Problem] = list(find_cell_problems(scenario.map))
    zones = None
    if speeds is None:
        try:
            speeds, zones, found = _read_arrays(scenario)
            problems += found
        except InputError as error:
            place = next(((key,) if key == "grid" else (key, "file") for key in scenario.map.files), ())
            # The name of the file may hold line breaks.
            problems += [(("map", *place), visible(problem)) for problem in error.problems]
    if speeds is not None:
        try:
            fine = 2 if scenario.map.elevation and len(scenario.map.files) > 1 else 1
            check_size((fine * len(speeds), fine * speeds.shape[1]), "the map", len(scenario.goal))
        except InputError as error:
            problems += [(("map", _key(scenario)), problem) for problem in error.problems]
    crs = None
    if scenario.map.crs is not None:
        from terrain_cli.geo.crs import read_metric

        try:
            crs = read_metric(scenario.map.crs)
        except InputError as error:
            problems += [
                (("map", "crs"), add_value(problem, f", got {scenario.map.crs!r}")) for problem in error.problems
            ]
    if speeds is None or problems:
        return None, problems
    problems += find_extent_problems(scenario, speeds.shape)
    resolved, found = find_points(scenario, crs)
    problems += found
    if problems:
        return None, problems
    raster = _to_raster(scenario, speeds)._replace(crs=crs, zones=zones, scenario=resolved)
    heights = None
    if scenario.map.elevation is not None:
        try:
            heights = read_pixels(scenario, raster.cell, speeds.shape)
        except InputError as error:
            return None, [(("map", "elevation", "file"), visible(problem)) for problem in error.problems]
        raster, heights = _between_centres(raster, heights)
        speeds = raster.speeds
    if scenario.map.regions:
        overlays, problems, _ = read_overlays(scenario, raster.grid)
        raster = raster._replace(speeds=speeds.copy(), overlays=overlays)
        lay_over(raster.speeds, overlays)
    return raster if heights is None else _with_heights(raster, heights), problems


def _between_centres(raster: Raster, heights: Heights) -> tuple[Raster, Heights]:
    """The raster whose cells lie between the centres of its cells, where the heights are.

    With speeds or classes of their own, cells are half as wide as these squares, so that each lies in one of the cells before.
    """
    ground, (x, y), cell = raster.scenario.map if raster.scenario else None, raster.corner, raster.cell
    assert ground is not None
    rows, cols = (size - 1 for size in raster.speeds.shape)
    raster = raster._replace(corner=(x + cell / 2, y + cell / 2), margin=cell / 2, square=cell)
    if ground.land_cover is None and ground.speeds is None:
        return raster._replace(speeds=raster.speeds[:rows, :cols]), heights
    place = np.ix_(*((np.arange(2 * size) + 1) // 2 for size in (rows, cols)))
    zones = raster.zones and raster.zones._replace(classes=raster.zones.classes[place])
    raster = raster._replace(speeds=raster.speeds[place], zones=zones, cell=cell / 2)
    return raster, heights._replace(values=halve(heights.values))


def _key(scenario: MapScenario) -> str:
    """The key of what gives the cells of a plain map."""
    return next(iter(scenario.map.files), "speeds")


def _as_written(scenario: MapScenario, place: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The place in the file of a place in the model: a single goal, or point on the way, may be written as a bare point, and
    elevation as the bare name of its file."""
    lines = scenario.source.lines
    if not lines or place in lines:
        return place
    return place[:1] if place[:1] in (("goal",), ("via",)) else place[:2] if place[:2] in BARE else place


def _to_raster(scenario: MapScenario, speeds: np.ndarray) -> Raster:
    extent = scenario.map.extent
    if extent is None:
        return Raster(speeds, float(scenario.map.cell or 1.0), scenario.map.origin or (0.0, 0.0))
    rows, cols = speeds.shape
    side = max((extent[2] - extent[0]) / cols, (extent[3] - extent[1]) / rows)  # all of the extent is on the map
    return Raster(speeds, side, extent[:2])


def find_cell_problems(ground: MapGround) -> Iterator[Problem]:
    """A map must have exactly one of a cell and an extent, because both give the size of its cells; an extent has an origin.

    A map of rasters has neither.
    """
    if ground.is_raster:
        return
    cell, extent = ground.cell, ground.extent
    if ground.origin is not None and extent is not None:
        yield ("map", "origin"), "and speeds.extent both give the lower left corner of the map: remove one of them"
    if cell is None and extent is None:
        yield ("map",), "cell is missing: add the side of a cell, such as cell: 10, or speeds.extent"
    elif cell is not None and extent is not None:
        yield ("map", "cell"), "and speeds.extent both give the size of a cell: remove one of them"


def find_extent_problems(scenario: MapScenario, shape: tuple[int, ...]) -> Iterator[Problem]:
    """The problem of an extent that is empty or whose cells are not square. shape: of the speeds, (rows, cols)."""
    extent, (rows, cols) = scenario.map.extent, shape
    if extent is None:
        return
    width, height = (extent[2] - extent[0]) / cols, (extent[3] - extent[1]) / rows
    if min(width, height) <= 0:
        yield ("map", "speeds", "extent"), "must have xmax greater than xmin and ymax greater than ymin"
    elif abs(width - height) > min(ROUNDED * (1 / cols + 1 / rows), SQUARE * max(width, height)):
        sizes = f"{width:.12g} wide and {height:.12g} high ({rows} rows, {cols} columns)"
        yield (
            ("map", "speeds", "extent"),
            f"must give square cells, but for rounding to {ROUNDED:g} and at most {100 * SQUARE:g} % of a cell: "
            f"got cells {sizes}",
        )


def _read_arrays(scenario: MapScenario) -> tuple[np.ndarray, Zones | None, list[Problem]]:
    """The speeds of a plain map, as `read_speeds` does, the classes of land cover, and those that have no speed."""
    ground = scenario.map
    if ground.land_cover is not None:
        cover, table = ground.land_cover, Table(ground.land_cover, unit=find_unit(scenario))
        values = read_array(scenario.folder / cover.file, any_number=True)
        valid = ~np.isnan(values) if cover.nodata is None else ~np.isnan(values) & (values != cover.nodata)
        classes = table.classify(values, valid)
        problem = table.find_problem()
        found: list[Problem] = [(("map", "land_cover", "speeds"), problem)] if problem else []
        return table.to_speeds(classes), table.to_zones(classes), found
    if ground.elevation is not None and ground.speeds is None:
        values = read_array(scenario.folder / ground.elevation.file, any_number=True)
        return np.full(values.shape, find_unit(scenario)), None, []
    if ground.speeds is None:
        assert ground.grid is not None
        assert ground.speed is not None
        values = read_array(scenario.folder / ground.grid, any_number=True)
        return np.where(np.isnan(values), np.nan, ground.speed), None, []
    return read_speeds(scenario), None, []


def read_speeds(scenario: MapScenario) -> np.ndarray:
    """The speeds of a map scenario, shape (rows, cols), m/s, NaN where blocked. Raises InputError if their file is invalid."""
    speeds = scenario.map.speeds
    assert speeds is not None
    if speeds.drawing is not None and speeds.legend is not None:
        rows = speeds.drawing.split("\n")
        codes = np.array(["".join(rows)], dtype=np.str_).view(np.uint32).reshape(len(rows), len(rows[0]))
        meaning = np.full(max(map(ord, speeds.legend)) + 1, np.nan)
        meaning[[ord(letter) for letter in speeds.legend]] = list(speeds.legend.values())
        return np.asarray(meaning[codes])
    if speeds.file is not None:
        return read_array(scenario.folder / speeds.file)
    return np.array(speeds.grid, dtype=np.float64)
