"""What a small input can ask for is bounded: each cap is refused in a sentence with the way round it."""

import gc
import importlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terrain_cli.batch.form import find_form
from terrain_cli.commands.points import document
from terrain_cli.errors import InputError
from terrain_cli.maps import arrays
from terrain_cli.scenario.document import Node, read_document
from terrain_cli.scenario.load import load_scenario
from terrain_cli.text import nearest
from tests.conftest import CONFIGS, ROOT, Ran

Terrain = Callable[..., Ran]


def sparse(path: Path, rows: int, cols: int, dtype: str = "<f8", fortran: bool = False) -> None:
    """A .npy file of zeros that takes no room on the disk."""
    with path.open("wb") as file:
        header = {"descr": dtype, "fortran_order": fortran, "shape": (rows, cols)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + rows * cols * np.dtype(dtype).itemsize)


def scenario(folder: Path, text: str) -> Path:
    path = folder / "s.yaml"
    path.write_text(text)
    return path


def strips(count: int, more: str = "") -> str:
    return "strips:\n" + "- {width: 1, speed: 1}\n- {width: 1, speed: 2}\n" * (count // 2) + f"offset: 1\n{more}"


MAP = "map: {cell: 1, speeds: {file: m.npy}}\nstart: [0.5, 0.5]\ngoal: [1.5, 0.5]\n"
GRID = "map: {cell: 1, speeds: {grid: [[1, 2], [1, 1]]}}\nstart: [0.5, 0.5]\ngoal: [1.5, 0.5]\n"


@pytest.mark.parametrize("text", ["1" * 10**5 + "x", "1_1" * 10**5 + "_", "1" * 10**5 + ".", "." + "1" * 10**5 + "e"])
def test_a_long_number_is_read_in_a_time_that_grows_with_its_length(text: str) -> None:
    """Where it grew with the square, this took a quarter of an hour."""
    value = read_document(f"width: {text}".encode(), "s.yaml").value["width"].value
    assert value == (float(text) if text.endswith(".") else text)


def test_a_long_key_is_compared_with_no_other() -> None:
    assert nearest("width" * 20, ["width" * 20 + "s"]) is None
    assert nearest("widht", ["width"]) == "width"


def test_a_line_of_many_carriage_returns_is_looked_through_once() -> None:
    """Where the time grew with the square, this took ten minutes."""
    assert find_form(b'{"offset": 1}' + b"\r \t" * 200_000 + b"x\n", "lines", "c.jsonl").kind == "lines"
    with pytest.raises(InputError, match="has lines that end in a carriage return alone"):
        find_form(b'{"offset": 1}' + b"\r" * 500_000 + b'{"offset": 1}\n', "lines", "c.jsonl")


@pytest.mark.parametrize("fortran", [False, True])
def test_a_map_that_becomes_shorter_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fortran: bool
) -> None:
    """Where the file was mapped, this ended the process with a bus error."""
    monkeypatch.setattr(arrays, "PIECE", 5)
    path = tmp_path / "m.npy"
    speeds = np.arange(1.0, 13.0).reshape(4, 3)
    np.save(path, np.asfortranarray(speeds) if fortran else speeds)
    assert (arrays.read_array(path) == speeds).all()

    class Shrinking(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes | None:  # type: ignore[override]
            os.truncate(path, 200)
            return super().read(size)

    with path.open("rb") as file:
        file.seek(128)
        shrinking: Any = Shrinking(file.fileno(), closefd=False)
        with pytest.raises(InputError, match="has fewer cells than its header says, 4 by 3"):
            arrays._read_cells(shrinking, path, (4, 3), fortran, np.dtype(float))


def test_many_letters_that_the_legend_lacks_are_found_in_one_pass(tmp_path: Path) -> None:
    rows = "".join(f"      {chr(0x4E00 + i)}\n" for i in range(20_000))
    text = (
        f"map:\n  cell: 1\n  speeds:\n    legend: {{x: 1}}\n    drawing: |\n{rows}start: [0.5, 0.5]\ngoal: [0.5, 1.5]\n"
    )
    with pytest.raises(InputError) as error:
        load_scenario(scenario(tmp_path, text))
    assert len(error.value.problems) == 21
    assert error.value.problems[-1] == "and 19,980 more problems"


def test_a_document_of_too_many_values_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terrain_cli.scenario.document.VALUES", 20)
    with pytest.raises(
        InputError, match=r"s.yaml:5: has more than 20 keys and values: keep the speeds of a large map in a .npy"
    ):
        load_scenario(scenario(tmp_path, strips(6)))


@pytest.mark.parametrize(
    ("rows", "cols", "problem"),
    [
        (
            10**6,
            10**6,
            "has 1,000,000 rows and 1,000,000 columns: at most 100,000,000 cells are allowed: use larger cells",
        ),
        (12_000, 12_000, "has 12,000 rows and 12,000 columns: at most 100,000,000 cells are allowed: use larger cells"),
        (1, 10**8, "at most 100,000,000 cells are allowed (a side counts as 64 cells at least): use larger cells"),
    ],
)
@pytest.mark.parametrize("fortran", [False, True])
def test_a_map_of_too_many_cells_is_refused_before_it_is_read(
    terrain: Terrain, tmp_path: Path, rows: int, cols: int, problem: str, fortran: bool
) -> None:
    try:
        sparse(tmp_path / "m.npy", rows, cols, fortran=fortran)
    except OSError:
        pytest.skip("no file may be that long here")
    ran = terrain("solve", scenario(tmp_path, MAP))
    assert (ran.code, ran.out) == (2, "")
    assert problem in ran.err


@pytest.mark.parametrize("dtype", ["<c16", "|S8", "<M8[s]", "|b1"])
def test_a_file_of_other_values_than_numbers_is_refused_whatever_its_size(tmp_path: Path, dtype: str) -> None:
    sparse(tmp_path / "m.npy", 10**5, 10**5, dtype)
    with pytest.raises(InputError, match="must contain numbers, not "):
        arrays.read_array(tmp_path / "m.npy")


def test_a_file_of_fields_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.ones((2, 2), dtype=[("a", "<f8")]))
    with pytest.raises(InputError, match="must contain numbers, not "):
        arrays.read_array(tmp_path / "m.npy")
    with pytest.warns(UserWarning, match="3.0"):
        np.save(tmp_path / "m.npy", np.ones((2, 2), dtype=[("\u5c71", "<f8")]))
    with pytest.raises(InputError, match="must contain numbers, not fields"):
        arrays.read_array(tmp_path / "m.npy")


