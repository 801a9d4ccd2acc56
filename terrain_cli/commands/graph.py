"""`terrain graph`: the expression tree of the travel time, or of an expression."""

import json
import math
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from terrain_cli.commands.options import Json, parse_numbers
from terrain_cli.errors import InputError
from terrain_cli.files import check_output, written

PLACES = ("start", "end", "optimum")


def graph(
    scenario: Annotated[
        str | None, typer.Argument(help="Scenario file, or - for standard input: the tree of its travel time.")
    ] = None,
    expr: Annotated[
        str | None, typer.Option("--expr", help='An expression instead: "x**2 + y/2".', metavar="EXPRESSION")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            help="Where: x=3,y=4 for an expression; for a scenario 2,17 or start (the default), end or optimum.",
            metavar="VALUES",
        ),
    ] = None,
    gradients: Annotated[
        bool, typer.Option("--gradients", "-g", help="Show the derivative of the result by every node as well.")
    ] = False,
    whole: Annotated[bool, typer.Option("--all", help="Fold nothing, however many terms a sum has.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Draw the tree to this .svg file as well.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the tree of what is computed: variables, constants, operations, with their values.

    It is read from the program that JAX traces. A derivative is that of the result with respect to the number in its row; a
    number that stands in several places has the sum over all of them, and the chain rule says what each place adds.

    Example: terrain graph configs/three_strips.yaml --gradients

    Example: terrain graph --expr "x**2 + y/2" --at x=3,y=4 -o tree.svg
    """
    if (scenario is None) == (expr is None):
        raise InputError(
            'graph: give a scenario file or --expr, such as --expr "x**2 + y/2"'
            if expr is None
            else "graph: give a scenario file or --expr, not both"
        )
    if output:
        check_output(output, (".svg",))
    if expr is not None:
        title, facts, root = _expression(expr, at)
        legend: list[str] = []
    else:
        title, facts, root, legend = _time(str(scenario), at)
    _check(root, gradients)
    if output:
        from terrain_cli.show.autodiff.tree import draw_tree

        _write(output, draw_tree(root, title, legend, gradients=gradients, whole=whole))
    if as_json:
        print(json.dumps(facts | {"value": root.value, "nodes": _nodes(root)}, ensure_ascii=False))
        return

    from rich.text import Text

    from terrain_cli.show.autodiff.rows import print_graph
    from terrain_cli.show.console import out

    out.print(Text.assemble((title[0], "bold"), f"{'' if expr else ':'} {title[1]}".rstrip()))
    print_graph(root, gradients=gradients, whole=whole)
    for line in legend:
        out.print(Text(line, style="dim"))


def _expression(text: str, at: str | None) -> tuple[tuple[str, str], dict[str, Any], Any]:
    """Title, facts for JSON, and the tree of an expression."""
    from terrain_cli.autodiff.expression import parse_expression, parse_named

    expression = parse_expression(text)
    values = parse_named(at, expression.names)
    where = ", ".join(f"{name} = {value:.6g}" for name, value in values.items())
    title = expression.text, f"at {where}" if values else ""
    return title, {"version": 1, "expression": expression.text, "at": values}, expression.graph(values)


def _time(file: str, at: str | None) -> tuple[tuple[str, str], dict[str, Any], Any, list[str]]:
    """Title, facts for JSON, the tree of the travel time, and what its letters mean."""
    from terrain_cli.scenario.load import load_strips

    scenario = load_strips(file, "terrain graph")
    unknowns = len(scenario.strips) - 1
    try:
        given = None if at is None or at in PLACES else parse_numbers(at, "--at")
    except InputError:
        raise InputError(
            f"--at: must be start, end, optimum, or numbers with commas between them such as 2,17, got {at!r}"
        ) from None
    if given is not None:
        if len(given) != unknowns:
            numbers = "1 number" if unknowns == 1 else f"{unknowns:,} numbers"
            raise InputError(f"--at: must have {numbers}, one for each strip but the last, got {len(given)}")
        if not all(map(math.isfinite, given)):
            raise InputError(f"--at: must be finite numbers, got {at}")

    import numpy as np

    from terrain_cli.compile_cache import enable_compile_cache
    from terrain_cli.show.autodiff.rows import figure
    from terrain_cli.strips.graph import time_graph
    from terrain_cli.strips.solution import plain, to_strips
    from terrain_cli.text import visible

    enable_compile_cache()
    where = "given" if given is not None else at or "start"
    x, said = (given, "") if given is not None else _place(scenario, where)
    root = time_graph(np.array(x), to_strips(scenario), [strip.name or "" for strip in scenario.strips])

    shown = [figure(value) for value in x] if len(x) <= 4 else [figure(x[0]), figure(x[1]), "…", figure(x[-1])]
    point = f" at x = ({', '.join(shown)})" if x else ""
    title = visible(scenario.name), f"travel time{point}{said}"
    units = scenario.units.model_dump()
    length, time = visible(units["length"]), visible(units["time"])
    letters = f"x movement along a strip ({length}), " if x else ""
    legend = [f"{letters}w width ({length}), v speed ({length}/{time}), h offset ({length})"]
    facts = {"version": 1, "scenario": scenario.name, "file": scenario.file, "units": units}
    return title, facts | {"at": where, "x": plain(x)}, root, legend


def _place(scenario: Any, where: str) -> tuple[list[float], str]:
    """The path where the descent starts, where it ends, or the fastest there is; and which of them it is, in words."""
    from terrain_cli.strips.ground import straight_x
    from terrain_cli.strips.snell import find_optimum
    from terrain_cli.strips.solution import solve, to_strips

    strips = to_strips(scenario)
    if where == "start":
        initial = scenario.descent.initial
        return (straight_x(strips).tolist() if initial is None else initial), ", where the descent starts"
    if where == "optimum":
        return find_optimum(strips).x.tolist(), ", the optimum"
    solution = solve(scenario, every=2**40)
    ended = " (it diverged)" if solution.status == "diverged" else ""
    return solution.x.tolist(), f", where the descent ends{ended}"


def _check(root: Any, gradients: bool) -> None:
    """Raises InputError where a value, or a derivative that is asked for, is not a finite number."""
    from terrain_cli.autodiff.graph import first_not_finite, nodes_of
    from terrain_cli.show.autodiff.rows import figure

    node = first_not_finite(root)
    if node is not None:
        inputs = " and ".join(figure(inner.value) for inner in node.inputs[:2]) + (
            " ..." if len(node.inputs) > 2 else ""
        )
        result = "not a number" if math.isnan(node.value) else "not finite"
        raise InputError(f"--at: {node.label} of {inputs} is {result}: choose other values")
    if gradients:
        for node in reversed(nodes_of(root)):
            if not all(map(math.isfinite, node.slopes())):
                inputs = " and ".join(figure(inner.value) for inner in node.inputs)
                raise InputError(f"--at: {node.label} of {inputs} has no finite derivative: choose other values")
            if not math.isfinite(node.derivative):
                raise InputError(f"--at: the derivative by {node.label} is not a finite number: choose other values")


def _nodes(root: Any) -> list[dict[str, Any]]:
    """The graph as plain data, the root first: `inputs` are the places of other nodes in this list."""
    from terrain_cli.autodiff.graph import nodes_of
    from terrain_cli.strips.solution import plain

    ordered = nodes_of(root)[::-1]
    place = {id(node): i for i, node in enumerate(ordered)}
    return [
        {
            "kind": node.kind,
            "label": node.label,
            "operation": node.operation or None,
            "note": node.note or None,
            "value": plain(node.value),
            "derivative": plain(node.derivative),
            "inputs": [place[id(inner)] for inner in node.inputs],
        }
        for node in ordered
    ]


def _write(path: Path, drawing: str) -> None:
    with written(path) as beside:
        beside.write_text(drawing, encoding="utf-8", newline="\n")
    print(f"wrote {path}", file=sys.stderr)
