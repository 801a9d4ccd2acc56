"""The expression tree: read from the traced program, with derivatives by the chain rule."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from terrain_cli.autodiff.graph import CONSTANT, OPERATION, VARIABLE, Node, leaves, nodes_of, occurrences, read_graph
from terrain_cli.scenario.load import load_strips
from terrain_cli.strips.ground import Strips, calc_time, straight_x
from terrain_cli.strips.solution import to_ground
from tests.conftest import CONFIGS

POST = Strips(widths=[10, 10, 10], speeds=[0.7, 0.3, 0.45], offset=20)

# Every operation in plain Python, as an oracle for the graph.
PLAIN: dict[str, Callable[..., float]] = {
    "add": lambda *terms: math.fsum(terms),
    "mul": lambda *factors: math.prod(factors),
    "sub": lambda a, b: a - b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "pow": lambda a, b: a**b,
    "square": lambda a: a * a,
    "sqrt": math.sqrt,
    "rsqrt": lambda a: 1 / math.sqrt(a),
    "cbrt": lambda a: math.copysign(abs(a) ** (1 / 3), a),
    "abs": abs,
    "max": max,
    "min": min,
    "logistic": lambda a: 1 / (1 + math.exp(-a)),
    **{
        name: getattr(math, name)
        for name in [
            "exp",
            "expm1",
            "log",
            "log1p",
            "sin",
            "cos",
            "tan",
            "asin",
            "acos",
            "atan",
            "atan2",
            "sinh",
            "cosh",
            "tanh",
        ]
    },
}


def plain_value(root: Node, moved: Mapping[Node, float] | None = None) -> float:
    """The value of the root in plain Python, with a change added to the values of some nodes."""
    values: dict[int, float] = {}
    for node in nodes_of(root):
        if not node.inputs:
            value = node.value
        elif node.operation.startswith("integer_pow "):
            value = values[id(node.inputs[0])] ** int(node.operation.removeprefix("integer_pow "))
        else:
            value = PLAIN[node.operation](*(values[id(inner)] for inner in node.inputs))
        values[id(node)] = value + (moved or {}).get(node, 0.0)
    return values[id(root)]


def assert_differences_agree(root: Node, tolerance: float = 1e-6) -> None:
    """Every derivative agrees with a central difference in the value of its node."""
    for node in nodes_of(root):
        width = 1e-5 * max(1.0, abs(node.value))
        ahead, behind = plain_value(root, {node: width}), plain_value(root, {node: -width})
        slope = (ahead - behind) / (2 * width)
        noise = 1e-10 * max(1.0, abs(root.value)) / width * 1e-5
        assert node.derivative == pytest.approx(slope, rel=tolerance, abs=tolerance + noise), node.label


def time_graph(x: Any, strips: Strips) -> tuple[Node, list[np.ndarray]]:
    """The graph of the travel time, and its leaves: x, widths, speeds, offset."""
    all_leaves = [
        leaves("x", x),
        leaves("w", strips.widths, CONSTANT),
        leaves("v", strips.speeds, CONSTANT),
        leaves("h", strips.offset, CONSTANT),
    ]
    return read_graph(calc_time, np.asarray(x, dtype=float), strips, leaves=all_leaves), all_leaves


def assert_leaves_agree(all_leaves: Sequence[np.ndarray], gradient: Any, tolerance: float = 1e-12) -> None:
    """The derivatives at the leaves are those of jax.grad."""
    for nodes, expected in zip(all_leaves, jax.tree.leaves(gradient), strict=True):
        got = np.array([node.derivative for node in nodes.flat]).reshape(nodes.shape)
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


def test_the_first_expression_of_the_post() -> None:
    x, y = leaves("x", 3), leaves("y", 4)
    root = read_graph(lambda x, y: x**2 + y / 2, 3.0, 4.0, leaves=[x, y])
    assert (root.value, x.item().derivative, y.item().derivative) == (11, 6, 0.5)
    square, half = root.inputs
    assert (root.label, square.label, half.label) == ("+", "²", "÷")
    assert (square.inputs, half.inputs[0]) == ((x.item(),), y.item())
    assert (half.inputs[1].kind, half.inputs[1].label, half.inputs[1].value) == (CONSTANT, "2", 2)
    assert (root.kind, x.item().kind) == (OPERATION, VARIABLE)


def test_the_time_of_the_post_has_the_shape_of_its_formula() -> None:
    root, (x, w, v, h) = time_graph([2, 17], POST)
    assert (root.label, len(root.inputs)) == ("+", 3)
    for strip, term in enumerate(root.inputs):
        length, speed = term.inputs
        assert (term.label, length.label, speed) == ("÷", "√", v[strip])
        along, across = length.inputs[0].inputs
        assert (length.inputs[0].label, along.label, across.label, across.inputs) == ("+", "²", "²", (w[strip],))
        if strip < 2:
            assert along.inputs == (x[strip],)
        else:
            (left,) = along.inputs
            assert (left.label, left.inputs[0], left.inputs[1].inputs) == ("−", h.item(), tuple(x))
    assert [node.label for node in (*x, *w, *v, h.item())] == ["x₁", "x₂", "w₁", "w₂", "w₃", "v₁", "v₂", "v₃", "h"]
    assert occurrences(root)[id(x[0])] == 2


@pytest.mark.parametrize(
    "name", ["three_strips", "two_strips", "uniform", "fast_road", "layered_crust", "fifty_strips"]
)
def test_derivatives_of_the_scenarios(name: str) -> None:
    strips = to_ground(load_strips(CONFIGS / f"{name}.yaml"))
    for x in (straight_x(strips), straight_x(strips) * 0.3 + 1):
        root, all_leaves = time_graph(x, strips)
        assert root.value == pytest.approx(float(calc_time(x, strips)), rel=1e-14)
        assert_leaves_agree(all_leaves, jax.grad(calc_time, argnums=(0, 1))(x, strips))
        assert_differences_agree(root)


def test_one_strip_has_no_variables_and_no_empty_sum() -> None:
    strips = Strips(widths=[3], speeds=[0.5], offset=4)
    root, (x, _, _, h) = time_graph([], strips)
    assert (root.value, x.size, root.inputs[0].inputs[0].inputs[0].inputs) == (10, 0, (h.item(),))
    assert h.item().derivative == pytest.approx(4 / 5 / 0.5)


def test_thousands_of_strips() -> None:
    strips = Strips(widths=np.full(3000, 2.0), speeds=np.linspace(0.3, 1, 3000), offset=900)
    x = straight_x(strips) + np.sin(np.arange(2999))
    root, all_leaves = time_graph(x, strips)
    assert len(root.inputs) == 3000
    assert_leaves_agree(all_leaves, jax.grad(calc_time, argnums=(0, 1))(x, strips))


def test_depth_is_no_limit() -> None:
    def deep(x: Any) -> Any:
        for _ in range(5000):
            x = jax.lax.sin(x)
        return x

    x = leaves("x", 1.0)
    root = read_graph(deep, 1.0, leaves=[x])
    assert len(nodes_of(root)) == 5001
    assert root.value == pytest.approx(plain_value(root), rel=1e-12)


def test_arrays_of_any_shape() -> None:
    def mixed(v: Any) -> Any:
        square = v.reshape(2, 2)
        return (
            jnp.dot(v, v)
            + v.mean()
            + jnp.diff(v).sum()
            + square.T[1, 0]
            + jnp.stack([v, v[::-1]]).prod()
            + jnp.linalg.norm(v)
            + jnp.max(v)
            - jnp.min(v)
            + jnp.sum(square @ square)
            + jnp.sum(v[:, None] * v[None, :])
            + jnp.sum(jnp.array([1.0, 2, 3, 4]) * v)
        )

    values = np.array([1.5, 2, 3.25, 4])
    v = leaves("v", values)
    root = read_graph(mixed, values, leaves=[v])
    assert root.value == pytest.approx(float(mixed(values)), rel=1e-14)
    assert_leaves_agree([v], jax.grad(mixed)(values))
    assert_differences_agree(root)


ELEMENTWISE: list[Callable[..., Any]] = [
    jnp.sqrt, jax.lax.rsqrt, jnp.cbrt, jnp.exp, jnp.expm1, jnp.log, jnp.log1p, jnp.sin, jnp.cos, jnp.tan, jnp.arcsin,
    jnp.arccos, jnp.arctan, jnp.sinh, jnp.cosh, jnp.tanh, jnp.abs, jnp.square, jax.lax.neg, jax.nn.sigmoid,
    lambda x: x**3, lambda x: x**-2, lambda x: x**0.7, lambda x: 2.5**x, lambda x: x**0, lambda x: x**1, lambda x: 1 - x,
    lambda x: jax.lax.atan2(x, 1.5 - x), lambda x: jnp.maximum(x, 0.3), lambda x: jnp.minimum(x, x * x), lambda x: 3 / x,
]  # fmt: skip


@pytest.mark.parametrize("function", ELEMENTWISE)
@pytest.mark.parametrize("value", [0.2, 0.9])
def test_every_operation(function: Callable[..., Any], value: float) -> None:
    x = leaves("x", value)
    root = read_graph(function, value, leaves=[x])
    assert root.value == pytest.approx(float(function(value)), rel=1e-14)
    assert_leaves_agree([x], jax.grad(function)(value))
    assert_differences_agree(root)


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda x, y: jnp.abs(x) + y, (0.0, 1.0)),
        (lambda x, y: jnp.maximum(x, y), (2.0, 2.0)),
        (lambda x, y: x**y, (0.0, 2.0)),
        (lambda x, y: x**y, (2.0, 0.0)),
        (lambda x, y: x**2 * y, (0.0, 0.0)),
    ],
)
def test_kinks_as_in_jax(function: Callable[..., Any], at: tuple[float, float]) -> None:
    nodes = [leaves("x", at[0]), leaves("y", at[1])]
    read_graph(function, *at, leaves=nodes)
    assert_leaves_agree(nodes, jax.grad(function, argnums=(0, 1))(*at))


def test_a_number_used_twice_is_one_node_with_the_sum_of_its_derivatives() -> None:
    def twice(x: Any) -> Any:
        inner = jnp.sin(x)
        return inner * inner + inner

    x = leaves("x", 0.5)
    root = read_graph(twice, 0.5, leaves=[x])
    inner = root.inputs[1]
    assert (len(nodes_of(root)), occurrences(root)[id(inner)]) == (4, 3)
    assert inner.derivative == pytest.approx(2 * math.sin(0.5) + 1)
    assert_leaves_agree([x], jax.grad(twice)(0.5))


def test_a_sum_that_is_used_elsewhere_is_not_merged() -> None:
    x, y = leaves("x", 2.0), leaves("y", 3.0)

    def function(x: Any, y: Any) -> Any:
        total = x + y
        return total + total * total

    root = read_graph(function, 2.0, 3.0, leaves=[x, y])
    assert (len(root.inputs), root.value) == (2, 30)
    assert root.inputs[0] is root.inputs[1].inputs[0]


def test_sums_and_products_are_one_node() -> None:
    nodes = [leaves(name, value) for name, value in zip("abcd", (1.0, 0.0, 3.0, 4.0), strict=True)]
    root = read_graph(lambda a, b, c, d: (a + b) + (c + (d + a * (b * (c * d)))), 1.0, 0.0, 3.0, 4.0, leaves=nodes)
    assert [node.label for node in root.inputs] == ["a", "b", "c", "d", "×"]
    assert [node.label for node in root.inputs[-1].inputs] == ["a", "b", "c", "d"]
    assert [node.item().derivative for node in nodes] == [1, 13, 1, 1]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: jnp.stack([x, x]), "one number"),
        (lambda x: (x, x), "one number"),
        (lambda x: jnp.where(x > 0, x, 0.0), "operation gt cannot be shown"),
        (lambda x: jax.lax.cond(True, jnp.sin, jnp.cos, x), "cannot be shown"),
        (lambda x: x.astype(int) * x, "operation convert_element_type cannot be shown in a tree: it makes int64"),
        (lambda x: (x.astype("float32") * 2).astype(float), "it makes float32"),
        (lambda x: jax.nn.relu(x), "operation custom_jvp_call cannot be shown"),
        (lambda x: jax.lax.stop_gradient(x) * x, "operation stop_gradient cannot be shown"),
        (lambda x: jax.lax.erf(x), "operation erf cannot be shown in a tree: it is not one of add, mul"),
        (lambda x: jax.lax.fori_loop(0, 3, lambda _, y: y * y, x), "cannot be shown"),
    ],
)
def test_programs_that_are_not_arithmetic_are_refused(function: Callable[..., Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_graph(function, jnp.array(1.0), leaves=[leaves("x", 1.0)])


@pytest.mark.parametrize("wrong", [[], [1.0], [[1.0, 2.0], 3.0], [[[1.0, 2.5]]], [[2.0, 1.0]]])
def test_leaves_must_match_the_arguments(wrong: list[Any]) -> None:
    with pytest.raises(ValueError, match="leaves must have the shapes and values of the arguments"):
        read_graph(jnp.sum, np.array([1.0, 2.0]), leaves=[leaves("x", np.array(value)) for value in wrong])


def test_called_programs_are_inlined() -> None:
    x = leaves("x", 0.5)
    root = read_graph(jax.checkpoint(jax.jit(lambda x: jax.jit(jnp.sin)(x) * x)), 0.5, leaves=[x])
    assert [node.label for node in nodes_of(root)] == ["x", "sin", "×"]


def test_a_constant_or_a_lone_variable_is_a_graph() -> None:
    x = leaves("x", 3.0)
    assert read_graph(lambda x: x, 3.0, leaves=[x]).derivative == 1
    root = read_graph(lambda _: 5.0, 3.0, leaves=[x])
    assert (root.label, root.value, root.named) == ("5", 5, False)


numbers = st.floats(0.1, 5)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6), st.floats(-20, 20), st.data())
def test_any_strips(strips: list[tuple[float, float]], offset: float, data: st.DataObject) -> None:
    ground = Strips(widths=[w for w, _ in strips], speeds=[v for _, v in strips], offset=offset)
    x = np.array(data.draw(st.lists(st.floats(-20, 20), min_size=len(strips) - 1, max_size=len(strips) - 1)))
    root, all_leaves = time_graph(x, ground)
    assert root.value == pytest.approx(plain_value(root), rel=1e-13)
    assume(math.isfinite(root.value))
    assert_leaves_agree(all_leaves, jax.grad(calc_time, argnums=(0, 1))(x, ground), 1e-11)
