"""terrain: the fastest path across ground that is slow here and fast there, by differentiable programming.

The public names are imported when they are first used: `import terrain_cli` alone loads neither JAX nor pydantic.
The first use of a numerical one switches JAX to 64-bit floats (docs/decisions/0001-float64.md).

Example:

    from terrain_cli import load_scenario, solve

    solution = solve(load_scenario("configs/three_strips.yaml"))
    print(solution.time)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Ground": "maps.ground",
    "InputError": "errors",
    "MapScenario": "maps.scenario",
    "MapSolution": "maps.solution",
    "Route": "maps.route",
    "Scenario": "scenario",
    "Sensitivity": "sensitivity",
    "Solution": "solution",
    "Step": "descent",
    "Strips": "strips",
    "arrival_times": "maps.field",
    "best_time": "snell",
    "calc_time": "strips",
    "descend": "descent",
    "find_hessian": "sensitivity",
    "find_optimum": "snell",
    "find_route": "maps.route",
    "find_sensitivities": "many",
    "find_sensitivity": "sensitivity",
    "load_scenario": "scenario",
    "solve": "solution",
    "solve_many": "many",
    "solve_map": "maps.solution",
    "spread_of_time": "sensitivity",
}

if TYPE_CHECKING:
    from terrain_cli.descent import Step, descend
    from terrain_cli.errors import InputError
    from terrain_cli.many import find_sensitivities, solve_many
    from terrain_cli.maps.field import arrival_times
    from terrain_cli.maps.ground import Ground
    from terrain_cli.maps.route import Route, find_route
    from terrain_cli.maps.scenario import MapScenario
    from terrain_cli.maps.solution import MapSolution, solve_map
    from terrain_cli.scenario import Scenario, load_scenario
    from terrain_cli.sensitivity import Sensitivity, find_hessian, find_sensitivity, spread_of_time
    from terrain_cli.snell import best_time, find_optimum
    from terrain_cli.solution import Solution, solve
    from terrain_cli.strips import Strips, calc_time

__all__ = [
    "Ground",
    "InputError",
    "MapScenario",
    "MapSolution",
    "Route",
    "Scenario",
    "Sensitivity",
    "Solution",
    "Step",
    "Strips",
    "__version__",
    "arrival_times",
    "best_time",
    "calc_time",
    "descend",
    "find_hessian",
    "find_optimum",
    "find_route",
    "find_sensitivities",
    "find_sensitivity",
    "load_scenario",
    "solve",
    "solve_many",
    "solve_map",
    "spread_of_time",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
