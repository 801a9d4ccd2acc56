"""Walking functions against values worked out by hand, and their paces against quadrature and differences in many digits."""

from collections.abc import Callable
from itertools import pairwise

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from jax import Array
from mpmath import mp, mpf
from scipy.integrate import quad

from terrain_cli.maps.walking.functions import (
    FUNCTIONS,
    LORENTZ,
    Walking,
    calc_speed,
    complete,
    find_problems,
    to_exponential,
)
from terrain_cli.maps.walking.means import mean_pace_of
from terrain_cli.maps.walking.pace import Curve, Exponential, Pace
from terrain_cli.maps.walking.paces import fastest, to_pace

KMH = 1000 / 3600
SLOPES = (-0.3, -0.1, 0.0, 0.1, 0.3)
TABLE = ((-0.5, 0.3), (-0.2, 1.2), (-0.05, 1.5), (0.1, 1.2), (0.4, 0.5))

# m/s at SLOPES, worked out from the formulas in the papers' own units with 30 digits.
BY_HAND: list[tuple[str, dict[str, float], list[float]]] = [
    ("tobler", {}, [0.694770032797514, 1.3990950346153456, 1.3990950346153456, 0.98592560727802514, 0.48959616720588802]),
    ("tobler_off_path", {}, [0.4168620196785084, 0.83945702076920736, 0.83945702076920736, 0.59155536436681508, 0.29375770032353281]),
    ("marquez_perez", {}, [0.51359619889034026, 1.0786195967553331, 1.1373284786255087, 0.78480662623780693, 0.37369402643174873]),
    ("irmischer_clarke", {}, [0.81664827785771626, 1.0962071167439162, 1.0962071167439162, 0.9924969025845954, 0.61633561664810061]),
    ("irmischer_clarke", {"off_path": 1}, [0.54342646756111608, 0.75659630891908585, 0.7785127642073563, 0.72848795207904597, 0.48932328017652236]),
    ("irmischer_clarke", {"women": 1}, [0.77581586396483045, 1.0413967609067204, 1.0413967609067204, 0.94287205745536563, 0.58551883581569558]),
    ("irmischer_clarke", {"women": 1, "off_path": 1}, [0.51625514418306027, 0.71876649347313156, 0.73958712599698848, 0.69206355447509368, 0.46485711616769624]),
    ("campbell", {}, [1.3582080024248787, 2.4462676482216753, 2.551944036587321, 1.8495920439262254, 0.99656405951235738]),
    ("campbell", {"percentile": 10}, [0.8637446393305632, 1.269465631162981, 1.3201691056140723, 1.1010235142916921, 0.67274436740206685]),
    ("campbell", {"percentile": 90}, [2.643203886183234, 3.4910556580480698, 3.3907940163978049, 2.8219302962759058, 1.6939827127030976]),
    ("naismith_langmuir", {}, [0.75761019440277588, 1.9230029614245606, 1.3888888888888889, 0.75757575757575758, 0.39682539682539683]),
    ("minetti", {}, [1.5186270527149441, 3.0898349036131414, 1.4, 0.71086633982018499, 0.29976112210162608]),
    ("exponential", {"v0": 1.3, "k": 1.9, "s0": 0.02}, [0.7636576170138805, 1.1166847649634605, 1.2515268231585594, 1.0349615377860898, 0.70777025571098228]),
]  # fmt: skip

ALL = [Walking(name, values) for name, values, _ in BY_HAND] + [
    *(Walking("campbell", {"percentile": percentile}) for percentile in LORENTZ),
    Walking("naismith_langmuir", {"gentle": 0.0875, "a": 0.8}),
    Walking("minetti", {"power": 2.0}, (), 0.5),
    Walking("table", {}, TABLE, 0.9),
]
PACES = [Walking(), Walking("irmischer_clarke"), Walking("naismith_langmuir"), Walking("minetti"), ALL[-1]]


def name_of(walking: Walking) -> str:
    return " ".join([walking.name, *(f"{key}={value:g}" for key, value in walking.parameters.items())])


