"""The program that JAX traces and `jax.grad` differentiates, as a graph of variables, constants and operations.

`read_graph` interprets the traced program (`jax.make_jaxpr`) number by number, with an array of nodes for each array, so the
graph shows what is computed and not a second formula. The derivatives follow by the chain rule in one pass from the root to
the leaves, without `jax.grad`; the tests compare the two.

    root = read_graph(calc_time, x, strips, leaves=[...])
    root.value          the time
    root.inputs         the inputs of the last operation
    leaf.derivative     of the root with respect to the leaf

Sources: reverse accumulation (Linnainmaa 1970; Griewank and Walther, Evaluating Derivatives, 2008). The idea of a graph of
scalars is from Karpathy's micrograd.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from jax.typing import ArrayLike

from terrain_cli import jax_config as jax_config  # 64-bit floats
from terrain_cli.autodiff.operations import PRODUCT, RULES, SUM, Rule, power_rule
from terrain_cli.text import SUBSCRIPTS

VARIABLE, CONSTANT, OPERATION = "variable", "constant", "operation"


@dataclass(eq=False, slots=True)
class Node:
    """A number in a computation.

    kind: "variable", "constant" or "operation". label: x₁, 2, +, √ and so on. inputs: those of an operation.
    value: at the current point. derivative: of the root with respect to this number, summed over all its occurrences.
    operation: its name in JAX; "" for a leaf. named: whether a leaf has a name of its own. note: a remark about a leaf.
    """

    kind: str
    label: str
    value: float
    inputs: "tuple[Node, ...]" = field(default=(), repr=False)
    rule: Rule | None = field(default=None, repr=False)
    operation: str = ""
    named: bool = True
    note: str = ""
    derivative: float = 0.0

    def slopes(self) -> Sequence[float]:
        """Its derivative with respect to each of its inputs, at the current point."""
        if self.rule is None:
            return ()
        with np.errstate(all="ignore"):
            found = self.rule.slopes(self.value, *(node.value for node in self.inputs))
        return [float(slope) for slope in found]


def leaves(name: str, values: ArrayLike, kind: str = VARIABLE, notes: Sequence[str] = ()) -> np.ndarray:
    """An array of nodes with the shape of `values`, one for each number: x for a number, x₁, x₂, ... for an array.

    notes: a remark about each number of an array with one axis.
    """
    numbers = np.asarray(values, dtype=np.float64)
    nodes = np.empty(numbers.shape, dtype=object)
    for index in np.ndindex(numbers.shape):
        place = ",".join(str(i + 1) for i in index).translate(SUBSCRIPTS)
        note = notes[index[0]] if notes else ""
        nodes[index] = Node(kind, f"{name}{place}", float(numbers[index]), note=note)
    return nodes


def literal(value: float) -> Node:
    """A node for a number that is part of the program itself."""
    return Node(CONSTANT, f"{value + 0.0:.6g}", float(value), named=False)


def read_graph(function: Callable[..., Any], *arguments: Any, leaves: Sequence[np.ndarray]) -> Node:
    """The root of the graph of `function(*arguments)`, whose value must be one number.

    leaves: an array of nodes for each array in the arguments, in the order of `jax.tree.leaves`, with the same values. A sum
    of sums becomes one node, and so does a product of products. Raises ValueError if the result is not one number, if the
    leaves do not match the arguments, and if the program contains anything but arithmetic of 64-bit floats: a loop, a
    branch, a comparison, or a function with its own derivative rule.

    Example:

        x, y = leaves("x", 3), leaves("y", 4)
        root = read_graph(lambda x, y: x**2 + y / 2, 3.0, 4.0, leaves=[x, y])
        print(root.value, x.item().derivative, y.item().derivative)  # 11.0 6.0 0.5
    """
    given = [np.asarray(argument, dtype=np.float64) for argument in jax.tree.leaves(arguments)]
    if [_values(nodes) for nodes in leaves] != [(array.shape, array.tolist()) for array in given]:
        raise ValueError("leaves must have the shapes and values of the arguments, in their order")
    traced = jax.make_jaxpr(function)(*arguments)
    if [variable.aval.shape for variable in traced.jaxpr.outvars] != [()]:
        raise ValueError("only a function whose result is one number has a tree")
    constants = [_literals(value) for value in traced.consts]
    (result,) = _interpret(traced.jaxpr, [*constants, *leaves])
    root: Node = result.item()
    _merge(root)
    ordered = nodes_of(root)
    _evaluate(ordered)
    _differentiate(ordered)
    return root


def _values(nodes: np.ndarray) -> tuple[tuple[int, ...], Any]:
    """The shape and the values of an array of nodes."""
    return nodes.shape, np.array([node.value for node in nodes.flat]).reshape(nodes.shape).tolist()


def nodes_of(root: Node) -> list[Node]:
    """Every node of the graph once, each after its inputs, the root last. Not recursive, so depth is no limit."""
    ordered: list[Node] = []
    seen: set[int] = set()
    waiting: list[tuple[Node, bool]] = [(root, False)]
    while waiting:
        node, inputs_done = waiting.pop()
        if inputs_done:
            ordered.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            waiting.append((node, True))
            waiting.extend((inner, False) for inner in reversed(node.inputs))
    return ordered


def occurrences(root: Node) -> Counter[int]:
    """How often each node, identified by its `id`, is an input of another."""
    return Counter(id(inner) for node in nodes_of(root) for inner in node.inputs)


def _merge(root: Node) -> None:
    """Merge a + (b + c) into one sum and a × (b × c) into one product, unless the inner one is used elsewhere too."""
    uses = occurrences(root)
    for node in nodes_of(root):
        if node.rule in (SUM, PRODUCT):
            flat: list[Node] = []
            waiting = list(reversed(node.inputs))
            while waiting:
                inner = waiting.pop()
                if inner.rule is node.rule and uses[id(inner)] == 1:
                    waiting.extend(reversed(inner.inputs))
                else:
                    flat.append(inner)
            node.inputs = tuple(flat)


def _evaluate(ordered: Sequence[Node]) -> None:
    """Compute the value of every operation, inputs first."""
    with np.errstate(all="ignore"):
        for node in ordered:
            if node.rule is not None:
                node.value = float(node.rule.value(*(np.float64(inner.value) for inner in node.inputs)))


def _differentiate(ordered: Sequence[Node]) -> None:
    """Compute the derivative of the root, the last node, with respect to every node by the chain rule, from the root down.

    A node adds its own derivative times its slope to the derivative of each input.
    """
    for node in ordered:
        node.derivative = 0.0
    ordered[-1].derivative = 1.0
    for node in reversed(ordered):
        for inner, slope in zip(node.inputs, node.slopes(), strict=True):
            inner.derivative += node.derivative * slope


def values_along(root: Node, points: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The values of all nodes and the derivatives of the root with respect to them, at other values of the variables.

    points: values of the variables in the order of `nodes_of`, shape (P, k). Both results have shape (P, N), with the N nodes
    in the order of `nodes_of`. The graph keeps the values of the last point.
    """
    ordered = nodes_of(root)
    variables = [node for node in ordered if node.kind == VARIABLE]
    found = np.empty((2, len(np.asarray(points)), len(ordered)))
    for i, point in enumerate(np.asarray(points, dtype=np.float64)):
        for node, value in zip(variables, point, strict=True):
            node.value = float(value)
        _evaluate(ordered)
        _differentiate(ordered)
        found[:, i] = [node.value for node in ordered], [node.derivative for node in ordered]
    return found[0], found[1]


