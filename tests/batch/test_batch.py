"""`terrain batch`: every case answered in its place, whatever the format; broken off and resumed, byte for byte the same."""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrain_cli import cli, solve_many
from terrain_cli.batch import cases as cases_module
from terrain_cli.batch import solve as batch_module
from terrain_cli.batch.cases import BadCase, Case, Chunk
from terrain_cli.batch.checkpoint import REPAIR
from terrain_cli.commands.batch import _duration
from terrain_cli.scenario.load import load_strips
from terrain_cli.strips.ground import Strips
from terrain_cli.strips.sensitivity import find_sensitivity
from terrain_cli.strips.snell import best_time, find_optimum
from terrain_cli.strips.solution import to_ground
from tests.conftest import CONFIGS, Ran, run_process

Terrain = Callable[..., Ran]
CASES = CONFIGS / "cases.jsonl"


def draw_cases(count: int, seed: int = 0, most: int = 6) -> list[dict[str, Any]]:
    """Cases of 1 to `most` strips, every third with an id."""
    rng = np.random.default_rng(seed)
    cases = []
    for i in range(count):
        n = int(rng.integers(1, most + 1))
        case = {"widths": rng.uniform(2, 10, n).tolist(), "speeds": rng.uniform(0.3, 1, n).tolist()}
        cases.append(case | {"offset": float(rng.normal() * 20)} | ({"id": i} if i % 3 == 0 else {}))
    return cases


def draw_pairs(count: int) -> list[dict[str, Any]]:
    """Cases of two strips: one program solves them all."""
    rng = np.random.default_rng(2)
    return [
        {"id": i, "widths": rng.uniform(2, 10, 2).tolist(), "speeds": rng.uniform(0.3, 1, 2).tolist(), "offset": i}
        for i in range(count)
    ]


def write_lines(path: Path, cases: list[Any]) -> Path:
    path.write_text("".join(json.dumps(case) + "\n" for case in cases))
    return path


def results(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_results_are_the_optima_in_the_order_of_the_cases(terrain: Terrain, tmp_path: Path) -> None:
    cases = draw_cases(300)
    ran = terrain("batch", write_lines(tmp_path / "c.jsonl", cases), "--sensitivity")
    assert (ran.code, ran.err) == (0, "")
    found = results(ran.out)
    assert [result.get("id") for result in found] == [case.get("id") for case in cases]
    for case, result in list(zip(cases, found, strict=True))[:60]:
        strips = Strips(case["widths"], case["speeds"], case["offset"])
        optimum, sensitivity = find_optimum(strips), find_sensitivity(strips)
        assert result["time"] == pytest.approx(float(optimum.time), rel=1e-14)
        np.testing.assert_allclose(result["x"], optimum.x, rtol=1e-9)
        np.testing.assert_allclose(result["by_widths"], sensitivity.by_widths, rtol=1e-9)
        np.testing.assert_allclose(result["by_speeds"], sensitivity.by_speeds, rtol=1e-9)
        assert result["by_offset"] == pytest.approx(sensitivity.by_offset, rel=1e-12)


def test_formats_agree(terrain: Terrain, tmp_path: Path) -> None:
    """JSON lines and CSV, in and out, files and pipes."""
    cases = draw_cases(40)
    lines = write_lines(tmp_path / "c.jsonl", cases)
    rows = tmp_path / "c.csv"
    with rows.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["offset", "widths", "speeds", "id"])
        for case in cases:
            numbers = (" ".join(map(repr, case[key])) for key in ("widths", "speeds"))
            writer.writerow([case["offset"], *numbers, case.get("id", "")])
    plain = terrain("batch", lines).out
    expected = results(plain)
    for source in (lines, rows):
        table = list(csv.DictReader(io.StringIO(terrain("batch", source, "--csv").out)))
        assert [row["time"] for row in table] == [repr(result["time"]) for result in expected]
        assert [[float(x) for x in row["x"].split()] for row in table] == [result["x"] for result in expected]
        assert [row["id"] for row in table] == [str(result.get("id", "")) for result in expected]
        for name, option in (("r.jsonl", ()), ("r.csv", ("--csv",))):
            ran = terrain("batch", source, "-o", tmp_path / name, "--overwrite")
            assert (ran.code, ran.out) == (0, "")
            assert ran.err == f"wrote {tmp_path / name}: 40 results, no errors\n"
            assert (tmp_path / name).read_text() == terrain("batch", source, *option).out
    assert run_process("batch", "-", stdin=lines.read_bytes()).out == plain
    assert run_process("batch", "-", "--csv", stdin=rows.read_bytes()).out == (tmp_path / "r.csv").read_text()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["c.csv", "c.jsonl", "r.csv", "r.jsonl"]


