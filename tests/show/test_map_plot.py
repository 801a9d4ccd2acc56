"""`terrain plot` of maps, and what its figure contains."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from terrain_cli import MapScenario, MapSolution, load_scenario, solve
from terrain_cli.show.figure import add_legend
from terrain_cli.show.maps.figure import plot
from terrain_cli.show.maps.grounds import WALL
from terrain_cli.show.style import figure_style, lay_out
from tests.conftest import CONFIGS, Ran, run_process

MAPS = ["lake", "maze", "spiral", "three_strips_grid"]
HOSTILE = "a_b $x^2$ <i>&amp; \\b %Ж"
CLOSED = 'map:\n  cell: 2\n  speeds: {drawing: ".#.\\n.##\\n...", legend: {".": 1, "#": blocked}}\nstart: [1, 1]\ngoal: [5, 5]\n'


@pytest.fixture(autouse=True)
def _ink() -> Iterator[None]:
    with figure_style():
        yield


def solved(name: str) -> MapSolution:
    scenario = load_scenario(CONFIGS / f"{name}.yaml")
    assert isinstance(scenario, MapScenario)
    return solve(scenario)


def panel(figure: Figure) -> Axes:
    [axes] = [axes for axes in figure.axes if axes.get_label() == "map"]
    return axes


def points(axes: Axes, label: str) -> np.ndarray:
    line = next(line for line in axes.get_lines() if line.get_label() == label)
    return np.asarray(line.get_xydata())


def texts(figure: Figure) -> list[str]:
    lay_out(figure)
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]


def legend(axes: Axes) -> list[str]:
    found = axes.get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


@pytest.mark.parametrize(
    ("size", "names", "columns"),
    [((7, 4), "abcdef", 5), ((7, 4), ["a long name" * 3] * 6, 2)],
)
def test_a_legend_has_as_many_columns_as_fit(size: tuple[float, float], names: list[str], columns: int) -> None:
    figure = Figure(figsize=size)
    axes = figure.subplots()
    for name in names:
        axes.plot([0, 1], label=name)
    add_legend(axes, 5)
    found = axes.get_legend()
    assert found is not None
    lay_out(figure)
    assert found._ncols == columns  # type: ignore[attr-defined]
    assert found.get_window_extent().width <= figure.bbox.width


@pytest.mark.parametrize(
    ("isochrones", "labels", "unit"), [([600, 1200], {"600", "1200"}, "s"), ([600, 9000], {"0:10", "2:30"}, "h:mm")]
)
def test_contours_have_the_unit_of_the_title(isochrones: list[float], labels: set[str], unit: str) -> None:
    level = {"cell": 100, "speeds": {"grid": [[1.0] * 120] * 40}}
    solution = solve(MapScenario.model_validate({"map": level, "start": (50, 50), "goal": [{"at": (11950, 50)}]}))
    drawn = texts(plot(solution, isochrones=isochrones))
    assert f"what is reached from A within the times of the lines ({unit})" in " ".join(drawn)
    assert labels <= set(drawn)


def test_shows_the_routes_and_the_ground() -> None:
    lake = solved("lake")
    assert lake.route
    figure = plot(lake)
    axes = panel(figure)
    assert np.array_equal(points(axes, "route"), lake.route.points)
    assert np.array_equal(points(axes, "runner-up"), lake.route.alternatives[0].points)
    assert points(axes, "straight line").tolist() == [[55, 185], [600, 265]]
    assert legend(axes) == ["straight line", "runner-up", "route", "arrival times", "blocked"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x (m)", "y (m)")
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 640), (0, 360))
    drawn = texts(figure)
    assert {"A", "B", "around the lake", "speed (m/s)", "Speeds, and arrival times from A every 50 s"} <= set(drawn)
    assert any("straight line blocked; the next best route takes 0.071 % longer." in text for text in drawn)
    [image] = axes.get_images()
    shades = image.to_rgba(image.get_array())[..., 0]  # type: ignore[arg-type]
    slowness = np.asarray(lake.ground.slowness)
    fast, slow, wall = (shades[slowness == value][0] for value in (1 / 1.3, 1 / 0.5, np.inf))
    assert fast > slow > wall == pytest.approx(int(WALL[1:3], 16) / 255, abs=0.01)
    assert tuple(image.get_extent()) == (0, 640, 0, 360)


def test_contours_are_the_times_and_stay_out_of_walls() -> None:
    spiral = solved("spiral")
    axes = panel(plot(spiral))
    [contours] = [artist for artist in axes.collections if isinstance(artist, QuadContourSet)]
    blocked = np.isinf(spiral.ground.slowness)
    for level, path in zip(contours.levels, contours.get_paths(), strict=True):
        for piece in map(np.asarray, path.to_polygons(closed_only=False)):
            for a, b in pairwise(piece):
                row, col = np.floor(spiral.ground.to_cells((a + b) / 2)).astype(int)
                inside = np.hypot(*(b - a)) > 1e-9 and not np.allclose(a, b)
                assert not (inside and blocked[row, col]), (level, a, b)
    assert "Speed 1.2 m/s everywhere, and arrival times from A every 25 s" in axes.get_title(loc="left")


def test_several_goals_have_their_names() -> None:
    figure = plot(solved("maze"))
    axes = panel(figure)
    assert legend(axes) == ["straight line", "routes", "arrival times", "blocked"]
    assert {"A", "the south-east door", "the north-east door", "the south-west door"} <= set(texts(figure))
    assert sum(line.get_label() in ("routes", "_routes") for line in axes.get_lines()) == 3


@pytest.mark.parametrize("name", MAPS)
def test_every_packaged_map_is_drawn(terrain: Callable[..., Ran], tmp_path: Path, name: str) -> None:
    ran = terrain("plot", CONFIGS / f"{name}.yaml", "-o", tmp_path / "o.png")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines()[-1] == f"wrote {tmp_path / 'o.png'}"
    with Image.open(tmp_path / "o.png") as image:
        assert len(image.getcolors(1 << 24) or []) > 50


def test_an_svg_is_the_same_bytes_again(tmp_path: Path) -> None:
    for name, seed in (("a.svg", "1"), ("b.svg", "2")):
        assert run_process("plot", CONFIGS / "lake.yaml", "-o", tmp_path / name, PYTHONHASHSEED=seed).code == 0
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CLOSED, "Blocked ground encloses goal, with 1 free cell around it and 5 around the start."),
        (CLOSED.replace("[5, 5]", "[[5, 5], [5, 1]]"), "goal 2: 4 s, 4 m."),
        (CLOSED.replace("[5, 5]", "[1, 1]"), "0 s, 0 m."),
        (CLOSED.replace("cell: 2", "cell: 1e6").replace("[1, 1]", "[1e6, 1e6]").replace("[5, 5]", "[3e6, 0]"), ""),
        ('map: {cell: 1, speeds: {grid: [[1]]}}\nstart: [0, 0]\ngoal: [1, 1]\n', "1.41421 s, 1.41421 m."),
        ('map: {cell: 1, speeds: {grid: [[1], [2], [3], [4], [5], [6], [7], [8]]}}\nstart: [0, 0]\ngoal: [1, 8]\n', ""),
        ('map: {cell: 1, speeds: {grid: [[1, 2, 3], [4, 5, 6], [7, 8, 9]]}}\nstart: [0, 0]\ngoal: [3, 2]\n', ""),
        ('map: {cell: 1, speeds: {grid: [[1, 1.001, 2], [1, 1, 1], [1, 1, 1]]}}\nstart: [0, 0]\ngoal: [3, 2]\n', ""),
    ],
)  # fmt: skip
def test_odd_maps_are_drawn(terrain: Callable[..., Ran], tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "odd.yaml").write_text(text)
    ran = terrain("plot", tmp_path / "odd.yaml", "-o", tmp_path / "o.svg")
    assert ran.code == 0, ran.err
    drawn = (tmp_path / "o.svg").read_text()
    assert "nan" not in drawn.lower()
    assert expected in " ".join(ET.fromstring(drawn).itertext())


def test_names_appear_as_they_are_written(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    quoted = HOSTILE.replace("\\", "\\\\")
    text = CLOSED.replace("[5, 5]", f'[[5, 1], {{at: [1, 5], name: "{quoted}"}}]')
    (tmp_path / "h.yaml").write_text(f'{text}name: "{quoted}"\nunits: {{length: "{quoted}", time: "$t$"}}\n')
    assert terrain("plot", tmp_path / "h.yaml", "-o", tmp_path / "h.svg").code == 0
    drawn = list(ET.parse(tmp_path / "h.svg").getroot().itertext())
    assert drawn.count(HOSTILE) == 2
    assert terrain("plot", tmp_path / "h.yaml", "-o", tmp_path / "h.png").code == 0


def test_contours_of_a_large_map_are_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terrain_cli.show.maps.figure.FINEST", 20)
    axes = panel(plot(solved("lake")))
    assert any(isinstance(artist, QuadContourSet) for artist in axes.collections)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--kind", "paths"), "--kind for maps must be one of map, profile, got 'paths'"),
        (("--axes", "1,2"), "--axes works only with strips, not with maps"),
        (("--held",), "--held works only with strips, not with maps"),
        (("--method", "adam"), "--method works only with strips, not with maps"),
        (("--step", "1"), "--step works only with strips, not with maps"),
        (
            ("--compare", "step=1,2", "--kind", "objective"),
            "--kind for maps must be one of map, profile, got 'objective'",
        ),
        (("-o", "x.gif"), "--output: must end in .png, .svg or .pdf, got x.gif"),
    ],
)
def test_refusals(terrain: Callable[..., Ran], tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    ran = terrain("plot", CONFIGS / "lake.yaml", "-o", tmp_path / "o.png", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert list(tmp_path.iterdir()) == []
