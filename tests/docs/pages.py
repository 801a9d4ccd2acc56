"""The pages of docs/ as text, the numbers in them held against computed ones, and the tables of the kept benchmark run."""

import re
from functools import cache
from typing import Any, SupportsFloat

from tests.conftest import ROOT

NUMBER = r"[-−]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?"


def read_page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def assert_says(name: str, sentence: str) -> None:
    """The page has this sentence, wherever its lines break. Its figures were computed by the test."""
    assert sentence in read_flowed(name), f"docs/{name} does not say: {sentence}"


def find_blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", read_page(name), flags=re.DOTALL | re.MULTILINE)


def find_table(name: str, first: str) -> list[list[str]]:
    """The rows of the one table of a page whose header begins with this cell."""
    lines = read_page(name).splitlines()
    [head] = [i for i, line in enumerate(lines) if line.startswith(f"| {first} |")]
    rows = []
    for line in lines[head + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def find_results(title: str) -> list[dict[str, Any]]:
    """The rows of a table of the kept benchmark run by column, cells that look like numbers as numbers."""
    section = rf"^### {re.escape(title)}\n(.*?)(?=^##|\Z)"
    [text] = re.findall(section, read_page("benchmarks.md"), flags=re.DOTALL | re.MULTILINE)
    lines = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("|")]
    columns = [cell.strip() for cell in lines[0]]
    return [dict(zip(columns, map(_parse, line), strict=True)) for line in lines[2:]]


def _parse(cell: str) -> Any:
    text = cell.strip()
    return float(text.replace(",", "")) if re.fullmatch(r"-?[\d,]*\.?\d+(e[+-]?\d+)?", text) else text


@cache
def read_flowed(name: str) -> str:
    """The text of docs/`name`, with single spaces for white space of any length."""
    return re.sub(r"\s+", " ", (ROOT / "docs" / name).read_text(encoding="utf-8"))


def find_numbers(page: str, sentence: str) -> list[str]:
    """The numbers in docs/`page` that stand in place of each {} in `sentence`, which must occur there exactly once."""
    pattern = re.escape(re.sub(r"\s+", " ", sentence)).replace(re.escape("{}"), f"({NUMBER})")
    found: list[re.Match[str]] = list(re.finditer(rf"(?<![\d.,]){pattern}(?![\d]|[.,]\d)", read_flowed(page)))
    assert len(found) == 1, f"docs/{page} says {len(found)} times: {sentence}"
    return list(found[0].groups())


def to_float(number: str) -> float:
    return float(number.replace(",", "").replace("−", "-"))


def half_a_digit(number: str) -> float:
    """Half a unit of the last digit of a number as it is written."""
    mantissa, _, exponent = number.partition("e")
    return 0.5 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def check(page: str, sentence: str, *values: SupportsFloat, rel: float = 0.0) -> None:
    """Check that docs/`page` says `sentence`, with these values in place of each {}.

    A number must be right to the last digit that is shown. rel: a relative error that is allowed besides, for what is measured
    or rounded.
    """
    numbers = find_numbers(page, sentence)
    assert len(numbers) == len(values), sentence
    for number, value in zip(numbers, map(float, values), strict=True):
        allowed = half_a_digit(number) * (1 + 1e-9) + rel * abs(value)
        assert abs(to_float(number) - value) <= allowed, f"docs/{page} says {number}, computed {value!r}: {sentence}"
