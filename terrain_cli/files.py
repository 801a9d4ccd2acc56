"""The only place that writes files: each is written whole or not at all. (A batch appends to its results: see batch/.)"""

import contextlib
import csv
import json
import math
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from terrain_cli.errors import InputError
from terrain_cli.interrupts import leftovers

ERRORS = "backslashreplace"  # a file name that is not UTF-8 has lone surrogates: \udcff, which JSON reads back


def check_output(path: Path, endings: tuple[str, ...], option: str = "--output") -> str:
    """The ending of an output file, one of `endings`, such as ".png".

    Raises InputError for another ending, and for a file that cannot be written there: a folder, a pipe or device, or a file in
    a folder that does not exist. Call it before anything is computed, so that a mistake is reported at once.
    """
    ending = path.suffix.lower()
    if ending not in endings:
        *others, last = endings
        allowed = f"{', '.join(others)} or {last}" if others else last
        raise InputError(f"{option}: must end in {allowed}, got {path}")
    try:
        _status(path)
        folder = path.resolve().parent if path.is_symlink() else path.parent  # a link is followed
        has_folder = folder.is_dir()
    except OSError as problem:
        raise cannot(path, problem) from None
    if not has_folder:
        raise InputError(f"{path}: cannot be written: there is no folder {folder}")
    return ending


def refuse_input(output: Path, inputs: Iterable[str | Path], option: str = "--output") -> None:
    """Raises InputError if the output is one of the input files, be it under another name or through a link."""
    for file in inputs:
        with contextlib.suppress(OSError):  # one of the two does not exist
            if output.samefile(file):
                raise InputError(f"{option}: {output} is an input file; name another file")


def write(path: Path, content: Any, *, indent: int | None = None) -> None:
    """Write a file in the format that its ending names; see `written`.

    .json, .geojson: whatever `plain` accepts, with `indent` if given. .csv: rows, an iterable of sequences.
    .npy: a NumPy array. Any other ending: a text. Text is UTF-8 with "\\n" at the end of a line.
    """
    ending = path.suffix.lower()
    with written(path) as beside:
        if ending == ".npy":
            import numpy as np

            with beside.open("wb") as array_file:
                np.save(array_file, content, allow_pickle=False)
        elif ending == ".csv":
            with beside.open("w", encoding="utf-8", errors=ERRORS, newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(content)
        else:
            if ending in (".json", ".geojson"):
                content = json.dumps(plain(content), ensure_ascii=False, indent=indent) + "\n"
            beside.write_text(content, encoding="utf-8", errors=ERRORS, newline="\n")


@contextmanager
def written(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """A temporary file beside `path` to write to. It replaces `path` on success and is removed on any exception.

    A file that is replaced keeps its mode and, where permitted, its owner; a new file gets the mode of the umask. Through a
    symbolic link, its target is written and the link stays. Raises InputError if the file cannot be written, if it is a folder,
    a pipe or a device (a pipe would wait for its reader, and a rename would replace either), or if it exists although
    `overwrite` is False.
    """
    beside: Path | None = None
    try:
        if not overwrite and os.path.lexists(path):
            raise FileExistsError
        status = _status(path)
        target = path.resolve()
        # Named at random, so that it is no other process's either, and without the ending, so that no folder scan reads it.
        beside = target.with_name(f".terrain-{os.urandom(16).hex()}.tmp")
        leftovers.add(str(beside))
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if status else 0o666)
        try:
            yield beside
            os.fsync(file)
        finally:
            os.close(file)
        if status:
            _keep_access(beside, status)
        if overwrite:
            beside.replace(target)
        else:
            _name(beside, target)
    except FileExistsError:
        raise InputError(f"{path}: already exists; choose another name") from None
    except OSError as problem:
        raise cannot(path, problem) from None
    finally:
        if beside:
            with contextlib.suppress(OSError):  # mostly because it has its final name by now
                beside.unlink()
            leftovers.discard(str(beside))


def _name(file: Path, target: Path) -> None:
    """Give a file its final name. Raises FileExistsError if another process has taken the name meanwhile."""
    try:
        target.hardlink_to(file)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # a file system without hard links
        target.open("xb").close()
        file.replace(target)


def plain(value: Any) -> Any:
    """The value as JSON has it: lists in place of tuples and arrays, None in place of a number that is not finite."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # an array or scalar of NumPy or JAX
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _status(path: Path) -> os.stat_result | None:
    """The status of the file that `path` leads to; None if there is none yet. Raises InputError if it is no regular file."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device, not a regular file"
        raise InputError(f"{path}: cannot be written: it is {what}")
    return status


def _keep_access(path: Path, status: os.stat_result) -> None:
    """Give a file the owner, the group and the mode of the one that it replaces."""
    own = path.stat()
    if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
        with contextlib.suppress(OSError):  # only root can give a file away
            os.chown(path, status.st_uid, status.st_gid)
    path.chmod(stat.S_IMODE(status.st_mode) & 0o777)


def cannot(path: Path, problem: OSError) -> InputError:
    """The error that says of a file that it cannot be written, and why."""
    return InputError(f"{path}: cannot be written: {problem.strerror or problem}")
