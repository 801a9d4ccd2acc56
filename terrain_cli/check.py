"""Regression of scenario results: what a scenario gave when it was recorded, beside what it gives now.

The record of `three_strips.yaml` is `three_strips.expected.json` beside it: the numbers that went in, and what came out.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terrain_cli.errors import InputError
from terrain_cli.files import written
from terrain_cli.maps import record as map_record
from terrain_cli.maps.scenario import MapScenario
from terrain_cli.scenario.load import Scenario, load_scenario, scenario_files

ENDING = ".expected.json"


@dataclass(frozen=True)
class Change:
    """A number that is not what was recorded. kind: "input" or "result"."""

    kind: str
    what: str
    before: Any
    now: Any


@dataclass
class Checked:
    """What became of a scenario: "same", "moved", "unrecorded", "orphan" (a record whose scenario is gone), "refused",
    "recorded" or "updated" (by `update`); the changes; the problems where it was refused."""

    file: str
    verdict: str
    changes: list[Change] = field(default_factory=list)
    problems: tuple[str, ...] = ()


def record_path(scenario: Path) -> Path:
    """Where the record of a scenario file lies."""
    return scenario.with_name(scenario.stem + ENDING)


def check(path: str | Path, *, tolerance: float = 1e-9, update: bool = False) -> list[Checked]:
    """Compare the scenarios that `path` means (a file, or those of a folder) with their records.

    tolerance: relative; movements and crossings are measured against |offset| + total width; the distance of a route may move by
    the root of it. update: write the records that
    are missing or have changed. Raises InputError where `path` means no scenario.
    """
    if str(path) == "-":
        raise InputError("-: standard input has no record beside it: name a file or a folder")
    files = scenario_files(path)
    twins = [file for file in files if [record_path(other) for other in files].count(record_path(file)) > 1]
    if twins:
        raise InputError(f"{path}: {' and '.join(file.name for file in twins)} would share a record: rename one")
    results = [_check_one(file, tolerance, update) for file in files]
    if Path(path).is_dir():
        known = {record_path(file) for file in files}
        results += [
            Checked(str(record), "orphan") for record in sorted(Path(path).glob(f"*{ENDING}")) if record not in known
        ]
    return results


def _check_one(file: Path, tolerance: float, update: bool) -> Checked:
    try:
        scenario = load_scenario(file)
        now = make_record(scenario)
        before = _read_record(record_path(file))
    except InputError as error:
        return Checked(str(file), "refused", problems=error.problems)
    if before is None:
        if update:
            _write_record(record_path(file), now)
        return Checked(str(file), "recorded" if update else "unrecorded")
    changes = compare(before, now, tolerance)
    if not changes:
        return Checked(str(file), "same")
    if update:
        _write_record(record_path(file), now)
    return Checked(str(file), "updated" if update else "moved", changes)


def make_record(scenario: Scenario | MapScenario) -> dict[str, Any]:
    """What went into a scenario and what came out, as plain data."""
    if isinstance(scenario, MapScenario):
        return {"version": 1, "inputs": map_record.make_inputs(scenario), "result": map_record.make_result(scenario)}
    from terrain_cli.strips.solution import plain, solve

    solution = solve(scenario, every=2**40)
    if solution.status == "interrupted":
        raise KeyboardInterrupt
    inputs = {
        "strips": [{"width": strip.width, "speed": strip.speed} for strip in scenario.strips],
        "offset": scenario.offset,
        "descent": scenario.descent.model_dump(),
    }
    result = {
        "status": solution.status,
        "iterations": solution.iterations,
        "time": solution.time,
        "x": solution.x,
        "crossings": solution.crossings,
    }
    return {"version": 1, "inputs": inputs, "result": plain(result)}


def compare(before: dict[str, Any], now: dict[str, Any], tolerance: float) -> list[Change]:
    """What differs between two records: inputs exactly, results within the tolerance."""
    changes = [Change("input", *difference) for difference in _differences("", before["inputs"], now["inputs"])]
    old, new = before["result"], now["result"]
    if "routes" in old or "routes" in new:
        if not ("routes" in old and "routes" in new):
            return changes  # strips became a map: the inputs say so
        return changes + [Change("result", *moved) for moved in map_record.find_moved(old, new, tolerance)]
    if old["status"] != new["status"]:
        changes.append(Change("result", "status", old["status"], new["status"]))
    elif new["status"] == "diverged":
        return changes  # where a bounce happens to stand says nothing
    slack = 1 if old["status"] == new["status"] == "converged" else 0
    if abs(old["iterations"] - new["iterations"]) > slack:
        changes.append(Change("result", "iterations", old["iterations"], new["iterations"]))
    if not _close(old["time"], new["time"], tolerance * abs(new["time"] or 0)):
        changes.append(Change("result", "time", old["time"], new["time"]))
    size = abs(now["inputs"]["offset"]) + sum(strip["width"] for strip in now["inputs"]["strips"])
    for name in ("x", "crossings"):
        if len(old[name]) != len(new[name]):
            continue  # the number of strips changed, and that is said
        moved = [
            i for i, (a, b) in enumerate(zip(old[name], new[name], strict=True)) if not _close(a, b, tolerance * size)
        ]
        changes += [Change("result", f"{name}[{i}]", old[name][i], new[name][i]) for i in moved]
    return changes


def _close(a: float | None, b: float | None, slack: float) -> bool:
    return a == b if a is None or b is None else abs(a - b) <= slack


def _differences(name: str, before: Any, now: Any) -> list[tuple[str, Any, Any]]:
    """(name, before, now) of every leaf that differs; None stands for one that is not there."""
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
    """The record, None where there is none. Raises InputError for one that is no record."""
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
    def number(value: Any) -> bool:
        return value is None or (isinstance(value, int | float) and not isinstance(value, bool))

    if not isinstance(record, dict) or record.get("version") != 1 or not isinstance(record.get("inputs"), dict):
        return False
    result = record.get("result")
    if not isinstance(result, dict) or not isinstance(result.get("status"), str):
        return False
    if "routes" in result:
        return map_record.is_result(result)
    return (
        isinstance(result.get("iterations"), float)
        and number(result.get("time", ""))
        and all(isinstance(result.get(name), list) and all(map(number, result[name])) for name in ("x", "crossings"))
    )


def _write_record(path: Path, record: dict[str, Any]) -> None:
    with written(path) as beside:
        beside.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
