"""`terrain new`: a commented scenario to start from."""

from pathlib import Path
from typing import Annotated

import typer

from terrain_cli import kinds
from terrain_cli.commands.options import with_kind_flags
from terrain_cli.errors import InputError


@with_kind_flags
def new(
    path: Annotated[Path, typer.Argument(help="File to write; an existing file is never overwritten.")],
    **flags: bool,
) -> None:
    """Write a commented scenario to start from.

    Example: terrain new my.yaml

    Example: terrain new map.yaml --map
    """
    chosen = [kind for name, kind in kinds.KINDS.items() if flags.get(name)] or [next(iter(kinds.KINDS.values()))]
    if len(chosen) > 1:
        raise InputError(f"{' and '.join(f'--{kind.name}' for kind in chosen)} cannot be used together")
    text = chosen[0].starter.replace("FILE", str(path))
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path}: exists already: choose another name") from None
    except (OSError, ValueError) as problem:
        raise InputError(f"{path}: cannot be written: {getattr(problem, 'strerror', None) or problem}") from None
    typer.echo(f"wrote {path}: now try terrain solve {path}", err=True)
