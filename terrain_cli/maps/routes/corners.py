"""Routes that bend at a corner of the cells: is the corner optimal, and if not, on which side should the route leave it?

Four cells meet at a corner, and a route can pass it on two sides. On each side it would cross some of the four edges that end
there, e_1 .. e_m in order. Let u and w be the unit vectors to the node before and the node after. Then a = s_in u.e_1 and
b = s_out w.e_m are the times saved per unit of length by moving the first crossing outwards along e_1 and the last along e_m.
With s_1 .. s_(m-1) the slownesses of the cells between those edges, the corner is locally optimal if on both sides

    m = 1    a + b <= 0
    m = 2    hypot(max(a, 0), max(b, 0)) <= s_1
    m >= 3   a <= s_1  and  b <= s_(m-1)

because the new piece that cuts the corner takes s_1 times its length. The time is convex for a fixed sequence of edges, so a
route whose crossings have zero gradient and whose corners all pass this test is a true local optimum.
"""

import itertools
from typing import NamedTuple

import numpy as np

from terrain_cli.maps.routes.chains import (
    Chain,
    alternate,
    drop_needless,
    find_slowness,
    join,
    leg_lengths,
    leg_slowness,
    leg_times,
)

# Directions (row, col) of the edges at a corner, by increasing angle, and the cells between axis k and axis k + 1.
AXES = np.array([[0, 1], [1, 0], [0, -1], [-1, 0]])
CELLS = np.array([[0, 0], [0, -1], [-1, -1], [-1, 0]])
GAIN = 1e-12  # relative; a smaller gain may be rounding error
TRIALS = 14  # step lengths, each a quarter of the one before


class _Side(NamedTuple):
    """How a route leaves each of M corners on one side.

    first, last: the edges e_1 and e_m, shape (M, 2). out, back: relative distances by which the first and the last crossing move
    along them, 0 if they stay, shape (M,). alone: whether m = 1, so that both are one crossing, shape (M,), bool.
    """

    first: np.ndarray
    last: np.ndarray
    out: np.ndarray
    back: np.ndarray
    alone: np.ndarray


def release_corners(chain: Chain, padded: np.ndarray) -> tuple[Chain, np.ndarray]:
    """The chain with each corner released where passing it on one side is faster, and the routes that changed, shape (K,).

    Neighbouring corners are not released at the same time, because each is tested with its neighbours fixed.
    """
    changed = []
    for parity in (0, 1):
        inner = np.zeros(len(chain.x), dtype=bool)
        inner[1:-1] = chain.route[2:] == chain.route[:-2]
        corner = inner & ~chain.moves & np.all(chain.base == np.rint(chain.base), axis=1)
        at = np.flatnonzero(alternate(corner) if parity == 0 else corner & ~alternate(corner))
        if len(at):
            chain, routes = _release(chain, at, padded)
            chain = drop_needless(chain, padded)
            changed.append(routes)
    return chain, np.unique(np.concatenate(changed)) if changed else np.zeros(0, dtype=np.int64)


def release_ends(chain: Chain, padded: np.ndarray) -> tuple[Chain, np.ndarray]:
    """The chain with a node added beside the end of a route where the route had better begin or end along a grid line.

    At an end on a grid line, moving out along it for a metre costs the slowness there, and saves at most a = s u.e, with the
    slowness s of the first leg, its direction u and the direction e of the line. Also returns the routes that changed, shape
    (K,).
    """
    pieces: list[Chain] = []
    changed: list[int] = []
    begins = np.flatnonzero(np.append(True, chain.route[1:] != chain.route[:-1]))
    at = 0
    for begin, end in itertools.pairwise([*begins.tolist(), len(chain.x)]):
        first, last = (
            _leave_along_line(chain.take(np.array(leg)), padded) for leg in ([begin, begin + 1], [end - 1, end - 2])
        )
        if first is not None:
            pieces += [chain.take(slice(at, begin + 1)), first]
            at = begin + 1
        if last is not None:
            pieces += [chain.take(slice(at, end - 1)), last]
            at = end - 1
        if first is not None or last is not None:
            changed.append(int(chain.route[begin]))
    pieces.append(chain.take(slice(at, None)))
    return join(pieces), np.array(changed, dtype=np.int64)


