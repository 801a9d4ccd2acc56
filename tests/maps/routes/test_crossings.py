"""The solver for tridiagonal systems, compared with SciPy."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

from terrain_cli.maps.routes.crossings import solve_tridiagonal


@pytest.mark.parametrize("n", [1, 2, 3, 8, 100])
def test_tridiagonal_systems(n: int) -> None:
    rng = np.random.default_rng(n)
    beside = rng.normal(size=n - 1)
    diagonal = rng.uniform(1e-3, 1, n) + np.append(np.abs(beside), 0) + np.append(0, np.abs(beside))
    right = rng.normal(size=n)
    dense = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
    assert np.asarray(
        solve_tridiagonal(jnp.asarray(diagonal), jnp.asarray(beside), jnp.asarray(right), n)
    ) == pytest.approx(scipy.linalg.solve(dense, right, assume_a="pos"), rel=1e-10, abs=1e-12)