def test_a_folder_of_scenarios(terrain: Terrain, tmp_path: Path) -> None:
    for name in ("three_strips.yaml", "two_strips.yaml"):
        shutil.copy(CONFIGS / name, tmp_path)
    (tmp_path / "broken.yaml").write_text("strips:\n  - {width: -1, speed: 1}\noffset: 1\n")
    ran = terrain("batch", tmp_path)
    assert ran.code == 1
    assert ran.err == f"{tmp_path / 'broken.yaml'}:2: strips[0].width: must be greater than 0, got -1\n"
    broken, three, two = results(ran.out)
    assert broken == {"id": "broken.yaml", "error": ran.err.strip()}
    assert three["time"] == pytest.approx(81.911687844967823857, rel=1e-15)
    assert two["time"] == pytest.approx(
        float(best_time(to_ground(load_strips(tmp_path / "two_strips.yaml")))), rel=1e-15
    )


GOOD = {"widths": [10, 5], "speeds": [0.7, 0.3], "offset": 20}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (json.dumps(GOOD | {"widths": [10, -5]}), "widths[1]: must be greater than 0, got -5"),
        (json.dumps(GOOD | {"widths": [10, True]}), "widths[1]: must be a number, got True"),
        (json.dumps(GOOD | {"widths": [10]}), "speeds: must have as many numbers as widths, 1, got 2"),
        (
            json.dumps(GOOD | {"widths": []}),
            "widths: must have a number for each strip, and at least one, got an empty list",
        ),
        (json.dumps(GOOD | {"widths": 10}), "widths: must be a list of numbers, such as [10, 10, 10], got 10"),
        (
            json.dumps(GOOD | {"speeds": [1, 1e60]}),
            "speeds[1]: must be at most 1e+50 in magnitude: choose larger units, got 1e+60",
        ),
        (
            json.dumps(GOOD | {"speeds": [1, 1e-60]}),
            "speeds[1]: must be at least 1e-50: choose smaller units, got 1e-60",
        ),
        (json.dumps(GOOD | {"offset": "far"}), "offset: must be a number, got 'far'"),
        (
            json.dumps(GOOD | {"offset": 1e99}),
            "offset: must be at most 1e+50 in magnitude: choose larger units, got 1e+99",
        ),
        (json.dumps(GOOD | {"name": "x"}), "name: is not a key here: use one of id, widths, speeds, offset"),
        (json.dumps(GOOD | {"width": 1}), "width: is not a key here: did you mean widths?"),
        ('{"widths": [1], "speeds": [1]}', "offset: is missing"),
        (
            '{"widths": [1], "speeds": [1], "offset": NaN}',
            "is not valid JSON: NaN is not a JSON value: give a finite number",
        ),
        ('{"widths": [1', "is not valid JSON: Input data was truncated"),
        ("[1, 2]", "must be an object with widths, speeds and offset"),
        ("[" * 100_000, "is nested more than 32 levels deep"),
    ],
)
def test_a_bad_line_is_said_and_carried_along(terrain: Terrain, tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps(GOOD) + "\n\n" + line + "\n" + json.dumps(GOOD))
    ran = terrain("batch", path)
    assert ran.code == 1
    assert ran.err.startswith(f"{path}:3: {message}")
    assert len(ran.err.splitlines()) == 1
    first, bad, last = results(ran.out)
    assert first == last
    assert bad["error"].startswith(message)


