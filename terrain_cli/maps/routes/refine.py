"""Refine routes to local optima: straighten them, descend on their crossings, and release them from corners."""

import bisect
import math
from typing import NamedTuple

import numpy as np

from terrain_cli.maps.routes.chains import (
    Chain,
    drop_needless,
    hold_ends,
    join,
    leg_lengths,
    leg_slowness,
    leg_times,
    take_route,
)
from terrain_cli.maps.routes.corners import release_corners, release_ends
from terrain_cli.maps.routes.crossings import descend_crossings
from terrain_cli.maps.routes.lines import TOUCH, Pieces, trace_lines

ROUNDS = 100  # a dozen are usually enough
MOVES = 1e-9  # cells; a bend that moves less than this has not moved
STRAIGHT = 1e-6  # sine of the angle below which a node is not a bend


class Refined(NamedTuple):
    """A refined route.

    nodes: of the refined route. times (s per cell size), crossings, gradient_norms: of the given route and after each round.
    """

    nodes: Chain
    times: list[float]
    crossings: list[int]
    gradient_norms: list[float]


def refine(
    chain: Chain,
    padded: np.ndarray,
    closed: np.ndarray,
    *,
    reach: float = math.inf,
    ends: bool = True,
    rounds: int = ROUNDS,
) -> list[Refined]:
    """Refine the routes of a chain until each is a local optimum: no small change makes it faster.

    Of several routes that converge to the same one, only one is returned.

    padded: slowness with a border of inf, shape (rows + 2, cols + 2). closed: corners that no path passes, shape
    (rows + 1, cols + 1), bool. reach: how far, in cells, a part of a route may move at once, by a straight line in its place or a
    slid bend, where that is faster; 0 for small changes alone. Such moves save rounds on wide open ground, and far ones may lead
    to another optimum. ends: also let a route begin or end along a grid line. rounds: the largest number of rounds.
    """
    count = int(chain.route[-1]) + 1
    given = descend_crossings(chain, leg_slowness(chain, padded), most=0)[1]
    sizes = np.bincount(chain.route, minlength=count)
    rows = [[(float(given.time[i]), int(sizes[i]) - 2, float(given.gradient_norm[i]))] for i in range(count)]
    done: dict[int, Chain] = {}
    none = np.zeros(0, dtype=np.int64)
    for _ in range(rounds):
        straightened, slid = none, none
        if reach > 0:
            chain, straightened = straighten(chain, padded, closed, reach)
            chain, slid = slide(drop_needless(chain, padded), padded, closed, reach)
        chain, result = descend_crossings(chain, leg_slowness(chain, padded))
        chain, ended = hold_ends(chain)
        moved = drop_needless(chain, padded)
        moved, released = release_corners(moved, padded)
        moved, left = release_ends(moved, padded) if ends else (moved, none)
        sizes = np.bincount(chain.route, minlength=count)
        after = np.bincount(moved.route, minlength=count)
        active = np.unique(chain.route)
        for i in active:
            rows[i].append((float(result.time[i]), int(sizes[i]) - 2, float(result.gradient_norm[i])))
        changed = np.unique(np.concatenate([straightened, slid, ended, released, left, np.flatnonzero(sizes != after)]))
        for i in np.setdiff1d(active, changed):
            done[int(i)] = take_route(chain, i)
        chain = moved.take(np.isin(moved.route, _leaders(changed, rows, done)))
        if not len(chain.x):
            break
    for i in np.unique(chain.route):
        done[int(i)] = take_route(chain, i)
    return [Refined(done[i], *(list(column) for column in zip(*rows[i], strict=True))) for i in sorted(done)]


def _leaders(active: np.ndarray, rows: list[list[tuple[float, int, float]]], done: dict[int, Chain]) -> list[int]:
    """The active routes that are worth continuing: of several slowly improving ones of nearly equal time, only the fastest."""
    settled = sorted(rows[i][-1][0] for i in done)
    leaders: list[int] = []
    for i in sorted(active.tolist(), key=lambda i: rows[i][-1][0]):
        (before, _, _), (time, _, _) = rows[i][-2:]
        slow = before - time <= 1e-6 * time
        place = bisect.bisect_left(settled, time * (1 - 1e-8))
        if not (slow and place < len(settled) and settled[place] <= time * (1 + 1e-8)):
            leaders.append(i)
            if slow:
                bisect.insort(settled, time)
    return leaders


