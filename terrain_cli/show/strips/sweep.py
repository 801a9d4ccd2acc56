"""What the terminal shows of a sweep over strips: the columns of its table and the summary below it."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from terrain_cli.strips.sweep import WITHIN, find_cliff
from terrain_cli.text import count, number, percent

if TYPE_CHECKING:
    from terrain_cli.show.strips.sweep_figure import Picture as SweepPicture
    from terrain_cli.strips.scenario import StripsScenario
    from terrain_cli.strips.sweep import Parameter

STATUS = "verdict"
ENDED = {"converged": "converged", "diverged": "diverged", "iterations": "ran out of iterations"}


def heads(scenario: "StripsScenario") -> Sequence[str]:
    return (f"time ({scenario.units.time})", *(("gap", "reached") if is_judged(scenario) else ()))


def cells(point: Mapping[str, Any]) -> Sequence[str]:
    return (
        "-" if point["time"] is None else number(point["time"]),
        "-" if point["gap"] is None else percent(point["gap"]),
        "-" if point["reached"] is None else f"{point['reached']:,}",
    )


def is_judged(scenario: "StripsScenario") -> bool:
    """Snell's law gives the exact answer of every point."""
    return scenario.descent.method != "snell"


def is_better(point: Mapping[str, Any], best: Mapping[str, Any] | None, options: Mapping[str, Any]) -> bool:
    """Compare the times or, if these are about equal, the iterations needed to come close to the optimum."""
    if best is None or point["status"] == "diverged":
        return bool(point["status"] != "diverged")
    if abs(point["time"] - best["time"]) > (options.get("within") or WITHIN) * best["time"]:
        return bool(point["time"] < best["time"])
    waits = [math.inf if p["reached"] is None else p["reached"] for p in (point, best)]
    return bool((waits[0], point["time"]) < (waits[1], best["time"]))


def explain(options: Mapping[str, Any]) -> str:
    return f"reached: iterations until within {percent(options.get('within') or WITHIN)} of the optimum"


def describe_best(best: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    within = percent(options.get("within") or WITHIN)
    waited = f", within {within} after {count(best['reached'], 'iteration')}" if best["reached"] else ""
    return f", {percent(best['gap'])} above the optimum{waited}"


def conclude(scenario: "StripsScenario", varied: Mapping[str, Sequence[float]]) -> str:
    cliff = find_cliff(scenario, varied)
    if cliff is None:
        return ""
    return f"cliff: no step of {cliff:.4g} or more converges (2/largest curvature at the optimum)"


def Picture(  # noqa: N802  stands for the class, whose module imports matplotlib
    scenario: "StripsScenario", parameters: "Sequence[Parameter]", varied: Mapping[str, Sequence[float]]
) -> "SweepPicture":
    from terrain_cli.show.strips.sweep_figure import Picture as SweepPicture

    return SweepPicture(scenario, parameters, varied)
