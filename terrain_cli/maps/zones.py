"""Classes of ground: what each cell of a map is, and how numbers of a raster become classes with a speed.

This module does not import JAX.
"""

import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from terrain_cli.maps.model import LandCover
from terrain_cli.text import percent

LISTED = 10  # missing classes that are named
NONE = -1  # the index of cells without data


class Zones(NamedTuple):
    """What each cell is: for sensitivities, sweeps and pictures.

    classes: the index of its class in `names`, shape (rows, cols), a small integer; -1 where there is no data. keys: of the
    classes in the scenario's table of speeds, None for the class `other`. names: of the classes. colors: of the raster's
    colour table, "#rrggbb", None where it has none. speeds: of the classes, m/s, NaN where blocked. regions: areas that lie
    over the classes, in order.
    """

    classes: np.ndarray
    keys: tuple[int | None, ...]
    names: tuple[str, ...]
    colors: tuple[str | None, ...]
    speeds: tuple[float, ...]
    regions: tuple[Any, ...] = ()


class Table:
    """The classes of a layer of land cover, and the classes that it lacks as they are met."""

    def __init__(self, cover: LandCover, colors: dict[int, str] | None = None, unit: float = 1.0) -> None:
        """unit: the speed that stands for 1 in the table, m/s."""
        self.cover, self.unit = cover, unit
        given = cover.names or {}
        listed: list[int] = sorted(cover.speeds)
        self.keys: list[int | None] = [*listed]
        self.speeds = [cover.speeds[key] for key in listed]
        if cover.breaks is None:
            self.names = [given.get(key, str(key)) for key in listed]
            self.colors = [(colors or {}).get(key) for key in listed]
        else:
            limits = [f"{limit:g}" for limit in cover.breaks]
            between = [f"{a} to {b}" for a, b in pairwise(limits)]
            written = [f"below {limits[0]}", *between, f"{limits[-1]} and above"]
            self.names = [given.get(i, name) for i, name in enumerate(written)]
            self.colors = [None] * len(self.names)
        self.listed = np.array(listed, dtype=np.int64)
        if cover.other is not None:
            self.keys, self.speeds = [*self.keys, None], [*self.speeds, cover.other]
            self.names, self.colors = [*self.names, "other"], [*self.colors, None]
        self.dtype = np.min_scalar_type(-len(self.names) - 1)
        self.missing: dict[float, int] = {}
        self.seen = 0

    def classify(self, values: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """The index of the class of each value, of any shape; -1 where it is not valid, or its class is missing."""
        self.seen += int(valid.sum())
        if self.cover.breaks is not None:
            index = np.searchsorted(np.array(self.cover.breaks), values, side="right")
            return np.where(valid, index, NONE).astype(self.dtype)
        place = np.minimum(np.searchsorted(self.listed, values), len(self.listed) - 1)
        known = self.listed[place] == values
        unknown = valid & ~known
        rest = NONE if self.cover.other is None else len(self.names) - 1
        if rest == NONE and unknown.any():
            numbers, counts = np.unique(values[unknown], return_counts=True)
            for number, cells in zip(numbers.tolist(), counts.tolist(), strict=True):
                self.missing[number] = self.missing.get(number, 0) + cells
        return np.where(valid, np.where(known, place, rest), NONE).astype(self.dtype)

    def find_problem(self) -> str | None:
        """The classes that have no speed, with the share of the map of each; None if all have one."""
        if not self.missing:
            return None
        by_share = sorted(self.missing.items(), key=lambda item: (-item[1], item[0]))
        shares = [f"{number:.12g} ({percent(cells / self.seen)} of the map)" for number, cells in by_share[:LISTED]]
        more = f" and {len(by_share) - LISTED:,} more" if len(by_share) > LISTED else ""
        what = "the class" if len(by_share) == 1 else f"the {len(by_share):,} classes"
        example = f"{by_share[0][0]:.12g}: 1.0"
        remedy = f"add {example}{', ...' if len(by_share) > 1 else ''}, or other: 1.0 for all that are not listed"
        if any(number != int(number) if math.isfinite(number) else True for number in self.missing):
            remedy = "values that are no whole numbers need breaks, such as breaks: [-0.1, 0.1]"
        return f"has no speed for {what} {', '.join(shares)}{more}: {remedy}"

    def to_speeds(self, index: np.ndarray) -> np.ndarray:
        """The speed of each cell by the index of its class, m/s, NaN where blocked."""
        return np.asarray(self.unit * np.array([*self.speeds, self.cover.voids])[index])  # -1 is the last

    def to_zones(self, classes: np.ndarray) -> Zones:
        speeds = tuple(self.unit * speed for speed in self.speeds)
        return Zones(classes, tuple(self.keys), tuple(self.names), tuple(self.colors), speeds)


def most_common(index: np.ndarray) -> np.ndarray:
    """The most common number among the samples of each cell, the smallest of those that are equally common.

    index: shape (samples, rows, cols). Returns shape (rows, cols).
    """
    if len(index) == 1:
        return np.asarray(index[0])
    best, most = np.zeros_like(index[0]), np.zeros(index.shape[1:], np.int32)
    for number in np.unique(index):
        found = (index == number).sum(axis=0, dtype=np.int32)
        best, most = np.where(found > most, number, best), np.maximum(found, most)
    return np.asarray(best)
