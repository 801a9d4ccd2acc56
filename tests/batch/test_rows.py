"""Files as people have them: each row answered by itself, and everything else refused in one sentence that keeps old results."""

import csv
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrain_cli.batch import cases as cases_module
from terrain_cli.batch.cases import BadCase, Case, Cases, Chunk, read_cases
from tests.batch.test_batch import draw_pairs, results, write_lines
from tests.conftest import CONFIGS, Ran, run_process

Terrain = Callable[..., Ran]

GOOD = b'{"id": 7, "widths": [1, 2], "speeds": [1, 2], "offset": 3}'
TAIL = b', "widths": [1, 2], "speeds": [1, 2], "offset": 3}'
HEAD = b"id,widths,speeds,offset\n"

# Rows that have been answered wrongly, or might be, and what is wrong with them; None if nothing is.
LINES: list[tuple[bytes, str | None]] = [
    (GOOD, None),
    (b"  " + GOOD + b" \t", None),
    (GOOD + b"\r", None),
    (b"\xef\xbb\xbf" + GOOD, None),
    (GOOD.replace(b",", b"\r,"), None),
    (GOOD + GOOD, "has more after its first value: write one object a line"),
    (GOOD + b" 1", "has more after its first value: write one object a line"),
    (b"[" + GOOD + b"]", "must be an object with widths, speeds and offset"),
    (b"{}", "widths: is missing; speeds: is missing; offset: is missing"),
    (b"null", "must be an object with widths, speeds and offset"),
    (b"{", "is not valid JSON: Input data was truncated"),
    (b"}", "is not valid JSON: invalid character '}' (byte 0)"),
    (b"\0" + GOOD, r"is not valid JSON: invalid character '\x00' (byte 0)"),
    (GOOD.replace(b"7", b'"\0"'), r"is not valid JSON: invalid character '\x00' (byte 8)"),
    (GOOD.replace(b"7", b'"None", "a": \xe2\x88\x9e'), "is not valid JSON: invalid character '∞' (byte 20)"),
    (GOOD.replace(b"7", b"[1,]"), "is not valid JSON: trailing comma in array (byte 10)"),
    (GOOD.replace(b"7", b'"\xff"'), "is not UTF-8 text (byte 0xff)"),
    (GOOD.replace(b"7", b'"\\ud800"'), "is not valid JSON: unexpected end of escaped utf-16 surrogate pair (byte 14)"),
    (GOOD.replace(b"7", b'"\\u5c71\xe2\x80\xa8"'), None),
    (GOOD.replace(b"3}", b"NaN}"), "is not valid JSON: NaN is not a JSON value: give a finite number"),
    (GOOD.replace(b"3}", b"nan}"), "is not valid JSON: nan is not a JSON value: give a finite number"),
    (GOOD.replace(b"3}", b"-Infinity}"), "is not valid JSON: -Infinity is not a JSON value: give a finite number"),
    (GOOD.replace(b"7", b"b1"), "is not valid JSON: b1 is not a JSON value: put a text in double quotes"),
    (
        GOOD.replace(b"7", b'"nan \\" inf", "id": None'),
        "is not valid JSON: None is not a JSON value: put a text in double quotes",
    ),
    (
        GOOD.replace(b"7", b"bog" * 40),
        f"is not valid JSON: {'bog' * 25}bo... is not a JSON value: put a text in double quotes",
    ),
    (GOOD.replace(b"3}", b"1e400}"), "offset: must be a finite number, got inf"),
    (
        GOOD.replace(b"[1, 2]", b"[1, -1e400]"),
        "widths[1]: must be a finite number, got -inf; speeds[1]: must be a finite number, got -inf",
    ),
    (GOOD.replace(b"3}", b"1" * 400 + b"}"), f"offset: must be a finite number, got {'1' * 57}..."),
    (GOOD.replace(b"3}", b"1" * 5000 + b"}"), "has a number with too many digits"),
    (GOOD.replace(b"7", b"1e400"), "id: has a number that is too large"),
    (GOOD.replace(b"7", b'["a", {"b": -1e400}]'), "id: has a number that is too large"),
    (GOOD.replace(b"7", b"1" * 5000), "has a number with too many digits"),
    (GOOD.replace(b"7", b"1" * 300), None),
    (GOOD.replace(b"7", b'{"a": [null,\r1.50]}'), None),
    (GOOD.replace(b"7", b'{"a": 1, "a": 2}'), "the key a is given twice: keep one"),
    (GOOD.replace(b"7", b'"a:b"'), None),
    (GOOD.replace(b"7", b"[" * 31 + b"]" * 31), None),
    (GOOD.replace(b"7", b"[" * 32 + b"]" * 32), "is nested more than 32 levels deep"),
    (GOOD.replace(b"7", b"[" * 5000 + b"]" * 5000), "is nested more than 32 levels deep"),
    (GOOD.replace(b"3}", b"[" * 5000 + b"]" * 5000 + b"}"), "is nested more than 32 levels deep"),
    (b'{"id": 1, "id": 2' + TAIL, "the key id is given twice: keep one"),
    (b'{"id": 1, "widths": [3, 4]' + TAIL, "the key widths is given twice: keep one"),
    (b'{"id": 1, "wid\\u0074hs": [3, 4]' + TAIL, "the key widths is given twice: keep one"),
    (
        b'{"id": 1e400, "offset": -1e60' + TAIL,
        "the key offset is given twice: keep one; id: has a number that is too large",
    ),
    (GOOD.replace(b"[1, 2]", b"[" + b"1, " * 100_000 + b"2]"), None),
    (
        b'{"id": 7, "widths": [1], "speeds": [1, 2], "offset": 3}',
        "speeds: must have as many numbers as widths, 1, got 2",
    ),
]
ROWS: list[tuple[bytes, str | None]] = [
    (b"a,1 2,1 2,3", None),
    (b"a,1 2,1 2,3\r", None),
    (b"\xef\xbb\xbfa,1 2,1 2,3", None),
    (b'"a ""b"", \rc",1 2,1 2,3', None),
    (b"a\0,1 2,1 2,3", None),
    (b"\xff,1 2,1 2,3", "is not UTF-8 text"),
    (b"a," + b"1 " * 100_000 + b"," + b"2 " * 100_000 + b",3", None),
    (b'a,"' + b"1 " * 100_000 + b'","' + b"2 " * 100_000 + b'",3', None),
    (b'"a', "is not valid CSV: a quote is not closed in its line, and a case must be on one line"),
    (b'b",1 2,1 2,3', "is not valid CSV: a quote is not closed in its line, and a case must be on one line"),
    (b'"a"b,1 2,1 2,3', "is not valid CSV: ',' expected after '\"'"),
    (b"a,1 2,1 2,3\rb,1 2,1 2,3", "is not valid CSV: a carriage return stands outside quotes"),
    (b"a,1 2,1 2", "must have 4 cells, one for each column, got 3"),
    (b"a,1 2,1 2,3,", "must have 4 cells, one for each column, got 5"),
    (b"a;1 2;1 2;3", "must have 4 cells, one for each column, got 1"),
    (b",,,", "widths: must have a number for each strip, and at least one, got an empty list; speeds: must have a number for each strip, and at least one, got an empty list; offset: must be a number, got ''"),
    (b"a,1e400 2,1 2,3", "widths[0]: must be a finite number, got inf"),
    (GOOD, "must have 4 cells, one for each column, got 6"),
]  # fmt: skip


