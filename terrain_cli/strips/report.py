"""The contents of a report: the solution of a scenario, and those with other steps and by the other methods.

Everything is computed here; the page (show/strips/report.py) shows it.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from terrain_cli.autodiff.graph import Node
from terrain_cli.errors import InputError
from terrain_cli.strips.descent import METHODS
from terrain_cli.strips.graph import time_graph
from terrain_cli.strips.landscape import Landscape, survey
from terrain_cli.strips.scenario import OWN_SETTINGS, StripsScenario, with_descent
from terrain_cli.strips.sensitivity import Sensitivity, find_sensitivity
from terrain_cli.strips.solution import StripsSolution, solve, to_ground
from terrain_cli.strips.step_size import largest_step, safe_step

STEPS = {"gradient": 24, "momentum": 8}  # most steps of a sweep
MANY = 12  # strips; beyond this a sweep has half as many steps
BEYOND = 1.45  # the largest step of a sweep, as a multiple of the cliff
NEAR = 1.15  # the figures are scaled to descents with steps up to this multiple of the cliff
STRIPS = 5000  # of a report; each of its runs has a path across all of them
TREE = 100  # largest number of strips with an expression tree


@dataclass(frozen=True)
class Report:
    """The contents of a report.

    asked: the solution of the scenario itself. runs: solutions by method, in ascending order of their steps; `asked` is among
    them. cliffs: by method, the step from which on no descent converges, for the methods that have one. landscape: around
    the descents; None for a single strip, which has no unknowns. sensitivity: of the best time. tree: of the travel time;
    None for more than `TREE` strips.
    """

    asked: StripsSolution
    runs: dict[str, list[StripsSolution]]
    cliffs: dict[str, float]
    landscape: Landscape | None
    sensitivity: Sensitivity
    tree: Node | None

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the computation, so that some runs are missing."""
        return any(run.status == "interrupted" for runs in self.runs.values() for run in runs)

    @property
    def near(self) -> list[StripsSolution]:
        """The runs to which the figures are scaled: see `near_runs`."""
        return near_runs(self.asked, self.runs, self.cliffs)


def gather(
    asked: StripsSolution,
    axes: tuple[int, ...] | None = None,
    held: bool = False,
    watch: Callable[[str], None] | None = None,
) -> Report:
    """The contents of a report about a solution.

    axes, held: as in `survey`; the default axes are the first two unknowns, or the only one. watch: called with a description
    of each run before it starts. After a KeyboardInterrupt, the report has the runs up to then. Raises InputError for more than
    `STRIPS` strips.

    Example:

        report = gather(solve(load_scenario("configs/three_strips.yaml")))
        print(report.cliffs, [run.step for run in report.runs["gradient"]])
    """
    scenario = asked.scenario
    if len(scenario.strips) > STRIPS:
        raise InputError(
            f"{scenario.source.label}: has {len(scenario.strips):,} strips: a report shows at most {STRIPS:,}: cut it down to "
            "the strips that matter, or draw it with terrain plot"
        )
    strips, unknowns = to_ground(scenario), len(scenario.strips) - 1
    cliffs = find_cliffs(asked) if unknowns else {}
    runs: dict[str, list[StripsSolution]] = {scenario.descent.method: [asked]}
    if unknowns and asked.status != "interrupted":
        for variant in vary(asked, cliffs):
            method, step = variant.descent.method, variant.descent.step
            if watch:
                watch(f"method {method}" + (f", step {step:g}" if step is not None and method != "snell" else ""))
            runs.setdefault(method, []).append(run := solve(variant))
            if run.status == "interrupted":
                break
    # In the usual order of the methods, and by step.
    runs = {name: sorted(runs[name], key=lambda run: run.step or 0.0) for name in OWN_SETTINGS if name in runs}
    landscape = None
    if unknowns:
        # The landscape covers every path of these runs.
        rows = [row for run in near_runs(asked, runs, cliffs) for row in run.history]
        landscape = survey(
            replace(asked, history=[*rows, *asked.history]), axes or tuple(range(min(2, unknowns))), held
        )
    tree = None
    if len(scenario.strips) <= TREE:
        tree = time_graph(asked.history[0].x, strips, [strip.name or "" for strip in scenario.strips])
    return Report(asked, runs, cliffs, landscape, find_sensitivity(strips), tree)


def near_runs(
    asked: StripsSolution, runs: dict[str, list[StripsSolution]], cliffs: dict[str, float]
) -> list[StripsSolution]:
    """The runs by the method of `asked` with steps up to `NEAR` times its cliff, and `asked` itself."""
    method = asked.scenario.descent.method
    limit = NEAR * cliffs.get(method, 0.0)
    return [run for run in runs[method] if run is asked or (run.step is not None and run.step <= limit)]


def find_cliffs(asked: StripsSolution) -> dict[str, float]:
    """The step from which on no descent converges, by method, for the methods that have one."""
    cliffs = {}
    for method in METHODS:
        variant = with_descent(asked.scenario, method=method)
        along = asked.optimum.movements
        cliffs[method] = largest_step(along, to_ground(variant), method, variant.descent.momentum)
    return {method: cliff for method, cliff in cliffs.items() if cliff is not None}


def vary(asked: StripsSolution, cliffs: dict[str, float]) -> Iterator[StripsScenario]:
    """The scenario with other steps and other methods."""
    plan = asked.scenario.descent
    for method in OWN_SETTINGS:
        variant = with_descent(asked.scenario, method=method)
        if method in ("newton", "snell"):  # which need no step
            if method != plan.method:
                yield variant
            continue
        if method in cliffs:
            count = STEPS[method] // (2 if len(variant.strips) > MANY else 1)
            steps = even_steps(BEYOND * cliffs[method], count)
        else:
            steps = round_steps(float(safe_step(to_ground(variant), method)))
        own = asked.step if method == plan.method else None
        for step in steps:
            if own is None or not math.isclose(step, own, rel_tol=1e-9):
                yield with_descent(variant, step=step)


def even_steps(end: float, count: int) -> list[float]:
    """At most `count` multiples of a round number, up to `end`: 0.25, 0.5, 0.75, ..."""
    power = 10.0 ** math.floor(math.log10(end / count))
    apart = next(power * digit for digit in (1, 2, 2.5, 5, 10) if end <= count * power * digit * (1 + 1e-9))
    return [float(f"{apart * i:.12g}") for i in range(1, int(end / apart * (1 + 1e-9)) + 1)]


def round_steps(around: float) -> list[float]:
    """The numbers 1, 2 and 5 times a power of ten from a quarter of `around` to 32 times `around`."""
    powers = range(math.floor(math.log10(around)) - 1, math.floor(math.log10(around)) + 3)
    steps = [float(f"{digit}e{power}") for power in powers for digit in (1, 2, 5)]
    return [step for step in steps if around / 4 <= step <= 32 * around]
