"""Routes made as fast as small changes can make them: straight where that is faster, at rest on every edge, off every corner."""

from typing import NamedTuple

import numpy as np

from terrain_cli.maps.corners import release_corners
from terrain_cli.maps.crossings import (
    Chain,
    descend_crossings,
    drop_needless,
    hold_ends,
    leg_times,
)
from terrain_cli.maps.lines import TOUCH, trace_lines

ROUNDS = 100  # a dozen are enough as a rule


class Refined(NamedTuple):
    """A route that was refined.

    nodes: where it ended. times, crossings, gradient_norms: of the route as it was given, then after each round.
    """

    nodes: Chain
    times: list[float]
    crossings: list[int]
    gradient_norms: list[float]


def refine(chain: Chain, padded: np.ndarray, closed: np.ndarray) -> list[Refined]:
    """Each route of the chain refined until it is a local optimum: no small change makes it faster.

    padded: slowness with a border of inf, shape (rows + 2, cols + 2). closed: corners that nothing passes, shape
    (rows + 1, cols + 1).
    """
    count = int(chain.route[-1]) + 1
    given = descend_crossings(chain, padded, most=0)[1]
    sizes = np.bincount(chain.route, minlength=count)
    rows = [[(float(given.time[i]), int(sizes[i]) - 2, float(given.gradient_norm[i]))] for i in range(count)]
    done: dict[int, Chain] = {}
    for _ in range(ROUNDS):
        chain, straightened = straighten(chain, padded, closed)
        chain = drop_needless(chain, padded)
        chain, result = descend_crossings(chain, padded)
        chain, ended = hold_ends(chain)
        moved = drop_needless(chain, padded)
        moved, released = release_corners(moved, padded)
        sizes = np.bincount(chain.route, minlength=count)
        after = np.bincount(moved.route, minlength=count)
        active = np.unique(chain.route)
        for i in active:
            rows[i].append((float(result.time[i]), int(sizes[i]) - 2, float(result.gradient_norm[i])))
        changed = np.union1d(np.union1d(straightened, ended), np.union1d(released, np.flatnonzero(sizes != after)))
        for i in np.setdiff1d(active, changed):
            done[int(i)] = chain.take(chain.route == i)
        chain = moved.take(np.isin(moved.route, changed))
        if not len(chain.x):
            break
    for i in np.unique(chain.route):
        done[int(i)] = chain.take(chain.route == i)
    return [Refined(done[i], *(list(column) for column in zip(*rows[i], strict=True))) for i in range(count)]


def straighten(chain: Chain, padded: np.ndarray, closed: np.ndarray) -> tuple[Chain, np.ndarray]:
    """The chain with runs of legs replaced by the straight line where that is faster, long runs first; the routes changed."""
    changed: list[np.ndarray] = []
    length = 1 << (int(np.bincount(chain.route).max()) - 1).bit_length()
    while length >= 2:
        for shift in (0, length // 2):
            _, begin, where, count = np.unique(chain.route, return_index=True, return_inverse=True, return_counts=True)
            rank = np.arange(len(chain.x)) - begin[where]
            starts = np.flatnonzero((rank % length == shift) | (rank == 0))
            ends = np.minimum(np.append(starts[1:], len(rank) - 1), (begin + count - 1)[where[starts]])
            long = ends - starts >= 2
            starts, ends = starts[long], ends[long]
            if not len(starts):
                continue
            elapsed = np.append(0.0, np.cumsum(leg_times(chain, padded)))
            points = chain.points
            pieces = trace_lines(points[starts], points[ends], padded, closed)
            straight = np.bincount(pieces.line, pieces.time, minlength=len(starts))
            better = straight < (elapsed[ends] - elapsed[starts]) * (1 - 1e-12)
            if better.any():
                changed.append(chain.route[starts[better]])
                chain = _splice(chain, starts[better], ends[better], padded, closed)
        length //= 2
    return chain, np.unique(np.concatenate(changed)) if changed else np.zeros(0, dtype=np.int64)


def _splice(chain: Chain, starts: np.ndarray, ends: np.ndarray, padded: np.ndarray, closed: np.ndarray) -> Chain:
    """The chain with the nodes between `starts` and `ends` replaced by the crossings of a straight line."""
    a, b = chain.points[starts], chain.points[ends]
    pieces = trace_lines(a, b, padded, closed)
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


def to_nodes(points: np.ndarray, route: np.ndarray) -> Chain:
    """Nodes at points that lie on cell edges or corners but for rounding."""
    near = np.rint(points)
    off = np.abs(points - near)
    corner = off.max(1) < 1e-9
    on_row = off[:, 0] <= off[:, 1]
    along = np.where(on_row[:, None], [0.0, 1.0], [1.0, 0.0]) * ~corner[:, None]
    base = np.where(along > 0, np.floor(points), near)
    return Chain(base, along, ((points - base) * along).sum(1), route)
