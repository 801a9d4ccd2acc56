"""The cases of a batch: millions of scenarios as JSON lines, CSV or a folder of scenario files, read chunk by chunk.

A case has widths, speeds, an offset, and optionally an `id` of the user's own. Its numbers obey the rules of a scenario file; a
case that breaks them becomes a `BadCase`, which holds its problems. Nothing here imports JAX.
"""

import csv
import os
import sys
from collections.abc import Iterator
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from typing import Annotated, Any, NamedTuple, cast

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from terrain_cli.errors import InputError
from terrain_cli.scenario.load import load_strips, scenario_files
from terrain_cli.scenario.values import Number, Positive
from terrain_cli.text import suggest, visible

CHUNK = 2**22  # bytes read at a time; a longer line is read whole
FILES = 1000  # scenario files at a time
ENDINGS = {".jsonl": "lines", ".ndjson": "lines", ".csv": "csv"}
COLUMNS = ("id", "widths", "speeds", "offset")
BOM = b"\xef\xbb\xbf"


class Chunk(NamedTuple):
    """Consecutive cases, not yet parsed.

    name: of the file, for messages. kind: "lines", "csv" or "folder". data: whole lines, or the paths of scenario files.
    line: number of the first line, from 1. end: where the next chunk starts, in bytes or files. columns: of a CSV file.
    """

    name: str
    kind: str
    data: Any
    line: int
    end: int
    columns: tuple[str, ...] = ()


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """One case. widths: m. speeds: m/s. offset: m. id: as JSON; empty if it has none."""

    widths: list[float]
    speeds: list[float]
    offset: float
    id: msgspec.Raw = msgspec.Raw()


class BadCase(NamedTuple):
    """An invalid case. where: file and line; empty if the problems name them. problems: one sentence each."""

    where: str
    problems: tuple[str, ...]
    id: msgspec.Raw = msgspec.Raw()

    @property
    def sentences(self) -> list[str]:
        """The problems, each preceded by file and line."""
        return [f"{self.where}: {problem}" if self.where else problem for problem in self.problems]


