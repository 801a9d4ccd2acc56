"""What the terminal shows of a sweep of a map: the columns of its table and the counts below it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from terrain_cli.text import number, percent

if TYPE_CHECKING:
    from terrain_cli.maps.scenario import MapScenario
    from terrain_cli.maps.sweep import Parameter
    from terrain_cli.show.maps.sweep_figure import Picture as SweepPicture

STATUS = "status"
ENDED = {
    "converged": "converged",
    "no route": "without a route",
    "misplaced": "with an end outside or in blocked ground",
}


def heads(scenario: "MapScenario") -> Sequence[str]:
    units = scenario.units
    return (f"time ({units.time})", f"distance ({units.length})", f"straight ({units.time})", "saved")


def cells(point: Mapping[str, Any]) -> Sequence[str]:
    missing = "-" if point["time"] is None else "blocked"
    results = (point[key] for key in ("time", "distance", "straight_time"))
    saved = "-" if point["saved"] is None else percent(max(point["saved"], 0.0))
    return (*(missing if value is None else number(value) for value in results), saved)


def is_judged(scenario: "MapScenario") -> bool:
    return True


def is_better(point: Mapping[str, Any], best: Mapping[str, Any] | None, options: Mapping[str, Any]) -> bool:
    return point["time"] is not None and (best is None or bool(point["time"] < best["time"]))


def explain(options: Mapping[str, Any]) -> str:
    return ""


def describe_best(best: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    return ""


def conclude(scenario: "MapScenario", varied: Mapping[str, Sequence[float]]) -> str:
    return ""


def Picture(  # noqa: N802  stands for the class, whose module imports matplotlib
    scenario: "MapScenario", parameters: "Sequence[Parameter]", varied: Mapping[str, Sequence[float]]
) -> "SweepPicture":
    from terrain_cli.show.maps.sweep_figure import Picture as SweepPicture

    return SweepPicture(scenario, parameters, varied)
