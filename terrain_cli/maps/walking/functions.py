"""Walking functions: how fast one walks on a slope, m/s. This module imports neither NumPy nor JAX.

A slope is the rise per metre in plan in the direction of travel: 0.1 climbs 10 m in 100 m, -0.1 descends them. Speeds are metres
in plan per second too, so that the time of a step is its length on the map divided by its speed. docs/walking.md has the sources
of the formulas, and where published code strays from them.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from math import atan, degrees, exp, hypot, inf, isfinite, pi, radians, tan
from typing import NamedTuple

from terrain_cli.text import suggest

KMH = 1 / 3.6  # m/s
WIDEST = (
    1e9  # how many times faster one speed of a table may be than another; with more, rounding would hide the fast ones
)
Values = Mapping[str, float]
Rows = tuple[tuple[float, float], ...]


class Walking(NamedTuple):
    """A walking function with its numbers.

    name: a key of `FUNCTIONS`. parameters: those that differ from their defaults, in SI units; never written to. table: of the
    function `table`, pairs (slope, speed in m/s), slopes increasing. factor: what all speeds are multiplied by.
    """

    name: str = "tobler"
    parameters: Values = {}  # noqa: RUF012
    table: Rows = ()
    factor: float = 1.0


class Parameter(NamedTuple):
    """A number of a walking function. default: None where it must be given. must, accepts: which values are valid, in words and
    as a test; `choices` instead where only these are."""

    default: float | None
    meaning: str
    unit: str = ""
    must: str = "a finite number"
    accepts: Callable[[float], bool] = isfinite
    choices: tuple[float, ...] = ()


class Function(NamedTuple):
    """A walking function as it was published.

    formula, unit: of the speed v or of the time per metre t, s being the slope, in the unit of the paper. speed: the formula,
    m/s, from a slope and the values of all parameters. slopes: its domain; beyond it the speed is that at its end. corners:
    slopes within, at which the speed jumps or has a kink. lines: whether the time per metre is linear in the slope between them.
    """

    title: str
    formula: str
    unit: str
    source: str
    speed: Callable[[float, Values], float]
    parameters: Mapping[str, Parameter] = {}
    slopes: tuple[float, float] = (-inf, inf)
    corners: Callable[[Values], tuple[float, ...]] = lambda _: ()
    lines: bool = False


class Exponential(NamedTuple):
    """v0 exp(-k |slope + s0|), v0 in m/s: the form that Tobler's function and others have."""

    v0: float
    k: float
    s0: float

    def speed(self, slope: float) -> float:
        return self.v0 * exp(-self.k * abs(slope + self.s0))


TOBLER = Exponential(6 * KMH, 3.5, 0.05)
EXPONENTIALS: dict[str, Callable[[Values], Exponential]] = {
    "tobler": lambda _: TOBLER,
    "tobler_off_path": lambda _: TOBLER._replace(v0=0.6 * TOBLER.v0),
    "marquez_perez": lambda _: Exponential(4.8 * KMH, 5.3 * 0.7, 0.03 / 0.7),
    "exponential": lambda values: Exponential(values["v0"], values["k"], values["s0"]),
}

# Of slopes in degrees, by percentile: centre, half width, area, and the constant and slope of a line.
LORENTZ: dict[float, tuple[float, float, float, float, float]] = {
    10: (-1.568, 13.328, 38.892, 0.404, -0.00323),
    20: (-1.71, 10.154, 36.905, 0.557, -0.00389),
    30: (-1.858, 8.412, 39.995, 0.645, -0.0043),
    40: (-1.958, 8.96, 50.34, 0.649, -0.00457),
    50: (-2.171, 10.064, 63.66, 0.628, -0.00463),
    60: (-2.459, 11.311, 79.287, 0.599, -0.00461),
    70: (-2.823, 12.784, 98.697, 0.566, -0.00493),
    80: (-3.371, 15.395, 134.409, 0.443, -0.00472),
    90: (-3.06, 16.653, 138.875, 0.823, -0.01386),
}
LEAST = 1e-50  # m/s on level ground, and its inverse the greatest speed
PACERS = {
    "exponential": "k",
    "minetti": "power",
    "naismith_langmuir": "a",
}  # what may make the speed on level ground extreme
MINETTI = (280.5, -58.7, -76.8, 51.9, 19.6, 2.5)  # J/(kg m), of the powers 5 to 0 of the slope


def _exponential(name: str) -> Callable[[float, Values], float]:
    return lambda slope, values: EXPONENTIALS[name](values).speed(slope)


def _irmischer_clarke(slope: float, values: Values) -> float:
    height, centre = (0.67, 2) if values["off_path"] else (1, 5)
    speed = 0.11 + height * exp(-((100 * slope + centre) ** 2) / (2 * 30**2))
    return 0.95 * speed if values["women"] else speed


