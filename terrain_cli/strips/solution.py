"""The answer to a scenario: where the descent went, how it ended in a sentence, and how far that is from the optimum."""

import html
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

import jax
import numpy as np

from terrain_cli.files import plain as plain
from terrain_cli.maps.scenario import MapScenario
from terrain_cli.scenario.load import Scenario
from terrain_cli.strips.descent import Step, descend
from terrain_cli.strips.ground import Strips, straight_x
from terrain_cli.strips.snell import Optimum, find_optimum
from terrain_cli.strips.step_size import largest_step, safe_step

if TYPE_CHECKING:
    from terrain_cli.maps.solution import MapSolution

CLOSE = 1e-6  # relative; a larger gap to the optimum is worth a remark


@dataclass(frozen=True)
class Solution:
    """How a scenario was solved.

    scenario: what was asked. status: "converged", "iterations" (ran out of them), "diverged" or "interrupted"; message says it
    in a sentence. step: the one used; None for newton and snell. history: a `Step` for each iteration that was kept, the
    first and the last among them. straight_time: of the straight line, s. optimum: the fastest path there is.
    """

    scenario: Scenario
    status: str
    message: str
    step: float | None
    history: list[Step] = field(repr=False)
    straight_time: float
    optimum: Optimum

    @property
    def last(self) -> Step:
        return self.history[-1]

    @property
    def iterations(self) -> int:
        return int(self.last.iteration)

    @property
    def time(self) -> float:
        """Travel time of the path that was found, s."""
        return float(self.last.time)

    @property
    def x(self) -> np.ndarray:
        """The path that was found: movement along the strips inside each strip but the last, shape (n-1,), m."""
        return np.asarray(self.last.x)

    @property
    def crossings(self) -> np.ndarray:
        """Where the path that was found meets each boundary, shape (n-1,), m."""
        return self.last.crossings

    @property
    def gap(self) -> float:
        """How much longer than the optimum, relative; 0 where it is smaller than rounding can tell."""
        gap = self.time / float(self.optimum.time) - 1
        return 0.0 if abs(gap) < 1e-15 * math.sqrt(len(self.scenario.strips)) else gap

    def to_json(self) -> dict[str, Any]:
        """The solution as plain data for `json.dumps`; what is not finite is None."""
        scenario = self.scenario
        document = {
            "version": 1,
            "scenario": scenario.name,
            "file": scenario.file,
            "method": scenario.descent.method,
            "status": self.status,
            "message": self.message,
            "units": {"length": scenario.units.length, "time": scenario.units.time},
            "step": self.step,
            "iterations": self.iterations,
            "time": self.time,
            "x": self.x,
            "crossings": self.crossings,
            "straight_time": self.straight_time,
            "optimum": {"time": float(self.optimum.time), "x": self.optimum.x, "crossings": self.optimum.crossings},
            "gap": self.gap,
            "history": [
                {
                    "iteration": s.iteration,
                    "x": s.x,
                    "crossings": s.crossings,
                    "time": s.time,
                    "gradient_norm": s.gradient_norm,
                }
                for s in self.history
            ],
        }
        if scenario.descent.method == "snell":
            document["ray"] = self.optimum.ray
        return {key: plain(value) for key, value in document.items()}

    def _repr_html_(self) -> str:
        """A small table for notebooks."""
        units = self.scenario.units
        rows = [
            ("status", self.message),
            (
                "time",
                f"{self.time:.6f} {units.time} (straight line {self.straight_time:.6f}, optimum {self.optimum.time:.6f})",
            ),
            (
                "crossings",
                ", ".join(f"{crossing:.6g}" for crossing in self.crossings[:12])
                + (" ..." if len(self.x) > 12 else "")
                + f" {units.length}",
            ),
        ]
        body = "".join(
            f"<tr><th style='text-align:left'>{key}</th><td style='text-align:left'>{html.escape(text)}</td></tr>"
            for key, text in rows
        )
        return f"<table><caption>{html.escape(self.scenario.name)}</caption>{body}</table>"


def to_strips(scenario: Scenario) -> Strips:
    """The arrays of a scenario: all of it that enters compiled code."""
    return Strips(widths=scenario.widths, speeds=scenario.speeds, offset=scenario.offset)


