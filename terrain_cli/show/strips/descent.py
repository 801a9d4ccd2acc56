"""A descent in the terminal: a row an iteration while it runs, then what came of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from terrain_cli.scenario.load import Scenario
from terrain_cli.show.console import Progress, out
from terrain_cli.strips.descent import Step
from terrain_cli.strips.solution import Solution
from terrain_cli.text import number, percent, visible

if TYPE_CHECKING:
    from terrain_cli.maps.solution import MapSolution

STATUS_STYLE = {
    "converged": "green",
    "iterations": "yellow",
    "diverged": "bold red",
    "interrupted": "yellow",
    "no route": "bold red",
}
NAMED = 12  # strips whose crossings are listed one by one


def sparse(iteration: int) -> int:
    """How far apart rows are shown: all of the first 32, then half as many with each doubling."""
    spacing: int = 2 ** (iteration // 32).bit_length()
    return spacing


class DescentTable:
    """Prints the rows of a descent as they come, in columns that fit the terminal.

    what: "crossings" or "x". every: show every so many rows; None shows all at first and thins out later.
    """

    def __init__(self, scenario: Scenario, what: str, every: int | None) -> None:
        self.what, self.every = what, every
        self.progress = Progress()
        unknowns = len(scenario.strips) - 1
        room = max(1, (out.width - 9 - 2 * 15) // 14)
        self.columns = list(range(unknowns)) if unknowns <= room else [*range(room - 1), unknowns - 1]
        self.gap = room - 1 if unknowns > room else None
        units = scenario.units
        heads = [f"x_{i + 1}" if what == "x" else f"crossing {i + 1}" for i in self.columns]
        self._print("iteration", heads, f"time ({units.time})", "gradient", "bold")

    def _print(self, first: str, middle: list[str], time: str, gradient: str, style: str = "") -> None:
        cells = [f"{'… ' if i == self.gap else ''}{text}".rjust(14) for i, text in enumerate(middle)]
        self.progress.clear()
        out.print(Text(f"{first:>9}{''.join(cells)}{time:>15}{gradient:>15}", style=style))

    def add(self, step: Step) -> None:
        """Show the row, unless it is thinned out."""
        spacing = self.every or sparse(step.iteration)
        if step.iteration % spacing and not step.status:
            self.progress.say(f"iteration {step.iteration:,}, time {number(step.time)}")
            return
        values = step.x if self.what == "x" else step.crossings
        middle = [number(float(values[i])) for i in self.columns]
        self._print(
            f"{step.iteration}",
            middle,
            number(step.time),
            f"{step.gradient_norm:.3e}",
            STATUS_STYLE.get(step.status, ""),
        )


def print_title(scenario: Scenario) -> None:
    """What is being solved, and how."""
    plan = scenario.descent
    count = "1 strip" if len(scenario.strips) == 1 else f"{len(scenario.strips):,} strips"
    out.print(
        Text.assemble(
            (visible(scenario.name), "bold"),
            f": {count}, offset {scenario.offset:g} {scenario.units.length}, method {plan.method}",
        )
    )
    if scenario.description:
        out.print(Text(visible(scenario.description.strip(), keep="\n"), style="dim"))


def print_summary(solution: Solution) -> None:
    """The verdict in a sentence, where the path crosses, and its time beside the straight line's and the optimum's."""
    scenario, units = solution.scenario, solution.scenario.units
    out.print(Text(solution.message, style=STATUS_STYLE[solution.status]))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(style="dim")
    crossings = solution.crossings
    for i in (
        range(len(crossings))
        if len(crossings) <= NAMED
        else [*range(NAMED // 2), None, *range(len(crossings) - NAMED // 2, len(crossings))]
    ):
        if i is None:
            table.add_row("…", "", f"{len(crossings) - NAMED:,} more")
        else:
            where = f"from {scenario.strip_name(i)} to {scenario.strip_name(i + 1)}"
            table.add_row(
                Text(f"crossing {i + 1}"), Text(f"{number(float(crossings[i]))} {units.length}"), Text(visible(where))
            )
    table.add_row("time", Text(f"{number(solution.time)} {units.time}"), "")
    saved = solution.straight_time - solution.time
    table.add_row(
        "straight line",
        Text(f"{number(solution.straight_time)} {units.time}"),
        Text(_saved(saved, solution.straight_time, units.time)),
    )
    table.add_row(
        "exact optimum",
        Text(f"{number(float(solution.optimum.time))} {units.time}"),
        Text(f"gap {percent(solution.gap)}"),
    )
    out.print(table)
    if scenario.descent.method == "snell":
        _print_rays(solution)


def _saved(saved: float, straight: float, unit: str) -> str:
    if abs(saved) < 1e-9 * straight:
        return "nothing to save"
    return f"{number(abs(saved))} {unit} ({percent(abs(saved) / straight)}) {'saved' if saved > 0 else 'lost'}"


def _print_rays(solution: Solution) -> None:
    """sin(angle)/speed in each strip: Snell's law is that they are one number."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("strip")
    table.add_column(
        Text(f"sin(angle)/speed ({solution.scenario.units.time}/{solution.scenario.units.length})"), justify="right"
    )
    rays = solution.optimum.ray
    for i in (
        range(len(rays))
        if len(rays) <= NAMED
        else [*range(NAMED // 2), None, *range(len(rays) - NAMED // 2, len(rays))]
    ):
        table.add_row("…", "") if i is None else table.add_row(
            Text(visible(solution.scenario.strip_name(i))), f"{rays[i]:.15g}"
        )
    out.print(table)


def print_overview(solutions: "Sequence[Solution | MapSolution]", failures: list[str]) -> None:
    """Several scenarios in one table; a map has neither a method nor an optimum to be compared with."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("scenario")
    table.add_column("method")
    table.add_column("verdict")
    for name in ("iterations", "time", "gap"):
        table.add_column(name, justify="right", no_wrap=True)
    for solution in solutions:
        method: str
        if isinstance(solution, Solution):
            method, gap = solution.scenario.descent.method, percent(solution.gap)
        else:
            method, gap = "map", ""
        time = "" if solution.status == "no route" else f"{number(solution.time)} {solution.scenario.units.time}"
        table.add_row(
            Text(visible(solution.scenario.name)),
            method,
            Text(solution.status, style=STATUS_STYLE[solution.status]),
            f"{solution.iterations:,}",
            Text(time),
            gap,
        )
    for name in failures:
        table.add_row(Text(name), "", Text("refused", style="bold red"))
    out.print(table)
