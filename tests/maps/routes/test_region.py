"""The search region: rough times that end, and cells that are well inside."""

import numpy as np
import pytest
from scipy import ndimage

from terrain_cli.maps.fields.marching import march, march_between
from terrain_cli.maps.ground import closed_corners
from terrain_cli.maps.routes.region import find_region


def test_rounding_to_32_bits_settles_each_corner_once() -> None:
    """On even ground many times are equal but for rounding; a time that is rounded up to the one there looks lower for ever."""
    slowness = np.full((20, 20), 0.79919874)
    slowness[:10] = 0.35622584
    ends = np.array([0.5, 0.5]), np.array([18.5, 19.5])
    region = find_region(slowness, closed_corners(slowness), *ends, 0.01)
    assert region is not None
    assert region.inside[0, 0]
    assert region.inside[18, 19]
    assert not region.inside[19, 0]


def test_both_waves_end_where_they_cannot_matter() -> None:
    """Where the sum of both times is well inside the width, they are those of waves over all of the map, but for the order in
    which corners are settled; elsewhere, none is lower, and most corners are not reached by both."""
    rng = np.random.default_rng(5)
    padded = np.pad(rng.uniform(1, 3, (40, 40)), 1, constant_values=np.inf)
    closed = np.zeros((41, 41), dtype=bool)
    alone, between = np.full((2, 2, 41, 41), np.inf)
    for times in alone, between:
        times[0, 3, 2] = times[1, 38, 36] = 0.0
    for times in alone:
        march(padded, closed, times, np.zeros_like(closed))
    march_between(padded, closed, between, 0.05)
    least = alone.sum(0).min()
    assert between.sum(0).min() == pytest.approx(least, rel=1e-3)
    inside = alone.sum(0) <= 1.025 * least
    assert inside.mean() > 0.03
    np.testing.assert_allclose(between[:, inside], alone[:, inside], rtol=1e-3)
    assert np.all(between >= alone * (1 - 1e-3))
    assert np.isfinite(between.sum(0)).mean() < 0.5


@pytest.mark.parametrize("share", [0.3, 0.4, 0.5])
def test_there_is_no_region_only_where_there_is_no_way(share: float) -> None:
    """Free cells are connected by their sides, not by their corners."""
    rng = np.random.default_rng(int(100 * share))
    connected = []
    for _ in range(60):
        slowness = np.where(rng.random((12, 14)) < share, np.inf, rng.uniform(1, 9, (12, 14)))
        start, goal = rng.permutation(np.argwhere(np.isfinite(slowness)))[:2]
        parts, _ = ndimage.label(np.isfinite(slowness))
        connected.append(parts[tuple(start)] == parts[tuple(goal)])
        region = find_region(slowness, closed_corners(slowness), start + 0.5, goal + 0.5, 0.01)
        assert (region is not None) == connected[-1]
    assert 0 < sum(connected) < len(connected)
