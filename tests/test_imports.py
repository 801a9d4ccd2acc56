"""The import contract: who may import whom. Read from the source, imports inside functions included."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "terrain_cli"
KINDS = ("terrain_cli.strips", "terrain_cli.maps")
SHOWN = ("terrain_cli.show.strips", "terrain_cli.show.maps")
KIND_FREE = ("commands", "scenario", "check", "cli", "compile_cache", "contract", "errors", "files", "geo", "jax_config", "kinds", "modules", "ranges",
             "text", "autodiff", "show.canvas", "show.console", "show.figure", "show.overview", "show.style", "show.sweep", "show.tables",
             "show.autodiff")  # fmt: skip
BY_NAME = {"terrain_cli", "terrain_cli.kinds"}  # may import by name: they hold names, so that light commands stay light


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def find_imports(source: str) -> frozenset[str]:
    """The modules of the package that a source imports to run; those for type checkers alone do not count."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names if name.name.startswith("terrain_cli"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("terrain_cli"):
            found.update(
                str(node.module) if node.module != "terrain_cli" else f"terrain_cli.{name.name}" for name in node.names
            )
        waiting.extend(ast.iter_child_nodes(node))
    return frozenset(found)


SOURCES = {module_name(file): file.read_text() for file in sorted(PACKAGE.rglob("*.py"))}


def find_edges(sources: dict[str, str]) -> dict[str, set[str]]:
    return {name: {found for found in find_imports(text) if found in sources} for name, text in sources.items()}


def is_in(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def find_circle(edges: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle; none if there is no circle."""
    done: set[str] = set()
    for start in edges:
        path: list[str] = []
        waiting = [(start, iter(sorted(edges[start])))] if start not in done else []
        path = [start]
        while waiting:
            name, rest = waiting[-1]
            following = next(rest, None)
            if following is None:
                done.add(name)
                waiting.pop()
                path.pop()
            elif following in path:
                return [*path[path.index(following) :], following]
            elif following not in done:
                waiting.append((following, iter(sorted(edges[following]))))
                path.append(following)
    return []


def find_breaches(sources: dict[str, str]) -> list[str]:
    """Sentences, one for each breach of the contract."""
    edges = find_edges(sources)
    found = []
    if circle := find_circle({name: to for name, to in edges.items() if name != "terrain_cli"}):
        found.append(f"a circle: {' -> '.join(circle)}")
    for name, imported in edges.items():
        inner = name.removeprefix("terrain_cli.")
        for other in sorted(imported):
            if is_in(inner, KIND_FREE) and is_in(other, (*KINDS, *SHOWN)):
                found.append(f"{name} imports {other}: it must not know any kind")
            if not is_in(inner, ("show", "commands", "cli", "kinds")) and other.startswith("terrain_cli.show"):
                found.append(f"{name} imports {other}: numerics do not draw")
            if (is_in(name, KINDS[:1]) and is_in(other, KINDS[1:])) or (
                is_in(name, KINDS[1:]) and is_in(other, KINDS[:1])
            ):
                found.append(f"{name} imports {other}: kinds do not know each other")
            if other.startswith("terrain_cli.commands") and not is_in(inner, ("commands", "cli")):
                found.append(f"{name} imports {other}: commands are on top")
        if "import_module" in sources[name] and name not in BY_NAME:
            found.append(f"{name} imports by name: only {' and '.join(sorted(BY_NAME))} may")
    return found


def test_the_contract_holds() -> None:
    assert find_breaches(SOURCES) == []


@pytest.mark.parametrize(
    ("module", "line", "breach"),
    [
        ("terrain_cli.commands.solve", "from terrain_cli.maps.scenario import MapScenario", "must not know any kind"),
        ("terrain_cli.check", "def f():\n    from terrain_cli.strips import ground", "must not know any kind"),
        ("terrain_cli.maps.ground", "from terrain_cli.show.style import RED", "numerics do not draw"),
        ("terrain_cli.maps.ground", "from terrain_cli.strips.ground import Strips", "kinds do not know each other"),
        ("terrain_cli.text", "import terrain_cli.errors", "a circle"),
        ("terrain_cli.files", "from importlib import import_module", "imports by name"),
        ("terrain_cli.batch.solve", "import terrain_cli.commands.batch", "commands are on top"),
    ],
)
def test_a_breach_is_noticed(module: str, line: str, breach: str) -> None:
    found = find_breaches(SOURCES | {module: f"{SOURCES[module]}\n{line}\n"})
    assert any(breach in sentence for sentence in found), found


def test_imports_for_type_checkers_do_not_count() -> None:
    line = "if TYPE_CHECKING:\n    from terrain_cli.maps.scenario import MapScenario"
    name = "terrain_cli.check"
    assert find_breaches(SOURCES | {name: f"{SOURCES[name]}\n{line}\n"}) == []


def test_the_top_floor_is_small_and_modules_fit_in_the_head() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 14
    for name, text in SOURCES.items():
        assert len(text.splitlines()) <= 350 or "lines, because" in "\n".join(text.splitlines()[:10]), name
