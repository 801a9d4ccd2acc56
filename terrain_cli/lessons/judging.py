"""What the checks of all lessons use to judge an answer: rows with what was got and what was expected, shapes, and a score."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

MOST = 6  # entries of an array that are shown as rows


class NotYetError(Exception):
    """What is wrong with an answer, in a sentence; nothing else can be judged then."""


@dataclass(frozen=True)
class Row:
    """One number that was checked. sign: "=", "≤" or "≥", in front of what is expected."""

    name: str
    got: float
    expected: float
    right: bool
    sign: str = "="

    @property
    def difference(self) -> float:
        return self.got - self.expected


class Score(NamedTuple):
    """What the learner's function used, and what the reference uses."""

    what: str
    yours: float
    reference: float


def equal(name: str, got: ArrayLike, expected: ArrayLike, tolerance: float = 1e-9) -> list[Row]:
    """A row for each number, right if it is within `tolerance`, relative for numbers above 1.

    Of a large array, the row with the largest difference is kept. Raises NotYetError where the shapes differ.
    """
    expected = np.asarray(expected, dtype=float)
    got = shaped(got, expected.shape, name)
    off = np.abs(got - expected)
    right = off <= tolerance * np.maximum(1, np.abs(expected))  # False where it is NaN
    places = list(np.ndindex(expected.shape))
    if len(places) > MOST:
        badness = np.where(np.isfinite(off), off / np.maximum(1, np.abs(expected)), np.inf)
        places = [tuple(int(i) for i in np.unravel_index(np.argmax(badness), expected.shape))]
        name = f"the worst of {expected.size}: {name}"
    return [
        Row(name + "".join(f"[{i}]" for i in place), float(got[place]), float(expected[place]), bool(right[place]))
        for place in places
    ]


def at_most(name: str, got: ArrayLike, limit: float) -> list[Row]:
    value = float(shaped(got, (), name))
    return [Row(name, value, limit, value <= limit, "≤")]


def at_least(name: str, got: ArrayLike, limit: float) -> list[Row]:
    value = float(shaped(got, (), name))
    return [Row(name, value, limit, value >= limit, "≥")]


def shaped(value: ArrayLike, shape: tuple[int, ...], name: str) -> np.ndarray:
    """The value as an array. Raises NotYetError, which names `name`, unless it has this shape."""
    array = np.asarray(value, dtype=float)
    if array.shape != shape:
        raise NotYetError(f"{name}: {describe(array.shape)} came back, and {describe(shape)} is expected.")
    return array


def describe(shape: tuple[int, ...]) -> str:
    return f"an array of shape {shape}" if shape else "one number"


def same(got: ArrayLike, guess: ArrayLike, tolerance: float = 1e-6) -> bool:
    """Whether these are the same numbers, to a relative tolerance: is this the mistake that gives them?"""
    a, b = np.asarray(got, dtype=float), np.asarray(guess, dtype=float)
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= tolerance * np.maximum(1e-3, np.abs(b))))
