import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from terrain_cli.maps.crossings import Chain


def edge_points(cells, k, closed):
    """Nodes: k points on every edge of the cells (bool (R, C)) and their corners. Chain with route = 0."""
    R, C = cells.shape
    pad = np.pad(cells, 1)
    hor = pad[:-1, 1:-1] | pad[1:, 1:-1]  # (R+1, C) edges along columns
    ver = pad[1:-1, :-1] | pad[1:-1, 1:]  # (R, C+1)
    cor = (pad[:-1, :-1] | pad[1:, :-1] | pad[:-1, 1:] | pad[1:, 1:]) & ~closed
    t = (np.arange(k) + 1) / (k + 1)
    h, v, c = np.argwhere(hor), np.argwhere(ver), np.argwhere(cor)
    base = np.concatenate([np.repeat(h, k, 0), np.repeat(v, k, 0), c]).astype(float)
    along = np.concatenate(
        [np.tile([0.0, 1.0], (len(h) * k, 1)), np.tile([1.0, 0.0], (len(v) * k, 1)), np.zeros((len(c), 2))]
    )
    x = np.concatenate([np.tile(t, len(h) + len(v)), np.zeros(len(c))])
    return Chain(base, along, x, np.zeros(len(x), int))


def link(nodes, padded, cells=None):
    """Sparse graph: every pair of nodes that share a cell, the time between."""
    first = np.ceil(nodes.base + nodes.along).astype(np.int64) - 1
    last = np.floor(nodes.base).astype(np.int64)
    C = padded.shape[1]
    node, cell = [], []
    for dr in (0, 1):
        for dc in (0, 1):
            r, c = first[:, 0] + dr, first[:, 1] + dc
            ok = (r <= last[:, 0]) & (c <= last[:, 1])
            idx = np.flatnonzero(ok)
            r, c = r[ok] + 1, c[ok] + 1
            free = np.isfinite(padded[r, c])
            if cells is not None:
                free &= cells[r, c]
            node.append(idx[free])
            cell.append((r * C + c)[free])
    node, cell = np.concatenate(node), np.concatenate(cell)
    order = np.argsort(cell, kind="stable")
    node, cell = node[order], cell[order]
    start = np.flatnonzero(np.append(True, cell[1:] != cell[:-1]))
    count = np.diff(np.append(start, len(cell)))
    # pairs i<j in each group
    pos = np.arange(len(cell)) - np.repeat(start, count)
    partners = np.repeat(count, count) - pos - 1
    i = np.repeat(np.arange(len(cell)), partners)
    j = i + 1 + np.arange(len(i)) - np.repeat(np.cumsum(partners) - partners, partners)
    a, b, at = node[i], node[j], cell[i]
    # two nodes on one grid line share two cells: one arc is enough, the faster
    f = np.maximum(first[a], first[b])
    l = np.minimum(last[a], last[b])
    shared = np.any(f < l, axis=1)
    s = padded.ravel()[at]
    home = (f[:, 0] + 1) * C + f[:, 1] + 1
    keep = ~shared
    sh = np.flatnonzero(shared)
    fs, ls = f[sh] + 1, l[sh] + 1
    both = np.minimum(
        np.minimum(padded[fs[:, 0], fs[:, 1]], padded[ls[:, 0], ls[:, 1]]),
        np.minimum(padded[fs[:, 0], ls[:, 1]], padded[ls[:, 0], fs[:, 1]]),
    )
    firstfree = padded[fs[:, 0], fs[:, 1]]
    ok_home = at[sh] == home[sh]
    # if the first cell is not in (blocked or outside the corridor), the other one stands for both
    inside = np.isfinite(firstfree)
    if cells is not None:
        inside &= cells[fs[:, 0], fs[:, 1]]
    keep[sh] = ok_home | ~inside
    s[sh] = both
    a, b, s = a[keep], b[keep], s[keep]
    p = nodes.points
    d = np.hypot(*(p[a] - p[b]).T)
    w = s * np.maximum(d, 1e-300)
    return csr_array((np.concatenate([w, w]), (np.concatenate([a, b]), np.concatenate([b, a]))), shape=(len(p), len(p)))


def with_ends(nodes, start, goal):
    ends = np.array([start, goal], float)
    z = np.zeros((2, 2))
    return Chain(
        np.concatenate([ends, nodes.base]),
        np.concatenate([z, nodes.along]),
        np.concatenate([np.zeros(2), nodes.x]),
        np.concatenate([np.zeros(2, int), nodes.route]),
    )


def walk(pred, i):
    out = [i]
    while pred[out[-1]] >= 0:
        out.append(pred[out[-1]])
    return out


def candidates(nodes, graph, most=16, within=1.5e-3, apart=1.0):
    F, pf = dijkstra(graph, indices=0, return_predecessors=True)
    B, pb = dijkstra(graph, indices=1, return_predecessors=True)
    via = F + B
    best = via.min()
    order = np.argsort(via, kind="stable")
    order = order[via[order] <= best * (1 + within)]
    p = nodes.points
    taken = np.zeros(len(p), bool)
    cell = np.floor(p).astype(int)
    R, C = cell.max(0) + 3
    near = np.zeros((R + 1, C + 1), bool)
    routes = []
    for i in order:
        if near[cell[i, 0] + 1, cell[i, 1] + 1]:
            continue
        route = walk(pf, i)[::-1] + walk(pb, i)[1:]
        routes.append(route)
        q = cell[route] + 1
        for dr in (-1, 0, 1):
            for dc in (-1, 0, 1):
                near[q[:, 0] + dr, q[:, 1] + dc] = True
        if len(routes) == most:
            break
    return routes, F, B


def chain_of(nodes, routes):
    index = np.concatenate([np.array(r) for r in routes])
    route = np.repeat(np.arange(len(routes)), [len(r) for r in routes])
    return nodes.take(index)._replace(route=route)
