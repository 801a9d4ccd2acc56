"""The solution of a scenario of strips: the history of its descent, its outcome in a sentence, and its gap to the optimum."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np

from terrain_cli.contract import Route
from terrain_cli.errors import check_function, check_type
from terrain_cli.files import plain
from terrain_cli.strips.descent import Step, descend
from terrain_cli.strips.gap import find_gap
from terrain_cli.strips.ground import Strips, path_points, straight_x
from terrain_cli.strips.scenario import StripsScenario
from terrain_cli.strips.snell import Optimum, find_optimum
from terrain_cli.strips.step_size import largest_step, safe_step
from terrain_cli.text import count, html_table

CLOSE = 1e-6  # relative; the message mentions a larger gap to the optimum


@dataclass(frozen=True)
class StripsSolution:
    """The solution of a scenario of strips.

    status: "converged", "iterations" (reached the maximum number of iterations), "diverged" or "interrupted"; message: the
    same in a sentence. step: the step size; None for newton and snell. history: a `Step` for each iteration that was kept,
    the first and the last among them. straight_time: of the straight line, s. optimum: the fastest path.
    """

    scenario: StripsScenario
    status: str
    message: str
    step: float | None
    history: list[Step]
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
        """Travel time of the path, s."""
        return float(self.last.time)

    @property
    def x(self) -> np.ndarray:
        """The path: its displacement along the strips in each strip except the last, shape (n-1,), m."""
        return np.asarray(self.last.x)

    @property
    def crossings(self) -> np.ndarray:
        """Where the path meets each boundary, along the strips from the start, shape (n-1,), m."""
        return self.last.crossings

    @cached_property
    def route(self) -> Route:
        """The path as points: across the strips (x) and along them (y), from (0, 0) to the goal."""
        with np.errstate(all="ignore"):  # a path that diverged may not be finite
            points = path_points(self.x, to_ground(self.scenario))
            distance = float(np.hypot(*np.diff(points, axis=0).T).sum())
        return Route(points, self.time, distance, self.straight_time, tuple(self.history))

    @property
    def routes(self) -> tuple[Route]:
        return (self.route,)

    @property
    def gap(self) -> float:
        """Relative difference of the time to that of the optimum; 0 if rounding could have caused it."""
        return float(find_gap(self.time, float(self.optimum.time), len(self.scenario.strips)))

    @property
    def remarks(self) -> tuple[str, ...]:
        """None: nothing was read that needs one."""
        return ()

    def to_json(self) -> dict[str, Any]:
        """The solution as plain data for `json.dumps`; None for a number that is not finite."""
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

    def to_rows(self) -> Iterator[Sequence[object]]:
        """The history of the descent: a row for each iteration."""
        numbers = range(1, len(self.x) + 1)
        columns = [f"x_{i}" for i in numbers] + [f"crossing_{i}" for i in numbers]
        yield ["iteration", *columns, "time", "gradient_norm"]
        for step in self.history:
            yield [step.iteration, *step.x.tolist(), *step.crossings.tolist(), step.time, step.gradient_norm]

    def to_features(self) -> list[dict[str, Any]]:
        """The path as a GeoJSON line."""
        properties = {"scenario": self.scenario.name, "role": "route", "time": plain(self.time)}
        geometry = {"type": "LineString", "coordinates": plain(self.route.points)}
        return [{"type": "Feature", "properties": properties, "geometry": geometry}]

    def __repr__(self) -> str:
        return f"StripsSolution({self.scenario.name!r}, {self.status}, time={self.time:.6f} {self.scenario.units.time})"

    def _repr_html_(self) -> str:
        """A small table for notebooks."""
        units = self.scenario.units
        compared = f"straight line {self.straight_time:.6f}, optimum {self.optimum.time:.6f}"
        crossings = ", ".join(f"{crossing:.6g}" for crossing in self.crossings[:12]) + (
            " ..." if len(self.x) > 12 else ""
        )
        return html_table(
            self.scenario.name,
            [
                ("status", self.message),
                ("time", f"{self.time:.6f} {units.time} ({compared})"),
                ("crossings", f"{crossings} {units.length}"),
            ],
        )


def to_ground(scenario: StripsScenario) -> Strips:
    """The arrays of a scenario, which is all that compiled code needs of it."""
    return Strips(widths=scenario.widths, speeds=scenario.speeds, offset=scenario.offset)


read = to_ground  # of strips nothing needs to be read


def solve(
    scenario: StripsScenario,
    ground: Strips | None = None,
    *,
    every: int | None = None,
    watch: Callable[[Step], None] | None = None,
    report: Callable[[str], None] | None = None,
) -> StripsSolution:
    """Solve a scenario of strips by its method of descent, and compare the result with the exact optimum.

    ground: its arrays, if they exist already. every: keep every `every`-th iteration in the history; by default all, fewer
    beyond 1,024. watch: called with each `Step` as it is computed. report: otherwise called with a few words on how far it is. A
    KeyboardInterrupt ends the descent; the solution then has the status "interrupted".

    Example:

        solution = solve(load_strips("configs/three_strips.yaml"))
        print(solution.time, solution.message)
    """
    check_type(scenario, StripsScenario, "scenario", "a StripsScenario, as from load_strips")
    for name, function in ("watch", watch), ("report", report):
        if function is not None:
            check_function(function, name)
    strips = to_ground(scenario) if ground is None else ground
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
                elif report:
                    report(f"iteration {row.iteration:,}")
        except KeyboardInterrupt:
            if not history:
                raise
    status = history[-1].status or "interrupted"
    solution = StripsSolution(scenario, status, "", step, history, straight_time, optimum)
    object.__setattr__(solution, "message", explain(solution, strips))
    return solution


def explain(solution: StripsSolution, strips: Strips) -> str:
    """The outcome in a sentence, with the gap to the optimum and how to close it, or a step that converges."""
    plan, last, gap = solution.scenario.descent, solution.last, solution.gap
    if plan.method == "snell":
        return "Exact: sin(angle)/speed is the same in every strip."
    if solution.status == "diverged":
        return _explain_divergence(solution, strips)
    ended = {"converged": "Converged", "iterations": "Stopped", "interrupted": "Interrupted"}[solution.status]
    outcome = f"{ended} after {count(last.iteration, 'iteration')}"
    if gap <= CLOSE:
        return f"{outcome}."
    if solution.status == "converged":
        remedy = f"A tolerance below {plan.tolerance:g}"
    else:
        more = _iterations_left(solution)
        remedy = f"About {more:,} more iterations" if more else "More iterations"
    return f"{outcome}, {100 * gap:.2g} % above the optimum. {remedy} would close the gap, or use --method snell."


def _explain_divergence(solution: StripsSolution, strips: Strips) -> str:
    method, last = solution.scenario.descent.method, solution.last
    if math.isfinite(last.time) and np.all(np.isfinite(last.x)):
        what = f"since iteration {last.best} the path has bounced from side to side without getting closer"
    else:
        what = f"at iteration {last.iteration} the time is no longer a finite number"
    if solution.step is None:
        return f"Diverged: {what}. Use --method snell."
    safe = float(safe_step(strips, method))
    remedy = f"Step {safe:.3g} would converge"
    limit = largest_step(solution.optimum.movements, strips, method, solution.scenario.descent.momentum)
    if limit is not None:
        remedy += f"; no step of {limit:.4g} or more converges"
    return f"Diverged with step {solution.step:g}: {what}. {remedy}."


def _iterations_left(solution: StripsSolution) -> int | None:
    """An estimate of the iterations until the gap is `CLOSE`: it shrinks with the square of the gradient. None if unknown."""
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
