"""The SHA-256 of cases, by which a resumed batch knows them again."""

import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from terrain_cli.errors import InputError
from terrain_cli.files import open_input, read_whole

PIECE = 2**22  # bytes read at a time


def hash_lines(path: Path, longest: int) -> str:
    """That of a file of lines. Raises OSError, and InputError for a line of more than `longest` bytes."""
    digest = sha256()
    unfinished = 0  # bytes of the line that goes on in the next piece
    with open_input(path) as cases:
        while data := cases.read(PIECE):
            digest.update(data)
            ended = data.rfind(b"\n") + 1
            unfinished = len(data) - ended + (0 if ended else unfinished)
            if unfinished > longest:
                raise InputError(
                    f"{path}: has a line that is longer than {longest // 2**20} MiB: write one case a line"
                )
    return digest.hexdigest()


def hash_files(files: Iterable[Path]) -> str:
    """That of scenario files and their names. A file that cannot be read counts by the reason, which its case reports."""
    digest = sha256()
    for file in files:
        try:
            with open_input(file) as opened:
                content = read_whole(opened, str(file))
        except (OSError, InputError) as problem:
            content = str(getattr(problem, "strerror", None) or problem).encode()
        digest.update(os.fsencode(file.name) + f"\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
