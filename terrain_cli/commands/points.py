"""Writes the points of a sweep one by one, as they are computed, so that memory does not grow with their number.

Each of the three is a context that takes points; at its end, what it writes is complete, whether or not all points have come.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from terrain_cli.files import cannot, text_in, written
from terrain_cli.interrupts import interruptible

Add = Callable[[dict[str, Any]], None]


class Output:
    """stdout for points. If it is full or nobody reads it any more, files are still completed: the error is kept in `problem`."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.problem: OSError | None = None

    def write(self, text: str) -> None:
        if self.problem is None:
            try:
                self.file.write(text)
            except OSError as problem:
                self.problem = problem


Writable = TextIO | Output


@contextmanager
def document(file: Writable, head: dict[str, Any], varied: Mapping[str, Sequence[float]]) -> Iterator[Add]:
    """The sweep as one JSON document."""
    file.write(json.dumps(head)[:-1] + ', "varied": {')
    for i, (name, values) in enumerate(varied.items()):
        file.write((", " if i else "") + json.dumps(name) + ": [")
        try:
            for j, value in enumerate(interruptible(iter(values))):  # there may be millions
                file.write((", " if j else "") + json.dumps(value))
        except KeyboardInterrupt:
            file.write(']}, "points": []}\n')
            raise
        file.write("]")
    file.write('}, "points": [')
    yield _items(file, ", ")
    file.write("]}\n")


@contextmanager
def rows(file: Writable, columns: Sequence[str]) -> Iterator[Add]:
    """The points as rows of CSV below a header."""
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    writer.writeheader()
    yield writer.writerow


@contextmanager
def point_file(output: Path, columns: Sequence[str]) -> Iterator[Add]:
    """A file of points, .csv or .json."""
    with written(output) as opened, text_in(opened) as file:
        if output.suffix.lower() == ".csv":
            with rows(file, columns) as add:
                yield _naming(output, add)
        else:
            file.write("[\n")
            yield _naming(output, _items(file, ",\n"))
            file.write("\n]\n")


def _naming(output: Path, add: Add) -> Add:
    """The same, with an error that names the file, which is one of several."""

    def named(point: dict[str, Any]) -> None:
        try:
            add(point)
        except OSError as problem:
            raise cannot(output, problem) from None

    return named


def _items(file: Writable, between: str) -> Add:
    """Writes points as the items of a JSON list, with the text `between` two of them."""
    first = True

    def add(point: dict[str, Any]) -> None:
        nonlocal first
        file.write(("" if first else between) + json.dumps(point))
        first = False

    return add
