"""Maps with elevation as they are written: walking functions, units, arrays of heights. No package for rasters is needed."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terrain_cli import InputError, load_map
from terrain_cli.maps.raster import Raster, read_raster
from terrain_cli.maps.record import WALK, find_slack, make_inputs
from terrain_cli.maps.scenario import MapScenario
from terrain_cli.maps.solution import solve, to_ground
from terrain_cli.maps.sweep import Parameter, find_points
from terrain_cli.maps.walking.functions import FUNCTIONS, Walking, calc_speed
from terrain_cli.maps.walking.model import NUMBERS, WrittenWalking
from tests.conftest import CONFIGS, Ran

LEVEL = 6 / 3.6 * np.exp(-3.5 * 0.05)  # Tobler's speed on level ground, m/s
ELEVATION = "elevation: h.npy, cell: 10"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., MapScenario]:
    """Writes heights and a scenario, and loads it."""

    def write(layer: str, heights: Any = None, more: str = "", start: Any = (15, 15), goal: Any = (35, 25)) -> Any:
        x, y = np.meshgrid(np.arange(6) * 10.0 + 5, 45 - np.arange(5) * 10.0)
        np.save(tmp_path / "h.npy", 0.1 * x + 0.2 * y if heights is None else heights)
        path = tmp_path / "m.yaml"
        path.write_text(f"map: {{{layer}}}\nstart: {list(start)}\ngoal: {list(goal)}\n{more}", encoding="utf-8")
        return load_map(path)

    return write


Write = Callable[..., MapScenario]


def walking_of(text: str, write: Write) -> Walking:
    written = write(f"{ELEVATION}, walking: {text}").map.walking
    assert written is not None
    return written.to_function()


class TestWalking:
    @pytest.mark.parametrize(
        ("text", "walking"),
        [
            ("tobler", Walking("tobler")),
            ("{function: tobler, factor: 0.8}", Walking("tobler", factor=0.8)),
            ("{factor: 0.8}", Walking("tobler", factor=0.8)),
            ("{v0: 1.3, k: 1.9}", Walking("exponential", {"v0": 1.3, "k": 1.9})),
            ("{v0: 4.5 km/h, k: 1.9, s0: 0.02}", Walking("exponential", {"v0": 1.25, "k": 1.9, "s0": 0.02})),
            ("{v0: 90 m/min, k: 0}", Walking("exponential", {"v0": 1.5, "k": 0.0})),
            ("{v0: 3mph, k: 2}", Walking("exponential", {"v0": 3 * 0.44704, "k": 2.0})),
            ("{-0.3: 0.9, 0: 3.6 km/h, 0.3: 0.5}", Walking("table", {}, ((-0.3, 0.9), (0.0, 1.0), (0.3, 0.5)))),
            ("{table: [[-0.3, 0.9], [0, 1]], factor: 2}", Walking("table", {}, ((-0.3, 0.9), (0.0, 1.0)), 2.0)),
            ("{function: campbell, percentile: 30}", Walking("campbell", {"percentile": 30.0})),
            ("{function: irmischer_clarke, off_path: true}", Walking("irmischer_clarke", {"off_path": 1.0})),
            ("{function: naismith_langmuir, a: 0.8}", Walking("naismith_langmuir", {"a": 0.8})),
        ],
    )
    def test_each_form(self, write: Write, text: str, walking: Walking) -> None:
        found = walking_of(text, write)
        assert found._replace(parameters={}) == walking._replace(parameters={})
        assert found.parameters == pytest.approx(walking.parameters, rel=1e-15)

    def test_every_number_of_every_function_is_a_key(self) -> None:
        assert {key for function in FUNCTIONS.values() for key in function.parameters} == set(NUMBERS)
        assert {*NUMBERS, "function", "factor", "table"} == set(WrittenWalking.model_fields)

    @pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in ("exponential", "table")])
    def test_each_function_goes_by_its_name(self, write: Write, name: str) -> None:
        raster = read_raster(write(f"{ELEVATION}, walking: {name}"))
        assert raster.speeds == pytest.approx(calc_speed(Walking(name), 0.0), rel=1e-15)

    def test_without_it_one_walks_as_tobler_and_that_is_said(self, write: Write) -> None:
        raster = read_raster(write(ELEVATION))
        assert raster.speeds == pytest.approx(LEVEL, rel=1e-14)
        assert raster.remarks == ("walking is not given: it is taken as tobler",)

    def test_a_speed_that_was_meant_in_kmh_is_noticed(self, write: Write) -> None:
        assert read_raster(write(f"{ELEVATION}, walking: {{v0: 4.7, k: 1}}")).remarks[0].startswith(
            "on level ground one walks 4.47 m/s, which is 16.1 km/h: walking speeds are in m/s"
        )  # fmt: skip

    def test_the_scenario_survives_as_data(self, write: Write) -> None:
        scenario = write(f"{ELEVATION}, walking: {{-0.3: 0.9, 0: 3.6 km/h}}, max_slope: 0.5, detail: 2")
        assert MapScenario.model_validate(scenario.model_dump()).map == scenario.map


class TestSpeedsWithUnits:
    """They become numbers in the units of the scenario, on maps of any kind."""

    def test_of_layers_and_regions(self, write: Write) -> None:
        layer = (
            "cell: 10, speeds: {drawing: 'ab', legend: {a: 3.6 km/h, b: 30 m/min}}, "
            "regions: [{file: r.geojson, width: 1, speed: 7.2 km/h}]"
        )
        for unit, seconds in (("s", 1), ("min", 60), ("h", 3600)):
            ground = write(layer, more=f"units: {{time: {unit}}}\n").map
            assert ground.legend == pytest.approx({"a": seconds, "b": seconds / 2}, rel=1e-15)
            assert ground.regions[0].speed == pytest.approx(2 * seconds, rel=1e-15)
        cover = write(
            "cell: 10, land_cover: {file: c.npy, breaks: [1], speeds: [1.8 km/h, blocked], voids: 1 m/s}"
        ).map.land_cover
        assert cover is not None
        assert cover.speeds[0] == pytest.approx(0.5)
        assert (math.isnan(cover.speeds[1]), cover.voids) == (True, 1.0)

    def test_of_land_cover_with_elevation_only_if_they_are_absolute(self, write: Write) -> None:
        cover = "land_cover: {file: c.npy, mode: absolute, speeds: {1: 3.6 km/h}, other: 1.8 km/h}"
        found = write(f"{ELEVATION}, {cover}").map.land_cover
        assert found is not None
        assert (found.speeds[1], found.other) == (1.0, 0.5)
        with pytest.raises(
            InputError, match=r"map.land_cover.speeds.1: .* with elevation mode: absolute, got '3.6 km/h'"
        ):
            write(f"{ELEVATION}, {cover.replace('mode: absolute, ', '')}")

    def test_of_other_units_of_length_are_refused(self, write: Write) -> None:
        layer = "cell: 10, speeds: {drawing: a, legend: {a: 3.6 km/h}}"
        with pytest.raises(
            InputError, match="a: must be a number: a speed with a unit needs m and s, min or h as units"
        ):
            write(layer, more="units: {length: km}\n")
        with pytest.raises(
            InputError, match=r"a: has an unknown unit of speed, kmh, got '3.6 kmh': did you mean km/h\?"
        ):
            write(layer.replace("km/h", "kmh"))


class TestArrays:
    def test_heights_lie_at_the_centres_of_the_pixels(self, write: Write) -> None:
        """A plane is read back where it was written: the map begins half a pixel inside the array."""
        ground = to_ground(write(f"{ELEVATION}, walking: tobler, max_slope: 0.7"))
        assert ground.extent == (5, 5, 55, 45)
        assert ground.slowness.shape == (4, 5)
        rows, cols = np.mgrid[0:5, 0:6]
        x, y = np.moveaxis(ground.to_xy(np.stack([rows, cols], axis=-1)), -1, 0)
        np.testing.assert_allclose(ground.heights, 0.1 * x + 0.2 * y, rtol=0, atol=1e-12)
        np.testing.assert_allclose(ground.slowness, 1 / LEVEL, rtol=1e-14)
        assert float(ground.max_slope) == 0.7

    def test_with_classes_the_cells_are_halves_of_squares(self, write: Write, tmp_path: Path) -> None:
        """The surface stays the same, and each cell has the class of the one pixel in which it lies."""
        classes = np.arange(30).reshape(5, 6) % 3 + 1
        np.save(tmp_path / "c.npy", classes)
        heights = np.random.default_rng(0).uniform(0, 9, (5, 6))
        layer = f"{ELEVATION}, walking: tobler, land_cover: {{file: c.npy, speeds: {{1: 1, 2: 0.5, 3: blocked}}}}"
        raster = read_raster(write(layer, heights, start=(7, 43), goal=(7, 43)))
        assert (raster.cell, raster.corner, raster.speeds.shape) == (5, (5, 5), (8, 10))
        assert raster.heights is not None
        np.testing.assert_array_equal(raster.heights[::2, ::2], heights)
        np.testing.assert_allclose(
            raster.heights[1::2, 1::2], (heights[1:, 1:] + heights[1:, :-1] + heights[:-1, 1:] + heights[:-1, :-1]) / 4
        )
        for row, col in np.ndindex(8, 10):
            x, y = 5 + (col + 0.5) * 5, 45 - (row + 0.5) * 5
            there = classes[int((50 - y) // 10), int(x // 10)]
            factor = {1: 1.0, 2: 0.5, 3: np.nan}[int(there)]
            np.testing.assert_allclose(raster.speeds[row, col], factor * LEVEL, rtol=1e-14)
        assert raster.zones is not None
        assert raster.zones.speeds[:2] == pytest.approx((LEVEL, LEVEL / 2), rel=1e-14)

    def test_absolute_speeds_are_those_on_level_ground(self, write: Write, tmp_path: Path) -> None:
        np.save(tmp_path / "c.npy", np.ones((5, 6)))
        cover = "land_cover: {file: c.npy, mode: absolute, speeds: {1: 0.9}}"
        assert read_raster(write(f"{ELEVATION}, walking: tobler, {cover}")).speeds == pytest.approx(0.9)
        speeds = "speeds: {grid: [" + ", ".join(["[1.1, 1, 1, 1, 1, 1]"] * 5) + "]}"
        found = read_raster(write(f"{ELEVATION}, walking: tobler, {speeds}"))
        assert found.speeds[:, 0] == pytest.approx(1.1)
        assert found.speeds[:, 1:] == pytest.approx(1.0)

    def test_speeds_are_in_the_unit_of_time(self, write: Write) -> None:
        hourly = read_raster(write(f"{ELEVATION}, walking: tobler", more="units: {time: h}\n"))
        assert hourly.speeds == pytest.approx(LEVEL * 3600, rel=1e-14)

    def test_factors_above_1_are_mentioned(self, write: Write, tmp_path: Path) -> None:
        np.save(tmp_path / "c.npy", np.ones((5, 6)))
        layer = f"{ELEVATION}, walking: tobler, land_cover: {{file: c.npy, speeds: {{1: 1.4}}}}"
        assert read_raster(write(layer)).remarks == (
            "the numbers of land_cover are factors of the walking speed, up to 1.4: if they are speeds, add mode: absolute to "
            "it; if not, mode: factor",
        )
        assert read_raster(write(layer.replace("speeds:", "mode: factor, speeds:"))).remarks == ()

    def test_sub_cells_are_those_of_a_square(self, write: Write, tmp_path: Path) -> None:
        np.save(tmp_path / "c.npy", np.ones((5, 6)))
        cover = "land_cover: {file: c.npy, speeds: {1: 1}}"
        for layer, detail in (("", 4), (", detail: 8", 8), (f", {cover}", 2), (f", {cover}, detail: 1", 1)):
            assert read_raster(write(f"{ELEVATION}, walking: tobler{layer}")).detail == detail


class TestVoids:
    HEIGHTS = np.where(np.arange(30).reshape(5, 6) == 14, -9999, 7.0)  # row 2, column 2

    def test_a_square_with_a_void_corner_is_blocked(self, write: Write) -> None:
        blocked = np.zeros((4, 5), bool)
        blocked[1:3, 1:3] = True
        for heights, nodata in ((self.HEIGHTS, ", nodata: -9999"), (np.where(self.HEIGHTS < 0, np.nan, 7), "")):
            layer = f"elevation: {{file: h.npy{nodata}}}, cell: 10, walking: tobler"
            raster = read_raster(write(layer, heights, start=(7, 7), goal=(50, 40)))
            np.testing.assert_array_equal(np.isnan(raster.speeds), blocked)
            to_ground(write(layer, heights, start=(7, 7), goal=(50, 40)))  # which refuses free cells without heights

    def test_a_place_on_a_void_snaps(self, write: Write) -> None:
        layer = "elevation: {file: h.npy, nodata: -9999}, cell: 10, walking: tobler"
        raster = read_raster(write(layer, self.HEIGHTS, start=(25, 25), goal=(50, 40), more="snap: 30\n"))
        assert raster.scenario is not None
        assert raster.scenario.start == (20, 40)
        assert raster.remarks[-1].startswith("start: lies in blocked ground: moved 15.8114 m to [20, 40]")

    def test_smoothing_ignores_voids_and_keeps_them(self, write: Write) -> None:
        heights = np.where(self.HEIGHTS < 0, np.nan, 7.0)
        layer = "elevation: {file: h.npy, smoothing: 12}, cell: 10, walking: tobler"
        raster = read_raster(write(layer, heights, start=(7, 7), goal=(50, 40)))
        assert raster.heights is not None
        np.testing.assert_allclose(raster.heights, heights, rtol=1e-14)
        assert raster.remarks == ("h.npy: heights are smoothed, with a standard deviation of 12 m",)
        heights[0, 0] = 8
        smoothed = read_raster(write(layer, heights, start=(7, 7), goal=(50, 40))).heights
        assert smoothed is not None
        assert 7.2 < smoothed[0, 0] < 7.8

    def test_a_void_that_nobody_named_is_a_cliff(self, write: Write) -> None:
        [steps, steep] = read_raster(write(f"{ELEVATION}, walking: tobler", self.HEIGHTS)).remarks
        assert steps.startswith(
            "h.npy: heights come in steps of 1 m, and slopes in steps of 0.1: elevation: {file: h.npy, smoothing: 10}"
        )
        assert steep.startswith(
            "h.npy: 4 of 20 cells have a slope above 5, up to 1e+03; heights are taken as metres: if -9999 means"
        )

    def test_feet_are_suspected(self, write: Write) -> None:
        heights = np.zeros((5, 6))
        heights[0, 0] = 51.5
        [steep] = read_raster(write(f"{ELEVATION}, walking: tobler", heights)).remarks
        assert steep == (
            "h.npy: 1 of 20 cells have a slope above 5, up to 5.15; heights are taken as metres: are they in feet, not in metres?"
        )


@pytest.mark.parametrize(
    ("layer", "steepness", "reason"),
    [
        (", max_slope: 0.002", 1, "slopes above the max_slope of 0.002: a greater one, or more detail, may open a way"),
        ("", 1e5, "slopes on which a walk takes longer than any number can say"),
    ],
)
def test_slopes_that_are_too_steep_are_the_reason_for_no_route(
    layer: str, steepness: float, reason: str, write: Write
) -> None:
    heights = np.zeros((5, 6))
    heights[:, 2:] = steepness
    solution = solve(write(f"{ELEVATION}, walking: tobler{layer}", heights))
    assert (solution.status, solution.route) == ("no route", None)
    assert solution.message.startswith(f"No route: every way to goal has {reason}")


def test_a_corridor_where_only_traverses_are_possible(
    terrain: Callable[..., Ran], write: Write, tmp_path: Path
) -> None:
    """The graph of the arrival times has no leg that is level enough, but the route is known."""
    heights = -3.0 * np.arange(4)[:, None] * np.ones(5)
    written = "elevation: {file: h.npy, smoothing: 0.5}, cell: 1, detail: 1, walking: tobler, max_slope: 0.3"
    solution = solve(write(written, heights, start=(2.5, 2.0), goal=(2.5, 3.5)))
    corridor = solution.find_corridor(3)
    assert np.isinf(np.asarray(solution.from_start)[1:].min())
    assert corridor.count == 5
    assert corridor.error == math.inf
    assert corridor.to_json()["error"] is None
    ran = terrain("solve", str(tmp_path / "m.yaml"), "--corridor", "3")
    assert "its border is unknown: the arrival times know no way through some cells of the route" in ran.out
    assert "highest point          0 m" in ran.out


def test_numbers_of_classes_are_factors_unless_they_are_absolute(write: Write, tmp_path: Path) -> None:
    np.save(tmp_path / "c.npy", np.ones((5, 6), np.int64))
    for mode, labels in (
        ("", ("factor of grass", "factor of other classes")),
        (
            "mode: absolute, ",
            ("speed of grass (m/s)", "speed of other classes (m/s)"),
        ),
    ):
        cover = f"land_cover: {{file: c.npy, {mode}speeds: {{1: 0.5}}, other: 1, names: {{1: grass}}}}"
        scenario = write(f"{ELEVATION}, walking: tobler, {cover}")
        keys = "map.land_cover.speeds.1", "map.land_cover.other"
        assert tuple(Parameter(scenario, key).label for key in keys) == labels


def test_a_place_in_the_outer_half_pixel_is_told_so(write: Write) -> None:
    with pytest.raises(InputError) as refused:
        read_raster(write(f"{ELEVATION}, walking: tobler", start=(2, 15)))
    assert (
        "start: lies in the outer half pixel of the elevation; the map extends from [5, 5] to [55, 45], between the centres of "
        "pixels: the nearest free cell has its centre at [10, 20], got [2, 15]" in str(refused.value)
    )  # fmt: skip


class TestRecords:
    def test_inputs_have_heights_and_the_walking_function(self, write: Write) -> None:
        def inputs(layer: str, heights: Any = None) -> Any:
            raster = read_raster(write(layer, heights))
            return make_inputs(raster.scenario or write(layer), raster)["map"]

        first = inputs(f"{ELEVATION}, walking: {{v0: 3.6 km/h, k: 2}}, max_slope: 0.6")
        assert first["walking"] == {"function": "exponential", "factor": 1.0, "v0": 1.0, "k": 2.0}
        assert (first["max_slope"], first["detail"]) == (0.6, 4)
        for layer, heights in ((f"{ELEVATION}, walking: {{v0: 1, k: 2}}, max_slope: 0.6", np.ones((5, 6))), (f"{ELEVATION}, walking: {{0: 1, 1: 2}}, max_slope: 0.6", None)):  # fmt: skip
            assert inputs(layer, heights) != first
        json.dumps(first)

    def test_factors_are_recorded_as_they_are_written(self, write: Write, tmp_path: Path) -> None:
        """Not as speeds, which processors may compute with other last digits."""
        np.save(tmp_path / "c.npy", np.ones((5, 6)))
        layer = f"{ELEVATION}, walking: tobler, land_cover: {{file: c.npy, speeds: {{1: 0.7, 2: blocked}}}}"
        raster = read_raster(write(layer))
        assert make_inputs(raster.scenario or write(layer), raster)["map"]["layers"]["speeds"] == {
            "1": 0.7,
            "2": "blocked",
        }
        checksum = make_inputs(raster.scenario or write(layer), raster)["map"]["speeds"]
        other = read_raster(write(layer.replace("tobler", "{v0: 1.1, k: 3}")))
        assert make_inputs(other.scenario or write(layer), other)["map"]["speeds"] == checksum

    def test_times_of_walks_may_differ_a_little(self) -> None:
        result = {"routes": [{"time": 1000.0, "distance": 900.0}]}
        walk: dict[str, Any] = {"map": {"walking": {}}}
        flat: dict[str, Any] = {"map": {}}
        assert find_slack(("routes", 0, "time"), result, walk, 1e-9) == pytest.approx(1000 * WALK)
        assert find_slack(("routes", 0, "time"), result, walk, 1e-2) == pytest.approx(10)
        assert find_slack(("routes", 0, "time"), result, flat, 1e-9) == pytest.approx(1e-6)


class TestSweeps:
    def test_numbers_of_walking(self, write: Write) -> None:
        scenario = write(f"{ELEVATION}, walking: {{v0: 1.3, k: 1.9, factor: 0.9}}, max_slope: 0.6")
        assert Parameter(scenario, "map.walking.v0").label == "v0 of the walking speed (m/s)"
        assert Parameter(scenario, "map.walking.factor").check([0.5, 1]) == [0.5, 1]
        assert Parameter(scenario, "map.max_slope").label == "steepest slope"
        for name, value, message in (
            ("map.walking.v0", -1, "map.walking.v0: must be greater than 0, got -1"),
            ("map.walking.factor", 0, "map.walking.factor: must be greater than 0, got 0"),
            (
                "map.max_slope",
                6,
                "map.max_slope: must be at most 5: it is in metres of climb per metre, so write 0.8 for 80 %, got 6",
            ),
        ):
            with pytest.raises(InputError) as refused:
                Parameter(scenario, name).check([value])
            assert str(refused.value) == message
        with pytest.raises(InputError, match=r"did you mean map.walking.v0\?"):
            Parameter(scenario, "map.walking.v")
        campbell = write(
            f"{ELEVATION.replace('elevation: h.npy', 'elevation: {file: h.npy, smoothing: 9}')}, walking: campbell"
        )
        for name, values, wrong in (
            ("map.walking.percentile", [10, 90], 55),
            ("map.detail", [1, 2], 1.5),
            ("map.elevation.smoothing", [5, 9], 0),
        ):
            assert [point["status"] for point in find_points(campbell, {name: values})] == ["converged"] * 2
            with pytest.raises(InputError, match=f"{name}: must be .*, got {wrong}"):
                Parameter(campbell, name).check([values[0], wrong, values[1]])
        with pytest.raises(InputError, match=r"the rows of a table have no names; map.walking.factor varies all"):
            Parameter(write(f"{ELEVATION}, walking: {{0: 1, 0.1: 0.5}}"), "map.walking.0.1")
        langmuir = write(f"{ELEVATION}, walking: {{function: naismith_langmuir, c: 2, slope_factor: -0.2}}")
        both = {"map.walking.c": [3.0], "map.walking.slope_factor": [-0.3]}
        with pytest.raises(
            InputError, match=r"map.walking.c = 3, map.walking.slope_factor = -0.3: .*more time than there is"
        ):
            list(find_points(langmuir, both))

    def test_twice_the_speed_takes_half_the_time(self, write: Write) -> None:
        scenario = write(f"{ELEVATION}, walking: {{function: tobler, factor: 1}}")
        one, two = [point["time"] for point in find_points(scenario, {"map.walking.factor": [1.0, 2.0]})]
        assert two == pytest.approx(one / 2, rel=1e-12)
        assert one == pytest.approx(solve(scenario).time, rel=1e-12)


def test_an_example_comes_with_its_elevation(
    tmp_path: Path, terrain: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert terrain("examples", "jacksboro").code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["jacksboro.npy", "jacksboro.yaml"]
    (tmp_path / "jacksboro.yaml").unlink()
    ran = terrain("examples", "jacksboro")
    assert (ran.code, list(tmp_path.glob("*.yaml"))) == (2, [])
    assert "jacksboro.npy: already exists" in ran.err
    raster = read_raster(load_map(CONFIGS / "jacksboro.yaml"))
    assert isinstance(raster, Raster)
    assert raster.heights is not None
    assert 250 < raster.heights.min() < raster.heights.max() < 1070
