"""The layers of a map that are rasters: on which cells they are brought together, and the speeds that they give.

This module does not import JAX.
"""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from terrain_cli.errors import InputError
from terrain_cli.geo.crs import (
    explain_datum,
    is_geographic,
    label,
    read_crs,
    scale_error,
    to_lonlat,
    transform,
    unit,
    utm,
)
from terrain_cli.geo.elevation import Heights, find_checksum
from terrain_cli.geo.grid import Grid, overlap
from terrain_cli.geo.raster import Source, cell_in, extent_in, from_west, grid_of, open_source, sample
from terrain_cli.maps.model import LonLat
from terrain_cli.maps.overlays import Overlay, find_fastest
from terrain_cli.maps.scenario import MapScenario
from terrain_cli.maps.walking.functions import calc_speed
from terrain_cli.maps.walking.heights import find_unit, find_walking, read_corners
from terrain_cli.maps.zones import Table, Zones, most_common
from terrain_cli.scenario.load import explain_missing
from terrain_cli.scenario.model import Problem
from terrain_cli.scenario.values import LARGEST, SMALLEST
from terrain_cli.text import add_value, visible

TRUE = 0.02  # by how much distances in a CRS may be wrong without a word
NARROW = 6.0  # degrees to each side of the middle of a map that is brought from degrees to a zone of UTM


class Survey(NamedTuple):
    """The layers of a map, opened but not read, and the grid of the whole map.

    layers: by their keys in the scenario. remarks: what people should know of how they were brought together. squares: of a map
    with elevation, the whole map as squares between which heights are bilinear; its cells are these or halves of them.
    """

    scenario: MapScenario
    layers: Mapping[str, Source]
    grid: Grid
    remarks: tuple[str, ...]
    overlays: tuple[Overlay, ...] = ()
    squares: Grid | None = None

    def read(self, part: Grid) -> tuple[np.ndarray, Zones | None, list[Problem]]:
        """The speeds in the cells of a part of the grid, m/s, NaN where blocked, their classes, and what is wrong with them.

        Raises InputError if a file cannot be read.
        """
        ground = self.scenario.map
        speeds = np.full((part.rows, part.cols), np.nan)
        zones: Zones | None = None
        problems: list[Problem] = []
        if "land_cover" in self.layers:
            zones, problems = self._read_cover(part, speeds)
        elif "speeds" in self.layers:
            problems = self._read_speeds(part, speeds)
        else:
            speeds[:] = find_unit(self.scenario) if ground.speed is None else ground.speed
        if "grid" in self.layers:
            for block in sample(self.layers["grid"], part):
                filled = most_common(block.valid.astype(np.int8)) > 0
                speeds[block.rows, block.cols][~filled] = np.nan
        return speeds, zones, problems

    def _read_cover(self, part: Grid, speeds: np.ndarray) -> tuple[Zones, list[Problem]]:
        cover, source = self.scenario.map.land_cover, self.layers["land_cover"]
        assert cover is not None
        table = Table(cover, source.colors, find_unit(self.scenario))
        classes = np.empty(speeds.shape, table.dtype)
        for block in sample(source, part):
            index = most_common(table.classify(block.values, block.valid))
            classes[block.rows, block.cols] = index
            speeds[block.rows, block.cols] = np.where(_mostly(block.inside), table.to_speeds(index), np.nan)
        problem = table.find_problem()
        return table.to_zones(classes), [(("map", "land_cover", "speeds"), problem)] if problem else []

    def _read_speeds(self, part: Grid, speeds: np.ndarray) -> list[Problem]:
        given, source = self.scenario.map.speeds, self.layers["speeds"]
        assert given is not None
        bad, first = 0, ""
        voids = np.nan if given.voids is None else given.voids
        for block in sample(source, part):
            values = block.values.astype(np.float64)
            wrong = block.valid & ~((values >= SMALLEST) & (values <= LARGEST))
            if wrong.any() and not bad:
                first = f"{values[wrong][0]:g}"
            bad += int(wrong.any(axis=0).sum())
            values = np.where(block.valid & ~wrong, values, np.where(block.inside, voids, np.nan))
            speeds[block.rows, block.cols] = _mean_speed(values)
        if not bad:
            return []
        cells = f"{bad:,} cells are" if bad > 1 else "1 cell is"
        remedy = f"if {first} means no data, add nodata: {first}"
        return [
            (
                ("map", "speeds", "file"),
                f"must have finite speeds greater than 0: {cells} not, the first {first}: {remedy}",
            )
        ]

    def read_heights(self, part: Grid) -> Heights | None:
        """The heights at the corners of the cells of a part; None without elevation. Raises InputError if they cannot be read."""
        elevation = self.scenario.map.elevation
        if elevation is None or self.squares is None:
            return None
        return read_corners(self.layers["elevation"], self.squares, self.grid, part, elevation.smoothing or 0.0)

    def find_fastest(self) -> float:
        """A speed that no cell of the map exceeds, m/s; on a map with elevation on no slope."""
        speed = find_fastest(self._find_fastest(), self.overlays)
        if self.scenario.map.elevation is None:
            return speed
        from terrain_cli.maps.walking.paces import fastest

        walking = find_walking(self.scenario)
        return speed * fastest(walking) / calc_speed(walking, 0.0)

    def _find_fastest(self) -> float:
        """The same without the regions. Of a raster of speeds, all of it is read, a little at a time."""
        ground = self.scenario.map
        if ground.land_cover is not None:
            given = [*ground.land_cover.speeds.values(), ground.land_cover.other or 0, ground.land_cover.voids]
            fastest = max((speed for speed in given if speed == speed), default=0.0)  # NaN is blocked
            return fastest * find_unit(self.scenario)
        if "speeds" not in self.layers:
            return find_unit(self.scenario) if ground.speed is None else ground.speed
        found = ground.speeds.voids if ground.speeds and ground.speeds.voids is not None else 0.0
        for block in sample(self.layers["speeds"], self.grid):
            if block.valid.any():
                found = max(found, float(block.values[block.valid].max()))
        return found

    def find_checksums(self, part: Grid) -> dict[str, str]:
        """A checksum of the numbers of each layer in a part of the grid, and of where they are data, by its key."""
        found = {}
        for key, source in self.layers.items():
            if key == "elevation" and self.squares:
                found[key] = find_checksum(source, self.grid, part)
                continue
            digest = hashlib.sha256()
            for block in sample(source, part):
                digest.update(block.valid.tobytes())
                if key != "grid":
                    digest.update(np.where(block.valid, block.values, 0).astype("<f8").tobytes())
            found[key] = digest.hexdigest()
        return found


