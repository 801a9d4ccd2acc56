"""Strangers' text reaches terminals and pictures with escapes for whatever is not seen or does not stay in its place."""

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from terrain_cli import cli
from terrain_cli.text import quote, shorten, visible
from tests.conftest import Ran

Terrain = Callable[..., Ran]

# Turns the direction of writing, isolates, takes no room, ends a line, controls a terminal, is drawn as nothing.
HOSTILE = "\u202e\u2066\u200b\u2028\u2029\ufeff\u3164"
UNIT = f"m{HOSTILE}x"


def hostile(text: str) -> set[str]:
    return set(HOSTILE) & set(text)


@pytest.fixture
def strips(tmp_path: Path) -> Path:
    path = tmp_path / "strips.yaml"
    units = {"length": UNIT, "time": f"s{HOSTILE}"}
    ground = [{"width": 1, "speed": 1, "name": f"bog{HOSTILE}"}, {"width": 1, "speed": 2}]
    path.write_text(
        json.dumps({"name": f"n{HOSTILE}", "description": f"d{HOSTILE}", "units": units, "strips": ground, "offset": 1})
    )
    return path


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    path = tmp_path / "map.yaml"
    letter = HOSTILE[0]
    speeds = {"drawing": f"{letter}.{letter}\n", "legend": {letter: 1, ".": 2}}
    goals = [{"at": [2.5, 0.5], "name": f"hut{HOSTILE}"}, {"at": [1.5, 0.5]}]
    path.write_text(
        json.dumps(
            {"units": {"length": UNIT}, "map": {"cell": 1, "speeds": speeds}, "start": [0.5, 0.5], "goal": goals}
        )
    )
    return path


def test_visible_escapes_what_is_not_seen() -> None:
    assert visible(HOSTILE + "\U000e0041") == r"\u202e\u2066\u200b\u2028\u2029\ufeff\u3164\U000e0041"
    assert visible("Straße 山 é x²\n", keep="\n") == "Straße 山 é x²\n"
    assert visible("\r\x9b\t\n") == r"\r\x9b\t\n"


def test_a_quoted_text_is_short() -> None:
    assert shorten("a" * 80) == "a" * 80
    assert shorten("a" * 81) == "a" * 77 + "..."
    assert quote("a" * 81) == "'" + "a" * 77 + "...'"
    assert quote(None) == "None"


