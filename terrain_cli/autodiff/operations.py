"""The operations on numbers that a graph can show: the sign of each, its value, and its partial derivatives."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from terrain_cli.text import SUPERSCRIPTS


class Rule(NamedTuple):
    """An operation on numbers.

    sign: its label in the graph. value: (*inputs) -> its value. slopes: (value, *inputs) -> its derivative with respect to
    each input.
    """

    sign: str
    value: Callable[..., Any]
    slopes: Callable[..., Sequence[Any]]


def _others(_: Any, *factors: Any) -> Sequence[Any]:
    """For each factor, the product of the others: products from both ends, so that a factor 0 needs no special case."""
    before = np.cumprod([1.0, *factors[:-1]])
    after = np.cumprod([1.0, *factors[:0:-1]])[::-1]
    return list(before * after)


def _power_slopes(y: Any, a: Any, b: Any) -> Sequence[Any]:
    """The slopes of a^b, with JAX's conventions: 0 in the base if the exponent is 0, and 0 in the exponent if the base is 0."""
    return (0.0 if b == 0 else b * np.power(a, b - 1), 0.0 if a == 0 and b > 0 else np.log(a) * y)


def _choice_slopes(y: Any, a: Any, b: Any) -> Sequence[Any]:
    """The slopes of the maximum or minimum of two numbers. If they are equal, each slope is 1/2, as in JAX."""
    return (0.5, 0.5) if a == b else (float(a == y), float(b == y))


SUM = Rule("+", lambda *terms: sum(terms), lambda y, *terms: [1.0] * len(terms))
PRODUCT = Rule("×", lambda *factors: math.prod(factors), _others)

RULES = {
    "add": SUM,
    "mul": PRODUCT,
    "sub": Rule("−", lambda a, b: a - b, lambda y, a, b: (1.0, -1.0)),
    "div": Rule("÷", lambda a, b: a / b, lambda y, a, b: (1 / np.float64(b), -y / np.float64(b))),
    "neg": Rule("−", lambda a: -a, lambda y, a: (-1.0,)),
    "pow": Rule("^", np.power, _power_slopes),
    "square": Rule("²", np.square, lambda y, a: (2 * a,)),
    "sqrt": Rule("√", np.sqrt, lambda y, a: (0.5 / np.float64(y),)),
    "rsqrt": Rule("1/√", lambda a: 1 / np.sqrt(a), lambda y, a: (-0.5 * y / np.float64(a),)),
    "cbrt": Rule("∛", np.cbrt, lambda y, a: (y / (3 * np.float64(a)),)),
    "abs": Rule("abs", np.abs, lambda y, a: (1.0 if a >= 0 else -1.0,)),
    "max": Rule("max", np.maximum, _choice_slopes),
    "min": Rule("min", np.minimum, _choice_slopes),
    "exp": Rule("exp", np.exp, lambda y, a: (y,)),
    "expm1": Rule("expm1", np.expm1, lambda y, a: (y + 1,)),
    "log": Rule("log", np.log, lambda y, a: (1 / np.float64(a),)),
    "log1p": Rule("log1p", np.log1p, lambda y, a: (1 / np.float64(1 + a),)),
    "sin": Rule("sin", np.sin, lambda y, a: (np.cos(a),)),
    "cos": Rule("cos", np.cos, lambda y, a: (-np.sin(a),)),
    "tan": Rule("tan", np.tan, lambda y, a: (1 + y * y,)),
    "asin": Rule("asin", np.arcsin, lambda y, a: (1 / np.sqrt((1 - a) * (1 + a)),)),
    "acos": Rule("acos", np.arccos, lambda y, a: (-1 / np.sqrt((1 - a) * (1 + a)),)),
    "atan": Rule("atan", np.arctan, lambda y, a: (1 / (1 + a * a),)),
    "atan2": Rule("atan2", np.arctan2, lambda y, a, b: (b / np.float64(a * a + b * b), -a / np.float64(a * a + b * b))),
    "sinh": Rule("sinh", np.sinh, lambda y, a: (np.cosh(a),)),
    "cosh": Rule("cosh", np.cosh, lambda y, a: (np.sinh(a),)),
    "tanh": Rule("tanh", np.tanh, lambda y, a: (1 - y * y,)),
    "logistic": Rule("logistic", lambda a: 1 / (1 + np.exp(-a)), lambda y, a: (y * (1 - y),)),
}


def power_rule(exponent: int) -> Rule:
    """The power of a number with an integer exponent."""
    return Rule(
        str(exponent).translate(SUPERSCRIPTS),
        lambda a: np.float64(a) ** exponent,
        lambda y, a: (exponent * np.float64(a) ** (exponent - 1) if exponent else 0.0,),
    )
