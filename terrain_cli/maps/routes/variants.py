"""Variants of a route that differ from it in a few cells: is one of them faster?

A graph tells two ways around a slow cell apart only if their times differ by more than its error. Here each such variant is
refined, but not the whole route with it: only the stretch in which it differs, and a few crossings on both sides, between fixed
ends.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from terrain_cli.maps.loops import compiled_loop
from terrain_cli.maps.routes.chains import Chain, drop_needless, join, leg_times
from terrain_cli.maps.routes.graph import Graph
from terrain_cli.maps.routes.paths import Paths
from terrain_cli.maps.routes.refine import refine

AROUND = 8  # crossings of the route on both sides of a stretch
SLOWER = 2e-2  # on the graph, a stretch may take longer than the part of the route that it replaces by this fraction
TRIED, MOST, ROUNDS = 1000, 200, (2, 6)  # stretches, how many of them to refine further, and rounds of refinement
NODES = 300_000  # of the stretches together: in a corridor a single one may be as long as the route
SAME = 1e-12  # relative; a variant whose time differs by less is the route itself
MOVED = 1e-9  # cells; a node of the route that moved less has not changed
GAIN = 1e-13  # of the time of the route; less may be rounding error


class Stretch(NamedTuple):
    """Part of a variant: the nodes of the route, by their places in it, before and after it, and its own nodes on the graph."""

    first: int
    last: int
    nodes: np.ndarray


def improve(
    route: Chain, graph: Graph, paths: Paths, padded: np.ndarray, closed: np.ndarray, before: Chain | None = None
) -> Chain | None:
    """The route with stretches replaced by those of variants, refined, where that is faster; None if it is nowhere.

    graph: has the crossings of the route among its nodes. paths: on it. before: the route as it was when its variants were tried
    last; then only those near its changes are tried.
    """
    elapsed = np.append(0.0, np.cumsum(leg_times(route, padded)))
    changed = np.ones(len(route.x), dtype=bool)
    if before is not None:
        changed = cKDTree(before.points).query(route.points)[0] > MOVED
    stretches = _find_stretches(route, elapsed, changed, graph, paths)
    if not stretches:
        return None
    windows = drop_needless(_cut_out(route, stretches, graph), padded)
    gains: list[tuple[float, Stretch, Chain]] = []
    for rounds in ROUNDS:
        gains = []
        for window in refine(windows, padded, closed, reach=0.0, ends=False, rounds=rounds):
            stretch = stretches[int(window.nodes.route[0])]
            begin, end = _around(route, stretch)
            gains.append((elapsed[end] - elapsed[begin] - window.times[-1], stretch, window.nodes))
        gains = sorted(gains, key=lambda found: -found[0])[:MOST]  # the first rounds show which are worth the others
        stretches = [stretch for _, stretch, _ in gains]
        windows = join([nodes._replace(route=np.full_like(nodes.route, i)) for i, (_, _, nodes) in enumerate(gains)])
    better: list[tuple[int, int, Chain]] = []
    for gain, stretch, nodes in gains:
        begin, end = _around(route, stretch)
        apart = all(end <= other_begin or other_end <= begin for other_begin, other_end, _ in better)
        if gain > GAIN * elapsed[-1] and apart:
            better.append((begin, end, nodes))
    if not better:
        return None
    pieces, at = [], 0
    for begin, end, nodes in sorted(better, key=lambda piece: piece[0]):
        pieces += [route.take(slice(at, begin + 1)), nodes.take(slice(1, -1))]
        at = end
    whole = join([*pieces, route.take(slice(at, None))])
    return whole._replace(route=np.zeros(len(whole.x), dtype=np.int64))


def _find_stretches(
    route: Chain, elapsed: np.ndarray, changed: np.ndarray, graph: Graph, paths: Paths
) -> list[Stretch]:
    """Where variants leave the route and return to it around nodes that changed, for each such pair the fastest on the graph."""
    place = _find_places(graph.points(np.arange(graph.size)), route.points)
    through = paths.through
    [near] = np.nonzero(np.isfinite(through))
    left, returned = place.copy(), place.copy()
    _follow(near[np.argsort(paths.from_start[near], kind="stable")], paths.before, left)
    _follow(near[np.argsort(paths.to_goal[near], kind="stable")], paths.after, returned)
    same_time = (
        np.abs(through[near] - elapsed[-1]) <= SAME * elapsed[-1]
    )  # on the route itself, where it follows a grid line
    aside = near[(place[near] < 0) & (left[near] >= 0) & (left[near] < returned[near]) & ~same_time]
    counts = np.append(0, np.cumsum(changed))
    first, last = np.maximum(left[aside] - AROUND, 0), np.minimum(returned[aside] + AROUND, len(changed) - 1)
    aside = aside[counts[last + 1] > counts[first]]
    slower = (through[aside] - paths.best) / np.maximum(elapsed[returned[aside]] - elapsed[left[aside]], 1e-300)
    order = np.lexsort((slower, returned[aside], left[aside]))
    aside, slower = aside[order], slower[order]
    first = np.append(True, (np.diff(left[aside]) != 0) | (np.diff(returned[aside]) != 0))[: len(aside)]
    aside, slower = aside[first], slower[first]
    chosen = aside[np.argsort(slower, kind="stable")][: min(TRIED, int(np.count_nonzero(slower <= SLOWER)))]
    stretches, count = [], 0
    for node in chosen.tolist():
        back, on = (_follow_back(node, way, place) for way in (paths.before, paths.after))
        stretches.append(Stretch(int(left[node]), int(returned[node]), np.array([*back[::-1], node, *on])))
        count += len(stretches[-1].nodes)
        if count > NODES:
            break
    return stretches


def _find_places(points: np.ndarray, route: np.ndarray) -> np.ndarray:
    """The place in a route, shape (M, 2), of each of some points, shape (N, 2): shape (N,), -1 for those that are not on it."""
    ours, theirs = (np.ascontiguousarray(rows).view(np.complex128)[:, 0] for rows in (points, route))  # to sort pairs
    order = np.argsort(theirs, kind="stable")
    found = order[np.minimum(np.searchsorted(theirs, ours, sorter=order), len(theirs) - 1)]
    return np.where(theirs[found] == ours, found, -1).astype(np.int32)


def _follow_back(node: int, before: np.ndarray, place: np.ndarray) -> list[int]:
    """The nodes before a node, back to the first one that is on the route, without that."""
    nodes: list[int] = []
    while place[node := int(before[node])] < 0:
        nodes.append(node)
    return nodes


@compiled_loop
def _follow(order, before, place):  # type: ignore[no-untyped-def]
    """Give each node the place of the one before it, unless it has one of its own; in `order`, in which that comes first."""
    for node in order:
        if place[node] < 0 and before[node] >= 0:
            place[node] = place[before[node]]


def _around(route: Chain, stretch: Stretch) -> tuple[int, int]:
    """The places in a route where the window around a stretch begins and ends."""
    return max(stretch.first - AROUND, 0), min(stretch.last + AROUND, len(route.x) - 1)


def _cut_out(route: Chain, stretches: list[Stretch], graph: Graph) -> Chain:
    """The parts of the route around the stretches, which are replaced, as one chain; the ends of each are fixed."""
    whole = join([route, graph.to_chain([stretch.nodes for stretch in stretches])])
    index, at, sizes = [], len(route.x), []
    for stretch in stretches:
        begin, end = _around(route, stretch)
        after = at + len(stretch.nodes)
        index += [np.arange(begin, stretch.first + 1), np.arange(at, after), np.arange(stretch.last, end + 1)]
        sizes.append(sum(map(len, index[-3:])))
        at = after
    part = whole.take(np.concatenate(index))
    last = np.cumsum(sizes) - 1
    fixed = np.concatenate([last - np.array(sizes) + 1, last])
    points = part.points[fixed]
    part.base[fixed], part.along[fixed], part.x[fixed] = points, 0.0, 0.0
    return part._replace(route=np.repeat(np.arange(len(stretches)), sizes))
