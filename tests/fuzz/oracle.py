"""What must hold for every run of the command line, and for every best time."""

import contextlib
import csv
import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

EXIT_CODES = (0, 1, 2, 130, 141)  # 141: the reader of a pipe has gone
LEFTOVER = re.compile(r"^\.|\.(tmp|part)$")
NOT_FINITE = re.compile(r"(?<![\w.])[-+]?(nan|inf|infinity)(?![\w.])", re.IGNORECASE)
TROUBLE = ("Traceback (most recent call last)", "Exception ignored", "Fatal Python error")
JSON_COMMANDS = ("solve", "sweep", "check", "graph")
WRITES = ("-o", "--output", "--field", "--isochrones-output", "--plot", "--junit")


class Fault(Exception):  # noqa: N818  a finding about the program, not an error of the fuzzer
    """What must hold did not. kind: what is counted together."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(f"{kind}: {sentence}")
        self.kind = kind


class Ran(NamedTuple):
    """A run of the command line. before, after: the files of the folder that it ran in, by name."""

    arguments: tuple[str, ...]
    code: int
    out: bytes
    err: str
    before: Mapping[str, bytes]
    after: Mapping[str, bytes]

    @property
    def command(self) -> str:
        return self.arguments[0] if self.arguments else ""

    @property
    def document(self) -> Any:
        """The JSON document on stdout."""
        return read_json(self.out, self.command)


def read_json(data: bytes | str, what: str) -> Any:
    """The one strict JSON document in the data."""

    def refuse(word: str) -> None:
        raise Fault(f"JSON with {word}", what)

    try:
        value = json.loads(data, parse_constant=refuse)
    except ValueError as problem:
        raise Fault("no JSON document", f"{what}: {problem}: {data[:200]!r}") from None
    if not all(math.isfinite(number) for number in numbers_in(value)):
        raise Fault("JSON with a number that is not finite", f"{what}: {data[:200]!r}")
    return value


def numbers_in(value: Any) -> Iterator[float]:
    """Every number inside plain data."""
    inside: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inside:
        yield from numbers_in(item)
    if isinstance(value, float):
        yield value


def check_run(ran: Ran) -> None:
    """Raises Fault unless exit code, streams and files are as they must be for any arguments and any input."""
    if any(trouble in ran.err for trouble in TROUBLE):
        raise Fault("traceback", ran.err[-600:])
    if ran.code not in EXIT_CODES:
        raise Fault(f"exit code {ran.code}", ran.err[-300:])
    changed = {name for name in {*ran.before, *ran.after} if ran.before.get(name) != ran.after.get(name)}
    leftover = sorted(name for name in changed if LEFTOVER.search(name.rpartition("/")[2]))
    if leftover:
        raise Fault("leftover", f"{leftover} with exit code {ran.code}")
    several = ran.command == "check" or (ran.command == "solve" and len(inputs_of(ran)) != 1)
    if ran.code == 2:
        _check_refusal(ran, changed, several)
        return
    if "warning:" in ran.err:
        raise Fault("warning", ran.err[-300:])
    _check_written(ran, changed)
    json_asked = "--json" in ran.arguments and ran.command in JSON_COMMANDS and not {"--help", "-h"} & {*ran.arguments}
    if json_asked or (ran.command == "schema" and ran.out.startswith(b"{")):
        _ = ran.document
    elif ran.code == 0:
        _check_finite(ran.out.decode(), f"stdout of {ran.command}")
    if ran.code == 0:
        for name in changed & {*ran.after}:
            if name.endswith((".json", ".geojson")):
                read_json(ran.after[name], name)
            elif name.endswith((".csv", ".jsonl")):
                _check_finite(ran.after[name].decode(), name)


def inputs_of(ran: Ran) -> list[str]:
    """The files and folders of the try among the arguments."""
    names = {name.partition("/")[0] for name in ran.before}
    given = zip(("", *ran.arguments), ran.arguments, strict=False)
    return [name for before, name in given if name.strip("/") in {*names, *ran.before, "-"} and before not in WRITES]


def _check_refusal(ran: Ran, changed: set[str], several: bool) -> None:
    if not ran.err.strip():
        raise Fault("silent refusal", f"exit code 2 and nothing on stderr; stdout {ran.out[:200]!r}")
    names = {argument for argument in ran.arguments if argument} | {*ran.before, "--", "<stdin>", "-:"}
    if not any(name in ran.err for name in names) and not re.search(
        r"'-\w'|SCENARIO|CASES|PATH|command|argument \d+ is empty", ran.err
    ):
        raise Fault("refusal that names nothing", ran.err[:300])
    if several:
        return  # those that are valid are answered
    if ran.out:
        raise Fault("refusal with output", f"{ran.out[:200]!r}")
    if changed:
        raise Fault("refusal that changed files", f"{sorted(changed)}")


def _check_written(ran: Ran, changed: set[str]) -> None:
    """Only what the arguments name is written."""
    asked = {value for option, value in zip(ran.arguments, ran.arguments[1:], strict=False) if option in WRITES}
    asked |= {argument.partition("=")[2] for argument in ran.arguments if argument.startswith("--")}
    if ran.command in ("new", "schema"):
        asked |= {*ran.arguments}
    if ran.command == "examples":
        asked |= {
            name
            for argument in ran.arguments
            for name in (argument, *(f"{argument}{ending}" for ending in (".yaml", ".jsonl", ".py")))
        }
    other = {name for name in changed - asked if not (ran.command == "check" and name.endswith(".expected.json"))}
    if other:
        raise Fault("files that nobody asked for", f"{sorted(other)}")


def _check_finite(text: str, what: str) -> None:
    if found := NOT_FINITE.search(text):
        around = text[max(found.start() - 60, 0) : found.end() + 60]
        raise Fault("not finite with exit code 0", f"{what}: {around!r}")


def read_rows(data: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file that the program wrote."""
    with contextlib.closing(io.StringIO(data.decode(), newline="")) as file:
        return list(csv.DictReader(file, strict=True))