def test_bad_cells_are_counted_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = np.ones((7, 9))
    speeds[4, 5:8] = -1
    speeds[6, 8] = np.inf
    np.save(tmp_path / "m.npy", speeds)
    for piece in (4, 9, 20, 1000):
        monkeypatch.setattr(arrays, "PIECE", piece)
        with pytest.raises(InputError, match=r"4 cells are neither, the first \[4, 5\] = -1"):
            arrays.read_array(tmp_path / "m.npy")
    np.save(tmp_path / "m.npy", np.ones((3, 2), dtype=np.float16))
    assert arrays.read_array(tmp_path / "m.npy").dtype == np.float64


def test_a_map_that_needs_more_memory_than_there_is_is_refused(
    terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "available_memory", lambda: 10**7)
    np.save(tmp_path / "m.npy", np.ones((1000, 1000)))
    ran = terrain("solve", scenario(tmp_path, MAP))
    assert ran.code == 2
    assert (
        "has 1,000 rows and 1,000 columns, for which about 0.1 GB are needed, and 0.0 GB are free: use larger"
        in ran.err
    )
    goals = ", ".join(["[1.5, 0.5]"] * 900)
    np.save(tmp_path / "m.npy", np.ones((60, 60)))  # a goal has a time for each cell
    ran = terrain("solve", scenario(tmp_path, MAP.replace("[1.5, 0.5]", f"[{goals}]")))
    assert "s.yaml:1: map.speeds: the map has 60 rows and 60 columns, for which about 0.0 GB are needed" in ran.err


