"""Writes the points of a sweep one by one, as they are computed, so that memory does not grow with their number.

Each of the three is a context that takes points; at its end, what it writes is complete, whether or not all points have come.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from terrain_cli.files import text_in, written

Add = Callable[[dict[str, Any]], None]


@contextmanager
def document(file: TextIO, head: dict[str, Any], varied: Mapping[str, Sequence[float]]) -> Iterator[Add]:
    """The sweep as one JSON document."""
    file.write(json.dumps(head)[:-1] + ', "varied": {')
    for i, (name, values) in enumerate(varied.items()):
        file.write((", " if i else "") + json.dumps(name) + ": [")
        for j, value in enumerate(values):
            file.write((", " if j else "") + json.dumps(value))
        file.write("]")
    file.write('}, "points": [')
    yield _items(file, ", ")
    file.write("]}\n")


@contextmanager
def rows(file: TextIO, columns: Sequence[str]) -> Iterator[Add]:
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
                yield add
        else:
            file.write("[\n")
            yield _items(file, ",\n")
            file.write("\n]\n")


def _items(file: TextIO, between: str) -> Add:
    """Writes points as the items of a JSON list, with the text `between` two of them."""
    first = True

    def add(point: dict[str, Any]) -> None:
        nonlocal first
        file.write(("" if first else between) + json.dumps(point))
        first = False

    return add
