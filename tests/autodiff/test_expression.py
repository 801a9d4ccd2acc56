"""Expressions from the command line: what is accepted, what is refused, and that nothing is ever executed."""

import contextlib
import math
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from terrain_cli.autodiff.expression import FUNCTIONS, parse_expression, parse_named
from terrain_cli.autodiff.graph import nodes_of
from terrain_cli.errors import InputError

NAMES = ("x", "y", "z")

# The same functions in plain Python. The oracle for the parser is Python's own eval, of expressions generated here.
PLAIN: dict[str, Any] = {name: getattr(math, name, abs) for name in FUNCTIONS} | {"pi": math.pi}
TRACED: dict[str, Any] = {name: getattr(jnp, numpy_name) for name, numpy_name in FUNCTIONS.items()} | {"pi": math.pi}


def expressions() -> st.SearchStrategy[str]:
    """Valid expressions of every kind."""
    leaf = st.one_of(
        st.sampled_from([*NAMES, "pi"]),
        st.integers(0, 20).map(str),
        st.floats(0.01, 50).map(lambda value: f"{value:.3g}"),
    )

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.tuples(inner, st.sampled_from(["+", "-", "*", "/", " - ", "\t*\n"]), inner)
            .map("".join)
            .map("({})".format),
            st.tuples(inner, st.sampled_from(["2", "3", "-1", "0.5", "(1/2)", "0", "(2-4)"])).map(
                "({0[0]})**{0[1]}".format
            ),
            st.tuples(st.sampled_from(sorted(FUNCTIONS)), inner).map("{0[0]}({0[1]})".format),
            inner.map("-{}".format),
            inner.map("+{}".format),
        )

    return st.recursive(leaf, grow, max_leaves=12).map(str.strip)


def eval_here(text: str, scope: dict[str, Any]) -> Any:
    """Python's value of an expression that was generated here."""
    return eval(" ".join(text.split()), {"__builtins__": {}}, scope)


values = st.floats(-3, 3).map(lambda value: round(value, 3))


@given(expressions(), values, values, values)
def test_value_and_gradient_of_any_expression(text: str, x: float, y: float, z: float) -> None:
    at = dict(zip(NAMES, (x, y, z), strict=True))
    assume(len(text) <= 1000)
    expression = parse_expression(text)
    try:
        expected = eval_here(text, PLAIN | at)
    except (ValueError, ZeroDivisionError, OverflowError):
        assume(False)
    assume(isinstance(expected, int | float) and 1e-9 < abs(expected) < 1e9)
    used = {name: at[name] for name in expression.names}
    root = expression.graph(used)
    nodes = nodes_of(root)
    assume(all(abs(node.value) < 1e9 and abs(node.derivative) < 1e9 for node in nodes))
    scale = max(abs(node.value * node.derivative) for node in nodes)
    assert root.value == pytest.approx(expected, abs=1e-13 * max(scale, abs(expected)), rel=1e-12)

    gradient = jax.grad(lambda named: jnp.asarray(eval_here(text, TRACED | named), dtype=float))(used)
    got = {node.label: node.derivative for node in nodes if node.kind == "variable"}
    for name in used:
        assume(math.isfinite(float(gradient[name])))
        size = max(1.0, *(abs(node.derivative) for node in nodes))
        assert got.get(name, 0.0) == pytest.approx(float(gradient[name]), rel=1e-11, abs=1e-12 * size)


def test_the_first_expression_of_the_post() -> None:
    expression = parse_expression("x**2 + y/2")
    assert expression.names == ("x", "y")
    root = expression.graph({"x": 3, "y": 4})
    assert root.value == 11
    assert {node.label: node.derivative for node in nodes_of(root) if node.kind == "variable"} == {"x": 6, "y": 0.5}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2**2", -4),
        ("(-2)**2", 4),
        ("2**-1", 0.5),
        ("--3", 3),
        ("-+-3", 3),
        ("1 - 2 - 3", -4),
        ("8/4/2", 1),
        ("2**3**2", 512),
        ("1_000 + 0x10", 1016),
        ("  x  \n + 1", 3),
        ("2**x", 4),
        ("x**x", 4),
        ("sin(pi)", math.sin(math.pi)),
        ("µ + x", 4),
    ],
)
def test_parses_as_python_does(text: str, value: float) -> None:
    expression = parse_expression(text)
    root = expression.graph(dict.fromkeys(expression.names, 2.0))
    assert root.value == pytest.approx(value, rel=1e-15, abs=1e-15)


def test_numbers_are_nodes_and_integer_exponents_are_part_of_their_operation() -> None:
    root = parse_expression("2*3*x**(1 + 1)").graph({"x": 5.0})
    assert [node.label for node in root.inputs] == ["2", "3", "²"]
    assert [node.label for node in nodes_of(parse_expression("x**0.5 - pi").graph({"x": 4.0}))] == [
        "x",
        "0.5",
        "^",
        "π",
        "−",
    ]


