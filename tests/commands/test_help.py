"""Help, completion in the shell, and the examples that come with terrain: what someone meets first."""

import inspect
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from terrain_cli import cli
from terrain_cli.commands.options import METHODS
from terrain_cli.strips.scenario import OWN_SETTINGS
from tests.conftest import CONFIGS, ROOT, Ran

EXAMPLES = ROOT / "examples"
Terrain = Callable[..., Ran]
COMMANDS = [command.name or command.callback.__name__ for command in cli.app.registered_commands if command.callback]


def test_the_help_lists_every_command_in_a_whole_sentence_and_leads_to_maps(terrain: Terrain) -> None:
    for columns in ("80", "40"):
        ran = terrain("--help")
        words = " ".join(ran.out.split())
        for command in COMMANDS:
            first = " ".join(terrain(command, "--help").out.split("\n\n")[1].split())
            assert first.endswith("."), command
            assert f"{command} {first}" in words, columns
    assert "..." not in ran.out.replace("[ARGS]...", "")
    assert "terrain new map.yaml --map" in words
    assert "terrain examples" in words


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ("solve", "SCENARIO..."),
        ("sweep", "[SCENARIO]"),
        ("plot", "SCENARIO"),
        ("graph", "[SCENARIO]"),
        ("check", "[PATH...]"),
        ("new", "FILE"),
        ("examples", "[NAME...]"),
        ("batch", "CASES"),
        ("schema", ""),
    ],
)
def test_usage(terrain: Terrain, command: str, usage: str) -> None:
    out = terrain(command, "--help").out
    assert out.splitlines()[0] == f"Usage: terrain {command} [OPTIONS] {usage}".rstrip()
    assert usage in out.partition("Arguments:")[2]
    assert not re.search(r"<\w+(\[\w+\])?>", out)  # no types of Python


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_of_the_help_run_anywhere(
    terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    listed = re.findall(r"^  Example: terrain ((?:.+\n)+)", terrain(command, "--help").out, flags=re.MULTILINE)
    assert listed
    for line in listed:
        words = shlex.split(" ".join(line.split()))
        assert terrain(*words[: words.index(">")] if ">" in words else words).code == 0, line


def complete(terrain: Terrain, monkeypatch: pytest.MonkeyPatch, shell: str, line: str) -> list[str]:
    """What a shell proposes at the end of the line."""
    monkeypatch.setenv("_TERRAIN_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    return terrain().out.split("\n")


@pytest.mark.parametrize(
    ("line", "proposed"),
    [
        ("terrain solve --method ", list(METHODS)),
        ("terrain solve --method a", ["adam"]),
        ("terrain sweep --method n", ["newton"]),
        ("terrain plot a.yaml --kind ", ["landscape", "objective", "paths", "all", "map", "profile"]),
        ("terrain plot a.yaml --kind objective --compare s", ["step="]),
        ("terrain solve --show ", ["crossings", "x"]),
        ("terrain solve --precision ", ["64", "32"]),
        ("terrain graph a.yaml --at o", ["optimum"]),
        ("terrain examples tw", ["two_strips"]),
        ("terrain solve ", ["a.yaml", "b.yml", "empty/", "folder/", "spaced/"]),
        ("terrain plot f", ["folder/", "folder/c.yaml"]),  # two choices, so that no space follows
        ("terrain plot e", ["empty/"]),
        ("terrain plot s", []),  # the shell itself completes names with spaces, and quotes them
        ("terrain check folder/", ["folder/c.yaml"]),
        ("terrain report nowhere/", []),
        ("terrain sweep .h", [".hidden.yaml"]),
    ],
)
def test_completion(
    terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, proposed: list[str]
) -> None:
    for folder in ("folder", "empty", "spaced/s p"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("a.yaml", "b.yml", ".hidden.yaml", "notes.txt", "folder/c.yaml"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    for shell in ("bash", "fish"):
        assert complete(terrain, monkeypatch, shell, line) == [*proposed, ""] if proposed else [""], shell
    [*_, found] = ["", *re.findall(r"\(\((.*)\)\)", " ".join(complete(terrain, monkeypatch, "zsh", line)))]
    assert shlex.split(found) == proposed


@pytest.mark.parametrize(
    ("words", "proposed"),
    [
        (["plot", "a.yaml", "--kind", "=", "o"], ["objective"]),
        (["plot", "a.yaml", "--kind", "="], ["landscape", "objective", "paths", "all", "map", "profile"]),
        (["plot", "--kind", "=", "objective", "--compare", "=", "s"], ["step="]),
        (["plot", "--kind", "=", "objective", "--compare", "step", "=", "1", "--kind", "p"], ["paths", "profile"]),
        (["solve", "--method", "=", "a", "-o", "=", "x.json", "--prec"], ["--precision"]),
    ],
)
def test_bash_takes_an_option_with_its_value_apart(
    terrain: Terrain, monkeypatch: pytest.MonkeyPatch, words: list[str], proposed: list[str]
) -> None:
    monkeypatch.setenv("_TERRAIN_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(["terrain", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    assert terrain().out.split() == proposed


def test_options_named_as_their_values_do_not_leave_their_names_to_typer() -> None:
    """From `metavar="METHOD"` for the parameter `method`, typer 0.27 makes the option --METHOD."""
    seen = 0
    for command in [*cli.app.registered_commands, *cli.taught.registered_commands]:
        assert command.callback is not None
        for parameter in inspect.signature(command.callback).parameters.values():
            for option in getattr(parameter.annotation, "__metadata__", ()):
                if isinstance(option, typer.models.OptionInfo) and (option.metavar or "").lower() == parameter.name:
                    # Within Annotated, typer takes the first name for its argument `default`.
                    assert option.default == f"--{parameter.name}", command.callback.__name__
                    seen += 1
    assert seen >= 6


def test_the_methods_that_are_completed_are_those_there_are() -> None:
    assert set(METHODS) == set(OWN_SETTINGS)


def test_the_examples_are_listed(terrain: Terrain) -> None:
    ran = terrain("examples")
    assert re.search(r"^lake +terrain solve +A lake between start and goal", ran.out, flags=re.MULTILINE)
    document = json.loads(terrain("examples", "--json").out)
    files = {example["file"] for example in document["examples"]}
    programs = {file.name for file in EXAMPLES.glob("*.py")}
    assert files == programs | {file.name for file in CONFIGS.iterdir() if file.suffix in (".yaml", ".jsonl")}
    run_with = {example["run_with"]: example["file"] for example in document["examples"]}
    assert set(run_with) == {"terrain solve", "terrain batch", "python"}
    assert run_with["python"] in programs
    assert all(re.fullmatch(r"[A-Z][^.].*\.", example["about"]) for example in document["examples"])


def test_examples_are_written_and_replace_nothing(
    terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = terrain("examples", "lake", "cases.jsonl")
    assert (ran.code, ran.out, ran.err) == (0, "", "wrote lake.yaml\nwrote cases.jsonl\n")
    for name in ("lake.yaml", "cases.jsonl"):
        assert Path(name).read_bytes() == (CONFIGS / name).read_bytes()
    Path("lake.yaml").write_text("mine")
    assert terrain("examples", "lake").err == "lake.yaml: already exists; choose another name\n"
    assert Path("lake.yaml").read_text() == "mine"
    assert terrain("examples", "soft_lake").err == "wrote soft_lake.py\n"
    assert Path("soft_lake.py").read_bytes() == (EXAMPLES / "soft_lake.py").read_bytes()
    assert terrain("examples", "lake", "-o", "shore.yaml").code == 0
    assert Path("shore.yaml").read_bytes() == (CONFIGS / "lake.yaml").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lak",), "lak: there is no such example: did you mean lake?"),
        (("lake.jsonl",), "lake.jsonl: there is no such example: did you mean lake?"),
        (("three_strips.expected",), "three_strips.expected: there is no such example: did you mean three_strips?"),
        (("-o", "x.yaml"), "--output: needs the name of an example; terrain examples lists them"),
        (("lake", "maze", "-o", "x.yaml"), "--output: works only with a single example, got 2"),
        (("lake", "-o", "x.json"), "--output: must end in .yaml, got x.json"),
        (("soft_lake", "-o", "x.yaml"), "--output: must end in .py, got x.yaml"),
        (("lake", "--json"), "--json: lists the examples, and cannot be used together with the name of one"),
    ],
)
def test_examples_refuses(
    terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = terrain("examples", *arguments)
    assert (ran.code, ran.out, ran.err) == (2, "", f"{message}\n")
    assert not list(tmp_path.iterdir())
