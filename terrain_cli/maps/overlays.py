"""Regions of a map: lines and areas from files that lie over its cells, later ones over earlier ones. It does not import JAX."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from terrain_cli.errors import InputError
from terrain_cli.geo.grid import Grid
from terrain_cli.geo.regions import Cells, OutsideError, find_cells, keep_shut
from terrain_cli.geo.vectors import companions, read_vectors
from terrain_cli.maps.problems import BLOCKED
from terrain_cli.scenario.load import explain_missing
from terrain_cli.scenario.model import Place, Problem
from terrain_cli.text import visible

if TYPE_CHECKING:
    from terrain_cli.maps.region import Region
    from terrain_cli.maps.scenario import MapScenario


class Overlay(NamedTuple):
    """A region as cells of the map.

    speed: in them, m/s, NaN where they are blocked; None if factor is given, by which their speeds are multiplied.
    """

    name: str
    cells: Cells
    speed: float | None
    factor: float | None


def read_overlays(scenario: "MapScenario", grid: Grid) -> tuple[tuple[Overlay, ...], list[Problem], list[str]]:
    """The regions as cells of the whole map, what is wrong with them, and what people should know.

    A later region wins, but a road along a shore does not open the water in its cells: only a bridge does (see `keep_shut`).
    A region outside a window that the scenario names is left out, and that is said; elsewhere it is a problem.
    """
    overlays: list[Overlay] = []
    problems: list[Problem] = []
    said: list[str] = []
    shut: list[tuple[Overlay, np.ndarray, float]] = []  # blocked regions, their geometries and the width of their lines
    for i, region in enumerate(scenario.map.regions):
        place: Place = ("map", "regions", i)
        try:
            overlay, shapes = _read_overlay(scenario, region, grid, scenario.map.region_name(i))
            if overlay.speed is not None and not math.isnan(overlay.speed):
                for earlier, blocked, width in shut:
                    kept = keep_shut(overlay.cells, shapes, earlier.cells, blocked, width, grid)
                    overlay = overlay._replace(cells=kept)
            elif overlay.speed is not None:
                shut.append((overlay, shapes, region.width or 0.0))
            overlays.append(overlay)
        except OutsideError as error:
            if scenario.map.window is None:
                problems += [(place, visible(f"{region.file}: {problem}")) for problem in error.problems]
            else:
                said.append(f"{scenario.map.region_name(i)} lies outside the window and changes nothing")
        except InputError as error:
            problems += [(place, visible(problem)) for problem in error.problems]
        except FileNotFoundError:
            path = scenario.folder / region.file
            problems.append(((*place, "file"), visible(f"{path}: {explain_missing(path, scenario.folder)}")))
        except OSError as problem:
            path = scenario.folder / region.file
            problems.append(((*place, "file"), visible(f"{path}: cannot be read: {problem.strerror or problem}")))
    return tuple(overlays), problems, said


def _read_overlay(scenario: "MapScenario", region: "Region", grid: Grid, name: str) -> tuple[Overlay, np.ndarray]:
    """A region as cells of the whole map, and its geometries."""
    path = scenario.folder / region.file
    shapes = read_vectors(path, grid.crs, layer=region.layer, own=region.crs)
    whole = region.speed is not None and math.isnan(region.speed)
    try:
        cells = find_cells(shapes, grid, width=region.width, whole=whole)
    except OutsideError:
        raise
    except InputError as error:
        raise InputError(*(f"{path}: {problem}" for problem in error.problems)) from None
    return Overlay(name, cells, region.speed, region.factor), shapes


def lay_over(speeds: np.ndarray, overlays: Sequence[Overlay], part: tuple[int, int, int, int] | None = None) -> None:
    """Change the speeds of the cells in the regions, in their order. speeds: shape (rows, cols), m/s, changed in place.

    part: top, bottom, left and right of these cells on the whole map; None if they are the whole map.
    """
    for overlay in overlays:
        cells = overlay.cells if part is None else overlay.cells.within(*part)
        window = speeds[cells.window]
        if overlay.factor is None:
            window[cells.mask] = overlay.speed
        else:
            window[cells.mask] *= overlay.factor


def find_fastest(speed: float, overlays: Sequence[Overlay]) -> float:
    """A speed that no cell exceeds once the regions lie over cells that do not exceed `speed`."""
    for overlay in overlays:
        if overlay.factor is not None:
            speed *= max(overlay.factor, 1.0)
        elif overlay.speed is not None and not math.isnan(overlay.speed):
            speed = max(speed, overlay.speed)
    return speed


def describe(scenario: "MapScenario") -> Iterator[dict[str, Any]]:
    """What a record has of each region: a checksum of its file, and what it does to the ground."""
    for region in scenario.map.regions:
        digest = hashlib.sha256()
        for path in companions(scenario.folder / region.file):
            if path.is_file() and path.suffix != ".cpg":
                digest.update(path.read_bytes())
        given = region.model_dump(exclude={"name", "file"}, exclude_none=True)
        if region.speed is not None and math.isnan(region.speed):
            given["speed"] = BLOCKED
        yield {"sha256": digest.hexdigest(), **given}
