"""A map scenario as the user wrote it, validated: the ground, a start and goals. It opens no files (raster.py does).

Positions are (x, y), x to the east and y to the north, in the scenario's unit of length. Rows and columns are counted from 0;
row 0 is the north edge. NaN means blocked ground. This module imports neither JAX nor NumPy.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from terrain_cli.maps.elevation import Elevation, WrittenElevation, require_elevation
from terrain_cli.maps.model import (
    GOAL,
    XY,
    Degrees,
    Extent,
    Goal,
    LandCover,
    Point,
    Speed,
    Speeds,
    WrittenGoal,
    to_goals,
    to_via,
)
from terrain_cli.maps.problems import BLOCKED as BLOCKED
from terrain_cli.maps.problems import (
    find_depart_problems,
    find_ground_problems,
    find_layer_problems,
    find_region_problems,
    find_unit_problems,
    is_raster,
)
from terrain_cli.maps.region import Region
from terrain_cli.maps.walking.model import Detail, MaxSlope, Walked, WrittenWalking, find_walking_problems
from terrain_cli.scenario.document import Node
from terrain_cli.scenario.model import Model, Place, Problem, ScenarioModel, Units, write_key
from terrain_cli.scenario.values import Moment, NotNegative, Positive, Text
from terrain_cli.text import UNITS


class MapGround(Model):
    """A raster of square cells: speeds, land cover with a table of speeds, the cells of a grid with one speed, or elevation.

    A map without a raster file has its lower left corner at (0, 0), unless an origin or an extent says otherwise.
    """

    cell: Positive | None = Field(default=None, description="Side of a cell.")
    origin: XY | None = Field(
        default=None, description="The lower left corner of the map, [x, y]; [0, 0] by default. Together with cell."
    )
    speeds: Speeds | None = Field(default=None, description="The speed in each cell, the same in every direction.")
    land_cover: LandCover | None = Field(
        default=None, description="Classes of ground in a raster, and the speed of each; instead of speeds."
    )
    grid: Text | None = Field(
        default=None,
        description="A raster, such as an elevation model, whose cells the map takes, and which is blocked where it has no "
        "data. With speed, or besides land_cover or speeds.",
    )
    speed: Speed | None = Field(default=None, description="The speed in the cells of the grid.")
    elevation: WrittenElevation | None = Field(
        default=None,
        description="Heights, in metres: a file, or {file: dem.tif, smoothing: 30}. Routes then climb and descend.",
    )
    walking: Walked | None = Field(
        default=None,
        description="How fast one walks on a slope: the name of a function, {v0: 4.7 km/h, k: 1.9, s0: 0.05}, or a table of "
        "slopes and speeds; tobler unless given. Only with elevation.",
    )
    max_slope: MaxSlope | None = Field(
        default=None, description="The steepest slope on which one walks, up or down, such as 0.8. Only with elevation."
    )
    detail: Detail | None = Field(
        default=None,
        description="Sub-cells along the side of a square of the elevation, for the search; 4 by default.",
    )
    crs: Text | None = Field(
        default=None,
        description="The coordinate reference system of the map, such as EPSG:26912; that of the raster by default.",
    )
    align: Text | None = Field(
        default=None,
        description="The layer whose cells the map takes: land_cover, speeds, grid or elevation. Default: elevation, or else "
        "the finest.",
    )
    window: Extent | None = Field(
        default=None,
        description="The part of the rasters to read, [xmin, ymin, xmax, ymax], in coordinates of the map.",
    )
    resolution: Positive | None = Field(
        default=None, description="Side of the cells of the map, when they are to be coarser than those of the raster."
    )
    regions: list[Region] = Field(
        default=[], description="Lines and areas that lie over the cells: water, roads, fields ...; later ones win."
    )

    def region_name(self, index: int) -> str:
        """The region with this index in messages: its name, or "region 1", counted from 1."""
        return self.regions[index].name or f"region {index + 1}"

    @property
    def files(self) -> dict[str, str]:
        """The files of its layers, by the key of the layer."""
        found = {
            "speeds": self.speeds.file if self.speeds else None,
            "land_cover": self.land_cover.file if self.land_cover else None,
            "grid": self.grid,
            "elevation": self.elevation.file if self.elevation else None,
        }
        return {key: file for key, file in found.items() if file is not None}

    @property
    def is_raster(self) -> bool:
        """Whether its layers are rasters, which say themselves where they lie, and not arrays."""
        return any(map(is_raster, self.files.values()))

    @property
    def extent(self) -> tuple[float, float, float, float] | None:
        """xmin, ymin, xmax and ymax of a plain map, if they are given instead of a cell."""
        return self.speeds.extent if self.speeds else None

    @property
    def legend(self) -> dict[str, float]:
        """The speed for each letter of a drawing; empty without one."""
        return (self.speeds.legend if self.speeds else None) or {}

    @property
    def drawing(self) -> str | None:
        """The rows of letters, if the speeds are a drawing."""
        return self.speeds.drawing if self.speeds else None

    @property
    def numbers(self) -> list[list[float]] | None:
        """The rows of speeds, if they are given as numbers."""
        return self.speeds.grid if self.speeds else None

    @model_validator(mode="after")
    def _fits(self) -> "MapGround":
        written: dict[str, Any] = {key: getattr(self, key) for key in type(self).model_fields}
        for key in ("speeds", "land_cover", "elevation"):
            layer = written[key]
            written[key] = layer and {name: getattr(layer, name, None) for name in ("file", "band", "extent", "mode")}
        for place, problem in find_ground_problems(written):
            raise PydanticCustomError("fits", cast(Any, f"{write_key(place) or 'it'} {problem}"))
        return self


class MapScenario(ScenarioModel):
    """A map to cross from a start to one or several goals."""

    kind: ClassVar[str] = "map"
    model_config = ConfigDict(title="terrain map scenario")

    map: MapGround = Field(description="The ground.")
    start: Point = Field(description="Where the routes start, [x, y] or {lon: -113.02, lat: 37.21}.")
    goal: Annotated[
        list[Goal],
        BeforeValidator(to_goals),
        WithJsonSchema({"anyOf": [*GOAL["anyOf"], {"type": "array", "items": GOAL}]}),
    ] = Field(
        description="Where the route ends, [x, y] or {lon: -113.02, lat: 37.21}; or a list of goals, each such a point or "
        "{at: [x, y], name: hut}."
    )
    via: Annotated[
        list[Goal],
        BeforeValidator(to_via),
        WithJsonSchema({"anyOf": [*GOAL["anyOf"], {"type": "array", "items": GOAL}]}),
    ] = Field(
        default=[],
        description="Points that the route to every goal passes, in this order, written as goals are.",
    )
    snap: NotNegative = Field(
        default=0.0, description="How far a start, goal or point on the way in blocked ground is moved, at most."
    )
    depart: Moment | None = Field(
        default=None,
        description="When to depart, with the offset from UTC: 2026-06-01T08:00+02:00; gives times of day.",
    )

    @model_validator(mode="after")
    def _has_units(self) -> "MapScenario":
        wrong = find_unit_problems({"elevation": self.map.elevation}, self.units.model_dump())
        for _, problem in (*wrong, *find_depart_problems(self.depart, self.units.time)):
            raise PydanticCustomError("fits", cast(Any, problem))
        return self

    @property
    def inputs(self) -> list[Path]:
        """The files that it was read from: the scenario itself and the files of its layers, if any."""
        return [*super().inputs, *(self.folder / file for file in self.map.files.values()), *self._region_files]

    @property
    def _region_files(self) -> list[Path]:
        """The files of its regions, with those that belong to a shapefile."""
        paths = [self.folder / region.file for region in self.map.regions]
        ends = (".shx", ".dbf", ".prj", ".cpg")
        others = [path.with_suffix(end) for path in paths if path.suffix.lower() == ".shp" for end in ends]
        return [*paths, *others]

    @property
    def folder(self) -> Path:
        """The folder to which the paths of its files are relative."""
        return Path(self.file).parent if self.file else Path()

    @property
    def goals(self) -> list[tuple[float, float]]:
        """The positions of the goals, (x, y)."""
        return [goal.at for goal in self.goal]

    @property
    def waypoints(self) -> list[tuple[float, float]]:
        """The positions of the points on the way, (x, y), in their order."""
        return [point.at for point in self.via]

    @property
    def places(self) -> list[tuple[Place, tuple[float, float]]]:
        """The start, the points on the way and the goals: where each stands in the scenario, and its position."""
        between = [(("via", i), at) for i, at in enumerate(self.waypoints)]
        return [(("start",), self.start), *between, *((("goal", i), at) for i, at in enumerate(self.goals))]

    def moved(self, places: Mapping[Place, tuple[float, float]]) -> "MapScenario":
        """The scenario with other positions of its start, its points on the way and its goals."""
        changed = {
            key: [
                point.model_copy(update={"at": places.get((key, i), point.at)})
                for i, point in enumerate(getattr(self, key))
            ]
            for key in ("via", "goal")
        }
        moved = self.model_copy(update={"start": places.get(("start",), self.start), **changed})
        moved._source = self._source
        return moved

    def clock(self, time: float) -> datetime | None:
        """The time of day after a travel time, in the unit of the scenario; None if it is not known when to depart."""
        if self.depart is None or not math.isfinite(time):
            return None
        try:
            return self.depart + timedelta(seconds=time * UNITS[self.units.time])
        except OverflowError:  # after the year 9999
            return None

    def via_name(self, index: int) -> str:
        """The point on the way with this index in messages: its name, or "via 1", counted from 1."""
        return self.via[index].name or f"via {index + 1}"

    def goal_name(self, index: int) -> str:
        """The goal with this index in messages: its name, or "goal", counted from 1 if there are several."""
        name = self.goal[index].name
        return name or ("goal" if len(self.goal) == 1 else f"goal {index + 1}")


MODEL = MapScenario
MODELS: dict[tuple[str, ...], type[Model]] = {
    (): MapScenario,
    ("map",): MapGround,
    ("map", "speeds"): Speeds,
    ("map", "land_cover"): LandCover,
    ("map", "elevation"): Elevation,
    ("map", "walking"): WrittenWalking,
    ("map", "regions"): Region,
    ("start",): Degrees,
    ("goal",): WrittenGoal,
    ("goal", "at"): Degrees,
    ("via",): WrittenGoal,
    ("via", "at"): Degrees,
    ("units",): Units,
}
EXAMPLES = {
    "map": "map: {cell: 1, speeds: {grid: [[1, 1, blocked], [1, 0.2, 1]]}}",
    "file": "file: nlcd.tif",
    "speeds": "speeds: {41: 0.8, 11: blocked}",
    "origin": "origin: [421000, 5203000]",
    "start": "start: [0.5, 0.5]",
    "goal": "goal: [2.5, 1.5]",
    "at": "at: [2.5, 1.5]",
    "lon": "lon: -113.02",
    "lat": "lat: 37.21",
}
BARE = (("map", "elevation"), ("map", "walking"))  # mappings of which the first value may be written alone
CROWDED = ("map", "speeds", "grid")
OPTIONS = ("precision",)
SETTINGS = ("precision",)


def locate(place: Place, document: Node) -> Place:
    """The place in the file of a place in the model: a goal or a point on the way may be bare, without a list or `at`."""
    place = tuple(part for part in place if part != "[key]")  # of a mapping, as pydantic names it
    if place[:2] in BARE and (place[2:3] == ("table",) or not isinstance(document.find(place[:2])[0].value, dict)):
        return place if document.find(place)[1] else place[:2]
    if place[:1] not in (("goal",), ("via",)) or len(place) < 2:
        return place
    goal, _ = document.find(place[:1])
    several = isinstance(goal.value, list) and any(isinstance(item.value, list | dict) for item in goal.value)
    start: Place = place[:2] if several else place[:1]
    node, _ = document.find(start)
    written = isinstance(node.value, dict) and ("at" in node.value or not {"lon", "lat"} & node.value.keys())
    return start + (place[2:] if written else tuple(part for part in place[2:] if part != "at"))


def find_problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Problems in the form of the ground. Those of cells, files and places are found when the raster is read."""
    ground = data.get("map")
    regions = ground.get("regions") if isinstance(ground, dict) else None
    for i, region in enumerate(regions if isinstance(regions, list) else ()):
        if isinstance(region, dict):
            yield from ((("map", "regions", i, *place), sentence) for place, sentence in find_region_problems(region))
    units = data.get("units")
    if isinstance(units, dict):
        yield from find_depart_problems(data.get("depart"), units.get("time"))
        yield from find_unit_problems(ground if isinstance(ground, dict) else {}, units)
    if isinstance(ground, dict):
        yield from (
            (("map", "walking", *place), sentence) for place, sentence in find_walking_problems(ground.get("walking"))
        )
        for find in (find_ground_problems, find_layer_problems):
            yield from ((("map", *place), sentence) for place, sentence in find(ground))


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


def with_options(scenario: MapScenario, options: Mapping[str, Any]) -> MapScenario:
    """The scenario itself: no option replaces anything in it. Raises InputError for a profile of a map without elevation."""
    if options.get("profile"):
        require_elevation(scenario.map.elevation, f"{scenario.file or scenario.name}: --profile")
    return scenario
