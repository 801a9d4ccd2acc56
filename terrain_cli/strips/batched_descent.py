"""Batched descents: one for every value of a number, or for every combination of the values of several, by `jax.vmap`.

All points run in one compiled program that takes a fixed number of them at a time. Thus neither other values nor another
number of points require compilation, and memory does not grow with the number of points.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from terrain_cli.compile_cache import cached_jit
from terrain_cli.strips.batched import solve_many
from terrain_cli.strips.convergence import CONVERGED, ON_ITS_WAY, STATUS
from terrain_cli.strips.descent import METHODS, Descent, Settings, advance, begin
from terrain_cli.strips.ground import Strips, straight_x
from terrain_cli.strips.parameter import Parameter
from terrain_cli.strips.scenario import StripsScenario
from terrain_cli.strips.step_size import safe_step

BLOCK = 256  # points at a time, fewer for thousands of strips
EXACT_BLOCK = 4000  # for method snell, which does not descend
WORK = 2**24  # strips times iterations, after which the compiled loop returns for a moment, so that Ctrl-C is heard


class Points(NamedTuple):
    """The results of B points of a sweep over k numbers.

    values: of the varied numbers, shape (B, k). The others have shape (B,). time: of the final path, s. iterations: their
    number. reached: the number of iterations until the time was within the given fraction of the optimum; -1 if it never
    was. status: as in `StripsSolution`. optimum: the best time, s.
    """

    values: np.ndarray
    time: np.ndarray
    iterations: np.ndarray
    reached: np.ndarray
    status: np.ndarray
    optimum: np.ndarray


class _Case(NamedTuple):
    """The initial path, the strips, the settings and the best time (s) of a point of a sweep. A NaN step means the safe one."""

    x: Any
    strips: Strips
    settings: Settings
    optimum: Any


class _Descents(NamedTuple):
    """The descents of a block of points, and the iteration at which each came near its optimum, shape (B,), -1 before that."""

    descent: Descent
    reached: Any


def _begin(cases: _Case, method: str) -> _Descents:
    """The descents of all cases before iteration 0."""
    count = len(cases.optimum)
    alone = begin(cases.x[0], METHODS[method])
    descent = jax.tree.map(lambda leaf: np.repeat(np.asarray(leaf)[None], count, axis=0), alone)
    return _Descents(descent._replace(x=cases.x), np.full(count, -1))


@partial(cached_jit, static_argnames=("method",))
def _solve_block(descents: _Descents, cases: _Case, until: int, within: float, *, method: str) -> _Descents:
    """The descents at iteration `until`, or at their end if that comes first."""
    return jax.vmap(partial(_solve_case, until=until, within=within, method=method))(descents, cases)


def _solve_case(descents: _Descents, case: _Case, until: int, within: float, method: str) -> _Descents:
    """The same for one case."""
    _, strips, settings, optimum = case
    settings = settings._replace(step=jnp.where(jnp.isnan(settings.step), safe_step(strips, method), settings.step))

    def goes_on(carry: _Descents) -> Array:
        return (carry.descent.status == ON_ITS_WAY) & (carry.descent.iteration < until)

    def once(carry: _Descents) -> _Descents:
        descent = advance(carry.descent, strips, settings, METHODS[method])
        arrives = (carry.reached < 0) & (descent.time <= optimum * (1 + within))
        return _Descents(descent, jnp.where(arrives, descent.iteration, carry.reached))

    return jax.lax.while_loop(goes_on, once, descents)


def descend_batched(
    scenario: StripsScenario, varied: Mapping[str, Sequence[float]], *, within: float = 1e-4
) -> Iterator[Points]:
    """Solve the scenario for all combinations of the values in `varied`; its last number changes fastest.

    varied: values by the dotted name of a number, such as {"descent.step": [0.5, 1, 2], "strips.1.speed": [0.2, 0.4]}.
    within: the relative gap at which the optimum counts as reached. Yields `Points`, some hundreds at a time.
    Raises InputError for an unknown name or an invalid value.

    Example:

        for points in descend_batched(load_strips("configs/three_strips.yaml"), {"descent.step": [0.5, 1, 2]}):
            print(points.time)
    """
    parameters = [Parameter(scenario, name) for name in varied]
    grids = [parameter.check(values) for parameter, values in zip(parameters, varied.values(), strict=True)]
    shape = tuple(len(grid) for grid in grids)
    exact = scenario.descent.method == "snell"
    block = max(1, min(EXACT_BLOCK if exact else BLOCK, 2**21 // len(scenario.strips)))

    def points() -> Iterator[Points]:
        for first in range(0, math.prod(shape), block):
            # The last block is padded with the last point, so that all blocks have the same shape.
            index = np.minimum(np.arange(first, first + block), math.prod(shape) - 1)
            places = np.unravel_index(index, shape)
            values = np.array([[grid[i] for i in at.tolist()] for grid, at in zip(grids, places, strict=True)]).T
            cases = _cases(scenario, parameters, values)
            if exact:
                nothing = np.zeros(block, dtype=int)
                time, iterations, reached, status = cases.optimum, nothing, nothing, nothing + CONVERGED
            else:
                (descent, reached), until = _begin(cases, scenario.descent.method), -1
                while np.any(descent.status == ON_ITS_WAY):
                    until += max(1, WORK // cases.strips.widths.size)
                    solved = _solve_block(
                        _Descents(descent, reached), cases, until, within, method=scenario.descent.method
                    )
                    descent, reached = jax.device_get(solved)
                time, iterations, status = map(np.asarray, (descent.time, descent.iteration, descent.status))
            kept = slice(min(block, math.prod(shape) - first))
            names = np.array(STATUS)[status]
            yield Points(values[kept], time[kept], iterations[kept], reached[kept], names[kept], cases.optimum[kept])

    return points()


def _cases(scenario: StripsScenario, parameters: Sequence[Parameter], values: np.ndarray) -> _Case:
    """A case for each row of `values`, shape (B, k)."""
    count, plan = len(values), scenario.descent

    def repeat(value: Any) -> np.ndarray:
        return np.repeat(np.asarray(value, dtype=np.float64)[None], count, axis=0)

    fields = plan.model_dump(include=set(Settings._fields)) | {"step": math.nan if plan.step is None else plan.step}
    settings: dict[str, Any] = {name: repeat(value) for name, value in fields.items()}
    widths, speeds, offset = repeat(scenario.widths), repeat(scenario.speeds), repeat(scenario.offset)
    initial: dict[int, np.ndarray] = {}
    for parameter, column in zip(parameters, values.T, strict=True):
        match parameter.path:
            case ("strips", int(index), "width"):
                widths[:, index] = column
            case ("strips", int(index), "speed"):
                speeds[:, index] = column
            case ("offset",):
                offset = column
            case ("descent", "initial", int(index)):
                initial[index] = column
            case ("descent", str(name)):
                settings[name] = column
    strips = Strips(widths, speeds, offset)
    x = straight_x(strips) if plan.initial is None else repeat(plan.initial)
    for index, column in initial.items():
        x[:, index] = column
    return _Case(x, strips, Settings(**settings), solve_many(widths, speeds, offset).times)
