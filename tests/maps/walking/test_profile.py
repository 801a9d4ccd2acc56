"""The profile of a walk: elevations, slopes, ascent and the time table, against surfaces computed by hand."""

import math

import numpy as np
import pytest

from terrain_cli.geo.crs import find_bearing
from terrain_cli.maps.ground import Ground
from terrain_cli.maps.walking.pace import Exponential
from terrain_cli.maps.walking.profile import (
    Row,
    add_points,
    choose_step,
    find_ascents,
    find_bearings,
    find_extent,
    find_profile,
    find_rows,
)

TOBLER = Exponential()


def make(heights: np.ndarray, cell: float = 10.0, slowness: np.ndarray | None = None) -> Ground:
    rows, cols = heights.shape[0] - 1, heights.shape[1] - 1
    return Ground(np.ones((rows, cols)) if slowness is None else slowness, cell, (100.0, 200.0), heights, TOBLER)


def plane(rows: int = 4, cols: int = 5) -> Ground:
    """0.1 up to the east and 0.2 up to the north, 50 m at the south-west corner."""
    return make(50.0 + 1.0 * np.arange(cols + 1) + 2.0 * np.arange(rows, -1, -1)[:, None])


def ridge() -> Ground:
    """A cell whose diagonals rise to a saddle: its north-west and south-east corners are 8 m high, the others 0 m."""
    return make(np.array([[8.0, 0.0], [0.0, 8.0]]))


class TestProfile:
    def test_on_a_plane_the_elevation_is_that_of_the_plane(self) -> None:
        points = np.array(
            [[105.0, 205.0], [110.0, 210.0], [120.0, 220.0], [120.0, 230.0], [113.0, 230.0], [110.0, 230.0]]
        )
        profile = find_profile(plane(), points)
        expected = 50.0 + 0.1 * (points[:, 0] - 100) + 0.2 * (points[:, 1] - 200)
        np.testing.assert_allclose(profile.elevation, expected, rtol=1e-13)
        diagonal = 0.3 / math.sqrt(2)
        expected_slopes = [diagonal, diagonal, 0.2, -0.1, -0.1]
        np.testing.assert_allclose(profile.slopes, np.repeat(expected_slopes, 2).reshape(-1, 2), atol=1e-13)
        np.testing.assert_allclose(profile.mean_slopes, expected_slopes, atol=1e-13)
        assert profile.distance[-1] == pytest.approx(15 * math.sqrt(2) + 20, rel=1e-14)

    def test_the_slope_changes_linearly_along_a_leg(self) -> None:
        profile = find_profile(ridge(), np.array([[100.0, 200.0], [110.0, 210.0]]))  # height 16 t (1 - t)
        np.testing.assert_allclose(profile.elevation, [0, 0], atol=1e-14)
        np.testing.assert_allclose(profile.slopes, [[16 / math.hypot(10, 10), -16 / math.hypot(10, 10)]], rtol=1e-14)

    def test_legs_without_length_have_the_height_of_their_place(self) -> None:
        points = np.array([[105.0, 205.0]] * 3 + [[108.0, 205.0]] * 2)
        profile = find_profile(plane(), points)
        np.testing.assert_allclose(profile.elevation, [51.5, 51.5, 51.5, 51.8, 51.8], rtol=1e-14)
        np.testing.assert_array_equal(profile.slopes[[0, 1, 3]], 0.0)
        alone = find_profile(plane(), points[:1])
        assert (alone.elevation.tolist(), alone.time.tolist()) == ([pytest.approx(51.5)], [0.0])

    def test_beside_a_void_the_height_is_that_of_the_free_cell(self) -> None:
        heights = np.array([[1.0, 2.0, np.nan], [1.0, 2.0, 3.0]])
        ground = make(heights, slowness=np.array([[1.0, np.inf]]))
        np.testing.assert_allclose(find_profile(ground, np.array([[110.0, 200.0], [110.0, 210.0]])).elevation, [2, 2])
        assert find_profile(ground, np.array([[110.0, 204.0]])).elevation.tolist() == [2.0]

    def test_ground_without_heights_is_refused(self) -> None:
        with pytest.raises(ValueError, match="ground must have heights"):
            find_profile(Ground(np.ones((2, 2))), np.array([[0.5, 0.5], [0.7, 0.5]]))


