"""Ways from the start and to the goal, followed down the times."""

import math

import numpy as np

from terrain_cli.maps.fields.arrival import solve_eikonal
from terrain_cli.maps.routes.backtrack import join_ways, ways_from_start, ways_to_goal

START, GOAL = np.array([4.3, 5.2]), np.array([15.1, 22.8])
CORNERS = np.array([[20, 30], [0, 0], [4, 5], [10, 0]])
PADDED = np.pad(np.ones((20, 30)), 1, constant_values=np.inf)


def length(way: np.ndarray) -> float:
    return float(np.hypot(*np.diff(way, axis=0).T).sum())


def test_ways_run_in_the_direction_of_travel_and_are_nearly_straight() -> None:
    from_start, to_goal = (np.asarray(solve_eikonal(np.ones((20, 30)), end)) for end in (START, GOAL))
    before = ways_from_start(from_start, START, CORNERS, PADDED)
    after = ways_to_goal(to_goal, GOAL, CORNERS, PADDED)
    for corner, first, second in zip(CORNERS, before, after, strict=True):
        assert np.array_equal(first[0], START)
        assert np.array_equal(first[-1], corner)
        assert np.array_equal(second[0], corner)
        assert np.array_equal(second[-1], GOAL)
        assert length(first) < 1.03 * math.dist(START, corner)
        assert length(second) < 1.03 * math.dist(corner, GOAL)
    for corner, route in zip(CORNERS, join_ways(before, after, START, GOAL), strict=True):
        assert np.array_equal(route[[0, -1]], [START, GOAL])
        assert np.any(np.all(route == corner, axis=1))


def test_ways_that_get_stuck_are_left_out() -> None:
    """Where no neighbour is earlier, a way ends; a route is not made of it."""
    flat = np.ones((21, 31))
    before, after = ways_from_start(flat, START, CORNERS, PADDED), ways_to_goal(flat, GOAL, CORNERS, PADDED)
    assert np.array_equal(before[0], CORNERS[:1])
    assert join_ways(before, after, START, GOAL) == []