def _leave_along_line(leg: Chain, padded: np.ndarray) -> Chain | None:
    """A node on a grid line through the first of two nodes by which the second is reached faster; None if there is none."""
    end, other = leg.take(slice(0, 1)), leg.take(slice(1, 2))
    point, way = end.points[0], other.points[0] - end.points[0]
    length = float(np.hypot(*way))
    if length == 0 or not np.any(point == np.rint(point)):
        return None
    best, found = float(leg_times(leg, padded)[0]) * (1 - 1e-15), None
    for edge in AXES:
        across = 0 if edge[0] == 0 else 1
        if way @ edge <= 0 or point[across] != np.rint(point[across]):
            continue
        at = float(point[1 - across])
        forward = float(edge.sum()) > 0
        base = np.floor(at) if forward else np.ceil(at) - 1
        room = base + 1 - at if forward else at - base
        origin = point.copy()
        origin[1 - across] = base
        reach = min(0.5 * length, room)
        for _ in range(TRIALS):
            x = at - base + (reach if forward else -reach)
            node = Chain(origin[None], np.abs(edge)[None].astype(float), np.array([x]), end.route)
            taken = float(leg_times(join([end, node, other]), padded).sum())
            if taken < best:
                best, found = taken, node
                break
            reach /= 4
    return found


def _release(chain: Chain, at: np.ndarray, padded: np.ndarray) -> tuple[Chain, np.ndarray]:
    before, after, corner = chain.take(at - 1), chain.take(at + 1), chain.base[at]
    slowness = leg_slowness(chain, padded)
    slow = slowness[at - 1], slowness[at]
    to_before, to_after = before.points - corner, after.points - corner
    lengths = np.hypot(*to_before.T), np.hypot(*to_after.T)
    now = slow[0] * lengths[0] + slow[1] * lengths[1]
    ways = to_before / lengths[0][:, None], to_after / lengths[1][:, None]
    around = padded[tuple(np.moveaxis(corner[:, None].astype(np.int64) + CELLS + 1, -1, 0))]

    best = now.copy()
    nodes = [Chain(corner, np.zeros_like(corner), np.zeros(len(at)), chain.route[at])] * 3
    for sense in (1, -1):
        side = _look(sense, ways, slow, around)
        reach = np.minimum(0.5, 0.5 * np.minimum(*lengths))
        waits = np.flatnonzero((side.out > 0) | (side.back > 0))
        for _ in range(TRIALS):  # a move that saves time to first order saves time if it is small enough
            if not len(waits):
                break
            tried = _leave(
                corner[waits], _Side(*(value[waits] for value in side)), reach[waits], chain.route[at[waits]]
            )
            time = _time([before.take(waits), *tried, after.take(waits)], padded)
            good = time < best[waits] * (1 - 1e-15)
            best[waits[good]] = time[good]
            nodes = [_replace(old, waits[good], new.take(good)) for old, new in zip(nodes, tried, strict=True)]
            waits = waits[(time >= now[waits] * (1 - 1e-15))]
            reach = reach / 4
    left = np.flatnonzero(best < now)
    stays = np.delete(np.arange(len(chain.x)), at[left])
    order = np.argsort(np.concatenate([stays, at[left], at[left], at[left]]), kind="stable")
    left_chain = join([chain.take(stays), *(node.take(left) for node in nodes)]).take(order)
    return left_chain, np.unique(chain.route[at[left]])


def _replace(old: Chain, index: np.ndarray, new: Chain) -> Chain:
    """A copy with the nodes at `index` replaced."""
    values = [value.copy() for value in old]
    for value, its in zip(values, new, strict=True):
        value[index] = its
    return Chain(*values)


