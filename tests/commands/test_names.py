"""An error names the file that failed, whatever failed about it, and files may have any name that the system allows."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from terrain_cli.batch.cases import Cases
from terrain_cli.scenario.load import load_scenario
from tests.commands import MAP, READERS
from tests.conftest import CONFIGS, Ran, run_process

Terrain = Callable[..., Ran]
THREE = CONFIGS / "three_strips.yaml"
UNNAMED = "strips: [{width: 3, speed: 1}]\noffset: 4\n"
CAFE = os.fsdecode(b"caf\xe9.yaml")
not_utf8 = pytest.mark.skipif(sys.platform != "linux", reason="file names are UTF-8 here")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", READERS, ids=lambda command: command[0])
def test_a_file_that_cannot_be_read_is_named_with_the_reason(terrain: Terrain, here: Path, command: tuple[str]) -> None:
    (here / "loop.yaml").symlink_to("loop.yaml")
    (here / "gone.yaml").symlink_to("nowhere.yaml")
    (here / "file.yaml").write_text(UNNAMED)
    for name, reason in (
        ("x" * 300 + ".yaml", "File name too long"),
        ("loop.yaml", "Too many levels of symbolic links"),
        ("file.yaml/a.yaml", "Not a directory"),
        ("gone.yaml", "is a link to nowhere.yaml, which does not exist"),
    ):
        ran = terrain(command[0], name, *command[1:])
        assert ran.code == 2
        assert reason in ran.err
        assert ran.err.startswith(f"{name}: ")


def test_a_file_in_a_folder_without_permission_is_named(
    terrain: Terrain, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root has every permission, so the refusal of the system is feigned."""
    shutil.copy(THREE, here)
    (here / "closed").mkdir()
    (here / "closed" / "a.yaml").write_text(UNNAMED)
    stat, open_ = Path.stat, os.open

    def refuse(path: Path) -> None:
        if path.parent.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))

    def closed_stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        refuse(path)
        return stat(path, follow_symlinks=follow_symlinks)

    def closed_open(path: str | Path, *arguments: int) -> int:
        refuse(Path(path))
        return open_(path, *arguments)

    monkeypatch.setattr(Path, "stat", closed_stat)
    monkeypatch.setattr(os, "open", closed_open)
    for arguments in (("solve", "closed/a.yaml"), ("check", "closed/a.yaml"), ("solve", "closed")):
        ran = terrain(*arguments)
        assert (ran.code, ran.err) == (2, "closed/a.yaml: cannot be read: Permission denied\n")
    ran = terrain("check", "closed", "three_strips.yaml", "--update")
    assert (ran.code, ran.out.splitlines()[-1]) == (2, "2 checked: 1 refused, 1 recorded")
    ran = terrain("batch", "closed", "-o", "results.jsonl")
    assert (ran.code, "closed/a.yaml: cannot be read: Permission denied" in ran.err) == (1, True)
    assert "Permission denied" in json.loads((here / "results.jsonl").read_text())["error"]


def test_a_folder_is_read_without_what_is_no_scenario(terrain: Terrain, here: Path) -> None:
    """The lock of an editor, a folder with the ending of a file, and a link to nothing."""
    folder = here / "f"
    folder.mkdir()
    (folder / "ok.yaml").write_text(UNNAMED)
    (folder / ".#ok.yaml").symlink_to("someone@machine.1234:5678")
    (folder / ".hidden.expected.json").write_text("{}")
    (folder / "old.yaml").mkdir()
    assert terrain("check", "f", "--update").out.splitlines() == ["f/ok.yaml: recorded", "1 checked: 1 recorded"]
    assert len(json.loads(terrain("solve", "f", "--json").out)) == 1
    assert json.loads(terrain("batch", "f").out) == {"id": "ok.yaml", "time": 5.0, "x": []}
    (folder / "gone.yaml").symlink_to("ok.yml")
    problem = "f/gone.yaml: is a link to ok.yml, which does not exist"
    for command in ("solve", "check"):
        ran = terrain(command, "f")
        assert (ran.code, ran.err) == (2, f"{problem}\n")
    ran = terrain("batch", "f", "-o", "results.jsonl")
    assert (ran.code, ran.err) == (1, f"{problem}\nwrote results.jsonl: 2 results, 1 error\n")
    rows = [json.loads(line) for line in (here / "results.jsonl").read_text().splitlines()]
    assert rows == [{"id": "gone.yaml", "error": problem}, {"id": "ok.yaml", "time": 5.0, "x": []}]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("loop.npy", "loop.npy cannot be read: Too many levels of symbolic links"),
        ("folder.npy", "folder.npy cannot be read: Is a directory"),
        ("x" * 300 + ".npy", ".npy cannot be read: File name too long"),
        ("m.yaml/v.npy", "m.yaml/v.npy cannot be read: Not a directory"),
        ("gone.npy", "gone.npy: is a link to nowhere.npy, which does not exist"),
        ("pipe.npy", "pipe.npy: is a pipe or a device, not a regular file: save it to a .npy file"),
    ],
)
def test_the_file_of_a_map_is_named(terrain: Terrain, here: Path, name: str, reason: str) -> None:
    (here / "loop.npy").symlink_to("loop.npy")
    (here / "gone.npy").symlink_to("nowhere.npy")
    (here / "folder.npy").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(here / "pipe.npy")
    (here / "m.yaml").write_text(MAP.replace("v.npy", name))
    for command in (("solve",), ("check",), ("plot", "-o", "x.png"), ("sweep", "--vary", "start.0=0:1:2")):
        ran = terrain(command[0], "m.yaml", *command[1:])
        assert (ran.code, reason in ran.err, ran.err.startswith("m.yaml:1: map.speeds.file: ")) == (2, True, True)


