"""docs/maths.md: its worked example, number by number, and the formulas it derives."""

import runpy
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize

from benchmarks.scenarios import draw_hard, draw_ordinary
from benchmarks.snell import SCENARIOS, SHARES, SIZES
from terrain_cli import Strips, best_time, calc_time, descend, find_optimum
from terrain_cli.strips import newton, snell
from terrain_cli.strips.ground import movements
from terrain_cli.strips.step_size import steepest_curvature
from tests.conftest import ROOT
from tests.docs.pages import check, find_numbers, to_float
from tests.strips.test_snell import grazing

PAGE = "maths.md"
POST = Strips(widths=[10, 10, 10], speeds=[0.7, 0.3, 0.45], offset=20)
OPTIMUM = jax.device_get(find_optimum(POST))
P = float(OPTIMUM.ray[0])
SINES = P * POST.speeds
COSINES = np.sqrt(1 - SINES**2)
LENGTHS = POST.widths / COSINES
RATIOS = POST.speeds / 0.7
WEIGHTS, K = POST.widths * RATIOS, (0.7 - POST.speeds) * (0.7 + POST.speeds) / 0.7**2


improve: Any = jax.jit(snell.newton_step)
follow: Any = jax.jit(lambda change: jax.jvp(snell.trace, (POST,), (change,))[1])


def moved(q: float) -> float:
    """S(q) of the page."""
    return float(np.sum(WEIGHTS * q / np.sqrt(1 + K * q**2)))


def slope(q: float) -> float:
    """Its derivative."""
    return float(np.sum(WEIGHTS / (1 + K * q**2) ** 1.5))


def largest_curvature(x: Any) -> float:
    """The largest eigenvalue of H(x) of the page."""
    along = np.array([x[0], x[1], 20 - x[0] - x[1]])
    c = POST.widths**2 / (POST.speeds * np.sqrt(along**2 + POST.widths**2) ** 3)
    return float(np.linalg.eigvalsh(np.diag(c[:2]) + c[2])[-1])


def test_the_drawing_is_what_the_program_draws() -> None:
    images = ROOT / "docs" / "images"
    drawn = runpy.run_path(str(images / "best_path.py"))["draw"]()
    assert drawn == (images / "best_path.svg").read_text(encoding="utf-8")


def test_the_fastest_path() -> None:
    check(PAGE, "On the fastest path of the example p = {} s/m", P)
    rows = np.transpose(
        [np.degrees(np.arcsin(SINES)), SINES, OPTIMUM.ray, OPTIMUM.movements, LENGTHS, LENGTHS / POST.speeds]
    )
    for i, row in enumerate(rows):
        check(PAGE, f"| {i + 1} | {POST.speeds[i]:g} | {{}}° | {{}} | {{}} | {{}} | {{}} | {{}} |", *row)
    check(PAGE, "| sum | | | | | {} | {} | {} |", *rows.sum(axis=0)[3:])
    assert float(OPTIMUM.time) == pytest.approx(rows.sum(axis=0)[5], rel=1e-14)


def test_the_bound_on_the_curvature() -> None:
    bounds = 1 / (POST.widths * POST.speeds)
    largest = float(steepest_curvature(POST))
    b = np.diag(bounds[:2]) + bounds[2]
    assert largest == pytest.approx(np.linalg.eigvalsh(b)[-1], rel=1e-14)
    check(PAGE, "C_i are {}, {} and {} s/m², L = {} s/m² and 1/L = {} m²/s", *bounds, largest, 1 / largest)
    # From the paths straight across two strips each, the largest of the local maxima.
    found = [
        minimize(lambda x: -largest_curvature(x), start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-10})
        for start in ([20, 0], [0, 20], [0, 0])
    ]
    best = min(found, key=lambda one: float(one.fun))
    at_optimum = largest_curvature(OPTIMUM.x)
    assert at_optimum == pytest.approx(np.linalg.eigvalsh(jax.hessian(calc_time)(OPTIMUM.x, POST))[-1], rel=1e-12)
    sentence = "curvature of any path across these strips is {}, near x = ({}, {}); at the optimum it is {}."
    check(PAGE, sentence, -best.fun, *best.x, at_optimum)
    rng = np.random.default_rng(0)
    assert all(largest_curvature(x) <= -best.fun for x in rng.uniform(-30, 30, (100, 2)))


