"""Figures and solutions in Python: what a notebook shows."""

import math

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from terrain_cli import load_map, load_strips, plot, solve
from terrain_cli.contract import Route
from tests.conftest import CONFIGS


@pytest.fixture
def axes() -> Axes:
    return Figure(figsize=(6, 4)).subplots()


@pytest.mark.parametrize(
    ("kind", "panels"), [(None, ["landscape"]), ("paths", ["paths"]), ("objective", ["time", "gap"])]
)
def test_strips_are_plotted(kind: str | None, panels: list[str]) -> None:
    figure = plot(solve(load_strips(CONFIGS / "three_strips.yaml")), kind)
    assert [panel.get_label() for panel in figure.axes if panel.get_label() in panels] == panels
    assert figure.get_suptitle() == "three strips"


@pytest.mark.parametrize("kind", ["landscape", "paths"])
def test_one_panel_can_be_drawn_into_given_axes(axes: Axes, kind: str) -> None:
    figure = plot(solve(load_strips(CONFIGS / "three_strips.yaml")), kind, ax=axes)
    assert figure is axes.get_figure(root=True)
    assert axes.get_title(loc="left")
    assert figure.get_suptitle() == ""


def test_a_map_is_plotted(axes: Axes) -> None:
    solution = solve(load_map(CONFIGS / "lake.yaml"))
    assert plot(solution).axes[0].get_label() == "map"
    assert plot(solution, ax=axes) is axes.get_figure(root=True)
    assert {line.get_label() for line in axes.get_lines()} >= {"route", "straight line"}


def test_what_cannot_be_plotted_is_refused(axes: Axes) -> None:
    solution = solve(load_strips(CONFIGS / "two_strips.yaml"))
    with pytest.raises(ValueError, match="kind must be one of landscape, objective, paths, all for strips, got 'map'"):
        plot(solution, "map")
    with pytest.raises(ValueError, match="objective has several panels"):
        plot(solution, "objective", ax=axes)


def test_solutions_describe_themselves_briefly() -> None:
    strips, lake = solve(load_strips(CONFIGS / "three_strips.yaml")), solve(load_map(CONFIGS / "lake.yaml"))
    assert repr(strips) == "StripsSolution('three strips', iterations, time=81.916383 s)"
    assert repr(lake) == "MapSolution('around the lake', converged, time=480.254416 s)"
    assert repr(lake.route) == "Route(13 points, time=480.254416, distance=624.330740, 1 alternative)".replace(
        "13", str(len(lake.route.points)) if isinstance(lake.route, Route) else ""
    )
    for solution in (strips, lake):
        assert solution._repr_html_().startswith("<table><caption>")


def test_strips_have_a_route_as_maps_have() -> None:
    solution = solve(load_strips(CONFIGS / "three_strips.yaml"))
    route = solution.route
    assert solution.routes == (route,)
    assert route.points[0].tolist() == [0, 0]
    assert route.points[-1].tolist() == [30, 20]
    assert route.points[1:-1, 1].tolist() == solution.crossings.tolist()
    assert (route.time, route.straight_time) == (solution.time, solution.straight_time)
    assert route.distance == pytest.approx(sum(map(math.dist, route.points, route.points[1:])), rel=1e-14)
    assert [step.iteration for step in route.history] == list(range(21))
