"""Chains of nodes: one or several routes across the cells of a map, joined end to end, so that all of them are worked on at once.

Positions are (row, col) in units of cells. Between two neighbouring nodes a route is straight and inside one cell. Each node lies
on a cell edge; the edge of a node at a corner has zero length.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np


class Chain(NamedTuple):
    """The nodes of one or several routes, end to end.

    base: where the edge of each node begins, (row, col), shape (N, 2). along: the direction of the edge, (0, 1) or (1, 0), or
    (0, 0) for a node that cannot move, shape (N, 2). x: position along the edge, 0 to 1, shape (N,). route: the index of the
    route that each node belongs to, shape (N,).
    """

    base: np.ndarray
    along: np.ndarray
    x: np.ndarray
    route: np.ndarray

    @property
    def points(self) -> np.ndarray:
        """Positions of the nodes, (row, col), shape (N, 2)."""
        return np.asarray(self.base + self.along * self.x[:, None])

    @property
    def moves(self) -> np.ndarray:
        """Which nodes can move, shape (N,), bool."""
        return np.asarray(self.along.sum(1) > 0)

    def take(self, index: slice | np.ndarray) -> "Chain":
        """The nodes at these indices, or at this slice or mask."""
        return Chain(*(value[index] for value in self))


def join(chains: Sequence[Chain]) -> Chain:
    """The chains concatenated."""
    return Chain(*(np.concatenate(values) for values in zip(*chains, strict=True)))


def find_cells(a: Chain, b: Chain) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last of the cells (row, col) that contain both nodes, shape (N, 2) each; first > last if none does."""
    first = np.ceil(np.maximum(a.base + a.along, b.base + b.along)).astype(np.int64) - 1
    return first, np.floor(np.minimum(a.base, b.base)).astype(np.int64)


def find_slowness(a: Chain, b: Chain, padded: np.ndarray) -> np.ndarray:
    """Slowness of the ground between nodes a and b, shape (N,): the smallest of the cells that contain both, inf if none does.

    padded: the slowness of the map with a border of inf, shape (rows + 2, cols + 2).
    """
    first, last = find_cells(a, b)
    together = np.all(first <= last, axis=1)[:, None]
    r0, c0 = np.where(together, first + 1, 0).T
    r1, c1 = np.where(together, last + 1, 0).T
    return np.asarray(
        np.minimum(np.minimum(padded[r0, c0], padded[r1, c1]), np.minimum(padded[r0, c1], padded[r1, c0]))
    )


def leg_lengths(a: Chain, b: Chain) -> np.ndarray:
    """Distance between nodes a and b, shape (N,), cells."""
    difference = b.points - a.points
    return np.asarray(np.hypot(difference[:, 0], difference[:, 1]))


def leg_slowness(chain: Chain, padded: np.ndarray) -> np.ndarray:
    """Slowness of the ground between each node and the next, shape (N-1,); 0 between the end of a route and the next route."""
    between = find_slowness(chain.take(slice(None, -1)), chain.take(slice(1, None)), padded)
    return np.where(chain.route[1:] == chain.route[:-1], between, 0.0)


def leg_times(chain: Chain, padded: np.ndarray) -> np.ndarray:
    """Travel time between each node and the next, shape (N-1,); 0 between the end of a route and the next route."""
    length = leg_lengths(chain.take(slice(None, -1)), chain.take(slice(1, None)))
    with np.errstate(invalid="ignore"):
        return np.where(length > 0, leg_slowness(chain, padded) * length, 0.0)


def alternate(mask: np.ndarray) -> np.ndarray:
    """Every other element of each run of True, beginning with the first: shape (N,), bool."""
    index = np.arange(len(mask))
    first = np.maximum.accumulate(np.where(mask & ~np.append(False, mask[:-1]), index, -1))
    return np.asarray(mask & ((index - first) % 2 == 0))


def drop_needless(chain: Chain, padded: np.ndarray) -> Chain:
    """The chain without nodes whose neighbours share a cell and are joined as fast directly. Merges nodes that are equal."""

    def time_between(a: Chain, b: Chain) -> np.ndarray:
        length = leg_lengths(a, b)
        with np.errstate(invalid="ignore"):
            return np.where(length > 0, find_slowness(a, b, padded) * length, 0.0)

    return drop_nodes(chain, time_between)


def drop_nodes(chain: Chain, time_between: Callable[[Chain, Chain], np.ndarray]) -> Chain:
    """The same by any rule for the time between nodes `a` and `b`, shape (N,), inf where they share no cell."""
    while len(chain.x) > 2:
        times = time_between(chain.take(slice(None, -1)), chain.take(slice(1, None)))
        before, after = chain.take(slice(None, -2)), chain.take(slice(2, None))
        direct = time_between(before, after)
        around = (times[:-1] + times[1:]) * (1 + 1e-15)
        needless = (before.route == after.route) & (direct <= around) & np.isfinite(direct)
        if not needless.any():
            break
        chain = chain.take(np.concatenate([[True], ~alternate(needless), [True]]))
    return chain


def hold_ends(chain: Chain) -> tuple[Chain, np.ndarray]:
    """The chain with every node at an end of its edge turned into a corner, and the routes that changed, shape (K,)."""
    low, high = chain.moves & (chain.x <= 0), chain.moves & (chain.x >= 1)
    base = np.where(high[:, None], chain.base + chain.along, chain.base)
    ends = low | high
    held = chain._replace(base=base, along=np.where(ends[:, None], 0.0, chain.along), x=np.where(ends, 0.0, chain.x))
    return held, np.unique(chain.route[ends])
