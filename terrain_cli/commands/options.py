"""Arguments and options that several commands share, so that each means the same everywhere."""

import contextlib
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from terrain_cli import kinds
from terrain_cli.contract import Option, Scenario
from terrain_cli.errors import LONGEST, InputError
from terrain_cli.files import refuse_input
from terrain_cli.kinds import Kind
from terrain_cli.ranges import parse_numbers
from terrain_cli.text import quote, shorten, visible


def parse_number(text: str) -> float:
    """The number in an argument. Raises typer.BadParameter, to which typer adds the name of the option."""
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"must be a number, got {quote(text)}") from None


def parse_count(text: str) -> int:
    """The whole number in an argument, which may be written 1e3. Raises typer.BadParameter."""
    number = parse_number(text)
    if not 0 <= number <= 2**53 or number != int(number):
        raise typer.BadParameter(f"must be a whole number from 0 to {2**53:,}, got {quote(text)}")
    return int(number)


NEEDS_QUOTES = re.compile(r"""[\s"'\\$`&|;<>()*?\[\]{}!#]""")  # in a shell
METHODS = ("gradient", "momentum", "adam", "newton", "snell")
FIGURES = tuple(dict.fromkeys(figure for kind in kinds.KINDS.values() for figure in kind.figures))


def complete_from(*words: str) -> Callable[[str], list[str]]:
    """A completion in the shell: those of the words that begin like what has been typed."""

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete


def complete_scenario(incomplete: str) -> list[str]:
    """A completion in the shell: the YAML files and folders whose paths begin like what has been typed.

    None if one of them needs quotes: the shell then completes files by itself, and knows its quotes. A folder that is the only
    choice comes with what is in it, so that the shell adds no space behind it.
    """
    found = _find_scenarios(incomplete)
    if len(found) == 1 and found[0].endswith("/"):
        found += _find_scenarios(found[0])
    return [] if any(NEEDS_QUOTES.search(path) for path in found) else found


def _find_scenarios(incomplete: str) -> list[str]:
    start = incomplete.rpartition("/")[2]
    lead = incomplete.removesuffix(start)
    try:
        entries = sorted(os.scandir(lead or "."), key=lambda entry: entry.name)
    except OSError:
        return []
    shown = [entry for entry in entries if entry.name.startswith(start) and (start or not entry.name.startswith("."))]
    files = [f"{lead}{entry.name}" for entry in shown if entry.name.endswith((".yaml", ".yml")) and entry.is_file()]
    return files + [f"{lead}{entry.name}/" for entry in shown if entry.is_dir()]


USAGE_ERROR: Any = (
    typer.BadParameter.__base__
)  # what typer raises for arguments that it refuses; its name is not public


@contextlib.contextmanager
def _shown_safely() -> Iterator[None]:
    """A context in which the message of a refused argument, which quotes it, becomes one line that is safe to print."""
    try:
        yield
    except USAGE_ERROR as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # the message is the help of a group of commands
            raise
        error.message = visible(shorten(error.message, LONGEST))
        raise


class Commands(TyperGroup):
    """The commands. Whatever they refuse of their arguments is shown as `visible` shows it."""

    def make_context(self, info_name: str | None, args: list[str], *others: Any, **named: Any) -> Any:
        with _shown_safely() if args else contextlib.nullcontext():  # without any, the message is the help
            return super().make_context(info_name, args, *others, **named)

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # typer's own is not public
        with _shown_safely():
            return super().invoke(ctx)

    def get_short_help_str(self, limit: int = 0) -> str:  # noqa: ARG002  as for `Command`
        return super().get_short_help_str(10**6)


class Command(TyperCommand):
    """A command whose help names its arguments as in the usage of other programs: SCENARIO..., without types and braces."""

    def collect_usage_pieces(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer's own is not public
        arguments = [param for param in self.get_params(ctx) if param.param_type_name == "argument"]
        return ["[OPTIONS]", *(param.metavar or str(param.name).upper() for param in arguments)]

    def format_options(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]  # as above
        for title, type_name in (("Arguments", "argument"), ("Options", "option")):
            rows = []
            for param in self.get_params(ctx):
                record = param.get_help_record(ctx) if param.param_type_name == type_name else None
                if record:
                    name = param.metavar or str(param.name).upper() if type_name == "argument" else record[0]
                    rows.append((name, record[1]))
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def get_short_help_str(self, limit: int = 0) -> str:  # noqa: ARG002  typer cuts it there
        """The first paragraph, whole; the list of commands wraps it."""
        return super().get_short_help_str(10**6)


ScenarioFile = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO", help="Scenario file, or - for standard input.", autocompletion=complete_scenario
    ),
]
Method = Annotated[
    str | None,
    typer.Option(
        "--method",  # typer 0.27 takes it from the metavar otherwise
        help="Method of descent: gradient, momentum, adam or newton; or snell, which is exact.",
        metavar="METHOD",
        autocompletion=complete_from(*METHODS),
    ),
]
StepSize = Annotated[
    float | None, typer.Option(help="Step size of the descent.", parser=parse_number, metavar="NUMBER")
]
Iterations = Annotated[
    float | None, typer.Option(help="Maximum number of iterations.", parser=parse_number, metavar="COUNT")
]
Tolerance = Annotated[
    float | None,
    typer.Option(
        help="Stop when the largest derivative times the lowest speed is at most this.",
        parser=parse_number,
        metavar="NUMBER",
    ),
]
Initial = Annotated[
    str | None,
    typer.Option(help="Initial path: one number for each strip except the last, such as 2,17.", metavar="X,X,..."),
]
Json = Annotated[bool, typer.Option("--json", help="Print a JSON document instead.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print comma-separated values instead.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the summary.")]

