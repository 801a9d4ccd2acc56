"""Variants of a route: their number is bounded, and where they leave it is found without loops."""

import numpy as np
import pytest

from terrain_cli import Ground, find_route
from terrain_cli.maps.routes import variants
from terrain_cli.maps.routes.chains import Chain
from terrain_cli.maps.routes.graph import Graph
from terrain_cli.maps.routes.variants import Stretch, _cut_out, _find_places


@pytest.mark.parametrize("turned", [False, True])
def test_in_a_corridor_the_stretches_are_bounded_together(monkeypatch: pytest.MonkeyPatch, turned: bool) -> None:
    """There each of them is as long as the route, so that a thousand would take a thousand times its memory."""
    counts: list[list[int]] = []

    def watch(route: Chain, stretches: list[Stretch], graph: Graph) -> Chain:
        counts.append([len(stretch.nodes) for stretch in stretches])
        return _cut_out(route, stretches, graph)

    monkeypatch.setattr(variants, "_cut_out", watch)
    slowness, goal = np.random.default_rng(4).uniform(0.5, 2, (1, 300)), (299.5, 0.5)
    ground = Ground(slowness.T if turned else slowness)
    times = []
    for most in (variants.NODES, 300):
        monkeypatch.setattr(variants, "NODES", most)
        counts.clear()
        route = find_route(ground, (0.5, 0.5), goal[::-1] if turned else goal)
        assert route is not None
        times.append(route.time)
        assert counts
        assert max(sum(some) - some[-1] for some in counts) <= most
    assert times[1] == pytest.approx(times[0], rel=1e-9)


def test_places_in_a_route() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        route = rng.integers(0, 5, (12, 2)) / 10
        points = np.concatenate([route, rng.integers(0, 6, (30, 2)) / 10, -np.zeros((1, 2))])
        equal = (points[:, None] == route).all(axis=2)
        first = np.argmax(equal, axis=1)  # of nodes at one point
        assert _find_places(points, route).tolist() == np.where(equal.any(axis=1), first, -1).tolist()
