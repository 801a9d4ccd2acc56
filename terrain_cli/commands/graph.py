"""`terrain graph`: the expression tree of the travel time, or of an expression."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from terrain_cli.commands.options import Json, complete_from, complete_scenario, protect_inputs, say_written
from terrain_cli.errors import InputError
from terrain_cli.files import check_output, write
from terrain_cli.text import visible

if TYPE_CHECKING:
    from terrain_cli.autodiff.graph import Node


def graph(
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCENARIO]",
            help="Scenario file, or - for standard input, for the tree of its travel time.",
            autocompletion=complete_scenario,
        ),
    ] = None,
    expr: Annotated[
        str | None, typer.Option("--expr", help='An expression instead, such as "x**2 + y/2".', metavar="EXPRESSION")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            help="The point: x=3,y=4 for an expression; 2,17 or start (the default), end or optimum for a scenario.",
            metavar="VALUES",
            autocompletion=complete_from("start", "end", "optimum"),
        ),
    ] = None,
    gradients: Annotated[
        bool,
        typer.Option("--gradients", "-g", help="Also show the derivative of the result with respect to each node."),
    ] = False,
    whole: Annotated[bool, typer.Option("--all", help="Show all terms of long sums.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also draw the tree to this .svg file.", metavar="FILE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the expression tree of a travel time or of an expression.

    The tree has the variables, constants and operations of the program that JAX traces, with their values. A derivative is
    that of the result with respect to the number in its row. If a number occurs several times, its derivative is the sum
    over all of them, and the column for the chain rule shows what each contributes.

    Example: terrain examples three_strips

    Example: terrain graph three_strips.yaml --gradients

    Example: terrain graph --expr "x**2 + y/2" --at x=3,y=4 -o tree.svg
    """
    if (scenario is None) == (expr is None):
        raise InputError(
            'graph: give a scenario file or --expr, such as --expr "x**2 + y/2"'
            if expr is None
            else "graph: give either a scenario file or --expr, not both"
        )
    if output:
        check_output(output, (".svg",))
    from terrain_cli.show.console import working

    if expr is not None:
        title, facts, root = _expression(expr, at)
        legend: list[str] = []
    else:
        from terrain_cli.scenario.load import load_for

        loaded, kind = load_for("graph", str(scenario), "terrain graph")
        if output:
            protect_inputs(loaded, [output])
        with working(f"tracing {visible(loaded.name)}"):
            title, facts, root, legend = kind.find("graph").make_tree(loaded, at)
    _check(root, gradients)
    if output:
        from terrain_cli.show.autodiff.tree import draw_tree

        with working(f"drawing {output}"):
            write(output, draw_tree(root, title, legend, gradients=gradients, whole=whole))
        say_written(output)
    if as_json:
        from terrain_cli.show.console import data_out

        print(json.dumps(facts | {"value": root.value, "nodes": _nodes(root)}, ensure_ascii=False), file=data_out())
        return

    from rich.text import Text

    from terrain_cli.show.autodiff.rows import print_graph
    from terrain_cli.show.console import out

    out.print(Text.assemble((title[0], "bold"), f"{'' if expr else ':'} {title[1]}".rstrip()))
    print_graph(root, gradients=gradients, whole=whole)
    for line in legend:
        out.print(Text(line, style="dim"))


def _expression(text: str, at: str | None) -> "tuple[tuple[str, str], dict[str, Any], Node]":
    """The title, the facts for the JSON document and the tree of an expression."""
    from terrain_cli.autodiff.expression import parse_expression, parse_named

    expression = parse_expression(text)
    values = parse_named(at, expression.names)
    where = ", ".join(f"{name} = {value:.6g}" for name, value in values.items())
    title = expression.text, f"at {where}" if values else ""
    return title, {"version": 1, "expression": expression.text, "at": values}, expression.graph(values)


def _check(root: "Node", gradients: bool) -> None:
    """Raises InputError if a value, or a derivative if `gradients`, is not a finite number."""
    from terrain_cli.autodiff.graph import first_not_finite, nodes_of
    from terrain_cli.text import short

    node = first_not_finite(root)
    if node is not None:
        inputs = " and ".join(short(inner.value) for inner in node.inputs[:2]) + (
            " ..." if len(node.inputs) > 2 else ""
        )
        result = "not a number" if math.isnan(node.value) else "not finite"
        raise InputError(f"--at: {node.label} of {inputs} is {result}: choose other values")
    if gradients:
        for node in reversed(nodes_of(root)):
            if not all(map(math.isfinite, node.slopes())):
                inputs = " and ".join(short(inner.value) for inner in node.inputs)
                raise InputError(f"--at: {node.label} of {inputs} has no finite derivative: choose other values")
            if not math.isfinite(node.derivative):
                raise InputError(
                    f"--at: the derivative with respect to {node.label} is not a finite number: choose other values"
                )


def _nodes(root: "Node") -> list[dict[str, Any]]:
    """The graph as plain data, the root first; `inputs` are indices of this list."""
    from terrain_cli.autodiff.graph import nodes_of
    from terrain_cli.files import plain

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
