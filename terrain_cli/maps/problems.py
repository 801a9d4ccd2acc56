"""Problems in the form of a map as it was written, which pydantic would report only once nothing else is wrong.

Those of files, cells and places are found when the raster is read.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from terrain_cli.scenario.model import Problem
from terrain_cli.text import UNITS, quote, suggest

BLOCKED = "blocked"
FORMS = ("grid", "drawing", "file")
LAYERS = ("speeds", "land_cover", "grid", "elevation")  # of a map: what gives its cells
OF_WALKS = ("walking", "max_slope", "detail")
OF_RASTERS = ("align", "window", "resolution")
OF_ARRAYS = ("cell", "origin")


def is_raster(file: object) -> bool:
    """Whether a layer's file is a raster, which says itself where it lies; otherwise it is an array of NumPy."""
    return isinstance(file, str) and not file.lower().endswith(".npy")


def layer_files(ground: Mapping[str, Any]) -> dict[str, Any]:
    """The files of the layers of a map, by the key of the layer."""
    layers = {key: ground.get(key) for key in LAYERS}
    files = {key: layer.get("file") if isinstance(layer, Mapping) else layer for key, layer in layers.items()}
    return {key: file for key, file in files.items() if file is not None}


def find_ground_problems(ground: Mapping[str, Any]) -> Iterator[Problem]:
    """Problems of `map` as written: what gives its speeds, and keys that do not fit that."""
    given = [key for key in LAYERS if ground.get(key) is not None]
    if not given:
        others = "elevation: dem.tif, land_cover: {file: nlcd.tif, speeds: {41: 0.8, 11: blocked}}, or grid: dem.tif and speed: 1"
        yield ("speeds",), f"is missing: add speeds: {{grid: [[1, 1, blocked], [1, 0.2, 1]]}}, or {others}"
        return
    if "speeds" in given and "land_cover" in given:
        yield ("land_cover",), "and speeds both give the speed in each cell: remove one of them"
    if given == ["grid"] and ground.get("speed") is None:
        yield (), "speed is missing: add speed: 1.0, the speed in the cells of the grid that have data"
    yield from _find_walk_problems(ground)
    if ground.get("speed") is not None and given != ["grid"] and "elevation" not in given:
        yield ("speed",), f"is only for a grid alone: {given[0]} gives the speed in each cell"
    files = layer_files(ground)
    rasters = [key for key, file in files.items() if is_raster(file)]
    arrays = [key for key in given if key not in rasters]
    if rasters and arrays:
        yield (arrays[0],), f"says not where its cells lie, and {rasters[0]} does: give both as rasters"
    of_file = "a raster says itself where its cells lie" if rasters else "is only for rasters"
    for key in OF_ARRAYS if rasters else OF_RASTERS:
        if ground.get(key) is not None:
            yield (key,), f"is not needed: {of_file}: remove it" if rasters else f"{of_file}: remove it"
    if rasters and isinstance(ground.get("align"), str) and ground["align"] not in rasters:
        yield ("align",), f"must name a layer of the map, whose cells it takes: {suggest(ground['align'], rasters)}"
    for key in ("speeds", "land_cover", "elevation"):
        layer = ground.get(key)
        if isinstance(layer, Mapping):
            if layer.get("band") is not None and not is_raster(layer.get("file")):
                yield (key, "band"), "is only for a raster: remove it"
            if layer.get("extent") is not None and is_raster(layer.get("file")):
                yield (key, "extent"), "is not needed: a raster says itself where its cells lie: remove it"


def _find_walk_problems(ground: Mapping[str, Any]) -> Iterator[Problem]:
    """What goes with elevation and what does not: there the walking function gives the speed, and the elevation the cells."""
    cover = ground.get("land_cover")
    if ground.get("elevation") is not None:
        if ground.get("speed") is not None:
            yield ("speed",), "is not needed: walking gives the speed on level ground: remove it"
        if ground.get("grid") is not None:
            yield ("grid",), "is not needed: elevation gives the cells and the voids: remove it"
        return
    for key in OF_WALKS:
        if ground.get(key) is not None:
            yield (key,), f"is only for a map with elevation: add elevation: dem.tif, or remove {key}"
    if isinstance(cover, Mapping) and cover.get("mode") is not None:
        yield ("land_cover", "mode"), "is only for a map with elevation: add elevation: dem.tif, or remove mode"


def find_unit_problems(ground: Mapping[str, Any], units: Mapping[str, Any]) -> Iterator[Problem]:
    """A map with elevation is in metres, as the heights are, and its time is known in seconds, as walking speeds are."""
    length, time = units.get("length", "m"), units.get("time", "s")
    if ground.get("elevation") is None:
        return
    if isinstance(length, str) and length != "m":
        yield (
            ("units", "length"),
            f"must be m on a map with elevation, whose heights are in metres, got {quote(length)}",
        )
    if isinstance(time, str) and time not in UNITS:
        yield ("units", "time"), f"must be s, min or h on a map with elevation, got {quote(time)}"


