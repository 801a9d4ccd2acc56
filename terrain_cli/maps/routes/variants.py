"""Variants of a route that differ from it in a few cells: is one of them faster?

A graph tells two ways around a slow cell apart only if their times differ by more than its error. Here each such variant is
refined, but not the whole route with it: only the stretch in which it differs, and a few crossings on both sides, between fixed
ends.
"""

import itertools

import numpy as np

from terrain_cli.maps.routes.crossings import Chain, drop_needless, join, leg_times
from terrain_cli.maps.routes.graph import Graph
from terrain_cli.maps.routes.refine import refine

AROUND = 8  # crossings of the route on both sides of a stretch
GAIN = 1e-13  # of the time of the route; less may be rounding error


def improve(
    route: Chain, graph: Graph, variants: list[np.ndarray], padded: np.ndarray, closed: np.ndarray
) -> Chain | None:
    """The route with stretches replaced by those of variants, refined, where that is faster; None if it is nowhere.

    graph: has the crossings of the route among its nodes. variants: routes on it, by their nodes.
    """
    stretches = _find_stretches(route, graph, variants)
    if not stretches:
        return None
    windows = [
        _cut_out(route, first, last, graph.to_chain([nodes]), i) for i, (first, last, nodes) in enumerate(stretches)
    ]
    refined = refine(drop_needless(join(windows), padded), padded, closed)
    elapsed = np.append(0.0, np.cumsum(leg_times(route, padded)))
    gains = []
    for window in refined:
        first, last, _ = stretches[int(window.nodes.route[0])]
        begin, end = max(first - AROUND, 0), min(last + AROUND, len(route.x) - 1)
        gains.append((elapsed[end] - elapsed[begin] - window.times[-1], begin, end, window.nodes))
    better: list[tuple[int, int, Chain]] = []
    for gain, begin, end, nodes in sorted(gains, key=lambda found: -found[0]):
        if gain > GAIN * elapsed[-1] and all(end <= other[0] or other[1] <= begin for other in better):
            better.append((begin, end, nodes))
    if not better:
        return None
    pieces, at = [], 0
    for begin, end, nodes in sorted(better, key=lambda found: found[0]):
        pieces += [route.take(slice(at, begin + 1)), nodes.take(slice(1, -1))]
        at = end
    return join(
        [
            piece._replace(route=np.zeros(len(piece.x), dtype=np.int64))
            for piece in [*pieces, route.take(slice(at, None))]
        ]
    )


def _find_stretches(route: Chain, graph: Graph, variants: list[np.ndarray]) -> list[tuple[int, int, np.ndarray]]:
    """Where variants differ from the route: its crossings before and after, and the nodes of the variant between them."""
    place = {point: i for i, point in enumerate(map(tuple, route.points.tolist()))}
    seen: dict[tuple[int, ...], tuple[int, int, np.ndarray]] = {}
    for nodes in variants:
        points = zip(graph.row[nodes].tolist(), graph.col[nodes].tolist(), strict=True)
        common = [(at, place[point]) for at, point in enumerate(points) if point in place]
        for (a, first), (b, last) in itertools.pairwise(common):
            if b - a > 1 and first < last:
                between = nodes[a + 1 : b]
                seen.setdefault(tuple(between.tolist()), (first, last, between))
    return list(seen.values())


def _cut_out(route: Chain, first: int, last: int, between: Chain, number: int) -> Chain:
    """The part of the route around a stretch, which is replaced; its ends are fixed."""
    begin, end = max(first - AROUND, 0), min(last + AROUND, len(route.x) - 1)
    part = join([route.take(slice(begin, first + 1)), between, route.take(slice(last, end + 1))])
    base, along, x = part.points, part.along.copy(), part.x.copy()
    base[1:-1] = part.base[1:-1]
    along[[0, -1]], x[[0, -1]] = 0.0, 0.0
    return Chain(base, along, x, np.full(len(x), number, dtype=np.int64))
