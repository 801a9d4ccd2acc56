"""Sweeps of strips: a result for every combination of the values of some numbers.

The descents themselves run in batches (batched_descent.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from terrain_cli.files import plain
from terrain_cli.strips.parameter import Parameter as Parameter
from terrain_cli.strips.scenario import StripsScenario

RESULTS = ("time", "optimum", "gap", "iterations", "reached", "status")
MOST = 2  # varied numbers that a figure can show
WITHIN = 1e-4  # relative gap at which the optimum counts as reached, by default


def find_points(
    scenario: StripsScenario, varied: Mapping[str, Sequence[float]], options: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Solve the strips for all combinations of the values in `varied`; its last number changes fastest.

    options: `within`, the relative gap at which the optimum counts as reached. Yields the values by name, and `time`, `optimum`,
    `gap`, `iterations`, `reached` (the number of iterations until that gap) and `status`; None for a number that is not finite
    and for an optimum that was never reached. Raises InputError for an unknown name or an invalid value.
    """
    from terrain_cli.strips.batched_descent import descend_batched
    from terrain_cli.strips.gap import find_gap

    for points in descend_batched(scenario, varied, within=options.get("within") or WITHIN):
        for values, time, iterations, reached, status, optimum in zip(
            *(column.tolist() for column in points), strict=True
        ):
            yield dict(zip(varied, values, strict=True)) | {
                "time": plain(time),
                "optimum": optimum,
                "gap": plain(float(find_gap(time, optimum, len(scenario.strips)))),
                "iterations": iterations,
                "reached": reached if reached >= 0 else None,
                "status": status,
            }


def describe(
    scenario: StripsScenario, varied: Mapping[str, Sequence[float]], options: Mapping[str, Any]
) -> dict[str, Any]:
    """What the JSON document contains about the whole sweep: `within`, and the `cliff` if only the step varies."""
    cliff = find_cliff(scenario, varied)
    return {"within": options.get("within") or WITHIN} | ({"cliff": cliff} if cliff is not None else {})


def find_cliff(scenario: StripsScenario, varied: Mapping[str, Sequence[float]]) -> float | None:
    """The step from which on no descent converges; None unless the step alone is varied, and for methods without one."""
    if list(varied) != ["descent.step"]:
        return None
    import jax

    from terrain_cli.strips.snell import find_optimum
    from terrain_cli.strips.solution import to_ground
    from terrain_cli.strips.step_size import largest_step

    plan, strips = scenario.descent, to_ground(scenario)
    return largest_step(jax.device_get(find_optimum(strips)).movements, strips, plan.method, plan.momentum)
