"""The public functions: times from a start and times to a goal, in the coordinates of the map."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from terrain_cli.maps.fields.arrival import arrival_times, remaining_times, solve_eikonal
from terrain_cli.maps.ground import Ground
from tests.maps.fields.grounds import draw_ground

CELL, CORNER = 2.5, (-7.0, 31.0)
START, OTHER = (3.1, 40.2), (48.6, 75.9)  # (x, y)


def make_ground(seed: int = 0, blocked: float = 0.1) -> Ground:
    return Ground(draw_ground(seed, blocked=blocked), CELL, CORNER)


@pytest.mark.parametrize("scheme", ["box", "godunov"])
def test_positions_are_x_and_y(scheme: str) -> None:
    ground = make_ground()
    expected = solve_eikonal(ground.slowness, ground.to_cells(START), spacing=CELL, scheme=scheme)
    assert np.array_equal(arrival_times(ground, START, scheme=scheme), expected)
    # East of the start along the south edge, on even ground.
    even = Ground(np.full((4, 9), 0.5), CELL, CORNER)
    times = np.asarray(arrival_times(even, CORNER, scheme=scheme))
    np.testing.assert_allclose(times[-1], 0.5 * CELL * np.arange(10), rtol=1e-14)


def test_arrival_at_b_is_what_remains_at_a() -> None:
    ground = make_ground(1)
    corners = ground.to_xy([(2, 3), (17, 20)])
    from_a, to_b = arrival_times(ground, corners[0]), remaining_times(ground, corners[1])
    assert float(from_a[17, 20]) == pytest.approx(float(to_b[2, 3]), rel=2e-2)
    assert float(to_b[17, 20]) == float(from_a[2, 3]) == 0


def test_several_goals_give_the_nearest() -> None:
    ground = make_ground(2)
    both = remaining_times(ground, [START, OTHER], scheme="godunov")
    each = [np.asarray(remaining_times(ground, goal, scheme="godunov")) for goal in (START, OTHER)]
    np.testing.assert_allclose(both, np.minimum(*each), rtol=0.05)


def test_float32_on_request() -> None:
    ground = make_ground(3)
    assert arrival_times(ground, START).dtype == jnp.float64
    for dtype in ("float32", np.float32, jnp.float32):
        times = arrival_times(ground, START, dtype=dtype)
        assert times.dtype == jnp.float32
        expected = np.asarray(arrival_times(ground, START)).astype(np.float32)
        assert np.array_equal(times, expected)
    stored = Ground(jnp.asarray(ground.slowness, jnp.float32), CELL, CORNER)
    assert arrival_times(stored, START).dtype == jnp.float32
    np.testing.assert_allclose(arrival_times(stored, START), expected, rtol=1e-6)


@pytest.mark.parametrize("scheme", ["box", "godunov"])
@pytest.mark.parametrize("speed", [1e-46, 1e46])
def test_times_that_32_bits_cannot_hold_are_refused(scheme: str, speed: float) -> None:
    ground = Ground(np.full((2, 3), 1 / speed))
    assert float(arrival_times(ground, (0, 0), scheme=scheme)[2, 3]) * speed == pytest.approx(3, rel=1e-12)
    with pytest.raises(
        ValueError, match="times must fit into float32, which some of them do not: take float64, or other"
    ):
        arrival_times(ground, (0, 0), scheme=scheme, dtype=np.float32)


def test_under_jit_and_vmap_box_times_are_the_same() -> None:
    ground = make_ground(5)
    times = arrival_times(ground, START)
    np.testing.assert_array_equal(jax.jit(arrival_times)(ground, jnp.asarray(START)), times)
    both = jax.vmap(lambda start: arrival_times(ground, start))(jnp.asarray([START, OTHER]))
    np.testing.assert_array_equal(both[0], times)
    outside = jax.jit(arrival_times)(ground, jnp.asarray([54.0, 40.0]))  # while it is traced, nobody can see that
    assert np.isinf(outside).all()
    negative = jnp.where(ground.slowness < 2, -1.0, ground.slowness)
    with pytest.raises(jax.errors.JaxRuntimeError, match=r"slowness\[\d+, \d+\] must be greater than 0"):
        np.asarray(jax.jit(lambda s: solve_eikonal(s, (1, 2)))(negative))


def test_derivatives_with_respect_to_the_ground_and_the_start() -> None:
    """Compared with those of the eikonal solver, by the chain rule, and with a finite difference for the cell."""
    ground, start = make_ground(4, blocked=0.0), jnp.asarray(START)

    def time(ground: Ground, start: Any) -> Any:
        return arrival_times(ground, start, scheme="godunov")[3, 20]

    by_ground, by_start = jax.grad(time, (0, 1))(ground, start)

    def inner(slowness: Any, place: Any, cell: Any) -> Any:
        return solve_eikonal(slowness, place, spacing=cell, scheme="godunov")[3, 20]

    place = jnp.asarray(ground.to_cells(START))
    by_slowness, by_place, _ = jax.grad(inner, (0, 1, 2))(jnp.asarray(ground.slowness), place, CELL)
    np.testing.assert_array_equal(by_ground.slowness, by_slowness)
    np.testing.assert_allclose(by_start, [by_place[1] / CELL, -by_place[0] / CELL], rtol=1e-14)
    np.testing.assert_allclose(by_ground.corner, -by_start, rtol=1e-14)
    step = 1e-6
    beside = [time(Ground(ground.slowness, CELL + h, CORNER), start) for h in (step, -step)]
    assert float(by_ground.cell) == pytest.approx(float(beside[0] - beside[1]) / 2 / step, rel=1e-6)


@pytest.mark.parametrize(("solve", "name"), [(arrival_times, "start"), (remaining_times, "goal")])
def test_points_outside_the_map_are_refused(solve: Any, name: str) -> None:
    ground = make_ground()
    said = rf"{name} must be inside the map, x from -7 to 53 and y from 31 to 81, got \[54, 40\]"
    with pytest.raises(ValueError, match=said):
        solve(ground, (54, 40))
    with pytest.raises(ValueError, match=rf"{name} must be inside the map, .* got \[0, 30\]"):
        solve(ground, [START, (0, 30)])
    with pytest.raises(ValueError, match=f"{name} must be inside the map"):
        solve(ground, (np.nan, 40))
    with pytest.raises(ValueError, match=rf"{name} must be a point \(x, y\), shape \(2,\), or several, \(n, 2\), got"):
        solve(ground, (1, 2, 3))


def test_other_arguments_that_are_not_valid() -> None:
    ground = make_ground()
    with pytest.raises(ValueError, match="dtype must be float32 or float64, got int32"):
        arrival_times(ground, START, dtype=np.int32)
    with pytest.raises(ValueError, match=r"ground\.cell must be greater than 0 and finite, got inf"):
        arrival_times(Ground(ground.slowness, np.inf), (0, 0))
    with pytest.raises(ValueError, match="scheme must be one of 'box', 'godunov', got 'god'"):
        arrival_times(ground, START, scheme="god")
    with pytest.raises(ValueError, match=r"slowness\[1, 0\] must be greater than 0 .* got -3.0"):
        arrival_times(Ground([[1, 1], [-3, 1]]), (0, 0))
