"""Routes as tests need them: found, and retraced by arithmetic that shares nothing with the search."""

import itertools
import math

import numpy as np

from terrain_cli.contract import Route
from terrain_cli.maps.ground import Ground
from terrain_cli.maps.routes.search import find_route


def retrace(ground: Ground, route: Route) -> float:
    """The time of the route computed independently, leg by leg, in plain Python: a leg on a grid line takes the faster side."""
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
                (slowness[r, c] for r in beside[0] for c in beside[1] if 0 <= r < rows and 0 <= c < cols),
                default=math.inf,
            )
            length = math.dist(a, b) * (t - s)
            if length > 1e-10:
                total.append(length * least)
    return math.fsum(total) * float(ground.cell)


def found(ground: Ground, start: object, goal: object) -> Route:
    route = find_route(ground, start, goal)  # type: ignore[arg-type]
    assert route is not None
    return route
