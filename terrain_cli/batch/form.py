"""What a file of cases holds, by its beginning: JSON lines, or CSV with these columns. Anything else is refused in a sentence."""

import csv
import re
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from terrain_cli.errors import InputError
from terrain_cli.text import shorten

COLUMNS = ("id", "widths", "speeds", "offset")
DELIMITERS = ",;\t"
BOM = b"\xef\xbb\xbf"
UTF_16 = re.compile(rb"\xff\xfe|\xfe\xff|([^\0]\0){2}|(\0[^\0]){2}")
OUTSIDE_TEXTS = re.compile(r'"(?:[^"\\]|\\.)*"?|(-?\b[A-Za-z]\w*)')  # a text of JSON, or a word
NOT_FINITE = re.compile("-?(nan|inf|infinity)", re.IGNORECASE)
NOT_BLANK = re.compile(rb"\S")
SEVERAL = 3  # lines by which a value that goes on is told from a line that is broken

ARRAY = "a JSON array: write one object a line, for example with jq -c '.[]'"
OVER_LINES = "JSON over several lines: write one object a line, for example with jq -c ."

csv.field_size_limit(2**31 - 1)  # a cell holds the numbers of all strips


class Form(NamedTuple):
    """kind: "lines" (of JSON) or "csv". start, line: where the cases begin, in bytes, and the number of that line. columns,
    delimiter: of CSV."""

    kind: str
    start: int = 0
    line: int = 1
    columns: tuple[str, ...] = ()
    delimiter: str = ","


def shows_form(head: bytes) -> bool:
    """Whether this much of a file is enough for `find_form`."""
    _, lines = _first_lines(head.rpartition(b"\n")[0])
    return bool(lines) and (len(lines) == SEVERAL or not (lines[0].startswith((b"{", b"[")) and _is_cut_off(lines[0])))


def find_form(head: bytes, kind: str, name: str) -> Form:
    """The form of the file that begins with `head`. kind: by the ending of its name; if empty, the first character decides.

    Raises InputError, which calls the file `name`.
    """
    if UTF_16.match(head):
        raise InputError(f"{name}: is UTF-16 text: save it as UTF-8")
    start, lines = _first_lines(head)
    line = head.count(b"\n", 0, start) + 1
    first = lines[0] if lines else b""
    kind = kind or ("lines" if first[:1] in (b"{", b"[", b"") else "csv")
    if b"\r" in first if kind == "csv" else any(b"\r" in between for between in re.findall(rb"}\s*{", first)):
        raise InputError(f"{name}:{line}: has lines that end in a carriage return alone: save it with line feeds")
    if kind == "lines":
        if found := _find_value_over_lines(lines):
            raise InputError(f"{name}:{line}: holds {found}")
        return Form(kind)
    text = first.decode(errors="backslashreplace")
    for delimiter in DELIMITERS:
        columns = _split(text, delimiter)
        if set(COLUMNS[1:]) <= set(columns) <= set(COLUMNS) and len(set(columns)) == len(columns):
            end = head.find(b"\n", start) + 1 or len(head)
            return Form(kind, end, line + 1, columns, delimiter)
    raise InputError(
        f"{name}:{line}: must name the columns {', '.join(COLUMNS[1:])} and optionally id, got {text[:100]!r}"
    )


def end_of_lines(data: bytes, cut: int, most: int) -> int:
    """Where the first `most` lines end; `cut` if there are no more before it."""
    if data.count(b"\n", 0, cut) <= most:
        return cut
    return next(islice(re.finditer(b"\n", data), most - 1, None)).end()


def _first_lines(head: bytes) -> tuple[int, list[bytes]]:
    """The size of the blank lines at the beginning, and the first lines that are not blank, up to `SEVERAL`, stripped."""
    lines: list[bytes] = []
    start, at = len(head), 0
    while len(lines) < SEVERAL and (found := NOT_BLANK.search(head, at)):
        begin = head.rfind(b"\n", at, found.start()) + 1 or at
        at = head.find(b"\n", begin) + 1 or len(head)
        if content := head[begin:at].removeprefix(BOM).strip():
            start = start if lines else begin
            lines.append(content)
    return start, lines


def _find_value_over_lines(lines: Sequence[bytes]) -> str | None:
    """What begins with these lines, and the remedy, if it is one JSON value over several lines, or an array of objects."""
    if lines and re.match(rb"\[\s*{", lines[0]):
        return ARRAY
    for end in range(1, len(lines) + 1):
        text = b"\n".join(lines[:end])
        if not _is_cut_off(text):
            if end == 1 or not _is_json(text):
                return None
            break
    else:
        if len(lines) < SEVERAL:
            return None
    return ARRAY if lines[0].startswith(b"[") else OVER_LINES


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _is_cut_off(text: bytes) -> bool:
    """Whether a JSON value begins here and does not end."""
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError as problem:
        return "truncated" in str(problem)
    except (UnicodeDecodeError, RecursionError):
        pass
    return False


def explain_malformed(problem: msgspec.DecodeError, text: str) -> str:
    """What is wrong with a line that is not JSON, in the words of the decoder, which counts bytes, or in better ones."""
    what = str(problem).removeprefix("JSON is malformed: ")
    if what.startswith("trailing characters"):
        return "has more after its first value: write one object a line"
    if place := re.fullmatch(r"invalid character \(byte (\d+)\)", what):
        rest = text.encode()[int(place[1]) :].decode(errors="replace")
        words = (found for found in OUTSIDE_TEXTS.finditer(text) if found[1] not in (None, "true", "false", "null"))
        word = next(words, None)
        if word and word.start() <= len(text) - len(rest):
            remedy = "give a finite number" if NOT_FINITE.fullmatch(word[1]) else "put a text in double quotes"
            return f"is not valid JSON: {shorten(word[1])} is not a JSON value: {remedy}"
        what = what.replace(" (", f" {rest[:1]!r} (" if rest else " (")
    return f"is not valid JSON: {what}"


def _split(text: str, delimiter: str) -> tuple[str, ...]:
    """The cells of a line of CSV; none if it is not valid."""
    try:
        return tuple(name.strip() for name in next(csv.reader([text], delimiter=delimiter), []))
    except csv.Error:
        return ()
