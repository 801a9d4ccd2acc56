"""Writes the points of a sweep one by one, as they are computed, so that memory does not grow with their number."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from terrain_cli.files import written


def print_document(head: dict[str, Any], varied: Mapping[str, Sequence[float]], points: Iterable[Any]) -> None:
    """Print the sweep as one JSON document on stdout, item by item."""
    sys.stdout.write(json.dumps(head)[:-1] + ', "varied": {')
    for i, (name, values) in enumerate(varied.items()):
        sys.stdout.write((", " if i else "") + json.dumps(name) + ": ")
        _print_list(values)
    sys.stdout.write('}, "points": ')
    _print_list(points)
    sys.stdout.write("}\n")


def _print_list(items: Iterable[Any]) -> None:
    sys.stdout.write("[")
    for i, item in enumerate(items):
        sys.stdout.write((", " if i else "") + json.dumps(item))
    sys.stdout.write("]")


def make_row_writer(file: TextIO, columns: Sequence[str]) -> "csv.DictWriter[str]":
    """A writer of points as rows of CSV; it has written the header."""
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    writer.writeheader()
    return writer


def write_points(points: Iterator[dict[str, Any]], output: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Pass the points on while writing them to `output`, .csv or .json; the file exists once the last has passed."""
    with written(output) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        writer = make_row_writer(file, columns) if output.suffix.lower() == ".csv" else None
        for i, point in enumerate(points):
            if writer:
                writer.writerow(point)
            else:
                file.write(("[\n" if i == 0 else ",\n") + json.dumps(point))
            yield point
        if not writer:
            file.write("\n]\n")
