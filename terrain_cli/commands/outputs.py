"""What `terrain solve` writes: the JSON document, and the content of each file by its ending."""

from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

from terrain_cli import kinds
from terrain_cli.contract import Answer, Solution
from terrain_cli.errors import InputError

FORMATS = (".json", ".csv", ".geojson", ".gpx", ".gpkg")
PLAIN = (".json", ".csv", ".geojson")  # those of them that every kind has


class Solved(NamedTuple):
    solution: Solution
    answers: list[Answer]


def check_formats(kind: kinds.Kind, ground: Any, file: str, outputs: Mapping[str, list[Path]]) -> None:
    """Raises InputError for a file that cannot be written from this ground, by its ending."""
    for option, paths in outputs.items():
        for path in paths:
            if kind.has("exports"):
                kind.find("exports").check(ground, path, f"{file}: {option}")
            elif option == "--output" and path.suffix.lower() not in PLAIN:
                raise InputError(
                    f"{file}: --output: {path}: only maps can be written to {path.suffix.lower()}: use .geojson"
                )


def make_document(solved: list[Solved], several: bool) -> Any:
    """The JSON document: an object for one scenario, a list for several."""
    documents = [
        reduce(_merge, (answer.to_json() for answer in answers), solution.to_json()) for solution, answers in solved
    ]
    return documents if several else documents[0]


def _merge(document: Any, addition: Any) -> Any:
    """The document with the addition in it: mappings key by key, lists of equal length item by item."""
    if isinstance(document, dict) and isinstance(addition, dict):
        both = {key: _merge(document[key], addition[key]) for key in document.keys() & addition.keys()}
        return document | addition | both
    if isinstance(document, list) and isinstance(addition, list) and len(document) == len(addition):
        return [_merge(*pair) for pair in zip(document, addition, strict=True)]
    return addition


def make_content(path: Path, solved: list[Solved], several: bool) -> Any:
    """What `--output` writes to a file, by its ending."""
    match path.suffix.lower():
        case ".json":
            return make_document(solved, several)
        case ".csv":
            return solved[0].solution.to_rows()
    [(solution, answers)] = solved
    features = [*solution.to_features(), *(feature for answer in answers for feature in answer.to_features())]
    kind = kinds.of(solution.scenario)
    if kind.has("exports"):
        return kind.find("exports").make_content(solution, features, path)
    return {"type": "FeatureCollection", "features": features}
