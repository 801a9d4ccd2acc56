"""The fastest route across a map: beside closed forms, a retrace of its own, and a finer search; and never through a wall."""

import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label

from benchmarks.terrains import draw_ends, draw_map, draw_random_cells, draw_wall
from terrain_cli import MapScenario, Strips, best_time, load_scenario, solve
from terrain_cli.contract import Route
from terrain_cli.maps.fields.arrival import arrival_times
from terrain_cli.maps.ground import Ground, closed_corners
from terrain_cli.maps.routes import search as route_module
from terrain_cli.maps.routes.backtrack import follow_times
from terrain_cli.maps.routes.crossings import solve_tridiagonal
from terrain_cli.maps.routes.lines import trace_lines
from terrain_cli.maps.routes.refine import cut_routes, refine
from terrain_cli.maps.routes.search import find_route, is_free
from terrain_cli.maps.routes.steiner import cells_through, make_graph, measure, pick_routes, spread_points, to_chain

INF = math.inf


def retrace(ground: Ground, route: Route) -> float:
    """Its time once more, leg by leg and cut by cut, in plain Python: a leg on a grid line takes the faster side."""
    slowness, cells = np.asarray(ground.slowness), ground.to_cells(route.points)
    total = []
    for a, b in itertools.pairwise(cells.tolist()):
        cuts = {0.0, 1.0}
        for p, q in zip(a, b, strict=True):
            for line in range(math.ceil(min(p, q)), math.floor(max(p, q)) + 1):
                if p != q:
                    cuts.add(min(1.0, max(0.0, (line - p) / (q - p))))
        for s, t in itertools.pairwise(sorted(cuts)):
            middle = [p + (q - p) * (s + t) / 2 for p, q in zip(a, b, strict=True)]
            beside = [
                {math.floor(m - 1e-9), math.floor(m + 1e-9)} if abs(p - q) < 1e-12 else {math.floor(m)}
                for m, p, q in zip(middle, a, b, strict=True)
            ]
            rows, cols = slowness.shape
            least = min(
                (slowness[r, c] for r in beside[0] for c in beside[1] if 0 <= r < rows and 0 <= c < cols), default=INF
            )
            length = math.dist(a, b) * (t - s)
            if length > 1e-10:
                total.append(length * least)
    return math.fsum(total) * float(ground.cell)


def touches_closed_corner(ground: Ground, route: Route) -> bool:
    cells = ground.to_cells(route.points)
    corners = np.argwhere(closed_corners(np.asarray(ground.slowness))).astype(float)
    for a, b in itertools.pairwise(cells):
        along, length = b - a, float(np.dot(b - a, b - a))
        share = np.clip((corners - a) @ along / length, 0, 1) if length else np.zeros(len(corners))
        if np.any(np.hypot(*(corners - a - share[:, None] * along).T) < 1e-9):
            return True
    return False


def search_finely(slowness: np.ndarray, start: np.ndarray, goal: np.ndarray) -> float:
    """The best of many routes on a graph with 16 points an edge, in a corridor of 4 % that a graph found, refined."""
    padded, closed = np.pad(slowness, 1, constant_values=INF), closed_corners(slowness)
    cells = np.isfinite(slowness)
    for points in (1, 16):
        graph = make_graph(start, goal, spread_points(cells, closed, points), padded, cells)
        cells = cells_through(graph, measure(graph), 0.04, cells)
    routes = list(itertools.islice(pick_routes(graph, measure(graph), 5e-3, 1), 32))
    return min(route.times[-1] for route in refine(to_chain(graph, routes), padded, closed))


def found(ground: Ground, start: object, goal: object) -> Route:
    route = find_route(ground, start, goal)  # type: ignore[arg-type]
    assert route is not None
    return route


