"""What the modules of a kind of terrain must define; kinds.py names them.

This module is for type checkers and readers: nothing imports it to run, so that `terrain --help` starts quickly.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from terrain_cli.contract import Solution
    from terrain_cli.scenario.document import Node
    from terrain_cli.scenario.model import Model, Place, Problem, ScenarioModel


class ScenarioModule(Protocol):
    """What the user may write.

    MODEL: the pydantic model of a scenario. MODELS: the model of each mapping in it, by its path of keys. EXAMPLES: a sample
    line for each required key. CROWDED: a list so long that not all of its problems are reported, if there is one. OPTIONS: the
    options of commands that the kind accepts, besides those of its questions. SETTINGS: those among them that go to `solve`.

    A kind with the option `compare` also has `vary` here, and `label` in its figure module.
    """

    MODEL: "type[ScenarioModel]"
    MODELS: "Mapping[tuple[str, ...], type[Model]]"
    EXAMPLES: Mapping[str, str]
    CROWDED: tuple[str, ...] | None
    OPTIONS: Collection[str]
    SETTINGS: Collection[str]

    def find_problems(self, data: dict[str, Any]) -> "Iterable[Problem]":
        """Problems in the data as written that pydantic would report only once nothing else is wrong."""

    def locate(self, place: "Place", document: "Node") -> "Place":
        """The place in the file that corresponds to this place in the model."""

    def with_options(self, scenario: Any, options: Mapping[str, Any]) -> Any:
        """The scenario with what these options change, None where missing. Raises InputError."""


class SolutionModule(Protocol):
    def read(self, scenario: Any) -> Any:
        """The ground as it is read. Raises InputError with all problems of the files it reads, before JAX is imported."""

    def solve(self, scenario: Any, ground: Any = None, **settings: Any) -> "Solution":
        """settings: those of the kind, `watch` and `report`, which is called with a few words on how far it is."""


class RecordModule(Protocol):
    def make_record(self, scenario: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """What went into the scenario and what came out, as plain data."""

    def is_result(self, result: dict[str, Any]) -> bool: ...
    def find_slack(self, place: "Place", result: dict[str, Any], inputs: dict[str, Any], tolerance: float) -> float:
        """By how much the number at a place of the result may differ from the record; inf if it is not compared."""


class SweepModule(Protocol):
    """Parameter: a number of the scenario by its name, with which its errors begin. RESULTS: the columns of a point. MOST: how
    many varied numbers a picture can show."""

    Parameter: Any
    RESULTS: Sequence[str]
    MOST: int

    def find_points(
        self, scenario: Any, varied: Mapping[str, Sequence[float]], options: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """A record for each combination of the values, as it is computed."""

    def describe(
        self, scenario: Any, varied: Mapping[str, Sequence[float]], options: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What the JSON document says of the whole sweep."""


class ExportsModule(Protocol):
    """Files for other programs. Only kinds whose coordinates may be known on the Earth have it."""

    def check(self, ground: Any, path: "Path", option: str) -> None:
        """Raises InputError if such a file cannot be written for a ground as it was read."""

    def make_content(self, solution: Any, features: Sequence[dict[str, Any]], path: "Path") -> Any:
        """What to write to a file (see files.py), by its ending."""


class Watch(Protocol):
    """Prints a heading when it is created, then each row that `solve` reports to its `watch`."""

    def add(self, row: Any) -> None: ...
    def close(self) -> None: ...


class TerminalModule(Protocol):
    def Watch(self, scenario: Any, ground: Any, options: Mapping[str, Any]) -> Watch: ...  # noqa: N802  a class
    def print_summary(self, solution: Any, options: Mapping[str, Any]) -> None: ...
    def describe(self, solution: Any) -> tuple[str, str]:
        """The method and the gap to the optimum, for an overview."""


class FigureModule(Protocol):
    def texts_of(self, scenario: Any) -> list[str]:
        """What the user wrote that a figure shows; its letters need a font."""

    def plot(self, solution: Any, kind: str, **settings: Any) -> "Figure": ...


class SweepShowModule(Protocol):
    """The columns of a sweep. STATUS: the head of the last one. ENDED: each status as the line that counts points words it."""

    STATUS: str
    ENDED: Mapping[str, str]

    def heads(self, scenario: Any) -> Sequence[str]: ...
    def cells(self, point: Mapping[str, Any]) -> Sequence[str]: ...
    def is_judged(self, scenario: Any) -> bool:
        """Whether the status of a point says something, and one point is the best."""

    def is_better(self, point: Mapping[str, Any], best: Mapping[str, Any] | None, options: Mapping[str, Any]) -> bool:
        """Whether a point is better than the best so far; without one, whether it may be called the best at all."""

    def explain(self, options: Mapping[str, Any]) -> str:
        """A dim line below the table; "" for none."""

    def describe_best(self, best: Mapping[str, Any], options: Mapping[str, Any]) -> str: ...
    def conclude(self, scenario: Any, varied: Mapping[str, Sequence[float]]) -> str:
        """The last line; "" for none."""

    def Picture(self, scenario: Any, parameters: Sequence[Any], varied: Mapping[str, Sequence[float]]) -> Any: ...  # noqa: N802  a class
