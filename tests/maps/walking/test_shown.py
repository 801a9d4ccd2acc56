"""What people see of a walk: tables, files and figures of one small walk over a hill."""

import itertools
import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.contour import QuadContourSet
from scipy.interpolate import RegularGridInterpolator

from terrain_cli import MapSolution, load_map, plot, solve
from terrain_cli.errors import InputError
from terrain_cli.geo.regions import Cells
from terrain_cli.maps import forms
from terrain_cli.maps.overlays import Overlay
from terrain_cli.maps.questions import profile, sensitivity
from terrain_cli.maps.walking.pace import Exponential
from terrain_cli.maps.walking.profile import find_extent, find_profile
from terrain_cli.maps.walking.sensitivity import find_dependence
from terrain_cli.show.canvas import draw_plot
from terrain_cli.show.maps.relief import choose_levels, shade
from terrain_cli.show.maps.terminal import print_summary
from terrain_cli.show.style import figure_style
from tests.conftest import CONFIGS, Ran

CENTRES = 30.0 * np.arange(15) + 15  # of the pixels, m from the south-west corner
SCENARIO = """\
name: over the hill
map: {elevation: hill.npy, walking: tobler, cell: 30, origin: [424000, 5094000]CRS}
start: [424050, 5094100]
via: [{at: [424250, 5094230], name: summit}]
goal: [424400, 5094350]
depart: 2026-06-01T08:00-06:00
"""
Terrain = Callable[..., Ran]


def height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A hill on a plane that rises to the east, m."""
    return np.asarray(500 + 60 * np.exp(-((x - 230) ** 2 + (y - 220) ** 2) / 1e4) + 0.05 * x)


@pytest.fixture(scope="module")
def hill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scenario, in a file."""
    folder = tmp_path_factory.mktemp("hill")
    np.save(folder / "hill.npy", height(*np.meshgrid(CENTRES, CENTRES[::-1])))
    path = folder / "hill.yaml"
    path.write_text(SCENARIO.replace("CRS", ""))
    (folder / "located.yaml").write_text(SCENARIO.replace("CRS", ", crs: EPSG:32612"))
    return path


@pytest.fixture(scope="module")
def walk(hill: Path) -> MapSolution:
    return solve(load_map(hill))