@pytest.mark.parametrize(
    "arguments",
    [
        ("solve",),
        ("solve", "--method", "snell"),
        ("solve", "--plot", "--sensitivity", "--every", "1"),
        ("solve", "--json"),
        ("solve", "--csv"),
        ("graph", "--gradients"),
        ("graph", "--json"),
        ("sweep", "--vary", "strips.0.speed=1,2"),
        ("sweep", "--vary", "strips.0.speed=1,2", "--vary", "offset=1,2"),
        ("sweep", "--vary", "strips.0.speed=1,2", "--json"),
        ("sweep", "--vary", "strips.0.speed=1,2", "--csv"),
        ("check",),
        ("check", "--json"),
        ("plot", "-o", "x.svg"),
        ("plot", "-o", "x.svg", "--kind", "all"),
    ],
)
def test_strips_on_a_terminal(
    terrain: Terrain, strips: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(strips.parent)
    if arguments[0] == "check":
        terrain("check", strips, "--update")
        record = strips.with_name("strips.expected.json")
        record.write_text(record.read_text().replace('"status"', f'"{HOSTILE}": 1, "status"', 1))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    command, *options = arguments
    ran = terrain(command, strips, *options)
    assert ran.code in (0, 1, 2), ran.err
    assert not hostile(ran.out + ran.err)
    if (picture := strips.parent / "x.svg").exists():
        assert not hostile(picture.read_text())


@pytest.mark.parametrize(
    "arguments",
    [("solve",), ("solve", "--sensitivity", "--isochrones", "1,2"), ("solve", "--json"), ("plot", "-o", "x.svg")],
)
def test_a_map_on_a_terminal(
    terrain: Terrain, drawing: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(drawing.parent)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    command, *options = arguments
    ran = terrain(command, drawing, *options)
    assert ran.code == 0, ran.err
    assert not hostile(ran.out + ran.err)
    if (picture := drawing.parent / "x.svg").exists():
        assert not hostile(picture.read_text())


def test_a_letter_that_the_legend_lacks(terrain: Terrain, drawing: Path) -> None:
    drawing.write_text(drawing.read_text().replace('"legend": {"\\u202e": 1', '"legend": {"a": 1'))
    ran = terrain("solve", drawing)
    assert ran.code == 2
    assert r"has the letter '\u202e' (row 1, column 1)" in ran.err


def test_the_name_of_a_file_of_speeds_stays_in_its_line(terrain: Terrain, tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    name = json.dumps(f"a\nforged.yaml:1: all is well{HOSTILE}.npy")
    path.write_text(f"map: {{cell: 1, speeds: {{file: {name}}}}}\nstart: [0, 0]\ngoal: [1, 1]\n")
    ran = terrain("solve", path)
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert r"a\nforged.yaml:1: all is well\u202e" in ran.err


@pytest.mark.parametrize("form", ["--csv", None])
def test_ids_are_copied_to_files_and_shown_on_a_terminal(
    terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str | None
) -> None:
    cases = tmp_path / "c.jsonl"
    ids = [f"a{HOSTILE}", "=cmd|' /C calc'!A0"]
    cases.write_text(
        "".join(
            json.dumps({"widths": [1], "speeds": [1], "offset": 1, "id": id}, ensure_ascii=False) + "\n" for id in ids
        )
    )
    options = [form] if form else []
    piped = terrain("batch", cases, *options)
    assert ids[0] in piped.out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    shown = terrain("batch", cases, *options)
    assert not hostile(shown.out)
    assert shown.out == visible(piped.out, keep="\n")


def test_a_file_name_and_a_warning(
    terrain: Terrain, strips: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    out = strips.with_name(f"o{HOSTILE}.json")
    ran = terrain("solve", strips, "--quiet", "-o", out)
    assert out.exists()
    assert "wrote" in ran.err
    assert not hostile(ran.err)
    with warnings.catch_warnings():
        monkeypatch.setattr(warnings, "showwarning", cli._remark)
        warnings.simplefilter("always")
        warnings.warn(f"no font has {HOSTILE}", RuntimeWarning, stacklevel=1)
    assert capfd.readouterr().err == f"terrain: warning: no font has {visible(HOSTILE)}\n"


def test_a_picture_shows_no_text_that_a_module_forgot() -> None:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from terrain_cli.show.style import displayable, figure_style, lay_out

    assert displayable("a\u00a0b\u202ec\u3164\n") == "a b\ufffdc\ufffd\n"
    with figure_style():
        figure = Figure()
        axes = figure.subplots()
        axes.set_title(f"t{HOSTILE}")
        axes.annotate(f"a{HOSTILE}", (0, 0))
        lay_out(figure)
        assert not hostile("".join(text.get_text() for text in figure.findobj(Text) if isinstance(text, Text)))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--wrong"], "No such option: --wrong"),
        (["wrong"], "No such command 'wrong"),
        (["solve", "--wrong"], "No such option: --wrong"),
        (["schema", "wrong"], "Got unexpected extra argument"),
        (["solve", "a.yaml", "--step", "wrong"], "Invalid value for '--step': must be a number, got 'wrong"),
        (["sweep", "--vary", "wrong"], "--vary: must be NAME=VALUES"),
    ],
)
def test_arguments_that_are_refused(terrain: Terrain, words: list[str], said: str) -> None:
    *words, last = words
    ran = terrain(*words, f"{last}{HOSTILE}\x1b[31m\n\x9b")
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err.splitlines()[-1]
    assert not (set(HOSTILE) | set("\x1b\x9b")) & set(ran.err)
    assert r"\u202e\u2066" in ran.err
    long = terrain(*words, last + "x" * 5000)
    assert (long.code, len(long.err) < 1500) == (2, True)


def test_the_help_of_a_call_without_arguments_keeps_its_lines(terrain: Terrain) -> None:
    assert len(terrain().err.splitlines()) > 20