@pytest.mark.parametrize(("name", "values", "speeds"), BY_HAND)
def test_speeds_are_those_worked_out_by_hand(name: str, values: dict[str, float], speeds: list[float]) -> None:
    assert [calc_speed(Walking(name, values), slope) for slope in SLOPES] == pytest.approx(speeds, rel=1e-14)
    assert [calc_speed(Walking(name, values, factor=0.5), slope) for slope in SLOPES] == pytest.approx(
        [speed / 2 for speed in speeds], rel=1e-14
    )


def test_every_function_has_values_by_hand() -> None:
    assert {name for name, _, _ in BY_HAND} | {"table"} == set(FUNCTIONS)


def test_numbers_that_people_know() -> None:
    """Tobler: 6 km/h at -5 %, 5.04 km/h on the level. Langmuir: 5 km/h, and half an hour more for 300 m of ascent."""
    assert calc_speed(Walking(), -0.05) == pytest.approx(6 * KMH, rel=1e-15)
    assert calc_speed(Walking(), 0) == pytest.approx(5.0367 * KMH, rel=1e-5)
    langmuir = Walking("naismith_langmuir")
    assert calc_speed(langmuir, 0) == pytest.approx(5 * KMH, rel=1e-15)
    assert 3000 / calc_speed(langmuir, 0.1) - 3000 / calc_speed(langmuir, 0) == pytest.approx(1800, rel=1e-12)
    assert 3000 / calc_speed(langmuir, 0) - 3000 / calc_speed(langmuir, -0.1) == pytest.approx(599.94, rel=1e-12)
    assert 1000 / calc_speed(langmuir, -0.3) - 1000 / calc_speed(langmuir, 0) == pytest.approx(599.94, rel=1e-12)


def test_langmuir_has_the_jumps_of_r_walk() -> None:
    langmuir = Walking("naismith_langmuir")
    assert calc_speed(langmuir, -0.2125) == pytest.approx(1 / (0.72 - 1.9998 * 0.2125), rel=1e-14)  # still gentle
    assert calc_speed(langmuir, np.nextafter(-0.2125, -1)) == pytest.approx(1 / (0.72 + 1.9998 * 0.2125), rel=1e-14)
    own = langmuir._replace(parameters={"gentle": 0.0875})
    assert calc_speed(own, -0.0875) == pytest.approx(1 / 0.72, rel=1e-15)
    assert calc_speed(own, -0.0876) == pytest.approx(1 / (0.72 - 1.9998 * 0.0876), rel=1e-14)


def test_a_table_is_linear_in_the_time_per_metre() -> None:
    table = Walking("table", {}, TABLE)
    assert [calc_speed(table, slope) for slope, _ in TABLE] == pytest.approx([speed for _, speed in TABLE], rel=1e-15)
    assert calc_speed(table, 0.25) == pytest.approx(2 / (1 / 1.2 + 1 / 0.5), rel=1e-15)  # half way
    assert [calc_speed(table, slope) for slope in (-9, 9)] == [0.3, 0.5]


@pytest.mark.parametrize("walking", [w for w in ALL if to_exponential(w) is None and w.name != "table"], ids=name_of)
def test_beyond_its_slopes_a_function_stays_as_it_is(walking: Walking) -> None:
    low, high = FUNCTIONS[walking.name].slopes
    assert calc_speed(walking, low - 1) == calc_speed(walking, low)
    assert calc_speed(walking, high + 1) == calc_speed(walking, high)


def evaluate(pace: Pace, slopes: np.ndarray) -> np.ndarray:
    """The pace on slopes, in compiled loops: a program for each curve would take seconds."""
    numbers = pace.numbers
    return np.array([mean_pace_of(*numbers, slope, slope) for slope in slopes])


@jax.jit
def mean_of(pace: Pace, m0: Array, m1: Array) -> Array:
    mean: Array = pace.mean(m0, m1)
    return mean


