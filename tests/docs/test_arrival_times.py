"""docs/arrival_times.md: every figure of the page computed anew, and its snippets run. Benchmarks: test_benchmarks_page.py."""

import contextlib
import io
import re
import runpy
from math import dist, sqrt

import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.terrains import draw_ends, draw_map
from terrain_cli.maps.fields import arrival, bands, marching, near, source, sweeping
from terrain_cli.maps.fields.arrival import SCHEMES, solve_eikonal
from terrain_cli.maps.ground import Ground
from terrain_cli.maps.routes.search import find_route
from tests.conftest import ROOT
from tests.docs.pages import assert_says, find_blocks, find_table, read_page

PAGE = "arrival_times.md"
BOX, GODUNOV = SCHEMES


def update(scheme: str, m: float, a: float, b: float, side: float = 1.0) -> float:
    """The time at the fourth corner of a cell that takes `side` seconds along a side."""
    if scheme == BOX:
        return float(min(marching.box(m, a, b, side), m + marching.DIAGONAL * side, a + side, b + side))
    values = (np.inf, a, b, side, side, side)
    return float(sweeping.update_monotone(*(jnp.asarray(value, float) for value in values)))


def solve_even(n: int, start: tuple[float, float], scheme: str) -> tuple[np.ndarray, np.ndarray]:
    """Times over n x n even cells of side 1 at speed 1, and the exact times."""
    rows, cols = np.mgrid[: n + 1, : n + 1]
    return np.asarray(solve_eikonal(np.ones((n, n)), start, scheme=scheme)), np.hypot(rows - start[0], cols - start[1])


def test_a_straight_front() -> None:
    a, b = 20 + 0.6 * 10, 20 + 0.8 * 10
    assert_says(
        PAGE, f"a after another 0.6 × 10 = {a - 20:.0f} s, b after 0.8 × 10 = {b - 20:.0f} s, and the fourth corner"
    )
    assert_says(PAGE, "their root is sqrt(200 - 4) = 14")
    assert (a - b) ** 2 == 4
    for scheme in SCHEMES:
        assert update(scheme, 20, a, b, side=10) == 34
    assert_says(PAGE, f"box 20 + 14 = {20 + 14} godunov ({a:.0f} + {b:.0f} + 14) / 2 = {(a + b + 14) / 2:.0f}")


def test_a_curved_front() -> None:
    late = update("godunov", 0, 1, 1) - sqrt(2)
    assert late == pytest.approx(1 - sqrt(0.5), rel=1e-12)  # by how much the arc of radius 1 bulges beyond its chord
    assert_says(PAGE, f"puts it {late:.3f} behind the true front in the middle")
    assert_says(PAGE, f"(1 + 1 + sqrt(2)) / 2 = {update('godunov', 0, 1, 1):.3f}")


def test_the_farther_the_start_the_smaller_the_error() -> None:
    rows = find_table(PAGE, "cell")
    assert len(rows) == 3
    for where, *said in rows:
        x, y = map(int, re.findall(r"\d+", where))
        m, a, b, exact = (dist((0, 0), corner) for corner in ((x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)))
        assert said[:4] == [f"{time:.4f}".replace(".0000", "") for time in (m, a, b, exact)]
        for text, scheme in zip(said[4:], SCHEMES, strict=True):
            time = update(scheme, m, a, b)
            [percent] = re.findall(r"\(([\d.]+) %\)", text)
            assert text.startswith(f"{time:.4f} ")
            assert f"{100 * (time / exact - 1):.{len(percent.partition('.')[2])}f}".lstrip("-") == percent


def test_the_picture_is_what_the_script_draws() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "images" / "make_cells.py"))
    for name, draw in script["DRAWINGS"].items():
        assert (ROOT / "docs" / "images" / name).read_text(encoding="utf-8") == draw()
    drawn = script["draw_cell"]()
    for time in ("34 s", f"{sqrt(2):.3f}", f"{update('godunov', 0, 1, 1):.3f}", f"{1 - sqrt(0.5):.3f}"):
        assert time in drawn


def test_godunov_is_late_along_the_diagonals() -> None:
    times, exact = solve_even(64, (32, 32), GODUNOV)
    rows, cols = np.abs(np.mgrid[:65, :65] - 32)
    angle = np.degrees(np.arctan2(rows, cols))
    error = 100 * (times - exact) / np.maximum(exact, 1)
    far = exact > 15
    diagonal = error[far & (np.abs(angle - 45) <= 5)].mean()
    axes = error[far & (np.abs(angle - 45) >= 35)].mean()
    assert_says(PAGE, "On 64 × 64 cells with the start in the middle, the mean error more than 15 cells from the start")
    assert_says(
        PAGE, f"is {diagonal:.2f} % at 40 to 50 degrees to the axes, but {axes:.2f} % within 10 degrees of them"
    )
    assert error.min() > -1e-12
    assert_says(PAGE, f"No corner is more than {error.max():.2f} % late.")


