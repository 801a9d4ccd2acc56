"""Evenly spread values: a sequence of any length that holds no more than its ends."""

from collections.abc import Sequence
from typing import overload


class Spread(Sequence[float]):
    """`length` values from `start` to `stop`, both included, evenly spaced, in their logarithm where `log` is set."""

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
        # Rounded to what is meant: 0.5:2.0 has 0.6, not 0.6000000000000001.
        return float(f"{self.start + (self.stop - self.start) * i / last:.14g}")
