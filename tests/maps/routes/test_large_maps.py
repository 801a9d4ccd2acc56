"""Routes across large maps, of which only a part is searched: roads, bridges and ways out of slow cells are not lost."""

import itertools
import math
from typing import Any

import numpy as np
import pytest

from benchmarks.terrains import draw_small_map
from terrain_cli.maps.ground import Ground, closed_corners
from terrain_cli.maps.routes import level as level_module
from terrain_cli.maps.routes import region as region_module
from terrain_cli.maps.routes import search as route_module
from terrain_cli.maps.routes.graph import make_graph
from terrain_cli.maps.routes.paths import find_paths
from terrain_cli.maps.routes.search import find_route
from tests.maps.routes.retracing import found, retrace

INF = math.inf


@pytest.fixture
def rough() -> Ground:
    """Rough ground of 240 x 240 cells with some water."""
    rng = np.random.default_rng(7)
    k = np.hypot(np.fft.fftfreq(240)[:, None], np.fft.rfftfreq(240)[None])
    k[0, 0] = 1
    height = np.fft.irfft2(rng.normal(size=k.shape) * np.exp(2j * np.pi * rng.random(k.shape)) * k**-1.6, (240, 240))
    height /= height.std()
    slope = np.hypot(*np.gradient(height * 4.8))
    return Ground(np.where(height < -1.8, INF, np.exp(3.5 * np.minimum(slope, 1))), 10.0)


