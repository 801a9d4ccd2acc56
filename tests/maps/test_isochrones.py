"""Isochrones: areas of the ground that is reached, as valid polygons."""

import math
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from terrain_cli.maps.fields.arrival import arrival_times
from terrain_cli.maps.ground import Ground
from terrain_cli.maps.isochrones import find_isochrones
from tests.maps.fields.reference import draw_small, find_times

RADII = (1e-6, 0.003, 0.1, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0)  # cells


def find(ground: Ground, start: Any, levels: list[float]) -> list[Any]:
    """The areas reached, as shapes, the areas of which are those of the isochrones."""
    found = find_isochrones(ground, np.asarray(arrival_times(ground, start)), start, levels)
    shapes = [shape(isochrone.to_geometry()) for isochrone in found]
    assert [area.area for area in shapes] == pytest.approx(
        [isochrone.area for isochrone in found], rel=1e-6, abs=1e-300
    )
    return shapes


def check(areas: list[Any], start: Any, cell: float) -> None:
    """Valid polygons, each of which holds the start and the one before it."""
    before = shapely.Polygon()
    for area in areas:
        assert area.is_valid, shapely.is_valid_reason(area)
        assert area.distance(shapely.Point(start)) <= 1e-9 * cell
        assert before.difference(area).area <= 1e-7 * before.area
        before = area


@pytest.mark.parametrize("start", [(20, 18), (20.31, 18.44), (20.5, 18), (1, 2.2), (0, 0)])
def test_on_even_ground_they_are_discs(start: tuple[float, float]) -> None:
    cell, slowness = 30.0, 0.5
    ground = Ground(np.full((36, 64), slowness), cell, (4e5, 5e6))
    at = 4e5 + cell * start[0], 5e6 + cell * start[1]
    areas = find(ground, at, [radius * cell * slowness for radius in RADII])
    check(areas, at, cell)
    for radius, area in zip(RADII, areas, strict=True):
        disc = shapely.Point(at).buffer(radius * cell, quad_segs=256).intersection(shapely.box(*ground.extent))
        assert area.area == pytest.approx(disc.area, rel=3e-3)
        if radius > 1e-3:
            assert area.symmetric_difference(disc).area < 5e-3 * disc.area


def test_a_slow_cell_counts_as_far_as_it_is_reached() -> None:
    ground = Ground([[1, 1, 1], [1, 100, 1], [1, 1, 1]], 100)
    areas = find(ground, (50, 50), [400.0, 4000.0, 6000.0])
    check(areas, (50, 50), 100)
    slow = shapely.box(100, 100, 200, 200)
    # From each side, the front is a line that moves at a hundredth of the speed along the side.
    deep = [min((400 - math.hypot(50, 50) - along) / 100, 50) for along in (0, 100)]
    left = 10_000 - areas[0].intersection(slow).area
    assert (100 - 2 * deep[0]) ** 2 < left < (100 - 2 * deep[1] + 1) ** 2
    assert len(areas[1].geoms[0].interiors) == 1
    assert areas[2].area == 90_000


def test_rings_that_meet_at_a_closed_corner_are_split() -> None:
    """The ring around the blocked cells touches itself where two of them touch, and where they touch the border of the map."""
    b = math.inf
    ground = Ground([[1, 1, 1, 1], [1, b, 1, 1], [1, 1, b, 1], [1, 1, 1, 1]])
    [area] = find(ground, (0.5, 0.5), [100.0])
    check([area], (0.5, 0.5), 1)
    assert area.area == 14
    assert [len(polygon.interiors) for polygon in area.geoms] == [2]
    ring = Ground([[1, 1, 1, 1], [1, b, b, 1], [b, 1, b, 1], [1, 1, 1, 1]])  # the free cell in it is reached from below
    [area] = find(ring, (0.5, 3.5), [100.0])
    check([area], (0.5, 3.5), 1)
    assert area.area == 12


def test_random_maps() -> None:
    """Valid, nested, with the start, without blocked ground, and as large as a search on cells divided into 8 x 8 says."""
    for seed in range(60):
        slowness, (row, col) = draw_small(seed, (10, 100, 1000)[seed % 3], most=7)
        cell = (1.0, 30.0, 0.25)[seed % 3]
        ground = Ground(slowness, cell, (4e5, 5e6) if seed % 2 else (0, 0))
        start = ground.to_xy((row, col))
        times = np.asarray(arrival_times(ground, start))
        known = times[np.isfinite(times) & (times > 0)]
        levels = sorted([*np.quantile(known, [0, 0.3, 0.7]), known[len(known) // 2], 10 * known.max()])
        areas = find(ground, start, levels)
        check(areas, start, cell)
        blocked = shapely.union_all(
            [
                shapely.box(*ground.to_xy((r + 1, c)), *ground.to_xy((r, c + 1)))
                for r, c in np.argwhere(np.isinf(slowness))
            ]
        )
        assert areas[-1].intersection(blocked).area < 1e-9 * cell**2


def test_areas_on_uneven_ground() -> None:
    for seed in range(3):
        slowness, (row, col) = draw_small(seed, 30, most=4)
        ground = Ground(slowness)
        parts = 12
        fine = np.kron(slowness, np.ones((parts, parts)))
        times = find_times(fine, (row * parts, col * parts), count=4, nearest=0.01) / parts
        middle = (times[:-1, :-1] + times[1:, 1:] + times[1:, :-1] + times[:-1, 1:]) / 4
        for share in (0.3, 0.6):
            level = float(np.quantile(times[np.isfinite(times)], share))
            reached = np.count_nonzero(np.isfinite(fine) & (middle <= level)) / parts**2
            [area] = find(ground, ground.to_xy((row, col)), [level])
            assert area.area == pytest.approx(reached, rel=0.02, abs=0.03)


def test_beside_a_level_that_is_the_time_of_a_corner() -> None:
    """Contours through points of the mesh could touch themselves there."""
    ground = Ground(np.ones((6, 6)))
    areas = find(ground, (3, 3), [1.0, 2.0, math.sqrt(2), math.sqrt(8), 3.0, 5.0][:4])
    assert all(area.is_valid for area in areas)
    checker = Ground(np.where(np.indices((6, 6)).sum(0) % 2, 1.0, 3.0))
    areas = find(checker, (3, 3), [1.0, 2.0, 3.0, 4.0])
    check(areas, (3, 3), 1)


def test_a_start_in_blocked_ground_reaches_nothing() -> None:
    ground = Ground([[1, math.inf]])
    times = np.asarray(arrival_times(ground, (1.5, 0.5)))
    [nothing] = find_isochrones(ground, times, (1.5, 0.5), [1.0])
    assert (nothing.area, nothing.polygons) == (0, ())


@pytest.mark.parametrize("factor", [1e-46, 1e46])
def test_any_unit_will_do(factor: float) -> None:
    ground = Ground(np.full((5, 6), factor))
    [area] = find(ground, (2.2, 3.1), [1.5 * factor])
    assert area.area == pytest.approx(math.pi * 1.5**2, rel=3e-3)
