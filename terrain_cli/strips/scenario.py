"""A scenario of strips as the user wrote it, validated. This module does not import JAX."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, cast

from pydantic import ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from terrain_cli.errors import InputError
from terrain_cli.ranges import parse_numbers
from terrain_cli.scenario.document import Node
from terrain_cli.scenario.model import Model, Place, Problem, ScenarioModel, Units, describe_input, write_key
from terrain_cli.scenario.values import Count, Fraction, NotNegative, Number, Positive, StepSize, Text, fail
from terrain_cli.text import count, nearest, quote

MethodName = Literal["gradient", "momentum", "adam", "newton", "snell"]

# The settings that each method reads in addition to step, iterations and tolerance.
OWN_SETTINGS: dict[str, tuple[str, ...]] = {
    "gradient": (),
    "momentum": ("momentum",),
    "adam": ("beta1", "beta2", "epsilon"),
    "newton": (),
    "snell": (),
}


class Strip(Model):
    """A strip of ground."""

    width: Positive = Field(description="Distance from one boundary to the other.")
    speed: Positive = Field(description="Speed on this ground, the same in every direction.")
    name: Text | None = Field(default=None, description="Name of the ground: meadow, bog, ...")


class DescentPlan(Model):
    """The settings of the descent: its method, initial path, step and stopping rules."""

    method: MethodName = Field(
        default="gradient", description="gradient, momentum, adam or newton; or snell, which is exact."
    )
    initial: list[Number] | None = Field(
        default=None,
        description="Initial path: its displacement along the strips in each strip except the last. "
        "Default: the straight line.",
    )
    step: StepSize | None = Field(default=None, description="Step size. Default: a step that is safe for these strips.")
    iterations: Count = Field(default=1000, description="Maximum number of iterations.")
    tolerance: NotNegative = Field(
        default=1e-9, description="Stop when the largest derivative times the lowest speed is at most this."
    )
    momentum: Fraction = Field(
        default=0.9, description="Method momentum: the fraction of the last displacement that is kept."
    )
    beta1: Fraction = Field(default=0.9, description="Method adam: decay rate of its mean of the gradient.")
    beta2: Fraction = Field(default=0.999, description="Method adam: decay rate of its mean of the squared gradient.")
    epsilon: Positive = Field(default=1e-8, description="Method adam: keeps its step finite where the gradient is 0.")

    @field_validator("method", mode="before")
    @classmethod
    def _known_method(cls, value: object) -> object:
        if not isinstance(value, str) or value not in OWN_SETTINGS:
            near = nearest(value.lower(), OWN_SETTINGS) if isinstance(value, str) else None
            hint = f" (did you mean {near}?)" if near else ""
            raise fail(f"must be one of {', '.join(OWN_SETTINGS)}{hint}")
        return value

    @field_validator("initial", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if value is not None and not isinstance(value, list | tuple):
            raise fail("must be a list of numbers, such as [2, 17]")
        return value

    @field_validator("step", mode="before")
    @classmethod
    def _has_a_step(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and info.data.get("method") == "newton":
            raise fail("is not a setting of method newton, which needs no step: remove it, or set another method")
        return value

    @field_validator("momentum", "beta1", "beta2", "epsilon", mode="before")
    @classmethod
    def _of_this_method(cls, value: object, info: ValidationInfo) -> object:
        method = info.data.get("method")
        name = str(info.field_name)
        if method is not None and name not in OWN_SETTINGS[method]:
            owner = next(owner for owner, names in OWN_SETTINGS.items() if name in names)
            raise fail(f"is a setting of method {owner}, not of {method}: remove it, or set method: {owner}")
        return value


class StripsScenario(ScenarioModel):
    """Strips of ground to cross, from the start to a goal that lies `offset` further along them."""

    kind: ClassVar[str] = "strips"
    model_config = ConfigDict(title="terrain scenario")

    strips: list[Strip] = Field(min_length=1, description="The strips in order, from the start to the goal.")
    offset: Number = Field(description="Distance along the strips from the start to the goal.")
    descent: DescentPlan = Field(default=DescentPlan(), description="Settings of the descent.")

    @field_validator("strips", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if not isinstance(value, list | tuple):
            raise fail("must be a list of strips, such as [{width: 10, speed: 0.7}]")
        if not value:
            raise fail("must have at least one strip, such as {width: 10, speed: 0.7}")
        return value

    @model_validator(mode="after")
    def _fits(self) -> "StripsScenario":
        for _, problem in find_problems({"strips": self.strips, "descent": {"initial": self.descent.initial}}):
            raise PydanticCustomError("fits", cast(Any, problem))
        return self

    @property
    def widths(self) -> list[float]:
        return [strip.width for strip in self.strips]

    @property
    def speeds(self) -> list[float]:
        return [strip.speed for strip in self.strips]

    def strip_name(self, index: int) -> str:
        """The strip with this index in messages, counted from 1: "strip 2 (bog)"."""
        name = self.strips[index].name
        return f"strip {index + 1} ({name})" if name else f"strip {index + 1}"


MODEL = StripsScenario
MODELS: dict[tuple[str, ...], type[Model]] = {
    (): StripsScenario,
    ("strips",): Strip,
    ("units",): Units,
    ("descent",): DescentPlan,
}
EXAMPLES = {
    "width": "width: 10",
    "speed": "speed: 0.5",
    "strips": "strips: [{width: 10, speed: 0.7}]",
    "offset": "offset: 20",
}
CROWDED = None  # no list is abridged
DESCENT_OPTIONS = ("method", "step", "iterations", "tolerance", "initial")
OPTIONS = (*DESCENT_OPTIONS, "show", "every", "plot", "within", "axes", "held", "compare")
SETTINGS = ("every",)
COMPARED = ("step", "method")
HISTORY = 100_000_000  # numbers in the rows that --every keeps: 0.8 GB
RUNS = 8  # descents in one figure: the number of colours that everyone can tell apart


def locate(place: Place, document: Node) -> Place:
    """The place in the file of a place in the model: for strips, the same."""
    return place


def find_problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """A wrong length of `initial`; pydantic would report it only once nothing else is wrong."""
    strips, plan = data.get("strips"), data.get("descent")
    initial = plan.get("initial") if isinstance(plan, dict) else None
    if isinstance(strips, list) and strips and isinstance(initial, list) and len(initial) != len(strips) - 1:
        numbers = count(len(strips) - 1, "number")
        yield (
            ("descent", "initial"),
            f"must have {numbers}, one for each strip except the last, got {len(initial)}",
        )


def with_options(scenario: StripsScenario, options: Mapping[str, Any]) -> StripsScenario:
    """The scenario with those settings of its descent that options of the command line replace; None changes nothing.

    Raises InputError if a value is invalid, or if `axes` names unknowns that the scenario does not have.
    """
    axes, unknowns = options.get("axes"), len(scenario.strips) - 1
    if axes is not None and max(axes) >= unknowns:
        has = {0: "one strip has no unknowns", 1: "two strips have one unknown"}
        reason = has.get(unknowns, f"the scenario has {unknowns:,} unknowns, one for each strip except the last")
        raise InputError(f"--axes: there is no x_{max(axes) + 1}: {reason}")
    changed = with_descent(scenario, **{key: value for key, value in options.items() if key in DESCENT_OPTIONS})
    every, iterations = options.get("every"), changed.descent.iterations
    if every and iterations // every * unknowns > HISTORY:
        least = -(-iterations * unknowns // HISTORY)
        raise InputError(
            f"--every: {count(unknowns, 'number')} in each of {iterations // every:,} rows are more than {HISTORY:,}: use "
            f"--every {least} or more, fewer --iterations, or leave it out, which keeps fewer rows the longer it takes"
        )
    return changed


def with_descent(scenario: StripsScenario, **changes: Any) -> StripsScenario:
    """The scenario with some settings of its descent replaced; None changes nothing.

    A new method drops the settings that it does not read (newton reads no step) and a step in other units (only adam's is a
    length). Raises InputError, which names the option, if a value is invalid.
    """
    changes = {key: value for key, value in changes.items() if value is not None}
    if not changes:
        return scenario
    kept = scenario.descent.model_dump(exclude_unset=True)
    method = changes.get("method", scenario.descent.method)
    others = {name for names in OWN_SETTINGS.values() for name in names} - set(OWN_SETTINGS.get(method, ()))
    if method != scenario.descent.method and {"adam", "newton"} & {method, scenario.descent.method}:
        others.add("step")
    kept = {key: value for key, value in kept.items() if key not in others}
    data = scenario.model_dump(exclude_unset=True)
    data["descent"] = kept | changes
    try:
        changed = StripsScenario.model_validate(data)
    except ValidationError as invalid:
        options = (
            f"--{write_key(error['loc'][1:]) or 'initial'}: {error['msg']}" + describe_input(error)
            for error in invalid.errors(include_url=False)
        )
        raise InputError(*options) from None
    changed._source = scenario._source
    return changed


def vary(scenario: StripsScenario, text: str) -> list[tuple[str, StripsScenario]]:
    """The scenario with each of the values in a text such as "step=0.5,1.5" or "method=gradient,adam", after the name.

    Raises InputError, which names --compare.
    """
    name, equals, values = text.partition("=")
    listed = [value.strip() for value in values.split(",")]
    if name not in COMPARED or not equals or not all(listed):
        raise InputError(
            f"--compare: must be step=VALUES or method=NAMES, such as step=0.5,1.5,3.19, got {quote(text)}"
        )
    if len(listed) > RUNS:
        raise InputError(f"--compare: must have at most {RUNS} values, got {len(listed)}")
    if name == "step" and scenario.descent.method == "snell":
        raise InputError("--compare step: method snell takes no steps: set another method with --method")
    steps = parse_numbers(values, "--compare step") if name == "step" else None
    try:
        return [(name, with_descent(scenario, **{name: value})) for value in steps or listed]
    except InputError as error:
        raise InputError(*(problem.replace("--", "--compare ", 1) for problem in error.problems)) from None