class TestLargeMaps:
    """Only a part of a large map is searched, and twice as much of it gives the same route."""

    @pytest.mark.slow
    def test_a_wider_region_and_finer_graphs_give_the_same_route(
        self, rough: Ground, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        route = found(rough, (205, 2195), (2195, 205))
        assert retrace(rough, route) == pytest.approx(route.time, rel=1e-12)
        back = found(rough, (2195, 205), (205, 2195))
        assert back.time == route.time
        once = Ground(np.asarray(rough.slowness) * 10.0)
        assert found(once, (20.5, 219.5), (219.5, 20.5)).time == pytest.approx(route.time, rel=1e-12)
        monkeypatch.setattr(level_module, "WIDTH", 0.05)
        monkeypatch.setattr(level_module, "LARGE", level_module.LARGE._replace(levels=(4, 8, 16)))
        assert found(rough, (205, 2195), (2195, 205)).time == pytest.approx(route.time, rel=1e-9)

    def test_a_region_that_is_too_narrow_is_widened(self, rough: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
        route = found(rough, (205, 2195), (2195, 205))
        searched = []

        def record(*arguments: Any) -> Any:
            searched.append(arguments[-1])
            return region_module.find_region(*arguments)

        monkeypatch.setattr(level_module, "find_region", record)
        monkeypatch.setattr(level_module, "WIDTH", 1e-4)
        monkeypatch.setattr(level_module, "LONGER", 1e-4)
        assert found(rough, (205, 2195), (2195, 205)).time == pytest.approx(route.time, rel=1e-9)
        assert len(searched) > 2
        assert searched == [searched[0] * 2**i for i in range(len(searched))]

    def test_a_winding_way_is_found_where_all_of_the_map_must_be_searched(self) -> None:
        """Walls one cell thick, which blocks of cells do not show, with gaps at alternate ends."""
        slowness = np.ones((144, 160))
        for i, row in enumerate(range(8, 144, 16)):
            slowness[row] = INF
            slowness[row, slice(0, 2) if i % 2 else slice(158, 160)] = 1.0
        assert np.isfinite(slowness).sum() > level_module.SMALL
        route = found(Ground(slowness), (80.5, 143.5), (80.5, 0.5))
        turns = [(2 if i % 2 else 158, row) for i, row in enumerate(range(8, 144, 16))]
        corners = [(80.5, 0.5), *((x, y + dy) for x, y in turns for dy in (0, 1)), (80.5, 143.5)]
        assert route.time == pytest.approx(sum(math.dist(a, b) for a, b in itertools.pairwise(corners)), rel=1e-12)
        slowness[72] = INF
        assert find_route(Ground(slowness), (80.5, 143.5), (80.5, 0.5)) is None

    def test_a_distant_road_of_one_cell_is_found(self) -> None:
        """A mean over blocks of cells would hide it, as in the first version of this search: 9 % too slow, and more on others."""
        slowness = np.ones((300, 1000))
        slowness[10] = 1 / 3
        route = found(Ground(slowness), (50, 9), (950, 9))
        across = math.sqrt(
            1 - 1 / 9
        )  # for each metre between the road and an end, since the way meets it at the critical angle
        assert route.time == pytest.approx(900 / 3 + 2 * 280 * across, rel=1e-12)

    def test_a_distant_bridge_of_one_cell_is_found(self) -> None:
        slowness = np.ones((61, 1000))
        slowness[30] = 1000.0
        slowness[30, 440] = 1.0
        route = found(Ground(slowness), (50.5, 50.5), (50.5, 10.5))
        assert route.time == pytest.approx(2 * math.hypot(440 - 50.5, 19.5) + 1, rel=1e-12)

    def test_within_a_cell_whose_corners_are_closed(self) -> None:
        i, j = np.mgrid[:210, :210]
        ground = Ground(np.where((i + j) % 2 * (j < 100), INF, 1.0))
        assert np.isfinite(np.asarray(ground.slowness)).sum() > level_module.SMALL
        assert found(ground, (10.3, 199.8), (10.7, 199.2)).time == pytest.approx(math.hypot(0.4, 0.6), rel=1e-12)
        assert find_route(ground, (10.3, 199.8), (12.5, 199.5)) is None

    def test_from_a_slow_cell(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It leaves the cell where that takes least time: rough times by its corners alone led elsewhere, 0.5 % too slow."""
        rng = np.random.default_rng(13)
        slowness = np.exp(rng.normal(0, 0.8, (170, 170)))
        for row, col in (140, 30), (30, 140):
            size = rng.integers(0, 3)
            slowness[row - size : row + size + 1, col - size : col + size + 1] *= 10 ** rng.uniform(1, 4)
        ground = Ground(slowness)
        start = [140 + rng.choice([0.02, 0.5, 0.98]), 30 + rng.choice([0.02, 0.5, 0.97])]
        ends = ground.to_xy(np.array([start, [30 + rng.random(), 140 + rng.random()]]))
        route = found(ground, *ends)
        monkeypatch.setattr(level_module, "WIDTH", 0.3)
        assert route.time == pytest.approx(found(ground, *ends).time, rel=1e-9)

    def test_on_a_short_way_more_cells_are_searched(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Errors of the rough times cancel on a long way, not on this one of 66 cells."""
        slowness, start, goal = draw_small_map(np.random.default_rng([15, 300, 7]), 300)
        ground, widths = Ground(slowness), []

        def record(*arguments: Any) -> Any:
            widths.append(arguments[-1])
            return region_module.find_region(*arguments)

        monkeypatch.setattr(level_module, "find_region", record)
        best = found(ground, *ground.to_xy(np.array([start, goal])))
        assert not widths
        monkeypatch.setattr(level_module, "SMALL", level_module.TINY)
        assert found(ground, *ground.to_xy(np.array([start, goal]))).time == pytest.approx(best.time, rel=1e-9)
        assert widths[0] == pytest.approx(0.01 * math.sqrt(800 / float(np.max(np.abs(goal - start)))))

    def test_from_the_corner_of_a_blocked_cell(self) -> None:
        slowness = np.ones((150, 150))
        slowness[100, 20] = slowness[30, 120] = INF
        assert slowness.size - 2 > level_module.SMALL
        route = found(Ground(slowness), (20, 50), (121, 119))
        assert route.time == pytest.approx(math.dist((20, 50), (121, 119)), rel=1e-12)

    def test_ground_that_is_not_symmetric_is_searched_as_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """On symmetric ground both directions are searched from the same end; otherwise each from its start."""
        searched = []
        search = level_module.find_routes

        def record(task: Any) -> Any:
            searched.append(tuple(task.start))
            return search(task)

        monkeypatch.setattr(route_module, "find_routes", record)
        ground = Ground(np.ones((4, 6)))
        a, b = (0.5, 3.0), (5.5, 0.5)
        there, back = found(ground, a, b), found(ground, b, a)
        monkeypatch.setattr(Ground, "symmetric", False)
        assert found(ground, a, b).time == there.time
        assert found(ground, b, a).time == pytest.approx(back.time, rel=1e-14)
        assert np.array_equal(found(ground, b, a).points[[0, -1]], [b, a])
        assert searched == [(1.0, 0.5), (1.0, 0.5), (1.0, 0.5), (3.5, 5.5), (3.5, 5.5)]

    def test_seconds_and_cells_are_not_mixed(self) -> None:
        """The size of a cell changes nothing but the unit, on a map with two kinds of ground in waves."""
        i, j = np.mgrid[:150, :150]
        speeds = np.where(np.sin(i / 9) * np.cos(j / 13) > 0.5, 0.3, 1.4)
        assert speeds.size > level_module.SMALL
        one = found(Ground(30 / speeds), (148.5, 1.5), (1.5, 148.5))
        thirty = found(Ground(1 / speeds, 30.0), (4455, 45), (45, 4455))
        assert one.time == pytest.approx(thirty.time, rel=1e-12)

    def test_from_a_cell_that_takes_all_of_the_time(self) -> None:
        """The times of all other cells are lost in rounding, and nothing is divided by them."""
        slowness = np.random.default_rng(3).uniform(1, 9, (150, 150))
        slowness[9, 140] = 1e25
        route = found(Ground(slowness), (140.5, 140.7), (10.2, 9.3))  # searched from here, the northern end
        assert route.time == pytest.approx(0.3e25, rel=1e-12)


@pytest.mark.parametrize(
    ("speeds", "expected"),
    [
        ((1, 1, 1, 1), 1.0),
        ((1, 1.05, 1.1, 1.15), 1.0),
        ((1, 2, 1, 2), 36 / 10),
        ((1, 1, 1, 1e-6), 1.0),
        ((3, 3, 1, 1), 64 / 40),
    ],
)
def test_pieces_that_take_most_of_the_time_count(speeds: tuple[float, ...], expected: float) -> None:
    slowness = 1 / np.array([speeds])
    ends = np.array([0.5, 0.0]), np.array([0.5, 4.0])
    graph = make_graph(*ends, np.ones((1, 4), dtype=bool), 1, slowness, closed_corners(slowness))
    assert level_module._count_pieces(graph, find_paths(graph, 0.01)) == pytest.approx(expected, rel=1e-5)
