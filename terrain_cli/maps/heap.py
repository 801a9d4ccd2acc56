"""A binary heap's four-way cousin in two arrays, for compiled loops: the item with the smallest key comes first.

Four children a node, because a heap of millions of items spends its time waiting for memory (LaMarca and Ladner 1996).
"""

from typing import Any

import numpy as np

from terrain_cli.maps.loops import helper


@helper
def push(keys: np.ndarray, items: np.ndarray, size: "int | np.signedinteger[Any]", key: float, item: int) -> None:
    """Insert an item into a heap of `size` items; the arrays must have room for one more."""
    child = size
    while child > 0:
        parent = (child - 1) >> 2
        if keys[parent] <= key:
            break
        keys[child], items[child] = keys[parent], items[parent]
        child = parent
    keys[child], items[child] = key, item


@helper
def drop(keys: np.ndarray, items: np.ndarray, size: "int | np.signedinteger[Any]") -> None:
    """Remove the first item of a heap of `size` items."""
    size -= 1
    key, item = keys[size], items[size]
    parent = 0
    while True:
        first = 4 * parent + 1
        if first >= size:
            break
        least = first
        for child in range(first + 1, min(first + 4, size)):
            if keys[child] < keys[least]:
                least = child
        if keys[least] >= key:
            break
        keys[parent], items[parent] = keys[least], items[least]
        parent = least
    keys[parent], items[parent] = key, item


@helper
def enlarge(values: np.ndarray) -> np.ndarray:
    """A copy with room for twice as many."""
    larger = np.empty(2 * len(values), values.dtype)
    for i in range(len(values)):  # a slice would take seconds to compile
        larger[i] = values[i]
    return larger
