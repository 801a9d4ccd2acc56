"""Expressions from the command line, such as `x**2 + y/2`, parsed without ever being executed as Python.

Python's own parser turns the text into a syntax tree, of which only arithmetic is accepted: numbers, names, + - * / **,
brackets and a few functions of one number. The result is a list of steps for a stack machine, so that neither parsing nor
evaluation is recursive. JAX is imported only when the tree of the expression is computed.
"""

import ast
import math
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from terrain_cli.errors import InputError
from terrain_cli.text import quote, suggest

if TYPE_CHECKING:
    from terrain_cli.autodiff.graph import Node

LONGEST = 1000  # characters
DEEPEST = 50  # levels of nested brackets
LARGEST_EXPONENT = 1000

# The names of these functions in NumPy and jax.numpy.
FUNCTIONS = {
    "abs": "abs",
    "acos": "arccos",
    "asin": "arcsin",
    "atan": "arctan",
    "cos": "cos",
    "cosh": "cosh",
    "exp": "exp",
    "log": "log",
    "sin": "sin",
    "sinh": "sinh",
    "sqrt": "sqrt",
    "tan": "tan",
    "tanh": "tanh",
}
CONSTANTS = {"pi": ("π", math.pi)}

OPERATIONS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
}
MADE_OF = "an expression consists of numbers, names, + - * / **, brackets and functions such as sqrt(x)"


class Step(NamedTuple):
    """An instruction for the stack.

    what: "name" and "number" push a number; "raise" raises the top to the power `value`; "call" applies the function `text`
    to the top; "minus" negates the top; anything else is an operation on the top two.
    """

    what: str
    text: str = ""
    value: float = 0.0


@dataclass(frozen=True)
class Expression:
    """A valid expression: its text on one line, its names in order of appearance, and the steps that compute it."""

    text: str
    names: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def numbers(self) -> list[Step]:
        """The numbers in the expression, except for numeric exponents, which are part of their operation."""
        return [step for step in self.steps if step.what == "number"]

    def compute(self, named: Sequence[Any], numbers: Sequence[Any], arrays: Any) -> Any:
        """The value, given those of `names` and of `numbers`. arrays: the module that computes, NumPy or jax.numpy."""
        value_of = dict(zip(self.names, named, strict=True))
        waiting = iter(numbers)
        stack: list[Any] = []
        for step in self.steps:
            match step.what:
                case "name":
                    stack.append(value_of[step.text])
                case "number":
                    stack.append(next(waiting))
                case "raise":
                    exponent = int(step.value) if step.value.is_integer() else step.value
                    stack.append(stack.pop() ** exponent)
                case "call":
                    stack.append(getattr(arrays, FUNCTIONS[step.text])(stack.pop()))
                case "minus":
                    stack.append(-stack.pop())
                case operation:
                    second, first = stack.pop(), stack.pop()
                    stack.append(getattr(arrays, operation)(first, second))
        return stack.pop()

    def graph(self, values: dict[str, float]) -> "Node":
        """The expression tree at these values of the names. The numbers of the expression are constants of the tree."""
        import jax.numpy as jnp

        from terrain_cli.autodiff.graph import CONSTANT, leaves, literal, read_graph

        named = [float(values[name]) for name in self.names]
        numbers = [step.value for step in self.numbers]
        nodes = [leaves(name, value) for name, value in zip(self.names, named, strict=True)]
        for step in self.numbers:
            node = np.empty((), dtype=object)
            node[()] = leaves(step.text, step.value, CONSTANT).item() if step.text else literal(step.value)
            nodes.append(node)
        return read_graph(lambda a, b: self.compute(a, b, jnp), named, numbers, leaves=nodes)


def parse_expression(text: str) -> Expression:
    """Parse `text`. Raises InputError with the place of the first problem and a remedy."""
    return _Reader(text).read()


class _Part(NamedTuple):
    """A parsed part of the text: the index of its first step, and its value if it contains no names."""

    start: int
    value: float | None


