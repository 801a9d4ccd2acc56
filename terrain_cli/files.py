"""Files that are written whole or not at all."""

import csv
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


def plain(value: Any) -> Any:
    """`value` as JSON has it: lists for arrays, None for what is not finite."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def write(path: Path, content: Any) -> None:
    """TEMP until the writer is merged."""
    with written(path) as beside:
        match path.suffix.lower():
            case ".json" | ".geojson":
                beside.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")
            case ".csv":
                with beside.open("w", encoding="utf-8", newline="") as file:
                    csv.writer(file, lineterminator="\n").writerows(content)
            case ".npy":
                import numpy as np

                with beside.open("wb") as file:
                    np.save(file, content)
            case _:
                beside.write_text(content, encoding="utf-8", newline="\n")


def refuse_input(output: Path, inputs: Any, option: str = "--output") -> None:
    """TEMP"""
    for path in inputs:
        if output.exists() and path.exists() and output.samefile(path):
            raise InputError(f"{option}: {output} is an input: name another file")
