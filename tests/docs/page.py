"""The numbers that a page of docs/ states, held against the numbers that are computed."""

import re
from functools import cache
from typing import SupportsFloat

from tests.conftest import ROOT

NUMBER = r"[-−]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?"


@cache
def read_page(name: str) -> str:
    """The text of docs/`name`, with single spaces for white space of any length."""
    return re.sub(r"\s+", " ", (ROOT / "docs" / name).read_text(encoding="utf-8"))


def find_numbers(page: str, sentence: str) -> list[str]:
    """The numbers in docs/`page` that stand in place of each {} in `sentence`, which must occur there exactly once."""
    pattern = re.escape(re.sub(r"\s+", " ", sentence)).replace(re.escape("{}"), f"({NUMBER})")
    found: list[re.Match[str]] = list(re.finditer(rf"(?<![\d.,]){pattern}(?![\d]|[.,]\d)", read_page(page)))
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
