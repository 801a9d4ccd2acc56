"""A batch: the exact optimum of every case, in the order of the cases, chunk by chunk.

`solve_chunk` does all the work: it turns the bytes of some cases into the bytes of their results and depends on nothing else,
so that it can run on any machine. The result of a case does not depend on the cases around it.
"""

from collections.abc import Generator, Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import numpy as np

from terrain_cli.batch.cases import BadCase, Case, Chunk, check, read_cases
from terrain_cli.scenario.values import LARGEST, SMALLEST
from terrain_cli.strips.batched import find_sensitivities, room, solve_many
from terrain_cli.text import visible

SENSITIVITIES = ("by_widths", "by_speeds", "by_offset")
REPORTED = 20  # invalid cases of a chunk that are reported
EACH = 5  # problems reported of each


class Solved(NamedTuple):
    """The results of a chunk. text: as written to the output. rows: number of results. failed: number of errors among them.
    problems: those of the first invalid cases, with file and line. end, line: where the next chunk starts."""

    text: bytes
    rows: int
    failed: int
    problems: list[str]
    end: int
    line: int


def solve_chunk(chunk: Chunk, form: str, sensitivity: bool) -> Solved:
    """The results of a chunk as text. form: "lines" (of JSON) or "csv"."""
    cases = _check(chunk)
    bad = [case for case in cases if isinstance(case, BadCase)]
    found = iter(_solve([case for case in cases if isinstance(case, Case)], sensitivity))
    results = [
        _failure(case)
        if isinstance(case, BadCase)
        else ({"id": case.id} if len(memoryview(case.id)) else {}) | next(found)
        for case in cases
    ]
    text = _to_csv(results, sensitivity) if form == "csv" else msgspec.json.Encoder().encode_lines(results)
    problems = ["\n".join(map(visible, case.sentences[:EACH])) for case in bad[:REPORTED]]
    line = chunk.line + (len(chunk.data) if chunk.kind == "folder" else chunk.data.count(b"\n"))
    return Solved(text, len(cases), len(bad), problems, chunk.end, line)


def header(form: str, sensitivity: bool) -> bytes:
    """The text before the first result: the header of a CSV file."""
    return (",".join(_columns(sensitivity)) + "\n").encode() if form == "csv" else b""


def solve_chunks(chunks: Iterable[Chunk], form: str, sensitivity: bool) -> Generator[Solved, None, None]:
    """The results of each chunk in turn."""
    for chunk in chunks:
        yield solve_chunk(chunk, form, sensitivity)


def _check(chunk: Chunk) -> list[Case | BadCase]:
    """The cases of a chunk, with a BadCase in place of each that is invalid."""
    read = read_cases(chunk)
    cases = [case for _, case in read]
    index = [i for i, case in enumerate(cases) if isinstance(case, Case)]
    good: list[Any] = [cases[i] for i in index]
    if not good:
        return cases
    bad = np.zeros(len(good), dtype=bool)
    for lists in ([case.widths for case in good], [case.speeds for case in good]):
        counts = _counts(lists)
        flat = _flat(lists, counts)
        wrong = ~((flat >= SMALLEST) & (flat <= LARGEST))
        if wrong.any():
            bad[np.repeat(np.arange(len(good)), counts)[wrong]] = True
        bad |= counts == 0
    bad |= _counts([case.widths for case in good]) != counts
    bad |= ~(np.abs(np.fromiter([case.offset for case in good], np.float64, len(good))) <= LARGEST)
    for i in np.flatnonzero(bad):
        cases[index[i]] = check(good[i], chunk.where(read[index[i]][0]))
    return cases


def _solve(cases: list[Case], sensitivity: bool) -> list[dict[str, Any]]:
    """The time and path of each case, with `sensitivity` its derivatives; cases of similar size are solved together."""
    found: list[dict[str, Any]] = [{}] * len(cases)
    counts = _counts([case.widths for case in cases])
    rooms = {n: room(n) for n in np.unique(counts).tolist()}
    groups: dict[int, list[int]] = {}
    for i, n in enumerate(counts.tolist()):
        groups.setdefault(rooms[n], []).append(i)
    for group in groups.values():
        here = counts[group]
        most = int(here.max())
        filled = np.arange(most) < here[:, None]
        widths, speeds = np.zeros((2, len(group), most))
        widths[filled] = _flat([cases[i].widths for i in group], here)
        speeds[filled] = _flat([cases[i].speeds for i in group], here)
        offsets = np.fromiter([cases[i].offset for i in group], np.float64, len(group))
        solve = find_sensitivities if sensitivity else solve_many
        parts = [part.tolist() for part in solve(widths, speeds, offsets)]
        for i, n, time, x, *more in zip(group, here.tolist(), *parts, strict=True):
            found[i] = {"time": time, "x": x[: n - 1]}
            if sensitivity:
                by_widths, by_speeds, by_offset = more
                found[i] |= {"by_widths": by_widths[:n], "by_speeds": by_speeds[:n], "by_offset": by_offset}
    return found


def _counts(lists: Sequence[list[float]]) -> np.ndarray:
    return np.fromiter(map(len, lists), np.int64, len(lists))


def _flat(lists: Sequence[list[float]], counts: np.ndarray) -> np.ndarray:
    """The numbers of all lists in one array."""
    return np.fromiter(chain.from_iterable(lists), np.float64, int(counts.sum()))


def _failure(case: BadCase) -> dict[str, Any]:
    """The entry in place of a result."""
    return ({"id": case.id} if len(memoryview(case.id)) else {}) | {"error": visible("; ".join(case.problems))}


def _columns(sensitivity: bool) -> tuple[str, ...]:
    return ("id", "time", "x", *(SENSITIVITIES if sensitivity else ()), "error")


def _to_csv(results: list[dict[str, Any]], sensitivity: bool) -> bytes:
    """Rows of CSV; spaces separate the numbers of a cell."""
    columns = _columns(sensitivity)
    return "".join(",".join(_cell(row.get(key, "")) for key in columns) + "\n" for row in results).encode()


def _cell(value: float | str | list[float] | msgspec.Raw) -> str:
    """A cell of CSV: numbers separated by spaces; an id as its text, or as JSON if it is no text."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return " ".join(map(repr, value))
    if isinstance(value, msgspec.Raw):
        plain = msgspec.json.decode(value)
        value = plain if isinstance(plain, str) else bytes(value).decode()
    # In quotes where needed. Python's own writer leaves a carriage return bare.
    return '"' + value.replace('"', '""') + '"' if any(c in value for c in ',"\r\n') else value
