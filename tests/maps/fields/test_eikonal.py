"""Solutions of the eikonal equation: exact times, symmetries, walls, and arguments that are refused."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label

from terrain_cli.maps.fields import arrival
from terrain_cli.maps.fields.arrival import solve_eikonal
from terrain_cli.maps.fields.bands import QUADRANTS, find_bands, pad, shear, straighten_mirrored
from terrain_cli.maps.fields.sweeping import update_from
from terrain_cli.maps.ground import closed_corners
from tests.maps.fields.grounds import INSIDE, draw_ground, look_around

SCHEMES = ("box", "godunov")
EDGE, CORNER = (7.0, 4.8), (7.0, 5.0)


def solve(slowness: Any, start: Any, scheme: str = "box", spacing: float = 1.0) -> np.ndarray[Any, Any]:
    return np.asarray(solve_eikonal(slowness, start, scheme=scheme, spacing=spacing))


def distances(shape: tuple[int, int], start: tuple[float, float]) -> np.ndarray[Any, Any]:
    rows, columns = np.mgrid[: shape[0] + 1, : shape[1] + 1]
    return np.asarray(np.hypot(rows - start[0], columns - start[1]))


@pytest.mark.parametrize("start", [INSIDE, EDGE, CORNER, (0, 0), (20, 24), (0, 11.2), (20, 0.5)])
@pytest.mark.parametrize(("scheme", "bound"), [("box", 2.5e-3), ("godunov", 0.03)])
def test_uniform_ground_takes_the_distance(start: tuple[float, float], scheme: str, bound: float) -> None:
    exact = 0.5 * 3 * distances((20, 24), start)
    error = solve(np.full((20, 24), 0.5), start, scheme, spacing=3) - exact
    near = distances((20, 24), start) <= 5.5
    np.testing.assert_allclose(error[near], 0, atol=1e-12)
    assert np.abs(error / np.maximum(exact, 1)).max() < bound


def test_the_error_on_uniform_ground_falls_with_the_cell_size() -> None:
    errors = {scheme: [uniform_error(n, scheme) for n in (96, 192)] for scheme in SCHEMES}
    assert errors["godunov"][1] < errors["godunov"][0] / 1.4
    assert errors["godunov"][1] < 6e-3
    assert max(errors["box"]) < 1e-5
    assert uniform_error(48, "box") < 1e-15  # all of a small map is near the start


def uniform_error(n: int, scheme: str) -> float:
    start = 0.313 * n, 0.427 * n
    error = solve(np.ones((n, n)), start, scheme, spacing=1 / n) - distances((n, n), start) / n
    return float(np.sqrt(np.mean(error**2)))


@pytest.mark.parametrize("axis", [0, 1])
def test_a_single_row_of_cells_is_summed_exactly(axis: int) -> None:
    ground = np.array([3.0, 1.0, np.inf, 1.0, 1.0]) if axis else np.array([3.0, 1.0, 2.0, 0.5, 1.0])
    times = solve(np.expand_dims(ground, 1 - axis), np.roll([1.5, 0.5], axis) if axis == 0 else (0.5, 1.5))
    along = np.moveaxis(times, axis, 0)[:, 0] if axis == 0 else times[0]
    ahead = [0.5, 0.5]
    np.testing.assert_allclose(along[1:3], np.hypot(ahead, 0.5), rtol=1e-15)
    assert np.isinf(along[4:]).all() == (axis == 1)


def test_strips_bend_rays_and_carry_head_waves() -> None:
    """Two half planes: rays refracted by Snell's law on the far side, and the head wave of the faster side along the border."""
    n, fast, slow = 128, 1.0, 3.0
    ground = np.full((n, n), slow)
    ground[:, n // 2 :] = fast
    times = solve(ground, (n / 2, n / 4 + 0.5), spacing=1 / n)
    rows = np.arange(n + 1)
    far = 0.25 - 0.5 / n
    for column in (n // 2, 3 * n // 4, n):
        across = (column - n / 2) / n
        offsets = np.abs(rows - n / 2) / n
        crossing = np.linspace(0, 1, 20001)
        # The least time over all crossing points is the one that obeys Snell's law.
        ways = slow * np.hypot(far, crossing) + fast * np.hypot(across, offsets[:, None] - crossing)
        np.testing.assert_allclose(times[:, column], ways.min(1), rtol=4e-3)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_transposing_or_mirroring_the_map_does_so_to_the_times(scheme: str) -> None:
    ground = draw_ground(1, (17, 17), blocked=0.2)
    ground[5, 6] = 1.0
    start = (5.3, 6.8)
    times = solve(ground, start, scheme)
    np.testing.assert_allclose(solve(ground.T, start[::-1], scheme), times.T, rtol=1e-12)
    np.testing.assert_allclose(solve(ground[::-1], (17 - start[0], start[1]), scheme), times[::-1], rtol=1e-12)
    np.testing.assert_allclose(solve(ground[:, ::-1], (start[0], 17 - start[1]), scheme), times[:, ::-1], rtol=1e-12)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from(SCHEMES), st.sampled_from([0.25, 8.0]))
def test_times_scale_with_slowness_and_spacing(seed: int, scheme: str, factor: float) -> None:
    ground = draw_ground(seed, blocked=0.1)
    times = solve(ground, INSIDE, scheme)
    np.testing.assert_allclose(solve(factor * ground, INSIDE, scheme), factor * times, rtol=1e-13)
    np.testing.assert_allclose(solve(ground, INSIDE, scheme, spacing=factor), factor * times, rtol=1e-13)


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_slower_ground_never_shortens_a_monotone_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ground = draw_ground(seed, blocked=0.1)
    slower = ground * np.where(rng.random(ground.shape) < 0.1, 1.5, 1)
    assert (solve(slower, INSIDE, "godunov") >= solve(ground, INSIDE, "godunov") * (1 - 1e-11)).all()


def test_monotone_times_are_a_fixed_point() -> None:
    ground = draw_ground(3, (30, 40), blocked=0.1)
    times = solve(ground, INSIDE, "godunov")
    bands = find_bands(31, 41)
    node, cell = (look_around(pad(jnp.asarray(a), bands, np.inf), (31, 41)) for a in (times, ground))
    lowered = np.minimum.reduce([np.asarray(update_from(q, node, cell)) for q in QUADRANTS])
    open_ = np.isfinite(times)
    assert (lowered[open_] >= times[open_] * (1 - 1e-12)).all()


def test_bands_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    ground = draw_ground(4, (70, 30), blocked=0.1)
    whole = solve(ground, INSIDE, "godunov")
    monkeypatch.setattr("terrain_cli.maps.fields.bands.BAND", 16)
    spacing = jnp.asarray(1.0)
    program: Any = jax.jit(vars(arrival._eikonal)["__wrapped__"])
    in_bands = program(jnp.asarray(ground), jnp.asarray([INSIDE]), spacing)
    np.testing.assert_allclose(in_bands, whole, rtol=1e-12)


def test_shearing_and_back() -> None:
    bands = find_bands(12, 9)
    band = jnp.arange(14 * 11, dtype=float).reshape(14, 11)
    mirrored = shear(band, bands, mirror=bands.columns + 1)
    np.testing.assert_array_equal(straighten_mirrored(mirrored, bands), band[1:-1, 1:-1])


def touches(cells: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    padded = np.pad(cells, 1)
    return np.asarray(padded[:-1, :-1] | padded[:-1, 1:] | padded[1:, :-1] | padded[1:, 1:])


@settings(max_examples=200)
@given(st.integers(0, 10**6), st.sampled_from(SCHEMES), st.sampled_from([0.2, 0.35, 0.45]))
def test_corners_are_reached_if_and_only_if_connected(seed: int, scheme: str, blocked: float) -> None:
    ground = draw_ground(seed, blocked=blocked)
    rng = np.random.default_rng(seed)
    free = np.argwhere(np.isfinite(ground))
    cell = free[rng.integers(len(free))]
    regions, _ = label(np.isfinite(ground))
    expected = touches(regions == regions[tuple(cell)]) & ~closed_corners(ground)
    np.testing.assert_array_equal(np.isfinite(solve(ground, cell + rng.uniform(0.01, 0.99, 2), scheme)), expected)


@settings(max_examples=100)
@given(st.integers(0, 10**6), st.sampled_from(SCHEMES), st.booleans())
def test_a_wall_one_cell_thick_holds(seed: int, scheme: str, diagonal: bool) -> None:
    rng = np.random.default_rng(seed)
    ground = draw_ground(seed, (20, 20))
    if diagonal:
        shift = int(rng.integers(-4, 5))
        rows = np.arange(20)
        inside = (rows + shift >= 0) & (rows + shift < 20)
        ground[rows[inside], rows[inside] + shift] = np.inf
        start, other = (19.5, 0.5), (0, 20)
    else:
        ground[int(rng.integers(3, 17))] = np.inf
        start, other = (0.5, 10.2), (20, 10)
    if rng.random() < 0.5:
        ground, start, other = ground[:, ::-1], (start[0], 20 - start[1]), (other[0], 20 - other[1])
    assert np.isinf(solve(ground, start, scheme)[other])


def test_a_ray_stops_at_a_closed_corner_and_passes_an_open_one() -> None:
    ground = np.ones((4, 4))
    ground[1, 2] = np.inf
    assert solve(ground, (1.5, 1.5), "godunov")[3, 3] == pytest.approx(np.sqrt(2) * 1.5, rel=1e-15)
    assert solve(ground, (0.5, 0.5), "godunov")[3, 3] == pytest.approx(np.sqrt(2) * 2.5, rel=1e-15)
    ground[2, 1] = np.inf
    times = solve(ground, (1.5, 1.5), "godunov")
    assert np.isinf(times[2, 2])
    assert times[3, 3] > 3  # the detour is 3.7 long; through the corner it would be 2.1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_starts_beside_walls(scheme: str) -> None:
    ground = np.ones((6, 6))
    ground[:, 3] = np.inf
    on_the_wall = solve(ground, (2.5, 3.0), scheme)
    assert on_the_wall[2, 3] == pytest.approx(0.5)
    assert np.isinf(on_the_wall[:, 4:]).all()
    np.testing.assert_allclose(on_the_wall[2, 0], np.hypot(3, 0.5), rtol=1e-12)
    assert np.isinf(solve(ground, (2.5, 3.5), scheme)).all()
    both_sides = np.ones((2, 2))
    both_sides[0, 0] = both_sides[1, 1] = np.inf
    times = solve(both_sides, (1, 1), scheme)
    assert times[1, 1] == 0
    assert times[0, 2] == times[2, 0] == pytest.approx(np.sqrt(2))


def test_a_detour_beats_the_straight_ray() -> None:
    ground = np.ones((12, 12))
    ground[5:8, 6] = 50.0
    times = solve(ground, (6.5, 5.5))
    assert times[6, 8] < 6
    assert times[6, 8] >= np.hypot(1.5, 0.5) + np.hypot(1, 0) - 0.1


def test_several_starts_give_the_nearest() -> None:
    ground = draw_ground(5)
    starts = np.array([[2.2, 3.1], [15.5, 20.0], [9.0, 9.0]])
    each = [solve(ground, start, "godunov") for start in starts]
    times, nearest = solve(ground, starts, "godunov"), np.minimum.reduce(each)
    assert (times <= nearest * (1 + 1e-12)).all()  # where two waves meet, an update may combine a neighbour of each
    np.testing.assert_allclose(times, nearest, rtol=0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_float32_on_request(scheme: str) -> None:
    ground = draw_ground(6, blocked=0.1)
    times = solve_eikonal(ground.astype(np.float32), INSIDE, scheme=scheme)
    assert times.dtype == jnp.float32
    np.testing.assert_allclose(times, solve(ground, INSIDE, scheme), rtol=1e-5)
    assert solve_eikonal(np.ones((3, 3), int), (1, 1)).dtype == jnp.float64


def test_other_values_and_similar_sizes_need_no_new_program() -> None:
    solve_eikonal(draw_ground(0, (37, 50)), (1, 2))
    before = len(arrival._eikonal.programs)
    solve_eikonal(draw_ground(1, (37, 50)), (30.5, 2.5), spacing=2)
    solve_eikonal(draw_ground(1, (40, 61)), (30.5, 2.5))
    assert len(arrival._eikonal.programs) == before


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 3)])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_small_maps(shape: tuple[int, int], scheme: str) -> None:
    times = solve(np.ones(shape), (0.25, 0.75), scheme)
    assert times.shape == (shape[0] + 1, shape[1] + 1)
    np.testing.assert_allclose(times, distances(shape, (0.25, 0.75)), rtol=0.03)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"scheme": "fmm"}, "scheme must be one of 'box', 'godunov', got 'fmm'"),
        ({"slowness": np.ones(3)}, r"slowness must have rows and columns, got shape \(3,\)"),
        ({"slowness": np.ones((0, 3))}, r"slowness must have rows and columns, got shape \(0, 3\)"),
        (
            {"slowness": [[1, -2]]},
            r"slowness\[0, 1\] must be greater than 0 \(inf where the ground is blocked\), got -2.0",
        ),
        ({"slowness": [[1, np.nan]]}, r"slowness\[0, 1\] must be greater than 0 .* got nan"),
        (
            {"start": (1, 2, 3)},
            r"start must be \(row, col\), shape \(2,\), or several, \(n, 2\), got shape \(3,\)",
        ),
        ({"start": (1, 5)}, r"start must be inside the map, 0 to 3 rows and 0 to 4 columns, got \[1.0, 5.0\]"),
        ({"start": (np.nan, 1)}, "start must be inside the map"),
        ({"start": np.zeros((0, 2))}, r"start must be \(row, col\)"),
        ({"spacing": 0}, "spacing must be greater than 0 and finite, got 0"),
        ({"spacing": [1, 2]}, r"spacing must be one number, got shape \(2,\)"),
    ],
)
def test_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        solve_eikonal(**{"slowness": np.ones((3, 4)), "start": (1, 1), **arguments})