@overload
def solve(scenario: Scenario, *, every: int | None = ..., watch: Callable[[Step], None] | None = ...) -> Solution: ...
@overload
def solve(scenario: MapScenario) -> "MapSolution": ...
@overload
def solve(scenario: Scenario | MapScenario) -> "Solution | MapSolution": ...
def solve(
    scenario: Scenario | MapScenario, *, every: int | None = None, watch: Callable[[Step], None] | None = None
) -> "Solution | MapSolution":
    """Solve a scenario by its own method of descent, and compare with the exact optimum; or a map scenario, by `solve_map`.

    every: keep so many-th iterations in the history (missing: all, thinned out beyond 1,024). watch: is called with each
    `Step` as it is computed. A KeyboardInterrupt ends the descent; the solution then has the status "interrupted".

    Example:

        solution = solve(load_scenario("configs/three_strips.yaml"))
        print(solution.time, solution.message)
    """
    if isinstance(scenario, MapScenario):
        from terrain_cli.maps.solution import solve_map

        return solve_map(scenario)
    strips = to_strips(scenario)
    plan = scenario.descent
    optimum = jax.device_get(find_optimum(strips))
    across = strips.widths.sum()
    straight_time = float(np.hypot(strips.offset, across) / across * (strips.widths / strips.speeds).sum())

    history: list[Step] = []
    step = None
    if plan.method == "snell":
        history.append(Step(0, optimum.x, float(optimum.time), 0.0, "converged"))
    else:
        initial = straight_x(strips) if plan.initial is None else np.array(plan.initial)
        if plan.method != "newton":
            step = plan.step if plan.step is not None else float(safe_step(strips, plan.method))
        settings = plan.model_dump(exclude={"method", "initial", "step"})
        try:
            for row in descend(initial, strips, plan.method, step=step, every=every, **settings):
                history.append(row)
                if watch:
                    watch(row)
        except KeyboardInterrupt:
            if not history:
                raise
    status = history[-1].status or "interrupted"
    solution = Solution(scenario, status, "", step, history, straight_time, optimum)
    object.__setattr__(solution, "message", explain(solution, strips))
    return solution


def explain(solution: Solution, strips: Strips) -> str:
    """The verdict in a sentence, and where something is left to do, what would do it."""
    plan, last, gap = solution.scenario.descent, solution.last, solution.gap
    if plan.method == "snell":
        return "Exact: sin(angle)/speed is the same in every strip."
    if solution.status == "diverged":
        return _explain_divergence(solution, strips)
    said = {
        "converged": f"Converged after {_count(last.iteration, 'iteration')}.",
        "iterations": f"Used up its {_count(last.iteration, 'iteration')}.",
        "interrupted": f"Interrupted after {_count(last.iteration, 'iteration')}.",
    }[solution.status]
    if gap <= CLOSE:
        return said
    if solution.status == "converged":
        cure = f"a tolerance below {plan.tolerance:g} would close that, or --method snell"
    else:
        more = _iterations_left(solution)
        cure = f"{f'about {more:,} more iterations' if more else 'more iterations'} would close that, or --method snell"
    return f"{said} The time is {100 * gap:.2g} % above the optimum: {cure}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _explain_divergence(solution: Solution, strips: Strips) -> str:
    method, last = solution.scenario.descent.method, solution.last
    if math.isfinite(last.time) and np.all(np.isfinite(last.x)):
        what = f"since iteration {last.best} the path bounces from side to side and gets no closer"
    else:
        what = f"at iteration {last.iteration} the time is no longer a finite number"
    if solution.step is None:
        return f"Diverged: {what}. --method snell has the answer."
    safe = float(safe_step(strips, method))
    cure = f"Step {safe:.3g} would work"
    limit = largest_step(solution.optimum.movements, strips, method, solution.scenario.descent.momentum)
    if limit is not None:
        cure += f"; from {limit:.4g} on none can settle"
    return f"Diverged with step {solution.step:g}: {what}. {cure}."


def _iterations_left(solution: Solution) -> int | None:
    """A guess at how many more iterations take the gap to a millionth: it shrinks like the square of the gradient."""
    if solution.scenario.descent.method != "gradient" or len(solution.history) < 2:
        return None
    before, last = solution.history[-2:]
    if not 0 < last.gradient_norm < before.gradient_norm:
        return None
    rate = math.log(last.gradient_norm / before.gradient_norm) / (last.iteration - before.iteration)
    left = math.log(CLOSE / solution.gap) / (2 * rate)
    if not left < 1e9:
        return None
    digit = int(10 ** math.floor(math.log10(max(left, 1))))
    return int(math.ceil(left / digit) * digit)
