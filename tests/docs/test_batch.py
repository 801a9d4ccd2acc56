"""docs/batch.md: its examples solved, its figures compared with the program's."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from terrain_cli.batch.cases import CHUNK, ENDINGS
from terrain_cli.batch.form import COLUMNS
from terrain_cli.batch.solve import header
from terrain_cli.commands.batch import SHOWN
from tests.conftest import Ran
from tests.docs.pages import assert_says, read_page

PAGE = "batch.md"


def test_both_examples_are_the_same_case(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    text = read_page(PAGE)
    [line] = re.findall(r"`(\{.*?\})`", text)
    rows = re.findall(r"^ {6}(\S.*)$", text, flags=re.MULTILINE)
    assert len(rows) == 2
    results = []
    for name, cases in (("cases.jsonl", line), ("cases.csv", "\n".join(rows))):
        (tmp_path / name).write_text(cases + "\n")
        ran = terrain("batch", tmp_path / name)
        assert ran.code == 0
        results.append(json.loads(ran.out))
    assert results[0] == results[1]
    assert results[0]["id"] == "a"
    assert set(rows[0].split(",")) == set(COLUMNS)


def test_the_first_bad_cases_are_reported(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_text('{"widths": [1], "speeds": [0], "offset": 1}\n' * (SHOWN + 5))
    ran = terrain("batch", tmp_path / "cases.jsonl")
    assert ran.code == 1
    reported = [line for line in ran.err.splitlines() if "cases.jsonl:" in line]
    assert_says(PAGE, f"The first {len(reported)} such cases are also reported on stderr with file and line")


def test_what_the_page_says_of_files() -> None:
    assert_says(PAGE, f"in chunks of about {CHUNK / 2**20:g} MiB of cases")
    assert set(ENDINGS) <= set(re.findall(r"`(\.\w+)`", read_page(PAGE)))
    columns = header("csv", True).decode().strip().split(",")
    [said] = re.findall(r"the columns are (.*?) error;", read_page(PAGE))
    assert [name.strip("(), ") for name in said.split(", ")] == columns[:-1]
