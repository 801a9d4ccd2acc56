"""Values on the command line: START:STOP:COUNT, evenly spaced, or a comma list; and times with their units, such as 1h30."""

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from math import isfinite, isqrt
from typing import TYPE_CHECKING, overload

from terrain_cli.errors import InputError
from terrain_cli.text import UNITS, quote

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

COUNT = 16  # values of START:STOP, so that 0.5:2.0 has a spacing of 0.1
MOST = 10_000_000  # largest number of values of a range
DIGITS = r"(\d+(?:\.\d*)?|\.\d+)"
# 1h, 1h30, 1h30min, 90min, 45s, 2min30, 1h2min3s; the last part may have decimals.
TIME = re.compile(rf"(?:{DIGITS}\s*h\s*)?(?:{DIGITS}\s*min\s*)?(?:{DIGITS}\s*(s)?)?")


class ValueRange(Sequence[float]):
    """`length` values from `start` to `stop`, both included, evenly spaced on a linear scale, or on a logarithmic one if `log`.

    The ends mean the decimal numbers that they are written as, and each value is computed on its own, with exact integers or
    with 30 digits, and then rounded once: -0.1:0.1:7 has 0 in its middle, 0.5:2.0 contains 0.6, and 1e-3:1e3:7:log has exact
    decades.
    """

    def __init__(self, start: float, stop: float, length: int, log: bool = False) -> None:
        self.start, self.stop, self.length, self.log = start, stop, length, log

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> list[float]: ...
    def __getitem__(self, index: int | slice) -> float | list[float]:
        if isinstance(index, slice):
            return [self._at(i) for i in range(*index.indices(self.length))]
        return self._at(range(self.length)[index])

    def _at(self, i: int) -> float:
        last = self.length - 1
        if i in (0, last):
            return self.stop if i else self.start
        if self.log:
            multiply, coarse, fine = self._powers
            return float(multiply(coarse[i // len(fine)], fine[i % len(fine)]))
        start, stop, common = self._fractions
        return (start * (last - i) + stop * i) / (common * last)  # Python rounds the quotient of two integers correctly

    @cached_property
    def _fractions(self) -> tuple[int, int, int]:
        """The numerators of both ends, and their common denominator."""
        from decimal import Decimal  # where it is used, since every start of `terrain` imports this module

        (a, below_a), (b, below_b) = (Decimal(repr(end)).as_integer_ratio() for end in (self.start, self.stop))
        return a * below_b, b * below_a, below_a * below_b

    @cached_property
    def _powers(self) -> "tuple[Callable[[Decimal, Decimal], Decimal], list[Decimal], list[Decimal]]":
        """A product, start ratio^(k m) and ratio^k for k < m, where m² exceeds the length: each value is a product of two."""
        from decimal import Context, Decimal

        digits = Context(prec=30)
        start, stop = Decimal(repr(self.start)), Decimal(repr(self.stop))
        ratio = digits.exp(digits.divide(digits.subtract(digits.ln(stop), digits.ln(start)), self.length - 1))
        size = isqrt(self.length) + 1
        steps = (start, digits.power(ratio, size)), (Decimal(1), ratio)
        coarse, fine = (list(accumulate([step] * (size - 1), digits.multiply, initial=first)) for first, step in steps)
        return digits.multiply, coarse, fine


def parse_numbers(text: str | None, option: str) -> list[float] | None:
    """The numbers in a comma list; None for None. Raises InputError, which names the option."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")] if text.strip() else []
    except ValueError:
        raise InputError(f"{option}: must be numbers separated by commas, such as 2,17, got {quote(text)}") from None


def parse_values(text: str, option: str) -> Sequence[float]:
    """The values in START:STOP (16 values, both ends included), START:STOP:COUNT, either followed by :log, or a comma list.

    Raises InputError, which names the option.
    """
    if ":" not in text:
        values = parse_numbers(text, option)
        if not values:
            raise InputError(f"{option}: is empty: give START:STOP, START:STOP:COUNT or a comma list")
        return values
    parts = text.split(":")
    log = parts[-1] == "log"
    parts = parts[: len(parts) - log]
    try:
        start, stop, count = float(parts[0]), float(parts[1]), float(parts[2]) if len(parts) > 2 else COUNT
        if len(parts) > 3:
            raise ValueError
    except (ValueError, IndexError):
        raise InputError(
            f"{option}: must be START:STOP or START:STOP:COUNT (either may be followed by :log), or a comma list, "
            f"got {quote(text)}"
        ) from None
    for name, end in ("START", start), ("STOP", stop):
        if not isfinite(end):
            raise InputError(f"{option}: {name} must be a finite number, got {quote(text)}")
    if not 2 <= count <= MOST or count != int(count):
        third = "COUNT in START:STOP:COUNT is the number of values"
        raise InputError(f"{option}: {third}: it must be a whole number from 2 to {MOST:,}, got {parts[2].strip()}")
    if log and (start <= 0 or stop <= 0):
        raise InputError(f"{option}: log spacing needs ends greater than 0, got {quote(text)}")
    return ValueRange(start, stop, int(count), log)


class Seconds(float):
    """A time that was given with its unit, s. A plain number is a time in the unit of the scenario."""


def parse_time(text: str) -> float:
    """A time: a plain number, or one with its unit as `Seconds`, such as 1h30, 90min or 45s. Raises ValueError."""
    text = text.strip()
    match = TIME.fullmatch(text)
    if match is None or not re.search("[hs]|min", text):
        return float(text)
    parts, written = match.groups()[:3], match[4]
    if parts[2] is not None and not written:  # 1h30 and 2min30: two digits of the next smaller unit
        if not re.fullmatch(r"[0-5]\d", parts[2]):
            raise ValueError(text)
        parts = (parts[0], parts[2], None) if parts[1] is None else parts
    given = [part for part in parts if part is not None]
    if any("." in part for part in given[:-1]) or any(float(part) >= 60 for part in given[1:]):
        raise ValueError(text)
    return Seconds(sum(float(part) * unit for part, unit in zip(parts, (3600, 60, 1), strict=True) if part is not None))


def parse_times(text: str, option: str) -> Sequence[float]:
    """The times in a range or a comma list, as for `parse_values`, each a plain number or one with its unit.

    Raises InputError, which names the option.
    """
    if not re.search("[hs]|min", text):
        return parse_values(text, option)
    first, *rest = text.split(":")
    try:
        if not rest:
            return [parse_time(part) for part in text.split(",")]
        start, stop = parse_time(first), parse_time(rest[0])
    except ValueError:
        raise InputError(f"{option}: must be times such as 90min,1h30 or 30min:2h:4, got {quote(text)}") from None
    if isinstance(start, Seconds) != isinstance(stop, Seconds) and start != 0:
        raise InputError(f"{option}: both ends of a range need a unit, or neither, got {quote(text)}")
    values = parse_values(":".join([repr(float(start)), repr(float(stop)), *rest[1:]]), option)
    return [Seconds(value) for value in values]


def to_unit(time: float, unit: str, option: str) -> float:
    """A time in the unit of a scenario. Raises InputError if it was given with a unit, and that of the scenario is not known."""
    if not isinstance(time, Seconds):
        return time
    if unit not in UNITS:
        raise InputError(
            f"{option}: must be plain numbers here, because the unit of time of the scenario is {quote(unit)}"
        )
    return float(time) / UNITS[unit]
