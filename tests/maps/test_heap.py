"""The heap of the compiled loops gives items in the order of their keys, whatever is inserted, lowered and removed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from terrain_cli.maps.heap import drop, make_heap, put

ITEMS = 12
# Of an item, its key, or None to remove the first one.
STEPS = st.lists(st.none() | st.tuples(st.integers(0, ITEMS - 1), st.integers(0, 50)), max_size=80)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_items_come_by_their_lowest_keys(steps: list[tuple[int, int] | None]) -> None:
    keys, items, where = make_heap(ITEMS)
    size = np.int64(0)
    waiting: dict[int, float] = {}
    for step in [*steps, *[None] * ITEMS]:
        if step:
            item, key = step
            if key <= waiting.get(item, key):  # a key is never raised
                waiting[item] = float(key)
                size = put(keys, items, where, size, float(key), item)
        elif waiting:
            first, time = int(items[0]), float(keys[0])
            assert time == min(waiting.values()) == waiting.pop(first)
            size = drop(keys, items, where, size)
        assert size == len(waiting)
        assert {i: int(place) for place, i in enumerate(items[:size].tolist())} == {
            i: place for i, place in enumerate(where.tolist()) if place >= 0
        }
    assert not waiting
