"""The figure of a map with classes, regions and a CRS."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from matplotlib.patches import Patch

rasterio = pytest.importorskip("rasterio", reason="needs the extra geo")
pytest.importorskip("pyproj", reason="needs the extra geo")
pytest.importorskip("shapely", reason="needs the extra geo")

from terrain_cli import MapSolution, load_map, solve  # noqa: E402  after the skips
from terrain_cli.maps.ground import Ground  # noqa: E402
from terrain_cli.show.maps.figure import _choose_hours, plot  # noqa: E402
from terrain_cli.show.maps.grounds import CORRIDOR, WALL, colour_classes, round_down  # noqa: E402
from terrain_cli.show.style import figure_style, lay_out  # noqa: E402
from tests.conftest import Ran  # noqa: E402

Terrain = Callable[..., Ran]
CLASSES = np.kron([[1, 1, 2, 2, 3], [1, 9, 9, 2, 3], [1, 1, 2, 2, 0]], np.ones((4, 4))).astype(np.uint8)
MAP = """\
name: classes
map:
  land_cover: {file: classes.tif, speeds: {1: 1.0, 2: 0.5, 3: 1.5, 9: blocked}, names: {1: grass, 2: wood, 9: pond}}
  regions:
    - {name: road, file: road.geojson, width: 8, speed: 2}
    - {name: rain, file: rain.geojson, factor: 0.5}
    - {name: pit, file: pit.geojson, speed: blocked}
