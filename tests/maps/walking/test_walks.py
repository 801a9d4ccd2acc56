"""Routes over slopes: against quadrature, planes with a known answer, the other direction, and ground without slopes."""

import importlib
import itertools
import math
import os
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from scipy.integrate import quad

from terrain_cli import arrival_times, remaining_times
from terrain_cli.contract import Route
from terrain_cli.maps.ground import Ground, closed_corners
from terrain_cli.maps.isochrones import find_isochrones
from terrain_cli.maps.routes import walk_graphs
from terrain_cli.maps.routes.chains import Chain, join
from terrain_cli.maps.routes.creases import trace_creases
from terrain_cli.maps.routes.search import find_route
from terrain_cli.maps.routes.slopes import (
    Legs,
    WalkedLegs,
    calc_leg_time,
    descend_slopes,
    find_legs,
    leg_times,
    time_legs,
    to_surface,
)
from terrain_cli.maps.routes.walk_graphs import lay_graphs
from terrain_cli.maps.sensitivity import find_leg_cells
from terrain_cli.maps.sensitivity import find_legs as find_route_legs
from terrain_cli.maps.walking.pace import Curve, Exponential, Pace

TOBLER = Exponential(3.5, 0.05)
STEPS = Curve([-1.0, -0.2, 0.0, 0.3, 1.0], [[3, -2, 0, 0], [1.2, -1, 0, 0], [1, 2, 1, 0], [2, 3, 0, 0]])  # it jumps
DATA = os.environ.get("TERRAIN_TEST_DATA")


def pace_at(pace: Any, slope: float) -> float:
    """The pace, from its definition."""
    if isinstance(pace, Exponential):
        k, s0 = float(pace.k), float(pace.s0)
        return math.exp(k * (abs(slope + s0) - abs(s0)))
    breaks, coefficients = np.asarray(pace.breaks), np.asarray(pace.coefficients)
    slope = float(np.clip(slope, breaks[0], breaks[-1]))
    piece = int(np.clip(np.searchsorted(breaks, slope, side="right") - 1, 0, len(coefficients) - 1))
    return float(np.polyval(coefficients[piece][::-1], slope - breaks[piece]))


def time_by_quadrature(ground: Ground, points: np.ndarray) -> float:
    """The time of a route by SciPy's quadrature along each leg, with slopes from the bilinear formula."""
    heights, slowness, cell = np.asarray(ground.heights), np.asarray(ground.slowness), float(ground.cell)
    assert ground.pace is not None
    kinks = (
        [-float(ground.pace.s0)] if isinstance(ground.pace, Exponential) else np.asarray(ground.pace.breaks).tolist()
    )
    places, total = ground.to_cells(points), 0.0
    for (a, b), (row, col) in zip(itertools.pairwise(places), find_leg_cells(ground, points), strict=True):
        length = float(np.hypot(*(b - a)))
        if length == 0:
            continue
        corners = heights[row : row + 2, col : col + 2]

        def slope(t: float, a=a, b=b, row=row, col=col, corners=corners, length=length) -> float:  # type: ignore[no-untyped-def]
            r, c = a + t * (b - a) - [row, col]
            south = (1 - c) * (corners[1, 0] - corners[0, 0]) + c * (corners[1, 1] - corners[0, 1])
            east = (1 - r) * (corners[0, 1] - corners[0, 0]) + r * (corners[1, 1] - corners[1, 0])
            return float((south * (b - a)[0] + east * (b - a)[1]) / (length * cell))

        first, last = slope(0.0), slope(1.0)
        breaks = [(kink - first) / (last - first) for kink in kinks if min(first, last) < kink < max(first, last)]
        stops = [0.0, *sorted(breaks), 1.0]
        mean = sum(
            quad(lambda t: pace_at(ground.pace, slope(t)), u, v, epsabs=0, epsrel=1e-13)[0]
            for u, v in itertools.pairwise(stops)
        )
        total += slowness[row, col] * length * cell * mean
    return total