def test_the_secular_equation() -> None:
    bounds = 1 / (POST.widths * POST.speeds)
    assert np.sum(1 / (float(steepest_curvature(POST)) - bounds[:2])) == pytest.approx(1 / bounds[2], rel=1e-13)


def test_the_unknown_of_the_search() -> None:
    q = SINES[0] / COSINES[0]
    check(PAGE, "In the example v = {}, r = (1, {}, {}) and k = (0, {}, {})", 0.7, *RATIOS[1:], *K[1:])
    np.testing.assert_allclose(SINES, RATIOS * q / np.sqrt(1 + q**2), rtol=1e-14)
    np.testing.assert_allclose(COSINES, np.sqrt((1 + K * q**2) / (1 + q**2)), rtol=1e-14)
    assert q / (0.7 * np.sqrt(1 + q**2)) == pytest.approx(P, rel=1e-14)
    angle = np.degrees(np.arctan(q))
    check(PAGE, "q = {} is the tangent of {}°, the angle in strip 1, and p = q/(v √(1 + q²)) = {} s/m", q, angle, P)


def first_kind(q: float, s: float, slope: float, offset: float) -> float:
    """Newton's method on S(q) = h."""
    return q + (offset - s) / slope


def second_kind(q: float, s: float, slope: float, offset: float) -> float:
    """Newton's method on S^-2 = h^-2 in 1/q², written in q; the first kind where that does not exist."""
    squared = 1 + s / (q * slope) * ((s / offset) ** 2 - 1)
    return float(q / np.sqrt(squared)) if squared > 0 else first_kind(q, s, slope, offset)


def test_the_two_steps_bound_the_root() -> None:
    """From anywhere the first never comes out above the root, and the second, where it exists, never below."""
    root = SINES[0] / COSINES[0]
    for q in np.geomspace(1e-3, 1e3, 40):
        s = moved(q)
        assert first_kind(q, s, slope(q), 20) <= root * (1 + 1e-9)
        if 1 + s / (q * slope(q)) * ((s / 20) ** 2 - 1) > 0:
            assert second_kind(q, s, slope(q), 20) >= root * (1 - 1e-9)
        ours = improve(q, np.inf, s / q, slope(q), 20.0)[0]
        assert float(ours) == pytest.approx(second_kind(q, s, slope(q), 20), rel=1e-9)


def test_the_search_step_by_step() -> None:
    ends = snell.asymptotes(jnp.asarray(WEIGHTS), jnp.asarray(K))
    total, most, fastest = (float(jnp.sum(part)) for part in ends)
    bounds = 20 / total, (20 - most) / fastest
    check(PAGE, "In the example the bounds are {} and {}, and the search takes two steps", *bounds)
    check(PAGE, "| larger bound | {} | {} | {} |", bounds[0], moved(bounds[0]), moved(bounds[0]) - 20)
    q, above = float(jax.jit(snell.first_guess)(total, most, fastest, 20.0)), np.inf
    for name in ("start", "after step 1"):
        check(PAGE, f"| {name} | {{}} | {{}} | {{}} |", q, moved(q), moved(q) - 20)
        q, above, goes_on = map(float, improve(q, above, moved(q) / q, slope(q), 20.0))
        assert goes_on
    check(PAGE, "| after step 2 | {} | {} | 0, apart from rounding |", q, moved(q))
    assert abs(moved(q) - 20) < 1e-13

    first = bounds[0]
    goes = [first := first_kind(first, moved(first), slope(first), 20) for _ in range(3)]
    check(PAGE, "From the same bound the first kind of step goes {}, {}, {}.", *goes)


def count_steps(strips: Strips) -> tuple[int, int]:
    """Steps of the first kind alone, and steps of the search, until one is below 1e-9."""
    fastest, offset = strips.speeds.max(), abs(float(strips.offset))
    weights, k = (
        strips.widths * strips.speeds / fastest,
        (fastest - strips.speeds) * (fastest + strips.speeds) / fastest**2,
    )
    slower = k > 0
    flat, most = weights[~slower].sum(), np.sum(weights[slower] / np.sqrt(k[slower]))
    bound = max(offset / weights.sum(), (offset - most) / flat)
    others = weights[slower].sum()
    square = 1 + (others / most) ** 2 * bound**2
    start = second_kind(bound, bound * (flat + others / np.sqrt(square)), flat + others / square**1.5, offset)

    def count(q: float, step: Any) -> int:
        for i in range(100):
            square = 1 + k * q**2
            new = step(q, q * np.sum(weights / np.sqrt(square)), np.sum(weights / square**1.5), offset)
            if abs(new - q) <= 1e-9 * new:
                return i + 1
            q = new
        raise AssertionError("the search does not end")

    return count(bound, first_kind), count(start, second_kind)


