"""Open a scenario file, report every problem in it with its line, and hand it to its kind.

The models in each kind's scenario module say what a scenario may hold; `terrain schema` prints them as a JSON schema. Nothing
here knows JAX or any kind: a scenario is names and floats.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from terrain_cli import kinds
from terrain_cli.contract import Scenario
from terrain_cli.errors import InputError
from terrain_cli.kinds import Kind
from terrain_cli.scenario.document import Node, read_document
from terrain_cli.scenario.model import Place, ScenarioModel, Source, describe_input, write_key
from terrain_cli.text import nearest

if TYPE_CHECKING:
    from terrain_cli.maps.scenario import MapScenario
    from terrain_cli.strips.scenario import StripsScenario

ALIKE = 10  # problems of a crowded list, such as the cells of a grid, that are reported one by one


def load_scenario(path: str | Path) -> Scenario:
    """The scenario in a YAML file, of whatever kind; `-` is standard input.

    Raises InputError with every problem in the file, one line each: file, line, key, what is wrong and what was found.

    Example:

        scenario = load_scenario("configs/three_strips.yaml")
        print(scenario.name, scenario.units.length)
    """
    name = "<stdin>" if str(path) == "-" else str(path)
    document = read_document(_read(path, name), name)
    if not isinstance(document.value, dict):
        raise InputError(
            f"{name}:{document.line}: must be a scenario, a mapping with strips and offset: `terrain new PATH` writes one"
        )
    kind = kinds.recognise(document.value.keys())
    data = document.plain()
    data.setdefault("name", "stdin" if name == "<stdin>" else Path(name).stem)
    scenario = _validate(kind, data, document, name)
    scenario._source = Source(None if name == "<stdin>" else name, name, _find_lines(document))
    return scenario


def load_strips(path: str | Path, user: str = "this") -> "StripsScenario":
    """The scenario of strips in a file. Raises InputError as `load_scenario` does, and for another kind of terrain.

    user: what needs strips, for the message.

    Example:

        scenario = load_strips("configs/three_strips.yaml")
        print(scenario.strips[1].speed)
    """
    return cast("StripsScenario", require(load_scenario(path), "strips", path, user))


def load_map(path: str | Path, user: str = "this") -> "MapScenario":
    """The map scenario in a file. Raises InputError as `load_scenario` does, and for another kind of terrain.

    user: what needs a map, for the message.

    Example:

        scenario = load_map("configs/lake.yaml")
        print(scenario.start, scenario.goals)
    """
    return cast("MapScenario", require(load_scenario(path), "map", path, user))


def require(scenario: Scenario, name: str, path: str | Path, user: str) -> Scenario:
    """The scenario if it is of the kind `name`. Raises InputError otherwise."""
    if scenario.kind != name:
        raise _refuse(path, scenario, user, [kinds.KINDS[name]])
    return scenario


def load_for(module: str, path: str | Path, user: str) -> tuple[Scenario, Kind]:
    """The scenario in a file, and its kind, if that has this module, such as "report". Raises InputError otherwise.

    user: the command that needs the module, for the message.
    """
    scenario = load_scenario(path)
    able = [kind for kind in kinds.KINDS.values() if kind.has(module)]
    if kinds.of(scenario) not in able:
        raise _refuse(path, scenario, user, able)
    return scenario, kinds.of(scenario)


def _refuse(path: str | Path, scenario: Scenario, user: str, able: Sequence[Kind]) -> InputError:
    wanted = " and ".join(kind.plural for kind in able)
    return InputError(f"{path}: is {kinds.of(scenario).title}; {user} works only with {wanted}")


def _read(path: str | Path, name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "<stdin>" else Path(path).read_bytes()
    except FileNotFoundError:
        near = nearest(Path(path).name, siblings(Path(path)))
        hint = f", did you mean {Path(path).parent / near}?" if near else ""
        raise InputError(f"{name}: no such file{hint}") from None
    except IsADirectoryError:
        raise InputError(f"{name}: is a folder: name a scenario file in it") from None
    except (OSError, ValueError) as problem:
        raise InputError(f"{name}: cannot be read: {getattr(problem, 'strerror', None) or problem}") from None


def siblings(path: Path, ending: str = "") -> list[str]:
    """The names of the files beside a path that end in `ending`; none if the folder cannot be read."""
    try:
        return [file.name for file in path.parent.iterdir() if file.name.endswith(ending)]
    except OSError:
        return []


def _validate(kind: Kind, data: dict[str, Any], document: Node, name: str) -> ScenarioModel:
    """The scenario that the kind makes of the data. Raises InputError with all problems, in the order of their lines."""
    room = kind.scenario
    problems: list[tuple[int, str]] = []
    scenario = None
    try:
        scenario = room.MODEL.model_validate(data)
    except ValidationError as invalid:
        # What has the type "fits" comes again from find_problems, with its place.
        errors = [error for error in invalid.errors(include_url=False) if error["type"] != "fits"]
        crowd = [error for error in errors if error["loc"][: len(room.CROWDED)] == room.CROWDED]
        errors = [error for error in errors if error not in crowd[ALIKE:]]
        problems = [_explain(error, kind, document, name) for error in errors]
        if len(crowd) > ALIKE:
            line = problems[errors.index(crowd[ALIKE - 1])][0]
            more = f"{len(crowd) - ALIKE:,} more cells are wrong"
            problems.append((line, f"{name}:{line}: {write_key(room.CROWDED)}: {more}"))
    for place, sentence in room.find_problems(data):
        place = room.locate(place, document)
        node, _ = document.find(place)
        problems.append((node.line, f"{name}:{node.line}: {write_key(place)}: {sentence}"))
    if scenario is None or problems:
        raise InputError(*(text for _, text in sorted(problems, key=lambda problem: problem[0])))
    return scenario


def _find_lines(document: Node) -> dict[Place, int]:
    """The line of every mapping's value, and of the items of lists of mappings or lists."""
    lines: dict[Place, int] = {}
    waiting: list[tuple[Place, Node]] = [((), document)]
    while waiting:
        place, node = waiting.pop()
        lines[place] = node.line
        if isinstance(node.value, dict):
            waiting += [((*place, key), inner) for key, inner in node.value.items()]
        elif isinstance(node.value, list):
            lists = [(i, inner) for i, inner in enumerate(node.value) if isinstance(inner.value, dict | list)]
            waiting += [((*place, i), inner) for i, inner in lists if isinstance(inner.value, dict)]
            lines |= {(*place, i): inner.line for i, inner in lists}
    return lines


