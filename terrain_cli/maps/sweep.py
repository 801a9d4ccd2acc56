"""Sweeps of maps: a route for every combination of the values of some numbers, such as a coordinate of the goal or a speed.

The routes are found one after the other.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from terrain_cli.errors import InputError
from terrain_cli.maps.model import Latitude, Longitude, LonLat
from terrain_cli.maps.scenario import MapScenario
from terrain_cli.maps.walking.functions import FUNCTIONS
from terrain_cli.maps.walking.model import Detail, MaxSlope
from terrain_cli.ranges import ValueRange
from terrain_cli.scenario.model import read_key
from terrain_cli.scenario.values import Number, Positive
from terrain_cli.text import suggest

if TYPE_CHECKING:
    import numpy as np

RESULTS = ("time", "distance", "straight_time", "saved", "status")
MOST = 1  # varied numbers that a figure can show


class Parameter:
    """A number of a map scenario by its dotted name, as in the file: `start.0`, `map.cell`, `map.speeds.legend.~`.

    path: the parts of the name. label: for people: "y of the goal (m)".
    """

    def __init__(self, scenario: MapScenario, name: str) -> None:
        """Raises InputError if no number of the scenario has this name."""
        self.name = name
        units, ground = scenario.units, scenario.map
        legend, rows, cover = ground.legend, ground.numbers, ground.land_cover
        per = f"{units.length}/{units.time}"
        factors = ground.elevation is not None and cover is not None and cover.mode != "absolute"
        kind, unit = ("factor", "") if factors else ("speed", f" ({per})")  # of the number of a class
        self._type: Any = Positive
        self.path = _parts(name)
        match self.path:
            case (("start" | "goal") as end, (0 | 1) as axis) if not _in_degrees(scenario, end):
                if end == "goal" and len(scenario.goal) > 1:
                    raise InputError(
                        f"{name}: this map has {len(scenario.goal):,} goals: only a single goal can be varied"
                    )
                self.label, self._type = f"{'xy'[axis]} of the {end} ({units.length})", Number
                self.path = ("start", axis) if end == "start" else ("goal", 0, "at", axis)
            case (("start" | "goal") as end, ("lon" | "lat") as axis) if _in_degrees(scenario, end):
                what, self._type = ("longitude", Longitude) if axis == "lon" else ("latitude", Latitude)
                self.label = f"{what} of the {end} (°)"
                self.path = ("start", axis) if end == "start" else ("goal", 0, "at", axis)
            case ("map", "land_cover", "speeds", int(key)) if cover is not None and key in cover.speeds:
                self.label = f"{kind} of {(cover.names or {}).get(key, f'class {key}')}{unit}"
            case ("map", "land_cover", "other") if cover is not None and cover.other is not None:
                self.label = f"{kind} of other classes{unit}"
            case ("map", "speed") if ground.speed is not None:
                self.label = f"speed ({per})"
            case ("via", int(i), (0 | 1) as axis) if i < len(scenario.via):
                self.label, self._type = f"{'xy'[axis]} of {scenario.via_name(i)} ({units.length})", Number
                self.path = ("via", i, "at", axis)
            case ("map", "regions", int(i), ("speed" | "factor" | "width") as key) if (
                i < len(scenario.map.regions) and getattr(scenario.map.regions[i], key) is not None
            ):
                unit = {"speed": f" ({per})", "width": f" ({units.length})"}.get(key, "")
                self.label = f"{key} of {scenario.map.region_name(i)}{unit}"
            case ("map", "walking", str(key)) if key in _walking(scenario):
                assert ground.walking is not None
                unit = " (m/s)" if key == "v0" else ""
                self.label, self._type = f"{key} of the walking speed{unit}", ground.walking.type_of(key)
            case ("map", "max_slope") if ground.max_slope is not None:
                self.label, self._type = "steepest slope", MaxSlope
            case ("map", "elevation", "smoothing") if ground.elevation is not None and ground.elevation.smoothing:
                self.label = f"smoothing of the elevation ({units.length})"
            case ("map", "detail") if ground.elevation is not None:
                self.label, self._type = "sub-cells along the side of a cell", Detail
            case ("map", "walking", *_) if ground.walking is not None and ground.walking.table is not None:
                raise InputError(
                    f"{name}: the rows of a table have no names; map.walking.factor varies all of its speeds"
                )
            case ("map", "cell") if scenario.map.cell is not None:
                self.label = f"cell ({units.length})"
            case ("map", "speeds", "legend", str(letter)) if letter in legend:
                self.label = f"speed of {letter} ({per})"
            case ("map", "speeds", "grid", int(row), int(col)) if rows is not None:
                if row >= len(rows) or col >= len(rows[0]):
                    last = f"map.speeds.grid.{len(rows) - 1}.{len(rows[0]) - 1}"
                    raise InputError(f"{name}: there is no such cell; the last is {last} (counted from 0)")
                self.label = f"speed in row {row}, column {col} ({per})"
            case _:
                known = ["start.lon", "start.lat"] if _in_degrees(scenario, "start") else ["start.0", "start.1"]
                if len(scenario.goal) == 1:
                    known += ["goal.lon", "goal.lat"] if _in_degrees(scenario, "goal") else ["goal.0", "goal.1"]
                known += ["via.0.0", "via.0.1"] * bool(scenario.via)
                known += ["map.cell"] * (scenario.map.cell is not None)
                known += [f"map.speeds.legend.{letter}" for letter in list(legend)[:4]]
                known += [f"map.land_cover.speeds.{key}" for key in list(cover.speeds if cover else {})[:4]]
                known += ["map.land_cover.other"] * (cover is not None and cover.other is not None)
                known += ["map.speed"] * (ground.speed is not None)
                known += [f"map.walking.{key}" for key in _walking(scenario)]
                known += ["map.max_slope"] * (ground.max_slope is not None)
                known += ["map.elevation.smoothing"] * bool(ground.elevation and ground.elevation.smoothing)
                known += ["map.detail"] * (ground.elevation is not None)
                if rows is not None:
                    row, col = ([part for part in self.path if isinstance(part, int)] + [0, 0])[:2]
                    known += [f"map.speeds.grid.{min(row, len(rows) - 1)}.{min(col, len(rows[0]) - 1)}"]
                raise InputError(f"{name}: is not a number of this map: {suggest(name, known, 'choose one such as')}")

    def check(self, values: Sequence[float]) -> Sequence[float]:
        """The values, after validation. Raises InputError for the first that is invalid for this number."""
        adapter = TypeAdapter(self._type)
        even = isinstance(values, ValueRange) and self.path[:2] not in (("map", "walking"), ("map", "detail"))
        for value in (values[0], values[-1]) if even else values:  # those of a range are valid if its ends are
            try:
                adapter.validate_python(value)
            except ValidationError as invalid:
                raise InputError(f"{self.name}: {invalid.errors()[0]['msg']}, got {value:g}") from None
        return values if even else [float(value) for value in values]


def _parts(name: str) -> tuple[str | int, ...]:
    """The parts of a dotted name. A letter of the legend may be a dot or a digit; `speeds` before `legend` is optional."""
    for prefix in ("map.speeds.legend.", "map.legend."):
        if name.startswith(prefix):
            return ("map", "speeds", "legend", name.removeprefix(prefix))
    if name.startswith("map.land_cover.speeds.") and re.fullmatch(r"-?\d{1,10}", name.rpartition(".")[2]):
        return ("map", "land_cover", "speeds", int(name.rpartition(".")[2]))
    return read_key(name)


def _walking(scenario: MapScenario) -> list[str]:
    """The numbers of the walking function, those included that have their defaults."""
    walking = scenario.map.walking
    return [] if walking is None else ["factor", *FUNCTIONS[walking.name].parameters]


def _in_degrees(scenario: MapScenario, end: str) -> bool:
    """Whether the start, or the first goal, is given in degrees."""
    return isinstance(scenario.start if end == "start" else scenario.goals[0], LonLat)


def find_points(
    scenario: MapScenario, varied: Mapping[str, Sequence[float]], options: Mapping[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """Solve the map for all combinations of the values in `varied`; its last number changes fastest.

    Yields the values by name, and for the route to the first goal `time`, `distance`, `straight_time`, `saved` (a fraction of
    the straight line's time) and `status`: "converged", "no route", or "misplaced" if the start or a goal is outside the map or
    in blocked ground. Missing values are None. Raises InputError for an unknown name or an invalid value, and if the scenario
    itself has a problem.

    Example:

        for point in find_points(load_map("configs/lake.yaml"), {"goal.1": [235, 265]}):
            print(point["time"])
    """
    parameters = [Parameter(scenario, name) for name in varied]
    grids = [parameter.check(values) for parameter, values in zip(parameters, varied.values(), strict=True)]
    from terrain_cli.maps.raster import read_raster

    raster = read_raster(scenario)  # reports the problems of the scenario itself, before anything is computed
    read_once = scenario.map.speeds and scenario.map.speeds.file and not (raster.survey or scenario.map.elevation)
    stored = raster.speeds if read_once else None

    def points() -> Iterator[dict[str, Any]]:
        for values in _combine(grids):
            changed = _with_values(scenario, parameters, values)
            yield dict(zip(varied, values, strict=True)) | _solve(changed, stored)

    return points()


def _combine(grids: Sequence[Sequence[float]]) -> Iterator[tuple[float, ...]]:
    """All combinations of the values, the last fastest. `itertools.product` would make a tuple of each range first."""
    if not grids:
        yield ()
        return
    first, *others = grids
    for value in first:
        for rest in _combine(others):
            yield (value, *rest)


def describe(
    scenario: MapScenario, varied: Mapping[str, Sequence[float]], options: Mapping[str, Any]
) -> dict[str, Any]:
    """What the JSON document contains about the whole sweep."""
    return {"kind": "map"}


def _with_values(scenario: MapScenario, parameters: Sequence[Parameter], values: Sequence[float]) -> MapScenario:
    """The scenario with a value for each of the parameters."""
    data = scenario.model_dump()
    for parameter, value in zip(parameters, values, strict=True):
        inner: Any = data
        for part in parameter.path[:-1]:
            if isinstance(inner[part], tuple):
                inner[part] = list(inner[part])
            inner = inner[part]
        inner[parameter.path[-1]] = value
    try:
        changed = MapScenario.model_validate(data)
    except ValidationError as invalid:  # each value is valid, and not all of them together
        names = ", ".join(f"{parameter.name} = {value:g}" for parameter, value in zip(parameters, values, strict=True))
        raise InputError(f"{names}: {invalid.errors()[0]['msg']}") from None
    changed._source = scenario._source
    return changed


def _solve(scenario: MapScenario, speeds: "np.ndarray | None") -> dict[str, Any]:
    """The results of one point. speeds: of the file of the scenario, shape (rows, cols), m/s; None without a file."""
    from terrain_cli.maps.raster import read_raster
    from terrain_cli.maps.solution import solve

    try:
        raster = read_raster(scenario, speeds)
    except InputError:
        return dict.fromkeys(RESULTS) | {"status": "misplaced"}
    solution = solve(scenario, raster)
    if solution.route is None:
        return dict.fromkeys(RESULTS) | {"status": solution.status}
    straight = solution.straight_time if math.isfinite(solution.straight_time) else None
    return {
        "time": solution.time,
        "distance": solution.distance,
        "straight_time": straight,
        "saved": None if straight is None else 1 - solution.time / straight if straight > 0 else 0.0,
        "status": solution.status,
    }
