"""Regression tests of scenarios: the result of each is compared with the one that was recorded.

The record of `three_strips.yaml` is `three_strips.expected.json` in the same folder. It has the inputs and the result.
"""

import contextlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terrain_cli import kinds
from terrain_cli.contract import Scenario
from terrain_cli.errors import InputError
from terrain_cli.files import write
from terrain_cli.kinds import Kind
from terrain_cli.scenario.load import is_folder, load_scenario, scenario_files
from terrain_cli.scenario.model import Place, write_key

ENDING = ".expected.json"
DEPTH = 16  # levels of nesting of a record; the deepest has seven


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
    invalid, or the record cannot be written), or with `update` "recorded" or "updated". problems: why it was refused.
    """

    file: str
    verdict: str
    changes: list[Change] = field(default_factory=list)
    problems: tuple[str, ...] = ()


def record_path(scenario: Path) -> Path:
    """The path of the record of a scenario file."""
    return scenario.with_name(scenario.stem + ENDING)


def inputs_of(path: str | Path) -> Iterator[str | Path]:
    """The files that `check` reads: scenarios, their records, and the files that scenarios name. None if it cannot read any."""
    with contextlib.suppress(InputError):
        for file in scenario_files(path):
            yield from (file, record_path(file))
            with contextlib.suppress(InputError):
                yield from load_scenario(file).inputs


def check(path: str | Path, *, tolerance: float = 1e-9, update: bool = False) -> Iterator[Checked]:
    """Compare a scenario file, or all those in a folder, with their records, one after the other.

    tolerance: largest relative change of a result; `find_slack` of each kind applies it. update: write the records that are
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
    if is_folder(path):
        known = {record_path(file) for file in files}
        for record in sorted(Path(path).glob(f"[!.]*{ENDING}")):
            if record not in known:
                yield Checked(str(record), "orphan")


def _check_one(file: Path, tolerance: float, update: bool) -> Checked:
    changes: list[Change] = []
    try:
        scenario = load_scenario(file)
        now = make_record(scenario)
        before = _read_record(record_path(file))
        if before is not None:
            changes = compare(before, now, kinds.of(scenario), tolerance)
            if not changes:
                return Checked(str(file), "same")
        if update:
            write(record_path(file), now, indent=1)
    except InputError as error:
        return Checked(str(file), "refused", changes, error.problems)
    if before is None:
        return Checked(str(file), "recorded" if update else "unrecorded")
    return Checked(str(file), "updated" if update else "moved", changes)


def make_record(scenario: Scenario) -> dict[str, Any]:
    """The record of a scenario, its inputs and its result, as plain data."""
    inputs, result = kinds.of(scenario).record.make_record(scenario)
    return {"version": 1, "inputs": inputs, "result": result}


def compare(before: dict[str, Any], now: dict[str, Any], kind: Kind, tolerance: float) -> list[Change]:
    """The differences of two records: of inputs exactly, of results beyond the tolerance. kind: of the scenario now.

    Whatever only one of them has is a difference too.
    """
    inputs, result = now["inputs"], now["result"]
    changes = [Change("input", *found) for found in _differences((), before["inputs"], inputs, lambda _: 0.0)]
    if changes and not kind.record.is_result(before["result"]):
        return changes  # the scenario was of another kind, which the inputs show

    def slack(place: Place) -> float:
        return kind.record.find_slack(place, result, inputs, tolerance)

    return changes + [Change("result", *found) for found in _differences((), before["result"], result, slack)]


def _differences(
    place: Place, before: Any, now: Any, slack: Callable[[Place], float]
) -> Iterator[tuple[str, Any, Any]]:
    """(name, before, now) of each leaf that differs, a number by more than its slack; None for a missing one."""
    if isinstance(before, dict) and isinstance(now, dict):
        places: list[Any] = [*now, *(key for key in before if key not in now)]
    elif isinstance(before, list) and isinstance(now, list):
        places = list(range(max(len(before), len(now))))
        before, now = dict(enumerate(before)), dict(enumerate(now))
    else:
        if not _is_close(before, now, slack(place)):
            yield write_key(place), before, now
        return
    for part in places:
        inner = (*place, part)
        if part in before and part in now:
            yield from _differences(inner, before[part], now[part], slack)
        else:
            where = (
                ""
                if before.get(part, now.get(part)) is not None
                else " (only in the record)"
                if part in before
                else " (not in the record)"
            )
            yield write_key(inner) + where, before.get(part), now.get(part)


def _is_close(before: Any, now: Any, slack: float) -> bool:
    """Whether two leaves are equal, or numbers that differ by no more than the slack; any two if that is infinite."""
    kinds_of = {type(before), type(now)}
    if kinds_of <= {int, float}:
        return bool(abs(before - now) <= slack)
    if slack == math.inf and kinds_of <= {int, float, type(None)}:
        return True
    return len(kinds_of) == 1 and bool(before == now)


def _read_record(path: Path) -> dict[str, Any] | None:
    """The record in a file; None if there is no file. Raises InputError if the file is not a record."""
    try:
        if path.exists() and not path.is_file() and not path.is_dir():  # reading a pipe would wait for a writer
            raise InputError(f"{path}: is a pipe or a device, not a record")
        record = json.loads(
            path.read_text(encoding="utf-8-sig"),
            parse_int=_to_finite,
            parse_float=_to_finite,
            parse_constant=_to_finite,
            object_pairs_hook=_to_mapping,
        )
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
    except InputError:
        raise
    except ValueError as problem:  # of the functions below
        raise InputError(f"{path}: {problem}: delete it and record again with --update") from None
    if not _is_record(record):
        raise InputError(f"{path}: is not a record of this version: delete it and record again with --update")
    return dict(record)


def _to_finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"has the number {text if len(text) <= 20 else text[:17] + '...'}, which is not finite")
    return number


def _to_mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"has the key {next(key for key in keys if keys.count(key) > 1)} twice in the same object")
    return mapping


def _is_record(record: Any) -> bool:
    if not isinstance(record, dict) or record.keys() != {"version", "inputs", "result"}:
        return False
    version, inputs, result = record["version"], record["inputs"], record["result"]
    if type(version) is not float or version != 1 or not isinstance(inputs, dict) or not isinstance(result, dict):
        return False
    if not isinstance(result.get("status"), str) or _is_deep(record):
        return False
    return any(kind.record.is_result(result) for kind in kinds.KINDS.values())


def _is_deep(value: Any) -> bool:
    """Whether it is nested more than `DEPTH` levels deep, which a record never is, and which would exhaust the stack."""
    level = [value]
    for _ in range(DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)