def plain(case: Case | BadCase) -> tuple[Any, ...]:
    """What a case comes to, apart from its place."""
    if isinstance(case, BadCase):
        return bytes(case.id), case.problems
    return bytes(case.id), case.widths, case.speeds, case.offset


def read(path: Path) -> list[tuple[int, Case | BadCase]]:
    from terrain_cli.batch.solve import _check

    found = []
    for chunk in Cases(path).chunks():
        numbers = [number for number, _ in read_cases(chunk)]
        found += list(zip(numbers, _check(chunk), strict=True))
    return found


def read_alone(row: bytes, folder: Path, head: bytes) -> Case | BadCase:
    """The case in a row that is alone in its file, after a blank line and another row, so that its form is known."""
    path = folder / ("alone.csv" if head else "alone.jsonl")
    first = b"x,1,1,1\n" if head else GOOD + b"\n"
    path.write_bytes(head + first + row)
    _, (number, case) = read(path)
    assert number == 2 + head.count(b"\n")
    if isinstance(case, BadCase):
        assert case.where == f"{path}:{number}"
    return case


@pytest.mark.parametrize(("head", "rows"), [(b"", LINES), (HEAD, ROWS)], ids=["lines", "csv"])
def test_what_is_wrong_with_a_row(tmp_path: Path, head: bytes, rows: list[tuple[bytes, str | None]]) -> None:
    for row, problem in rows:
        case = read_alone(row, tmp_path, head)
        assert ("; ".join(case.problems) if isinstance(case, BadCase) else None) == problem


