"""The one exception for whatever a user can correct: a bad file, a bad value, a bad call; and checks of a call in Python."""

import math
from collections.abc import Sequence
from typing import Any

from terrain_cli.text import count, visible

SHOWN = 60  # characters of a value in a message
PROBLEMS = 20  # of one input that are reported
LONGEST = 1000  # characters of a problem


class InputError(ValueError):
    """What is wrong with the input: one sentence per problem, each naming file, line, key, value and remedy where known.

    The command line prints the sentences and exits with code 2. Of many problems it keeps the first, and says how many more
    there are. more: the number of those that the caller has left out.
    """

    def __init__(self, *problems: str, more: int = 0) -> None:
        # The input may contain anything; printing it must not control the terminal.
        problems = tuple(visible(_cut(text), keep="\n\t") for text in first_of(problems, more))
        super().__init__("\n".join(problems))
        self.problems = problems


def first_of(problems: Sequence[str], more: int = 0) -> tuple[str, ...]:
    """The first problems, and how many more there are. more: the number of those that are not in the list."""
    more += max(len(problems) - PROBLEMS, 0)
    return (*problems[:PROBLEMS], *([f"and {count(more, 'more problem')}"] if more else []))


def _cut(text: str) -> str:
    """The text without its middle if it is longer than a problem may be: what is wrong stands first, the remedy last."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}...{text[-LONGEST // 2 :]}"


def shown(value: object) -> str:
    """A value in a message: its `repr` in one line, cut short."""
    text = " ".join(repr(value).split())
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def check_type(value: object, wanted: type | tuple[type, ...], name: str, what: str) -> None:
    """Raises TypeError unless the argument `name` is of a wanted type, which `what` describes."""
    if not isinstance(value, wanted):
        raise TypeError(f"{name} must be {what}, got {shown(value)}")


def check_function(value: object, name: str) -> None:
    """Raises TypeError unless the argument `name` can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be a function, got {shown(value)}")


def check_number(value: Any, name: str, *, least: float = 0, above: float = -math.inf, below: float = math.inf) -> None:
    """Raises TypeError unless the argument `name` is one number, and ValueError unless it is finite and within its limits.

    `above` and `below` themselves are not allowed.
    """
    number = _to_number(value, name)
    if not (least <= number < below and number > above):
        low = f"at least {least:g}" if above < least else f"greater than {above:g}"
        high = f" and less than {below:g}" if below < math.inf else ""
        raise ValueError(f"{name} must be a finite number, {low}{high}, got {shown(value)}")


def check_count(value: Any, name: str, *, least: int = 0) -> None:
    """Raises TypeError unless the argument `name` is one number, and ValueError unless it is whole, from `least` to 2**53."""
    number = _to_number(value, name)
    if not least <= number <= 2**53 or number != int(number):
        raise ValueError(f"{name} must be a whole number from {least} to {2**53}, got {shown(value)}")


def _to_number(value: Any, name: str) -> float:
    try:
        if isinstance(value, str | bytes | bool):
            raise TypeError
        return float(value)
    except OverflowError:
        return math.inf
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {shown(value)}") from None


def needs_extra(what: str, package: str, extra: str) -> InputError:
    """The error that says of something that it needs a package which is not installed, and how to install it."""
    return InputError(f"{what} needs {package}: pip install 'terrain-cli[{extra}]'")
