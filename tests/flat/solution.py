"""The straight line."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from terrain_cli.contract import Route
from tests.flat.scenario import FlatScenario


class FlatSolution(NamedTuple):
    """How a scenario of even ground was solved."""

    scenario: FlatScenario
    routes: tuple[Route, ...]
    status: str = "converged"
    message: str = "Exact: the straight line."
    iterations: int = 0

    @property
    def route(self) -> Route:
        return self.routes[0]

    @property
    def time(self) -> float:
        return self.routes[0].time

    @property
    def remarks(self) -> tuple[str, ...]:
        return ()

    def to_json(self) -> dict[str, Any]:
        return {"version": 1, "scenario": self.scenario.name, "kind": "flat", "status": self.status, "time": self.time}

    def to_rows(self) -> Iterator[Sequence[object]]:
        yield ["x", "y"]
        yield from self.routes[0].points.tolist()

    def to_features(self) -> list[dict[str, Any]]:
        geometry = {"type": "LineString", "coordinates": self.routes[0].points.tolist()}
        return [{"type": "Feature", "properties": {"time": self.time}, "geometry": geometry}]


def read(scenario: FlatScenario) -> float:
    return scenario.flat.speed


def solve(
    scenario: FlatScenario,
    ground: float | None = None,
    *,
    watch: Callable[[Any], None] | None = None,
    report: Callable[[str], None] | None = None,
) -> FlatSolution:
    distance = math.dist(scenario.start, scenario.goal)
    time = distance / (ground or read(scenario))
    if watch:
        watch(time)
    return FlatSolution(scenario, (Route(np.array([scenario.start, scenario.goal]), time, distance, time),))