@pytest.mark.parametrize(("head", "rows"), [(b"", LINES), (HEAD, ROWS)], ids=["lines", "csv"])
@given(data=st.data())
def test_a_row_among_others_is_answered_as_alone(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, rows: list[tuple[bytes, str | None]], data: st.DataObject
) -> None:
    """Whatever stands around it, whatever the line ends, and wherever a chunk ends; lines are counted as an editor does."""
    folder = tmp_path_factory.getbasetemp()
    short = [row for row, _ in rows if len(row) < 1000]
    fragments = st.binary(max_size=12) | st.sampled_from(
        [b"", b" ", b"\r", b"\t", b"\xef\xbb\xbf", b"[", b"]", b"{", b"}", b","]
    )
    drawn = data.draw(st.lists(st.sampled_from(short) | fragments, max_size=8))
    drawn = [drawn_row.replace(b"\n", b"") for drawn_row in drawn]
    first = b"x,1,1,1" if head else GOOD
    end = data.draw(st.sampled_from([b"\n", b"\r\n"]))
    text = end.join([head.strip()] * bool(head) + [first, *drawn])
    path = folder / ("among.csv" if head else "among.jsonl")
    path.write_bytes(data.draw(st.sampled_from([b"", b"\xef\xbb\xbf", b"\n \r\n"])) + text)
    before = path.read_bytes().index(first)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cases_module, "CHUNK", data.draw(st.sampled_from([1, 50, 2**22])))
        found = read(path)
    full = [i for i, row in enumerate(drawn) if row.removeprefix(b"\xef\xbb\xbf").strip()]
    line = path.read_bytes()[:before].count(b"\n") + 1
    assert [number for number, _ in found] == [line, *(line + 1 + i for i in full)]
    assert [plain(case) for _, case in found[1:]] == [plain(read_alone(drawn[i], folder, head)) for i in full]