class TestStrips:
    """Strips are a map whose exact answer is known."""

    @pytest.mark.parametrize("cell", [10, 5, 2.5, 2, 1, 0.5])
    def test_three_strips_to_the_last_digits(self, cell: float) -> None:
        n = round(10 / cell)
        speeds = np.repeat([0.45, 0.3, 0.7], n)[:, None] * np.ones(
            round(20 / cell)
        )  # the first strip is the south edge
        route = found(Ground(1 / speeds, cell), (0, 0), (20, 30))
        assert route.time == pytest.approx(81.911687844967823857, rel=1e-12)
        assert route.straight_time == pytest.approx(83.93875985207171, rel=1e-13)

    @settings(max_examples=30)
    @given(st.lists(st.floats(0.2, 5), min_size=2, max_size=4), st.integers(0, 12))
    def test_any_strips(self, speeds: list[float], offset: int) -> None:
        """Wide enough for the path, so that the border does not matter."""
        rows = np.repeat(np.array(speeds)[::-1], 2)[:, None] * np.ones(15)
        route = found(Ground(1 / rows), (1, 0), (1 + offset, len(rows)))
        exact = float(best_time(Strips(np.full(len(speeds), 2.0), speeds, float(offset))))
        assert route.time == pytest.approx(exact, rel=1e-12)


class TestWalls:
    def test_round_a_block(self) -> None:
        """The shortest way round a square is along two straight lines over its corners."""
        slowness = np.ones((12, 12))
        slowness[4:8, 4:8] = INF
        route = found(Ground(slowness), (1.5, 5), (10.5, 5.5))
        below = math.dist((1.5, 5), (4, 4)) + 4 + math.dist((8, 4), (10.5, 5.5))
        assert route.time == pytest.approx(below, rel=1e-14)
        assert route.straight_time == INF
        above = math.dist((1.5, 5), (4, 8)) + 4 + math.dist((8, 8), (10.5, 5.5))
        assert [other.time for other in route.alternatives] == pytest.approx(
            [above], rel=1e-14
        ) or not route.alternatives

    @pytest.mark.slow
    @pytest.mark.parametrize("first", range(0, 1000, 250))
    def test_reachable_is_connected_by_edges(self, first: int) -> None:
        """Random walls one cell thick, straight and diagonal: a route is there where the free cells connect, and only there."""
        seen = set()
        for seed in range(first, first + 250):
            slowness, start, goal = draw_wall(np.random.default_rng(seed), 16)
            ground = Ground(slowness)
            regions, _ = label(np.isfinite(slowness))
            connected = regions[tuple(start.astype(int))] == regions[tuple(goal.astype(int))]
            route = find_route(ground, ground.to_xy(start), ground.to_xy(goal))
            assert (route is not None) == connected, seed
            seen.add(bool(connected))
            if route:
                assert retrace(ground, route) == pytest.approx(route.time, rel=1e-12), seed
                assert not touches_closed_corner(ground, route), seed
        assert seen == {True, False}

    def test_a_diagonal_wall_does_not_leak(self) -> None:
        slowness = np.where(np.eye(6, dtype=bool), INF, 1.0)
        assert find_route(Ground(slowness), (4.5, 5.5), (0.5, 1.5)) is None
        slowness[0, 0] = 1.0
        route = found(Ground(slowness), (4.5, 5.5), (0.5, 0.5))
        assert route.time == pytest.approx(math.dist((4.5, 5.5), (1, 5)) + math.dist((1, 5), (0.5, 0.5)), rel=1e-14)

    def test_along_a_fast_wall(self) -> None:
        """Ground beside an edge: the route runs on the edge itself, at the faster of the two speeds."""
        slowness = np.full((4, 30), 5.0)
        slowness[2] = 1.0
        route = found(Ground(slowness), (0, 3.5), (30, 3.5))
        sine = 1 / 5
        inward = 1.5 * 5 / math.sqrt(1 - sine**2)
        along = 30 - 2 * 1.5 * sine / math.sqrt(1 - sine**2)
        assert route.time == pytest.approx(2 * inward + along, rel=1e-13)


