"""`terrain sweep -o FILE.svg`."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh

from terrain_cli.scenario.load import load_strips
from terrain_cli.show.strips.sweep_figure import POINTS, SIDE, Picture, _edges, is_geometric
from terrain_cli.show.style import figure_style
from terrain_cli.strips.sweep import Parameter, find_points
from tests.conftest import CONFIGS, Ran

THREE = CONFIGS / "three_strips.yaml"


@pytest.fixture(autouse=True)
def _ink() -> Iterator[None]:
    with figure_style():
        yield


def draw(varied: dict[str, list[float]], best: Any = None) -> tuple[Axes, list[dict[str, Any]]]:
    scenario = load_strips(THREE)
    picture = Picture(scenario, [Parameter(scenario, name) for name in varied], varied)
    points = list(picture.watch(find_points(scenario, varied, {})))
    return picture.make_figure(best).axes[0], points


def legend(axes: Axes) -> list[str]:
    found = axes.get_legend()
    return [text.get_text() for text in found.get_texts()] if found else []


def test_the_cliff() -> None:
    axes, points = draw({"descent.step": [1, 5, 3, 2]}, best={"descent.step": 3, "time": 82.0})
    lines = {str(line.get_label()): line for line in axes.get_lines()}
    ordered = sorted(points, key=lambda point: float(point["descent.step"]))
    assert np.asarray(lines["_time"].get_xydata()).tolist() == [[p["descent.step"], p["time"]] for p in ordered]
    assert np.asarray(lines["cliff at 3.952"].get_xdata()) == pytest.approx([3.952, 3.952], abs=1e-3)
    assert np.asarray(lines["diverged"].get_xdata()).tolist() == [5]
    assert np.asarray(lines["used all its iterations"].get_xdata()).tolist() == [1, 2, 3]
    assert np.asarray(lines["exact optimum"].get_ydata()) == pytest.approx(81.911687844968)
    assert np.asarray(lines["best"].get_xydata()).tolist() == [[3, 82]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "time (s)")
    assert legend(axes) == ["exact optimum", "used all its iterations", "diverged", "best", "cliff at 3.952"]


def test_the_cliff_is_where_descents_stop_converging(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    ran = terrain("sweep", THREE, "--step", "3.9,4", "--iterations", 5000, "-o", tmp_path / "c.svg")
    assert ran.code == 0
    assert ran.err == f"wrote {tmp_path / 'c.svg'}\n"
    assert "cliff at 3.952" in (tmp_path / "c.svg").read_text()
    assert "1 converged, 1 diverged" in ran.out


def test_a_heat_map_of_two() -> None:
    speeds, offsets = [0.2, 0.5, 0.8], [0.0, 20.0]
    axes, points = draw({"strips.1.speed": speeds, "offset": offsets}, best=None)
    (mesh,) = [artist for artist in axes.collections if isinstance(artist, QuadMesh)]
    grid = np.asarray(mesh.get_array()).reshape(2, 3)
    for point in points:
        i, j = offsets.index(point["offset"]), speeds.index(point["strips.1.speed"])
        assert grid[i, j] == point["time"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("speed of strip 2 (m/s)", "offset (m)")
    assert np.asarray(mesh.get_coordinates())[0, :, 0].tolist() == pytest.approx(
        [0.05, 0.35, 0.65, 0.95]
    )  # cells around the values


def test_diverged_points_are_hatched() -> None:
    axes, points = draw(
        {"descent.step": [1, 5], "offset": [10, 20]}, best={"descent.step": 1, "offset": 10, "time": 1.0}
    )
    (mesh,) = [artist for artist in axes.collections if isinstance(artist, QuadMesh)]
    diverged = [point["descent.step"] == 5 for point in points]
    assert [point["status"] == "diverged" for point in points] == diverged
    assert np.ma.getmaskarray(np.ma.asarray(mesh.get_array())).reshape(2, 2).T.ravel().tolist() == diverged
    assert axes.patch.get_hatch() == "////"
    assert legend(axes) == ["diverged", "best"]


def test_a_sweep_in_which_all_diverge_is_drawn() -> None:
    axes, _ = draw({"descent.step": [1e200, 2e200], "offset": [10, 20]})
    assert legend(axes) == ["diverged"]
    draw({"descent.step": [1e200, 2e200]})


@pytest.mark.parametrize(("counts", "most"), [([10_000], POINTS), ([1000, 450], SIDE**2)])
def test_memory_does_not_grow_with_the_sweep(counts: list[int], most: int) -> None:
    scenario = load_strips(THREE)
    names = ["descent.step", "offset"][: len(counts)]
    varied = {name: [float(i + 1) for i in range(count)] for name, count in zip(names, counts, strict=True)}
    picture = Picture(scenario, [Parameter(scenario, name) for name in names], varied)

    def points() -> Iterator[dict[str, Any]]:
        for i in range(math.prod(counts)):
            index = divmod(i, counts[1]) if len(counts) == 2 else (i,)
            values = {name: varied[name][k] for name, k in zip(names, index, strict=True)}
            yield values | {"time": 1.0 + i, "optimum": 1.0, "status": "converged"}

    assert sum(1 for _ in picture.watch(points())) == math.prod(counts)
    assert most / 4 < len(picture.kept) <= most
    if len(counts) == 2:  # still a full grid
        assert len({p["descent.step"] for p in picture.kept}) * len({p["offset"] for p in picture.kept}) == len(
            picture.kept
        )
    figure = picture.make_figure(None)
    assert f"{len(picture.kept):,} of {math.prod(counts):,} points drawn." in str(figure.get_supxlabel())


def test_a_logarithmic_sweep_has_a_logarithmic_axis() -> None:
    axes, _ = draw({"descent.step": [0.01, 0.1, 1, 10, 100, 1000]})
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    axes, _ = draw({"descent.step": [1, 10, 100], "offset": [1, 10, 100]})
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert not is_geometric(np.array([1.0, 2, 3]))
    assert _edges(np.array([1.0, 10, 100])) == pytest.approx(10 ** np.array([-0.5, 0.5, 1.5, 2.5]))
    assert _edges(np.array([4.0])) == pytest.approx([2, 6])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--step", "1,2", "-o", "a.txt"], "--output: must end in .csv, .json, .png, .svg or .pdf, got a.txt"),
        (["--step", "1,2", "-o", "a.svg", "-o", "./a.svg"], "--output: a.svg is named twice; name another file"),
        (["--step", "1,2", "-o", "no/a.png"], "no/a.png: cannot be written: there is no folder no"),
        (
            ["--step", "1,2", "--vary", "offset=1,2", "--vary", "strips.0.speed=1,2", "-o", "a.png"],
            "--output a.png: a figure shows one or two varied numbers of strips, got 3: vary fewer or write a .csv",
        ),
    ],
)
def test_refuses(
    terrain: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = terrain("sweep", *arguments)
    assert (ran.code, ran.out, ran.err) == (2, "", message + "\n")
    assert not list(tmp_path.iterdir())


def test_plot_and_json_together(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    ran = terrain("sweep", "--step", "1,2", "--json", "-o", tmp_path / "a.pdf")
    assert ran.out.startswith('{"version": 1')
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
