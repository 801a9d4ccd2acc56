"""Opens scenario files, and reports all problems of a file at once, with their lines.

The models in each kind's scenario module define what a scenario may contain; `terrain schema` prints them as a JSON schema.
This module imports neither JAX nor any kind.
"""

import contextlib
import gc
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from terrain_cli import kinds
from terrain_cli.contract import Scenario
from terrain_cli.errors import PROBLEMS, InputError, check_type
from terrain_cli.files import open_input, read_whole, standard_input
from terrain_cli.kinds import Kind
from terrain_cli.scenario.document import Node, read_document
from terrain_cli.scenario.model import Place, ScenarioModel, Source, describe_input, write_key
from terrain_cli.text import add_value, nearest, shorten, suggest, visible

if TYPE_CHECKING:
    from terrain_cli.maps.scenario import MapScenario
    from terrain_cli.strips.scenario import StripsScenario

LOOKED_AT = 10_000  # problems whose lines are looked up, to report the first; the others are counted
ALIKE = 10  # problems of a crowded list, such as the cells of a grid, that are reported individually
MISTYPED = 1000  # unknown keys that are compared with those that are missing


def load_scenario(path: str | Path) -> Scenario:
    """The scenario in a YAML file, of any kind; `-` is standard input.

    Raises InputError with all problems of the file: for each, the file, the line, the key, what is wrong and the value.

    Example:

        scenario = load_scenario("configs/three_strips.yaml")
        print(scenario.name, scenario.units.length)
    """
    check_type(path, (str, Path), "path", "a text or a Path")
    with _uncollected():
        return _load(path, "<stdin>" if str(path) == "-" else str(path))


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's garbage collector, which would go through the values of a large file again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _load(path: str | Path, name: str) -> Scenario:
    document = read_document(_read(path, name), name)
    if not isinstance(document.value, dict):
        raise InputError(
            f"{name}:{document.line}: must be a mapping, such as one with strips and offset: `terrain new PATH` writes a scenario"
        )
    kind = kinds.recognise(document.value.keys())
    data = document.plain()
    data.setdefault("name", "stdin" if name == "<stdin>" else visible(Path(name).stem))
    scenario = _validate(kind, data, document, name)
    scenario._source = Source(None if name == "<stdin>" else name, name, _find_lines(document))
    return scenario


def load_strips(path: str | Path, user: str = "this") -> "StripsScenario":
    """The scenario of strips in a file. Raises InputError as `load_scenario` does, and for any other kind of terrain.

    user: names the caller in that message.

    Example:

        scenario = load_strips("configs/three_strips.yaml")
        print(scenario.strips[1].speed)
    """
    return cast("StripsScenario", require(load_scenario(path), "strips", path, user))


def load_map(path: str | Path, user: str = "this") -> "MapScenario":
    """The map scenario in a file. Raises InputError as `load_scenario` does, and for any other kind of terrain.

    user: names the caller in that message.

    Example:

        scenario = load_map("configs/lake.yaml")
        print(scenario.start, scenario.goals)
    """
    return cast("MapScenario", require(load_scenario(path), "map", path, user))


def require(scenario: Scenario, name: str, path: str | Path, user: str) -> Scenario:
    """The scenario itself. Raises InputError unless it is of the kind `name`."""
    if scenario.kind != name:
        raise _refuse(path, scenario, user, [kinds.KINDS[name]])
    return scenario


def load_for(module: str, path: str | Path, user: str) -> tuple[Scenario, Kind]:
    """The scenario in a file, and its kind. Raises InputError unless the kind has this module, such as "report".

    user: the command that needs the module, for the message.
    """
    scenario = load_scenario(path)
    able = [kind for kind in kinds.KINDS.values() if kind.has(module)]
    if kinds.of(scenario) not in able:
        raise _refuse(path, scenario, user, able)
    return scenario, kinds.of(scenario)


def _refuse(path: str | Path, scenario: Scenario, user: str, able: Sequence[Kind]) -> InputError:
    wanted = " and ".join(kind.plural for kind in able)
    return InputError(f"{path}: {user} works only with {wanted}, not with {kinds.of(scenario).plural}")


def _read(path: str | Path, name: str) -> bytes:
    try:
        with contextlib.nullcontext(standard_input()) if name == "<stdin>" else open_input(Path(path)) as file:
            return read_whole(file, name)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{name}: {explain_missing(Path(path), Path(path).parent)}") from None
    except IsADirectoryError:
        raise InputError(f"{name}: is a folder: name a scenario file in it") from None
    except (OSError, ValueError) as problem:
        raise InputError(f"{name}: cannot be read: {getattr(problem, 'strerror', None) or problem}") from None


def explain_missing(path: Path, folder: Path, ending: str = "") -> str:
    """That there is no file at the path: a link to nothing, or a typing error for a neighbour whose name ends in `ending`.

    folder: that of the path, as the user would write it.
    """
    try:
        if path.is_symlink():
            return f"is a link to {path.readlink()}, which does not exist"
        near = nearest(path.name, [file.name for file in path.parent.iterdir() if file.name.endswith(ending)])
    except OSError:  # the folder cannot be read
        near = None
    return f"no such file: did you mean {folder / near}?" if near else "no such file"