@pytest.mark.parametrize("name", ["c.jsonl", "c.csv"])
def test_results_have_a_row_for_each_case_in_each_format(terrain: Terrain, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rows = [row for row, _ in (LINES if name == "c.jsonl" else ROWS) if len(row) < 100_000]
    path.write_bytes((HEAD if name == "c.csv" else b"") + b"\n".join(rows))
    lines = terrain("batch", path)
    table = terrain("batch", path, "--csv")
    assert (lines.code, table.code) == (1, 1)
    assert lines.err == table.err
    assert "\r" not in lines.out
    found = results(lines.out.replace("\u2028", " "))
    read_back = list(csv.DictReader(io.StringIO(table.out, newline=""), strict=True))
    assert len(found) == len(read_back) == len(rows)
    for result, row in zip(found, read_back, strict=True):
        assert row["error"] == result.get("error", "")
        if isinstance(result.get("id", ""), str):
            assert row["id"].replace("\u2028", " ") == result.get("id", "")


def test_written_csv_quotes_what_would_break_a_row(terrain: Terrain, tmp_path: Path) -> None:
    ids = ["a\rb", "a\nb", 'a"b', "a,b", "a\r\nb", " a", "", "'"]
    path = write_lines(tmp_path / "c.jsonl", [draw_pairs(1)[0] | {"id": id} for id in ids])
    assert terrain("batch", path, "-o", tmp_path / "r.csv").code == 0
    with (tmp_path / "r.csv").open(newline="") as file:
        assert [row["id"] for row in csv.DictReader(file, strict=True)] == ids


OBJECT = json.loads(GOOD)
ARRAY = "holds a JSON array: write one object a line, for example with jq -c '.[]'"
OVER_LINES = "holds JSON over several lines: write one object a line, for example with jq -c ."
COLUMNS = "must name the columns widths, speeds, offset and optionally id, got "
RETURNS = "has lines that end in a carriage return alone: save it with line feeds"
UTF_16 = "is UTF-16 text: save it as UTF-8"
CSV = HEAD + b"a,1,1,1\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.jsonl", json.dumps([OBJECT] * 3).encode(), ":1: " + ARRAY),
        ("c.jsonl", b"\n\xef\xbb\xbf [ " + GOOD + b",\n" + GOOD + b"]", ":2: " + ARRAY),
        ("c.jsonl", json.dumps([OBJECT] * 3, indent=2).encode(), ":1: " + ARRAY),
        ("c.jsonl", b"[\n" + GOOD + b"\n]", ":1: " + ARRAY),
        ("c.jsonl", b"[\r\n" + b",\r\n".join([GOOD] * 100_000) + b"]", ":1: " + ARRAY),
        ("c.jsonl", (json.dumps(OBJECT, indent=2) + "\n").encode() * 30_000, ":1: " + OVER_LINES),
        ("c.ndjson", json.dumps(OBJECT, indent=1).replace("\n", "\r\n").encode(), ":1: " + OVER_LINES),
        ("c.jsonl", GOOD.replace(b"],", b"],\n"), ":1: " + OVER_LINES),
        ("c.jsonl", b"\r".join([GOOD] * 3), ":1: " + RETURNS),
        ("c.jsonl", GOOD.decode().encode("utf-16"), ": " + UTF_16),
        ("c.jsonl", GOOD.decode().encode("utf-16-be"), ": " + UTF_16),
        ("c.csv", CSV.decode().encode("utf-16"), ": " + UTF_16),
        ("c.csv", CSV.decode().encode("utf-16-le"), ": " + UTF_16),
        ("c.csv", CSV.replace(b"\n", b"\r"), ":1: " + RETURNS),
        ("c.csv", b"\n\n" + CSV[2:], ":3: " + COLUMNS),
        ("c.csv", b"", ":1: " + COLUMNS + "''"),
        ("c.csv", b"\n \n", ":3: " + COLUMNS + "''"),
        ("c.csv", b"id,id,widths,speeds,offset\n", ":1: " + COLUMNS),
        ("c.csv", b'"id,widths,speeds,offset\n', ":1: " + COLUMNS),
        ("c.csv", b"x" * 200_000 + b"\n", ":1: " + COLUMNS),
        ("c.csv", b"\xff\n", ":1: " + COLUMNS),
        ("c.csv", GOOD, ":1: " + COLUMNS),
    ],
)  # fmt: skip
def test_what_is_refused_in_a_sentence_keeps_old_results(
    terrain: Terrain, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path, out = tmp_path / name, tmp_path / "r.csv"
    path.write_bytes(content)
    ran = terrain("batch", path, "-o", out)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(f"{path}{message}")
    assert not out.exists()  # so that the corrected run finds nothing in its way
    out.write_bytes(b"old")
    for options in ((), ("--overwrite",), ("--resume",)):
        assert terrain("batch", path, "-o", out, *options).code == 2
        assert out.read_bytes() == b"old"
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([name, "r.csv"])


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        b"\n \r\n\xef\xbb\xbf" + CSV.replace(b"\n", b"\r\n"),
        CSV.replace(b",", b";"),
        CSV.replace(b",", b"\t"),
        CSV.rstrip(),
        b'"id","widths" ,speeds, offset\n"a",1, 1 ,1',
        b"offset;speeds;widths;id\n\n1;1;1;a\n\n",
    ],
)
@pytest.mark.parametrize("size", [1, 2**22])
def test_csv_as_people_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, size: int) -> None:
    monkeypatch.setattr(cases_module, "CHUNK", size)
    path = tmp_path / "c.CSV"
    path.write_bytes(content)
    [(_, case)] = read(path)
    assert plain(case) == (b'"a"', [1], [1], 1)


