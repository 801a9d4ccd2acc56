"""The expression tree of the travel time, which autodiff/graph.py reads from the program that JAX traces of `calc_time`."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from terrain_cli.errors import InputError
from terrain_cli.files import plain
from terrain_cli.ranges import parse_numbers
from terrain_cli.strips.scenario import StripsScenario
from terrain_cli.text import count, quote, short, visible

if TYPE_CHECKING:
    from jax.typing import ArrayLike

    from terrain_cli.autodiff.graph import Node
    from terrain_cli.strips.ground import Strips

STRIPS = 10_000  # of a tree, which has some ten nodes for each
PLACES = ("start", "end", "optimum")


def time_graph(x: "ArrayLike", strips: "Strips", names: Sequence[str] = ()) -> "Node":
    """The graph of the travel time (s) of the path `x`, shape (n-1,), m.

    x₁, x₂, ... are variables; the widths w, the speeds v and the offset h are constants. names: of the strips, which become
    notes on their speeds.
    """
    import numpy as np

    from terrain_cli.autodiff.graph import CONSTANT, leaves, read_graph
    from terrain_cli.strips.ground import calc_time

    path = np.asarray(x, dtype=np.float64)
    nodes = [
        leaves("x", path),
        leaves("w", strips.widths, CONSTANT),
        leaves("v", strips.speeds, CONSTANT, names),
        leaves("h", strips.offset, CONSTANT),
    ]
    return read_graph(calc_time, path, strips, leaves=nodes)


def make_tree(scenario: StripsScenario, at: str | None) -> "tuple[tuple[str, str], dict[str, Any], Node, list[str]]":
    """The title, the facts for the JSON document, the tree of the travel time, and the meaning of its letters.

    at: start (the default), end, optimum, or the path as numbers in a comma list. Raises InputError.
    """
    if len(scenario.strips) > STRIPS:
        remedy = "cut it down to the strips that matter, or use terrain solve --sensitivity"
        raise InputError(
            f"{scenario.source.label}: has {len(scenario.strips):,} strips: a tree is drawn of at most {STRIPS:,}: {remedy}"
        )
    unknowns = len(scenario.strips) - 1
    try:
        given = None if at is None or at in PLACES else parse_numbers(at, "--at")
    except InputError:
        raise InputError(
            f"--at: must be start, end, optimum, or numbers separated by commas such as 2,17, got {quote(at)}"
        ) from None
    if given is not None:
        if len(given) != unknowns:
            raise InputError(
                f"--at: must have {count(unknowns, 'number')}, one for each strip except the last, got {len(given)}"
            )
        if not all(map(math.isfinite, given)):
            raise InputError(f"--at: must be finite numbers, got {at}")

    import numpy as np

    from terrain_cli.compile_cache import enable_compile_cache
    from terrain_cli.strips.solution import to_ground

    enable_compile_cache()
    where = "given" if given is not None else at or "start"
    x, which = (given, "") if given is not None else _place(scenario, where)
    root = time_graph(np.array(x), to_ground(scenario), [strip.name or "" for strip in scenario.strips])

    shown = [short(value) for value in x] if len(x) <= 4 else [short(x[0]), short(x[1]), "…", short(x[-1])]
    point = f" at x = ({', '.join(shown)})" if x else ""
    title = visible(scenario.name), f"travel time{point}{which}"
    units = scenario.units.model_dump()
    length, time = visible(units["length"]), visible(units["time"])
    letters = f"x movement along a strip ({length}), " if x else ""
    legend = [f"{letters}w width ({length}), v speed ({length}/{time}), h offset ({length})"]
    facts = {"version": 1, "scenario": scenario.name, "file": scenario.file, "units": units}
    return title, facts | {"at": where, "x": plain(x)}, root, legend


def _place(scenario: StripsScenario, where: str) -> tuple[list[float], str]:
    """The initial path, the final path or the optimum, and which of them it is, in words."""
    from terrain_cli.strips.ground import straight_x
    from terrain_cli.strips.snell import find_optimum
    from terrain_cli.strips.solution import solve, to_ground

    strips = to_ground(scenario)
    if where == "start":
        initial = scenario.descent.initial
        return (straight_x(strips).tolist() if initial is None else initial), ", where the descent starts"
    if where == "optimum":
        return find_optimum(strips).x.tolist(), ", the optimum"
    solution = solve(scenario, every=2**40)
    ended = " (it diverged)" if solution.status == "diverged" else ""
    return solution.x.tolist(), f", where the descent ends{ended}"