def _operate(name: str, *inputs: Node, rule: Rule | None = None) -> Node:
    rule = rule or RULES[name]
    return Node(OPERATION, rule.sign, math.nan, inputs, rule, name)


# Operations that only move numbers, applied by NumPy to an array of nodes: (array, ..., parameters) -> array.
MOVES: dict[str, Callable[..., Any]] = {
    "reshape": lambda a, new_sizes, **_: a.reshape(new_sizes),
    "squeeze": lambda a, dimensions, **_: np.squeeze(a, dimensions),
    "expand_dims": lambda a, dimensions, **_: np.expand_dims(a, dimensions),
    "transpose": lambda a, permutation, **_: np.transpose(a, permutation),
    "rev": lambda a, dimensions, **_: np.flip(a, dimensions),
    "concatenate": lambda *arrays, dimension, **_: np.concatenate(arrays, dimension),
    "stack": lambda *arrays, axis, **_: np.stack(arrays, axis),
    "slice": lambda a, start_indices, limit_indices, strides, **_: a[
        tuple(
            slice(*ends) for ends in zip(start_indices, limit_indices, strides or [1] * len(start_indices), strict=True)
        )
    ],
    "broadcast_in_dim": lambda a, shape, broadcast_dimensions, **_: np.broadcast_to(
        a.reshape(_insert_axes(a.shape, len(shape), broadcast_dimensions)), shape
    ),
    "convert_element_type": lambda a, **_: a,
    "copy": lambda a, **_: a,
}

# Operations that call another program, except for those with their own derivative rule.
CALLS = ("jit", "pjit", "closed_call", "core_call", "checkpoint", "remat", "remat2")

# Reductions along axes, and the operation that each applies.
REDUCTIONS = {"reduce_sum": "add", "reduce_prod": "mul", "reduce_max": "max", "reduce_min": "min"}


def _insert_axes(shape: Sequence[int], rank: int, places: Sequence[int]) -> list[int]:
    """`shape` extended to `rank` axes: its own are at `places`, the others have length 1."""
    extended = [1] * rank
    for length, place in zip(shape, places, strict=True):
        extended[place] = length
    return extended


