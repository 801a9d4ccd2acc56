"""`terrain examples`: the scenarios and programs that come with terrain, to learn from and to start from."""

import contextlib
import json
from pathlib import Path
from typing import Annotated

import typer

from terrain_cli.commands.options import Json, say_written
from terrain_cli.errors import InputError
from terrain_cli.files import check_output, refuse_input, written
from terrain_cli.text import suggest

RUN_WITH = {".yaml": "terrain solve", ".jsonl": "terrain batch", ".py": "python"}  # by the ending of the file
CASES = "Cases for terrain batch: a scenario of strips in each line."


def complete_example(incomplete: str) -> list[str]:
    """The names of examples that begin like this, for the shell."""
    return [name for name in _find_examples() if name.startswith(incomplete)]


def examples(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME...]",
            help="Write these examples into the current folder; an existing file is never overwritten.",
            autocompletion=complete_example,
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write a single example to.", metavar="FILE")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the examples that come with terrain, or write some of them.

    Scenarios and cases are for terrain itself. Programs run with python, print a table and draw a picture. Each file begins with
    a text that says what it teaches.

    Example: terrain examples

    Example: terrain examples three_strips lake soft_lake
    """
    found = _find_examples()
    if not names:
        if output:
            raise InputError("--output: needs the name of an example; terrain examples lists them")
        _print(found, as_json)
        return
    if as_json:
        raise InputError("--json: lists the examples, and cannot be used together with the name of one")
    if output and len(names) > 1:
        raise InputError(f"--output: works only with a single example, got {len(names)}")
    known = found | {file.name: file for file in found.values()}
    for name in names:
        if name not in known:
            raise InputError(f"{name}: there is no such example: {suggest(Path(name).stem, list(found))}")
    for name in names:
        example = known[name]
        target = Path(example.name)
        if output:
            check_output(output, (example.suffix,))
            target = output
            refuse_input(output, [example])
        files = {target: example, **{target.with_name(path.name): path for path in _find_companions(example)}}
        with contextlib.ExitStack() as stack:  # all of them or none
            opened = [stack.enter_context(written(path, overwrite=output is not None)) for path in files]
            for file, source in zip(opened, files.values(), strict=True):
                file.write(source.read_bytes())
        for path in files:
            say_written(path)


def _find_companions(example: Path) -> list[Path]:
    """The files that an example reads, which lie beside it."""
    from terrain_cli.scenario.load import load_scenario

    if example.suffix != ".yaml":
        return []
    return [path for path in load_scenario(example).inputs if path != example]


def _find_examples() -> dict[str, Path]:
    """The files by their names without the ending: scenarios and cases, then programs."""
    from terrain_cli.scenario.load import packaged_folder

    files = [file for folder in ("configs", "examples") for file in sorted(packaged_folder(folder).iterdir())]
    return {file.stem: file for file in files if file.suffix in RUN_WITH}


def _print(found: dict[str, Path], as_json: bool) -> None:
    listed = [
        {"name": name, "file": file.name, "run_with": RUN_WITH[file.suffix], "about": _describe(file)}
        for name, file in found.items()
    ]
    from terrain_cli.show.console import data_out, out

    if as_json:
        print(json.dumps({"version": 1, "examples": listed}), file=data_out())
        return
    from rich.text import Text

    from terrain_cli.show.tables import new_table

    table = new_table(("example", "run with", "what it is"), left=3)
    for example in listed:
        table.add_row(Text(example["name"]), Text(example["run_with"]), Text(example["about"]))
    out.print(table)


def _describe(file: Path) -> str:
    """The first sentence of the comment with which a scenario begins, or the first line of a program."""
    if file.suffix == ".jsonl":
        return CASES
    lines = file.read_text(encoding="utf-8").splitlines()
    if file.suffix == ".py":
        return lines[0].removeprefix('"""')
    comment = []
    for line in lines:
        if not line.startswith("#"):
            break
        if "yaml-language-server" not in line:
            comment.append(line.removeprefix("#").strip())
    return " ".join(comment).partition(". ")[0].rstrip(".") + "."