class _Reader:
    """The parser of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.plain = "".join(" " if character.isspace() else character for character in text)
        self.indent = len(self.plain) - len(self.plain.lstrip())
        self.steps: list[Step] = []
        self.parts: list[_Part] = []

    def fail(self, place: int, problem: str) -> InputError:
        return InputError(f"--expr: character {place + 1}: {problem}")

    def place(self, node: ast.AST) -> int:
        """The index in the text of a part of the syntax tree. Python's parser counts bytes."""
        offset: int = getattr(node, "col_offset", 0)
        return self.indent + len(self.plain[self.indent :].encode()[:offset].decode())

    def read(self) -> Expression:
        for node in _inputs_first(self._tree()):
            self._add(node)
        names = tuple(dict.fromkeys(step.text for step in self.steps if step.what == "name"))
        return Expression(" ".join(self.text.split()), names, tuple(self.steps))

    def _tree(self) -> ast.expr:
        """The syntax tree of the text, after checks that the text is short and its brackets are shallow."""
        if not self.plain.strip():
            raise InputError('--expr: is empty: give an expression such as "x**2 + y/2"')
        if len(self.text) > LONGEST:
            raise InputError(f"--expr: has {len(self.text):,} characters: at most {LONGEST:,} are allowed")
        opened: list[int] = []
        for place, character in enumerate(self.plain):
            if not character.isprintable():
                raise self.fail(place, f"the character U+{ord(character):04X} is not allowed here: remove it")
            if character in "([{":
                opened.append(place)
            elif character in ")]}":
                if not opened:
                    raise self.fail(place, f"no bracket is open for this {character}: remove it")
                opened.pop()
            if len(opened) > DEEPEST:
                raise self.fail(place, f"brackets are nested more than {DEEPEST} deep: write it with fewer")
        if opened:
            raise self.fail(opened[-1], f"this {self.plain[opened[-1]]} is never closed: add the closing bracket")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about odd spellings, such as 1if
                return ast.parse(self.plain.lstrip(), mode="eval").body
        except SyntaxError as problem:
            if not problem.offset:
                raise self.fail(
                    len(self.plain.rstrip()) - 1, "ends too early: a number or a name must follow"
                ) from None
            place = min(self.indent + problem.offset, len(self.plain)) - 1
            raise self.fail(place, f"cannot be parsed from here on: {MADE_OF}, and every product needs its *") from None
        except (RecursionError, MemoryError):
            raise InputError("--expr: is nested too deeply: write it in simpler parts") from None

    def _add(self, node: ast.expr) -> None:
        """Append the steps of a part whose inputs have been added."""
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                self._put_number(node, value)
            case ast.Name(id=name) if name in CONSTANTS:
                self._put(Step("number", *CONSTANTS[name]), CONSTANTS[name][1])
            case ast.Name(id=name):
                if name in FUNCTIONS:
                    raise self.fail(self.place(node), f"{name} is a function: write {name}(x)")
                self._put(Step("name", name), None)
            case ast.UnaryOp(op=ast.UAdd()):
                pass
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
                self._put_number(node, -self.steps.pop().value, self.parts.pop().start)
            case ast.UnaryOp(op=ast.USub()):
                self._combine(Step("minus"), 1)
            case ast.BinOp(op=ast.Pow()) if self.parts[-1].value is not None:
                self._raise(node, self.parts.pop())
            case ast.BinOp(op=operation) if type(operation) in OPERATIONS:
                self._combine(Step(OPERATIONS[type(operation)]), 2)
            case ast.Call(func=ast.Name(id=name), args=[_], keywords=[]) if name in FUNCTIONS:
                self._combine(Step("call", name), 1)
            case _:
                raise self._refuse(node)

    def _put(self, step: Step, value: float | None, start: int | None = None) -> None:
        self.parts.append(_Part(len(self.steps) if start is None else start, value))
        self.steps.append(step)

    def _put_number(self, node: ast.expr, value: float, start: int | None = None) -> None:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.fail(self.place(node), "the number is too large: the largest possible is 1.7e308")
        self._put(Step("number", "", number), number, start)

    def _raise(self, node: ast.BinOp, exponent: _Part) -> None:
        """Append a power whose exponent contains no names: the exponent becomes part of the operation."""
        value = exponent.value
        if value is None or not math.isfinite(value) or abs(value) > LARGEST_EXPONENT:
            got = f"{value:g}" if value is not None and math.isfinite(value) else "more than a float can hold"
            raise self.fail(
                self.place(node.right), f"the exponent must be at most {LARGEST_EXPONENT:,} in size, got {got}"
            )
        del self.steps[exponent.start :]
        self._combine(Step("raise", "", value), 1)

    def _combine(self, step: Step, count: int) -> None:
        """Append an operation on the last `count` parts, and compute it now if they contain no names."""
        inputs = [self.parts.pop() for _ in range(count)]
        values = [part.value for part in reversed(inputs)]
        value = None
        if all(number is not None for number in values):
            own = Expression("", (), (*(Step("number") for _ in values), step))
            with np.errstate(all="ignore"):
                value = float(own.compute((), [np.float64(number) for number in values if number is not None], np))
        self.steps.append(step)
        self.parts.append(_Part(inputs[-1].start, value))

    def _refuse(self, node: ast.expr) -> InputError:
        """The error for a part that is not arithmetic, with a remedy."""
        place = self.place(node)
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS:
                return self.fail(place, f"{name} takes one number: write {name}(x)")
            case ast.Call(func=ast.Name(id=name)):
                hint = f"; for a product write {name}*(...)" if len(name) == 1 else ""
                return self.fail(place, f"{name} is not a function here: {suggest(name.lower(), [*FUNCTIONS])}{hint}")
            case ast.Call(func=ast.Constant() | ast.BinOp() | ast.UnaryOp() | ast.Call()):
                return self.fail(place, "every product needs its *: write 2*(x + 1), not 2(x + 1)")
            case ast.BinOp(op=ast.BitXor()):
                return self.fail(place, "^ is not a power here: write ** for powers, such as x**2")
            case ast.Constant(value=complex()):
                return self.fail(place, "the number is not real: only real numbers are allowed")
        return self.fail(place, f"is not allowed here: {MADE_OF}")