def rows_of(walk: MapSolution, **asked: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = profile.answer(walk, profile.Asked(**asked)).to_json()["timetable"]
    return rows


class TestTimeTable:
    def test_totals_are_those_of_the_route(self, walk: MapSolution) -> None:
        assert walk.route is not None
        rows = rows_of(walk, step=50.0)
        assert [rows[0][key] for key in ("distance", "time", "ascent", "descent")] == [0, 0, 0, 0]
        assert rows[-1]["distance"] == pytest.approx(walk.distance, rel=1e-10)  # coordinates of 5e6 m
        assert rows[-1]["time"] == pytest.approx(walk.time, rel=1e-10)
        extent = find_extent(walk.ground, walk.route.points)
        assert [rows[-1]["ascent"], rows[-1]["descent"]] == [extent.ascent, extent.descent]
        for key in ("distance", "time", "ascent", "descent"):
            values = [row[key] for row in rows]
            assert values == sorted(values)
        assert [row["distance"] for row in rows if row["kind"] == "mark"] == [50.0 * k for k in range(1, len(rows) - 2)]

    def test_the_point_on_the_way_and_times_of_day(self, walk: MapSolution) -> None:
        assert walk.route is not None
        rows = rows_of(walk)
        [via] = [row for row in rows if row["kind"] == "via"]
        assert (via["name"], via["at"]) == ("summit", [424250, 5094230])
        assert via["time"] == pytest.approx(walk.route.legs[0].time, rel=1e-10)
        left = datetime.fromisoformat("2026-06-01T08:00-06:00")
        for row in rows:
            arrives = datetime.fromisoformat(row["clock"])
            assert abs(arrives - left - timedelta(seconds=row["time"])) < timedelta(seconds=1)
        assert [rows[0]["name"], rows[-1]["name"], rows[-1]["bearing"]] == ["start", "goal", None]

    def test_elevations_are_those_of_the_surface(self, walk: MapSolution) -> None:
        """Bilinear between the pixels, as SciPy has it too."""
        surface = RegularGridInterpolator((CENTRES, CENTRES), height(*np.meshgrid(CENTRES, CENTRES)))
        for row in rows_of(walk, step=20.0):
            x, y = np.array(row["at"]) - (424000, 5094000)
            assert row["elevation"] == pytest.approx(float(surface((y, x))), abs=1e-6)

    def test_bearings_lead_to_the_next_row(self, walk: MapSolution) -> None:
        rows = rows_of(walk, step=40.0)
        for a, b in itertools.pairwise(rows):
            east, north = np.subtract(b["at"], a["at"])
            assert a["bearing"] == pytest.approx(math.degrees(math.atan2(east, north)) % 360)

    def test_too_many_rows_are_refused(self, walk: MapSolution) -> None:
        with pytest.raises(
            InputError, match=r"--profile-step: gives more than 10,000 rows: ask for at least 0\.0\d+ m"
        ):
            profile.answer(walk, profile.Asked(step=1e-3))


class TestDocument:
    def test_the_profile_is_that_of_the_points_of_the_route(self, walk: MapSolution) -> None:
        assert walk.route is not None
        found = profile.answer(walk, profile.Asked(threshold=0.0)).to_json()["profile"]
        expected = find_profile(walk.ground, walk.route.points)
        for key in ("distance", "elevation", "time"):
            assert found[key] == getattr(expected, key).tolist()
        assert found["slope"] == [None, *expected.mean_slopes.tolist()]
        assert found["ascent"] - found["descent"] == pytest.approx(found["elevation"][-1] - found["elevation"][0])
        assert found["threshold"] == 0.0
        assert found["highest"] >= max(found["elevation"])
        assert json.loads(json.dumps(found)) == found

    def test_rows_of_csv_have_elevation_and_slope(self, walk: MapSolution) -> None:
        head, first, *rest = walk.to_rows()
        assert head == ["x", "y", "distance", "time", "speed", "elevation", "slope", "clock", "via"]
        assert (first[2], first[3], first[6]) == (0.0, 0.0, "")
        last = rest[-1]
        assert last[3] == pytest.approx(walk.time, rel=1e-10)
        before = rest[-2]
        assert last[6] == pytest.approx((last[5] - before[5]) / (last[2] - before[2]), abs=1e-9)  # type: ignore[operator]

    def test_features_have_elevations(self, walk: MapSolution) -> None:
        assert walk.route is not None
        via, route = walk.to_features()
        assert via["geometry"]["coordinates"][:2] == [424250, 5094230]
        points = np.array(route["geometry"]["coordinates"])
        np.testing.assert_array_equal(points[:, 2], forms.elevations_along(walk, walk.route.points))


class TestSeveralGoals:
    def test_each_has_its_own_and_a_goal_without_a_route_has_none(
        self, walk: MapSolution, capsys: pytest.CaptureFixture[str]
    ) -> None:
        scenario = walk.scenario.model_copy(update={"goal": [*walk.scenario.goal, *walk.scenario.goal]})
        both = replace(
            walk, scenario=scenario, routes=(walk.route, None), reasons=("", "the goal is enclosed"), status="no route"
        )
        answer = profile.answer(both, profile.Asked())
        first, second = answer.to_json()["routes"]
        assert first["profile"]["distance"][-1] == pytest.approx(walk.distance, rel=1e-10)
        assert second == {"profile": None, "timetable": []}
        assert [len(answer.to_plots()), len(answer.to_tables())] == [1, 1]
        assert answer.to_plots()[0].title == "elevation (m) of the route to goal 1"
        dependence = sensitivity.answer(both, argument=True).to_json()["routes"]
        assert [part["sensitivity"] and len(part["sensitivity"]["walking"]) for part in dependence] == [3, None]
        print_summary(both, {})
        heads, row, *_ = capsys.readouterr().out.splitlines()[1:]
        assert "ascent (m)  descent (m)" in heads
        extent = find_extent(walk.ground, walk.route.points) if walk.route else None
        assert extent is not None
        assert f"{extent.ascent:.0f}" in row.split()
        figure = plot(both, kind="profile")
        assert [axes.get_title(loc="left") for axes in figure.axes if axes.get_label() == "profile"] == ["goal 1"]
        empty = plot(replace(both, routes=(None, None)), kind="profile")
        assert [text.get_text() for axes in empty.axes for text in axes.texts] == ["no route to draw"]


class TestTerminal:
    def test_profile_and_table(self, terrain: Terrain, hill: Path) -> None:
        ran = terrain("solve", hill, "--quiet", "--profile", "--climb-threshold", "0.5")
        assert ran.code == 0, ran.err
        lines = ran.out.splitlines()
        assert any(line.startswith("ascent") and line.rstrip().endswith("in climbs of 0.5 m or more") for line in lines)
        assert any(line.startswith("highest point") for line in lines)
        assert "elevation (m)" in lines
        table = lines[lines.index("Time table of over the hill:") + 1 :]
        assert table[0].split() == [
            "place",
            "distance",
            "(m)",
            "elevation",
            "(m)",
            "ascent",
            "(m)",
            "descent",
            "(m)",
            "time",
            "(min:s)",
            "clock",
            "bearing",
        ]
        assert table[1].split()[:7] == ["start", "0", table[1].split()[2], "0", "0", "0:00", "08:00"]
        assert any(line.startswith("summit ") for line in table)
        assert table[-1] == "rises and falls of less than 0.5 m between larger ones do not count (--climb-threshold)"

    def test_the_plot_reaches_from_the_lowest_to_the_highest_point(self, walk: MapSolution) -> None:
        assert walk.route is not None
        [drawn] = profile.answer(walk, profile.Asked()).to_plots()
        extent = find_extent(walk.ground, walk.route.points)
        assert float(np.min(drawn.y)) == pytest.approx(extent.lowest, abs=1e-9)
        assert float(np.max(drawn.y)) == pytest.approx(extent.highest, abs=1e-9)
        for braille in (True, False):
            lines = draw_plot(drawn, 60, braille)
            assert f"{extent.highest:.5g}" in lines[1]
            assert lines[-2].split() == ["start", "summit", "goal"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("--profile",), "--profile: the map has no elevation: add it to the map, such as elevation: heights.tif"),
            (("--profile", "--profile-step", "0"), "--profile-step: must be a distance of more than 0 m, got 0"),
            (("--profile", "--profile-step", "nan"), "--profile-step: must be a distance of more than 0 m, got nan"),
            (("--profile", "--climb-threshold", "-1"), "--climb-threshold: must be 0 m or more, got -1"),
            (("--profile-step", "10"), "--profile-step: needs --profile"),
            (("--climb-threshold", "10"), "--climb-threshold: needs --profile"),
        ],
    )
    def test_refusals(self, terrain: Terrain, arguments: tuple[str, ...], message: str) -> None:
        ran = terrain("solve", CONFIGS / "lake.yaml", *arguments)
        assert (ran.code, ran.out) == (2, "")
        assert message in ran.err

    def test_strips_have_no_profile(self, terrain: Terrain) -> None:
        ran = terrain("solve", CONFIGS / "three_strips.yaml", "--profile")
        assert (ran.code, ran.out) == (2, "")
        assert "--profile works only with maps" in ran.err