def test_a_header_alone_has_no_cases(terrain: Terrain, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_bytes(HEAD.strip())
    assert terrain("batch", tmp_path / "c.csv", "-o", tmp_path / "r.jsonl").code == 0
    assert (tmp_path / "r.jsonl").read_bytes() == b""
    ran = terrain("batch", tmp_path / "c.csv", "-o", tmp_path / "r.jsonl", "--resume")
    assert (ran.code, ran.err) == (0, f"{tmp_path / 'r.jsonl'} is complete already: 0 results, no errors\n")


@pytest.mark.parametrize("arguments", [("--scheduler", "nonsense"), ("--csv",), ("--resume",)])
def test_a_call_that_fails_keeps_old_results(
    terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("terrain_cli.batch.cluster.PATIENCE", 1)
    out = tmp_path / "r.jsonl"
    out.write_bytes(b"old")
    assert terrain("batch", CONFIGS / "cases.jsonl", "-o", out, "--overwrite", *arguments).code == 2
    assert out.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [out]


def test_a_full_disk_keeps_old_results(terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "r.jsonl"
    out.write_bytes(b"old")
    assert terrain("batch", CONFIGS / "cases.jsonl").code == 0  # compiled programs are cached while there is room

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        ran = terrain("batch", CONFIGS / "cases.jsonl", "-o", out, "--overwrite")
    message = f"{out}: cannot be written: No space left on device; what it held is unchanged\n"
    assert (ran.code, ran.err) == (2, message)
    assert out.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.skipif(os.name != "posix", reason="pipes with names, and names that are not UTF-8")
def test_odd_files(terrain: Terrain, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    ran = terrain("batch", tmp_path / "pipe.jsonl")
    assert (ran.code, ran.err) == (
        2,
        f"{tmp_path}/pipe.jsonl: is a pipe or a device, not a regular file: give it as standard input, with -\n",
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "gone.yaml").symlink_to("nowhere")
    (folder / "old.yaml").mkdir()
    (folder / os.fsdecode(b"caf\xe9.yaml")).write_bytes((CONFIGS / "two_strips.yaml").read_bytes())
    ran = terrain("batch", folder, "-o", tmp_path / "r.jsonl")
    assert ran.code == 1
    errors = [result.get("error", "") for result in results((tmp_path / "r.jsonl").read_text())]
    assert ran.err.count("\n") == 1 + sum(map(bool, errors))


def test_pipes_are_recognised_as_files_are() -> None:
    pretty = json.dumps(OBJECT, indent=2).encode()
    ran = run_process("batch", "-", stdin=pretty)
    assert (ran.code, ran.err) == (2, f"<stdin>:1: {OVER_LINES}\n")


def test_no_standard_input(terrain: Terrain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    ran = terrain("batch", "-")
    assert (ran.code, ran.err) == (2, "<stdin>: is closed: name a file\n")


def test_a_pipe_is_answered_as_it_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without waiting for the next case; a first line that is cut off waits for those that tell what it is."""

    class Arriving:
        def __init__(self, *parts: bytes) -> None:
            self.parts = list(parts)

        def read1(self, _: int) -> bytes:
            return self.parts.pop(0) if self.parts else b""

    def chunks(*parts: bytes) -> list[tuple[bytes, int]]:
        pipe = Arriving(*parts)
        monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": pipe}))
        return [(chunk.data, len(pipe.parts)) for chunk in Cases(Path("-")).chunks()]

    line = GOOD + b"\n"
    assert chunks(line, line, line + b"{", b"}") == [(line, 3), (line, 2), (line, 1), (b"{}", 0)]
    assert chunks(CSV, b"b,1,1,1") == [(b"a,1,1,1\n", 1), (b"b,1,1,1", 0)]
    assert chunks(b"{\n", line, line) == [(b"{\n" + line + line, 0)]
    monkeypatch.setattr(cases_module, "LINES", 2)
    assert chunks(line * 5 + b"{", b"}") == [(line * 2, 1), (line * 2, 1), (line, 1), (b"{}", 0)]


@pytest.mark.parametrize("text", [b"{}\n" * 5, b"\n" * 4 + b"{}", b"{}\n\r\n" * 3, b"x,y\n" + b"1,2\n" * 5])
def test_a_chunk_has_not_too_many_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    """A million short lines, all of them invalid, took a minute without a sign."""
    monkeypatch.setattr(cases_module, "LINES", 2)
    path = tmp_path / "c.jsonl"
    path.write_bytes(text)
    chunks = list(Cases(path).chunks())
    assert b"".join(chunk.data for chunk in chunks) == text
    assert [chunk.line for chunk in chunks] == [1 + 2 * i for i in range(len(chunks))]
    assert all(chunk.data.count(b"\n") <= 2 for chunk in chunks)
    assert [c.data for c in Cases(path).chunks(chunks[1].end, chunks[1].line)] == [c.data for c in chunks[2:]]


def test_many_bad_cases_take_linear_time() -> None:
    """No case looks through the chunk for its line."""
    row = GOOD.replace(b"3}", b"1e60}") + b"\n"
    chunk = Chunk("c", "lines", row * 2000, 1, 0)
    assert [number for number, _ in read_cases(chunk)] == list(range(1, 2001))


def test_a_key_twice_in_an_id_is_one_problem(terrain: Terrain, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"id": {"a": 1, "a": 2}, "widths": [1], "speeds": [1], "offset": 1}\n')
    ran = terrain("batch", path)
    assert (ran.code, ran.out) == (1, '{"error":"the key a is given twice: keep one"}\n')
    assert ran.err == f"{path}:1: the key a is given twice: keep one\n"


def test_a_mistyped_file_of_cases_suggests_its_neighbour(terrain: Terrain, tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_bytes(GOOD)
    (tmp_path / "link.jsonl").symlink_to("gone.jsonl")
    near = tmp_path / "cases.jsonl"
    assert (
        terrain("batch", tmp_path / "case.jsonl").err
        == f"{tmp_path / 'case.jsonl'}: no such file: did you mean {near}?\n"
    )
    link = tmp_path / "link.jsonl"
    assert terrain("batch", link).err == f"{link}: is a link to gone.jsonl, which does not exist\n"


def test_neither_results_nor_checkpoint_replace_what_is_read(terrain: Terrain, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    scenario, cases = tmp_path / "folder" / "a.yaml", tmp_path / "c.jsonl"
    scenario.write_text("strips: [{width: 3, speed: 1}]\noffset: 4\n")
    cases.write_bytes(GOOD)
    for source, file, link in (
        (scenario.parent, scenario, "r.jsonl"),
        (scenario.parent, scenario, "s.jsonl.checkpoint"),
        (cases, cases, "t.jsonl"),
        (cases, cases, "u.jsonl.checkpoint"),
    ):
        before = file.read_bytes()
        (tmp_path / link).symlink_to(file)
        for options in ((), ("--resume",), ("--overwrite",)):
            ran = terrain("batch", source, "-o", tmp_path / link.removesuffix(".checkpoint"), *options)
            assert (ran.code, ran.err) == (2, f"--output: {tmp_path / link} is an input file; name another file\n")
            assert file.read_bytes() == before
