"""terrain: the fastest path across ground that is slow here and fast there, by differentiable programming.

The public names are imported when they are first used: `import terrain_cli` alone loads neither JAX nor pydantic.
The first use of a numerical one switches JAX to 64-bit floats (docs/decisions/0001-float64.md).

Example:

    from terrain_cli import load_scenario, solve

    solution = solve(load_scenario("configs/three_strips.yaml"))
    print(solution.time)
"""

TYPE_CHECKING = False  # as in `typing`, which every start of `terrain` would import before it hears signals
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"

_HOME = {
    "Ground": "maps.ground",
    "InputError": "errors",
    "MapScenario": "maps.scenario",
    "MapSolution": "maps.solution",
    "Method": "strips.descent",
    "Route": "contract",
    "Scenario": "contract",
    "Sensitivity": "strips.sensitivity",
    "Solution": "contract",
    "Step": "strips.descent",
    "Strips": "strips.ground",
    "StripsScenario": "strips.scenario",
    "StripsSolution": "strips.solution",
    "arrival_times": "maps.fields.arrival",
    "best_time": "strips.snell",
    "calc_time": "strips.ground",
    "descend": "strips.descent",
    "find_hessian": "strips.sensitivity",
    "find_optimum": "strips.snell",
    "find_route": "maps.routes.search",
    "find_sensitivities": "strips.batched",
    "find_sensitivity": "strips.sensitivity",
    "load_map": "scenario.load",
    "load_scenario": "scenario.load",
    "load_strips": "scenario.load",
    "plot": "kinds",
    "remaining_times": "maps.fields.arrival",
    "solve": "kinds",
    "solve_many": "strips.batched",
    "time_uncertainty": "strips.sensitivity",
}

if TYPE_CHECKING:
    from terrain_cli.contract import Route, Scenario, Solution
    from terrain_cli.errors import InputError
    from terrain_cli.kinds import plot, solve
    from terrain_cli.maps.fields.arrival import arrival_times, remaining_times
    from terrain_cli.maps.ground import Ground
    from terrain_cli.maps.routes.search import find_route
    from terrain_cli.maps.scenario import MapScenario
    from terrain_cli.maps.solution import MapSolution
    from terrain_cli.scenario.load import load_map, load_scenario, load_strips
    from terrain_cli.strips.batched import find_sensitivities, solve_many
    from terrain_cli.strips.descent import Method, Step, descend
    from terrain_cli.strips.ground import Strips, calc_time
    from terrain_cli.strips.scenario import StripsScenario
    from terrain_cli.strips.sensitivity import Sensitivity, find_hessian, find_sensitivity, time_uncertainty
    from terrain_cli.strips.snell import best_time, find_optimum
    from terrain_cli.strips.solution import StripsSolution

__all__ = [
    "Ground",
    "InputError",
    "MapScenario",
    "MapSolution",
    "Method",
    "Route",
    "Scenario",
    "Sensitivity",
    "Solution",
    "Step",
    "Strips",
    "StripsScenario",
    "StripsSolution",
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
    "load_map",
    "load_scenario",
    "load_strips",
    "plot",
    "remaining_times",
    "solve",
    "solve_many",
    "time_uncertainty",
]


def __getattr__(name: str) -> "Any":
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