@jax.jit
def derive(pace: Pace, m0: Array, m1: Array) -> tuple[Array, Array]:
    """The first derivatives of the mean, and the mixed second one."""

    def mean(m0: Array, m1: Array) -> Array:
        return pace.mean(m0, m1)

    def second(m0: Array, m1: Array) -> Array:
        mixed: Array = jax.grad(lambda m: jax.grad(mean)(m0, m))(m1)
        return mixed

    return jnp.stack(jax.vmap(jax.grad(mean, (0, 1)))(m0, m1)), jax.vmap(second)(m0, m1)


def calc_mean(pace: Pace, m0: np.ndarray, m1: np.ndarray) -> np.ndarray:
    return np.asarray(mean_of(pace, jnp.array(m0), jnp.array(m1)))


@pytest.mark.parametrize("walking", ALL, ids=name_of)
def test_a_pace_is_its_formula(walking: Walking) -> None:
    level, pace = to_pace(walking)
    slopes = np.random.default_rng(1).uniform(-0.8, 0.8, 1000)
    if isinstance(pace, Curve):
        slopes = np.concatenate([slopes, pace.breaks])
    expected = [calc_speed(walking, slope) for slope in slopes]
    assert level == calc_speed(walking, 0)
    exact = walking.name in ("tobler", "tobler_off_path", "naismith_langmuir", "exponential", "table")
    assert level / evaluate(pace, slopes) == pytest.approx(expected, rel=1e-14 if exact else 1e-9)


@pytest.mark.parametrize("walking", ALL, ids=name_of)
def test_no_slope_is_faster_than_the_fastest(walking: Walking) -> None:
    form = to_exponential(walking)
    peaks = [-form.s0] if form else [-0.2125, *(slope for slope, _ in walking.table)]
    slopes = np.append(np.linspace(-1, 1, 2001), peaks)
    best = max(calc_speed(walking, slope) for slope in slopes)
    assert best * (1 - 1e-9) <= fastest(walking) <= best * (1 + 1e-4)


def split(pace: Pace) -> list[float]:
    """Where the pace is not smooth."""
    return [-float(pace.s0)] if isinstance(pace, Exponential) else np.asarray(pace.breaks).tolist()


@pytest.mark.parametrize("walking", PACES, ids=name_of)
def test_means_are_those_of_quadrature(walking: Walking) -> None:
    _, pace = to_pace(walking)
    rng = np.random.default_rng(2)
    begin = rng.uniform(-0.6, 0.6, 20)
    ends = np.stack([begin, begin + rng.uniform(-0.2, 0.2, 20)])
    ends[:, 0] = -4, -3.5  # beyond the end of most
    ends[:, 1] = 0.55, 0.3

    def integrate(m0: float, m1: float) -> float:
        low, high = sorted((m0, m1))
        places = [low, *(place for place in split(pace) if low < place < high), high]
        function: Callable[[float], float] = (
            (lambda m: float(np.exp(float(pace.k) * (abs(m + float(pace.s0)) - abs(float(pace.s0))))))
            if isinstance(pace, Exponential)
            else look_up(pace)
        )
        total = sum(quad(function, a, b, epsabs=0, epsrel=1e-13)[0] for a, b in pairwise(places))
        return float(total / (high - low))

    means = np.asarray(calc_mean(pace, *ends))
    assert means == pytest.approx([integrate(m0, m1) for m0, m1 in ends.T], rel=1e-12)


def look_up(curve: Curve) -> Callable[[float], float]:
    breaks, coefficients = np.asarray(curve.breaks), np.asarray(curve.coefficients)

    def value(m: float) -> float:
        m = min(max(m, breaks[0]), breaks[-1])
        piece = int(np.clip(np.searchsorted(breaks, m, side="right") - 1, 0, len(coefficients) - 1))
        return float(np.polyval(coefficients[piece, ::-1], m - breaks[piece]))

    return value


TINY = [0, 1e-17, 1e-16, 1e-13, 1e-10, 1e-7, 1e-4, 1e-2]