class TestPoints:
    def test_summits_and_marks_are_added_in_their_order(self) -> None:
        points, where = add_points(ridge(), np.array([[100.0, 200.0], [110.0, 210.0]]), [1.0, 10.0])
        along = np.array([0, 1.0, 5 * math.sqrt(2), 10.0, 10 * math.sqrt(2)])
        np.testing.assert_allclose(
            points, (np.array([100.0, 200.0]) + np.outer(along, [1, 1]) / math.sqrt(2)), rtol=1e-14
        )
        assert where.tolist() == [1, 3]

    def test_a_mark_at_a_point_is_that_point(self) -> None:
        route = np.array([[100.0, 200.0], [110.0, 200.0], [120.0, 200.0]])
        points, where = add_points(plane(), route, [10.0 + 1e-9, 20.0, 0.0])
        assert points.tolist() == route.tolist()
        assert where.tolist() == [1, 2, 0]

    def test_length_and_time_stay_the_same(self) -> None:
        heights = np.random.default_rng(3).uniform(0, 4, (5, 6))
        ground = make(heights, slowness=np.random.default_rng(4).uniform(0.5, 2, (4, 5)))
        route = np.array([[101.0, 203.0], [110.0, 208.0], [120.0, 207.0], [128.0, 210.0], [130.0, 214.0]])
        points, _ = add_points(ground, route, np.linspace(0, 30, 12).tolist())
        assert len(points) > 15
        before, after = find_profile(ground, route), find_profile(ground, points)
        assert after.distance[-1] == pytest.approx(before.distance[-1], rel=1e-14)
        assert after.time[-1] == pytest.approx(before.time[-1], rel=1e-12)
        assert np.all(after.slopes[:, 0] * after.slopes[:, 1] > -1e-9)


def most_climbing(heights: np.ndarray, threshold: float) -> float:
    """Ascent and descent together of the choice of points, both ends included, that has most of them if each rise and each fall
    is at least the threshold; the plain difference if there is no such choice. By dynamic programming."""
    rising, falling = (np.full(len(heights), -np.inf) for _ in range(2))
    rising[0] = falling[0] = 0.0
    for j in range(1, len(heights)):
        for i in range(j):
            change = heights[j] - heights[i]
            if change >= threshold:
                rising[j] = max(rising[j], falling[i] + change)
            if -change >= threshold:
                falling[j] = max(falling[j], rising[i] - change)
    return float(max(rising[-1], falling[-1], abs(heights[-1] - heights[0])))


class TestClimbs:
    @pytest.mark.parametrize(
        ("heights", "threshold", "ascent", "descent"),
        [
            ([0, 5, 2, 50], 3, [0, 5, 5, 53], [0, 0, 3, 3]),
            ([0, 5, 2, 50], 3.1, [0, 5, 5, 50], [0, 0, 0, 0]),  # the dip of 3 m is left out
            ([0, 2, -100], 3, [0, 0, 0], [0, 0, 100]),  # and so is a rise of 2 m at the start
            ([0, 2], 3, [0, 2], [0, 0]),  # but both ends count
            ([7], 3, [0], [0]),
            ([7, 7, 7], 0, [0, 0, 0], [0, 0, 0]),
            ([0, 4, 4, 4, 0], 3, [0, 4, 4, 4, 4], [0, 0, 0, 0, 4]),
            ([0, 1, 0, 1, 0], 0, [0, 1, 1, 2, 2], [0, 0, 1, 1, 2]),
            ([0, 1, 0, 1, 0], 1.5, [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]),
        ],
    )
    def test_by_hand(self, heights: list[float], threshold: float, ascent: list[float], descent: list[float]) -> None:
        found = find_ascents(np.array(heights, dtype=np.float64), threshold)
        assert [part.tolist() for part in found] == [ascent, descent]

    def test_it_is_the_most_climbing_in_rises_and_falls_of_at_least_the_threshold(self) -> None:
        rng = np.random.default_rng(5)
        for _ in range(300):
            heights = rng.integers(0, 12, rng.integers(2, 12)).astype(np.float64)
            threshold = float(rng.integers(1, 6))
            ascent, descent = find_ascents(heights, threshold)
            assert ascent[-1] + descent[-1] == most_climbing(heights, threshold)
            assert ascent[-1] - descent[-1] == heights[-1] - heights[0]
            assert np.all(np.diff(ascent) >= 0)
            assert np.all(np.diff(descent) >= 0)
            back = find_ascents(heights[::-1], threshold)
            assert (back[0][-1], back[1][-1]) == (descent[-1], ascent[-1])

    def test_three_metres_unless_told_otherwise(self) -> None:
        heights = np.array([0.0, 10.0, 7.1, 20.0])
        assert find_ascents(heights)[0][-1] == 20.0
        assert find_ascents(heights, 2.0)[0][-1] == pytest.approx(22.9)

    def test_a_plane_is_climbed_by_its_height(self) -> None:
        points = np.array([[100.0, 200.0], [110.0, 210.0], [120.0, 220.0]])
        extent = find_extent(plane(), points)
        assert [extent.ascent, extent.descent] == pytest.approx([6.0, 0.0])
        assert (extent.highest, extent.lowest, extent.summit) == pytest.approx((56.0, 50.0, 20 * math.sqrt(2)))
        back = find_extent(plane(), points[::-1])
        assert [back.ascent, back.descent, back.summit] == pytest.approx([0.0, 6.0, 0.0])
        assert [back.steepest_up, back.steepest_down] == pytest.approx([0.0, -0.3 / math.sqrt(2)])

    def test_a_summit_between_two_points_counts(self) -> None:
        extent = find_extent(ridge(), np.array([[100.0, 200.0], [110.0, 210.0]]))  # 4 m over the saddle
        assert (extent.ascent, extent.descent, extent.highest) == pytest.approx((4.0, 4.0, 4.0))
        assert extent.summit == pytest.approx(5 * math.sqrt(2))
        dip = find_extent(ridge(), np.array([[100.0, 210.0], [110.0, 200.0]]))  # and 4 m down along the other diagonal
        assert (dip.ascent, dip.descent, dip.highest, dip.lowest) == pytest.approx((4.0, 4.0, 8.0, 4.0))
        flat = find_extent(ridge(), np.array([[100.0, 200.0], [110.0, 210.0]]), threshold=5.0)
        assert [flat.ascent, flat.descent, flat.highest] == pytest.approx([0.0, 0.0, 4.0])


