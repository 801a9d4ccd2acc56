"""The cases of a batch: millions of scenarios as JSON lines, CSV or a folder of scenario files, read chunk by chunk.

A case has widths, speeds, an offset, and optionally an `id` of the user's own. Its numbers obey the rules of a scenario file; a
case that breaks them becomes a `BadCase`, which holds its problems. In a file, every line that is not blank is a case, and what
becomes of it does not depend on the other lines. Nothing here imports JAX.
"""

import csv
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO, NamedTuple

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from terrain_cli.batch.form import BOM, COLUMNS, end_of_lines, explain_malformed, find_form, shows_form
from terrain_cli.batch.hashes import hash_files, hash_lines
from terrain_cli.batch.ids import TOO_DEEP, TWICE, depth, find_fault, keys_given_twice, on_one_line
from terrain_cli.errors import PROBLEMS, InputError, first_of
from terrain_cli.files import open_input, standard_input
from terrain_cli.scenario.document import DEPTH
from terrain_cli.scenario.load import explain_missing, load_strips, scenario_files
from terrain_cli.scenario.values import Number, Positive
from terrain_cli.text import shorten, suggest, visible

CHUNK = 2**22  # bytes read at a time; a longer line is read whole
LINES = 50_000  # of a chunk: invalid cases take a second, after which progress is shown and Ctrl-C heard
LONGEST = 2**26  # bytes of a line, enough for more than a million strips
FILES = 1000  # scenario files at a time
ENDINGS = {".jsonl": "lines", ".ndjson": "lines", ".csv": "csv"}

csv.field_size_limit(2**31 - 1)  # a cell holds the numbers of all strips


class Chunk(NamedTuple):
    """Consecutive cases, not yet parsed.

    name: of the file, for messages. kind: "lines", "csv" or "folder". data: whole lines, or the paths of scenario files.
    line: number of the first line or file, from 1. end: where the next chunk starts, in bytes or files. columns, delimiter:
    of a CSV file.
    """

    name: str
    kind: str
    data: Any
    line: int
    end: int
    columns: tuple[str, ...] = ()
    delimiter: str = ","

    def where(self, line: int) -> str:
        """The place of a case, for messages."""
        return str(self.data[line - self.line]) if self.kind == "folder" else f"{self.name}:{line}"


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
        self.inputs = [path]  # the files that are read
        self.size: int | None = None
        if self.name == "<stdin>":
            standard_input()
            return
        try:
            self.size = path.stat().st_size
            if not path.is_dir():
                open_input(path).close()
        except FileNotFoundError:
            raise InputError(f"{path}: {explain_missing(path, path.parent)}") from None
        except InputError:
            raise
        except (OSError, ValueError) as problem:
            raise self._unreadable(problem) from None
        if path.is_dir():
            self.kind = "folder"
            self.inputs = self.files = scenario_files(path)
            self.size = len(self.files)
        elif (ending := path.suffix.lower()) not in ENDINGS:
            *others, last = ENDINGS
            raise InputError(f"{path}: must end in {', '.join(others)} or {last}, or be a folder of scenario files")
        else:
            self.kind = ENDINGS[ending]

    def fingerprint(self) -> str:
        """SHA-256 of the whole content. Raises InputError if the file cannot be read."""
        try:
            return hash_files(self.files) if self.kind == "folder" else hash_lines(self.path, LONGEST)
        except OSError as problem:
            raise self._unreadable(problem) from None

    def _unreadable(self, problem: Exception) -> InputError:
        return InputError(f"{self.name}: cannot be read: {getattr(problem, 'strerror', None) or problem}")

    def chunks(self, start: int = 0, line: int = 1) -> Iterator[Chunk]:
        """The chunks from `start` on, the `end` of an earlier chunk; `line` is the number of the first line there.

        Raises InputError if the content is not what the type of the file promises.
        """
        try:
            if self.kind == "folder":
                for first in range(start, len(self.files), FILES):
                    files = self.files[first : first + FILES]
                    yield Chunk(self.name, self.kind, tuple(map(str, files)), first + 1, first + len(files))
            elif self.name == "<stdin>":
                yield from self._lines(standard_input(), start, line)
            else:
                with open_input(self.path) as file:
                    yield from self._lines(file, start, line)
        except OSError as problem:
            raise self._unreadable(problem) from None

    def _read_line(self, read: Callable[[int], bytes], data: bytes, line: int) -> bytes:
        """The data, and more up to the end of a line that is not blank. It is put together once, however small the pieces are.

        Raises InputError if a line is longer than a case may be.
        """
        pieces, size, blank = [data], len(data), not data.strip()
        while piece := read(CHUNK):
            pieces.append(piece)
            size += len(piece)
            if size > LONGEST:
                remedy = "a case has at most about a million strips; write one case a line"
                raise InputError(f"{self.name}:{line}: is longer than {LONGEST // 2**20} MiB: {remedy}")
            blank = blank and not piece.strip()
            if b"\n" in piece and not blank:
                break
        return b"".join(pieces)

    def _lines(self, file: BinaryIO, start: int, line: int) -> Iterator[Chunk]:
        """Chunks of whole lines, about `CHUNK` bytes and at most `LINES` lines; in a file, their ends depend on their starts."""
        pipe = self.name == "<stdin>"
        # read1 returns what has arrived and does not wait for more.
        read = getattr(file, "read1") if pipe else file.read  # noqa: B009  not in BinaryIO
        head = self._read_line(read, b"", 1)
        while not shows_form(head) and len(head) < len(longer := self._read_line(read, head, 1)):
            head = longer
        form = find_form(head, self.kind, self.name)
        if start < form.start:
            start, line = form.start, form.line
        data = head[start:]
        if not pipe:
            file.seek(start)
            data = b""
        data = data or read(CHUNK)
        while data:
            if b"\n" not in data:
                data = self._read_line(read, data, line)
            cut = data.rfind(b"\n") + 1 or len(data)
            if len(data) < CHUNK and not pipe:  # the end of the file, whose last line may lack a newline
                cut = len(data)
            cut = end_of_lines(data, cut, LINES)
            data, rest = data[:cut], data[cut:]
            if not pipe:
                file.seek(-len(rest), os.SEEK_CUR)
                rest = b""
            start += len(data)
            yield Chunk(self.name, form.kind, data, line, start, form.columns, form.delimiter)
            line += data.count(b"\n")
            data = rest if b"\n" in rest else rest + read(CHUNK)


