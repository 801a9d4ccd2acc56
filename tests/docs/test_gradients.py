"""docs/gradients.md: its tables are those of the kept benchmark run, and its sums come out."""

import re

import pytest

from tests.conftest import ROOT
from tests.docs.pages import check, find_numbers, to_float

PAGE = "gradients.md"


def rows(page: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading of docs/`page`, its names first, cell by cell."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    lines = text[text.index(f"\n{heading}\n") :].splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("|"))
    table = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table[:1] + table[2:]


@pytest.mark.parametrize(
    ("heading", "kept"),
    [
        ("## One travel time", "### A gradient beside its value"),
        ("## Through ten thousand iterations", "### A gradient through 10,000 iterations of descent, 1,000 unknowns"),
    ],
)
def test_tables_are_those_of_the_kept_run(heading: str, kept: str) -> None:
    shown, run = rows(PAGE, heading), rows("benchmarks.md", kept)
    assert len(shown) > 3
    assert shown == [row[: len(shown[0])] for row in run]


def test_what_a_path_takes() -> None:
    count, unknowns = map(to_float, find_numbers(PAGE, "With N = {} and {} unknowns:"))
    check(
        PAGE,
        "A path of {} numbers takes {} kB, so {} of them take {} MB",
        unknowns,
        8 * unknowns / 1e3,
        count,
        8e-6 * count * unknowns,
    )
    scratch = {row[0]: to_float(row[1]) for row in rows(PAGE, "## Through ten thousand iterations")[1:]}
    one = 8e-6 * count * unknowns  # MB
    assert re.search(r"keeps six such arrays per iteration", (ROOT / "docs" / PAGE).read_text(encoding="utf-8"))
    assert scratch["gradient"] / one == pytest.approx(6, rel=0.02)
    assert scratch["gradient, 100 checkpoints"] == pytest.approx((1 + 6) * one / 100, rel=0.05)