def best_time(widths: list[float], speeds: list[float], offset: float) -> float:
    """The best time across strips, by bisection on the tangent of the angle in the fastest strip (Snell's law)."""
    fastest = max(speeds)
    ratios = [speed / fastest for speed in speeds]

    def move(u: float) -> list[float]:
        return [w * r * u / math.sqrt(1 + u * u * (1 - r) * (1 + r)) for w, r in zip(widths, ratios, strict=True)]

    reach = abs(offset)
    low, high = 0.0, reach / max(w for w, r in zip(widths, ratios, strict=True) if r == 1)
    for _ in range(2200):
        # Orders of magnitude are halved where they differ, numbers where they do not.
        middle = (
            math.sqrt(low) * math.sqrt(high)
            if low > 0 and high > 2 * low
            else (low + high) / 2
            if low > 0
            else high / 1e9
        )
        if middle in (low, high):
            break
        low, high = (middle, high) if math.fsum(move(middle)) < reach else (low, middle)
    moved = move(high)
    return math.fsum(math.hypot(x, w) / v for x, w, v in zip(moved, widths, speeds, strict=True))


def check_best_time(
    time: float, widths: list[float], speeds: list[float], offset: float, tolerance: float = 1e-12
) -> None:
    """Raises Fault unless this is the best time across the strips."""
    if time < math.hypot(offset, math.fsum(widths)) / max(speeds) * (1 - tolerance):
        raise Fault("faster than the fastest speed", f"{time!r} for {widths}, {speeds}, {offset}")
    best = best_time(widths, speeds, offset)
    if not abs(time - best) <= tolerance * best:
        raise Fault("not the best time", f"{time!r} instead of {best!r} for {widths}, {speeds}, {offset}")