def test_beside_the_fastest_routes() -> None:
    errors: dict[str, list[float]] = {BOX: [], GODUNOV: []}
    for seed in range(10):
        rng = np.random.default_rng(seed)
        slowness = draw_map(rng, 60)
        start, goal = draw_ends(rng, slowness)
        goal = np.floor(goal)  # a corner, where the field has a time
        ground = Ground(slowness)
        route = find_route(ground, ground.to_xy(start), ground.to_xy(goal))
        assert route is not None
        for scheme, its in errors.items():
            its.append(
                100 * (float(solve_eikonal(slowness, start, scheme=scheme)[tuple(goal.astype(int))]) / route.time - 1)
            )
    box, godunov = ([min(its), max(its)] for its in errors.values())
    assert_says(PAGE, "On ten random maps of 60 × 60 cells")
    assert_says(
        PAGE, f"by {box[0]:.2f} % to {box[1]:.2f} % with `box` and by {godunov[0]:.2f} % to {godunov[1]:.2f} % with"
    )


def test_the_errors_on_even_ground() -> None:
    for n, row in zip((64, 128, 256), find_table(PAGE, "map"), strict=True):
        errors = []
        for scheme in (BOX, GODUNOV):
            times, exact = solve_even(n, (n * 20 / 64, n * 24 / 64), scheme)
            errors.append(float(np.sqrt(np.mean((times - exact) ** 2) / np.mean(exact**2))))
        assert row == [f"{n} × {n}", *("0" if value < 1e-14 else f"{value:.2e}" for value in errors)]


def test_far_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of what the page says about rough ground, on other maps and with a margin; the page has the figures of one run."""
    assert_says(PAGE, "-0.24 % and 0.68 % at contrast 3, -0.23 % and 0.76 % at contrast 10, and -0.29 % and 0.42 %")
    slowness = 10.0 ** np.random.default_rng(0).random((90, 90))
    times = np.asarray(solve_eikonal(slowness, (30.2, 40.7)))
    monkeypatch.setattr(marching, "CELLS", 10**6)
    exact = np.asarray(solve_eikonal(slowness, (30.2, 40.7)))
    low, high = np.quantile(times / exact - 1, [0.01, 0.99])
    assert -4e-3 < low < high < 1e-2


def test_what_the_program_is_made_of() -> None:
    assert_says(PAGE, f"`godunov` uses straight rays alone, within {source.REACH} cells of the start.")
    assert_says(
        PAGE, f"on the {near.CELLS:,} cells around the start ({int(near.CELLS**0.5) // 2} cells in each direction)"
    )
    assert_says(PAGE, f"The nodes are the corners and {near.POINTS} points on each edge of a cell")
    assert_says(PAGE, f"no farther apart than {near.FINER} of their distance from it")
    tolerances = [f"{value:.0e}" for value in sweeping.TOLERANCE.values()]
    assert_says(
        PAGE, f"lowers a time by more than {tolerances[0]} of it ({tolerances[1].replace('e-0', 'e-')} in float32)"
    )
    assert_says(PAGE, f"bands of about {bands.BAND} rows")
    for power in (10, 11, 12):
        lengths = {arrival._grow(length) for length in range(2 ** (power - 1) + 1, 2**power + 1)}
        assert_says(PAGE, f"one of {len(lengths)} lengths per power of two")
    assert {arrival._grow(length) for length in range(1, 65)} == {64}
    assert_says(PAGE, "to 64 cells or to one of")
    assert all(arrival._grow(length) == -(-length // 16) * 16 for length in range(64, 513))
    assert arrival._grow(513) % 32 == 0
    assert_says(PAGE, "(to a multiple of 16 cells up to 512)")


def test_derivatives_are_compared_as_the_page_says() -> None:
    """Those tests take long enough: here only their tolerances are compared."""
    tests = "".join(file.read_text() for file in sorted((ROOT / "tests" / "maps" / "fields").glob("test_*.py")))
    bodies = dict(re.findall(r"^def (test_\w+)(.*?)(?=^def |\Z)", tests, flags=re.DOTALL | re.MULTILINE))
    assert "abs=1e-6" in bodies["test_derivatives_agree_with_differences"]
    assert_says(PAGE, "agree with central differences to 1e-6")
    [adjoint] = [body for name, body in bodies.items() if "adjoint" in name]
    assert "unrolled" in adjoint
    assert "atol=1e-11" in adjoint
    assert_says(PAGE, "unrolled, to 1e-11")


def test_the_snippets_run() -> None:
    blocks = find_blocks(PAGE, "python")
    assert len(blocks) == 2
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec("".join(blocks), {})
    shape, total = printed.getvalue().splitlines()
    assert f"print(times.shape)  # {shape}:" in read_page(PAGE)
    assert float(total) == pytest.approx(1, abs=1e-13)