def _inputs_first(root: ast.expr) -> Iterator[ast.expr]:
    """The parts of a syntax tree, each after its inputs. Parts that are not arithmetic are not entered."""
    waiting: list[tuple[ast.expr, bool]] = [(root, False)]
    while waiting:
        node, done = waiting.pop()
        inputs: list[ast.expr] = []
        match node:
            case ast.BinOp(left=left, op=operation, right=right) if type(operation) in OPERATIONS:
                inputs = [left, right]
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                inputs = [operand]
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
                inputs = [argument]
        if done or not inputs:
            yield node
        else:
            waiting.append((node, True))
            waiting.extend((inner, False) for inner in reversed(inputs))


def parse_named(text: str | None, names: Sequence[str]) -> dict[str, float]:
    """The values in a text such as `x=3,y=4`, one for each of `names`. Raises InputError if the names do not match."""
    values: dict[str, float] = {}
    for item in text.split(",") if text and text.strip() else []:
        name, equals, number = (part.strip() for part in item.partition("="))
        name = unicodedata.normalize("NFKC", name)  # as Python's parser does
        if not equals or not name:
            raise InputError(f"--at: must be NAME=VALUE with commas between them, such as x=3,y=4, got {quote(item)}")
        if name in values:
            raise InputError(f"--at: {name} is given twice: keep one")
        if name not in names:
            has = f"it has {', '.join(names)}" if names else "it has no names"
            raise InputError(f"--at: {name} is not in the expression: {has}")
        try:
            values[name] = float(number)
        except ValueError:
            raise InputError(f"--at: {name} must be a number, got {quote(number)}") from None
        if not math.isfinite(values[name]):
            raise InputError(f"--at: {name} must be a finite number, got {number}")
    missing = [name for name in names if name not in values]
    if missing:
        example = ",".join([*(text.split(",") if values and text else []), *(f"{name}=1" for name in missing)])
        raise InputError(
            f"--at: {', '.join(missing)} {'has' if len(missing) == 1 else 'have'} no value: try --at {example}"
        )
    return values