Axes = Annotated[
    str | None,
    typer.Option(help="One or two unknowns to draw the landscape over, counted from 1.  [default: 1,2]", metavar="I,J"),
]
Held = Annotated[
    bool,
    typer.Option("--held", help="Keep the other unknowns where the descent ended instead of at their best values."),
]


def parse_axes(text: str | None) -> tuple[int, ...] | None:
    """The unknowns of a landscape, counted from 0; None for None. Raises InputError."""
    if text is None:
        return None
    try:
        axes = tuple(int(part) - 1 for part in text.split(","))
    except ValueError:
        axes = ()
    if len(axes) not in (1, 2) or len(set(axes)) < len(axes) or min(axes) < 0:
        raise InputError(
            f"--axes: must be one or two different unknowns, counting from 1, such as 1,2, got {quote(text)}"
        )
    return axes


def remark(*texts: str) -> None:
    """Print sentences on stderr, a line each, as `visible` shows them."""
    for text in texts:
        print(visible(text, keep="\n"), file=sys.stderr)


def say_written(path: Path) -> None:
    """Say on stderr, in one line, that a file has been written."""
    remark(f"wrote {visible(str(path))}")


def exclude(options: Mapping[str, bool]) -> None:
    """Raises InputError if more than one of these flags is given."""
    given = [name for name, value in options.items() if value]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} cannot be used together")


def parse_descent(
    method: str | None,
    iterations: float | None,
    tolerance: float | None,
    initial: str | None,
    step: float | None = None,
) -> dict[str, Any]:
    """The options that replace settings of a descent, by name; None for a missing option. Raises InputError."""
    start = parse_numbers(initial, "--initial")
    return {"method": method, "step": step, "iterations": iterations, "tolerance": tolerance, "initial": start}


def refuse_foreign(kind: Kind, file: str, options: Mapping[str, Any]) -> None:
    """Raises InputError if an option is given that scenarios of this kind do not take."""
    for name, value in options.items():
        if value is not None and value is not False and name not in kind.options:
            owners = [other.plural for other in kinds.KINDS.values() if name in other.options]
            raise InputError(
                f"{file}: --{name.replace('_', '-')} works only with {' and '.join(owners)}, not with {kind.plural}: "
                "remove the option or name other files"
            )


def protect_inputs(scenario: Scenario, outputs: Iterable[Path], option: str = "--output") -> None:
    """Raises InputError if a file to be written is one that the scenario was read from."""
    for output in outputs:
        refuse_input(output, scenario.inputs, option)


def with_question_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of all questions of all kinds in place of its `**` parameter."""
    added: dict[str, inspect.Parameter] = {}
    for kind in kinds.KINDS.values():
        for option in (option for question in kind.questions.values() for option in question.options):
            added.setdefault(option.name, _to_parameter(option))
    return _complete(command, added.values(), before="precision")


def with_kind_flags(command: Callable[..., None]) -> Callable[..., None]:
    """The command with a flag for each kind except the first in place of its `**` parameter."""
    flags = [Option(kind.name, bool, kind.flag) for kind in list(kinds.KINDS.values())[1:]]
    return _complete(command, map(_to_parameter, flags))


def _complete(
    command: Callable[..., None], added: Iterable[inspect.Parameter], before: str | None = None
) -> Callable[..., None]:
    """The command with more keyword parameters in the signature from which typer reads its options."""
    added = list(added)
    signature = inspect.signature(command)
    own = [parameter for parameter in signature.parameters.values() if parameter.kind is not parameter.VAR_KEYWORD]
    place = [parameter.name for parameter in own].index(before) if before else len(own)
    everything = [*own[:place], *added, *own[place:]]
    in_order = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in everything]
    command.__signature__ = signature.replace(parameters=in_order)  # type: ignore[attr-defined]  # inspect reads it
    command.__annotations__ |= {parameter.name: parameter.annotation for parameter in added}
    return command


def _to_parameter(option: Option) -> inspect.Parameter:
    """The parameter from which typer reads an option."""
    if option.type is bool:
        flag = typer.Option(f"--{option.name.replace('_', '-')}", help=option.help)
        return inspect.Parameter(
            option.name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, flag]
        )
    parser = parse_number if option.type is float else None
    info = typer.Option(help=option.help, metavar=option.metavar, parser=parser)
    hint: Any = Annotated[option.type | None, info]
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint)