def test_steps_taken() -> None:
    """Scenarios of 30 strips: ordinary ones, and those with near ties and grazing rays of tests/strips/test_snell.py."""
    ordinary = [count_steps(draw_ordinary(np.random.default_rng(seed), 30)) for seed in range(300)]
    assert np.median(ordinary, axis=0).tolist() == [3, 3]
    hard = [count_steps(grazing(np.random.default_rng(seed), 30)) for seed in range(300)]
    sentence = "On {} such scenarios the first kind alone takes up to {} steps, the search up to {}."
    check(PAGE, sentence, len(hard), *np.max(hard, axis=0), rel=0.15)


def test_when_the_search_ends() -> None:
    root = SINES[0] / COSINES[0]
    least = to_float(find_numbers(PAGE, "changes q by less than {} of its value")[0])
    for size, goes_on in ((2 * least, True), (least / 2, False)):
        q = root * (1 - size)
        assert bool(improve(q, np.inf, moved(q) / q, slope(q), 20.0)[2]) == goes_on


def test_how_many_strips_are_very_many() -> None:
    check(
        PAGE, "From {} strips on, the equation is first solved for every {}st strip", 1000 * snell.SAMPLE, snell.SAMPLE
    )


def test_the_time_is_a_sum() -> None:
    crossings = POST.widths * COSINES / POST.speeds
    assert P * 20 + crossings.sum() == pytest.approx(float(OPTIMUM.time), rel=1e-15)
    check(PAGE, "In the example T = {} · 20 + {} + {} + {} = {} s", P, *crossings, OPTIMUM.time)


def test_where_the_posts_unknowns_lose_digits() -> None:
    """The worst of the 10,000 scenarios of the benchmark, drawn as it draws them; all of them take half a minute."""
    rng = np.random.default_rng(0)
    sizes = rng.choice(SIZES, SCENARIOS, p=SHARES).tolist()
    hard = [draw_hard(rng, n) for n in sizes[:4018]][-1]
    optimum = find_optimum(hard)
    error = abs(float(calc_time(optimum.x, hard)) / float(optimum.time) - 1)
    assert error < 3 * 2.2e-16 * hard.speeds.max() / hard.speeds[-1]
    check(
        PAGE,
        f"On one of the {SCENARIOS:,} hard scenarios of the [benchmark](benchmarks.md#snell) it is {{}} off",
        error,
        rel=0.5,
    )
    worst = find_numbers("benchmarks.md", "| time, against 50 digits, relative | {} | {} | {} |")[2]
    assert find_numbers(PAGE, "The sum above is within {} on all of them") == [worst]


def test_derivatives_of_the_example() -> None:
    by: Any = jax.grad(best_time)(POST)
    np.testing.assert_allclose(by.widths, COSINES / POST.speeds, rtol=1e-14)
    np.testing.assert_allclose(by.speeds, -LENGTHS / POST.speeds**2, rtol=1e-14)
    for i in range(3):
        check(PAGE, f"| strip {i + 1} | {{}} | {{}} |", by.widths[i], by.speeds[i])
    saved = -by.speeds[1] * 0.003
    check(
        PAGE, "1 % more speed in strip 2, which is {} m/s, saves about {} · 0.003 = {} s", 0.003, -by.speeds[1], saved
    )
    check(PAGE, "one more metre of offset costs about {} s", by.offset)


def make_change(*fields: Any) -> Strips:
    """A change of the post's strips, which need not be valid strips itself."""
    change: Strips = jax.tree.unflatten(jax.tree.structure(POST), fields)
    return change