class TestRows:
    ROUTE = np.array([[100.0, 200.0], [110.0, 200.0], [120.0, 200.0], [120.0, 210.0], [120.0, 220.0], [120.0, 230.0]])
    STOPS = (("start", "start", 0), ("via", "bend", 2), ("goal", "hut", 5))

    def test_marks_and_stops_in_order_with_all_that_is_counted(self) -> None:
        rows = find_rows(plane(), self.ROUTE, self.STOPS, step=10.0, threshold=0.0)
        assert [(row.kind, row.name, row.distance) for row in rows] == [
            ("start", "start", 0),
            ("mark", "", 10),
            ("via", "bend", 20),
            ("mark", "", 30),
            ("mark", "", 40),
            ("goal", "hut", 50),
        ]
        assert [row.elevation for row in rows] == pytest.approx([50, 51, 52, 54, 56, 58])
        assert [row.ascent for row in rows] == pytest.approx([0, 1, 2, 4, 6, 8])
        assert {row.descent for row in rows} == {0.0}
        assert rows[3].at == (120.0, 210.0)
        whole = find_profile(plane(), self.ROUTE)
        assert rows[-1].time == pytest.approx(whole.time[-1], rel=1e-13)
        assert [row.time for row in rows] == sorted(row.time for row in rows)

    def test_a_mark_need_not_be_a_point_of_the_route(self) -> None:
        rows = find_rows(plane(), self.ROUTE, self.STOPS, step=16.0)
        assert [row.distance for row in rows] == [0, 16, 20, 32, 48, 50]
        assert rows[3].at == pytest.approx((120.0, 212.0))
        assert rows[3].elevation == pytest.approx(54.4)

    def test_the_total_is_a_stop_and_no_mark(self) -> None:
        assert [row.kind for row in find_rows(plane(), self.ROUTE, self.STOPS, step=25.0)] == [
            "start",
            "via",
            "mark",
            "goal",
        ]
        assert [row.kind for row in find_rows(plane(), self.ROUTE, self.STOPS, step=1e6)] == ["start", "via", "goal"]

    def test_a_route_without_length_has_its_ends(self) -> None:
        rows = find_rows(plane(), self.ROUTE[[0, 0]], (("start", "A", 0), ("goal", "B", 1)))
        assert [(row.name, row.distance, row.time, row.elevation) for row in rows] == [("A", 0, 0, 50), ("B", 0, 0, 50)]
        assert find_bearings(rows, None) == [None, None]

    @pytest.mark.parametrize(
        ("distance", "step"),
        [(0, 1), (25, 1), (30, 1), (31, 10), (2400, 100), (3000, 100), (3001, 1000), (25000, 1000)],
    )
    def test_the_step_suits_the_route(self, distance: float, step: float) -> None:
        assert choose_step(distance) == pytest.approx(step)


def row(at: tuple[float, float]) -> Row:
    return Row("mark", "", at, 0.0, 0.0, 0.0, 0.0, 0.0)


class TestBearings:
    def test_from_the_north_of_the_map_to_the_east(self) -> None:
        places = [(0, 0), (0, 5), (5, 10), (10, 10), (10, 2), (10, 2), (3, 2)]
        assert find_bearings([row(at) for at in places], None) == [0, 45, 90, 180, None, 270, None]

    def test_with_a_crs_from_true_north(self) -> None:
        pytest.importorskip("pyproj", reason="needs the extra geo")
        # 1 degree west of the central meridian of its zone, grid north differs by 1 degree times the sine of the latitude.
        x, y = 424000.0, 5094400.0  # about 46 N, 112 W in zone 12 (central meridian 111 W)
        found = find_bearing("EPSG:32612", (x, y), (x, y + 1000))
        assert found == pytest.approx(
            360 - math.degrees(math.asin(math.sin(math.radians(46)) * math.sin(math.radians(0.981)))), abs=0.02
        )
        bearings = find_bearings([row((x, y)), row((x + 1000, y))], "EPSG:32612")
        assert bearings[0] == pytest.approx((found + 90) % 360, abs=0.01)