def straighten(chain: Chain, padded: np.ndarray, closed: np.ndarray, reach: float) -> tuple[Chain, np.ndarray]:
    """The chain with runs of legs replaced by a straight line where that is faster, and the routes that changed, shape (K,).

    First the runs over ground of one slowness, then runs of fixed lengths, the longest first. reach: how far from the line the
    nodes that it replaces may be, in cells.
    """
    ground = np.append(np.nan, leg_slowness(chain, padded))
    begins = np.append(True, chain.route[1:] != chain.route[:-1]) | (ground != np.append(ground[1:], np.nan))
    chain, changed = _straighten_runs(chain, np.flatnonzero(begins), padded, closed, reach)
    length = 1 << (int(np.bincount(chain.route).max()) - 1).bit_length()
    while length >= 2:
        for shift in (0, length // 2):
            first = np.flatnonzero(np.append(True, chain.route[1:] != chain.route[:-1]))
            rank = np.arange(len(chain.x)) - np.repeat(first, np.diff(np.append(first, len(chain.x))))
            starts = np.flatnonzero((rank % length == shift) | (rank == 0))
            chain, more = _straighten_runs(chain, starts, padded, closed, reach)
            changed = np.union1d(changed, more)
        length //= 4
    return chain, changed


def _straighten_runs(
    chain: Chain, starts: np.ndarray, padded: np.ndarray, closed: np.ndarray, reach: float
) -> tuple[Chain, np.ndarray]:
    """The chain with each run from one of the nodes `starts` to the next replaced by a straight line where that is faster."""
    last = np.flatnonzero(np.append(chain.route[1:] != chain.route[:-1], True))
    ends = np.minimum(np.append(starts[1:], len(chain.x) - 1), last[np.searchsorted(last, starts)])
    long = ends - starts >= 2
    starts, ends = starts[long], ends[long]
    points = chain.points
    length = np.append(np.hypot(*np.diff(points, axis=0).T), 0.0)
    bends = np.hypot(*(points[ends] - points[starts]).T) < _sum_runs(length, starts, ends) * (1 - 1e-13)
    starts, ends = starts[bends], ends[bends]
    if math.isfinite(reach):
        near = _deviate(points, starts, ends) <= reach
        starts, ends = starts[near], ends[near]
    if not len(starts):
        return chain, starts
    bent = _sum_runs(np.append(leg_times(chain, padded), 0.0), starts, ends)
    pieces = trace_lines(points[starts], points[ends], padded, closed)
    straight = np.bincount(pieces.line, pieces.time, minlength=len(starts))
    better = straight < bent * (1 - 1e-12)
    changed = np.unique(chain.route[starts[better]])
    if len(changed):
        chosen = better[pieces.line]
        pieces = Pieces(*(value[chosen] for value in pieces))
        pieces = pieces._replace(line=(np.cumsum(better) - 1)[pieces.line])
        chain = _splice(chain, starts[better], ends[better], pieces)
    return chain, changed


def _deviate(points: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """How far from the straight line between its ends the points of each run lie at most, shape (K,)."""
    if not len(starts):
        return np.zeros(0)
    counts = ends - starts + 1
    run = np.repeat(np.arange(len(starts)), counts)
    index = np.arange(len(run)) - np.repeat(np.cumsum(counts) - counts, counts) + starts[run]
    way = (points[ends] - points[starts])[run]
    there = points[index] - points[starts][run]
    square = np.maximum((way**2).sum(1), 1e-300)
    share = np.clip((there * way).sum(1) / square, 0.0, 1.0)
    away = np.hypot(*(there - share[:, None] * way).T)
    return np.asarray(np.maximum.reduceat(away, np.cumsum(counts) - counts))


def _sum_runs(values: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The sum of the values from each start up to, but excluding, each end. Differences of a cumulative sum are less exact."""
    return np.asarray(np.add.reduceat(values, np.column_stack([starts, ends]).ravel())[::2])


def slide(chain: Chain, padded: np.ndarray, closed: np.ndarray, reach: float) -> tuple[Chain, np.ndarray]:
    """The chain with its bends moved along their grid lines where that is faster, and the routes that changed, shape (K,).

    Between two bends a route is straight, usually over uniform ground. The bends descend as if that ground continued, possibly
    across many cells, and each route takes the largest fraction of the move that makes it faster. Moving crossing by crossing
    would take one round per corner passed. A route with bends at half of its crossings or more must gain a move of over a cell.
    reach: how far a bend may move, in cells.
    """
    slowness = leg_slowness(chain, padded)
    points = chain.points
    step = np.diff(points, axis=0)
    length = np.hypot(step[:, 0], step[:, 1])
    straight = np.abs(step[:-1, 0] * step[1:, 1] - step[:-1, 1] * step[1:, 0]) <= STRAIGHT * length[:-1] * length[1:]
    needless = straight & (slowness[:-1] == slowness[1:]) & (chain.route[:-2] == chain.route[2:])
    kept = np.flatnonzero(np.concatenate([[True], ~needless, [True]]))
    bends = _free_on_borders(chain.take(kept), padded)
    between = bends.route[:-1] == bends.route[1:]
    elapsed = np.append(0.0, np.cumsum(leg_times(chain, padded)))[kept]
    apart = leg_lengths(bends.take(slice(None, -1)), bends.take(slice(1, None)))
    with np.errstate(invalid="ignore"):
        average = np.where(between & (apart > 0), np.diff(elapsed) / apart, 0.0)
    room = (np.array(closed.shape) - 1 - bends.base)[:, :2]
    limits = -(bends.base * bends.along).sum(1), np.where(bends.moves, (room * bends.along).sum(1), 0.0)
    limits = np.maximum(limits[0], bends.x - reach), np.minimum(limits[1], bends.x + reach)
    moved, _ = descend_crossings(bends, average, limits)
    count = int(chain.route[-1]) + 1
    few = 2 * np.bincount(bends.route, minlength=count) < np.bincount(chain.route, minlength=count)
    shift = np.abs(moved.x - bends.x)
    far = np.unique(bends.route[shift > np.where(few[bends.route], MOVES, 1.0)])
    if not len(far):
        return chain, far
    time = np.bincount(bends.route[:-1], np.where(between, np.diff(elapsed), 0.0), minlength=count)
    slid: dict[int, Chain] = {}
    for share in (1.0, 0.5, 0.25, 0.125):
        tried = [i for i in far if i not in slid]
        if not tried:
            break
        shifted = bends._replace(x=bends.x + share * (moved.x - bends.x))
        candidates = [shifted.points[bends.route == i] for i in tried]
        cut = cut_routes(candidates, padded, closed)
        new = np.bincount(cut.route[:-1], leg_times(cut, padded), minlength=len(tried))
        for k, i in enumerate(tried):
            if new[k] < time[i] * (1 - 1e-12):
                slid[int(i)] = cut.take(cut.route == k)._replace(route=np.full((cut.route == k).sum(), i))
    changed = np.array(sorted(slid), dtype=np.int64)
    if not len(changed):
        return chain, changed
    parts = [slid[int(i)] if int(i) in slid else take_route(chain, i) for i in np.unique(chain.route)]
    return join(parts), changed


def _free_on_borders(bends: Chain, padded: np.ndarray) -> Chain:
    """The nodes, where those at corners may move along a border between ground of two slownesses if they lie on one."""
    inner = np.concatenate([[False], bends.route[2:] == bends.route[:-2], [False]])
    corner = inner & ~bends.moves & np.all(bends.base == np.rint(bends.base), axis=1)
    row, col = np.where(corner[:, None], bends.base, 0).astype(np.int64).T
    nw, ne, sw, se = padded[row, col], padded[row, col + 1], padded[row + 1, col], padded[row + 1, col + 1]
    lying, standing = (nw == ne) & (sw == se) & (nw != sw), (nw == sw) & (ne == se) & (nw != ne)
    along: np.ndarray = np.column_stack([corner & standing, corner & lying])
    return bends._replace(along=np.where(along.any(axis=1, keepdims=True), along, bends.along))


def _splice(chain: Chain, starts: np.ndarray, ends: np.ndarray, pieces: Pieces) -> Chain:
    """The chain with the nodes between `starts` and `ends` replaced by the crossings of straight lines, cut into `pieces`."""
    a, b = chain.points[starts], chain.points[ends]
    same = np.append(False, pieces.line[1:] == pieces.line[:-1])
    inner = same & ~np.append(False, pieces.share[:-1] <= TOUCH)
    line, share = pieces.line[inner], pieces.start[inner]
    new = to_nodes(a[line] + (b - a)[line] * share[:, None], chain.route[starts][line])
    index = np.arange(len(chain.x))
    covered = np.zeros(len(index) + 1, dtype=np.int64)
    np.add.at(covered, starts + 1, 1)
    np.add.at(covered, ends, -1)
    kept = np.cumsum(covered)[:-1] == 0
    order = np.argsort(np.concatenate([index[kept], starts[line] + 0.5]), kind="stable")
    return Chain(*(np.concatenate([old[kept], its])[order] for old, its in zip(chain, new, strict=True)))


def cut_routes(routes: list[np.ndarray], padded: np.ndarray, closed: np.ndarray) -> Chain:
    """Routes as one chain, with a node wherever a route crosses a cell edge.

    routes: points (row, col), shape (N, 2) each; the first and the last may lie anywhere, the others on cell edges.
    """
    points = np.concatenate(routes)
    sizes = np.array([len(route) for route in routes])
    ends = np.cumsum(sizes) - 1
    number = np.repeat(np.arange(len(routes)), sizes)
    chain = to_nodes(points, number)
    outer = np.concatenate([ends - sizes + 1, ends])
    chain.base[outer], chain.along[outer], chain.x[outer] = points[outer], 0.0, 0.0
    starts = np.delete(np.arange(len(points)), ends)
    return _splice(chain, starts, starts + 1, trace_lines(points[starts], points[starts + 1], padded, closed))


def to_nodes(points: np.ndarray, route: np.ndarray) -> Chain:
    """Nodes at points (row, col), shape (N, 2), that lie on cell edges or corners up to rounding errors."""
    near = np.rint(points)
    off = np.abs(points - near)
    corner = off.max(1) < 1e-9
    on_row = off[:, 0] <= off[:, 1]
    along = np.where(on_row[:, None], [0.0, 1.0], [1.0, 0.0]) * ~corner[:, None]
    base = np.where(along > 0, np.floor(points), near)
    return Chain(base, along, ((points - base) * along).sum(1), route)
