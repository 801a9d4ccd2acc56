"""The one exception for whatever a user can correct: a bad file, a bad value, a bad call; and checks of a call in Python."""

from typing import Any

from terrain_cli.text import visible

SHOWN = 60  # characters of a value in a message


class InputError(ValueError):
    """What is wrong with the input: one sentence per problem, each naming file, line, key, value and remedy where known.

    The command line prints the sentences and exits with code 2.
    """

    def __init__(self, *problems: str) -> None:
        # The input may contain anything; printing it must not control the terminal.
        problems = tuple(visible(text, keep="\n\t") for text in problems)
        super().__init__("\n".join(problems))
        self.problems = problems


def shown(value: object) -> str:
    """A value in a message: its `repr` in one line, cut short."""
    text = " ".join(repr(value).split())
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def check_type(value: object, wanted: type | tuple[type, ...], name: str, what: str) -> None:
    """Raises TypeError unless the argument `name` is of a wanted type, which `what` describes."""
    if not isinstance(value, wanted):
        raise TypeError(f"{name} must be {what}, got {shown(value)}")


def check_number(value: Any, name: str, *, least: float | None = None, whole: bool = False) -> None:
    """Raises TypeError unless the argument `name` is one number, and ValueError unless it is finite and at least `least`.

    whole: whether it must also be a whole number, of at most 2**53.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or isinstance(value, str | bytes | bool):
        raise TypeError(f"{name} must be a number, got {shown(value)}")
    what = "a whole number" if whole else "a finite number"
    limit = "" if least is None else f" of {least:g} or more" if not whole else f" from {least:g} to {2**53}"
    if not abs(number) < float("inf") or (least is not None and number < least):
        raise ValueError(f"{name} must be {what}{limit}, got {shown(value)}")
    if whole and (number != int(number) or abs(number) > 2**53):
        raise ValueError(f"{name} must be {what}{limit}, got {shown(value)}")