def _validate(kind: Kind, data: dict[str, Any], document: Node, name: str) -> ScenarioModel:
    """The data as a scenario of this kind. Raises InputError with all problems, in the order of their lines."""
    room = kind.scenario
    found: list[tuple[int, Callable[[], str]]] = []  # the line of each problem, and its message
    mistyped: set[tuple[int | str, ...]] = set()
    scenario, more = None, 0
    try:
        scenario = room.MODEL.model_validate(data)
    except ValidationError as invalid:
        # Errors of the type "fits" are reported again by find_problems, with their place.
        errors = invalid.errors(include_url=False)
        more = max(len(errors) - LOOKED_AT, 0)
        errors = [error for error in errors[:LOOKED_AT] if error["type"] != "fits"]
        mistyped = _find_mistyped(errors, kind, document)
        errors = [error for error in errors if error["type"] != "missing" or error["loc"] not in mistyped]
        alike = last = 0
        for error in errors:
            crowded = room.CROWDED is not None and error["loc"][: len(room.CROWDED)] == room.CROWDED
            alike += crowded
            if not crowded or alike <= ALIKE:
                line = _find_line(error, kind, document)
                found.append((line, partial(_explain, error, kind, document, f"{name}:{line}")))
                last = line if crowded else last
        if room.CROWDED is not None and alike > ALIKE:
            others = f"{name}:{last}: {write_key(room.CROWDED)}: {alike - ALIKE:,} more values are invalid"
            found.append((last, partial(str, others)))
    for i, (place, sentence) in enumerate(room.find_problems(data)):
        if i >= LOOKED_AT:
            more += 1
            continue
        if (*place, sentence.partition(" is missing")[0]) in mistyped:
            continue
        if place in mistyped and sentence.startswith("is missing"):
            continue
        place = room.locate(place, document)
        node, _ = document.find(place)
        found.append((node.line, partial(str, f"{name}:{node.line}: {write_key(place)}: {sentence}")))
    if scenario is None or found:
        found.sort(key=lambda problem: problem[0])
        raise InputError(*(explain() for _, explain in found[:PROBLEMS]), more=more + max(len(found) - PROBLEMS, 0))
    return scenario


def _find_mistyped(errors: Sequence[ErrorDetails], kind: Kind, document: Node) -> set[tuple[int | str, ...]]:
    """The places of the keys that unknown keys resemble: they are mistyped, not missing, which is one problem and not two."""
    places = [error["loc"] for error in errors if error["type"] == "extra_forbidden"][:MISTYPED]
    return {
        (*place[:-1], near)
        for place in places
        if (near := nearest(str(place[-1]).lower(), _known_keys(kind, kind.scenario.locate(place, document)[:-1])))
    }


def _find_lines(document: Node) -> dict[Place, int]:
    """The line of each value of a mapping, and of each mapping or list in a list."""
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


def _find_line(error: ErrorDetails, kind: Kind, document: Node) -> int:
    """The line of a problem: that of the value, or of a key that should not be there."""
    place = kind.scenario.locate(error["loc"], document)
    node, _ = document.find(place)
    if error["type"] == "extra_forbidden":
        parent, _ = document.find(place[:-1])
        return parent.key_lines.get(str(place[-1]), node.line)
    return node.line


def _explain(error: ErrorDetails, kind: Kind, document: Node, where: str) -> str:
    """The message of a problem: where it is, its key, what is wrong and the value."""
    place = kind.scenario.locate(error["loc"], document)
    node, reached = document.find(place)
    message = error["msg"]
    if error["type"] == "missing":
        message = f"is missing: add {kind.scenario.EXAMPLES[str(place[-1])]}"
    elif error["type"] == "extra_forbidden":
        known = _known_keys(kind, place[:-1])
        message = f"is not a key here: {suggest(str(place[-1]).lower(), known, 'the keys are')}"
        owner = next((other for other in kinds.KINDS.values() if place[0] in other.keys), kind)
        if len(place) == 1 and owner is not kind:
            message = f"is a key of {owner.plural}, not of {kind.plural}: remove {shorten(str(place[0]))}, or remove {kind.key}"
    elif error["type"] == "model_type":
        message = f"must be a mapping with {', '.join(_known_keys(kind, place))}"
    return f"{where}: {write_key(place)}: {add_value(message, describe_input(error, node if reached else None))}"


def _known_keys(kind: Kind, place: Place) -> list[str]:
    """The keys that the mapping at a place may have."""
    model = kind.scenario.MODELS[tuple(part for part in place if isinstance(part, str))]
    return list(model.model_fields)


def packaged_folder(name: str = "configs") -> Path:
    """The folder of the scenarios that come with terrain, or of the programs ("examples").

    It is in the installed package, or beside it in a working copy.
    """
    package = Path(__file__).parent.parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


def is_folder(path: str | Path) -> bool:
    """Whether there is a folder at the path; False if that cannot be told, and then reading the path says why."""
    try:
        return Path(path).is_dir()
    except OSError:
        return False


def _is_no_file(path: Path) -> bool:
    """Whether there is a folder at the path, or a pipe, whose reader would wait; False if that cannot be told."""
    try:
        return path.is_dir() or path.is_fifo()
    except OSError:
        return False


def scenario_files(path: str | Path) -> list[Path]:
    """The path itself if it is a file; the .yaml and .yml files in it, sorted by name, if it is a folder.

    Names that begin with a dot are skipped, such as the lock .#a.yaml of an editor, and so are folders and pipes in the folder.

    Raises InputError for a folder without scenarios.
    """
    path = Path(path)
    if str(path) == "-" or not is_folder(path):
        return [path]
    try:
        files = sorted(
            file
            for file in path.iterdir()
            if file.suffix in (".yaml", ".yml") and not file.name.startswith(".") and not _is_no_file(file)
        )
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror}") from None
    if not files:
        raise InputError(f"{path}: has no scenarios (.yaml or .yml): `terrain new {path / 'scenario.yaml'}` writes one")
    return files
