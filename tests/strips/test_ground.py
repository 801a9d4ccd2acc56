"""`calc_time` and its derivatives, against closed forms."""

from collections.abc import Callable
from typing import cast

import jax
import numpy as np
import pytest
from hypothesis import given
from jax import test_util

from terrain_cli import Strips, calc_time
from terrain_cli.strips.ground import straight_x
from terrain_cli.strips.step_size import curvature_at, largest_curvature, steepest_curvature
from tests.strips.grounds import grounds, last_movement, random_strips, random_x

POST = Strips(widths=[10, 10, 10], speeds=[0.7, 0.3, 0.45], offset=20)
gradient = jax.jit(jax.grad(calc_time))
hessian = jax.jit(jax.hessian(calc_time))


def test_time_of_the_post() -> None:
    assert float(calc_time([2, 17], POST)) == pytest.approx(102.64529386190462, rel=1e-15)


def test_time_is_the_sum_of_hypotenuses() -> None:
    for seed in range(50):
        strips = random_strips(seed)
        x = random_x(strips, seed)
        expected = np.sum(np.hypot(last_movement(x, strips), strips.widths) / strips.speeds)
        assert float(calc_time(x, strips)) == pytest.approx(expected, rel=1e-14)


def test_gradient_is_snells_law() -> None:
    """|g_i - closed_i| <= 1e-14 (|sin a_i|/v_i + |sin a_n|/v_n)."""
    for seed in range(300):
        strips = random_strips(seed, spread=3)
        x = random_x(strips, seed)
        # x_n from the same sum as in calc_time, because it is a difference
        moves = np.append(x, strips.offset - np.asarray(jax.numpy.sum(x)))
        snell = moves / np.sqrt(moves**2 + strips.widths**2) / strips.speeds
        bound = 1e-14 * (np.abs(snell[:-1]) + np.abs(snell[-1]))
        assert np.all(np.abs(gradient(x, strips) - (snell[:-1] - snell[-1])) <= bound)


def closed_hessian(x: np.ndarray, strips: Strips) -> np.ndarray:
    lengths = np.hypot(last_movement(x, strips), strips.widths)
    c = strips.widths**2 / (strips.speeds * lengths**3)
    return np.asarray(np.diag(c[:-1]) + c[-1])


def test_hessian_is_diagonal_plus_rank_one() -> None:
    for seed in range(100):
        strips = random_strips(seed)
        x = random_x(strips, seed)
        expected = closed_hessian(x, strips)
        assert np.allclose(hessian(x, strips), expected, rtol=0, atol=1e-13 * np.max(np.abs(expected), initial=1e-300))


def test_hessian_at_45_degrees() -> None:
    """There the second derivative of jnp.hypot was 0 in a version of JAX."""
    strips = Strips([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], 3.0)
    x = np.array([1.0, 1.0])
    assert np.allclose(hessian(x, strips), closed_hessian(x, strips), rtol=1e-13)
    assert hessian(x, strips)[0, 1] == pytest.approx(8**-0.5)


def check_gradients(x: np.ndarray, strips: Strips) -> None:
    check = cast(Callable[..., None], test_util.check_grads)
    check(calc_time, (x, strips), order=2, modes=("fwd", "rev"), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_derivatives_agree_with_differences(seed: int) -> None:
    strips = random_strips(seed, most=5, spread=0.5)
    x = random_x(strips, seed)
    check_gradients(x, strips)


def test_derivatives_on_straight_crossings_and_ties() -> None:
    strips = Strips([1.0, 2.0, 2.0], [1.0, 1.0, 1.0], 0.0)
    check_gradients(np.zeros(2), strips)


@given(grounds(least=2))
def test_mirror(strips: Strips) -> None:
    """The mirrored path to the mirrored goal takes as long."""
    x = straight_x(strips) * 0.7
    mirrored = Strips(strips.widths, strips.speeds, -strips.offset)
    assert float(calc_time(-x, mirrored)) == float(calc_time(x, strips))


@given(grounds(least=2))
def test_reversal(strips: Strips) -> None:
    """The way back takes as long."""
    x = np.asarray(straight_x(strips)) * 0.7
    back = Strips(strips.widths[::-1], strips.speeds[::-1], strips.offset)
    there = float(calc_time(x, strips))
    assert float(calc_time(last_movement(x, strips)[:0:-1], back)) == pytest.approx(there, rel=1e-13)


@given(grounds())
def test_twice_the_speed_is_half_the_time(strips: Strips) -> None:
    x = straight_x(strips)
    assert (
        float(calc_time(x, Strips(strips.widths, 2 * strips.speeds, strips.offset))) == float(calc_time(x, strips)) / 2
    )


def test_largest_curvature_is_the_largest_eigenvalue() -> None:
    for seed in range(200):
        strips = random_strips(seed, most=30, spread=3)
        c = 1 / (strips.widths * strips.speeds)
        matrix = np.diag(c[:-1]) + c[-1] if len(c) > 1 else c[None]
        expected = np.linalg.eigvalsh(matrix)[-1]
        assert float(steepest_curvature(strips)) == pytest.approx(expected, rel=1e-12)


def test_curvature_at_the_optimum_of_the_post() -> None:
    along = np.array([11.173074074867204, 3.369914480107883, 5.457011445024913])
    assert float(curvature_at(along, POST)) == pytest.approx(0.50606, abs=5e-6)


def test_no_curvature_is_larger_than_the_steepest() -> None:
    for seed in range(100):
        strips = random_strips(seed, spread=2)
        if len(strips.widths) > 1:
            largest = np.linalg.eigvalsh(np.asarray(hessian(random_x(strips, seed), strips)))[-1]
            assert largest <= float(steepest_curvature(strips)) * (1 + 1e-12)


def test_one_strip_has_no_unknowns() -> None:
    strips = Strips([3.0], [2.0], 4.0)
    assert float(calc_time([], strips)) == 2.5
    assert gradient(np.zeros(0), strips).shape == (0,)
    assert float(largest_curvature(np.array([3.0]))) == 3.0


def test_a_path_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"x must have a number for each strip but the last, shape \(2,\), got \(3,\)"):
        calc_time([1, 2, 3], POST)


def test_strips_are_a_pytree_of_arrays() -> None:
    """Also if they are given as lists of ints, which jax.grad would refuse."""
    slope = jax.grad(calc_time, argnums=1)(np.array([2.0, 17.0]), POST)
    assert slope.widths.shape == slope.speeds.shape == (3,)
    assert slope.offset.shape == ()
    times = jax.vmap(calc_time, in_axes=(0, None))(np.ones((4, 2)), POST)
    assert times.shape == (4,)
