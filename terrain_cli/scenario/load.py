"""A scenario file, checked: what the user wrote, with its names and defaults, and every problem of it said at once.

The models below and those of maps are the reference for what a scenario may hold; `terrain schema` prints them as a JSON
schema. Nothing here knows JAX: a scenario is names and floats.
"""

import difflib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import (
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from terrain_cli.errors import InputError
from terrain_cli.maps.scenario import (
    Goal,
    MapGround,
    MapScenario,
    Problem,
    Speeds,
    find_place_problems,
    find_speeds_problems,
)
from terrain_cli.scenario.document import Node, read_document
from terrain_cli.scenario.values import (
    Count,
    Fraction,
    Model,
    NotNegative,
    Number,
    Positive,
    StepSize,
    Text,
    Units,
    fail,
)

MethodName = Literal["gradient", "momentum", "adam", "newton", "snell"]

# The settings that each method reads beside step, iterations and tolerance.
OWN_SETTINGS: dict[str, tuple[str, ...]] = {
    "gradient": (),
    "momentum": ("momentum",),
    "adam": ("beta1", "beta2", "epsilon"),
    "newton": (),
    "snell": (),
}

OF_STRIPS = (("strips",), ("offset",), ("descent",))
ALIKE = 10  # problems of a grid that are said one by one


class Strip(Model):
    """A strip of ground."""

    width: Positive = Field(description="From one boundary to the other.")
    speed: Positive = Field(description="How fast the ground can be crossed, in any direction.")
    name: Text | None = Field(default=None, description="What to call it: meadow, bog, ...")


class DescentPlan(Model):
    """How to descend: the method, where it starts, its step and when it stops."""

    method: MethodName = Field(
        default="gradient", description="gradient, momentum, adam, newton, or snell for the exact answer at once."
    )
    initial: list[Number] | None = Field(
        default=None,
        description="The path to start from: how far it moves along the strips inside each strip but the last. "
        "Missing: the straight line.",
    )
    step: StepSize | None = Field(
        default=None, description="How far to go along the gradient. Missing: a step that is safe for these strips."
    )
    iterations: Count = Field(default=1000, description="When to give up.")
    tolerance: NotNegative = Field(
        default=1e-9, description="Stop where the largest derivative times the lowest speed is no more than this."
    )
    momentum: Fraction = Field(
        default=0.9, description="Of method momentum: the share of the last movement that is kept."
    )
    beta1: Fraction = Field(default=0.9, description="Of method adam: how slowly its mean of the gradient changes.")
    beta2: Fraction = Field(
        default=0.999, description="Of method adam: how slowly its mean of the squared gradient changes."
    )
    epsilon: Positive = Field(
        default=1e-8, description="Of method adam: keeps its step finite where the gradient is 0."
    )

    @field_validator("method", mode="before")
    @classmethod
    def _known_method(cls, value: object) -> object:
        if not isinstance(value, str) or value not in OWN_SETTINGS:
            near = difflib.get_close_matches(value.lower(), OWN_SETTINGS, 1) if isinstance(value, str) else []
            hint = f" (did you mean {near[0]}?)" if near else ""
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
            raise fail("is not a setting of method newton, which finds its own: remove it, or set another method")
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


class Scenario(Model):
    """Strips of ground to cross, from the start to a goal that lies `offset` further along them, and how to descend."""

    model_config = ConfigDict(title="terrain scenario")

    name: Text = Field(default="", description="What to call the scenario. Missing: the name of its file.")
    description: Text | None = Field(default=None, description="What it shows, in a sentence or two.")
    strips: list[Strip] = Field(min_length=1, description="From the start to the goal.")
    offset: Number = Field(description="How far the goal lies from the start along the strips.")
    units: Units = Field(default=Units(), description="Names for the units of length and time.")
    descent: DescentPlan = Field(default=DescentPlan(), description="How to descend.")

    _file: str | None = PrivateAttr(None)

    @field_validator("strips", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if not isinstance(value, list | tuple):
            raise fail("must be a list of strips, such as [{width: 10, speed: 0.7}]")
        if not value:
            raise fail("must have at least one strip, such as {width: 10, speed: 0.7}")
        return value

    @model_validator(mode="after")
    def _fits(self) -> "Scenario":
        initial, unknowns = self.descent.initial, len(self.strips) - 1
        if initial is not None and len(initial) != unknowns:
            numbers = _numbers(unknowns)
            raise PydanticCustomError(
                "initial", cast(Any, f"must have {numbers}, one for each strip but the last, got {len(initial)}")
            )
        return self

    @property
    def file(self) -> str | None:
        """The file it was read from; None where it was not."""
        return self._file

    @property
    def widths(self) -> list[float]:
        return [strip.width for strip in self.strips]

    @property
    def speeds(self) -> list[float]:
        return [strip.speed for strip in self.strips]

    def strip_name(self, index: int) -> str:
        """What to call the strip with this index: "strip 2 (bog)"; people count from 1."""
        name = self.strips[index].name
        return f"strip {index + 1} ({name})" if name else f"strip {index + 1}"


def load_scenario(path: str | Path) -> Scenario | MapScenario:
    """The scenario in a YAML file, of strips or, where it has the key `map`, of a map; `-` is standard input.

    Raises InputError with every problem of the file, a line each: file, line, key, what is wrong and what was found.

    Example:

        scenario = load_scenario("configs/three_strips.yaml")
        print(scenario.strips[1].speed)
    """
    name = "<stdin>" if str(path) == "-" else str(path)
    document = read_document(_read(path, name), name)
    if not isinstance(document.value, dict):
        raise InputError(
            f"{name}:{document.line}: must be a scenario, a mapping with strips and offset: `terrain new PATH` writes one"
        )
    data = document.plain()
    data.setdefault("name", "stdin" if name == "<stdin>" else Path(name).stem)
    scenario = _checked_map(data, document, name) if _is_map(document) else _checked(data, document, name)
    scenario._file = None if name == "<stdin>" else name
    return scenario


def load_strips(path: str | Path, command: str = "this") -> Scenario:
    """The scenario in a file, for a command that takes strips alone. Raises InputError for a map too."""
    scenario = load_scenario(path)
    if isinstance(scenario, MapScenario):
        raise InputError(
            f"{path}: is a map, and {command} takes strips alone: terrain solve and terrain plot take maps"
        )
    return scenario


def _read(path: str | Path, name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "<stdin>" else Path(path).read_bytes()
    except FileNotFoundError:
        near = difflib.get_close_matches(Path(path).name, _siblings(Path(path)), 1)
        raise InputError(
            f"{name}: no such file" + (f", did you mean {Path(path).parent / near[0]}?" if near else "")
        ) from None
    except IsADirectoryError:
        raise InputError(f"{name}: is a folder: name a scenario file in it") from None
    except (OSError, ValueError) as problem:
        raise InputError(f"{name}: cannot be read: {getattr(problem, 'strerror', None) or problem}") from None


def _siblings(path: Path) -> list[str]:
    try:
        return [file.name for file in path.parent.iterdir()]
    except OSError:
        return []


def _checked(data: dict[str, Any], document: Node, name: str) -> Scenario:
    try:
        return Scenario.model_validate(data)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
        problems = [_explain(error, document, name) for error in errors]
        if all(error["type"] != "initial" for error in errors):
            problems += _length_problem(data, document, name)
    raise InputError(*(text for _, text in sorted(problems, key=lambda problem: problem[0])))


def _checked_map(data: dict[str, Any], document: Node, name: str) -> MapScenario:
    problems, scenario = [], None
    try:
        scenario = MapScenario.model_validate(data)
    except ValidationError as invalid:
        errors = [error for error in invalid.errors(include_url=False) if error["type"] != "fits"]
        in_grid = [error for error in errors if error["loc"][:3] == ("map", "speeds", "grid")]
        errors = [error for error in errors if error not in in_grid[ALIKE:]]
        problems = [_explain(error, document, name) for error in errors]
        if len(in_grid) > ALIKE:
            line = problems[errors.index(in_grid[ALIKE - 1])][0]
            problems.append((line, f"{name}:{line}: map.speeds.grid: {len(in_grid) - ALIKE:,} more cells are wrong"))
    ground = data.get("map")
    speeds = ground.get("speeds") if isinstance(ground, dict) else None
    found: list[Problem] = []
    if isinstance(speeds, dict):
        found += [(("map", "speeds", *where), said) for where, said in find_speeds_problems(speeds)]
    if scenario is not None and not found:
        scenario._file = None if name == "<stdin>" else name
        found += find_place_problems(scenario)
    for where, said in found:
        where = _as_written(where, document)
        node, _ = document.find(where)
        problems.append((node.line, f"{name}:{node.line}: {_key(where)}: {said}"))
    if scenario is None or problems:
        raise InputError(*(text for _, text in sorted(problems, key=lambda problem: problem[0])))
    return scenario


def _is_map(document: Node) -> bool:
    """Whether a scenario is meant to be a map."""
    keys = document.value.keys()
    return "map" in keys or ("strips" not in keys and bool({"start", "goal"} & keys))


def _as_written(loc: tuple[str | int, ...], document: Node) -> tuple[str | int, ...]:
    """Where a value stands in the file: a goal may be written as a point alone, without a list or `at`."""
    if loc[:1] != ("goal",) or len(loc) < 2:
        return loc
    goal, _ = document.find(("goal",))
    several = isinstance(goal.value, list) and any(isinstance(item.value, list | dict) for item in goal.value)
    start: tuple[str | int, ...] = loc[:2] if several else loc[:1]
    node, _ = document.find(start)
    return start + (loc[2:] if isinstance(node.value, dict) else tuple(part for part in loc[2:] if part != "at"))


def _length_problem(data: dict[str, Any], document: Node, name: str) -> list[tuple[int, str]]:
    """The wrong length of `initial`, which pydantic looks at only where nothing else is wrong."""
    strips, plan = data.get("strips"), data.get("descent")
    initial = plan.get("initial") if isinstance(plan, dict) else None
    if not isinstance(strips, list) or not strips or not isinstance(initial, list) or len(initial) == len(strips) - 1:
        return []
    node, _ = document.find(("descent", "initial"))
    said = f"must have {_numbers(len(strips) - 1)}, one for each strip but the last, got {len(initial)}"
    return [(node.line, f"{name}:{node.line}: descent.initial: {said}")]


def _numbers(count: int) -> str:
    return "1 number" if count == 1 else f"{count} numbers"


def with_descent(scenario: Scenario, **changes: Any) -> Scenario:
    """The scenario with some settings of its descent replaced; a None changes nothing.

    A change of method drops the settings that the new method does not read (newton reads no step), and a step in other units
    (adam's is a length, the others' is not). Raises InputError, naming the option, where a value will not do.
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
        changed = Scenario.model_validate(data)
    except ValidationError as invalid:
        options = (
            f"--{_key(error['loc'][1:]) or 'initial'}: {error['msg']}" + _got(error)
            for error in invalid.errors(include_url=False)
        )
        raise InputError(*options) from None
    changed._file = scenario._file
    return changed


def _got(error: ErrorDetails, node: Node | None = None) -> str:
    """ ", got ..." where the message does not say it yet."""
    if error["type"] in ("initial", "missing", "extra_forbidden") or error["msg"].startswith(
        ("is a setting", "is not a setting", "must have at least")
    ):
        return ""
    if node is not None and node.text is not None:
        return f", got {node.text!r}" if isinstance(node.value, str) else f", got {node.text or 'nothing'}"
    value = error["input"]
    return f", got {'a mapping' if isinstance(value, dict) else 'a list' if isinstance(value, list) else repr(value)}"


def _key(loc: Iterable[str | int]) -> str:
    """A key as people write it: strips[1].speed."""
    key = ""
    for part in loc:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
    return key


def _explain(error: ErrorDetails, document: Node, name: str) -> tuple[int, str]:
    """The line of a problem, and its sentence with file, line, key, what is wrong and what was found."""
    loc = error["loc"] if error["type"] != "initial" else ("descent", "initial")
    loc = _as_written(loc, document)
    node, reached = document.find(loc)
    line = node.line
    message = error["msg"]
    if error["type"] == "missing":
        example = {
            "width": "width: 10",
            "speed": "speed: 0.5",
            "strips": "strips: [{width: 10, speed: 0.7}]",
            "offset": "offset: 20",
            "map": "map: {cell: 1, speeds: {grid: [[1, 1, blocked], [1, 0.2, 1]]}}",
            "speeds": "speeds: {grid: [[1, 1, blocked], [1, 0.2, 1]]}",
            "start": "start: [0.5, 0.5]",
            "goal": "goal: [2.5, 1.5]",
            "at": "at: [2.5, 1.5]",
        }
        message = f"is missing: add {example[str(loc[-1])]}"
    elif error["type"] == "extra_forbidden":
        parent, _ = document.find(loc[:-1])
        line = parent.key_lines.get(str(loc[-1]), line)
        known = _known_keys(loc[:-1], document)
        near = difflib.get_close_matches(str(loc[-1]).lower(), known, 1)
        message = (
            f"is not a key here: did you mean {near[0]}?"
            if near
            else f"is not a key here: known are {', '.join(known)}"
        )
        if loc in OF_STRIPS and _is_map(document):
            message = f"belongs to strips, and this is a map: remove {_key(loc)}, or the map"
    elif error["type"] == "model_type":
        message = f"must be a mapping with {', '.join(_known_keys(loc, document))}"
    return line, f"{name}:{line}: {_key(loc)}: {message}{_got(error, node if reached else None)}"


def _known_keys(loc: tuple[str | int, ...], document: Node) -> list[str]:
    models: dict[tuple[str, ...], type[Model]]
    models = {(): Scenario, ("strips",): Strip, ("units",): Units, ("descent",): DescentPlan}
    if _is_map(document):
        models |= {(): MapScenario, ("map",): MapGround, ("map", "speeds"): Speeds, ("goal",): Goal}
    model = models[tuple(part for part in loc if isinstance(part, str))]
    return list(model.model_fields)


def packaged_folder() -> Path:
    """The folder of the scenarios that come with terrain: inside the package where it was installed, else beside it."""
    package = Path(__file__).parent.parent
    inside = package / "configs"
    return inside if inside.is_dir() else package.parent / "configs"


def scenario_files(path: str | Path) -> list[Path]:
    """The scenario files that `path` means: itself, or the .yaml and .yml files in a folder, by name.

    Raises InputError for a folder without any.
    """
    path = Path(path)
    if str(path) == "-" or not path.is_dir():
        return [path]
    try:
        files = sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml"))
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror}") from None
    if not files:
        raise InputError(f"{path}: has no scenarios (.yaml or .yml): `terrain new {path / 'scenario.yaml'}` writes one")
    return files
