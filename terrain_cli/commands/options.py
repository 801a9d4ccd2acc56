"""Arguments and options that several commands share, so that a word means the same everywhere."""

from typing import Annotated, Any

import typer

from terrain_cli.errors import InputError


def parse_number(text: str) -> float:
    """A number on the command line. Raises typer.BadParameter, which names the option."""
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"must be a number, got {text!r}") from None


Method = Annotated[
    str | None, typer.Option(help="Method of descent: gradient, momentum, adam, newton; or snell for the exact answer.")
]
StepSize = Annotated[
    float | None, typer.Option(help="How far to go along the gradient.", parser=parse_number, metavar="NUMBER")
]
Iterations = Annotated[float | None, typer.Option(help="When to give up.", parser=parse_number, metavar="COUNT")]
Tolerance = Annotated[
    float | None,
    typer.Option(
        help="Stop where the largest derivative times the lowest speed is this small.",
        parser=parse_number,
        metavar="NUMBER",
    ),
]
Initial = Annotated[
    str | None, typer.Option(help="Path to start from, a number for each strip but the last: 2,17.", metavar="X,X,...")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print comma-separated values instead.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the summary alone.")]

Axes = Annotated[
    str | None,
    typer.Option(help="The one or two unknowns of the landscape, counting from 1. Missing: 1,2.", metavar="I,J"),
]
Held = Annotated[
    bool, typer.Option("--held", help="Hold the other unknowns where the descent ends, rather than at their best.")
]


def parse_axes(text: str | None) -> tuple[int, ...] | None:
    """The unknowns of a landscape, counting from 0; None stays None. Raises InputError."""
    if text is None:
        return None
    try:
        axes = tuple(int(part) - 1 for part in text.split(","))
    except ValueError:
        axes = ()
    if len(axes) not in (1, 2) or len(set(axes)) < len(axes) or min(axes) < 0:
        raise InputError(f"--axes: must be one or two different unknowns, counting from 1, such as 1,2, got {text!r}")
    return axes


def check_axes(axes: tuple[int, ...] | None, unknowns: int) -> None:
    """Raises InputError where a scenario does not have these unknowns."""
    if axes is not None and max(axes) >= unknowns:
        has = {0: "one strip has no unknowns", 1: "two strips have one unknown"}
        said = has.get(unknowns, f"the scenario has {unknowns:,} unknowns, one for each strip but the last")
        raise InputError(f"--axes: there is no x_{max(axes) + 1}: {said}")


def parse_numbers(text: str | None, option: str) -> list[float] | None:
    """The numbers of a comma list; None stays None. Raises InputError, naming the option."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")] if text.strip() else []
    except ValueError:
        raise InputError(f"{option}: must be numbers with commas between them, such as 2,17, got {text!r}") from None


def one_of(option: dict[str, bool]) -> None:
    """Raises InputError where more than one of these flags is given."""
    given = [name for name, value in option.items() if value]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)}: choose one of them")


def descent_changes(
    method: str | None,
    iterations: float | None,
    tolerance: float | None,
    initial: str | None,
    step: float | None = None,
) -> dict[str, Any]:
    """What the options change in the descent of a scenario; None changes nothing. Raises InputError for `initial`."""
    start = parse_numbers(initial, "--initial")
    return {"method": method, "step": step, "iterations": iterations, "tolerance": tolerance, "initial": start}


def refuse_for(kind: str, file: str, options: dict[str, bool]) -> None:
    """Raises InputError where an option is given that says nothing about this kind of scenario."""
    for option, given in options.items():
        if given:
            other = "strips" if kind == "a map" else "maps"
            raise InputError(f"{file}: is {kind}, and {option} is for {other}: leave it out, or name other files")
