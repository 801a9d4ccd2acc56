"""Refinement from a poor first guess."""

import numpy as np
import pytest

from terrain_cli import Strips, best_time
from terrain_cli.maps.ground import closed_corners
from terrain_cli.maps.routes.refine import cut_routes, refine


def test_a_bend_slides_along_a_border_in_few_rounds() -> None:
    """The first guess crosses the border far from the optimum."""
    slowness = np.ones((40, 200))
    slowness[:20] = 3.0
    padded, closed = np.pad(slowness, 1, constant_values=np.inf), closed_corners(slowness)
    guess = cut_routes([np.array([[0.0, 2.0], [20.0, 190.0], [40.0, 198.0]])], padded, closed)
    [refined] = refine(guess, padded, closed)
    exact = float(best_time(Strips([20.0, 20.0], [1 / 3, 1.0], 196.0)))
    assert refined.times[-1] == pytest.approx(exact, rel=1e-13)
    assert len(refined.times) < 12
