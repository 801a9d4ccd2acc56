"""Values on the command line: START:STOP:COUNT, evenly spaced, or a comma list."""

from collections.abc import Sequence
from typing import overload

from terrain_cli.errors import InputError

COUNT = 16  # values of START:STOP, so that 0.5:2.0 has a spacing of 0.1
MOST = 10_000_000  # largest number of values of a range


class ValueRange(Sequence[float]):
    """`length` values from `start` to `stop`, both included, evenly spaced on a linear scale, or on a logarithmic one if `log`.

    It stores only its ends.
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
            value: float = self.start * (self.stop / self.start) ** (i / last)
            return value
        # Rounded to the intended value: 0.5:2.0 contains 0.6, not 0.6000000000000001.
        return float(f"{self.start + (self.stop - self.start) * i / last:.14g}")


def parse_numbers(text: str | None, option: str) -> list[float] | None:
    """The numbers in a comma list; None for None. Raises InputError, which names the option."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")] if text.strip() else []
    except ValueError:
        raise InputError(f"{option}: must be numbers separated by commas, such as 2,17, got {text!r}") from None


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
        start, stop, count = float(parts[0]), float(parts[1]), int(parts[2]) if len(parts) > 2 else COUNT
        if len(parts) > 3:
            raise ValueError
    except (ValueError, IndexError):
        raise InputError(
            f"{option}: must be START:STOP or START:STOP:COUNT (either may be followed by :log), or a comma list, got {text!r}"
        ) from None
    if not 2 <= count <= MOST:
        raise InputError(f"{option}: must have a count from 2 to {MOST:,}, got {count}")
    if log and (start <= 0 or stop <= 0):
        raise InputError(f"{option}: log spacing needs ends greater than 0, got {text!r}")
    return ValueRange(start, stop, count, log)
