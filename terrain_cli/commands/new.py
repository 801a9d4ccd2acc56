"""`terrain new`: write a commented scenario to start from."""

from pathlib import Path
from typing import Annotated

import typer

from terrain_cli import kinds
from terrain_cli.commands.options import remark, with_kind_flags
from terrain_cli.errors import InputError
from terrain_cli.files import written
from terrain_cli.text import visible


@with_kind_flags
def new(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write; an existing file is never overwritten.")
    ],
    **flags: bool,
) -> None:
    """Write a commented scenario of strips or of a map to start from.

    Example: terrain new my.yaml

    Example: terrain new map.yaml --map
    """
    chosen = [kind for name, kind in kinds.KINDS.items() if flags.get(name)] or [next(iter(kinds.KINDS.values()))]
    if len(chosen) > 1:
        raise InputError(f"{' and '.join(f'--{kind.name}' for kind in chosen)} cannot be used together")
    name = visible(str(path))
    text = chosen[0].starter.replace("FILE", name)
    with written(path, overwrite=False) as file:
        file.write(text.encode())
    remark(f"wrote {name}; now run terrain solve {name}")
