"""The graphs in which walks are looked for: on blocks of cells, on cells, and on smaller and smaller sub-cells.

Each is laid where nearly best routes of the one before pass. How near is near is not known beforehand, so that what the last one
finds is compared with what the first ones kept, and the search is repeated on more of the map where that was too little.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from terrain_cli.maps.routes.chains import Chain
from terrain_cli.maps.routes.creases import trace_creases
from terrain_cli.maps.routes.graph import Graph, make_graph
from terrain_cli.maps.routes.paths import Paths, cells_through, find_paths
from terrain_cli.maps.routes.slopes import Surface
from terrain_cli.maps.walking.climbs import find_patches, make_climbs


class Effort(NamedTuple):
    """How thoroughly to search.

    blocks, width: how much longer than the least time of the graph on blocks of cells, or on cells, as a fraction, a route
    through one of them may take for the next graph to have it. matters: the same on the last graph, for sub-cells that matter.
    These must be well inside of what was kept; otherwise more is kept. creases: about how many cross each edge of the cells, of
    sub-cells on the way to full detail, of those of full detail, of fewer of these, and, if the way is LONG, of fewer still.
    large: sub-cells; for more of them, the detail is doubled step by step. even: whether evenly spaced points take the place of
    the first three of the creases, which takes less time and memory.
    """

    blocks: float
    width: float
    matters: float
    creases: tuple[int, ...]
    large: int
    even: bool = False


# By the number of sub-cells of a map that each is for, at most.
EFFORTS = {
    500_000: Effort(0.09, 0.06, 0.02, (4, 4, 4, 8), 100_000),
    5_000_000: Effort(0.08, 0.026, 0.004, (5, 3, 3, 8, 20), 250_000),
    math.inf: Effort(0.045, 0.016, 0.01, (2, 2, 3, 6), 100_000, even=True),
}
# The longer the way, the more errors of its legs cancel: beyond FAR cells, the width falls with the root of their number.
FAR, ALIKE = 100, 10
# The relative error that a graph may make in the time of a way of at most FAR cells, times the square of the creases on an edge.
MISJUDGED = 0.3
LONG = 1_000  # sub-cells from the start to the goal; on so long a way, routes that differ by little are many
SMALL, BLOCKS = 60_000, 250  # free cells that need no blocks; blocks along the longer side of a map, at least
NARROWER = 0.5  # the share of the width that remains each time that the sub-cells become smaller
WHOLE = (4_000, 10), (20_000, 6), (60_000, 4)  # sub-cells of maps searched as a whole, and the points on each edge
FEW = 2  # points on each edge of blocks, and of a graph that only shows in which order paths reach the edges
WHOLE_WITHIN = 0.016  # on a map searched as a whole: how much longer a route may take, as a fraction, to be a candidate


class Level(NamedTuple):
    """A graph on sub-cells of a surface, and its shortest paths. within: how much longer than the fastest they may be."""

    surface: Surface
    graph: Graph
    paths: Paths
    within: float

    def trace_creases(self, count: int, seeds: Chain | None = None) -> Chain:
        """Nodes along the creases of a walk, about `count` on each edge; see `creases.trace_creases`."""
        surface = self.surface
        patches = find_patches(surface.heights, self.graph.cells, surface.detail)
        return trace_creases(self.graph, self.paths, patches, surface.pace.kinks, count, seeds)

    @property
    def best(self) -> Chain:
        """The fastest route on the graph."""
        return self.graph.to_chain([self.paths.route(self.graph.goal)])

    def cells(self, within: float) -> np.ndarray:
        """The sub-cells through which a route takes at most a fraction `within` longer than the fastest, bool."""
        return cells_through(self.graph, self.paths, within, self.surface.shape)


def lay_graphs(surface: Surface, start: np.ndarray, goal: np.ndarray) -> Level | None:
    """The graph on sub-cells of full detail, or None if there is no route.

    The graphs for it are laid on wider parts of the map until the cells that matter are well inside.
    """
    free = np.isfinite(surface.slowness)
    count = int(np.count_nonzero(free)) * surface.detail**2
    for most, points in WHOLE:
        if count <= most:
            level = lay_graph(surface, start, goal, _enlarge(free, surface.detail), points, WHOLE_WITHIN)
            return level if math.isfinite(level.paths.best) else None
    effort = next(effort for most, effort in EFFORTS.items() if count <= most)
    cells_apart = float(np.max(np.abs(goal - start)))
    blocks_apart = cells_apart / _side(surface)
    widths = [
        width * math.sqrt(min(1.0, FAR / max(1.0, apart)))
        for width, apart in zip((effort.blocks, effort.width), (blocks_apart, cells_apart), strict=True)
    ]
    far = min(1.0, FAR / max(1.0, cells_apart))
    if np.count_nonzero(free) <= SMALL:
        widths[0] = math.inf
    blocks: dict[float, tuple[int, Level]] = {}  # by their width, which seldom changes
    while True:
        seen: list[tuple[np.ndarray, int]] = []  # the cells well inside, and how many times finer sub-cells are
        inside = free
        if math.isfinite(widths[0]):
            if widths[0] not in blocks:
                blocks = {widths[0]: _lay_blocks(surface, start, goal, widths[0])}
            block, level = blocks[widths[0]]
            if not math.isfinite(level.paths.best):
                widths[0] = math.inf
                continue
            inside = _enlarge(level.cells(widths[0]), block)[: free.shape[0], : free.shape[1]] & free
            seen.append((level.cells(widths[0] / 2), block))
        level = _lay_along(surface._replace(detail=1), start, goal, inside, effort.creases[0], effort.even, widths[1])
        if not math.isfinite(level.paths.best):
            if not math.isfinite(widths[0]):
                return None
            widths[0] = 4 * widths[0] if widths[0] < 1 else math.inf
            continue
        seen.append((level.cells(widths[1] / 2), 1))
        first, level = level, _lay_finer(level, surface, effort, far)
        if not math.isfinite(level.paths.best):
            if widths[1] > 1:  # the legs of the graph on sub-cells are too steep
                return first
            widths[1] = 4 * widths[1]
            continue
        misjudged = _misjudge(first, level)
        if misjudged > widths[1]:
            widths[1] = misjudged if misjudged < 1 else math.inf
            continue
        matter = level.cells(effort.matters * far)
        narrow = False
        for i, (cells, block) in enumerate(reversed(seen)):
            if _reaches_beyond(matter, cells, block * surface.detail):
                place = len(widths) - 1 - i
                widths[place] = 2 * widths[place] if widths[place] < 1 else math.inf
                narrow = True
        if not narrow or widths[1] > 1:
            return level


def _side(surface: Surface) -> int:
    """The side of a block, in cells of the map."""
    return int(max(2, max(surface.slowness.shape) // BLOCKS))


def _lay_blocks(surface: Surface, start: np.ndarray, goal: np.ndarray, within: float) -> tuple[int, Level]:
    """The side of a block in cells, and the graph on blocks, whose heights and slownesses are averages."""
    rows, cols = surface.slowness.shape
    block = _side(surface)
    padded = _average_blocks(surface.slowness, block)
    closed = np.zeros((padded.shape[0] - 1, padded.shape[1] - 1), dtype=bool)
    known = np.isfinite(surface.heights)
    total, count = (
        ndimage.uniform_filter(value, block + 1, mode="nearest")
        for value in (np.where(known, surface.heights, 0.0), known.astype(float))
    )
    mean = total / np.maximum(count, 1e-9)
    row, col = (np.minimum(np.arange(0, size + block, block), size) for size in (rows, cols))
    coarse = surface._replace(padded=padded, closed=closed, heights=mean[np.ix_(row, col)] / block, detail=1)
    # A slope too steep for a leg may be climbed in switchbacks, which blocks do not show.
    coarse = coarse._replace(max_slope=math.inf)
    free = np.isfinite(coarse.slowness)
    return block, lay_graph(coarse, start / block, goal / block, free, FEW, within)


def _average_blocks(slowness: np.ndarray, block: int) -> np.ndarray:
    """The mean slowness of the free cells of each block, inf where there are none, with a border of inf around."""
    rows, cols = (range(0, size, block) for size in slowness.shape)
    total, count = np.zeros((len(rows), len(cols))), np.zeros((len(rows), len(cols)))
    for i, row in enumerate(rows):
        strip = slowness[row : row + block]
        free = np.isfinite(strip)
        total[i] = np.add.reduceat(strip.sum(0, where=free), cols)
        count[i] = np.add.reduceat(free.sum(0), cols)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, total / count, np.inf)
    return np.pad(mean, 1, constant_values=np.inf)


def _lay_finer(level: Level, surface: Surface, effort: Effort, far: float) -> Level:
    """The graph on sub-cells of full detail that follows one on cells of the map.

    far: the share of the errors of legs that does not cancel on so long a way.
    """
    ends = level.graph.place[-2:]
    inside = level.cells(level.within)
    while level.surface.detail < surface.detail:
        before = level
        times = surface.detail // before.surface.detail
        while times > 2 and times % 2 == 0 and np.count_nonzero(inside) * times**2 > effort.large:
            times //= 2
        detail = before.surface.detail * times
        inside = _enlarge(inside, times)
        finer = surface._replace(detail=detail)
        count = effort.creases[2 if detail == surface.detail else 1]
        level = _lay_along(finer, ends[0], ends[1], inside, count, effort.even, NARROWER * level.within)
        if math.isfinite(level.paths.best):
            matters = effort.matters if effort.even else MISJUDGED / count**2
            inside = level.cells(max(matters * far, min(level.within, 2 * _misjudge(before, level))))
    long = np.max(np.abs(ends[1] - ends[0])) * surface.detail >= LONG
    for count in effort.creases[3:] if long else effort.creases[3:4]:
        if np.count_nonzero(inside) > effort.large:
            break
        if math.isfinite(level.paths.best):
            last = lay_graph(surface, ends[0], ends[1], inside, 0, level.within, level.trace_creases(count))
        else:  # legs between more points may be less steep
            last = lay_graph(surface, ends[0], ends[1], inside, count, level.within)
        if not math.isfinite(last.paths.best):
            break
        level = last
        inside = level.cells(MISJUDGED / count**2 * far)
    return level


def _lay_along(
    surface: Surface, start: np.ndarray, goal: np.ndarray, inside: np.ndarray, count: int, even: bool, within: float
) -> Level:
    """See `lay_graph`; about `count` nodes on each edge lie along creases, or are evenly spaced, as they are without kinks."""
    if len(surface.pace.kinks) and not even:
        rough = lay_graph(surface, start, goal, inside, FEW, 0.0)
        if math.isfinite(rough.paths.best):
            level = lay_graph(surface, start, goal, inside, 0, within, rough.trace_creases(count))
            if math.isfinite(level.paths.best):
                return level
    return lay_graph(surface, start, goal, inside, count, within)


def _misjudge(level: Level, finer: Level) -> float:
    """How much, as a fraction, a graph may have misjudged one route against another.

    It takes all of them to be too slow: what is known is by how much it did so with the best. Long ones it misjudges alike.
    """
    ratio = level.paths.best / level.surface.detail / (finer.paths.best / finer.surface.detail)
    cells_apart = float(np.max(np.abs(np.diff(level.graph.place[-2:], axis=0)))) / level.surface.detail
    return max(0.0, ratio - 1) * math.sqrt(min(1.0, ALIKE / max(1.0, cells_apart)))


def _reaches_beyond(matter: np.ndarray, cells: np.ndarray, times: int) -> bool:
    """Whether any of the sub-cells that matter lies outside `cells`, whose sides are so many times longer."""
    row, col = np.nonzero(matter)
    return not bool(np.all(cells[row // times, col // times]))


def _enlarge(cells: np.ndarray, times: int) -> np.ndarray:
    """The sub-cells of cells, shape (rows times, cols times)."""
    return np.repeat(np.repeat(cells, times, axis=0), times, axis=1)


def lay_graph(
    surface: Surface,
    start: np.ndarray,
    goal: np.ndarray,
    inside: np.ndarray,
    points: int,
    within: float,
    more: Chain | None = None,
) -> Level:
    """The graph of the sub-cells inside, and its paths: those of routes that take at most a fraction `within` longer than the
    fastest."""
    detail = surface.detail
    graph = make_graph(start * detail, goal * detail, inside, points, surface.slowness, surface.closed, more, detail)
    patches = find_patches(surface.heights, graph.cells, detail)
    climbs = make_climbs(patches, surface.pace, surface.max_slope)
    return Level(surface, graph, find_paths(graph, within, climbs), within)