def read_cases(chunk: Chunk) -> list[tuple[int, Case | BadCase]]:
    """The cases of a chunk, each with the number of its line or file; blank lines are skipped."""
    if chunk.kind == "folder":
        return [(chunk.line + i, _read_file(path)) for i, path in enumerate(chunk.data)]
    read = _read_line if chunk.kind == "lines" else _read_row
    lines = (line.removeprefix(BOM) for line in chunk.data.split(b"\n"))
    return [(number, read(chunk, number, line)) for number, line in enumerate(lines, chunk.line) if line.strip()]


def check(case: Case, where: str) -> Case | BadCase:
    """The case, as a BadCase if one of its numbers is invalid."""
    return _checked({"widths": case.widths, "speeds": case.speeds, "offset": case.offset}, where, case.id)


_decoder = msgspec.json.Decoder(Case)
_values = msgspec.json.Decoder(float_hook=float)  # 1e400 is infinite, and refused as such


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
        errors = invalid.errors(include_url=False)
        return BadCase(where, first_of([*map(_explain, errors[:PROBLEMS])], max(len(errors) - PROBLEMS, 0)), id)
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
        return f"{shorten(key)}: is not a key here: {suggest(key, COLUMNS)}"
    value = error["input"]
    found = "a mapping" if isinstance(value, dict) else repr(value)
    if isinstance(value, list):
        found = "a list" if value else "an empty list"
    return f"{key}: {error['msg']}, got {found if len(found) <= 60 else found[:57] + '...'}"


def _read_line(chunk: Chunk, number: int, line: bytes) -> Case | BadCase:
    """The case in a line of JSON."""
    try:
        line.decode()
        case = _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _explain_line(line, chunk.where(number))
    id = bytes(case.id)
    # Outside the id there is one colon for each key, so a further colon belongs to a key that is given twice.
    if line.count(b":") != (4 + id.count(b":") if id else 3):
        return _explain_line(line, chunk.where(number))
    if id and not id.startswith(b'"') and find_fault(id):  # the decoder has checked a text
        return _explain_line(line, chunk.where(number))
    if b"\r" in id:
        case.id = on_one_line(id)
    return case


def _explain_line(line: bytes, where: str) -> Case | BadCase:
    """The case in a line of JSON, with all of its problems. Slower than `_read_line`, which must agree with it."""
    try:
        text = line.decode()
        data = _values.decode(line)
        if depth(data) > DEPTH:
            raise RecursionError
    except UnicodeDecodeError as problem:
        return BadCase(where, (f"is not UTF-8 text (byte 0x{line[problem.start]:02x})",))
    except RecursionError:
        return BadCase(where, (TOO_DEEP,))
    except msgspec.ValidationError:
        return BadCase(where, ("has a number with too many digits",))
    except msgspec.DecodeError as problem:
        return BadCase(where, (explain_malformed(problem, text),))
    if not isinstance(data, dict):
        return BadCase(where, ("must be an object with widths, speeds and offset",))
    problems = [*first_of([f"the key {shorten(key)} is given twice: keep one" for key in keys_given_twice(text)])]
    id = bytes(msgspec.json.decode(line, type=_Id).id)
    fault = find_fault(id)
    if fault and fault != TWICE:  # which is among the problems
        problems.append(f"id: {fault}")
    case = _checked(data, where, msgspec.Raw() if fault else on_one_line(id))
    if problems:
        return BadCase(where, (*problems, *(case.problems if isinstance(case, BadCase) else ())), case.id)
    return case


def _read_row(chunk: Chunk, number: int, line: bytes) -> Case | BadCase:
    """The case in a line of CSV; spaces separate the numbers of a cell."""
    where, columns = chunk.where(number), chunk.columns
    try:
        text = line.decode().rstrip("\r")
        if text.count('"') % 2:
            raise csv.Error("a quote is not closed in its line, and a case must be on one line")
        cells = next(csv.reader([text], strict=True, delimiter=chunk.delimiter))
    except UnicodeDecodeError:
        return BadCase(where, ("is not UTF-8 text",))
    except csv.Error as problem:
        what = "a carriage return stands outside quotes" if "new-line" in str(problem) else problem
        return BadCase(where, (f"is not valid CSV: {what}",))
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