def _explain(error: ErrorDetails, kind: Kind, document: Node, name: str) -> tuple[int, str]:
    """The line of a problem, and its sentence with file, line, key, what is wrong and what was found."""
    place = kind.scenario.locate(error["loc"], document)
    node, reached = document.find(place)
    line, message = node.line, error["msg"]
    if error["type"] == "missing":
        message = f"is missing: add {kind.scenario.EXAMPLES[str(place[-1])]}"
    elif error["type"] == "extra_forbidden":
        parent, _ = document.find(place[:-1])
        line = parent.key_lines.get(str(place[-1]), line)
        known = _known_keys(kind, place[:-1])
        if near := nearest(str(place[-1]).lower(), known):
            message = f"is not a key here: did you mean {near}?"
        else:
            message = f"is not a key here: known are {', '.join(known)}"
        owner = next((other for other in kinds.KINDS.values() if place[0] in other.keys), kind)
        if len(place) == 1 and owner is not kind:
            message = f"belongs to {owner.plural}, and this is {kind.title}: remove {place[0]}, or the {kind.key}"
    elif error["type"] == "model_type":
        message = f"must be a mapping with {', '.join(_known_keys(kind, place))}"
    return line, f"{name}:{line}: {write_key(place)}: {message}{describe_input(error, node if reached else None)}"


def _known_keys(kind: Kind, place: Place) -> list[str]:
    """The keys that the mapping at a place may have."""
    model = kind.scenario.MODELS[tuple(part for part in place if isinstance(part, str))]
    return list(model.model_fields)


def packaged_folder() -> Path:
    """The folder of the scenarios that come with terrain: inside the package if it was installed, beside it otherwise."""
    package = Path(__file__).parent.parent
    inside = package / "configs"
    return inside if inside.is_dir() else package.parent / "configs"


def scenario_files(path: str | Path) -> list[Path]:
    """The scenario files that `path` stands for: itself, or the .yaml and .yml files in a folder, sorted by name.

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