REFUSED = [
    ("", "--expr: is empty"),
    (" \t ", "--expr: is empty"),
    ("__import__('os').system('true')", "character 1: is not allowed here"),
    ("__import__('os')", "character 1: __import__ is not a function here: use one of abs, acos"),
    ("x.__class__", "character 1: is not allowed here"),
    ("9**9**9**9", "character 7: the exponent must be at most 1,000 in size, got 3.8742e+08"),
    ("x**1001", "character 4: the exponent must be at most 1,000"),
    ("x**(1/0)", "character 5: the exponent must be at most 1,000 in size, got more than a float can hold"),
    ("x**sqrt(-1)", "character 4: the exponent must be"),
    ("(" * 10_000 + "x" + ")" * 10_000, "--expr: has 20,001 characters: at most 1,000"),
    ("(" * 60 + "x" + ")" * 60, "character 51: brackets are nested more than 50 deep"),
    ("x + (y", "character 5: this ( is never closed"),
    ("x + y)", "character 6: no bracket is open for this )"),
    ("x +", "character 3: ends too early"),
    ("x y", "character 3: cannot be parsed from here on"),
    ("x = 3", "character 3: cannot be parsed"),
    ("2x", "every product needs its *"),
    ("2(x)", "character 1: every product needs its *"),
    ("(x + 1)(y)", "every product needs its *"),
    ("x(y)", "character 1: x is not a function here: use one of abs"),
    ("1 + sqr(x)", "character 5: sqr is not a function here: did you mean sqrt?"),
    ("é + f1(x)", "character 5: f1 is not a function here"),
    ("sqrt", "character 1: sqrt is a function: write sqrt(x)"),
    ("sqrt(x, y)", "character 1: sqrt takes one number"),
    ("sqrt()", "character 1: sqrt takes one number"),
    ("sqrt(x=1)", "character 1: sqrt takes one number"),
    ("sqrt(*x)", "character 6: is not allowed here"),
    ("x^2", "character 1: ^ is not a power here: write **"),
    ("x // 2", "is not allowed here"),
    ("x % 2", "is not allowed here"),
    ("x if y else z", "is not allowed here"),
    ("lambda: 0", "is not allowed here"),
    ("[x for x in y]", "is not allowed here"),
    ("x < y", "is not allowed here"),
    ("not x", "is not allowed here"),
    ("~x", "is not allowed here"),
    ("(x := 3)", "is not allowed here"),
    ("f'{x}'", "is not allowed here"),
    ("'x'", "is not allowed here"),
    ("True", "is not allowed here"),
    ("None", "is not allowed here"),
    ("...", "is not allowed here"),
    ("2j", "the number is not real"),
    ("1e999", "the number is too large"),
    ("9" * 400, "the number is too large"),
    ("x\0", "the character U+0000 is not allowed here"),
    ("x\x1b[31m", "the character U+001B is not allowed here"),
    ("x + \udcff", "character 5: the character U+DCFF"),
    ("x # note (", "never closed"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_refuses_with_the_place_and_a_remedy(text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_expression(text)
    assert message in str(refused.value)
    assert str(refused.value).startswith("--expr: ")


@pytest.mark.parametrize(
    "text",
    [
        "-" * 999 + "x",
        "x" + "**x" * 333,
        "x" + "+x" * 499,
        "not " * 249 + "x",
        "x" + " if x else x" * 76,
        "lambda:" * 140 + "x",
    ],
)
def test_long_chains_neither_overflow_nor_hang(text: str) -> None:
    try:
        root = parse_expression(text).graph({"x": 1.0})
    except InputError:
        return
    assert math.isfinite(root.value)


def test_random_text_is_either_parsed_or_refused() -> None:
    source = random.Random(20251123)
    pieces = [
        "x",
        "y",
        "2",
        ".",
        "**",
        "*",
        "/",
        "+",
        "-",
        "(",
        ")",
        "sqrt",
        "sin(",
        ",",
        " ",
        "e",
        "'",
        "[",
        "@",
        ":",
        "=",
        "é",
    ]
    read = 0
    for _ in range(3000):
        text = "".join(source.choices(pieces, k=source.randrange(1, 12)))
        with contextlib.suppress(InputError):
            read += bool(parse_expression(text))
    assert 50 < read < 1000


def test_parsing_does_not_import_jax() -> None:
    program = "import sys; from terrain_cli.autodiff.expression import *; parse_expression('x+1'); print('jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_values_by_name() -> None:
    assert parse_named("x=3, y = -4e-1", ("x", "y")) == {"x": 3, "y": -0.4}
    assert parse_named(None, ()) == parse_named("", ()) == {}
    assert parse_named("𝐱=1", ("x",)) == {"x": 1}  # Python normalises this letter to x


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "--at: x, y have no value: try --at x=1,y=1"),
        ("y=4", "--at: x has no value: try --at y=4,x=1"),
        ("3,4", "--at: must be NAME=VALUE"),
        ("=3", "--at: must be NAME=VALUE"),
        ("x=3,y=4,z=5", "--at: z is not in the expression: it has x, y"),
        ("x=3,x=4", "--at: x is given twice"),
        ("x=three,y=4", "--at: x must be a number, got 'three'"),
        ("x=nan,y=4", "--at: x must be a finite number"),
        ("x=1e999,y=4", "--at: x must be a finite number"),
    ],
)
def test_refuses_values(text: str | None, message: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_named(text, ("x", "y"))
    assert str(refused.value).startswith(message)


def test_an_expression_without_names_takes_no_values() -> None:
    with pytest.raises(InputError, match="it has no names"):
        parse_named("x=3", ())


@pytest.mark.parametrize("compute", [np, jnp])
def test_computes_with_either_library(compute: Any) -> None:
    expression = parse_expression("2*asin(x) - y")
    function: Callable[..., Any] = expression.compute
    assert float(function([0.5, 1.0], [2.0], compute)) == pytest.approx(2 * math.asin(0.5) - 1)
