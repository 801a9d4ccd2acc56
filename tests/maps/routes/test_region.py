"""The search region: rough times that end, and cells that are well inside."""

import numpy as np

from terrain_cli.maps.fields.marching import march
from terrain_cli.maps.ground import closed_corners
from terrain_cli.maps.routes.region import find_region


def test_rounding_to_32_bits_settles_each_corner_once() -> None:
    """On even ground many times are equal but for rounding; a time that is rounded up to the one there looks lower for ever."""
    slowness = np.full((20, 20), 0.79919874)
    slowness[:10] = 0.35622584
    ends = np.array([0.5, 0.5]), np.array([18.5, 19.5])
    region = find_region(slowness, closed_corners(slowness), *ends, (np.inf, 0.01))
    assert region is not None
    assert region.inside[0, 0]
    assert region.inside[18, 19]
    assert not region.inside[19, 0]


def test_times_that_cannot_matter_are_left_out() -> None:
    """Marching back from the goal, a corner keeps inf where the sum of both times would exceed the limit; well inside, where
    the sum is above the least by half as much, none changes."""
    rng = np.random.default_rng(5)
    padded = np.pad(rng.uniform(1, 3, (40, 40)), 1, constant_values=np.inf)
    closed = np.zeros((41, 41), dtype=bool)

    def times(at: tuple[int, int]) -> np.ndarray:
        found = np.full((41, 41), np.inf)
        found[at] = 0.0
        return found

    there, back = times((0, 0)), times((40, 40))
    for found in there, back:
        march(padded, closed, found, np.zeros_like(closed))
    limit, bounded = 1.05 * there[40, 40], times((40, 40))
    march(padded, closed, bounded, np.zeros_like(closed), there, limit)
    kept = np.isfinite(bounded)
    assert 0.05 < kept.mean() < 0.95
    inside = there + back <= 1.025 * there[40, 40]
    np.testing.assert_allclose(bounded[inside], back[inside], rtol=1e-6)
    assert np.all(there[kept] + bounded[kept] <= limit)
