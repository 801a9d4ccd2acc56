"""Which kinds of terrain there are: the one place that knows. Their modules are named here and imported when they are used.

A kind is a package with one module for each task, and a package of the same shape in show/ for what people look at:

    scenario       what the user may write (no JAX)               show: terminal   rows, summary, a line of an overview
    solution       read, solve                                    show: figure     figures of a solution
    record         what `terrain check` compares                  show: sweep      columns of a sweep and its picture
    sweep          its numbers by name, and many at once
    questions/     what can be asked of a solution
    starter.yaml   what `terrain new` writes

modules.py says what each must define. Modules that only some kinds have (show.animation, report, graph, exports) are reached by
`has` and `find`.
"""

from collections.abc import Collection
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast, overload

from terrain_cli.errors import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from terrain_cli.contract import Question, Scenario, Solution
    from terrain_cli.maps.scenario import MapScenario
    from terrain_cli.maps.solution import MapSolution
    from terrain_cli.modules import (
        FigureModule,
        RecordModule,
        ScenarioModule,
        SolutionModule,
        SweepModule,
        SweepShowModule,
        TerminalModule,
    )
    from terrain_cli.strips.scenario import StripsScenario
    from terrain_cli.strips.solution import StripsSolution


class Kind(NamedTuple):
    """A kind of terrain.

    key: the key that every such scenario has; keys: all that no other kind has. plural: for sentences. package, show:
    where its modules are. figures: what `terrain plot` can draw, the default first. flag: help of its flag of `terrain new`.
    """

    name: str
    key: str
    keys: tuple[str, ...]
    plural: str
    package: str
    show: str
    figures: tuple[str, ...]
    flag: str = ""

    @property
    def starter(self) -> str:
        """A commented scenario, in which FILE stands for its path."""
        [folder] = import_module(self.package).__path__
        return Path(folder, "starter.yaml").read_text(encoding="utf-8")

    @property
    def scenario(self) -> "ScenarioModule":
        return cast("ScenarioModule", import_module(f"{self.package}.scenario"))

    @property
    def solution(self) -> "SolutionModule":
        return cast("SolutionModule", import_module(f"{self.package}.solution"))

    @property
    def record(self) -> "RecordModule":
        return cast("RecordModule", import_module(f"{self.package}.record"))

    @property
    def sweep(self) -> "SweepModule":
        return cast("SweepModule", import_module(f"{self.package}.sweep"))

    @property
    def terminal(self) -> "TerminalModule":
        return cast("TerminalModule", import_module(f"{self.show}.terminal"))

    @property
    def figure(self) -> "FigureModule":
        return cast("FigureModule", import_module(f"{self.show}.figure"))

    @property
    def sweep_table(self) -> "SweepShowModule":
        return cast("SweepShowModule", import_module(f"{self.show}.sweep"))

    def find(self, module: str) -> Any:
        """A module that only some kinds have, by its name in the package or, after "show.", in the one for showing."""
        return import_module(self._name(module))

    def has(self, module: str) -> bool:
        """Whether the kind has such a module; it is not imported."""
        return find_spec(self._name(module)) is not None

    def _name(self, module: str) -> str:
        return f"{self.show if module.startswith('show.') else self.package}.{module.removeprefix('show.')}"

    @property
    def questions(self) -> "dict[str, Question]":
        """The modules of its folder `questions` by name, in their order."""
        folder = import_module(f"{self.package}.questions")
        names = [file.stem for path in folder.__path__ for file in Path(path).glob("[!_]*.py")]
        modules = [import_module(f"{folder.__name__}.{name}") for name in names]
        listed = sorted(modules, key=lambda module: module.order)
        return {module.__name__.rpartition(".")[2]: cast("Question", module) for module in listed}

    @property
    def options(self) -> set[str]:
        """The options of commands that it takes, beside those that every kind takes."""
        of_questions = {option.name for question in self.questions.values() for option in question.options}
        return {*self.scenario.OPTIONS, *of_questions}


KINDS = {
    "strips": Kind(
        name="strips",
        key="strips",
        keys=("strips", "offset", "descent"),
        plural="strips",
        package="terrain_cli.strips",
        show="terrain_cli.show.strips",
        figures=("landscape", "objective", "paths", "all"),
    ),
    "map": Kind(
        name="map",
        key="map",
        keys=("map", "start", "goal", "via", "depart"),
        plural="maps",
        package="terrain_cli.maps",
        show="terrain_cli.show.maps",
        figures=("map", "profile"),
        flag="A map, with cells of ground, instead of strips.",
    ),
}


def of(scenario: "Scenario") -> Kind:
    """The kind of a scenario. Raises TypeError if it is none."""
    kind = KINDS.get(getattr(scenario, "kind", ""))
    if kind is None:
        raise TypeError(f"scenario must be a scenario, as from load_scenario, got {shown(scenario)}")
    return kind


def recognise(keys: Collection[str]) -> Kind:
    """The kind of a scenario with these top-level keys; the first kind if they say nothing."""
    latest_first = list(reversed(KINDS.values()))
    for kind in latest_first:
        if kind.key in keys:
            return kind
    return next((kind for kind in latest_first if set(kind.keys) & set(keys)), latest_first[-1])


@overload
def solve(scenario: "StripsScenario", **settings: Any) -> "StripsSolution": ...
@overload
def solve(scenario: "MapScenario", **settings: Any) -> "MapSolution": ...
@overload
def solve(scenario: "Scenario", **settings: Any) -> "Solution": ...
def solve(scenario: "Scenario", **settings: Any) -> "Solution":
    """Solve a scenario of any kind: strips by its method of descent, a map by the fastest route to each goal.

    settings: those of `solve` in strips/solution.py (every, watch, report) or in maps/solution.py (precision, watch, report).
    Raises InputError if the scenario names a file that cannot be read, or a place outside the map or in blocked ground.

    Example:

        solution = solve(load_scenario("configs/three_strips.yaml"))
        print(solution.time, solution.message)
    """
    return of(scenario).solution.solve(scenario, **settings)


def plot(solution: "Solution", kind: str | None = None, **settings: Any) -> "Figure":
    """The figure of a solution that `terrain plot` draws, as a matplotlib figure.

    kind: "landscape" (the default), "objective", "paths" or "all" of a solution of strips; "map" of a map, or "profile" if that
    has elevation. ax: an `Axes` to draw into, for kinds of one panel. axes, held: as in `survey`. Raises ValueError for a kind
    that the solution does not have.

    Example:

        figure = plot(solve(load_scenario("configs/three_strips.yaml")), kind="paths")
        print(figure.axes[0].get_xlabel())
    """
    if not hasattr(solution, "scenario"):
        raise TypeError(f"solution must be a solution, as from solve, got {shown(solution)}")
    own = of(solution.scenario)
    if kind is None:
        kind = own.figures[0]
    if kind not in own.figures:
        raise ValueError(f"kind must be one of {', '.join(own.figures)} for {own.plural}, got {kind!r}")
    if settings.get("ax") is not None and not hasattr(settings["ax"], "get_figure"):
        raise TypeError(f"ax must be an Axes of matplotlib, got {shown(settings['ax'])}")
    from terrain_cli.show.style import lay_out

    figure = own.figure.plot(solution, kind, **settings)
    if settings.get("ax") is None:
        lay_out(figure)
    return figure