def test_memory_is_limited_by_the_process_its_container_and_the_machine() -> None:
    free = arrays.available_memory()
    if Path("/proc/meminfo").exists():
        assert free is not None
        assert 0 < free < 2**50


@pytest.mark.parametrize(
    ("text", "arguments", "problem"),
    [
        (
            GRID,
            ("--isochrones", "0:40:10000000"),
            "--isochrones: must be at most 1,000 times, got 10,000,000: ask for some of",
        ),
        (
            GRID.replace("[1.5, 0.5]", f"[{'[1.5, 0.5], ' * 3000}]"),
            (),
            "s.yaml:3: goal: must have at most 1,000 points, and has 3,000: write the others into another scenario",
        ),
        (
            strips(300),
            ("--every", "1", "--iterations", "1e6"),
            "--every: 299 numbers in each of 1,000,000 rows are more than 100,000,000: use --every 3 or more, fewer --iterations,",
        ),
    ],
)
def test_more_than_memory_holds_is_refused(
    terrain: Terrain, tmp_path: Path, text: str, arguments: tuple[str, ...], problem: str
) -> None:
    ran = terrain("solve", scenario(tmp_path, text), *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert problem in ran.err
    assert len(ran.err) < 500


def test_the_rows_of_a_descent_that_every_may_keep_are_kept(terrain: Terrain, tmp_path: Path) -> None:
    ran = terrain("solve", scenario(tmp_path, strips(300)), "--every", "3", "--iterations", "1e6", "--quiet")
    assert ran.code == 0


def test_a_tree_and_a_report_of_too_many_strips_are_refused(
    terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = scenario(tmp_path, strips(4))
    monkeypatch.setattr("terrain_cli.strips.graph.STRIPS", 3)
    monkeypatch.setattr("terrain_cli.strips.report.STRIPS", 3)
    ran = terrain("graph", path, "--all")
    assert ran.code == 2
    assert (
        f"{path}: has 4 strips: a tree is drawn of at most 3: cut it down to the strips that matter, or use" in ran.err
    )
    ran = terrain("report", path, "-o", tmp_path / "r.html")
    assert ran.code == 2
    assert "has 4 strips: a report shows at most 3: cut it down to the strips that matter, or draw it with" in ran.err
    assert not (tmp_path / "r.html").exists()


def test_a_folder_of_too_many_scenarios_is_refused(
    terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("terrain_cli.commands.solve.FILES", 2)
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.yaml").write_text(strips(2))
    ran = terrain("solve", tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert (
        "at most 2 scenarios can be solved at once, got 3: name fewer; terrain batch FOLDER solves any number of strips"
        in ran.err
    )


def test_a_line_of_a_batch_has_a_largest_length(
    terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("terrain_cli.batch.cases.CHUNK", 50)
    monkeypatch.setattr("terrain_cli.batch.cases.LONGEST", 200)
    cases = tmp_path / "c.jsonl"
    case = '{"widths": [1], "speeds": [1], "offset": 1}\n'
    cases.write_text(case + " " * 300 + case)
    ran = terrain("batch", cases)
    assert ran.code == 2
    assert f"{cases}:2: is longer than 0 MiB: a case has at most about a million strips" in ran.err
    cases.write_text('{"widths": [' + "1, " * 300)
    assert "is longer than" in terrain("batch", cases).err
    cases.write_text((" " * 100 + case) * 3)
    assert terrain("batch", cases).code == 0


def test_a_sweep_of_a_map_does_not_write_its_ranges_out(tmp_path: Path) -> None:
    from terrain_cli.maps.sweep import find_points
    from terrain_cli.ranges import parse_values
    from terrain_cli.scenario.load import load_map

    varied = {name: parse_values("0.25:1.75:10000000", name) for name in ("start.0", "goal.1", "map.cell")}
    point = next(find_points(load_map(scenario(tmp_path, GRID)), varied))
    assert (point["start.0"], point["goal.1"], point["map.cell"]) == (0.25, 0.25, 0.25)


def test_ctrl_c_among_the_values_of_a_range_ends_a_whole_document() -> None:
    class Values(list[float]):
        def __iter__(self) -> Iterator[float]:
            yield 1.0
            yield 2.0
            raise KeyboardInterrupt

    file = io.StringIO()
    with pytest.raises(KeyboardInterrupt), document(file, {"version": 1}, {"a": [0.5], "b": Values()}):
        pytest.fail("it goes on")
    assert json.loads(file.getvalue()) == {"version": 1, "varied": {"a": [0.5], "b": [1.0, 2.0]}, "points": []}


def test_three_long_ranges_are_refused_at_once(terrain: Terrain) -> None:
    ran = terrain("sweep", *(f"--vary=strips.{i}.width=1:2:10000000" for i in range(3)))
    assert ran.code == 2
    assert "must give at most" in ran.err


@pytest.mark.parametrize("problem", [MemoryError(), type("_ArrayMemoryError", (MemoryError,), {})()])
def test_a_lack_of_memory_is_a_sentence(terrain: Terrain, monkeypatch: pytest.MonkeyPatch, problem: Exception) -> None:
    def fail(*_: object) -> None:
        raise problem

    monkeypatch.setattr("terrain_cli.scenario.load.load_scenario", fail)
    ran = terrain("solve", CONFIGS / "lake.yaml")
    assert ran.code == 2
    assert ran.err.startswith("terrain: memory does not suffice for this input")


def test_of_many_problems_the_first_are_reported_and_the_others_counted(tmp_path: Path) -> None:
    bad = "strips:\n" + "- {width: -1, speed: 1}\n" * 200 + "offset: 1\n"
    with pytest.raises(InputError) as error:
        load_scenario(scenario(tmp_path, bad))
    *first, last = error.value.problems
    assert [problem.partition(": strips")[0][-2:].lstrip(":") for problem in first] == [str(i) for i in range(2, 22)]
    assert last == "and 180 more problems"


@pytest.mark.parametrize(
    "text",
    [
        f"strips: [{{width: {'x' * 5000}, speed: 1}}]\noffset: 1\n",
        f"strips: [{{width: 1, speed: 1}}]\noffset: 1\n{'x' * 5000}: 1\n",
        f"strips: [{{width: !{'x' * 5000} 1, speed: 1}}]\noffset: 1\n",
        f"strips: [{{width: *{'x' * 5000}, speed: 1}}]\noffset: 1\n",
        f"strips: [{{width: {'1' * 5000}, speed: 1}}]\noffset: 1\n",
    ],
)
def test_a_message_quotes_only_the_beginning_of_a_value(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as error:
        load_scenario(scenario(tmp_path, text))
    assert len(str(error.value).replace(str(tmp_path), "")) < 300
    assert max(str(error.value).count("x" * 78), str(error.value).count("1" * 78)) <= 1


def test_a_case_with_many_problems_says_how_many_more_there_are(terrain: Terrain, tmp_path: Path) -> None:
    cases = tmp_path / "c.jsonl"
    twice = "".join(f'"{"k" * 100}{i}": 1, "{"k" * 100}{i}": 1, ' for i in range(50))
    cases.write_text(f'{{"widths": [{"-1, " * 99}-1], "speeds": [1], "offset": 1}}\n{{{twice}"offset": 1}}\n')
    ran = terrain("batch", cases)
    errors = [json.loads(line)["error"] for line in ran.out.splitlines()]
    assert errors[0].count("widths[") == 20
    assert errors[0].endswith("; and 80 more problems")
    assert errors[1].count("is given twice") == 20
    assert "and 30 more problems" in errors[1]
    assert len(errors[1]) < 9000
    assert "k" * 80 not in errors[1]


def test_a_record_with_long_values_is_compared_in_short_lines(terrain: Terrain, tmp_path: Path) -> None:
    path = scenario(tmp_path, strips(2))
    assert terrain("check", path, "--update").code == 0
    record = tmp_path / "s.expected.json"
    record.write_text(record.read_text().replace('"converged"', json.dumps("x" * 5000), 1))
    ran = terrain("check", path)
    assert ran.code == 1
    assert "MOVED" in ran.out
    assert max(map(len, ran.out.replace(str(tmp_path), "").splitlines())) < 300


def test_a_long_problem_keeps_its_beginning_and_its_remedy() -> None:
    problem = str(InputError("s.yaml: " + "x" * 5000 + ": write less"))
    assert len(problem) < 1100
    assert (problem[:10], problem[-12:]) == ("s.yaml: xx", ": write less")


@pytest.mark.skipif(os.name != "posix", reason="needs RLIMIT_AS and fork")
def test_small_inputs_that_ask_for_much() -> None:
    """A dozen tries of the fuzzer's, in processes with 2 GB of address space; `make fuzz` says how to make more."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.greedy", "12", "3"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 tries, 0 with a fault" in done.stdout


def test_json_numbers_of_many_digits_are_a_sentence(terrain: Terrain, tmp_path: Path) -> None:
    """Python itself refuses to read whole numbers of more than 4,300 digits."""
    digits = "1" * 10**5
    cases = tmp_path / "c.jsonl"
    lines = [
        f'{{"widths": [{digits}], "speeds": [1], "offset": 1}}',
        f'{{"id": {digits}, "widths": [1], "speeds": [1], "offset": 1}}',
    ]
    cases.write_text(
        "\n".join([*lines, f'{{"id": {{"a": {digits}, "a": 1}}, "widths": [1], "speeds": [1], "offset": 1}}'])
    )
    ran = terrain("batch", cases)
    assert ran.code == 1
    assert all("error" in json.loads(line) for line in ran.out.splitlines())
    path = scenario(tmp_path, strips(2))
    assert terrain("check", path, "--update").code == 0
    record = tmp_path / "s.expected.json"
    record.write_text(record.read_text().replace('"offset": 1', f'"offset": {digits}'))
    ran = terrain("check", path)
    assert ran.code in (1, 2)
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "text",
    [
        "strips: [" + "1, " * 200 + "]\noffset: 1\n",
        "".join(f"k{i}: 1\n" for i in range(198)),
        "map: {cell: 1, speeds: {drawing: a, legend: {" + "".join(f"k{i}: 1, " for i in range(199)) + "}}}\n"
        "start: [0.5, 0.5]\ngoal: [1.5, 0.5]\n",
    ],
)
def test_the_lines_of_the_first_problems_only_are_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Half a million wrong values took 20 s; the others are counted."""
    monkeypatch.setattr("terrain_cli.scenario.load.LOOKED_AT", 30)
    looked_up = []
    find = Node.find

    def count(node: Node, path: tuple[str | int, ...]) -> tuple[Node, bool]:
        looked_up.append(path)
        return find(node, path)

    monkeypatch.setattr(Node, "find", count)
    with pytest.raises(InputError) as error:
        load_scenario(scenario(tmp_path, text))
    assert error.value.problems[-1] == "and 180 more problems"
    assert len(looked_up) < 150
    assert gc.isenabled()


@pytest.mark.skipif(os.name != "posix", reason="needs RLIMIT_AS")
def test_the_address_space_of_the_engine_is_not_free() -> None:
    """Under a limit of 2 GB, a map that was let through ended the process in the middle of a compilation."""
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (2 * 10**9,) * 2)\n"
        "from terrain_cli.maps.arrays import available_memory; assert 'jax' not in sys.modules; print(available_memory())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 10**8 < int(done.stdout) < 7 * 10**8


def test_security_says_the_caps_that_the_code_has() -> None:
    """Each row of the table names constants and their module, and their values stand in its first two cells."""
    table = (ROOT / "SECURITY.md").read_text().partition("| what | at most |")[2].partition("\n\n")[0]
    checked = 0
    for row in table.splitlines()[2:]:
        what, most, place, _ = (cell.strip() for cell in row.split("|")[1:-1])
        *names, file = place.replace("`", "").split(", ")
        for name in names:
            value = getattr(importlib.import_module("terrain_cli." + file[:-3].replace("/", ".")), name)
            written = [f"{value:,}", *([f"{value // 2**20} MiB"] if value % 2**20 == 0 else [])]
            assert any(re.search(rf"(?<![\d,]){text}(?![\d,]*\d)", f"{what} {most}") for text in written), row
            checked += 1
    assert checked >= 20