def _campbell(slope: float, values: Values) -> float:
    a, b, c, d, e = LORENTZ[values["percentile"]]
    angle = degrees(atan(slope))
    return c / (pi * b * (1 + ((angle - a) / b) ** 2)) + d + e * angle


def _naismith_langmuir(slope: float, values: Values) -> float:
    if slope >= 0:
        factor = values["b"]
    elif slope >= values["slope_factor"]:
        factor = values["c"] if slope < -values["gentle"] else 0.0
    else:
        factor = values["d"]
    time = values["a"] + factor * slope
    return 1 / time if time > 0 else inf


def _minetti(slope: float, values: Values) -> float:
    cost = 0.0
    for coefficient in MINETTI:
        cost = cost * slope + coefficient
    return values["power"] / (cost * hypot(1, slope))  # of a metre of the slope, and so of one in plan


def _positive(default: float | None, meaning: str, unit: str = "") -> Parameter:
    return Parameter(default, meaning, unit, "greater than 0", lambda value: 0 < value < inf)


def _at_least_0(default: float | None, meaning: str, unit: str = "") -> Parameter:
    return Parameter(default, meaning, unit, "0 or greater", lambda value: 0 <= value < inf)


def _choice(default: float, meaning: str, choices: tuple[float, ...] = (0, 1)) -> Parameter:
    return Parameter(default, meaning, choices=choices)


_TOBLER = "W. Tobler, Three presentations on geographical analysis and modeling, NCGIA technical report 93-1, 1993"

