"""Derivatives of arrival times: against finite differences, an unrolled solver, and homogeneity."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrain_cli.maps.fields.arrival import solve_eikonal
from terrain_cli.maps.fields.bands import QUADRANTS
from terrain_cli.maps.fields.source import add_start
from terrain_cli.maps.fields.sweeping import update_from
from tests.maps.fields.grounds import INSIDE, draw_ground, look_around


def goal_time(ground: Any, start: Any, node: tuple[int, int] = (19, 22), spacing: Any = 1.0) -> Any:
    return solve_eikonal(ground, start, scheme="godunov", spacing=spacing)[node]


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.tuples(st.integers(0, 20), st.integers(0, 24)))
def test_times_are_homogeneous_in_slowness(seed: int, node: tuple[int, int]) -> None:
    ground = draw_ground(seed, blocked=0.15)
    time, gradient = jax.value_and_grad(goal_time)(ground, INSIDE, node)
    if np.isfinite(time):
        total = np.sum(np.asarray(gradient) * np.where(np.isfinite(ground), ground, 0))
        assert total == pytest.approx(float(time), rel=1e-12)
        assert (np.asarray(gradient) >= -1e-15).all()
        assert not np.asarray(gradient)[np.isinf(ground)].any()


@pytest.mark.parametrize("start", [INSIDE, (3.4, 20.7)])
def test_derivatives_agree_with_differences(start: tuple[float, float]) -> None:
    rows, columns = np.mgrid[:20, :24]
    ground = 1 + 0.4 * np.sin(rows / 4) * np.cos(columns / 5)
    ground[12, 3:15] = np.inf
    free = np.isfinite(ground)
    bump = np.where(free, np.cos(rows / 6 + columns / 7), 0)
    place, step = jnp.asarray(start), 1e-6

    def along(a: float, b: float = 0, c: float = 0) -> float:
        moved = place + jnp.asarray([0.6, 0.8]) * b
        return float(goal_time(np.where(free, ground + a * bump, np.inf), moved, spacing=jnp.asarray(1 + c)))

    time, (by_ground, by_start, by_spacing) = jax.value_and_grad(goal_time, argnums=(0, 1, 3))(
        ground, place, (19, 22), 1.0
    )
    assert np.sum(np.asarray(by_ground) * bump) == pytest.approx((along(step) - along(-step)) / 2 / step, abs=1e-6)
    by_way = (along(0, step) - along(0, -step)) / 2 / step
    assert by_start @ np.array([0.6, 0.8]) == pytest.approx(by_way, abs=1e-6)
    assert by_spacing == pytest.approx(float(time), rel=1e-12)


def test_the_adjoint_agrees_with_an_unrolled_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference differentiates through forty simultaneous updates of all nodes and shares no code with the adjoint."""
    ground = jnp.asarray(draw_ground(8, (14, 15)))
    start = jnp.asarray([2.4, 3.3])
    late = 1e6  # instead of inf, because inf - inf is NaN

    def update(time: Any, a: Any, b: Any, slowness: Any, to_a: Any, to_b: Any) -> Any:
        square = 2 * slowness**2 - (a - b) ** 2
        wave = 0.5 * (a + b + jnp.sqrt(jnp.where(square > 0, square, 1)))
        time = jnp.minimum(jnp.minimum(time, a + to_a), b + to_b)
        return jnp.where((square > 0) & (wave >= a) & (wave >= b) & (wave < time), wave, time)

    def unrolled(ground: Any) -> Any:
        cell = look_around(jnp.pad(ground, ((1, 2), (1, 2)), constant_values=late), (15, 16))

        def lower(times: Any, _: Any) -> Any:
            node = look_around(jnp.pad(times, 1, constant_values=late), (15, 16))
            return functools.reduce(jnp.minimum, [update_from(q, node, cell) for q in QUADRANTS]), None

        times = add_start(jnp.full((15, 16), late), ground, jnp.zeros((15, 16), bool), start)
        return jax.lax.scan(lower, times, length=40)[0]

    weights = jnp.asarray(np.random.default_rng(0).normal(size=(15, 16)))
    ours, by_ours = jax.value_and_grad(lambda s: jnp.sum(weights * solve_eikonal(s, start, scheme="godunov")))(ground)
    monkeypatch.setattr("terrain_cli.maps.fields.sweeping.update_monotone", update)
    theirs, by_theirs = jax.value_and_grad(lambda s: jnp.sum(weights * unrolled(s)))(ground)
    assert float(ours) == pytest.approx(float(theirs), rel=1e-12)
    np.testing.assert_allclose(by_ours, by_theirs, atol=1e-11)


def test_box_has_no_derivatives_and_says_so() -> None:
    with pytest.raises(ValueError, match="the box scheme has no derivatives: use scheme='godunov'"):
        jax.grad(lambda ground: solve_eikonal(ground, INSIDE)[0, 0])(draw_ground(0))


def test_float32_has_derivatives() -> None:
    ground = draw_ground(7).astype(np.float32)
    time, gradient = jax.value_and_grad(goal_time)(ground, INSIDE)
    assert gradient.dtype == jnp.float32
    assert np.sum(gradient * ground) == pytest.approx(float(time), rel=1e-5)