def _mostly(inside: np.ndarray) -> np.ndarray:
    """Where at least half of the samples are true."""
    return np.asarray(2 * inside.sum(axis=0) >= len(inside))


def _mean_speed(speeds: np.ndarray) -> np.ndarray:
    """The speed of a cell from those of its samples, shape (samples, rows, cols): NaN if most are blocked. Times are averaged."""
    if len(speeds) == 1:
        return np.asarray(speeds[0])
    free = ~np.isnan(speeds)
    number = free.sum(axis=0)
    time = np.where(free, 1 / np.where(free, speeds, 1), 0).sum(axis=0)
    return np.where(2 * number >= len(speeds), number / np.where(number > 0, time, 1), np.nan)


def open_layers(scenario: MapScenario) -> tuple[Survey | None, list[Problem]]:
    """The layers of a map and the grid on which they come together, or the problems that stand against it."""
    problems: list[Problem] = []
    sources: dict[str, Source] = {}
    ground = scenario.map
    for key, file in ground.files.items():
        place = ("map", key) if key == "grid" else ("map", key, "file")
        layer = None if key == "grid" else getattr(ground, key)
        path = scenario.folder / file
        try:
            source = open_source(path, layer.band, layer.nodata) if layer else open_source(path, 1)
            sources[key] = source.between_centres if key == "elevation" else source
        except InputError as error:
            problems += [(place, visible(problem)) for problem in error.problems]
        except FileNotFoundError:
            problems.append((place, visible(f"{path}: {explain_missing(path, scenario.folder)}")))
        except OSError as problem:
            problems.append((place, visible(f"{path}: cannot be read: {problem.strerror or problem}")))
    cover = sources.get("land_cover")
    if cover and ground.land_cover and ground.land_cover.breaks is None and (cover.scale, cover.offset) != (1, 0):
        rule = f"value = {cover.scale:g} number + {cover.offset:g}"
        problems.append(
            (
                ("map", "land_cover", "file"),
                f"{cover.path}: has a scale ({rule}), so it holds a quantity and no classes: use breaks",
            )
        )
    named = None
    if ground.crs is not None:
        try:
            named = read_crs(ground.crs)
        except InputError as error:
            problems += [(("map", "crs"), add_value(problem, f", got {ground.crs!r}")) for problem in error.problems]
    if problems:
        return None, problems
    return _bring_together(scenario, sources, named)


