"""The only place that opens files that a user names, to read them and to write them.

Only regular files are read: a pipe or a device could keep the reader waiting, or never end. Files are written whole or not at
all (a batch appends to its results: see batch/), and never in place of a file that the same command has read.
"""

import contextlib
import csv
import errno
import json
import math
import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from terrain_cli.errors import InputError
from terrain_cli.interrupts import leftovers

ERRORS = "backslashreplace"  # a file name that is not UTF-8 has lone surrogates: \udcff, which JSON reads back
MIB = 2**20
LINKS = 40  # more than the system follows one after the other
MOST = 64 * MIB  # of a text that is read whole: a scenario, a record
PIECE = 10_000  # items of a list that are written as JSON at once

# Device and number of each file that was read as input, and its path; none for standard input.
inputs: dict[tuple[int, int], Path | None] = {}


def open_input(path: Path, remedy: str = "give it as standard input, with -", *, keep: bool = True) -> BinaryIO:
    """Open a file to read. Raises OSError, and for a pipe or a device InputError with the remedy.

    keep: the file is an input, which no output may replace.
    """
    flags = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"))
    number = os.open(path, flags)  # without waiting for the other end of a pipe, which is refused below
    try:
        status = os.fstat(number)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path}: is a pipe or a device, not a regular file: {remedy}")
    except BaseException:
        os.close(number)
        raise
    if keep:
        inputs[status.st_dev, status.st_ino] = path.absolute()
    return os.fdopen(number, "rb")


def standard_input() -> BinaryIO:
    """Standard input. Raises InputError if it is closed."""
    if sys.stdin is None:
        raise InputError("<stdin>: is closed: name a file")
    with contextlib.suppress(OSError, ValueError, AttributeError):  # a test may have put something else there
        status = os.fstat(sys.stdin.fileno())
        if stat.S_ISREG(status.st_mode):
            inputs[status.st_dev, status.st_ino] = None
    return sys.stdin.buffer


def read_whole(file: BinaryIO, name: str) -> bytes:
    """The content of a file. Raises InputError, which calls it `name`, if it is too large for a text."""
    pieces: list[bytes] = []
    while piece := file.read(MIB):
        pieces.append(piece)
        if len(pieces) * MIB > MOST + MIB or sum(map(len, pieces)) > MOST:
            raise InputError(
                f"{name}: is larger than {MOST // MIB} MiB, the most that is read of a text: a large map belongs in a .npy "
                "file, and many scenarios in a file for terrain batch"
            )
    return b"".join(pieces)


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


def refuse_input(output: Path, files: Iterable[str | Path] = (), option: str = "--output") -> None:
    """Raises InputError if the output is a file that has been read, or one of these files, be it under another name or a link.

    Call it once everything has been read, before anything is computed; `written` refuses too.
    """
    with contextlib.suppress(OSError):  # there is no such file yet
        same = _is_input(output.stat())
        for file in files:
            with contextlib.suppress(OSError):
                same = same or output.samefile(file)
        if same:
            raise InputError(f"{option}: {output} is an input file; name another file")


def refuse_stdout() -> None:
    """Raises InputError if standard output is a file that is being read, which would never end."""
    try:
        status = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError):  # a test has put something else there
        return
    if _is_input(status):
        raise InputError("the output is the input file; name another file")


def _is_input(status: os.stat_result) -> bool:
    """Whether the file has been read. The number of a deleted file may have passed to another, which has not."""
    number = status.st_dev, status.st_ino
    if number not in inputs:
        return False
    path = inputs[number]
    try:
        return path is None or os.path.samestat(status, path.stat())
    except OSError:
        return False


def write(path: Path, content: Any, *, indent: int | None = None) -> None:
    """Write a file in the format that its ending names; see `written`.

    .json, .geojson: whatever `plain` accepts, with `indent` if given. .csv: rows, an iterable of sequences.
    .npy: a NumPy array. Any other ending: a text, or a function that writes a file at a path, for libraries that need one; what
    it has written is copied. Text is UTF-8 with "\\n" at the end of a line.
    """
    ending = path.suffix.lower()
    with written(path) as file:
        if callable(content):
            import tempfile  # where it is used, since every start of `terrain` imports this module

            with tempfile.TemporaryDirectory(prefix="terrain-") as folder:
                made = Path(folder, f"made{ending}")
                content(made)
                with made.open("rb") as source:
                    shutil.copyfileobj(source, file)
        elif ending == ".npy":
            import numpy as np

            np.save(file, content, allow_pickle=False)
        elif ending == ".csv":
            with text_in(file) as text:
                csv.writer(text, lineterminator="\n").writerows(content)
        else:
            if ending not in (".json", ".geojson"):
                pieces: Iterable[str] = [content]
            elif indent is None:
                pieces = [*json_pieces(plain(content), ensure_ascii=False), "\n"]
            else:
                pieces = [json.dumps(plain(content), ensure_ascii=False, indent=indent), "\n"]
            for piece in pieces:
                file.write(piece.encode("utf-8", ERRORS))