def formula(change: Strips) -> tuple[np.ndarray, float]:
    """dτ and dp of the page, as they stand there first."""
    tangents, share = SINES / COSINES, change.speeds / POST.speeds
    moves = np.sum(tangents * change.widths) + np.sum(POST.widths * SINES / COSINES**3 * share)
    dp = (float(change.offset) - moves) / np.sum(POST.widths * POST.speeds / COSINES**3)
    return (POST.speeds * dp + SINES * share) / COSINES**3, dp


def test_how_the_path_follows_the_ground() -> None:
    parts = POST.widths * POST.speeds / COSINES**3
    sentence = "the sum below the fraction is {} + {} + {} = {}, so that dp/dh = 1/{} = {} s/m²"
    check(PAGE, sentence, *parts, parts.sum(), parts.sum(), 1 / parts.sum())
    check(PAGE, "is shared out as {}, {} and {} m over the three strips", *(parts / parts.sum()))
    assert jax.grad(jax.grad(lambda h: best_time(Strips(POST.widths, POST.speeds, h))))(20.0) == pytest.approx(
        1 / parts.sum(), rel=1e-13
    )
    rng = np.random.default_rng(0)
    for _ in range(5):
        change = make_change(rng.normal(size=3), rng.normal(size=3), float(rng.normal()))
        found = follow(change)
        angles, dp = formula(change)
        np.testing.assert_allclose(found.tangents, angles, rtol=1e-12)
        assert found.parameter == pytest.approx(dp, rel=1e-12)


def test_a_share_of_all_speeds_takes_that_share_from_p() -> None:
    """The sign of -p c: the formulas for what is left when c is taken out, with -p c added to dp."""
    share = np.array([0.01, 0.02, 0.005])
    c = share[0]
    rest, dp = formula(make_change(np.zeros(3), POST.speeds * (share - c), 0.0))
    found = follow(make_change(np.zeros(3), POST.speeds * share, 0.0))
    np.testing.assert_allclose(found.tangents, rest, rtol=1e-12)
    assert found.parameter == pytest.approx(dp - P * c, rel=1e-12)
    assert "adds -p c to dp" in (ROOT / "docs" / PAGE).read_text(encoding="utf-8")


def three_choices(x: Any) -> list[tuple[Any, float]]:
    """Where the three Newton steps of the page lead from `x`, and the time there."""
    along = np.asarray(movements(x, POST))
    lengths = np.sqrt(along**2 + POST.widths**2)
    sines = along / lengths
    s = sines / POST.speeds

    def mean(c: np.ndarray) -> float:
        return float(np.sum(s / c) / np.sum(1 / c))

    first = secant = 1 / (POST.speeds * lengths)
    assert mean(first) == pytest.approx(20 / np.sum(POST.speeds * lengths), rel=1e-14)
    for _ in range(2):
        b = np.arcsin(mean(secant) * POST.speeds)
        a = np.arcsin(sines)
        secant = (np.sin(b) - np.sin(a)) / (np.tan(b) - np.tan(a)) / (POST.widths * POST.speeds)
        short = np.cos(a) * np.cos(b) * (np.cos(a) + np.cos(b)) / (1 + np.cos(a - b)) / (POST.widths * POST.speeds)
        np.testing.assert_allclose(short, secant, rtol=1e-6)
        secant = short
    ends = []
    for c in (first, secant, POST.widths**2 / (POST.speeds * lengths**3)):
        step = (mean(c) - s) / c
        assert abs(step.sum()) < 1e-12
        ends.append((x + step[:2], float(calc_time(x + step[:2], POST))))
    return ends


def test_newtons_three_choices() -> None:
    x: Any = np.array([2.0, 17.0])
    best = float(OPTIMUM.time)
    check(PAGE, "From the post's start (2, 17), where the time is {} s", calc_time(x, POST))
    steps = list(descend(x, POST, "newton"))
    for i in (1, 2):
        ends = three_choices(x)
        taken = int(np.argmin([time for _, time in ends]))
        x, time = ends[taken]
        check(PAGE, f"| {i} | {{}} | {{}} | {{}} | {taken + 1} | {{}} |", *(t for _, t in ends), time - best, rel=1e-15)
        np.testing.assert_allclose(steps[i].x, x, rtol=1e-12)
    assert steps[3].time == pytest.approx(best, rel=1e-15)
    assert float(find_numbers(PAGE, "except by {} where times tie")[0]) == newton.TIE
