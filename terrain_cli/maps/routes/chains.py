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
        return np.asarray((self.along[:, 0] > 0) | (self.along[:, 1] > 0))

    def take(self, index: slice | np.ndarray) -> "Chain":
        """The nodes at these indices, or at this slice or mask."""
        if isinstance(index, slice):
            return Chain(*(value[index] for value in self))
        if index.dtype == bool:
            index = np.flatnonzero(index)  # once for all four
        return Chain(*(value.take(index, axis=0) for value in self))


def join(chains: Sequence[Chain]) -> Chain:
    """The chains concatenated."""
    return Chain(*(np.concatenate(values) for values in zip(*chains, strict=True)))


def take_route(chain: Chain, number: int) -> Chain:
    """One of the routes of a chain whose numbers increase."""
    begin, end = np.searchsorted(chain.route, [number, number + 1])
    return chain.take(slice(begin, end))


def find_cells(a: Chain, b: Chain) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last of the cells (row, col) that contain both nodes, shape (N, 2) each; first > last if none does."""
    first = np.ceil(np.maximum(a.base + a.along, b.base + b.along)).astype(np.int64) - 1
    return first, np.floor(np.minimum(a.base, b.base)).astype(np.int64)


def find_slowness(a: Chain, b: Chain, padded: np.ndarray) -> np.ndarray:
    """Slowness of the ground between nodes a and b, shape (N,): the smallest of the cells that contain both, inf if none does.

    padded: the slowness of the map with a border of inf, shape (rows + 2, cols + 2).
    """
    first, last = find_cells(a, b)
    together = (first[:, 0] <= last[:, 0]) & (first[:, 1] <= last[:, 1])
    first, last = ((cells + 1) * together[:, None] for cells in (first, last))  # in the border if there is none
    width, flat = padded.shape[1], padded.ravel()
    rows, cols = (first[:, 0] * width, last[:, 0] * width), (first[:, 1], last[:, 1])
    times = [flat.take(row + col) for row in rows for col in cols]
    return np.asarray(np.minimum(np.minimum(times[0], times[1]), np.minimum(times[2], times[3])))


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
    return np.asarray(mask & _every_other(mask & ~np.append(False, mask[:-1])))


def _every_other(begins: np.ndarray) -> np.ndarray:
    """Every other element from each one on that begins a run, shape (N,), bool."""
    index = np.arange(len(begins))
    first = np.maximum.accumulate(np.where(begins, index, -1))
    return np.asarray((index - first) % 2 == 0)


def drop_needless(chain: Chain, padded: np.ndarray) -> Chain:
    """The chain without nodes whose neighbours share a cell and are joined as fast directly. Merges nodes that are equal."""

    def time_between(a: Chain, b: Chain) -> np.ndarray:
        length = leg_lengths(a, b)
        with np.errstate(invalid="ignore"):
            return np.where(length > 0, find_slowness(a, b, padded) * length, 0.0)

    return drop_nodes(chain, time_between)


def drop_nodes(chain: Chain, time_between: Callable[[Chain, Chain], np.ndarray]) -> Chain:
    """The same by any rule for the time between nodes `a` and `b`, shape (N,), inf where they share no cell."""
    before, after = np.arange(len(chain.x)) - 1, np.arange(len(chain.x)) + 1  # the neighbours of each node that is kept
    kept = np.ones(len(chain.x), dtype=bool)
    times = time_between(chain.take(slice(None, -1)), chain.take(slice(1, None)))  # from each node to the one after it
    looked_at = np.arange(1, len(chain.x) - 1)
    while len(looked_at):
        first, last = before[looked_at], after[looked_at]
        direct = time_between(chain.take(first), chain.take(last))
        around = (times[first] + times[looked_at]) * (1 + 1e-15)
        needless = (chain.route[first] == chain.route[last]) & (direct <= around) & np.isfinite(direct)
        chosen = np.flatnonzero(needless)
        if not len(chosen):
            break
        chosen = chosen[_every_other(first[chosen] != np.append(-1, looked_at[chosen[:-1]]))]
        dropped, first, last = looked_at[chosen], first[chosen], last[chosen]
        kept[dropped] = False
        times[first], after[first], before[last] = direct[chosen], last, first
        # Nothing has changed for nodes farther away.
        looked_at = np.unique(np.concatenate([first, last]))
        looked_at = looked_at[(looked_at > 0) & (looked_at < len(chain.x) - 1)]
    return chain.take(kept)


def hold_ends(chain: Chain) -> tuple[Chain, np.ndarray]:
    """The chain with every node at an end of its edge turned into a corner, and the routes that changed, shape (K,)."""
    low, high = chain.moves & (chain.x <= 0), chain.moves & (chain.x >= 1)
    base = np.where(high[:, None], chain.base + chain.along, chain.base)
    ends = low | high
    held = chain._replace(base=base, along=np.where(ends[:, None], 0.0, chain.along), x=np.where(ends, 0.0, chain.x))
    return held, np.unique(chain.route[ends])