def test_ids_are_carried_as_they_stand(terrain: Terrain, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    ids = ['"\\u5c71"', "1e4", '{"a": [null, 1.50]}', "null", "123456789012345678901234567890"]
    body = '"widths": [1], "speeds": [1], "offset": '
    path.write_text("".join(f'{{"id": {id}, {body}{h}}}\n' for h in ("0", '"x"') for id in ids))
    ran = terrain("batch", path)
    lines = ran.out.splitlines()
    assert [line.startswith(f'{{"id":{id},') for line, id in zip(lines, ids * 2, strict=True)] == [True] * 10
    assert ran.err.count("offset: must be a number, got 'x'") == 5


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1 2,1 x,3,a", "speeds[1]: must be a number, got 'x'"),
        ("1 2,1 2,,a", "offset: must be a number, got ''"),
        ("1 2,1 2,3 4,a", "offset: must be a number, got '3 4'"),
        (",,3,a", "widths: must have a number for each strip, and at least one, got an empty list"),
        ("1 inf,1 2,3,a", "widths[1]: must be a finite number, got inf"),
        ("1 2,1 2,nan,a", "offset: must be a finite number, got nan"),
        ("1,1", "must have 4 cells, one for each column, got 2"),
        ('1,1,1,"a', "is not valid CSV: a quote is not closed in its line, and a case must be on one line"),
    ],
)
def test_a_bad_row_is_said_and_carried_along(terrain: Terrain, tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "c.csv"
    path.write_text(f"widths,speeds,offset,id\n1,1,0,b\n{row}\n1,1,0,c\n")
    ran = terrain("batch", path)
    assert ran.code == 1
    assert ran.err.splitlines()[0] == f"{path}:3: {message}"
    assert [("error" in result) for result in results(ran.out)] == [False, True, False]
    table = list(csv.DictReader(io.StringIO(terrain("batch", path, "--csv").out)))
    assert message in table[1]["error"]


def test_text_that_is_not_utf8(terrain: Terrain, tmp_path: Path) -> None:
    for name, head, body in (("c.jsonl", b"", b'{"id": "\xff"}'), ("c.csv", b"widths,speeds,offset\n", b"\xff,1,1")):
        path = tmp_path / name
        path.write_bytes(head + body + b"\n")
        ran = terrain("batch", path)
        assert ran.code == 1
        assert ran.err.startswith(f"{path}:{1 + head.count(10)}: is not UTF-8 text")


def test_many_bad_cases_are_counted(terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases_module, "CHUNK", 100)
    ran = terrain("batch", write_lines(tmp_path / "c.jsonl", [GOOD | {"offset": "x", "widths": []}] * 50))
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 41
    assert ran.err.splitlines()[39:] == [
        f"{tmp_path / 'c.jsonl'}:20: offset: must be a number, got 'x'",
        "and 30 more invalid cases; the results contain their errors",
    ]
    assert len(ran.out.splitlines()) == 50


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3),
)
numbers = st.lists(
    st.floats(0.1, 10) | st.integers(1, 5) | st.sampled_from([0, -1, 1e51, 1e-51, "1", True]), max_size=3
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"widths": numbers, "speeds": numbers, "offset": st.floats(-5, 5) | st.sampled_from([1e51, None])},
            optional={"id": json_values, "extra": st.just(1)},
        ),
        max_size=4,
    )
)
def test_the_fast_way_and_the_slow_one_agree(cases: list[dict[str, Any]]) -> None:
    """All lines at once in msgspec and NumPy, against one after the other by the rules of a scenario file."""
    data = "".join(json.dumps(case) + "\n" for case in cases).encode()
    chunk = Chunk("c", "lines", data, 1, len(data))
    fast = batch_module._check(chunk)
    slow = [cases_module._explain_line(line, f"c:{i + 1}") for i, line in enumerate(data.splitlines())]
    for mine, its in zip(fast, slow, strict=True):
        assert type(mine) is type(its)
        if isinstance(mine, Case) and isinstance(its, Case):
            assert (mine.widths, mine.speeds, mine.offset, bytes(mine.id)) == (
                its.widths, its.speeds, its.offset, bytes(its.id),
            )  # fmt: skip
        elif isinstance(mine, BadCase) and isinstance(its, BadCase):
            assert (mine.where, bytes(mine.id)) == (its.where, bytes(its.id))


