"""docs/routes.md: its worked numbers computed anew, each corner timed leg by leg, its figures compared with the search's."""

import runpy
from itertools import pairwise
from math import dist, hypot, inf, isclose

import numpy as np
import pytest

from terrain_cli.contract import Route
from terrain_cli.maps.ground import Ground, closed_corners
from terrain_cli.maps.routes import graph
from terrain_cli.maps.routes import level as search
from terrain_cli.maps.routes.corners import release_corners
from terrain_cli.maps.routes.refine import cut_routes
from terrain_cli.maps.routes.search import find_route
from tests.conftest import ROOT
from tests.docs.pages import assert_says

PAGE = "routes.md"
Place = tuple[float, float]


def make_slowness() -> np.ndarray:
    slowness = np.full((7, 7), 4.0)
    slowness[:3] = 3
    return slowness


def find_example(slowness: np.ndarray) -> Route:
    route = find_route(Ground(slowness), (0, 0), (7, 7))
    assert route is not None
    return route


def test_the_example() -> None:
    route = find_example(make_slowness())
    assert route.time == pytest.approx(35, rel=1e-14)
    assert_says(
        PAGE, f"the time is 4 × 5 + 3 × 5 = {4 * 5 + 3 * 5} s. The straight line takes {route.straight_time:.2f} s."
    )
    [crossing] = [place for place in route.points if place[1] == 4]
    assert_says(PAGE, f"The route crosses the border at ({crossing[0]:g}, {crossing[1]:g}).")
    assert dist((0, 0), crossing) == dist(crossing, (7, 7)) == 5
    assert pytest.approx(3 * 4 / 5) == 4 * 3 / 5


def test_a_faster_cell_beside_the_crossing() -> None:
    slowness = make_slowness()
    slowness[2, 2] = 2
    assert_says(PAGE, f"the best time falls from 35 s to {find_example(slowness).time:.2f} s")


class Corner:
    """A route from one node over the corner (0, 0) to another; slownesses of the legs before and after it."""

    def __init__(self, before: Place, after: Place, slow: tuple[float, float]) -> None:
        self.before, self.after, self.slow = before, after, slow

    def saves(self, first: Place, last: Place) -> tuple[float, float]:
        """a and b of the page, from u, w and the first and the last edge."""
        ends = zip(self.slow, (self.before, self.after), (first, last), strict=True)
        a, b = (s * (x * edge[0] + y * edge[1]) / hypot(x, y) for s, (x, y), edge in ends)
        return a, b

    def time(self, *nodes: Place, between: tuple[float, ...] = ()) -> float:
        """Over these nodes in place of the corner, the legs between them at these slownesses."""
        legs = [self.before, *nodes, self.after]
        slow = [self.slow[0], *between, self.slow[1]]
        return sum(s * dist(*leg) for s, leg in zip(slow, pairwise(legs), strict=True))


SMALL = 1e-4
ROOF = Corner((-0.8, 0.6), (0.8, 0.6), (5, 5))
STRAIGHT = Corner((-0.6, -0.8), (0.8, 0.6), (4, 3))


def test_m_1() -> None:
    a, b = ROOF.saves((0, 1), (0, 1))
    assert_says(PAGE, f"a = b = 5 × 0.6 = {a:.0f}. Their sum is {a + b:.0f}, so the route leaves upwards.")
    gain = ROOF.time((0, 0)) - ROOF.time((0, SMALL))
    assert gain == pytest.approx(SMALL * (a + b), rel=1e-3)


@pytest.mark.parametrize(("between", "leaves"), [(2, True), (3, False), (4, False)])
def test_m_2(between: float, leaves: bool) -> None:
    a, b = STRAIGHT.saves((-1, 0), (0, 1))
    assert_says(PAGE, f"a = 4 × 0.6 = {a:.1f}, b = 3 × 0.6 = {b:.1f}, hypot(a, b) = {hypot(a, b):.0f}.")
    assert (hypot(a, b) > between and not isclose(hypot(a, b), between)) == leaves
    times = [
        STRAIGHT.time((-p * SMALL, 0), (0, q * SMALL), between=(between,))
        for p in np.linspace(0, 1, 21)
        for q in np.linspace(0, 1, 21)
    ]
    assert (min(times) < STRAIGHT.time((0, 0)) * (1 - 1e-9)) == leaves


