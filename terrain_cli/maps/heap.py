"""A heap for compiled loops: the item with the smallest key comes first, and a key can be lowered.

It lies in two arrays, and a third says where in them each item is, so that an item whose key is lowered is moved rather than
inserted a second time: a search lowers times often, and removing items takes the most time of all. Four children a node, because
a large heap waits for memory (LaMarca and Ladner 1996).
"""

from typing import Any

import numpy as np

from terrain_cli.maps.loops import helper

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


@helper
def make_heap(count: int) -> Arrays:
    """The arrays of an empty heap for the items 0 to `count` - 1: keys, items, and the place of each item, -1 if it is not there.

    Its size begins as np.int64(0): for a literal 0 numba would compile the loop that uses it a second time.
    """
    return np.empty(count, np.float64), np.empty(count, np.int32), np.full(count, -1, np.int32)


@helper
def put(keys: np.ndarray, items: np.ndarray, where: np.ndarray, size: Any, key: float, item: int) -> Any:
    """Insert an item into a heap of `size` items, or lower its key if it is in there, and return the size of the heap."""
    at = where[item]
    if at < 0:
        at = size
        size += 1
    while at > 0:
        parent = (at - 1) >> 2
        if keys[parent] <= key:
            break
        keys[at], items[at] = keys[parent], items[parent]
        where[items[at]] = at
        at = parent
    keys[at], items[at], where[item] = key, item, at
    return size


@helper
def drop(keys: np.ndarray, items: np.ndarray, where: np.ndarray, size: Any) -> Any:
    """Remove the first item of a heap of `size` items, and return the size that is left."""
    where[items[0]] = -1
    size -= 1
    if size == 0:
        return size
    key, item = keys[size], items[size]
    at = 0
    while True:
        first = 4 * at + 1
        if first >= size:
            break
        least = first
        for child in range(first + 1, min(first + 4, size)):
            if keys[child] < keys[least]:
                least = child
        if keys[least] >= key:
            break
        keys[at], items[at] = keys[least], items[least]
        where[items[at]] = at
        at = least
    keys[at], items[at], where[item] = key, item, at
    return size