def make_hills(rows: int, cols: int, relief: float, seed: int) -> np.ndarray:
    """Smooth random heights at the corners of cells, shape (rows + 1, cols + 1), m."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : rows + 1, 0 : cols + 1] / max(rows, cols)
    waves = rng.normal(size=(6, 2)) * 8
    heights = sum(np.sin(u * x + v * y + phase) for (u, v), phase in zip(waves, rng.uniform(0, 6, 6), strict=True))
    return np.asarray(relief * heights / 3)


@pytest.mark.parametrize("pace", [TOBLER, STEPS], ids=["tobler", "steps"])
def test_the_time_of_a_route_is_that_of_the_bilinear_surface(pace: Pace) -> None:
    rng = np.random.default_rng(3)
    slowness = rng.uniform(0.5, 2.0, (4, 5))
    ground = Ground(slowness, 30.0, (1000.0, 2000.0), rng.normal(0, 9, (5, 6)), pace)
    route = find_route(ground, (1003.0, 2004.0), (1146.0, 2111.0))
    assert route is not None
    assert route.time == pytest.approx(time_by_quadrature(ground, route.points), rel=1e-12)
    lengths, slownesses = find_route_legs(ground, route.points)
    assert float((lengths * slownesses).sum()) == pytest.approx(route.time, rel=1e-13)
    assert route.straight_time >= route.time


@pytest.mark.parametrize("pace", [TOBLER, STEPS], ids=["tobler", "steps"])
def test_the_time_of_a_leg_and_its_derivatives_agree_in_both_forms(pace: Pace) -> None:
    rng = np.random.default_rng(4)
    ground = Ground(np.ones((3, 3)), 10.0, heights=rng.normal(0, 3, (4, 4)), pace=pace)
    surface, _ = to_surface(ground, 2)
    a = Chain(
        np.array([[2.0, 1.0], [2.0, 3.0]]), np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([0.3, 0.6]), np.zeros(2, int)
    )
    b = Chain(
        np.array([[2.0, 2.0], [3.0, 3.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.4, 0.1]), np.zeros(2, int)
    )
    legs = find_legs(a, b, surface)
    compiled = time_legs(a.x, b.x, legs, surface)
    for i in range(2):
        leg = Legs(*(value[i] for value in legs))

        def time(x: Any, next_x: Any, leg: Legs = leg) -> Any:
            return calc_leg_time(x, next_x, leg, pace, np.float64(0.0))  # type: ignore[arg-type]

        assert float(time(a.x[i], b.x[i])) == pytest.approx(compiled[i], rel=1e-14)
        slope = jax.grad(time)(a.x[i], b.x[i])
        step = 1e-6
        difference = (float(time(a.x[i] + step, b.x[i])) - float(time(a.x[i] - step, b.x[i]))) / (2 * step)
        assert float(slope) == pytest.approx(difference, rel=1e-6, abs=1e-8)


def test_routes_descend_together_as_they_do_alone_beside_a_void() -> None:
    slowness, heights = np.ones((3, 3)), np.random.default_rng(4).normal(0, 3, (4, 4))
    slowness[0, 0], heights[0, 0] = np.inf, np.nan
    surface, _ = to_surface(Ground(slowness, 10.0, heights=heights, pace=TOBLER))
    base = np.array([[0.5, 1.5], [1.0, 1.0], [1.5, 1.5], [2.0, 1.0], [2.5, 1.5]])
    along = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    alone = Chain(base, along, np.array([0.0, 0.9, 0.0, 0.1, 0.0]), np.zeros(5, int))
    both = join([alone, alone._replace(route=np.ones(5, int))])
    _, together = descend_slopes(both, surface, 0.01)
    _, single = descend_slopes(alone, surface, 0.01)
    assert together.time == pytest.approx(np.repeat(single.time, 2), rel=1e-9)
    assert single.time[0] < leg_times(alone, surface).sum() * 0.999


def test_a_leg_far_too_slow_is_blocked() -> None:
    """Its pace is a number, exp(150), and its square is none that times can have."""
    heights = np.tile(np.arange(3.0)[:, None], (1, 3))
    surface, _ = to_surface(Ground(np.ones((2, 2)), 1.0, heights=heights, pace=Exponential(150.0, 0.0)))
    ends = Chain(np.array([[0.5, 0.5], [1.0, 0.5]]), np.zeros((2, 2)), np.zeros(2), np.zeros(2, int))
    times, *derivatives = WalkedLegs(ends, surface, 0.0, 1).derive(np.zeros(2))
    assert times.tolist() == [np.inf]
    assert all(np.isfinite(part).all() for part in derivatives)


@pytest.mark.parametrize(("k", "steep"), [(1e3, 3.0), (3.5, 3000.0)])
def test_walks_that_take_for_ever_overflow_nowhere(k: float, steep: float) -> None:
    heights = np.random.default_rng(0).normal(0, steep, (6, 7))
    route = find_route(
        Ground(np.ones((5, 6)), 10.0, heights=heights, pace=Exponential(k, 1e-4)), (12.0, 12.0), (55.0, 48.0), detail=2
    )
    assert route is None or 1e3 < route.time < 1e60


@pytest.mark.parametrize("height", [0.0, 812.5])
def test_level_ground_has_the_routes_of_maps_without_heights(height: float) -> None:
    slowness = np.random.default_rng(1).uniform(0.5, 3.0, (12, 12))
    level = Ground(slowness, 5.0)
    walked = Ground(slowness, 5.0, heights=np.full((13, 13), height), pace=TOBLER)
    ends = (3.0, 4.0), (57.0, 51.0)
    expected, found = find_route(level, *ends), find_route(walked, *ends)
    assert expected is not None
    assert found is not None
    assert found.time == pytest.approx(expected.time, rel=2e-14)
    assert walked.symmetric
    np.testing.assert_array_equal(arrival_times(walked, ends[0]), arrival_times(level, ends[0]))


def test_a_hill_far_away_changes_nothing() -> None:
    slowness = np.ones((8, 24))
    slowness[:, 6:9] = 3.0
    heights = np.zeros((9, 25))
    heights[:, 20:] = 40.0
    level, hilly = Ground(slowness, 10.0), Ground(slowness, 10.0, heights=heights, pace=TOBLER)
    ends = (5.0, 12.0), (150.0, 71.0)
    expected, found = find_route(level, *ends), find_route(hilly, *ends)
    assert expected is not None
    assert found is not None
    assert hilly.hilly
    assert expected.time * (1 - 1e-14) <= found.time <= expected.time * (1 + 1e-5)


def best_on_plane(slope: float, way: np.ndarray) -> float:
    """The time of Tobler's fastest walk on a plane that rises to the east, per second per metre on level ground.

    Directions too steep for the straight line are walked in switchbacks, at the slope 1/k: the convex hull of the pace.
    """
    k, s0, length = 3.5, 0.05, float(np.hypot(*way))
    m = slope * float(way[0]) / length
    bounded = min(max(m, -1 / k), 1 / k)
    return length * math.exp(k * (abs(bounded + s0) - s0)) * max(1.0, k * abs(m))


@pytest.mark.slow
@pytest.mark.parametrize("slope", [0.0, 0.1, 0.3, 0.6, 1.0])
def test_on_a_plane_routes_are_the_best_there_are_in_all_directions(slope: float) -> None:
    """Every 15 degrees from straight up to straight down, left and right in turn, which are mirrored."""
    cells = 16
    heights = np.tile(np.arange(cells + 1) * slope * 10.0, (cells + 1, 1))
    ground = Ground(np.ones((cells, cells)), 10.0, heights=heights, pace=TOBLER)
    start = np.array([5.013, 5.021]) * cells
    for i in range(13):
        angle = (-1) ** i * i * math.pi / 12
        way = 4.5 * cells * np.array([math.cos(angle), math.sin(angle)])
        route = find_route(ground, start, start + way)
        assert route is not None
        excess = route.time / best_on_plane(slope, way) - 1
        assert -1e-13 < excess < (1e-3 if slope == 1.0 else 1e-4)


def test_the_way_back_is_another_way_unless_the_pace_is_mirrored() -> None:
    heights = make_hills(30, 30, 60.0, 5)
    there = Ground(np.ones((30, 30)), 20.0, heights=heights, pace=TOBLER)
    mirrored = Ground(np.ones((30, 30)), 20.0, heights=heights, pace=Exponential(3.5, -0.05))
    a, b = (40.0, 45.0), (560.0, 530.0)
    up, down, back = find_route(there, a, b), find_route(there, b, a), find_route(mirrored, b, a)
    assert up is not None
    assert down is not None
    assert back is not None
    lengths, slowness = find_route_legs(mirrored, up.points[::-1])
    assert float((lengths * slowness).sum()) == pytest.approx(up.time, rel=1e-12)
    assert back.time == pytest.approx(up.time, rel=1e-4)
    assert abs(down.time / up.time - 1) > 1e-3


def test_smaller_cells_with_the_same_surface_have_the_same_routes() -> None:
    heights = make_hills(10, 10, 30.0, 6)
    finer = np.empty((21, 21))
    finer[::2, ::2] = heights
    finer[1::2, ::2] = (heights[:-1] + heights[1:]) / 2
    finer[:, 1::2] = (finer[:, :-1:2] + finer[:, 2::2]) / 2
    slowness = np.random.default_rng(2).uniform(0.5, 2.0, (10, 10))
    coarse = Ground(slowness, 20.0, heights=heights, pace=TOBLER)
    fine = Ground(np.repeat(np.repeat(slowness, 2, 0), 2, 1), 10.0, heights=finer, pace=TOBLER)
    one, two = (
        find_route(coarse, (11.0, 13.0), (190.0, 181.0)),
        find_route(fine, (11.0, 13.0), (190.0, 181.0), detail=2),
    )
    assert one is not None
    assert two is not None
    assert two.time == pytest.approx(one.time, rel=1e-4)
    lengths, slownesses = find_route_legs(fine, one.points)
    assert float((lengths * slownesses).sum()) == pytest.approx(one.time, rel=1e-12)


@pytest.mark.slow
def test_a_wider_search_at_the_same_sub_cells_finds_little() -> None:
    walks = importlib.import_module("benchmarks.walks")
    size, cell = 25, 30.0
    elevation = walks.Elevation(make_hills(size, size, 120.0, 1), cell)
    assert np.abs(np.diff(elevation.heights, axis=0) / cell).max() > 0.6
    for ends in (((2, 3), (23, 21)), ((23, 21), (2, 3))):
        path, wider = (search(elevation, walks.TOBLER, *ends) for search in (walks.walk_any_angle, walks.walk_widely))
        found, best = (walks.time_walk(elevation, walks.TOBLER, nodes) for nodes in (path, wider))
        assert found < best * (1 + 1e-4)


@pytest.mark.slow
def test_no_route_enters_what_is_closed_or_climbs_what_is_too_steep() -> None:
    rng = np.random.default_rng(8)
    reached = 0
    for _ in range(200):
        rows, cols = rng.integers(3, 8, 2)
        slowness = np.where(rng.random((rows, cols)) < 0.25, np.inf, rng.uniform(0.5, 2.0, (rows, cols)))
        heights = rng.normal(0, 2.0, (rows + 1, cols + 1))
        void = rng.random((rows + 1, cols + 1)) < 0.04
        around = void[:-1, :-1] | void[:-1, 1:] | void[1:, :-1] | void[1:, 1:]
        slowness[around] = np.inf
        heights[void] = np.nan
        free = np.argwhere(np.isfinite(slowness))
        if len(free) < 2:
            continue
        (r, c), (r2, c2) = free[rng.choice(len(free), 2, replace=False)]
        steepest = float(rng.choice([np.inf, 0.5, 0.3]))
        ground = Ground(slowness, 10.0, heights=heights, pace=TOBLER, max_slope=steepest)
        ends = [ground.to_xy(np.array(end) + rng.uniform(0.1, 0.9, 2)) for end in ((r, c), (r2, c2))]
        route, level = find_route(ground, *ends, detail=2), find_route(Ground(slowness, 10.0), *ends)
        if steepest == np.inf:
            assert (route is None) == (level is None)
        if route is None:
            continue
        reached += 1
        check_walkable(ground, route)
    assert reached > 80


def check_walkable(ground: Ground, route: Route) -> None:
    """Every leg lies in a free cell, is not too steep, and touches no closed corner."""
    slowness, cell = np.asarray(ground.slowness), float(ground.cell)
    places, cells = ground.to_cells(route.points), find_leg_cells(ground, route.points)
    long = np.hypot(*np.diff(places, axis=0).T) > 1e-9
    assert np.isfinite(slowness[tuple(cells[long].T)]).all()
    at_corner = np.abs(places - np.rint(places)).max(axis=1) < 1e-9
    row, col = np.rint(places[at_corner]).astype(int).T
    assert not closed_corners(slowness)[row, col].any()
    heights = np.asarray(ground.heights)
    for (a, b), (row, col) in zip(itertools.pairwise(places), cells, strict=True):
        length = float(np.hypot(*(b - a)))
        if length < 1e-9:
            continue
        corners = heights[row : row + 2, col : col + 2]
        for r, c in (a - [row, col], b - [row, col]):
            south = (1 - c) * (corners[1, 0] - corners[0, 0]) + c * (corners[1, 1] - corners[0, 1])
            east = (1 - r) * (corners[0, 1] - corners[0, 0]) + r * (corners[1, 1] - corners[1, 0])
            slope = (south * (b - a)[0] + east * (b - a)[1]) / (length * cell)
            assert abs(slope) <= float(ground.max_slope) * (1 + 1e-9) + 1e-9


def test_a_wall_too_steep_to_climb_is_walked_around_or_not_passed() -> None:
    heights = np.zeros((9, 9))
    heights[:, 5:] = 30.0
    heights[7:, :] = 0.0
    ground = Ground(np.ones((8, 8)), 10.0, heights=heights, pace=TOBLER, max_slope=1.0)
    route = find_route(ground, (15.0, 55.0), (75.0, 5.0))
    assert route is not None
    check_walkable(ground, route)
    assert route.straight_time == np.inf
    heights[7:, 5:] = 30.0
    wall = Ground(np.ones((8, 8)), 10.0, heights=heights, pace=TOBLER, max_slope=0.2)
    assert find_route(wall, (15.0, 55.0), (75.0, 5.0)) is None


def test_a_graph_on_sub_cells_without_a_way_leaves_that_on_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    ground = Ground(np.ones((12, 12)), 20.0, heights=make_hills(12, 12, 20.0, 7), pace=TOBLER)
    monkeypatch.setattr(walk_graphs, "WHOLE", ())
    lay = walk_graphs.lay_graph

    def lay_none(surface: Any, *arguments: Any) -> Any:
        level = lay(surface, *arguments)
        if surface.detail > 1:
            level.paths.from_start[:] = np.inf
        return level

    monkeypatch.setattr(walk_graphs, "lay_graph", lay_none)
    route = find_route(ground, (15.0, 25.0), (222.0, 215.0))
    assert route is not None
    assert route.time == pytest.approx(time_by_quadrature(ground, route.points), rel=1e-12)


@pytest.mark.parametrize(
    ("without_a_way", "laid"),
    [
        ((walk_graphs.FEW, 4), [walk_graphs.FEW, 4, 8]),  # evenly spaced points where creases cannot be traced
        ((0,), [walk_graphs.FEW, 0, 4, 0]),  # and where none of the creases leads to the goal
    ],
)
def test_some_nodes_may_have_a_way_where_others_have_none(
    without_a_way: tuple[int, ...], laid: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = Ground(np.ones((12, 12)), 20.0, heights=make_hills(12, 12, 30.0, 9), pace=TOBLER)
    surface, _ = to_surface(ground, 2)
    monkeypatch.setattr(walk_graphs, "WHOLE", ())
    monkeypatch.setattr(walk_graphs, "EFFORTS", {math.inf: walk_graphs.EFFORTS[500_000]._replace(creases=(4, 4, 4, 8))})
    lay = walk_graphs.lay_graph
    points_laid = []

    def lay_none(surface: Any, start: Any, goal: Any, inside: Any, points: int, *arguments: Any) -> Any:
        level = lay(surface, start, goal, inside, points, *arguments)
        if surface.detail == 2:
            points_laid.append(points)
            if points in without_a_way:
                level.paths.from_start[:] = np.inf
        return level

    monkeypatch.setattr(walk_graphs, "lay_graph", lay_none)
    level = lay_graphs(surface, np.array([0.5, 0.5]), np.array([11.3, 11.1]))
    assert level is not None
    assert math.isfinite(level.paths.best)
    assert level.surface.detail == 2
    assert points_laid[: len(laid)] == laid


@pytest.mark.parametrize(("long", "counts"), [(1, [4, 5, 6, 8]), (10_000, [4, 5, 6])])
def test_a_long_way_is_searched_along_more_creases(
    long: int, counts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = Ground(np.ones((12, 12)), 20.0, heights=make_hills(12, 12, 30.0, 9), pace=TOBLER)
    surface, _ = to_surface(ground, 2)
    monkeypatch.setattr(walk_graphs, "WHOLE", ())
    monkeypatch.setattr(walk_graphs, "LONG", long)
    thorough = walk_graphs.EFFORTS[500_000]._replace(creases=(4, 3, 5, 6, 8))
    monkeypatch.setattr(walk_graphs, "EFFORTS", {math.inf: thorough})
    traced = []

    def trace_and_note(*arguments: Any) -> Any:
        traced.append(arguments[4])
        return trace_creases(*arguments)

    monkeypatch.setattr(walk_graphs, "trace_creases", trace_and_note)
    assert lay_graphs(surface, np.array([0.5, 0.5]), np.array([11.3, 11.1])) is not None
    assert traced[: len(counts) + 1] in (counts, [*counts, 4])  # the search may be repeated on more of the map


def test_a_large_map_is_searched_in_blocks_first_and_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    ground = Ground(np.ones((60, 60)), 20.0, heights=make_hills(60, 60, 90.0, 7), pace=TOBLER)
    ends = (95.0, 110.0), (1130.0, 1010.0)
    whole = find_route(ground, *ends, detail=2)
    monkeypatch.setattr(walk_graphs, "SMALL", 100)
    monkeypatch.setattr(walk_graphs, "BLOCKS", 12)
    blocks = find_route(ground, *ends, detail=2)
    thorough = walk_graphs.EFFORTS[500_000]
    narrow = thorough._replace(blocks=1e-3, width=1e-4)  # far too narrow: both are widened
    monkeypatch.setattr(walk_graphs, "EFFORTS", {math.inf: narrow})
    widened = find_route(ground, *ends, detail=2)
    assert whole is not None
    assert blocks is not None
    assert widened is not None
    assert blocks.time == pytest.approx(whole.time, rel=1e-4)
    assert widened.time == pytest.approx(whole.time, rel=1e-4)


@pytest.mark.parametrize("detail", [1, 3, 5, 6])
def test_any_number_of_sub_cells_will_do(detail: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk_graphs, "EFFORTS", {math.inf: walk_graphs.EFFORTS[500_000]._replace(large=10)})
    ground = Ground(np.ones((6, 6)), 20.0, heights=make_hills(6, 6, 20.0, 9), pace=TOBLER)
    surface, _ = to_surface(ground, detail)
    level = lay_graphs(surface, np.array([0.5, 0.5]), np.array([5.3, 5.1]))
    assert level is not None
    assert level.surface.detail == detail
    with pytest.raises(ValueError, match="detail must be a whole number from 1"):
        find_route(ground, (5.0, 5.0), (90.0, 90.0), detail=0)


def test_who_stays_needs_no_time() -> None:
    ground = Ground(np.ones((3, 3)), heights=make_hills(3, 3, 1.0, 1), pace=TOBLER)
    route = find_route(ground, (1.2, 1.3), (1.2, 1.3))
    assert route is not None
    assert (route.time, route.distance) == (0.0, 0.0)


@pytest.mark.parametrize(("slope", "root", "area"), [(0.1, 2e-3, 0.01), (0.3, 9e-3, 0.03), (0.6, 0.02, 0.07)])
def test_arrival_times_on_a_plane_are_hardly_too_long(slope: float, root: float, area: float) -> None:
    n = 50
    heights = np.tile(np.arange(n + 1) * slope * 10.0, (n + 1, 1))
    ground = Ground(np.ones((n, n)), 10.0, heights=heights, pace=TOBLER)
    at = np.array([253.0, 248.0])
    there, back = np.asarray(arrival_times(ground, at)), np.asarray(remaining_times(ground, at))
    x, y = np.meshgrid(np.arange(n + 1) * 10.0, np.arange(n, -1, -1) * 10.0)
    ways = np.stack([x, y], axis=-1) - at
    best = np.array([[best_on_plane(slope, way) for way in row] for row in ways])
    best_back = np.array([[best_on_plane(slope, -way) for way in row] for row in ways])
    for times, least in ((there, best), (back, best_back)):
        excess = times / least - 1
        assert excess.min() > -1e-12
        assert float(np.sqrt(np.mean(excess**2))) < root
    [isochrone] = find_isochrones(ground, there, at, [120.0])
    angles = np.linspace(0, 2 * np.pi, 3600, endpoint=False)
    reach = np.array([120.0 / best_on_plane(slope, np.array([math.cos(a), math.sin(a)])) for a in angles])
    exact = float(np.mean(reach**2)) * np.pi
    assert isochrone.area == pytest.approx(exact, rel=area)
    [small] = find_isochrones(ground, there, at, [2.0])  # within a cell
    assert small.area == pytest.approx(exact / 60**2, rel=0.15)


def test_slopes_cannot_be_traced() -> None:
    ground = Ground(np.ones((3, 3)), heights=make_hills(3, 3, 1.0, 1), pace=TOBLER)
    with pytest.raises(ValueError, match="cannot be traced"):
        jax.grad(lambda h: arrival_times(Ground(ground.slowness, heights=h, pace=TOBLER), (1.0, 1.0))[0, 0])(
            ground.heights
        )


@pytest.mark.slow
@pytest.mark.skipif(DATA is None, reason="TERRAIN_TEST_DATA is not set")
def test_red_butte_is_walked_faster_than_by_other_programs() -> None:
    rasterio = pytest.importorskip("rasterio")
    with rasterio.open(Path(str(DATA)) / "red_butte_53m.tif") as dem:
        heights, cell, (west, north) = dem.read(1).astype(float), dem.res[0], dem.xy(0, 0)
    level = 6 / 3.6 * math.exp(-3.5 * 0.05)
    corner = (west, north - (len(heights) - 1) * cell)
    known = np.isfinite(heights)
    free = known[:-1, :-1] & known[:-1, 1:] & known[1:, :-1] & known[1:, 1:]
    ground = Ground(np.where(free, 1 / level, np.inf), cell, corner, heights, TOBLER)
    a, b = (431493.90, 4514294.91), (435518.41, 4517525.10)
    for ends, detail, most in (((a, b), 4, 4883), ((b, a), 4, 3524.5), ((b, a), 8, 3499.5)):
        route = find_route(ground, *ends, detail=detail)
        assert route is not None
        assert route.time <= most
        assert route.time == pytest.approx(time_by_quadrature(ground, route.points), rel=1e-12)