class TestGpx:
    def test_gpxpy_reads_elevations_and_the_times_of_the_table(
        self, terrain: Terrain, hill: Path, tmp_path: Path
    ) -> None:
        pytest.importorskip("pyproj", reason="needs the extra geo")
        gpxpy = pytest.importorskip("gpxpy", reason="needs the extra geo")
        located = hill.with_name("located.yaml")
        ran = terrain("solve", located, "--json", "--profile", "-o", tmp_path / "a.gpx", "-o", tmp_path / "a.geojson")
        assert ran.code == 0, ran.err
        document = json.loads(ran.out)
        gpx = gpxpy.parse((tmp_path / "a.gpx").read_text())
        points = gpx.tracks[0].segments[0].points
        times = [point.time for point in points]
        assert times == sorted(times)
        took, total = (times[-1] - times[0]).total_seconds(), document["timetable"][-1]
        assert took == pytest.approx(document["time"], abs=1e-3)
        assert took == pytest.approx(total["time"], abs=1e-3)
        elevations = [point.elevation for point in points]
        np.testing.assert_allclose(elevations, document["profile"]["elevation"], atol=0.006)
        assert gpx.length_2d() == pytest.approx(total["distance"], rel=0.005)  # on a sphere, and UTM's scale
        assert f"ascent {total['ascent']:.0f} m, descent {total['descent']:.0f} m" in gpx.tracks[0].description
        assert [place.elevation for place in gpx.waypoints] == pytest.approx(
            [row["elevation"] for row in document["timetable"] if row["kind"] != "mark"], abs=0.006
        )
        assert document["timetable"][0]["bearing"] != pytest.approx(0)
        features = json.loads((tmp_path / "a.geojson").read_text())["features"]
        assert {len(point) for point in features[1]["geometry"]["coordinates"]} == {3}


