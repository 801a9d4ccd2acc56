"""Nodes along the creases of a walk: lines on which a leg has just the slope where the pace has a kink.

With Tobler's function that is the slope of the fastest walk, and good walks downhill follow such lines for long. A graph on
evenly spaced points follows them only in zigzags, whose time depends on where the points happen to lie, by more than what good
routes differ by. So lines are traced from edge to edge, away from the start: each crosses the next edge where a straight leg
from its last crossing has the slope. They run side by side, and a route can change from one to another.
"""

import numpy as np

from terrain_cli.maps.loops import compiled_loop
from terrain_cli.maps.routes.chains import Chain
from terrain_cli.maps.routes.graph import Graph
from terrain_cli.maps.routes.paths import Paths

MOST = 3  # lines on an edge, as a multiple of those asked for
CLOSE = 0.3  # lines that are closer than this share of their even spacing merge


def trace_creases(
    graph: Graph, paths: Paths, patches: np.ndarray, kinks: np.ndarray, count: int, seeds: Chain | None = None
) -> Chain:
    """Nodes where lines cross the edges of a graph, one for each line.

    paths: its shortest paths, which give the order of the edges. patches: of its cells, as in `Climbs`. kinks: the slopes of the
    lines, shape (K,). count: further lines begin where fewer than these cross an edge; without kinks, all do, evenly spaced.
    seeds: nodes where lines begin beside those, at most one on each edge.
    """
    edges = len(graph.beside)
    reached = np.full(edges, np.inf)
    np.minimum.at(reached, graph.edge, paths.from_start[: len(graph.edge)])
    order = np.argsort(reached, kind="stable")[: np.count_nonzero(np.isfinite(reached))]
    x = np.empty((edges, MOST * count))
    counts = np.zeros(edges, dtype=np.int64)
    if seeds is not None:
        edge, seeds = graph.find_edges(seeds)
        edge, first = np.unique(edge, return_index=True)
        x[edge, 0], counts[edge] = seeds.x[first], 1
    done = np.zeros(edges, dtype=bool)
    shape = graph.cells, graph.edges, graph.beside, graph.origin, graph.lying
    _trace(order, done, *shape, patches, kinks, count, x, counts)
    counts[~np.isfinite(reached)] = 0
    edge = np.repeat(np.arange(edges), counts)
    along = np.where(graph.lying[edge, None], [0.0, 1.0], [1.0, 0.0])
    place = np.arange(x.shape[1]) < counts[:, None]
    return Chain(graph.origin[edge].astype(float), along, x[place], np.zeros(len(edge), dtype=np.int64))


@compiled_loop
def _trace(order, done, cells, edges, beside, origin, lying, patches, kinks, count, x, counts):  # type: ignore[no-untyped-def]
    """Fill x, the crossings on each edge, shape (E, most), and counts, their numbers, shape (E,), which have the seeds at first.

    order: of the edges. done: those that are finished, at first none.
    """
    most = x.shape[1]
    found = np.empty(most)
    for on in order:
        # np.sort, slices and the like would take longer to compile than all the rest.
        arrived = counts[on]
        for i in range(arrived):
            j, value = i, x[on, i]
            while j > 0 and found[j - 1] > value:
                found[j] = found[j - 1]
                j -= 1
            found[j] = value
        # Lines that are close merge, and new ones begin in the gaps.
        number, last = 0, 0.0
        for i in range(arrived + 1):
            at = found[i] if i < arrived else 1.0
            if 0 < i < arrived and at - last < CLOSE / count:
                continue
            gaps = int((at - last) * count + 0.5)
            for j in range(1, gaps):
                if number < most:
                    x[on, number] = last + (at - last) * j / gaps
                    number += 1
            if i < arrived and number < most:
                x[on, number] = at
                number += 1
            last = at
        counts[on] = number
        done[on] = True
        for beyond in range(2):
            cell = beside[on, beyond]
            if cell < 0:
                continue
            south, east, twist = patches[cell, 0], patches[cell, 1], patches[cell, 2]
            for i in range(number):
                down, right = float(origin[on, 0] - cells[cell, 0]), float(origin[on, 1] - cells[cell, 1])
                if lying[on]:
                    right += x[on, i]
                else:
                    down += x[on, i]
                height = south * down + east * right + twist * down * right
                for k in range(4):
                    side = edges[cell, k]
                    if done[side]:
                        continue
                    far = float(k % 2)
                    if k < 2:
                        rise, slope, across, begin = south * far - height, east + twist * far, far - down, right
                    else:
                        rise, slope, across, begin = east * far - height, south + twist * far, far - right, down
                    for kink in kinks:
                        # rise + slope y = kink hypot(across, y - begin), squared
                        square = slope * slope - kink * kink
                        middle = rise * slope + kink * kink * begin
                        rest = rise * rise - kink * kink * (across * across + begin * begin)
                        inner = middle * middle - square * rest
                        if square == 0.0 or inner < -1e-12 * middle * middle:
                            continue
                        root = np.sqrt(max(inner, 0.0))
                        for sign in (-1.0, 1.0):
                            y = (sign * root - middle) / square
                            if 0.0 < y < 1.0 and (rise + slope * y) * kink >= 0.0 and counts[side] < most:
                                x[side, counts[side]] = y
                                counts[side] += 1
