"""Even ground as a figure."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from terrain_cli.show.figure import new_figure
from terrain_cli.show.style import figure_style
from tests.flat.scenario import FlatScenario
from tests.flat.solution import FlatSolution


def texts_of(scenario: FlatScenario) -> list[str]:
    return [scenario.name]


def plot(solution: FlatSolution, kind: str = "line", *, ax: Axes | None = None) -> Figure:
    with figure_style(*texts_of(solution.scenario)):
        figure = new_figure((4, 3), solution.scenario.name, "a straight line")
        figure.subplots().plot(*solution.routes[0].points.T, label="line")
    return figure