class TestFigures:
    def test_the_map_has_relief_and_contour_lines(self, walk: MapSolution) -> None:
        with figure_style():
            figure = plot(walk)
        [axes] = [axes for axes in figure.axes if axes.get_label() == "map"]
        [contours] = [found for found in axes.collections if isinstance(found, QuadContourSet)]
        heights = np.asarray(walk.ground.heights)
        levels = list(contours.levels)
        assert len(levels) > 3
        assert np.nanmin(heights) < min(levels)
        assert max(levels) < np.nanmax(heights)
        legend = axes.get_legend()
        assert legend is not None
        assert f"contour lines every {levels[1] - levels[0]:g} m" in [text.get_text() for text in legend.get_texts()]
        assert len(axes.images) == 2  # the ground and its shade
        assert {axis.get_major_formatter().get_offset() for axis in (axes.xaxis, axes.yaxis)} == {""}  # 5094000 in full

    def test_the_profile(self, walk: MapSolution) -> None:
        assert walk.route is not None
        figure = plot(walk, kind="profile")
        [axes] = [axes for axes in figure.axes if axes.get_label() == "profile"]
        [line] = [found for found in axes.collections if isinstance(found, LineCollection)]
        drawn = np.array([segment[0] for segment in line.get_segments()])
        extent = find_extent(walk.ground, walk.route.points)
        assert drawn[:, 1].max() == pytest.approx(extent.highest, abs=1e-6)
        assert list(axes.get_xlim()) == pytest.approx([0, walk.distance])
        texts = [text.get_text() for text in axes.texts]
        assert texts == [f"{extent.highest:,.0f} m", "summit"]
        [upper] = [found for found in axes.child_axes if found.get_xlabel() == "time of day"]
        labels = [text.get_text() for text in upper.get_xticklabels()]
        assert labels[0] == "08:00"
        assert labels == sorted(labels)

    def test_a_map_without_elevation_has_no_profile(self, terrain: Terrain, tmp_path: Path) -> None:
        for arguments in (("--profile",), ("--kind", "profile")):
            ran = terrain("plot", CONFIGS / "lake.yaml", "-o", tmp_path / "a.png", *arguments)
            assert ran.code == 2
            assert "the map has no elevation" in ran.err
        ran = terrain("plot", CONFIGS / "lake.yaml", "-o", tmp_path / "a.png", "--profile", "--isochrones", "100")
        assert (ran.code, "--isochrones: is drawn on the map" in ran.err) == (2, True)
        assert list(tmp_path.iterdir()) == []

    def test_the_light_comes_from_the_north_west(self) -> None:
        east = np.repeat(np.arange(4.0)[None], 4, axis=0)
        assert (
            shade(-east, 1.0).min() > shade(0 * east, 1.0).max() > shade(east, 1.0).max()
        )  # slopes that face east, up, west
        assert shade(east.T, 1.0).max() < shade(-east.T, 1.0).min()  # row 0 is in the north: facing north, and south
        east[0, 0] = np.nan
        assert shade(east, 1.0)[0, 0] == 0

    @pytest.mark.parametrize(
        ("low", "high", "spacing"), [(0, 3, 0.25), (500, 560, 5), (238, 1094, 100), (1052, 2886, 200)]
    )
    def test_contour_lines_are_at_round_elevations(self, low: float, high: float, spacing: float) -> None:
        levels = choose_levels(low, high)
        np.testing.assert_allclose(np.diff(levels), spacing)
        np.testing.assert_allclose(levels / spacing, np.rint(levels / spacing), atol=1e-9)
        assert not len(choose_levels(5.0, 5.0))


