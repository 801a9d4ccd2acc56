"""A descent across strips in the terminal: rows of iterations while it runs, then the outcome."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from terrain_cli.show.console import current, out, say
from terrain_cli.show.strips.plots import print_plots
from terrain_cli.show.tables import STYLES, describe_saving, new_summary, new_table, show
from terrain_cli.strips.descent import Step
from terrain_cli.strips.ground import Strips
from terrain_cli.strips.scenario import StripsScenario
from terrain_cli.strips.solution import StripsSolution
from terrain_cli.text import count, number, percent, some_of, visible

NAMED = 12  # crossings, at most, that are listed


def sparse(iteration: int) -> int:
    """The spacing of the printed rows: 1 for the first 32 iterations, doubled each time the iterations double."""
    spacing: int = 2 ** (iteration // 32).bit_length()
    return spacing


class Watch:
    """Prints the title, then the rows of the descent as they come, in columns that fit the terminal.

    options: `show`, "crossings" or "x"; `every`, the spacing of the rows, by default that of `sparse`.
    """

    def __init__(self, scenario: StripsScenario, ground: Strips, options: Mapping[str, Any]) -> None:
        self.progress = current()
        self.progress.clear()
        print_title(scenario)
        self.what, self.every = options.get("show") or "crossings", options.get("every")
        unknowns = len(scenario.strips) - 1
        self.gradient = out.width >= 9 + 14 + 2 * 15
        room = max(1, (out.width - 9 - (1 + self.gradient) * 15) // 14)
        self.columns = list(range(unknowns)) if unknowns <= room else [*range(room - 1), unknowns - 1]
        self.gap = room - 1 if unknowns > room else None
        units = scenario.units
        heads = [f"x_{i + 1}" if self.what == "x" else f"crossing {i + 1}" for i in self.columns]
        self.live = scenario.descent.method != "snell"
        if self.live:
            self._print("iteration", heads, f"time ({units.time})", "gradient", "bold")

    def _print(self, first: str, middle: list[str], time: str, gradient: str, style: str = "") -> None:
        cells = [f"{'… ' if i == self.gap else ''}{text}".rjust(14) for i, text in enumerate(middle)]
        self.progress.clear()
        last = f"{gradient:>15}" if self.gradient else ""
        out.print(Text(f"{first:>9}{''.join(cells)}{time:>15}{last}", style=style))

    def add(self, step: Step) -> None:
        """Print the row, or only the progress if the row is left out."""
        if not self.live:
            return
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
            STYLES.get(step.status, ""),
        )

    def close(self) -> None:
        """Nothing is left to print."""


def print_title(scenario: StripsScenario) -> None:
    """Print the name, the strips and the method."""
    plan = scenario.descent
    say(
        Text.assemble(
            (visible(scenario.name), "bold"),
            f": {count(len(scenario.strips), 'strip')}, offset {scenario.offset:g} {scenario.units.length}, method {plan.method}",
        )
    )
    if scenario.description:
        say(Text(visible(scenario.description.strip(), keep="\n"), style="dim"))


def print_summary(solution: StripsSolution, options: Mapping[str, Any]) -> None:
    """Print the outcome in a sentence, the crossings, and the time beside the straight line's and the optimum's.

    options: `plot`, to draw the path and its time in the terminal as well.
    """
    scenario, units = solution.scenario, solution.scenario.units
    say(Text(solution.message, style=STYLES[solution.status]))
    table = new_summary()
    crossings = solution.crossings
    for i in some_of(len(crossings), NAMED):
        if i is None:
            table.add_row("…", "", f"{len(crossings) - NAMED:,} more")
        else:
            where = f"from {scenario.strip_name(i)} to {scenario.strip_name(i + 1)}"
            crossing = f"{number(float(crossings[i]))} {units.length}"
            table.add_row(Text(f"crossing {i + 1}"), Text(crossing), Text(visible(where)))
    saved = describe_saving(solution.time, solution.straight_time, units.time)
    table.add_row("time", Text(f"{number(solution.time)} {units.time}"), "")
    table.add_row("straight line", Text(f"{number(solution.straight_time)} {units.time}"), Text(saved))
    optimum = f"{number(float(solution.optimum.time))} {units.time}"
    table.add_row("exact optimum", Text(optimum), Text(f"gap {percent(solution.gap)}"))
    show(table)
    if scenario.descent.method == "snell":
        _print_rays(solution)
    if options.get("plot"):
        print_plots(solution)


def describe(solution: StripsSolution) -> tuple[str, str]:
    """The method and the gap, for an overview of several solutions."""
    return solution.scenario.descent.method, percent(solution.gap)


def _print_rays(solution: StripsSolution) -> None:
    """Print sin(angle)/speed in each strip, which Snell's law says are equal."""
    scenario, rays = solution.scenario, solution.optimum.ray
    table = new_table(("strip", f"sin(angle)/speed ({scenario.units.time}/{scenario.units.length})"), left=1)
    for i in some_of(len(rays), NAMED):
        if i is None:
            table.add_row("…", "")
        else:
            table.add_row(Text(visible(scenario.strip_name(i))), f"{rays[i]:.15g}")
    show(table)
