"""`terrain solve`: the fastest path of a scenario of any kind, and the answers to questions about it."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from terrain_cli import kinds
from terrain_cli.commands.options import (
    Csv,
    Initial,
    Iterations,
    Json,
    Method,
    Quiet,
    StepSize,
    Tolerance,
    complete_from,
    complete_scenario,
    exclude,
    parse_count,
    parse_descent,
    protect_inputs,
    refuse_foreign,
    remark,
    say_written,
    with_question_options,
)
from terrain_cli.commands.outputs import FORMATS, Solved, check_formats, make_content, make_document
from terrain_cli.contract import Answer, Scenario
from terrain_cli.errors import InputError
from terrain_cli.files import check_output, json_pieces, refuse_input, write
from terrain_cli.interrupts import held
from terrain_cli.text import quote, visible

if TYPE_CHECKING:
    from terrain_cli.show.console import Progress

FILES = 1000  # scenarios of a run, whose solutions are all kept until they are printed


class Loaded(NamedTuple):
    """A scenario that is ready to be solved. asked: the arguments of the questions that are asked, by name."""

    scenario: Scenario
    ground: Any
    asked: dict[str, Any]


@with_question_options
def solve(
    scenarios: Annotated[
        list[str],
        typer.Argument(
            metavar="SCENARIO...",
            help="Scenario files or folders of them, or - for standard input.",
            autocompletion=complete_scenario,
        ),
    ],
    method: Method = None,
    step: StepSize = None,
    iterations: Iterations = None,
    tolerance: Tolerance = None,
    initial: Initial = None,
    show: Annotated[
        str | None,
        typer.Option(
            help="Columns of the table: crossings (from the start) or x (within each strip).  [default: crossings]",
            metavar="COLUMNS",
            autocompletion=complete_from("crossings", "x"),
        ),
    ] = None,
    precision: Annotated[
        int | None,
        typer.Option(
            help="Bits of the arrival times on a map, 64 or 32.  [default: 64]",
            metavar="BITS",
            parser=parse_count,
            autocompletion=complete_from("64", "32"),
        ),
    ] = None,
    every: Annotated[
        int | None, typer.Option(help="Show only every N-th iteration.", metavar="N", parser=parse_count)
    ] = None,
    plot: Annotated[
        bool, typer.Option("--plot", help="Also draw the path and the time over the iterations in the terminal.")
    ] = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help="Also write to this file. The ending sets the format: .json (the document), .csv (the history of a descent or "
            "the points of a route), .geojson or .gpkg (routes and areas) or .gpx (a track). Can be repeated.",
            metavar="FILE",
        ),
    ] = None,
    as_json: Json = False,
    as_csv: Csv = False,
    quiet: Quiet = False,
    **asked: Any,
) -> None:
    """Find the fastest path across strips, or the routes across a map.

    Options override the file. The exit code is 1 if a descent diverged or no route leads to a goal, and 2 if a file or option
    is invalid.

    Example: terrain examples three_strips lake

    Example: terrain solve three_strips.yaml --step 3.19

    Example: terrain solve lake.yaml --isochrones 200,400 --corridor 1

    Example: terrain solve lake.yaml -o route.geojson -o route.csv
    """
    from terrain_cli.scenario.load import is_folder

    exclude({"--json": as_json, "--csv": as_csv, "--plot": plot})
    if show not in (None, "crossings", "x"):
        raise InputError(f"--show: must be crossings or x, got {quote(show)}")
    if precision not in (None, 32, 64):
        raise InputError(f"--precision: must be 32 or 64, got {precision}")
    if every == 0:
        raise InputError("--every: must be at least 1, got 0")
    options = parse_descent(method, iterations, tolerance, initial, step) | asked
    options |= {"show": show, "every": every, "plot": plot or None, "precision": precision}
    questions = {name: _parse_questions(kind, asked) for name, kind in kinds.KINDS.items()}
    outputs = output or []
    for path in outputs:
        check_output(path, FORMATS)
    several = len(scenarios) > 1 or any(map(is_folder, scenarios))
    _check_combination(several, outputs, as_csv, plot, asked)

    files, failures = _find_files(scenarios)
    if len(files) > FILES:
        batch = "terrain batch FOLDER solves any number of strips exactly"
        raise InputError(f"at most {FILES:,} scenarios can be solved at once, got {len(files):,}: name fewer; {batch}")
    named = {f"--{name.replace('_', '-')}": [path] for name, path in asked.items() if isinstance(path, Path)}
    _check_files(files, {"--output": outputs, **named})
    writes = {"--output": outputs, **named}
    loaded = [ready for file in files if (ready := _load(file, options, questions, writes, failures))]
    for scenario, _, _ in loaded:
        for option, paths in {"--output": outputs, **named}.items():
            protect_inputs(scenario, paths, option)
    remark(*(problem for problems in failures.values() for problem in problems))
    if not loaded:
        raise typer.Exit(2)

    from terrain_cli.compile_cache import enable_compile_cache
    from terrain_cli.show.console import working

    with working("") as progress:
        enable_compile_cache(progress.note_compiling)
        solved, interrupted = _solve_all(loaded, options, progress, quiet=quiet or as_json or as_csv or several)
    remark(*dict.fromkeys(text for each in solved for text in each.solution.remarks))
    with held():
        contents = dict(item for each in solved for answer in each.answers for item in answer.to_files().items())
        contents |= {path: make_content(path, solved, several) for path in outputs}
        try:
            _print(solved, list(failures), options, several=several, as_json=as_json, as_csv=as_csv)
        finally:  # also if stdout is full, or a pipe that nobody reads any more
            for path, content in contents.items():
                write(path, content)
        for path in contents:
            say_written(path)
    if interrupted and several:
        whole = sum(each.solution.status != "interrupted" for each in solved)
        remark(f"interrupted: {whole:,} of {len(loaded):,} scenarios were solved")
    bad = bool({each.solution.status for each in solved} & {"diverged", "no route"})
    raise typer.Exit(130 if interrupted else 2 if failures else 1 if bad else 0)


def _parse_questions(kind: kinds.Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the questions that are asked, by name. Raises InputError."""
    parsed = {name: question.parse(values) for name, question in kind.questions.items()}
    return {name: argument for name, argument in parsed.items() if argument is not None}


