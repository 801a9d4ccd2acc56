"""Regression tests of scenarios: the result of each is compared with the one that was recorded.

The record of `three_strips.yaml` is `three_strips.expected.json` in the same folder. It has the inputs and the result.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terrain_cli import kinds
from terrain_cli.contract import Scenario
from terrain_cli.errors import InputError
from terrain_cli.files import write
from terrain_cli.kinds import Kind
from terrain_cli.scenario.load import load_scenario, scenario_files

ENDING = ".expected.json"


@dataclass(frozen=True)
class Change:
    """A value that differs from the record. kind: "input" or "result"."""

    kind: str
    what: str
    before: Any
    now: Any


@dataclass
class Checked:
    """The outcome for a scenario.

    verdict: "same", "moved", "unrecorded", "orphan" (a record without a scenario), "refused" (the scenario or its record is
    invalid), or with `update` "recorded" or "updated". problems: why it was refused.
    """

    file: str
    verdict: str
    changes: list[Change] = field(default_factory=list)
    problems: tuple[str, ...] = ()


def record_path(scenario: Path) -> Path:
    """The path of the record of a scenario file."""
    return scenario.with_name(scenario.stem + ENDING)


def check(path: str | Path, *, tolerance: float = 1e-9, update: bool = False) -> Iterator[Checked]:
    """Compare a scenario file, or all those in a folder, with their records, one after the other.

    tolerance: largest relative change of a result; `find_moved` of each kind applies it. update: write the records that are
    missing or have changed. Raises InputError if `path` names no scenario.
    """
    if str(path) == "-":
        raise InputError("-: standard input has no record: name a file or a folder")
    files = scenario_files(path)
    twins = [file for file in files if [record_path(other) for other in files].count(record_path(file)) > 1]
    if twins:
        raise InputError(
            f"{path}: {' and '.join(file.name for file in twins)} would share a record: rename one of them"
        )
    for file in files:
        yield _check_one(file, tolerance, update)
    if Path(path).is_dir():
        known = {record_path(file) for file in files}
        for record in sorted(Path(path).glob(f"*{ENDING}")):
            if record not in known:
                yield Checked(str(record), "orphan")


def _check_one(file: Path, tolerance: float, update: bool) -> Checked:
    try:
        scenario = load_scenario(file)
        now = make_record(scenario)
        before = _read_record(record_path(file))
    except InputError as error:
        return Checked(str(file), "refused", problems=error.problems)
    if before is None:
        if update:
            write(record_path(file), now, indent=1)
        return Checked(str(file), "recorded" if update else "unrecorded")
    changes = compare(before, now, kinds.of(scenario), tolerance)
    if not changes:
        return Checked(str(file), "same")
    if update:
        write(record_path(file), now, indent=1)
    return Checked(str(file), "updated" if update else "moved", changes)


def make_record(scenario: Scenario) -> dict[str, Any]:
    """The record of a scenario, its inputs and its result, as plain data."""
    inputs, result = kinds.of(scenario).record.make_record(scenario)
    return {"version": 1, "inputs": inputs, "result": result}


def compare(before: dict[str, Any], now: dict[str, Any], kind: Kind, tolerance: float) -> list[Change]:
    """The differences of two records: of inputs exactly, of results beyond the tolerance. kind: of the scenario now."""
    changes = [Change("input", *difference) for difference in _differences("", before["inputs"], now["inputs"])]
    old, new = before["result"], now["result"]
    if not kind.record.is_result(old):
        return changes  # the scenario was of another kind, which the inputs show
    return changes + [Change("result", *moved) for moved in kind.record.find_moved(old, new, now["inputs"], tolerance)]


def _differences(name: str, before: Any, now: Any) -> list[tuple[str, Any, Any]]:
    """(name, before, now) of each leaf that differs; None for a missing one."""
    if isinstance(before, dict) and isinstance(now, dict):
        keys = [*now, *(key for key in before if key not in now)]
        pairs = [(f"{name}.{key}" if name else key, before.get(key), now.get(key)) for key in keys]
    elif isinstance(before, list) and isinstance(now, list):
        longer = range(max(len(before), len(now)))
        pairs = [
            (f"{name}[{i}]", before[i] if i < len(before) else None, now[i] if i < len(now) else None) for i in longer
        ]
    else:
        return [] if before == now else [(name, before, now)]
    return [difference for pair in pairs for difference in _differences(*pair)]


def _read_record(path: Path) -> dict[str, Any] | None:
    """The record in a file; None if there is no file. Raises InputError if the file is not a record."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"), parse_int=float)
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror}") from None
    except json.JSONDecodeError as problem:
        raise InputError(
            f"{path}:{problem.lineno}: is not JSON ({problem.msg}): delete it and record again with --update"
        ) from None
    except (UnicodeDecodeError, RecursionError):
        raise InputError(f"{path}: is not a record: delete it and record again with --update") from None
    if not _is_record(record):
        raise InputError(f"{path}: is not a record of this version: delete it and record again with --update")
    return dict(record)


def _is_record(record: Any) -> bool:
    if not isinstance(record, dict) or record.get("version") != 1 or not isinstance(record.get("inputs"), dict):
        return False
    result = record.get("result")
    if not isinstance(result, dict) or not isinstance(result.get("status"), str):
        return False
    return any(kind.record.is_result(result) for kind in kinds.KINDS.values())