class TestRandomMaps:
    @pytest.mark.parametrize(("kind", "seed"), [("polygons", i) for i in range(5)] + [("cells", i) for i in range(3)])
    def test_no_finer_search_is_faster(self, kind: str, seed: int) -> None:
        rng = np.random.default_rng(seed)
        slowness = draw_map(rng, 60) if kind == "polygons" else draw_random_cells(rng, 40)
        start, goal = draw_ends(rng, slowness)
        ground = Ground(slowness, 3.0, (100, 200))
        a, b = ground.to_xy(start), ground.to_xy(goal)
        route = found(ground, a, b)
        assert retrace(ground, route) == pytest.approx(route.time, rel=1e-12)
        assert route.time <= 3 * search_finely(slowness, start, goal) * (1 + 1e-9)
        assert not touches_closed_corner(ground, route)
        assert route.history[-1].gradient_norm < 1e-9
        assert all(b.time <= a.time * (1 + 1e-14) for a, b in itertools.pairwise(route.history))
        assert [other.time for other in route.alternatives] == sorted(other.time for other in route.alternatives)
        assert all(other.time > route.time for other in route.alternatives)
        for other in route.alternatives:
            assert retrace(ground, other) == pytest.approx(other.time, rel=1e-12)

        back = found(ground, b, a)
        assert back.time == route.time
        assert back.distance == route.distance
        assert np.array_equal(back.points[::-1], route.points)

    @pytest.mark.parametrize("seed", range(3))
    def test_no_small_change_is_faster(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        slowness = draw_map(rng, 60)
        start, goal = draw_ends(rng, slowness)
        padded, closed = np.pad(slowness, 1, constant_values=INF), closed_corners(slowness)
        ground = Ground(slowness)
        route = found(ground, ground.to_xy(start), ground.to_xy(goal))
        cells = ground.to_cells(route.points)
        for size in (1e-1, 1e-2, 1e-3, 1e-4):
            for _ in range(100):
                moved = cells.copy()
                some = rng.random(len(cells)) < rng.choice([0.02, 0.2, 1.0])
                moved[some] += rng.normal(scale=size, size=(some.sum(), 2))
                moved[[0, -1]] = cells[[0, -1]]
                moved = np.clip(moved, 0, len(slowness))
                assert trace_lines(moved[:-1], moved[1:], padded, closed).time.sum() >= route.time * (1 - 1e-14)

    @pytest.mark.parametrize("seed", range(2))
    def test_scaling_and_mirrors(self, seed: int) -> None:
        rng = np.random.default_rng(seed + 10)
        slowness = draw_map(rng, 50)
        start, goal = draw_ends(rng, slowness)
        ground = Ground(slowness)
        time = found(ground, ground.to_xy(start), ground.to_xy(goal)).time
        twice = Ground(2 * slowness, 3.0)
        assert found(twice, twice.to_xy(start), twice.to_xy(goal)).time == pytest.approx(6 * time, rel=1e-12)
        turned = Ground(slowness.T)
        a, b = turned.to_xy(start[::-1]), turned.to_xy(goal[::-1])
        assert found(turned, a, b).time == pytest.approx(time, rel=1e-9)
        mirrored = Ground(slowness[::-1])
        a, b = (mirrored.to_xy([50 - end[0], end[1]]) for end in (start, goal))
        assert found(mirrored, a, b).time == pytest.approx(time, rel=1e-9)


class TestLargeMaps:
    """Where the fine graph would not fit into memory, routes come from the arrival times, and the graph lies along them."""

    @pytest.mark.parametrize("arcs", [120_000, 20_000])
    @pytest.mark.parametrize("seed", range(3))
    def test_without_room_for_the_graph(self, arcs: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        rng = np.random.default_rng(seed)
        slowness = draw_map(rng, 60)
        start, goal = draw_ends(rng, slowness)
        ground = Ground(slowness)
        ends = ground.to_xy(start), ground.to_xy(goal)
        best = found(ground, *ends)
        monkeypatch.setattr(route_module, "ARCS", arcs)
        route = found(ground, *ends)
        assert best.time * (1 - 1e-12) <= route.time <= best.time * 1.005
        assert retrace(ground, route) == pytest.approx(route.time, rel=1e-12)
        assert found(ground, *ends[::-1]).time == route.time

    def test_where_no_graph_fits_and_no_way_leads_down_the_times(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Then none was found, which is not to say that there is none."""
        monkeypatch.setattr(route_module, "ARCS", 0)
        scenario = load_scenario("configs/lake.yaml")
        assert isinstance(scenario, MapScenario)
        assert solve(scenario).status == "converged"
        monkeypatch.setattr(route_module, "join_ways", lambda *_: [])
        solution = solve(scenario)
        assert solution.status == "no route"
        assert "although free ground leads there" in solution.message

    def test_arcs_that_fit(self) -> None:
        assert route_module.points_within(100, 8) == 8
        assert 0 < route_module.points_within(20_000, 8) < 8
        assert route_module.points_within(10**6, 8) == 0

    def test_ways_down_the_arrival_times(self) -> None:
        """Over even ground they are nearly straight, and each ends where the times are from."""
        slowness, target = np.ones((20, 30)), np.array([4.3, 5.2])
        times = np.asarray(arrival_times(slowness, target))
        corners = np.array([[20, 30], [0, 0], [4, 5], [10, 0]])
        ways = follow_times(times, target, corners, np.pad(slowness, 1, constant_values=INF))
        for corner, way in zip(corners, ways, strict=True):
            assert np.array_equal(way[0], corner)
            assert np.array_equal(way[-1], target)
            assert np.hypot(*np.diff(way, axis=0).T).sum() < 1.03 * math.dist(corner, target)

    def test_a_bend_slides_along_a_border_in_few_rounds(self) -> None:
        """A first guess that crosses the border far off."""
        slowness = np.ones((40, 200))
        slowness[:20] = 3.0
        padded, closed = np.pad(slowness, 1, constant_values=INF), closed_corners(slowness)
        guess = cut_routes([np.array([[0.0, 2.0], [20.0, 190.0], [40.0, 198.0]])], padded, closed)
        [refined] = refine(guess, padded, closed)
        exact = float(best_time(Strips([20.0, 20.0], [1 / 3, 1.0], 196.0)))
        assert refined.times[-1] == pytest.approx(exact, rel=1e-13)
        assert len(refined.times) < 12


class TestEnds:
    @pytest.mark.parametrize(
        ("start", "goal"),
        [((1, 1), (3, 2)), ((0, 0), (4, 3)), ((1.5, 1), (1.5, 2.25)), ((2, 0.3), (2, 2.7)), ((0.1, 0.1), (0.4, 0.8))],
    )
    def test_on_corners_edges_and_in_one_cell(self, start: tuple[float, float], goal: tuple[float, float]) -> None:
        route = found(Ground(np.ones((3, 4))), start, goal)
        assert route.time == pytest.approx(math.dist(start, goal), rel=1e-14)
        assert route.distance == pytest.approx(math.dist(start, goal), rel=1e-14)
        assert np.array_equal(route.points[[0, -1]], [start, goal])

    def test_start_is_goal(self) -> None:
        route = found(Ground(np.ones((3, 3))), (1.2, 1.3), (1.2, 1.3))
        assert (route.time, route.distance) == (0, 0)

    @pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
    def test_thin_maps(self, shape: tuple[int, int]) -> None:
        route = found(Ground(np.full(shape, 2.0)), (0.1, 0.2), (shape[1] - 0.3, shape[0] - 0.4))
        assert route.time == pytest.approx(2 * math.hypot(shape[1] - 0.4, shape[0] - 0.6), rel=1e-13)

    def test_few_cells(self) -> None:
        """So few that every other way is much longer: what matters may not fall into pieces."""
        for goal in ((3, 1), (2.9, 1)):
            assert found(Ground(np.ones((2, 3))), (0, 0), goal).time == pytest.approx(
                math.dist((0, 0), goal), rel=1e-14
            )
        seen = set()
        for seed in range(100):
            rng = np.random.default_rng(seed)
            slowness = 10 ** rng.uniform(0, rng.choice([0, 0.5, 2]), rng.choice([1, 2, 4], 2))
            slowness[rng.random(slowness.shape) < 0.2] = INF
            regions, _ = label(np.isfinite(slowness))
            a, b = rng.uniform(0, slowness.shape, (2, 2))
            one, other = regions[tuple(a.astype(int))], regions[tuple(b.astype(int))]
            if one and other:
                route = find_route(Ground(slowness), Ground(slowness).to_xy(a), Ground(slowness).to_xy(b))
                assert (route is not None) == (one == other)
                seen.add(route is None)
        assert seen == {True, False}

    def test_a_corridor_that_falls_into_pieces_is_widened(self) -> None:
        """Every other row is a hundred times slower: the corners that are close to the best lie apart."""
        slowness = np.ones((41, 41))
        slowness[1::2, :-1] = 100.0
        slowness[:, ::2] *= 3.7
        ground = Ground(slowness)
        assert found(ground, (0.2, 0.4), (38.6, 40.3)).time > 0

    def test_refused_in_blocked_ground_and_outside(self) -> None:
        slowness = np.where(np.eye(2, dtype=bool), INF, 1.0)
        ground = Ground(slowness)
        for start in [(0.5, 1.5), (-0.1, 0.5), (0.5, 2.1), (1, 1)]:
            with pytest.raises(ValueError, match="start: lies outside the map or in blocked ground"):
                find_route(ground, start, (0.5, 0.5))
        with pytest.raises(ValueError, match="goal: lies"):
            find_route(ground, (0.5, 0.5), (1.5, 0.2))
        assert is_free(slowness, np.array([0.5, 1.0]))
        assert is_free(slowness, np.array([0.0, 1.0]))
        assert not is_free(slowness, np.array([0.0, 0.0]))


class TestTracedLines:
    @given(st.integers(0, 10**6))
    def test_beside_fine_steps(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        slowness = rng.uniform(0.1, 1, (5, 7))
        a, b = rng.uniform(0, (5, 7), (2, 2))
        padded, closed = np.pad(slowness, 1, constant_values=INF), closed_corners(slowness)
        exact = trace_lines(a[None], b[None], padded, closed)
        share = (np.arange(20000) + 0.5) / 20000
        middle = (a + (b - a) * share[:, None]).astype(int)
        assert exact.time.sum() == pytest.approx(slowness[tuple(middle.T)].mean() * math.dist(a, b), rel=2e-3)
        assert exact.share.sum() == pytest.approx(1, abs=1e-12)

    def test_along_an_edge_and_over_corners(self) -> None:
        slowness = np.array([[1.0, 2.0], [3.0, INF]])
        padded, closed = np.pad(slowness, 1, constant_values=INF), closed_corners(slowness)

        def time(a: tuple[float, float], b: tuple[float, float]) -> float:
            return float(trace_lines(np.array([a], float), np.array([b], float), padded, closed).time.sum())

        assert time((1, 0), (1, 2)) == pytest.approx(1 + 2)  # the faster side of each
        assert time((0, 1), (2, 1)) == pytest.approx(1 + 3)
        assert time((0, 0), (1, 1)) == pytest.approx(math.sqrt(2))
        assert time((0, 2), (2, 0)) == pytest.approx(math.sqrt(2) * 5)
        assert time((0, 0), (2, 2)) == INF
        assert time((0.5, 0.5), (0.5, 0.5)) == 0

    def test_no_line_passes_a_closed_corner(self) -> None:
        slowness = np.array([[INF, 1.0], [1.0, INF]])
        padded, closed = np.pad(slowness, 1, constant_values=INF), closed_corners(slowness)
        assert trace_lines(np.array([[0.0, 2.0]]), np.array([[2.0, 0.0]]), padded, closed).time.sum() == INF


class TestTridiagonal:
    @pytest.mark.parametrize("n", [1, 2, 3, 8, 100])
    def test_beside_scipy(self, n: int) -> None:
        rng = np.random.default_rng(n)
        beside = rng.normal(size=n - 1)
        diagonal = rng.uniform(1e-3, 1, n) + np.append(np.abs(beside), 0) + np.append(0, np.abs(beside))
        right = rng.normal(size=n)
        dense = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
        assert np.asarray(
            solve_tridiagonal(jnp.asarray(diagonal), jnp.asarray(beside), jnp.asarray(right), n)
        ) == pytest.approx(scipy.linalg.solve(dense, right, assume_a="pos"), rel=1e-10, abs=1e-12)