def _look(
    sense: int, ways: tuple[np.ndarray, np.ndarray], slow: tuple[np.ndarray, np.ndarray], around: np.ndarray
) -> _Side:
    """One side of each corner: the edges swept by turning from the node before to the node after.

    sense: 1 to turn right, -1 to turn left. ways: unit vectors to the two nodes, shape (M, 2) each. slow: slownesses of the
    legs to them, shape (M,) each. around: slownesses of the CELLS at each corner, shape (M, 4). Angles are in quarter turns, and
    mirrored for a sense of -1, so that the edges swept are integers in increasing order.
    """
    index = np.arange(len(around))
    begin, end = (sense * np.arctan2(way[:, 0], way[:, 1]) / (np.pi / 2) for way in ways)
    end = begin + (end - begin) % 4

    def between(k: np.ndarray) -> np.ndarray:
        """Slowness of the cells between axis k and k + 1."""
        k = k.astype(np.int64)
        return np.asarray(around[index, (k if sense == 1 else -k - 1) % 4])

    def axis(k: np.ndarray) -> np.ndarray:
        return AXES[(sense * k.astype(np.int64)) % 4]

    # An edge that the route runs along counts only if the route does so for the faster ground on its other side.
    first, last = np.ceil(begin - GAIN), np.floor(end + GAIN)
    first += (first - begin <= GAIN) & (between(first) <= slow[0] * (1 + GAIN))
    last -= (end - last <= GAIN) & (between(last - 1) <= slow[1] * (1 + GAIN))
    count = last - first + 1
    a = slow[0] * (ways[0] * axis(first)).sum(1)
    b = slow[1] * (ways[1] * axis(last)).sum(1)
    out, back = np.maximum(a, 0), np.maximum(b, 0)
    cut = np.hypot(out, back)
    alone = (count == 1) & (a + b > GAIN * (slow[0] + slow[1]))
    two = (count == 2) & (cut > between(first) * (1 + GAIN))
    more = count >= 3
    size = np.where(cut > 0, cut, 1.0)
    out = np.where(two, out / size, alone | (more & (out > between(first) * (1 + GAIN))))
    back = np.where(two, back / size, more & (back > between(last - 1) * (1 + GAIN)))
    return _Side(axis(first), axis(last), out.astype(float), back.astype(float), alone)


def _leave(corner: np.ndarray, side: _Side, reach: np.ndarray, route: np.ndarray) -> list[Chain]:
    """Three nodes to replace each corner; some of them may be equal. reach: scale of the moves, shape (M,), cells."""

    def node(edge: np.ndarray, far: np.ndarray) -> Chain:
        forward = edge.sum(1) > 0
        base = corner + np.where(forward[:, None], 0, edge)
        x = np.where(forward, far, 1 - far)
        stays = far == 0
        return Chain(
            np.where(stays[:, None], corner, base),
            np.where(stays[:, None], 0.0, np.abs(edge)),
            np.where(stays, 0.0, x),
            route,
        )

    first, last = node(side.first, side.out * reach), node(side.last, side.back * reach)
    alone, cut = side.alone, (side.out > 0) & (side.back > 0) & (side.out < 1)
    middle = node(side.first, np.where(alone | cut, side.out * reach, 0.0))
    last = Chain(*(np.where(_like(alone, new), new, old) for new, old in zip(first, last, strict=True)))
    return [first, middle, last]


def _like(mask: np.ndarray, value: np.ndarray) -> np.ndarray:
    return mask[:, None] if value.ndim == 2 else mask


def _time(nodes: list[Chain], padded: np.ndarray) -> np.ndarray:
    """Travel time from the first of the nodes to the last, shape (M,)."""
    total = np.zeros(len(nodes[0].x))
    for a, b in itertools.pairwise(nodes):
        length = leg_lengths(a, b)
        with np.errstate(invalid="ignore"):
            total += np.where(length > 0, find_slowness(a, b, padded) * length, 0.0)
    return total
