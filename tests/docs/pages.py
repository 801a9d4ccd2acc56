"""The pages of docs/ as text, and the tables of the kept benchmark run as numbers."""

import re
from typing import Any

from tests.conftest import ROOT


def read_page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def assert_says(name: str, sentence: str) -> None:
    """The page has this sentence, wherever its lines break. Its figures were computed by the test."""
    flowed = re.sub(r"\s+", " ", read_page(name))
    assert sentence in flowed, f"docs/{name} does not say: {sentence}"


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