def meet(pace: Pace) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of slopes: equal, close, far, and close to both sides of where the pace is not smooth."""
    rng = np.random.default_rng(3)
    begin = rng.uniform(-0.9, 0.9, 60)
    end = begin + rng.choice([*TINY, 0.3, 2], 60) * rng.choice([-1, 1], 60)
    places = split(pace)
    for place in (places[0], places[len(places) // 2], places[-1]):
        before, after = np.meshgrid(place - np.array(TINY), place + np.array(TINY))
        begin, end = np.append(begin, before), np.append(end, after)
    return np.append(begin, [-150, 3, -50]), np.append(end, [-140, 130, 60])


@pytest.mark.parametrize("walking", PACES, ids=name_of)
def test_compiled_loops_find_the_same_means(walking: Walking) -> None:
    _, pace = to_pace(walking)
    if isinstance(pace, Exponential):
        pace = Exponential(1.9, 0.05)  # Tobler's pace of the steepest slopes is no number
    begin, end = meet(pace)
    means = calc_mean(pace, begin, end)
    twins = [mean_pace_of(*pace.numbers, m0, m1) for m0, m1 in zip(begin, end, strict=True)]
    assert means == pytest.approx(twins, rel=1e-12)
    assert calc_mean(pace, end, begin) == pytest.approx(means, rel=1e-12)


def find_mean(pace: Pace) -> Callable[[mpf, mpf], mpf]:
    """The mean of a pace in many digits, from its antiderivative."""
    if isinstance(pace, Exponential):
        k, s0 = mpf(float(pace.k)), mpf(float(pace.s0))

        def inner(m: mpf) -> mpf:
            return mpmath.sign(m + s0) * mpmath.expm1(k * abs(m + s0)) / k * mpmath.exp(-k * abs(s0))
    else:
        breaks = [mpf(b) for b in np.asarray(pace.breaks).tolist()]
        pieces = [[mpf(c) / (n + 1) for n, c in enumerate(row)] for row in np.asarray(pace.coefficients).tolist()]

        def add_up(row: list[mpf], t: mpf) -> mpf:
            return t * (row[0] + t * (row[1] + t * (row[2] + t * row[3])))

        def slope_at_end(row: list[mpf], t: mpf) -> mpf:
            return row[0] + t * (2 * row[1] + t * (3 * row[2] + t * 4 * row[3]))

        parts = [add_up(row, b - a) for row, (a, b) in zip(pieces, pairwise(breaks), strict=True)]
        sums = [mpf(0)]
        for part in parts:
            sums.append(sums[-1] + part)

        def inner(m: mpf) -> mpf:
            if m < breaks[0]:
                return pieces[0][0] * (m - breaks[0])
            if m >= breaks[-1]:
                return sums[-1] + slope_at_end(pieces[-1], breaks[-1] - breaks[-2]) * (m - breaks[-1])
            piece = max(n for n, place in enumerate(breaks) if place <= m)
            return sums[piece] + add_up(pieces[piece], m - breaks[piece])

    return lambda m0, m1: (inner(m1) - inner(m0)) / (m1 - m0)


# Its pieces join without any rounding error, which would be a jump in many digits.
JOINED = Curve([-0.5, -0.25, 0, 0.5], [[2, -2, 1, 0.5], [1.5703125, -1, 2, -1], [1.4296875, 1, 0.5, 0.25]])
JUMPING = Curve([-0.5, -0.25, 0, 0.5], [[2, -2, 1, 0.5], [1.25, -1, 2, -1], [1.75, 1, 0.5, 0.25]])


@pytest.mark.parametrize("pace", [Exponential(), JOINED, JUMPING], ids=["exponential", "curve", "jumps"])
def test_derivatives_are_exact_however_close_the_slopes(pace: Pace) -> None:
    """Against differences in many digits; across a kink and across breaks, where the second ones grow like one over the range."""
    begin, end = (np.array(m) for m in meet(pace))
    near = (np.abs(begin) < 1) & (np.abs(end) < 1) & (begin != end)
    near &= ~np.isin(begin, split(pace)) & ~np.isin(end, split(pace))  # there it has none
    if pace is JUMPING:  # rounding errors grow with the jump over the range
        near &= np.abs(begin - end) > 1e-6
    begin, end = begin[near][::3], end[near][::3]

    first, mixed = map(np.asarray, derive(pace, jnp.array(begin), jnp.array(end)))
    with mp.workdps(110):
        exact = find_mean(pace)
        for n, (m0, m1) in enumerate(zip(map(mpf, begin.tolist()), map(mpf, end.tolist()), strict=True)):
            h = abs(m1 - m0) / mpf(10) ** 25  # the nearest kinks are 1e-17 away
            up, down = (exact(m0 + s * h, m1) for s in (1, -1))
            right, left = (exact(m0, m1 + s * h) for s in (1, -1))
            corners = [exact(m0 + s * h, m1 + r * h) * s * r for s in (1, -1) for r in (1, -1)]
            expected = [float((up - down) / (2 * h)), float((right - left) / (2 * h))]
            assert first[:, n] == pytest.approx(expected, rel=1e-8, abs=1e-8), (m0, m1)
            assert mixed[n] == pytest.approx(float(sum(corners) / (4 * h * h)), rel=1e-4, abs=1e-4), (m0, m1)


def test_derivatives_on_one_slope() -> None:
    """Planes have one slope all along a leg: each end counts half."""
    for walking in (Walking(), PACES[1], PACES[-1]):
        _, pace = to_pace(walking)
        at = np.array([-0.31, -0.13, 0.017, 0.23])
        h = 1e-5
        slope = (evaluate(pace, at + h) - evaluate(pace, at - h)) / (2 * h)
        first, _ = derive(pace, jnp.array(at), jnp.array(at))
        assert np.asarray(first) == pytest.approx(np.array([slope, slope]) / 2, rel=1e-6)


@pytest.mark.parametrize(
    ("walking", "key", "part"),
    [
        (Walking("toblr"), "function", "is not a walking function: did you mean tobler?"),
        (Walking(factor=0), "factor", "must be greater than 0, got 0"),
        (Walking(factor=np.nan), "factor", "must be greater than 0, got nan"),
        (Walking("tobler", {"k": 3}), "k", "is not a parameter of tobler: it has none"),
        (Walking("minetti", {"powr": 3}), "powr", "is not a parameter of minetti: did you mean power?"),
        (Walking("campbell", {"percentile": 55}), "percentile", "must be one of 10, 20, 30, 40, 50, 60, 70, 80, 90, got 55"),
        (Walking("irmischer_clarke", {"women": 2}), "women", "must be one of 0, 1, got 2"),
        (Walking("exponential", {"v0": -1, "k": 2}), "v0", "must be greater than 0, got -1"),
        (Walking("exponential", {"v0": 1}), "k", "is missing: how fast the speed falls with the slope"),
        (Walking("exponential", {"k": 1}), "v0", "is missing: the greatest speed, m/s"),
        (Walking("exponential", {"v0": 1, "k": 1, "s0": np.inf}), "s0", "must be a finite number, got inf"),
        (Walking("naismith_langmuir", {"c": 4}), "c", "saves more time than there is"),
        (Walking("naismith_langmuir", {"gentle": 0.3}), "gentle", "must be 0.2125 or less, where steep descent begins, got 0.3"),
        (Walking("table"), "table", "must have at least 2 rows, slope and speed, and has 0"),
        (Walking("table", {}, ((0, 1), (1, 0))), "table", "has a speed that is not greater than 0, 0 at slope 1"),
        (Walking("table", {}, ((0, 1), (np.nan, 1))), "table", "has a slope that is not finite, nan"),
        (Walking("table", {}, ((-5, 1e-50), (0, 1))), "table", "must have speeds within a factor of 1e+09 of each other, and has 1e-50 and 1"),
        (Walking("table", {}, ((0, 1), (0, 2))), "table", "must have increasing slopes, and 0 comes before 0"),
    ],
)  # fmt: skip
def test_problems(walking: Walking, key: str, part: str) -> None:
    (problem,) = find_problems(walking)
    assert problem[0] == key
    assert part in problem[1]


@pytest.mark.parametrize("walking", ALL, ids=name_of)
def test_what_is_right_has_no_problems(walking: Walking) -> None:
    assert list(find_problems(walking)) == []


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="exponential needs v0: the greatest speed"):
        complete(Walking("exponential"))
