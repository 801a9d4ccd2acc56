"""A sweep over even ground."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from terrain_cli.show.figure import new_figure
from tests.flat.scenario import FlatScenario

STATUS = "status"
ENDED = {"converged": "solved"}


def heads(scenario: FlatScenario) -> Sequence[str]:
    return ("time",)


def cells(point: Mapping[str, Any]) -> Sequence[str]:
    return (f"{point['time']:g}",)


def is_judged(scenario: FlatScenario) -> bool:
    return True


def is_better(point: Mapping[str, Any], best: Mapping[str, Any] | None, options: Mapping[str, Any]) -> bool:
    return point["time"] is not None and (best is None or bool(point["time"] < best["time"]))


def explain(options: Mapping[str, Any]) -> str:
    return ""


def describe_best(best: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    return ""


def conclude(scenario: FlatScenario, varied: Mapping[str, Sequence[float]]) -> str:
    return ""


class Picture:
    """The times of a sweep."""

    def __init__(
        self, scenario: FlatScenario, parameters: Sequence[Any], varied: Mapping[str, Sequence[float]]
    ) -> None:
        self.times: list[float] = []

    def watch(self, points: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for point in points:
            self.times.append(point["time"])
            yield point

    def make_figure(self, best: dict[str, Any] | None) -> Figure:
        figure = new_figure((4, 3), "sweep", "")
        figure.subplots().plot(self.times)
        return figure