def _literals(value: Any) -> np.ndarray:
    """A node for each number of an array that is part of the program."""
    numbers = np.asarray(value)
    nodes = np.empty(numbers.shape, dtype=object)
    for index in np.ndindex(numbers.shape):
        nodes[index] = literal(float(numbers[index]))
    return nodes


def _interpret(program: Any, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The results of a traced program, as arrays of nodes."""
    known = dict(zip([*program.constvars, *program.invars], inputs, strict=True))

    def read(operand: Any) -> np.ndarray:
        return _literals(operand.val) if hasattr(operand, "val") else known[operand]

    for step in program.eqns:
        results = _apply(step, [read(operand) for operand in step.invars])
        known.update(zip(step.outvars, results, strict=True))
    return [read(operand) for operand in program.outvars]


def _apply(step: Any, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """The results of one step of a traced program."""
    name, settings = step.primitive.name, step.params
    if name in CALLS:
        inner = settings["jaxpr"] if "jaxpr" in settings else settings["call_jaxpr"]
        consts = [_literals(value) for value in getattr(inner, "consts", [])]
        return _interpret(getattr(inner, "jaxpr", inner), [*consts, *inputs])
    if any(result.aval.dtype != np.float64 for result in step.outvars):
        raise ValueError(
            f"the operation {name} cannot be shown in a tree: it makes {step.outvars[0].aval.dtype}, not 64-bit floats"
        )
    if name in MOVES:
        return [np.asarray(MOVES[name](*inputs, **settings), dtype=object)]
    if name in REDUCTIONS:
        return [_reduce(REDUCTIONS[name], inputs[0], settings["axes"])]
    if name == "dot_general" and settings["dimension_numbers"][1] == ((), ()):
        return [_multiply(inputs[0], inputs[1], *settings["dimension_numbers"][0])]
    if name == "integer_pow":
        exponent = int(settings["y"])
        rule = power_rule(exponent)
        return [_each(lambda node: _operate(f"integer_pow {exponent}", node, rule=rule), inputs)]
    if name in RULES:
        return [_each(lambda *nodes: _node(name, *nodes), inputs)]
    raise ValueError(f"the operation {name} cannot be shown in a tree: it is not one of {', '.join(RULES)}")


def _each(make: Callable[..., Node], inputs: list[np.ndarray]) -> np.ndarray:
    """An array of nodes, each made from the corresponding nodes of the inputs, which are broadcast."""
    inputs = list(np.broadcast_arrays(*inputs))
    made = map(make, *(array.flat for array in inputs))
    return np.fromiter(made, dtype=object, count=inputs[0].size).reshape(inputs[0].shape)


NOTHING = Node(CONSTANT, "0", 0.0, named=False)
"""The empty sum. It is omitted wherever it would be added or subtracted."""


def _node(name: str, *inputs: Node) -> Node:
    """An operation, or its other input if one of them is the empty sum."""
    if name in ("add", "sub") and inputs[-1] is NOTHING:
        return inputs[0]
    if name == "add" and inputs[0] is NOTHING:
        return inputs[1]
    return _operate(name, *inputs)


def _combine(name: str, nodes: list[Node]) -> Node:
    """A reduction of any number of nodes: one node for a sum or a product, a chain of nodes for the others."""
    if len(nodes) == 1:
        return nodes[0]
    if not nodes:
        return NOTHING if name == "add" else literal(1.0)
    if name in ("add", "mul"):
        return _operate(name, *nodes)
    result = nodes[0]
    for node in nodes[1:]:
        result = _operate(name, result, node)
    return result


def _reduce(name: str, array: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """The sum, product, maximum or minimum of an array of nodes along axes."""
    kept = [axis for axis in range(array.ndim) if axis not in axes]
    rows = np.transpose(array, [*kept, *axes])
    shape = rows.shape[: len(kept)]
    made = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        made[index] = _combine(name, list(rows[index].flat))
    return made


def _multiply(a: np.ndarray, b: np.ndarray, a_axes: Sequence[int], b_axes: Sequence[int]) -> np.ndarray:
    """The product of two arrays of nodes, summed over pairs of axes."""
    a = np.moveaxis(a, a_axes, range(-len(a_axes), 0)) if a_axes else a
    b = np.moveaxis(b, b_axes, range(len(b_axes)))
    outer, inner = a.shape[: a.ndim - len(a_axes)], b.shape[len(b_axes) :]
    made = np.empty(outer + inner, dtype=object)
    for i in np.ndindex(outer):
        for j in np.ndindex(inner):
            pairs: Iterator[tuple[Node, Node]] = zip(
                list(np.asarray(a[i], dtype=object).flat),
                list(np.asarray(b[(..., *j)], dtype=object).flat),
                strict=True,
            )
            made[i + j] = _combine("add", [_operate("mul", *pair) for pair in pairs])
    return made


def first_not_finite(root: Node) -> Node | None:
    """The first operation whose value is not finite although its inputs are; None if all values are finite."""
    return next((node for node in nodes_of(root) if not math.isfinite(node.value)), None)