class Cases:
    """The source of the cases: a file, a folder of scenario files, or - for standard input.

    Raises InputError if it cannot be read or is of another type.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, "<stdin>" if str(path) == "-" else str(path)
        self.kind = ""
        self.size: int | None = None
        if self.name == "<stdin>":
            return
        try:
            self.size = path.stat().st_size
        except OSError as problem:
            raise InputError(f"{path}: cannot be read: {problem.strerror}") from None
        if path.is_dir():
            self.kind, self.files = "folder", scenario_files(path)
            self.size = len(self.files)
        elif (ending := path.suffix.lower()) in ENDINGS:
            self.kind = ENDINGS[ending]
        else:
            raise InputError(f"{path}: must end in {', '.join(ENDINGS)}, or be a folder of scenario files")

    def fingerprint(self) -> str:
        """SHA-256 of the whole content."""
        digest = sha256()
        if self.kind == "folder":
            for file in self.files:
                try:
                    content = file.read_bytes()
                except OSError as problem:  # it becomes the error of its case
                    content = str(problem.strerror).encode()
                digest.update(os.fsencode(file.name) + f"\0{len(content)}\0".encode() + content)
        else:
            with self.path.open("rb") as cases:
                while data := cases.read(CHUNK):
                    digest.update(data)
        return digest.hexdigest()

    def chunks(self, start: int = 0, line: int = 1) -> Iterator[Chunk]:
        """The chunks from `start` on, the `end` of an earlier chunk; `line` is the number of the first line there."""
        if self.kind == "folder":
            for first in range(start, len(self.files), FILES):
                files = self.files[first : first + FILES]
                yield Chunk(self.name, self.kind, tuple(map(str, files)), first + 1, first + len(files))
        elif self.name == "<stdin>":
            yield from self._lines(cast(BufferedReader, sys.stdin.buffer), start, line)
        else:
            try:
                with self.path.open("rb") as file:
                    yield from self._lines(file, start, line)
            except OSError as problem:
                raise InputError(f"{self.name}: cannot be read: {problem.strerror}") from None

    def _lines(self, file: BufferedReader, start: int, line: int) -> Iterator[Chunk]:
        """Chunks of whole lines, of about `CHUNK` bytes; where a chunk of a file ends depends only on its start."""
        pipe = file is sys.stdin.buffer
        read = file.read1 if pipe else file.read  # read1 returns what has arrived and does not wait for more
        kind = self.kind or ("lines" if file.peek().removeprefix(BOM).lstrip()[:1] in (b"{", b"") else "csv")
        columns: tuple[str, ...] = ()
        if kind == "csv":
            first = file.readline()
            columns = self._columns(first)
            if start == 0:
                start, line = len(first), line + 1
        if not pipe:
            file.seek(start)
        rest = b""
        while data := read(CHUNK):
            data = rest + data
            while b"\n" not in data and (more := read(CHUNK)):
                data += more
            cut = data.rfind(b"\n") + 1 or len(data)
            if len(data) < CHUNK and not pipe:  # the end of the file, whose last line may lack a newline
                cut = len(data)
            data, rest = data[:cut], data[cut:]
            if not pipe:
                file.seek(-len(rest), os.SEEK_CUR)
                rest = b""
            start += len(data)
            yield Chunk(self.name, kind, data, line, start, columns)
            line += data.count(b"\n")
        if rest:
            yield Chunk(self.name, kind, rest, line, start + len(rest), columns)

    def _columns(self, first: bytes) -> tuple[str, ...]:
        """The names in the first line of a CSV file. Raises InputError."""
        text = first.removeprefix(BOM).decode(errors="backslashreplace").strip()
        columns = tuple(name.strip() for name in next(csv.reader([text]), []))
        if set(columns) - set(COLUMNS) or not set(COLUMNS[1:]) <= set(columns) or len(set(columns)) < len(columns):
            raise InputError(
                f"{self.name}:1: must name the columns {', '.join(COLUMNS[1:])} and optionally id, got {text[:100]!r}"
            )
        return columns


def read_cases(chunk: Chunk) -> list[Case | BadCase]:
    """The cases of a chunk, in their order; blank lines are skipped."""
    if chunk.kind == "folder":
        return [_read_file(path) for path in chunk.data]
    data = chunk.data.removeprefix(BOM)
    if chunk.kind == "lines":
        try:
            data.decode()
            return list(_decoder.decode_lines(data))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            read = _read_line
    else:
        read = lambda where, line: _read_row(where, line, chunk.columns)
    lines = ((f"{chunk.name}:{chunk.line + i}", line) for i, line in enumerate(data.split(b"\n")))
    return [read(where, line) for where, line in lines if line.strip()]


def check(case: Case, chunk: Chunk, index: int) -> Case | BadCase:
    """The case with this index in its chunk, as a BadCase if one of its numbers is invalid."""
    if chunk.kind == "folder":
        where = str(chunk.data[index])
    else:
        lines = chunk.data.removeprefix(BOM).split(b"\n")
        full = [i for i, line in enumerate(lines) if line.strip()]
        where = f"{chunk.name}:{chunk.line + full[index]}"
    return _checked({"widths": case.widths, "speeds": case.speeds, "offset": case.offset}, where, case.id)


_decoder = msgspec.json.Decoder(Case)


class _Id(msgspec.Struct):
    """The id of an object; its other keys are ignored."""

    id: msgspec.Raw = msgspec.Raw()


def _listed(value: object) -> object:
    if not isinstance(value, list):
        raise PydanticCustomError("terrain", "must be a list of numbers, such as [10, 10, 10]")
    if not value:
        raise PydanticCustomError("terrain", "must have a number for each strip, and at least one")
    return value


class _Numbers(BaseModel):
    """The numbers of a case, by the rules of a scenario file."""

    model_config = ConfigDict(extra="forbid")

    widths: Annotated[list[Positive], BeforeValidator(_listed)]
    speeds: Annotated[list[Positive], BeforeValidator(_listed)]
    offset: Number
    id: Any = Field(default=None)


def _checked(data: dict[str, Any], where: str, id: msgspec.Raw) -> Case | BadCase:
    try:
        numbers = _Numbers.model_validate(data)
    except ValidationError as invalid:
        return BadCase(where, tuple(map(_explain, invalid.errors(include_url=False))), id)
    if len(numbers.speeds) != len(numbers.widths):
        problem = f"speeds: must have as many numbers as widths, {len(numbers.widths):,}, got {len(numbers.speeds):,}"
        return BadCase(where, (problem,), id)
    return Case(numbers.widths, numbers.speeds, numbers.offset, id)


def _explain(error: ErrorDetails) -> str:
    """A problem as a sentence: the key, what is wrong, and the value."""
    key = "".join(f"[{part}]" if isinstance(part, int) else part for part in error["loc"])
    if error["type"] == "missing":
        return f"{key}: is missing"
    if error["type"] == "extra_forbidden":
        return f"{key}: is not a key here: {suggest(key, COLUMNS)}"
    value = error["input"]
    found = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)
    return f"{key}: {error['msg']}, got {found if len(found) <= 60 else found[:57] + '...'}"


def _read_line(where: str, line: bytes) -> Case | BadCase:
    """The case in a line of JSON, with all of its problems; slower than the decoder of a whole chunk."""
    try:
        line.decode()
        data = msgspec.json.decode(line)
    except UnicodeDecodeError as problem:
        return BadCase(where, (f"is not UTF-8 text (byte 0x{line[problem.start]:02x})",))
    except (msgspec.DecodeError, RecursionError) as problem:
        return BadCase(where, (f"is not valid JSON: {str(problem).removeprefix('JSON is malformed: ')}",))
    if not isinstance(data, dict):
        return BadCase(where, ("must be an object with widths, speeds and offset",))
    return _checked(data, where, msgspec.json.decode(line, type=_Id).id)


def _read_row(where: str, line: bytes, columns: tuple[str, ...]) -> Case | BadCase:
    """The case in a line of CSV; spaces separate the numbers of a cell."""
    try:
        cells = next(csv.reader([line.decode()], strict=True))
    except (csv.Error, UnicodeDecodeError) as problem:
        what = "is not UTF-8 text" if isinstance(problem, UnicodeDecodeError) else f"is not valid CSV: {problem}"
        return BadCase(where, (what,))
    if len(cells) != len(columns):
        return BadCase(where, (f"must have {len(columns)} cells, one for each column, got {len(cells)}",))
    row = dict(zip(columns, cells, strict=True))
    id = msgspec.Raw(msgspec.json.encode(row["id"])) if row.get("id") else msgspec.Raw()
    widths, speeds, offset = ([_number(text) for text in row[name].split()] for name in COLUMNS[1:])
    data: dict[str, Any] = {"widths": widths, "speeds": speeds}
    data["offset"] = offset[0] if len(offset) == 1 else row["offset"]
    if all(type(number) is float for number in (*widths, *speeds, data["offset"])):
        return Case(**data, id=id)
    return _checked(data, where, id)


def _number(text: str) -> float | str:
    """The text as a number; unchanged if it is none."""
    try:
        return float(text)
    except ValueError:
        return text


def _read_file(path: str) -> Case | BadCase:
    """The scenario in a file, without its descent. Its id is the name of the file."""
    id = msgspec.Raw(msgspec.json.encode(visible(Path(path).name)))
    try:
        scenario = load_strips(path, "terrain batch")
    except InputError as error:
        return BadCase("", error.problems, id)
    return Case(scenario.widths, scenario.speeds, scenario.offset, id)
