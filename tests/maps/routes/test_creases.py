"""Lines of a given slope across the cells of a map."""

import numpy as np
import pytest

from terrain_cli.maps.ground import Ground
from terrain_cli.maps.routes.chains import Chain
from terrain_cli.maps.routes.creases import trace_creases
from terrain_cli.maps.routes.slopes import to_surface
from terrain_cli.maps.routes.walk_graphs import Level, lay_graph
from terrain_cli.maps.walking.climbs import find_patches
from terrain_cli.maps.walking.functions import Walking
from terrain_cli.maps.walking.pace import Curve, Exponential
from terrain_cli.maps.walking.paces import to_pace

SIZE = 8


def lay_on(heights: np.ndarray, start: tuple[float, float], goal: tuple[float, float]) -> Level:
    rows, cols = heights.shape[0] - 1, heights.shape[1] - 1
    surface, _ = to_surface(Ground(np.ones((rows, cols)), heights=heights, pace=Exponential()))
    inside = np.ones((rows, cols), dtype=bool)
    return lay_graph(surface, np.array(start), np.array(goal), inside, 3, 10.0)


def trace(level: Level, kinks: list[float], count: int, seeds: Chain | None = None) -> Chain:
    patches = find_patches(level.surface.heights, level.graph.cells)
    return trace_creases(level.graph, level.paths, patches, np.array(kinks), count, seeds)


def height(heights: np.ndarray, at: np.ndarray) -> float:
    r, c = np.minimum(np.floor(at).astype(int), SIZE - 1)
    y, x = at - (r, c)
    z = heights[r : r + 2, c : c + 2]
    return float((1 - y) * ((1 - x) * z[0, 0] + x * z[0, 1]) + y * ((1 - x) * z[1, 0] + x * z[1, 1]))


@pytest.mark.parametrize("rough", [False, True])
@pytest.mark.parametrize("kink", [-0.05, 0.0, 0.12])
def test_lines_have_their_slope_from_edge_to_edge(kink: float, rough: bool) -> None:
    plane = np.add.outer(0.4 * np.arange(SIZE + 1.0), 0.25 * np.arange(SIZE + 1.0))
    heights = np.random.default_rng(4).uniform(0.0, 1.0, plane.shape) if rough else plane
    level = lay_on(heights, (0.3, 0.4), (7.6, 7.7))
    assert len(trace(level, [kink], 1).x) == 0  # where one line for each edge is enough, none begins by itself
    base = np.array([[row, col] for row in range(1, SIZE) for col in range(0, SIZE, 3)], dtype=float)
    seeds = Chain(base, np.tile([0.0, 1.0], (len(base), 1)), np.full(len(base), 0.37), np.zeros(len(base), np.int64))
    points = trace(level, [kink], 1, seeds).points
    traced = [point for point in points if np.abs(seeds.points - point).max(axis=1).min() > 1e-9]
    assert len(traced) > 20
    for point in traced:
        near = points[(np.abs(points - point).max(axis=1) <= 1) & np.any(points != point, axis=1)]
        rises = np.array([height(heights, point) - height(heights, other) for other in near])
        assert np.abs(rises / np.hypot(*(near - point).T) - kink).min() < 1e-8


def test_without_a_kink_the_nodes_are_evenly_spaced() -> None:
    level = lay_on(np.zeros((SIZE + 1, SIZE + 1)), (0.3, 0.4), (7.6, 7.7))
    nodes = trace(level, [], 5)
    assert len(nodes.x) == 4 * len(level.graph.beside)
    np.testing.assert_allclose(np.unique(np.round(nodes.x, 12)), [0.2, 0.4, 0.6, 0.8])


def test_seeds_off_the_graph_and_at_corners_begin_no_line() -> None:
    level = lay_on(np.zeros((SIZE + 1, SIZE + 1)), (0.3, 0.4), (7.6, 7.7))
    off = Chain(
        np.array([[20.0, 20.0], [2.0, 2.0], [2.0, 2.0]]),
        np.array([[0.0, 1.0], [0.0, 0.0], [1.0, 0.0]]),
        np.array([0.3, 0.0, 0.3]),
        np.zeros(3, np.int64),
    )
    nodes = trace(level, [], 1, off)
    np.testing.assert_array_equal(nodes.points, [[2.3, 2.0]])


def test_the_kinks_of_paces() -> None:
    assert Exponential(3.5, 0.05).kinks.tolist() == [-0.05]
    assert Exponential(0.0, 0.05).kinks.tolist() == []
    for name in ("irmischer_clarke", "campbell", "minetti"):
        assert to_pace(Walking(name))[1].kinks.tolist() == []
    gentle = -np.tan(np.radians(12))
    np.testing.assert_allclose(to_pace(Walking("naismith_langmuir"))[1].kinks, [gentle, 0.0], atol=2e-4)
    # Down to a valley and up again; then less steeply, which is no kink that a walk would follow.
    valley = Curve([-1.0, 0.0, 0.5, 1.0], [[2, -1, 0, 0], [1, 2, 0, 0], [2, 1, 0, 0]])
    assert valley.kinks.tolist() == [0.0]
    many = Curve(np.linspace(-1, 1, 6), [[1, slope, 0, 0] for slope in (-3, -2, 0, 3, 9)])
    assert len(many.kinks) == 3