def _check_combination(several: bool, outputs: list[Path], as_csv: bool, plot: bool, asked: Mapping[str, Any]) -> None:
    """Raises InputError for options that need a single scenario, or that exclude each other."""
    if as_csv and several:
        raise InputError("--csv: works only with a single scenario")
    if as_csv:
        _refuse_with_csv(asked)
    if not several:
        return
    if plot:
        raise InputError("--plot: works only with a single scenario; terrain plot draws to files")
    for name, value in asked.items():
        if isinstance(value, Path):
            raise InputError(
                f"--{name.replace('_', '-')}: works only with a single scenario, because it names a single file"
            )
    for path in outputs:
        if path.suffix.lower() != ".json":
            raise InputError(f"--output: must end in .json for several scenarios, got {path}")


def _refuse_with_csv(asked: Mapping[str, Any]) -> None:
    """Raises InputError for a question whose answer CSV has no place for, unless it is written to a file of its own."""
    for kind in kinds.KINDS.values():
        for question in kind.questions.values():
            names = [option.name for option in question.options if asked[option.name] not in (None, False)]
            if names and not any(isinstance(asked[name], Path) for name in names):
                raise InputError(f"--{names[0].replace('_', '-')} and --csv cannot be used together; --json has both")


def _find_files(names: list[str]) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """The files that the arguments name, and the problems of arguments that name none."""
    from terrain_cli.scenario.load import scenario_files

    files: list[str] = []
    failures: dict[str, tuple[str, ...]] = {}
    for name in names:
        try:
            files += map(str, scenario_files(name))
        except InputError as error:
            failures[name] = error.problems
    return files, failures


def _check_files(files: list[str], outputs: Mapping[str, list[Path]]) -> None:
    """Raises InputError if a file to be written is named twice, or is one of the scenario files, valid or not."""
    seen: set[Path] = set()
    for option, paths in outputs.items():
        for path in paths:
            refuse_input(path, files, option)
            if path.resolve() in seen:
                raise InputError(f"{option}: {path} is named twice; name another file")
            seen.add(path.resolve())


def _load(
    file: str,
    options: Mapping[str, Any],
    questions: Mapping[str, dict[str, Any]],
    outputs: Mapping[str, list[Path]],
    failures: dict[str, tuple[str, ...]],
) -> Loaded | None:
    """The scenario in a file, changed by the options, and its ground, from which the outputs can be written.

    If it is invalid: None, and its problems in `failures`.
    """
    from terrain_cli.scenario.load import load_scenario
    from terrain_cli.show.console import working

    try:
        with working(f"reading {visible(file)}"):
            scenario = load_scenario(file)
            kind = kinds.of(scenario)
            refuse_foreign(kind, file, options)
            scenario = kind.scenario.with_options(scenario, options)
            ground = kind.solution.read(scenario)
        check_formats(kind, ground, file, outputs)
        return Loaded(scenario, ground, questions[kind.name])
    except InputError as error:
        failures[file] = error.problems
    return None


def _solve_all(
    loaded: list[Loaded], options: Mapping[str, Any], progress: "Progress", quiet: bool
) -> tuple[list[Solved], bool]:
    """Solve the scenarios one after the other. The solutions, all those before Ctrl-C, and whether it was pressed."""
    solved: list[Solved] = []
    for i, (scenario, ground, asked) in enumerate(loaded):
        kind = kinds.of(scenario)
        of = f" ({i + 1:,} of {len(loaded):,})" if len(loaded) > 1 else ""
        try:
            progress.say(f"solving {visible(scenario.name)}{of}")
            watch = None if quiet else kind.terminal.Watch(scenario, ground, options)
            settings = {name: options[name] for name in kind.scenario.SETTINGS if options[name] is not None}
            told = {"watch": watch and watch.add, "report": progress.detail}
            solution = kind.solution.solve(scenario, ground, **told, **settings)
            if watch:
                watch.close()
            answers: list[Answer] = []
            if asked:
                progress.say(f"answering the questions about {visible(scenario.name)}")
            solved.append(Solved(solution, answers))
            answers += [kind.questions[name].answer(solution, value) for name, value in asked.items()]
        except KeyboardInterrupt:
            if not solved:
                raise
            return solved, True
        if solution.status == "interrupted":
            return solved, True
    return solved, False


def _print(
    solved: list[Solved],
    refused: list[str],
    options: Mapping[str, Any],
    *,
    several: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Print the solutions on stdout as JSON, CSV, an overview or a summary, with the answers to the questions."""
    from terrain_cli.show.console import data_out

    if as_json:
        print("".join(json_pieces(make_document(solved, several))), file=data_out())
        return
    if as_csv:
        csv.writer(data_out(), lineterminator="\n").writerows(solved[0].solution.to_rows())
        return
    from terrain_cli.show.canvas import print_plot
    from terrain_cli.show.overview import print_overview
    from terrain_cli.show.tables import print_table

    if several:
        print_overview([each.solution for each in solved], refused)
    else:
        [(solution, _)] = solved
        kinds.of(solution.scenario).terminal.print_summary(solution, options)
    for each in solved:
        for answer in each.answers:
            for plot in answer.to_plots():
                print_plot(plot)
            for table in answer.to_tables():
                print_table(table)