@not_utf8
def test_file_names_that_are_not_utf8_work(terrain: Terrain, here: Path) -> None:
    """A name in JSON has the escape from which Python makes the name of the file again; the scenario is called by the escape."""
    folder = here / os.fsdecode(b"d\xe9")
    folder.mkdir()
    file = folder / CAFE
    file.write_text(UNNAMED)
    document = json.loads(terrain("solve", file, "--json").out)
    assert (document["scenario"], document["file"], document["time"]) == ("caf\\udce9", str(file), 5.0)
    assert terrain("solve", folder).out.splitlines()[1].startswith("caf\\udce9  gradient")
    assert terrain("check", folder, "--update").out.splitlines()[-1] == "1 checked: 1 recorded"
    assert json.loads(terrain("check", folder, "--json").out)["scenarios"][0]["file"] == str(file)
    assert Path(folder, os.fsdecode(b"caf\xe9.expected.json")).exists()
    for ending in (".json", ".csv", ".geojson"):
        output = here / os.fsdecode(b"out\xe9" + ending.encode())
        assert terrain("solve", file, "-q", "-o", output).err == f"wrote {here}/out\\udce9{ending}\n"
        assert output.exists()
    assert json.loads(terrain("sweep", file, "--vary", "offset=4,5", "--json").out)["file"] == str(file)
    assert terrain("batch", folder).out == '{"id":"caf\\\\udce9.yaml","time":5.0,"x":[]}\n'
    assert Cases(folder).fingerprint() == Cases(folder).fingerprint()
    assert terrain("solve", here / CAFE).err == f"{here}/caf\\udce9.yaml: no such file\n"
    assert terrain("new", here / CAFE).code == 0


@not_utf8
@pytest.mark.slow
def test_file_names_that_are_not_utf8_work_in_an_ascii_locale(here: Path) -> None:
    (here / CAFE).write_text(UNNAMED)
    (here / "山.yaml").write_text(UNNAMED)
    for names in (CAFE, "山.yaml"), (".",):
        ran = run_process(
            "solve",
            *names,
            "--json",
            cwd=here,
            LC_ALL="C",
            PYTHONCOERCECLOCALE="0",
            PYTHONUTF8="0",
            PYTHONIOENCODING="",
        )
        assert (ran.code, [row["time"] for row in json.loads(ran.out)]) == (0, [5.0, 5.0])


def test_a_line_break_in_the_name_of_an_output_is_shown_as_such(terrain: Terrain, here: Path) -> None:
    (here / "a.yaml").write_text(UNNAMED)
    (here / "c.csv").write_text("widths,speeds,offset\n1,1,1\n")
    calls = [("solve", "a.yaml", "-q", "-o", "x\ny.csv"), ("graph", "a.yaml", "-o", "x\ny.svg")]
    calls += [("sweep", "a.yaml", "--vary", "offset=1:2:2", "-o", "x\ny.csv")]
    calls += [("check", "a.yaml", "--junit", "x\ny.xml"), ("new", "x\ny.yaml"), ("batch", "c.csv", "-o", "x\ny.jsonl")]
    for call in calls:
        assert terrain(*call).err.startswith("wrote x\\ny."), call
    assert load_scenario("x\ny.yaml").name == "across the valley"  # its comments name the file, each in one line


def test_a_link_into_a_missing_folder_is_refused_before_anything_is_computed(terrain: Terrain, here: Path) -> None:
    (here / "c.csv").write_text("widths,speeds,offset\n1,1,1\n")
    (here / "r.jsonl").symlink_to("gone/r.jsonl")
    ran = terrain("batch", "c.csv", "-o", "r.jsonl")
    assert (ran.code, ran.err) == (2, f"r.jsonl: cannot be written: there is no folder {here.resolve() / 'gone'}\n")


@pytest.mark.parametrize(
    "arguments",
    [*((name, "", *rest) for name, *rest in READERS), ("new", ""), ("solve", "three_strips.yaml", "-o", "")],
)
def test_an_argument_without_text_is_refused(terrain: Terrain, here: Path, arguments: tuple[str, ...]) -> None:
    """It is what a shell passes for "$FILE" where FILE is not set; as a path it would be the folder itself."""
    shutil.copy(THREE, here)
    ran = terrain(*arguments)
    assert (ran.code, ran.out) == (2, "")
    place = arguments.index("") + 1
    assert ran.err == f"argument {place} is empty: name a file, or set the variable that it comes from\n"


def test_the_schema_is_json(terrain: Terrain) -> None:
    """NaN, which stands for blocked ground in Python, is no JSON."""

    def refuse(word: str) -> None:
        raise AssertionError(word)

    assert "anyOf" in json.loads(terrain("schema").out, parse_constant=refuse)