def _bring_together(
    scenario: MapScenario, sources: dict[str, Source], named: str | None
) -> tuple[Survey | None, list[Problem]]:
    """The grid of the map. named: the CRS that the scenario names."""
    said: list[str] = []
    bare = [key for key, source in sources.items() if source.crs is None]
    if bare and len(bare) < len(sources) and named is None:
        other = next(key for key in sources if key not in bare)
        return None, [
            _at(bare[0], f"{sources[bare[0]].path}: does not say its CRS, and {other} does: add crs: to the map")
        ]
    for key in bare:
        taken = f"those of {label(named)}" if named else f"{scenario.units.length} of a plane"
        said.append(f"{sources[key].path.name} does not say its CRS: its coordinates are taken as {taken}")
        sources[key] = sources[key]._replace(crs=named)
    try:
        crs, words, within = _choose_crs(scenario, sources, named)
        said += words
        first = _choose_first(scenario, sources, crs)
        grid = grid_of(
            sources[first], crs, within if sources[first].crs and is_geographic(str(sources[first].crs)) else None
        )
        for key, source in sources.items():
            if not overlap(grid.extent, extent_in(source, crs)):
                where = f"it extends {_write(extent_in(source, crs))}, and {first} {_write(grid.extent)}"
                return None, [_at(key, f"{source.path}: does not overlap {sources[first].path}: {where}")]
    except InputError as error:
        return None, [(("map", "crs"), problem) for problem in error.problems]
    ground = scenario.map
    if ground.resolution is not None:
        if ground.resolution < grid.cell * (1 - 1e-9):
            side = f"the cells of {sources[first].path.name}, {grid.cell:.6g}"
            return None, [(("map", "resolution"), f"must not be finer than {side}, got {ground.resolution:g}")]
        grid = grid.coarsened(ground.resolution)
    if ground.window is not None:
        cut = grid.cut(ground.window)
        if cut is None:
            return None, [(("map", "window"), f"has no cell of the map, which extends {_write(grid.extent)}")]
        grid = cut
    squares = grid if "elevation" in sources else None
    if squares and first == "elevation" and len(sources) > 1:
        grid = grid.halved()
    brought = [source for source in sources.values() if crs and source.crs != crs]
    if brought and named is None:
        said[len(said) :] = [f"the cells of the map are {grid.cell:.6g} m wide"]
    return Survey(scenario, sources, grid, tuple(said), squares=squares), []


def _at(key: str, sentence: str) -> Problem:
    return (("map", key) if key == "grid" else ("map", key, "file")), visible(sentence)


def _write(extent: tuple[float, float, float, float]) -> str:
    return f"from [{extent[0]:.12g}, {extent[1]:.12g}] to [{extent[2]:.12g}, {extent[3]:.12g}]"


def _choose_first(scenario: MapScenario, sources: Mapping[str, Source], crs: str | None) -> str:
    """The layer whose cells the map takes: the one that is named, or else elevation, or else the finest, by its key."""
    if "elevation" in sources and not scenario.map.align:
        return "elevation"
    return scenario.map.align or min(sources, key=lambda key: cell_in(sources[key], crs))


def _choose_crs(
    scenario: MapScenario, sources: Mapping[str, Source], named: str | None
) -> tuple[str | None, list[str], tuple[float, float, float, float] | None]:
    """The CRS of the map, what to say about it, and the part of a raster in degrees that it can show.

    Raises InputError if the named one does not measure in metres.
    """
    degrees = [point for _, point in scenario.places if isinstance(point, LonLat)]
    said: list[str] = []
    if named is None and all(source.crs is None for source in sources.values()):
        return None, said, None
    chosen = named or scenario.map.align or "elevation" in sources
    first = sources[_choose_first(scenario, sources, named) if chosen else _finest(sources)]
    own = str(first.crs)
    x, y = first.centre
    lon, lat = map(float, to_lonlat(own, np.array([x, y])))
    if degrees:
        lon, lat = (float(np.mean([point[axis] for point in degrees])) for axis in (0, 1))
    if is_geographic(own):
        lon = from_west(first, lon)
    zone = utm(lon, lat)
    crs = named or own
    error = scale_error(crs, *map(float, transform(own, crs, x, y)))
    within = None
    if named:
        if error == np.inf:
            raise InputError(
                f"measures in {unit(crs)}, not in metres: name a CRS in metres, such as {zone}, got {named}"
            )
        if error > TRUE:
            said.append(
                f"{label(crs)} shows distances {100 * error:.0f} % wrong here, and times with them: {zone} does not"
            )
    elif error > TRUE:
        why = "is in degrees" if is_geographic(own) else f"measures in {unit(own)}"
        if np.isfinite(error):
            why = f"shows distances {100 * error:.0f} % wrong here"
        said.append(f"{first.path.name} {why} ({label(own)}): the map is brought to {label(zone)}")
        crs = zone
    if crs != own and is_geographic(own):
        xmin, ymin, xmax, ymax = extent_in(first, None)
        within = max(xmin, lon - NARROW), max(ymin, lat - NARROW), min(xmax, lon + NARROW), min(ymax, lat + NARROW)
        if within != (xmin, ymin, xmax, ymax):
            said.append(
                f"of {first.path.name}, only the part within {NARROW:g} degrees of {lon:.6g}, {lat:.6g} is used"
            )
    systems = {str(source.crs) for source in sources.values() if source.crs != crs}
    if degrees:
        systems.add(crs)
    said += filter(None, map(explain_datum, sorted(systems)))
    return crs, said, within


def _finest(sources: Mapping[str, Source]) -> str:
    """The layer with the finest cells in metres, by its key."""

    def side(key: str) -> float:
        lon, lat = map(float, to_lonlat(str(sources[key].crs), np.array(sources[key].centre)))
        return cell_in(sources[key], utm(lon, lat))

    return min(sources, key=side) if len(sources) > 1 else next(iter(sources))
