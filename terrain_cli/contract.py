"""What the kinds of terrain have in common: what passes from one part of the program to the next.

YAML becomes a `Scenario`, a `Scenario` a ground (arrays, the only thing that enters compiled code), a ground a `Solution` with
a `Route` to each goal. A solution can be asked questions; each returns an `Answer`. kinds.py names the modules of each kind,
and modules.py says what they must define.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from terrain_cli.text import count

if TYPE_CHECKING:
    import numpy as np

# Squares of lengths and of 1/(width speed) must neither overflow nor underflow.
SMALLEST, LARGEST = 1e-50, 1e50


class Route(NamedTuple):
    """A path from the start to a goal.

    points: where it bends or enters other ground, start and goal included, shape (N, 2), x and y, m. time: s. distance: m.
    straight_time: of the straight line, s; inf if that is blocked. history: the iterations of the descent that found it.
    alternatives: other routes that no small change makes faster, fastest first. legs: the routes that it consists of, if it
    passes points on the way; then straight_time is that of the straight lines from each of them to the next, and a row of the
    history says how all legs were after so many iterations.
    """

    points: "np.ndarray"
    time: float
    distance: float
    straight_time: float = math.inf
    history: tuple[Any, ...] = ()
    alternatives: "tuple[Route, ...]" = ()
    legs: "tuple[Route, ...]" = ()

    def __repr__(self) -> str:
        others = f", {count(len(self.alternatives), 'alternative')}" if self.alternatives else ""
        return f"Route({len(self.points)} points, time={self.time:.6f}, distance={self.distance:.6f}{others})"


class Units(Protocol):
    """Names for the units of length and time; nothing is converted."""

    @property
    def length(self) -> str: ...
    @property
    def time(self) -> str: ...


class Scenario(Protocol):
    """What the user wrote, checked. Its properties open no files.

    kind: its key in KINDS. file: the file it was read from, None for standard input. inputs: every file that it depends on.
    """

    kind: ClassVar[str]

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str | None: ...
    @property
    def units(self) -> Units: ...
    @property
    def file(self) -> str | None: ...
    @property
    def inputs(self) -> list[Path]: ...


class Solution(Protocol):
    """The answer to a scenario. status: one word, such as "converged"; message: the same in a sentence. remarks: sentences that
    people should know of how the scenario was read.

    routes: one for each goal, None if there is none; route: the first of them. time: of that, s; inf if there is none.
    """

    @property
    def scenario(self) -> Scenario: ...
    @property
    def status(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def remarks(self) -> tuple[str, ...]: ...
    @property
    def iterations(self) -> int: ...
    @property
    def time(self) -> float: ...
    @property
    def route(self) -> "Route | None": ...
    @property
    def routes(self) -> "tuple[Route | None, ...]": ...
    def to_json(self) -> dict[str, Any]:
        """Plain data for `json.dumps`; None for what is not finite."""

    def to_rows(self) -> Iterator[Sequence[object]]:
        """The rows of its CSV file, the header first."""

    def to_features(self) -> list[dict[str, Any]]:
        """GeoJSON features, in the coordinates of the scenario."""


class Table(NamedTuple):
    """An answer as a table in the terminal. left: the number of columns aligned left. below: (style, text) of each line below."""

    title: str = ""
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    below: Sequence[tuple[str, str]] = ()
    left: int = 0


class Plot(NamedTuple):
    """An answer as a line in the terminal: y over x, shape (k,) each. marks: places along x and their names. below: what x is."""

    title: str
    x: "np.ndarray"
    y: "np.ndarray"
    marks: Sequence[tuple[float, str]]
    below: str


class Answer:
    """The answer to a question. Each question overrides the forms that it supports."""

    def to_json(self) -> dict[str, Any]:
        """What it adds to the solution's document; merged into it key by key."""
        return {}

    def to_plots(self) -> Sequence[Plot]:
        """Drawn in the terminal, before the tables."""
        return ()

    def to_tables(self) -> Sequence[Table]:
        return ()

    def to_features(self) -> list[dict[str, Any]]:
        return []

    def to_files(self) -> Mapping[Path, Any]:
        """Files that an option of the question names, and what to write to each (see files.py)."""
        return {}


class Option(NamedTuple):
    """An option of `terrain solve` that belongs to a question. type: bool (a flag), str, float, int or Path."""

    name: str
    type: type
    help: str
    metavar: str | None = None


class Question(Protocol):
    """A module in the `questions` folder of a kind: something that can be asked of a solution by options of `terrain solve`.

    order: its place among the answers. options: those that ask it. parse: from their values, None where
    missing, to an argument; None if the question is not asked. Raises InputError.
    """

    order: int
    options: tuple[Option, ...]

    def parse(self, values: Mapping[str, Any]) -> Any: ...
    def answer(self, solution: Any, argument: Any) -> Answer: ...
