"""Files that are written whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from terrain_cli.errors import InputError


def check_output(path: Path, endings: tuple[str, ...], option: str = "--output") -> str:
    """The ending of a file to be written, one of `endings`, such as ".png".

    Raises InputError for another ending, or a folder that is not there: to be called before anything is computed, so that a
    slip is said at once.
    """
    ending = path.suffix.lower()
    if ending not in endings:
        *others, last = endings
        allowed = f"{', '.join(others)} or {last}" if others else last
        raise InputError(f"{option}: must end in {allowed}, got {path}")
    try:
        is_folder, has_folder = path.is_dir(), path.parent.is_dir()
    except OSError as problem:
        raise _cannot(path, problem) from None
    if is_folder:
        raise InputError(f"{path}: cannot be written: it is a folder")
    if not has_folder:
        raise InputError(f"{path}: cannot be written: there is no folder {path.parent}")
    return ending


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to: renamed to `path` when all went well, else removed. Raises InputError."""
    beside = path.with_name(path.name + ".part")
    try:
        yield beside
        beside.replace(path)
    except OSError as problem:
        raise _cannot(path, problem) from None
    finally:
        beside.unlink(missing_ok=True)


def _cannot(path: Path, problem: OSError) -> InputError:
    return InputError(f"{path}: cannot be written: {problem.strerror or problem}")
