"""The numbers of a scenario of strips by name, for sweeps."""

from collections.abc import Sequence
from typing import get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError

from terrain_cli.errors import InputError
from terrain_cli.ranges import ValueRange
from terrain_cli.scenario.model import read_key
from terrain_cli.scenario.values import Count, Number
from terrain_cli.strips.scenario import OWN_SETTINGS, DescentPlan, Strip, StripsScenario
from terrain_cli.text import suggest


class Parameter:
    """A number of a scenario by its dotted name, as in the file: `strips.1.speed`, `offset`, `descent.initial.0`.

    path: the parts of the name. label: for people, counted from 1: "speed of strip 2 (bog) (m/s)".
    """

    def __init__(self, scenario: StripsScenario, name: str) -> None:
        """Raises InputError if no number of the scenario has this name."""
        self.name = name
        self.path = read_key(name)
        plan, units = scenario.descent, scenario.units
        model: type[BaseModel] | None
        match self.path:
            case ("strips", int(index), ("width" | "speed") as key):
                self._in_range(index, len(scenario.strips), "strips")
                unit = units.length if key == "width" else f"{units.length}/{units.time}"
                self.label, model = f"{key} of {scenario.strip_name(index)} ({unit})", Strip
            case ("offset",):
                key, self.label, model = "offset", f"offset ({units.length})", StripsScenario
            case ("descent", "initial", int(index)) if plan.method != "snell":
                self._in_range(index, len(scenario.strips) - 1, "descent.initial")
                key, self.label, model = "", f"initial x_{index + 1} ({units.length})", None
            case ("descent", "step") if plan.method == "newton":
                raise InputError(f"{name}: is not a setting of method newton, which needs no step: set another method")
            case ("descent", ("step" | "iterations" | "tolerance") as key) if plan.method != "snell":
                self.label, model = key, DescentPlan
            case ("descent", str(key)) if key in OWN_SETTINGS[plan.method]:
                self.label, model = key, DescentPlan
            case _:
                given = [part for part in self.path if isinstance(part, int)]
                strip = min(given[0], len(scenario.strips) - 1) if given else 0
                known = ["offset", f"strips.{strip}.width", f"strips.{strip}.speed"]
                if plan.method != "snell":
                    known += ["descent.step"] * (plan.method != "newton")
                    known += ["descent.iterations", "descent.tolerance"]
                    known += [f"descent.initial.{min(strip, len(scenario.strips) - 2)}"] * (len(scenario.strips) > 1)
                known += [f"descent.{key}" for key in OWN_SETTINGS[plan.method]]
                hint = suggest(name, known, "choose one such as")
                raise InputError(f"{name}: is not a number of this scenario (method {plan.method}): {hint}")
        self._type = Number if model is None else get_type_hints(model, include_extras=True)[key]

    def _in_range(self, index: int, count: int, what: str) -> None:
        if index >= count:
            last = f"the last is {what}.{count - 1}" if count else "there are none"
            raise InputError(f"{self.name}: there is no {what}.{index} in this scenario; {last} (counted from 0)")

    def check(self, values: Sequence[float]) -> Sequence[float]:
        """The values, after validation. Raises InputError for the first that is invalid for this number."""
        adapter = TypeAdapter(self._type)
        even = isinstance(values, ValueRange)
        # All values of a range are valid if its ends are, except that some may not be whole numbers.
        for value in (values[0], values[-1]) if even and self._type is not Count else values:
            try:
                adapter.validate_python(value)
            except ValidationError as invalid:
                problem = invalid.errors()[0]["msg"]
                hint = (
                    ": choose COUNT in START:STOP:COUNT so that all are, or give a comma list"
                    if "whole number" in problem
                    else ""
                )
                raise InputError(f"{self.name}: {problem}, got {value:g}{hint}") from None
        return values if even else [float(value) for value in values]