class TestSensitivity:
    def test_derivatives_agree_with_differences(self, walk: MapSolution) -> None:
        """With the route held fixed; the time of that is computed by compiled loops, and the derivatives by JAX."""
        assert walk.route is not None
        found = find_dependence(walk, walk.route.points)
        knobs = {knob.name: knob for knob in found.knobs}
        v0, k, s0 = (knobs[name].value for name in ("v0", "k", "s0"))
        assert (v0, k, s0) == pytest.approx((6 / 3.6, 3.5, 0.05))

        def time(v0: float = v0, k: float = k, s0: float = s0, heights: np.ndarray | None = None) -> float:
            slowness = np.full(walk.ground.slowness.shape, math.exp(k * abs(s0)) / v0)
            changed = walk.ground.heights if heights is None else heights
            ground = replace(walk.ground, slowness=slowness, pace=Exponential(k, s0), heights=changed)
            assert walk.route is not None
            return float(find_profile(ground, walk.route.points).time[-1])

        assert time() == pytest.approx(walk.time, rel=1e-10)
        step = 1e-5
        assert knobs["v0"].derivative == pytest.approx((time(v0=v0 + step) - time(v0=v0 - step)) / (2 * step), rel=1e-7)
        assert knobs["k"].derivative == pytest.approx((time(k=k + step) - time(k=k - step)) / (2 * step), rel=1e-7)
        assert knobs["v0"].percent == pytest.approx(-walk.time / 100, rel=1e-10)
        for row, col, derivative in found.heights[:3]:
            up, down = (np.array(walk.ground.heights) for _ in range(2))
            up[row, col] += step
            down[row, col] -= step
            assert derivative == pytest.approx((time(heights=up) - time(heights=down)) / (2 * step), rel=1e-4, abs=1e-6)

    def test_a_speed_that_is_given_does_not_depend_on_the_walking_function(self, walk: MapSolution) -> None:
        """But on how much slower slopes are than level ground."""
        assert walk.route is not None
        cells = Cells(0, 0, np.ones(walk.ground.slowness.shape, dtype=bool))
        given = replace(walk, overlays=(Overlay("meadow", cells, 1.2, None),))
        v0, k, _ = find_dependence(given, walk.route.points).knobs
        assert v0.derivative == 0

        def time(k: float) -> float:
            ground = replace(walk.ground, pace=Exponential(k, 0.05))
            assert walk.route is not None
            return float(find_profile(ground, walk.route.points).time[-1])

        step = 1e-5
        assert k.derivative == pytest.approx((time(3.5 + step) - time(3.5 - step)) / (2 * step), rel=1e-7)

    def test_table_and_document(self, walk: MapSolution) -> None:
        answer = sensitivity.answer(walk, argument=True)
        document = answer.to_json()["sensitivity"]
        assert [knob["name"] for knob in document["walking"]] == ["v0", "k", "s0"]
        assert all(len(corner) == 3 for corner in document["heights"])
        assert sum(part["time"] for part in document["speeds"]) == pytest.approx(walk.time, rel=1e-10)
        ground, knobs, corners = answer.to_tables()
        assert ground.rows[0][0] == "1.3991"
        assert [row[0] for row in knobs.rows] == ["v0 (m/s)", "k", "s0"]
        assert len(corners.rows) == 5