start: [426010, 4512110]
goal: [426390, 4512230]
"""
PALE, GREEN = "#123456", "#654321"


@pytest.fixture(autouse=True)
def _ink() -> Iterator[None]:
    with figure_style():
        yield


def box(west: float, south: float, east: float, north: float) -> list[list[float]]:
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return [[426000 + x, 4512000 + y] for x, y in corners]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ground")
    where = rasterio.Affine(20, 0, 426000, 0, -20, 4512240)
    settings = {"driver": "GTiff", "height": 12, "width": 20, "count": 1, "dtype": "uint8", "nodata": 0}
    with rasterio.open(folder / "classes.tif", "w", crs="EPSG:26912", transform=where, **settings) as raster:
        raster.write(CLASSES, 1)
        raster.write_colormap(1, {1: (0x12, 0x34, 0x56), 9: (0x65, 0x43, 0x21)})
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::26912"}}
    line = [[426000 + x, 4512000 + y] for x, y in ((0, 30), (400, 30))]
    shapes: dict[str, dict[str, object]] = {
        "road": {"type": "LineString", "coordinates": line},
        "rain": {"type": "Polygon", "coordinates": [box(320, 0, 400, 120)]},
        "pit": {"type": "Polygon", "coordinates": [box(170, 190, 210, 230)]},
    }
    for name, geometry in shapes.items():
        (folder / f"{name}.geojson").write_text(json.dumps(geometry | {"crs": crs}))
    (folder / "m.yaml").write_text(MAP)
    return folder / "m.yaml"


@pytest.fixture(scope="module")
def solution(path: Path) -> MapSolution:
    return solve(load_map(path))


def panel(figure: Figure) -> Axes:
    [axes] = [axes for axes in figure.axes if axes.get_label() == "map"]
    return axes


def legend(axes: Axes) -> dict[str, str]:
    """The labels of the patches in the legend, and their colours."""
    found = axes.get_legend()
    assert found is not None
    labels = [text.get_text() for text in found.get_texts()]
    handles = zip(found.legend_handles, labels, strict=True)
    return {label: to_hex(handle.get_facecolor()) for handle, label in handles if isinstance(handle, Patch)}


def test_the_classes_have_the_colours_of_the_raster_or_their_own(solution: MapSolution) -> None:
    assert solution.zones is not None
    grass, wood, other, pond = colour_classes(solution.zones)
    assert (grass, pond) == (PALE, GREEN)
    assert len({grass, wood, other, pond}) == 4
    axes = panel(plot(solution))
    assert legend(axes) == {
        "grass: 1 m/s": PALE,
        "wood: 0.5 m/s": wood,
        "3: 1.5 m/s": other,
        "pond: blocked": GREEN,
        "no data: blocked": WALL,
        "road: 2 m/s": "#e69f00",
        "rain: × 0.5": "#9b59a0",
        "pit: blocked": "#4a78a8",
    }
    cells, regions = (np.asarray(image.get_array()) for image in axes.get_images())
    assert to_hex(cells[0, 0]) == PALE
    assert to_hex(cells[5, 5]) == GREEN
    assert to_hex(cells[11, 19]) == WALL
    assert to_hex(regions[10, 3][:3]) == "#e69f00"
    assert regions[10, 3][3] == 1
    assert 0 < regions[9, 18][3] < 1
    assert regions[4, 4][3] == 0


def test_coordinates_are_written_in_full(solution: MapSolution) -> None:
    figure = plot(solution)
    lay_out(figure)
    figure.canvas.draw()
    axes = panel(figure)
    assert axes.get_xlabel() == "easting (m, EPSG:26912)"
    assert axes.get_ylabel() == "northing (m)"
    assert {label.get_text() for label in axes.get_yticklabels()} >= {"4,512,100", "4,512,200"}
    assert [axis.get_offset_text().get_text() for axis in (axes.xaxis, axes.yaxis)] == ["", ""]


def test_a_scale_bar_and_north(solution: MapSolution) -> None:
    axes = panel(plot(solution))
    [bar] = [line for line in axes.get_lines() if line.get_label() == "_scale"]
    assert np.ptp(np.asarray(bar.get_xdata())) == pytest.approx(100)
    assert {"100 m", "N"} <= {text.get_text() for text in axes.texts}
    assert [round_down(length) for length in (1.0, 4.99, 1234, 0.07)] == [1.0, 2.0, 1000.0, pytest.approx(0.05)]


def test_isochrones_and_the_corridor(terrain: Terrain, path: Path, tmp_path: Path, solution: MapSolution) -> None:
    axes = panel(plot(solution, isochrones=[60.0, 120.0], corridor=5.0))
    assert "what is reached from A within the times of the lines (s)" in axes.get_title(loc="left")
    [contours] = [artist for artist in axes.collections if isinstance(artist, QuadContourSet)]
    assert list(contours.levels) == [60, 120]
    assert legend(axes)["at most 5 % slower"] == CORRIDOR
    veil = np.asarray(axes.get_images()[-1].get_array())
    np.testing.assert_array_equal(veil[..., 3] > 0, solution.find_corridor(5).cells)
    out = tmp_path / "o.svg"
    ran = terrain("plot", path, "-o", out, "--isochrones", "2min,300", "--corridor", "5")
    assert ran.code == 0, ran.err
    drawn = out.read_text()
    assert "what is reached from A within the times of the lines (s)" in drawn
    assert "at most 5 % slower" in drawn


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--isochrones", "-1"), "--isochrones: must be times of 0 or more"),
        (("--corridor", "-1"), "--corridor: must be a percentage of 0 or more"),
    ],
)
def test_refusals(terrain: Terrain, path: Path, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    ran = terrain("plot", path, "-o", tmp_path / "o.png", *options)
    assert ran.code == 2
    assert message in ran.err
    assert not (tmp_path / "o.png").exists()


def test_long_times_are_in_hours(solution: MapSolution) -> None:
    assert _choose_hours(6000.0).tolist() == [600.0 * k for k in range(1, 10)]
    assert len(_choose_hours(3e7)) <= 12
    slower = replace(solution, ground=Ground(solution.ground.slowness * 40, 20.0, solution.ground.corner))
    axes = panel(plot(slower))
    assert axes.get_title(loc="left") == "Ground, and arrival times from A every 0:30 h"
    [contours] = [artist for artist in axes.collections if isinstance(artist, QuadContourSet)]
    assert {"0:30", "1:00"} <= {text.get_text() for text in contours.labelTexts}