def json_pieces(value: Any, *, ensure_ascii: bool = True) -> Iterator[str]:
    """The text that `json.dumps` makes of the value, in pieces.

    Ctrl-C is heard between them. `json.dumps` itself does not hear it, and takes seconds for a route of a million points.
    """
    if isinstance(value, dict) and value:
        for i, (key, item) in enumerate(value.items()):
            name = json.dumps({key: 0}, ensure_ascii=ensure_ascii)[1:-2]  # with its colon
            yield ("{" if i == 0 else ", ") + name
            yield from json_pieces(item, ensure_ascii=ensure_ascii)
        yield "}"
    elif isinstance(value, list) and len(value) > PIECE:
        for i in range(0, len(value), PIECE):
            yield ("[" if i == 0 else ", ") + json.dumps(value[i : i + PIECE], ensure_ascii=ensure_ascii)[1:-1]
        yield "]"
    else:
        yield json.dumps(value, ensure_ascii=ensure_ascii)


def text_in(file: BinaryIO) -> TextIO:
    """The open file as one for text, whose end of the line is "\\n". Close it before the file."""
    return open(file.fileno(), "w", encoding="utf-8", errors=ERRORS, newline="", closefd=False)


@contextmanager
def written(path: Path, *, overwrite: bool = True, mode: int = 0o666) -> Iterator[BinaryIO]:
    """An open temporary file to write to. It takes its place at `path` on success and is removed on any exception.

    A file that is replaced keeps its mode and, where permitted, its owner; a new file gets `mode`, less the umask. Through a
    symbolic link, its target is written and the link stays. Raises InputError if the file cannot be written, if it is a folder,
    a pipe or a device (a pipe would wait for its reader, and a rename would replace either), if it has been read, or if it
    exists although `overwrite` is False.
    """
    beside: Path | None = None
    try:
        if not overwrite and os.path.lexists(path):
            raise FileExistsError
        status = _status(path)
        if status and _is_input(status):
            raise InputError(f"{path}: cannot be written: it is an input file")
        target = path.resolve()
        # Named at random, so that it is no other process's either, and without the ending, so that no folder scan reads it.
        # It is written through the descriptor that created it, whatever others may put in its place meanwhile.
        beside = target.with_name(f".terrain-{os.urandom(16).hex()}.tmp")
        leftovers.add(str(beside))
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        file = os.fdopen(os.open(beside, flags, 0o600 if status else mode), "w+b")
        try:
            yield file
            file.flush()
            if status:
                _keep_access(file.fileno(), status)
            os.fsync(file.fileno())
        finally:
            with contextlib.suppress(OSError):  # what it could not flush is to be removed
                file.close()
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
        kind = getattr(getattr(value, "dtype", None), "kind", "O")
        finite = kind in "iu" or (kind == "f" and value.size and math.isfinite(abs(value).max()))
        return value.tolist() if finite else plain(value.tolist())  # of a million points each would be looked at
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _status(path: Path) -> os.stat_result | None:
    """The status of the file that `path` leads to; None if there is none yet. Raises InputError if it must not be written."""
    if _is_planted(path):
        raise InputError(f"{path}: cannot be written: it is a link of another user in a folder where anyone can write")
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device, not a regular file"
        raise InputError(f"{path}: cannot be written: it is {what}")
    return status


def _is_planted(path: Path) -> bool:
    """Whether it is a link in a folder like /tmp that neither the user nor the owner of the folder has put there."""
    with contextlib.suppress(OSError):  # `written` says why there can be no file
        for _ in range(LINKS):
            if os.name != "posix" or not path.is_symlink():
                break
            folder = path.parent.stat()
            if folder.st_mode & 0o002 and path.lstat().st_uid not in (os.geteuid(), folder.st_uid):
                return True
            path = path.parent / path.readlink()
    return False


def _keep_access(file: int, status: os.stat_result) -> None:
    """Give an open file the owner, the group and the mode of the one that it replaces."""
    if os.name != "posix":
        return
    own = os.fstat(file)
    if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
        with contextlib.suppress(OSError):  # only root can give a file away
            os.fchown(file, status.st_uid, status.st_gid)
    os.fchmod(file, stat.S_IMODE(status.st_mode) & 0o777)


def cannot(path: Path, problem: OSError) -> InputError:
    """The error that says of a file that it cannot be written, and why."""
    return InputError(f"{path}: cannot be written: {problem.strerror or problem}")