def test_chunks_do_not_matter(terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_lines(tmp_path / "c.jsonl", draw_cases(200, 1, 9))
    whole = terrain("batch", path, "--csv").out
    for size in (1, 777, 5000):
        monkeypatch.setattr(cases_module, "CHUNK", size)
        assert terrain("batch", path, "--csv").out == whole
    monkeypatch.undo()
    monkeypatch.setattr(cases_module, "LINES", 7)
    assert terrain("batch", path, "--csv").out == whole
    monkeypatch.undo()
    assert run_process("batch", "-", "--csv", stdin=path.read_bytes()).out == whole


def test_nothing_to_solve(terrain: Terrain, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text("\n \n")
    assert terrain("batch", path) == Ran(0, "", "")
    assert terrain("batch", path, "--csv") == Ran(0, "id,time,x,error\n", "")
    path.write_text("")
    assert terrain("batch", path, "-o", tmp_path / "r.csv").code == 0
    assert (tmp_path / "r.csv").read_text() == "id,time,x,error\n"


class TestResume:
    @pytest.fixture(autouse=True)
    def small_chunks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cases_module, "CHUNK", 2000)

    @pytest.fixture
    def cases(self, tmp_path: Path) -> Path:
        drawn = draw_pairs(200)
        drawn[150]["offset"] = "far"
        drawn[3]["offset"] = "far"
        return write_lines(tmp_path / "c.jsonl", drawn)

    @pytest.fixture
    def whole(self, cases: Path, terrain: Terrain, tmp_path: Path) -> bytes:
        assert terrain("batch", cases, "-o", tmp_path / "whole.csv").code == 1
        return (tmp_path / "whole.csv").read_bytes()

    def break_off(self, monkeypatch: pytest.MonkeyPatch, after: int, problem: BaseException) -> None:
        real, calls = batch_module.solve_chunk, []

        def solve_chunk(*arguments: Any) -> Any:
            calls.append(1)
            if len(calls) > after:
                raise problem
            return real(*arguments)

        monkeypatch.setattr(batch_module, "solve_chunk", solve_chunk)

    def test_ctrl_c(
        self, terrain: Terrain, cases: Path, whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = tmp_path / "r.csv"
        with monkeypatch.context() as patch:
            self.break_off(patch, 5, KeyboardInterrupt())
            ran = terrain("batch", cases, "-o", out)
        assert ran.code == 130
        kept = out.read_text().count("\n") - 1
        assert 0 < kept < 200
        assert ran.err.splitlines()[-1] == f"interrupted after {kept} results; use --resume to continue"
        ran = terrain("batch", cases, "-o", out)
        assert ran.code == 2
        assert ran.err == (
            f"{out}: holds results of an interrupted run; use --resume to continue it, or --overwrite to start anew\n"
        )
        ran = terrain("batch", cases, "-o", out, "--resume")
        assert ran.code == 1  # of a bad case
        assert f"{cases}:151: offset: must be a number, got 'far'" in ran.err
        assert ran.err.splitlines()[-1] == f"wrote {out}: 200 results, 2 errors"
        assert out.read_bytes() == whole
        assert sorted(file.name for file in tmp_path.iterdir()) == ["c.jsonl", "r.csv", "whole.csv"]

    @pytest.mark.parametrize("call", ["write", "fsync"])
    def test_broken_off_anywhere(
        self, terrain: Terrain, cases: Path, whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
    ) -> None:
        """The disk says no at each write and each sync in turn, and what was written by half stays behind."""
        out, real = tmp_path / "r.csv", getattr(os, call)
        for at in range(1, 9):
            calls: list[int] = []

            def failing(file: int, *data: Any, at: int = at, calls: list[int] = calls) -> Any:
                calls.append(1)
                if len(calls) >= at:
                    if data and len(calls) == at:
                        return real(file, data[0][: len(data[0]) // 2])
                    raise OSError(28, "No space left on device")
                return real(file, *data)

            out.unlink(missing_ok=True)
            out.with_name("r.csv.checkpoint").unlink(missing_ok=True)
            with monkeypatch.context() as patch:
                patch.setattr(os, call, failing)
                ran = terrain("batch", cases, "-o", out)
            assert ran.code == 2
            files = f"({re.escape(str(out))}|{re.escape(str(out))}.checkpoint)"
            remedy = f"; {REPAIR}" if out.exists() else ""  # there is something to go on from
            assert re.fullmatch(
                rf"{files}: cannot be written: No space left on device{remedy}", ran.err.splitlines()[-1]
            )
            assert "Traceback" not in ran.err
            assert terrain("batch", cases, "-o", out, "--resume").code == 1
            assert out.read_bytes() == whole

    def test_changes_are_refused(
        self, terrain: Terrain, cases: Path, whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = tmp_path / "r.csv"
        with monkeypatch.context() as patch:
            self.break_off(patch, 4, KeyboardInterrupt())
            assert terrain("batch", cases, "-o", out).code == 130
        before, checkpoint = out.read_bytes(), out.with_name("r.csv.checkpoint")
        ran = terrain("batch", cases, "-o", out, "--resume", "--sensitivity")
        assert ran.code == 2
        assert ran.err.startswith(f"{out}: was started with sensitivity false, not true; --resume needs the same")
        good = cases.read_text()
        for changed in (good + good.splitlines()[0] + "\n", good.replace("far", "fur"), good[:-2] + " }"):
            cases.write_text(changed)
            ran = terrain("batch", cases, "-o", out, "--resume")
            assert ran.code == 2
            assert ran.err.startswith(f"{out}: was started with other cases; --resume needs the same")
        cases.write_text(good)
        assert out.read_bytes() == before
        moved = cases.rename(tmp_path / "moved.jsonl")  # the same cases elsewhere are the same
        assert terrain("batch", moved, "-o", out, "--resume").code == 1
        assert out.read_bytes() == whole
        assert not checkpoint.exists()

    def test_the_checkpoint_only_saves_work(
        self, terrain: Terrain, cases: Path, whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without it, with a damaged one, and with results that it does not describe, the bytes decide."""
        out = tmp_path / "r.csv"
        with monkeypatch.context() as patch:
            self.break_off(patch, 4, KeyboardInterrupt())
            assert terrain("batch", cases, "-o", out).code == 130
        before, checkpoint = out.read_bytes(), out.with_name("r.csv.checkpoint")
        known = checkpoint.read_text()
        negative = re.sub('"written": [0-9]+', '"written": -5', known)
        endless = re.sub('"written": [0-9]+', '"written": 1e999', known)
        half = known[: len(known) // 2]
        for damage in ("", "{}", "[]", "\xff", '{"about": 1, "state": {}}', "[" * 10_000, negative, endless, half):
            checkpoint.write_text(damage, encoding="latin-1")
            out.write_bytes(before)
            ran = terrain("batch", cases, "-o", out, "--resume")
            assert (ran.code, ran.err.splitlines()[-1]) == (1, f"wrote {out}: 200 results, 2 errors")
            assert out.read_bytes() == whole
        for text, left in (
            (known, None),
            (known, b""),
            (known, before[:100]),
            (None, whole[:-1]),
            (known, whole + b"x"),
        ):
            out.unlink() if left is None else out.write_bytes(left)
            checkpoint.unlink(missing_ok=True) if text is None else checkpoint.write_text(text)
            assert terrain("batch", cases, "-o", out, "--resume").code == 1
            assert out.read_bytes() == whole
        for text, left in ((known, b"?" + before[1:]), (None, before[:-9] + b"?"), (None, whole + b"x")):
            out.write_bytes(left)
            checkpoint.unlink(missing_ok=True) if text is None else checkpoint.write_text(text)
            ran = terrain("batch", cases, "-o", out, "--resume")
            assert ran.code == 2
            assert re.match(f"{out}: holds (more )?results .*; use --overwrite to start anew", ran.err.splitlines()[-1])
            assert out.read_bytes() == left

    def test_what_is_finished_is_complete(self, terrain: Terrain, cases: Path, whole: bytes, tmp_path: Path) -> None:
        out = tmp_path / "r.csv"
        assert terrain("batch", cases, "-o", out, "--resume").code == 1  # nothing there yet: from the beginning
        assert out.read_bytes() == whole
        for _ in range(2):
            ran = terrain("batch", cases, "-o", out, "--resume")
            assert ran.code == 1
            assert ran.err.splitlines()[-1] == f"{out} is complete already: 200 results, 2 errors"
        assert out.read_bytes() == whole
        assert sorted(file.name for file in tmp_path.iterdir()) == ["c.jsonl", "r.csv", "whole.csv"]
        other = write_lines(tmp_path / "other.jsonl", draw_pairs(201)[1:])
        ran = terrain("batch", other, "-o", out, "--resume")
        message = f"{out}: holds results of other cases, options or versions; use --overwrite to start anew"
        assert (ran.code, ran.err) == (2, message + "\n")
        assert out.read_bytes() == whole
        for option in ((), ("--overwrite",)):
            out.write_text("something else, and longer" * 10_000)
            assert terrain("batch", cases, "-o", out, *option).code == 1
            assert out.read_bytes() == whole

    def test_a_checkpoint_that_cannot_be_used(
        self, terrain: Terrain, cases: Path, whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out, checkpoint = tmp_path / "r.csv", tmp_path / "r.csv.checkpoint"
        out.write_bytes(whole)
        checkpoint.mkdir()
        ran = terrain("batch", cases, "-o", out, "--overwrite")
        assert (ran.code, ran.err) == (2, f"{checkpoint}: cannot be written: it is a folder\n")
        ran = terrain("batch", cases, "-o", tmp_path / ("r" * 245 + ".csv"))
        assert (ran.code, ran.err.splitlines()[-1][-39:]) == (2, "point: cannot be written: File name too long"[-39:])
        checkpoint.rmdir()

        def closed(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("terrain_cli.batch.checkpoint.open_input", closed)
        ran = terrain("batch", cases, "-o", out, "--resume")
        assert (ran.code, ran.err) == (2, f"{checkpoint}: cannot be read: Permission denied\n")
        monkeypatch.undo()
        assert out.read_bytes() == whole
        assert sorted(file.name for file in tmp_path.iterdir()) == ["c.jsonl", "r.csv", "whole.csv"]

    def test_results_that_cannot_be_read(
        self, terrain: Terrain, cases: Path, whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = tmp_path / "r.csv"
        out.write_bytes(whole)

        def fail(*_: object) -> Any:
            raise OSError(5, "Input/output error")

        for call, verb in (("read", "read"), ("lseek", "written")):
            with monkeypatch.context() as patch:
                patch.setattr(os, call, fail)
                ran = terrain("batch", cases, "-o", out, "--resume")
            assert ran.code == 2
            assert f"{out}: cannot be {verb}: Input/output error" in ran.err
        assert out.read_bytes() == whole

    def test_interrupted_before_the_first_result(
        self, terrain: Terrain, cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = tmp_path / "r.csv"
        with monkeypatch.context() as patch:
            self.break_off(patch, 0, KeyboardInterrupt())
            ran = terrain("batch", cases, "-o", out)
            assert (ran.code, ran.err) == (130, "interrupted after 0 results; use --resume to continue\n")
            assert not out.exists()
            out.write_text("old")
            ran = terrain("batch", cases, "-o", out, "--overwrite")
            assert (ran.code, ran.err) == (130, f"interrupted after 0 results; {out} is unchanged\n")
            assert out.read_text() == "old"

    def test_a_folder_is_resumed(self, terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cases_module, "FILES", 2)
        out = tmp_path / "r.jsonl"
        with monkeypatch.context() as patch:
            self.break_off(patch, 2, KeyboardInterrupt())
            assert terrain("batch", CONFIGS, "-o", out).code == 130
        assert len(out.read_text().splitlines()) == 4
        resumed = terrain("batch", CONFIGS, "-o", out, "--resume")
        assert "maze.yaml: terrain batch works only with strips, not with maps" in resumed.err
        assert resumed.code == 1
        assert out.read_text() == terrain("batch", CONFIGS).out


class Killed(BaseException):
    """What `kill_at` raises: no code handles it, as no code handles SIGKILL."""


def kill_at(patch: pytest.MonkeyPatch, last: int) -> list[str]:
    """Let nothing reach the disk from the `last` change to it on: writes, of at most 500 bytes, syncs, renames and the like.

    Returns the names of the changes so far.
    """
    steps: list[str] = []

    def stop_before(name: str) -> None:
        real = getattr(os, name)

        def step(*arguments: Any, **more: Any) -> Any:
            steps.append(name)
            if len(steps) >= last:  # also what `finally` would tidy up: a killed process tidies nothing
                raise Killed
            return real(arguments[0], arguments[1][:500]) if name == "write" else real(*arguments, **more)

        patch.setattr(os, name, step)

    for name in ("write", "fsync", "replace", "ftruncate", "unlink"):
        stop_before(name)
    return steps


def killed(monkeypatch: pytest.MonkeyPatch, last: int, *arguments: object) -> str | None:
    """Run `terrain` in this process and kill it before the `last` change to the disk. Returns what that was; None if it ended."""
    with monkeypatch.context() as patch:
        steps = kill_at(patch, last)
        try:
            cli.main([str(argument) for argument in arguments])
        except Killed:
            return steps[last - 1]
        except SystemExit:
            return None
    raise AssertionError("cli.main returned")


def test_killed_at_each_step_and_resumed(terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is killed before each change to the disk in turn, the one that resumes it as well, and the next one ends."""
    monkeypatch.setattr(cases_module, "CHUNK", 1000)
    cases = draw_pairs(20)
    cases[17]["offset"] = None
    path = write_lines(tmp_path / "c.jsonl", cases)
    whole = terrain("batch", path).out
    stopped = []
    for last in range(1, 1000):
        out = tmp_path / str(last) / "r.jsonl"
        out.parent.mkdir()
        stopped.append(killed(monkeypatch, last, "batch", path, "-o", out, "--resume"))
        stopped.append(killed(monkeypatch, 1 + last % 7, "batch", path, "-o", out, "--resume"))
        ran = terrain("batch", path, "-o", out, "--resume")
        assert ran.code == 1  # of the bad case
        assert ran.err.splitlines()[-1].endswith(": 20 results, 1 error")
        assert out.read_text() == whole
        if stopped[-2] is None:
            break
    assert set(stopped) == {"write", "fsync", "replace", "ftruncate", "unlink", None}
    assert len(stopped) > 30


def test_killed_while_results_are_replaced(terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each step, `--overwrite` leaves either the unfinished results as they were or new ones: what is left can be resumed."""
    monkeypatch.setattr(cases_module, "CHUNK", 1000)
    old, new = (write_lines(tmp_path / f"{n}.jsonl", draw_pairs(n)[::-1]) for n in (12, 13))
    whole_old, whole_new = (terrain("batch", path).out.encode() for path in (old, new))
    out, checkpoint = tmp_path / "r.jsonl", tmp_path / "r.jsonl.checkpoint"
    assert killed(monkeypatch, 9, "batch", old, "-o", out) == "fsync"
    before, known = out.read_bytes(), checkpoint.read_bytes()
    assert whole_old.startswith(before)
    kept = []
    for last in range(1, 1000):
        out.write_bytes(before)
        checkpoint.write_bytes(known)
        stopped = killed(monkeypatch, last, "batch", new, "-o", out, "--overwrite")
        kept.append(out.read_bytes() == before)
        ran = terrain("batch", new, "-o", out, "--resume")
        assert ran.code == (2 if kept[-1] else 0)
        if kept[-1]:
            assert ran.err.startswith(f"{out}: was started with other cases; --resume needs the same")
            assert terrain("batch", old, "-o", out, "--resume").code == 0
        assert out.read_bytes() == (whole_old if kept[-1] else whole_new)
        if stopped is None:
            break
    assert kept == sorted(kept, reverse=True)
    assert set(kept) == {True, False}


# `terrain` with small chunks, which writes half of the third chunk of results, says so on stdout and waits to be killed.
DRIVER = """
import os, signal
from terrain_cli.__main__ import main
from terrain_cli.batch import cases, checkpoint

def append(self, data, **state):
    if self.state["rows"] > 10:
        os.write(self.file, data[:len(data) // 2])
        print("ready", flush=True)
        signal.pause()
    real(self, data, **state)

cases.CHUNK = 1000
real, checkpoint.Results.append = checkpoint.Results.append, append
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_is_killed_leaves_what_resumes(terrain: Terrain, tmp_path: Path, number: signal.Signals) -> None:
    """The real signal, to a real process, in the middle of a write."""
    path, out = write_lines(tmp_path / "c.jsonl", draw_pairs(60)), tmp_path / "r.jsonl"
    whole = terrain("batch", path).out
    command = [sys.executable, "-c", DRIVER, "batch", str(path), "-o", str(out)]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        code, message = process.wait(), process.stderr.read()
    kept = json.loads((tmp_path / "r.jsonl.checkpoint").read_text())["state"]["rows"]
    assert 10 < kept < 60
    if number == signal.SIGTERM:
        assert (code, message) == (130, f"interrupted after {kept} results; use --resume to continue\n")
    else:
        assert (code, message) == (-signal.SIGKILL, "")
    assert terrain("batch", path, "-o", out, "--resume").code == 0
    assert out.read_text() == whole
    assert sorted(file.name for file in tmp_path.iterdir()) == ["c.jsonl", "r.jsonl"]


@pytest.mark.skipif(os.name != "posix", reason="ulimit")
def test_a_full_disk_is_said_and_resumed_from(terrain: Terrain, tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk."""
    path, out = write_lines(tmp_path / "c.jsonl", draw_pairs(1500)), tmp_path / "r.jsonl"
    whole = terrain("batch", path).out
    small = (
        "import sys, terrain_cli.batch.cases as c; from terrain_cli.cli import main; c.CHUNK = 3000; main(sys.argv[1:])"
    )
    command = f"ulimit -f 64; '{sys.executable}' -c '{small}' batch '{path}' -o '{out}'"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"{out}: cannot be written: File too large; {REPAIR}"
    assert "Traceback" not in done.stderr
    assert terrain("batch", path, "-o", out, "--resume").code == 0
    assert out.read_text() == whole


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_disk_behind_stdout() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "terrain_cli", "batch", str(CASES)], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (done.returncode, done.stderr) == (1, "terrain: the output cannot be written: No space left on device\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.jsonl",), "nowhere.jsonl: no such file"),
        (("README.md",), "README.md: must end in .jsonl, .ndjson or .csv, or be a folder of scenario files"),
        (("docs",), "docs: has no scenarios (.yaml or .yml)"),
        ((CASES, "-o", "r.txt"), "--output: must end in .jsonl, .ndjson or .csv, got r.txt"),
        ((CASES, "-o", "no/r.csv"), "no/r.csv: cannot be written: there is no folder no"),
        ((CASES, "-o", "r.csv", "--csv"), "--csv: is for standard output only"),
        ((CASES, "--resume"), "--resume: needs an output file, --output"),
        ((CASES, "--overwrite"), "--overwrite: needs an output file, --output"),
        ((CASES, "-o", "r.csv", "--resume", "--overwrite"), "--resume and --overwrite cannot be used together"),
        (("-", "-o", "r.csv", "--resume"), "--resume: needs a file of cases"),
    ],
)
def test_calls_that_are_wrong(
    terrain: Terrain, monkeypatch: pytest.MonkeyPatch, arguments: tuple[Any, ...], message: str
) -> None:
    monkeypatch.chdir(CONFIGS.parent)
    ran = terrain("batch", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(message)


@pytest.mark.parametrize(
    "text", ["", "widths,speeds\n1,1\n", "widths,speeds,offset,offset\n", "widths,speeds,offset,height\n", "1,2,3\n"]
)
def test_columns_that_are_wrong(terrain: Terrain, tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.csv"
    path.write_text(text)
    ran = terrain("batch", path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"{path}:1: must name the columns widths, speeds, offset and optionally id, got")


def test_progress_has_a_rate_and_the_time_left(
    terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal alone."""
    from terrain_cli.show.console import Progress

    said: list[str] = []
    monkeypatch.setattr(cases_module, "CHUNK", 1000)
    monkeypatch.setattr(Progress, "say", lambda _, text: said.append(text))
    assert terrain("batch", write_lines(tmp_path / "c.jsonl", draw_cases(50))).err == ""
    assert len(said) > 3
    assert " a second, 100%, 0 s left" in said[-1]
    assert said[-1].startswith("50 results, ")
    assert [_duration(s) for s in (5.2, 600, 36_000)] == ["5 s", "10 min", "10.0 h"]


def test_the_same_as_solve_many() -> None:
    data = CASES.read_bytes()
    solved = batch_module.solve_chunk(Chunk("c", "lines", data, 1, len(data)), "lines", False)
    assert results(solved.text.decode())[0]["time"] == solve_many([[10, 10, 10]], [[0.7, 0.3, 0.45]], [20]).times[0]
    assert (solved.rows, solved.failed, solved.end, solved.line) == (3, 0, len(data), 4)
