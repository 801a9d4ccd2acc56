"""Walking functions: how fast one walks on a slope, m/s. This module imports neither NumPy nor JAX.

A slope is the rise per metre in plan in the direction of travel: 0.1 climbs 10 m in 100 m, -0.1 descends them. Speeds are metres
in plan per second too, so that the time of a step is its length on the map divided by its speed.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from math import exp, inf
from typing import NamedTuple

KMH = 1 / 3.6  # m/s
OFF_PATH = 0.6

Values = Mapping[str, float]


class Walking(NamedTuple):
    """A walking function with its numbers.

    name: a key of `FUNCTIONS`. parameters: those that differ from their defaults, in SI units. table: of the function `table`,
    pairs (slope, speed in m/s), slopes increasing. factor: what all speeds are multiplied by.
    """

    name: str = "tobler"
    parameters: Values = {}
    table: tuple[tuple[float, float], ...] = ()
    factor: float = 1.0


class Parameter(NamedTuple):
    """A number of a walking function. default: None where it must be given. choices: the values it may have, if not any."""

    default: float | None
    meaning: str
    unit: str = ""
    choices: tuple[float, ...] = ()


class Function(NamedTuple):
    """A walking function as it was published.

    speed: the formula, m/s, from the slope and the values of all parameters. slopes: the least and the greatest slope of its
    domain; beyond it the speed stays the same.
    """

    title: str
    formula: str
    unit: str
    source: str
    speed: Callable[[float, Values], float]
    parameters: Mapping[str, Parameter] = {}
    slopes: tuple[float, float] = (-inf, inf)


class Exponential(NamedTuple):
    """v0 exp(-k |slope + s0|), v0 in m/s: the form that Tobler's function and others have."""

    v0: float
    k: float
    s0: float

    def speed(self, slope: float) -> float:
        return self.v0 * exp(-self.k * abs(slope + self.s0))


TOBLER = Exponential(6 * KMH, 3.5, 0.05)
EXPONENTIALS: dict[str, Callable[[Values], Exponential]] = {
    "tobler": lambda values: TOBLER,
    "tobler_off_path": lambda values: TOBLER._replace(v0=TOBLER.v0 * OFF_PATH),
    "exponential": lambda values: Exponential(values["v0"], values["k"], values["s0"]),
}


def _exponential(name: str) -> Callable[[float, Values], float]:
    return lambda slope, values: EXPONENTIALS[name](values).speed(slope)


_TOBLER = (
    "W. Tobler, Three presentations on geographical analysis and modeling, NCGIA technical report 93-1, 1993, "
    "https://escholarship.org/uc/item/05r820mz"
)

FUNCTIONS: dict[str, Function] = {
    "tobler": Function("Tobler", "6 exp(-3.5 |s + 0.05|)", "km/h", _TOBLER, _exponential("tobler")),
    "tobler_off_path": Function(
        "Tobler, off path", "0.6 · 6 exp(-3.5 |s + 0.05|)", "km/h", _TOBLER, _exponential("tobler_off_path")
    ),
    "exponential": Function(
        "an exponential of one's own",
        "v0 exp(-k |s + s0|)",
        "m/s",
        "yours",
        _exponential("exponential"),
        {
            "v0": Parameter(None, "the fastest speed", "m/s"),
            "k": Parameter(None, "how fast the speed falls with the slope"),
            "s0": Parameter(0.05, "the fastest slope, downhill positive"),
        },
    ),
    "table": Function(
        "a table of one's own", "slope -> speed; the time per metre is linear between its rows", "m/s", "yours",
        lambda slope, values: inf,
    ),
}  # fmt: skip


def complete(walking: Walking) -> dict[str, float]:
    """The values of all parameters of a walking function, defaults included."""
    found = {}
    for name, parameter in FUNCTIONS[walking.name].parameters.items():
        value = walking.parameters.get(name, parameter.default)
        if value is None:
            raise ValueError(f"{walking.name} needs {name}: {parameter.meaning}")
        found[name] = value
    return found


def to_exponential(walking: Walking) -> Exponential | None:
    """The walking function as v0 exp(-k |slope + s0|), factor included; None if it has another form."""
    if walking.name not in EXPONENTIALS:
        return None
    found = EXPONENTIALS[walking.name](complete(walking))
    return found._replace(v0=found.v0 * walking.factor)


def calc_speed(walking: Walking, slope: float) -> float:
    """The speed on a slope, m/s in plan."""
    if walking.name == "table":
        return walking.factor * _look_up(walking.table, slope)
    function = FUNCTIONS[walking.name]
    low, high = function.slopes
    return walking.factor * function.speed(min(max(slope, low), high), complete(walking))


def _look_up(table: tuple[tuple[float, float], ...], slope: float) -> float:
    """The speed of a table: between its rows the time per metre is linear in the slope, beyond them the speed is that of the end."""
    after = bisect_right([row[0] for row in table], slope)
    if after in (0, len(table)):
        return table[after and after - 1][1]
    (s0, v0), (s1, v1) = table[after - 1 : after + 1]
    share = (slope - s0) / (s1 - s0)
    return 1 / ((1 - share) / v0 + share / v1)
