"""Which cells a point touches."""

import math

import pytest

from terrain_cli.maps.cells import meet_at_corner, touching_cells


@pytest.mark.parametrize(
    ("point", "cells"),
    [
        ((1.5, 2.5), [(1, 2)]),
        ((1, 2.5), [(0, 2), (1, 2)]),
        ((1.5, 2), [(1, 1), (1, 2)]),
        ((1, 2), [(0, 1), (0, 2), (1, 1), (1, 2)]),
        ((0, 0), [(0, 0)]),
        ((3, 4), [(2, 3)]),
        ((3, 1), [(2, 0), (2, 1)]),
        ((0, 0.5), [(0, 0)]),
        ((-1e-300, 1), []),
        ((1, math.nextafter(4, 5)), []),
        ((math.nan, 1), []),
    ],
)
def test_touching_cells(point: tuple[float, float], cells: list[tuple[int, int]]) -> None:
    assert touching_cells(*point, (3, 4)) == cells


def test_two_cells_that_share_only_a_corner() -> None:
    assert meet_at_corner([(0, 1), (1, 0)])
    assert meet_at_corner([(0, 0), (1, 1)])
    assert not meet_at_corner([(0, 0), (0, 1)])
    assert not meet_at_corner([(0, 0), (1, 0)])
    assert not meet_at_corner([(0, 0)])
    assert not meet_at_corner([(0, 0), (0, 1), (1, 0)])
