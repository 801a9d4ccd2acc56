"""A sweep over strips: the numbers of a scenario by name, and the result for every combination of their values.

The descents themselves run many at a time (batched_descent.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from terrain_cli.files import plain
from terrain_cli.strips.parameter import Parameter as Parameter
from terrain_cli.strips.scenario import StripsScenario

RESULTS = ("time", "optimum", "gap", "iterations", "reached", "status")
MOST = 2  # numbers that a picture can show
WITHIN = 1e-4


def find_points(
    scenario: StripsScenario, varied: Mapping[str, Sequence[float]], options: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Solve the strips for all combinations of the values in `varied`, the last of its numbers changing fastest.

    options: `within`, how close to the optimum counts as reached, relative. Yields the values by name, and `time`, `optimum`,
    `gap`, `iterations`, `reached` (iterations until within that share of the optimum) and `status`. None stands for what is not
    finite or was never reached. Raises InputError for a name or value that the scenario cannot have.
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
    """What the JSON document says of the whole sweep: `within`, and the `cliff` if only the step varies."""
    cliff = find_cliff(scenario, varied)
    return {"within": options.get("within") or WITHIN} | ({"cliff": cliff} if cliff is not None else {})


def find_cliff(scenario: StripsScenario, varied: Mapping[str, Sequence[float]]) -> float | None:
    """The step from which on no descent converges, if the sweep varies nothing but the step; None otherwise."""
    if list(varied) != ["descent.step"]:
        return None
    import jax

    from terrain_cli.strips.snell import find_optimum
    from terrain_cli.strips.solution import to_ground
    from terrain_cli.strips.step_size import largest_step

    plan, strips = scenario.descent, to_ground(scenario)
    return largest_step(jax.device_get(find_optimum(strips)).movements, strips, plan.method, plan.momentum)