def find_depart_problems(depart: object, unit: object) -> Iterator[Problem]:
    """Times of day need a unit of time whose length is known."""
    if depart is not None and isinstance(unit, str) and unit not in UNITS:
        yield (
            ("depart",),
            f"needs s, min or h as the unit of time, got {quote(unit)}: change units.time, or remove depart",
        )


def find_layer_problems(ground: Mapping[str, Any]) -> Iterator[Problem]:
    """Problems of the layers of `map` as written."""
    for key, find in ("speeds", find_speeds_problems), ("land_cover", find_land_cover_problems):
        if isinstance(ground.get(key), Mapping):
            yield from (((key, *place), sentence) for place, sentence in find(ground[key]))


def find_region_problems(region: Mapping[str, Any]) -> Iterator[Problem]:
    """A region either sets the speed or multiplies it."""
    given = [key for key in ("speed", "factor") if region.get(key) is not None]
    if not given:
        yield (
            (),
            "speed is missing: add speed: blocked, or another speed, or factor: 0.5, by which speeds are multiplied",
        )
    elif len(given) > 1:
        yield (), "has both a speed and a factor: remove one of them"


def find_land_cover_problems(cover: Mapping[str, Any]) -> Iterator[Problem]:
    """Problems of `land_cover` as written: with breaks its speeds are a list, one more than the breaks; otherwise a mapping."""
    speeds, breaks = cover.get("speeds"), cover.get("breaks")
    if isinstance(breaks, list | tuple):
        if isinstance(speeds, Mapping):
            yield (
                ("speeds",),
                "must be a list with breaks: the speed below the first break, between them, and above the last",
            )
        elif isinstance(speeds, list | tuple) and len(speeds) != len(breaks) + 1:
            found = f"got {len(speeds)} for {len(breaks)}"
            yield ("speeds",), f"must have one more speed than there are breaks, {found}"
        if cover.get("other") is not None:
            yield ("other",), "is only for classes: with breaks every value has a speed: remove it"
    elif breaks is None and isinstance(speeds, list | tuple):
        yield ("speeds",), "must be a mapping of classes to speeds, such as {41: 0.8, 11: blocked}: a list needs breaks"


def find_speeds_problems(speeds: Mapping[str, Any]) -> Iterator[Problem]:
    """Problems in the form of `speeds` as written, which pydantic would report only once nothing else is wrong."""
    forms = [form for form in FORMS if speeds.get(form) is not None]
    if len(forms) != 1:
        got = f"got {' and '.join(forms)}" if forms else "such as grid: [[1, 1, blocked], [1, 0.2, 1]]"
        yield (), f"must have exactly one of grid, drawing (with its legend) and file, {got}"
    legend = speeds.get("legend")
    for letter in legend if isinstance(legend, dict) else ():
        if len(letter) != 1:
            yield ("legend", letter), "must stand for a single letter of the drawing"
    if "drawing" in forms:
        if isinstance(speeds["drawing"], str):
            yield from _find_drawing_problems(speeds["drawing"].strip("\n").split("\n"), legend)
    elif legend is not None and forms:
        yield ("legend",), "is only for a drawing: remove it, or add the drawing"
    for key in ("nodata", "voids"):
        if speeds.get(key) is not None and not is_raster(speeds.get("file")):
            yield (key,), "is only for a raster: remove it"
    grid = speeds.get("grid")
    if isinstance(grid, list | tuple) and all(isinstance(row, list | tuple) for row in grid):
        yield from _find_ragged("grid", [len(row) for row in grid], "cells")


def _find_drawing_problems(rows: list[str], legend: object) -> Iterator[Problem]:
    yield from _find_ragged("drawing", [len(row) for row in rows], "letters")
    letters: dict[str, int] = {}  # and the first row of each
    for i, letters_here in enumerate(map(dict.fromkeys, rows)):
        for letter in letters_here:
            letters.setdefault(letter, i)
    if legend is None:
        example = ", ".join(f'"{letter}": {BLOCKED if letter == "#" else 1}' for letter in list(letters)[:4])
        yield (), f"legend is missing: add legend: {{{example}}}"
    elif isinstance(legend, dict):
        for letter, row in letters.items():
            if letter not in legend:
                where = f"row {row + 1}, column {rows[row].index(letter) + 1}"
                yield ("drawing",), f"has the letter {letter!r} ({where}), which is not in the legend: add it there"


def _find_ragged(form: str, lengths: list[int], what: str) -> Iterator[Problem]:
    odd = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
    if odd is not None:
        yield (
            (form,),
            f"must have rows of equal length: row {odd + 1} has {lengths[odd]} {what}, row 1 has {lengths[0]}",
        )