FUNCTIONS: dict[str, Function] = {
    "tobler": Function("Tobler", "v = 6 exp(-3.5 |s + 0.05|)", "km/h", _TOBLER, _exponential("tobler")),
    "tobler_off_path": Function(
        "Tobler, off path", "v = 0.6 · 6 exp(-3.5 |s + 0.05|)", "km/h", _TOBLER, _exponential("tobler_off_path")
    ),
    "marquez_perez": Function(
        "Márquez-Pérez",
        "v = 4.8 exp(-5.3 |0.7 s + 0.03|)",
        "km/h",
        "J. Márquez-Pérez, I. Vallejo-Villalta and J. I. Álvarez-Francoso, Estimated travel time for walking trails in natural "
        "areas, Geografisk Tidsskrift 117 (2017), doi:10.1080/00167223.2017.1316212",
        _exponential("marquez_perez"),
    ),
    "irmischer_clarke": Function(
        "Irmischer and Clarke",
        "v = 0.11 + exp(-(100 s + 5)² / (2 · 30²)), off path 0.11 + 0.67 exp(-(100 s + 2)² / (2 · 30²)); women 0.95 v",
        "m/s",
        "I. J. Irmischer and K. C. Clarke, Measuring and modeling the speed of human navigation, Cartography and Geographic "
        "Information Science 45 (2018), doi:10.1080/15230406.2017.1292150",
        _irmischer_clarke,
        {"off_path": _choice(0, "1 off path, 0 on paths"), "women": _choice(0, "1 for women, 0 for men")},
        (-3, 3),
    ),
    "campbell": Function(
        "Campbell",
        "v = c / (π b (1 + ((θ - a) / b)²)) + d + e θ, with θ = atan s in degrees",
        "m/s",
        "M. J. Campbell, P. E. Dennison, B. W. Butler and W. G. Page, Using crowdsourced fitness tracker data to model the "
        "relationship between slope and travel rates, Applied Geography 106 (2019), doi:10.1016/j.apgeog.2019.03.008",
        _campbell,
        {"percentile": _choice(50, "how many of a hundred people are slower", tuple(LORENTZ))},
        (-tan(radians(30)), tan(radians(30))),
    ),
    "naismith_langmuir": Function(
        "Naismith and Langmuir",
        "t = a + b s uphill, a + c s down to the slope slope_factor, a + d s where it is steeper",
        "s/m",
        "E. Langmuir, Mountaincraft and leadership, 1984, as in the manual of r.walk, "
        "https://grass.osgeo.org/grass-stable/manuals/r.walk.html",
        _naismith_langmuir,
        {
            "a": _positive(0.72, "time for a metre in plan", "s/m"),
            "b": _at_least_0(6.0, "time for a metre of ascent", "s/m"),
            "c": _at_least_0(1.9998, "time that a metre of gentle descent saves", "s/m"),
            "d": Parameter(
                -1.9998, "minus the time that a metre of steep descent takes", "s/m", "0 or less", lambda v: -inf < v <= 0
            ),
            "slope_factor": Parameter(
                -0.2125, "the slope at which steep descent begins", "", "less than 0", lambda v: -10 < v < 0
            ),
            "gentle": _at_least_0(0.0, "the slope of descent up to which no time is saved; Langmuir's own rule has 0.0875"),
        },
        (-10, 10),
        lambda values: tuple(sorted({values["slope_factor"], -values["gentle"], 0.0})),
        True,
    ),
    "minetti": Function(
        "Minetti",
        "v = P / C, C = 280.5 s⁵ - 58.7 s⁴ - 76.8 s³ + 51.9 s² + 19.6 s + 2.5 J/(kg m), both of a metre of the slope",
        "m/s",
        "A. E. Minetti, C. Moia, G. S. Roi, D. Susta and G. Ferretti, Energy cost of walking and running at extreme uphill and "
        "downhill slopes, Journal of Applied Physiology 93 (2002), doi:10.1152/japplphysiol.01177.2001",
        _minetti,
        {"power": _positive(3.5, "power per mass of the body", "W/kg")},
        (-0.45, 0.45),
    ),
    "exponential": Function(
        "an exponential of one's own",
        "v = v0 exp(-k |s + s0|)",
        "m/s",
        "yours",
        _exponential("exponential"),
        {
            "v0": _positive(None, "the greatest speed", "m/s"),
            "k": _at_least_0(None, "how fast the speed falls with the slope"),
            "s0": Parameter(0.05, "the slope of descent on which one is fastest"),
        },
    ),
    "table": Function(
        "a table of one's own", "t = 1 / v, linear in s between the rows", "m/s", "yours", lambda *_: inf, lines=True
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


def _look_up(table: Rows, slope: float) -> float:
    """The speed of a table: between its rows the time per metre is linear in the slope, beyond them the speed stays the same."""
    after = bisect_right([row[0] for row in table], slope)
    if after == 0:
        return table[0][1]
    if after == len(table):
        return table[-1][1]
    (s0, v0), (s1, v1) = table[after - 1 : after + 1]
    share = (slope - s0) / (s1 - s0)
    return 1 / ((1 - share) / v0 + share / v1)


def find_problems(walking: Walking) -> Iterator[tuple[str, str]]:
    """What is wrong with a walking function: a key (`function`, `table`, `factor` or a parameter), and a sentence about it."""
    function = FUNCTIONS.get(walking.name)
    if function is None:
        yield "function", f"is not a walking function: {suggest(walking.name, list(FUNCTIONS))}"
        return
    if not 0 < walking.factor < inf:
        yield "factor", f"must be greater than 0, got {walking.factor:g}"
    wrong = False
    for key, value in walking.parameters.items():
        parameter = function.parameters.get(key)
        if parameter is None:
            known = suggest(key, list(function.parameters)) if function.parameters else "it has none"
            yield key, f"is not a parameter of {walking.name}: {known}"
        elif parameter.choices and value not in parameter.choices:
            yield key, f"must be one of {', '.join(f'{choice:g}' for choice in parameter.choices)}, got {value:g}"
        elif not parameter.choices and not parameter.accepts(value):
            yield key, f"must be {parameter.must}, got {value:g}"
        else:
            continue
        wrong = True
    for key, parameter in function.parameters.items():
        if parameter.default is None and key not in walking.parameters:
            yield key, f"is missing: {parameter.meaning}" + (f", {parameter.unit}" if parameter.unit else "")
            wrong = True
    if walking.name in PACERS and not wrong:
        level = calc_speed(walking._replace(factor=1.0), 0.0)
        if not LEAST <= level <= 1 / LEAST:
            yield (
                PACERS[walking.name],
                f"gives {level:g} m/s on level ground: it must be from {LEAST:g} to {1 / LEAST:g}",
            )
    if walking.name == "table":
        yield from _find_table_problems(walking.table)
    elif walking.name == "naismith_langmuir" and not wrong:
        values = complete(walking)
        if values["a"] + values["c"] * values["slope_factor"] <= 0:
            yield "c", "saves more time than there is: a + c · slope_factor must be greater than 0"
        if values["gentle"] > -values["slope_factor"]:
            yield (
                "gentle",
                f"must be {-values['slope_factor']:g} or less, where steep descent begins, got {values['gentle']:g}",
            )


def _find_table_problems(table: Rows) -> Iterator[tuple[str, str]]:
    if len(table) < 2:
        yield "table", f"must have at least 2 rows, slope and speed, and has {len(table)}"
    for row, (slope, speed) in enumerate(table):
        if not isfinite(slope):
            yield "table", f"has a slope that is not finite, {slope:g}"
        elif not 0 < speed < inf:
            yield "table", f"has a speed that is not greater than 0, {speed:g} at slope {slope:g}"
        elif row and slope <= table[row - 1][0]:
            yield "table", f"must have increasing slopes, and {table[row - 1][0]:g} comes before {slope:g}"
    speeds = [speed for _, speed in table if 0 < speed < inf]
    if speeds and max(speeds) / min(speeds) > WIDEST:
        yield (
            "table",
            f"must have speeds within a factor of {WIDEST:g} of each other, and has {min(speeds):g} and {max(speeds):g}",
        )