@pytest.mark.parametrize(("below", "leaves"), [(5, False), (3, True)])
def test_m_3(below: float, leaves: bool) -> None:
    a, b = ROOF.saves((-1, 0), (1, 0))
    assert_says(
        PAGE, f"a = b = 5 × 0.8 = {a:.0f}. With s_1 = s_2 = 5 the route would stay on this side. With 3, as drawn,"
    )
    assert (a > below, b > below) == (leaves, leaves)
    steps = SMALL * np.linspace(0, 1, 11)
    times = [ROOF.time((-p, 0), (0, -q), (r, 0), between=(below, below)) for p in steps for q in steps for r in steps]
    assert (min(times) < ROOF.time((0, 0)) * (1 - 1e-9)) == leaves


@pytest.mark.parametrize(
    ("slowness", "corner", "leaves"),
    [
        ([[5, 5], [9, 9]], ROOF, True),
        ([[2, 3], [4, 4]], STRAIGHT, True),
        ([[3, 3], [4, 4]], STRAIGHT, False),
        ([[5, 5], [3, 3]], ROOF, True),
    ],
)
def test_the_program_decides_as_the_page(slowness: list[list[float]], corner: Corner, leaves: bool) -> None:
    padded = np.pad(np.array(slowness, dtype=float), 1, constant_values=inf)
    nodes = np.array([[1 - y, 1 + x] for x, y in (corner.before, (0, 0), corner.after)])
    chain = cut_routes([nodes], padded, closed_corners(padded[1:-1, 1:-1]))
    _, changed = release_corners(chain, padded)
    assert bool(len(changed)) == leaves


def test_the_picture_has_the_figures_of_the_page() -> None:
    drawn = runpy.run_path(str(ROOT / "docs" / "images" / "make_cells.py"))["draw_corners"]()
    for corner, first, last, factor in (
        (ROOF, (0, 1), (0, 1), 0.6),
        (STRAIGHT, (-1, 0), (0, 1), 0.6),
        (ROOF, (-1, 0), (1, 0), 0.8),
    ):
        a, b = corner.saves(first, last)
        assert f"a = {corner.slow[0]} × {factor} = {a:.2g},  b = {corner.slow[1]} × {factor} = {b:.2g}" in drawn


def test_the_search_is_the_one_described() -> None:
    assert_says(PAGE, f"Where their sum is more than {100 * search.WIDTH:g} % above the least, no route is looked for.")
    assert_says(PAGE, f"This is for {search.WAY:,} cells between the ends")
    assert_says(PAGE, f"down to {100 * search.LONGER:g} %")
    assert_says(PAGE, f"A map of up to {search.SMALL:,} free cells is searched as a whole.")
    first, *more = search.LARGE.levels
    assert_says(PAGE, f"a graph has {first} point on each cell edge")
    assert_says(PAGE, f"Finer graphs with {' and '.join(map(str, more))} points follow")
    assert_says(PAGE, f"within {search.LARGE.misjudged:g} / (points + 1)² of the time")
    assert_says(PAGE, f"each of which differs from the one before by more than {100 * search.UNLIKE:g} %")
    assert_says(PAGE, f"the square root of {search.FAR} / their number")
    assert search.JUDGE == 2
    *some, last = search.FINE.levels
    finest = " and ".join(map(str, search.FINEST.levels))
    assert_says(PAGE, f"searched as a whole they have {', '.join(map(str, some))} and {last} points")
    assert_says(PAGE, f"on those of up to {search.TINY:,} cells {finest}.")
    large, fine, tiny = search.LARGE, search.FINE, search.FINEST
    assert large.misjudged == fine.misjudged
    assert_says(
        PAGE,
        f"Up to {large.candidates} routes on the finest graph and {large.refined} on the one before descend, each with a leg more "
        f"than {large.apart:g} cells from those before. The best {large.refined} of them are refined to the end.",
    )
    assert_says(
        PAGE,
        f"On maps that are searched as a whole there are up to {fine.candidates} and {fine.refined}, with a leg more than "
        f"{fine.apart:g} cells from those before, or on maps of up to {search.TINY:,} cells in another cell, and the best "
        f"{fine.refined} are refined.",
    )
    assert (tiny.candidates, tiny.apart, tiny.refined) == (fine.candidates, 0, fine.refined)
    assert_says(
        PAGE,
        f"farther from all faster ones than {search.NEARBY:g} cells and than {search.NEARBY_SHARE:.0%}".replace(
            "%", " %"
        ),
    )
    assert_says(PAGE, f"They take at most {100 * search.LONGER:g} % longer")
    assert search.APART == 1 / 5
    assert graph.__doc__ is not None
    assert "Aleksandrov, Maheshwari and Sack 2005" in graph.__doc__
