"""`terrain check`: drift is found and named."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from terrain_cli.check import Checked, compare, make_record
from terrain_cli.kinds import KINDS
from terrain_cli.scenario.load import load_strips
from tests.conftest import CONFIGS, Ran

Terrain = Callable[..., Ran]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("three_strips", "step_too_large", "two_strips"):
        for ending in (".yaml", ".expected.json"):
            shutil.copy(CONFIGS / (name + ending), tmp_path)
    return tmp_path


RECORD = (CONFIGS / "three_strips.expected.json").read_text()


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_shipped_scenarios_are_as_recorded(terrain: Terrain) -> None:
    ran = terrain("check", CONFIGS)
    assert ran.code == 0
    count = len(list(CONFIGS.glob("*.yaml")))
    assert ran.out.splitlines()[-1] == f"{count} checked: {count} same"


def test_a_speed_that_moves_by_a_millionth_is_named(terrain: Terrain, folder: Path) -> None:
    edit(folder / "three_strips.yaml", "speed: 0.3}", "speed: 0.300001}")
    ran = terrain("check", folder)
    assert ran.code == 1
    assert (
        f"{folder / 'three_strips.yaml'}: MOVED\n  input strips[1].speed: 0.3 -> 0.300001\n  time: 81.91638300562"
        in ran.out
    )
    assert ran.out.splitlines()[-1] == "3 checked: 2 same, 1 moved"
    document = json.loads(terrain("check", folder, "--json").out)
    moved = next(result for result in document["scenarios"] if result["verdict"] == "moved")
    assert moved["changes"][0] == {"kind": "input", "what": "strips[1].speed", "before": 0.3, "now": 0.300001}


def test_a_result_that_drifts_is_named(terrain: Terrain, folder: Path) -> None:
    record = folder / "three_strips.expected.json"
    data = json.loads(record.read_text())
    data["result"]["time"] *= 1 + 2e-9
    record.write_text(json.dumps(data))
    ran = terrain("check", folder / "three_strips.yaml")
    assert ran.code == 1
    assert "  time: 81.916383169" in ran.out
    assert terrain("check", folder, "--drift", "1e-8").code == 0


@pytest.mark.parametrize(
    ("what", "change", "moves"),
    [
        ("time", lambda value: value * (1 + 5e-10), False),
        ("time", lambda value: value * (1 + 2e-9), True),
        ("time", lambda _: None, True),
        ("x", lambda value: [value[0] + 2e-8, value[1]], False),  # 1e-9 (|offset| + total width) is 5e-8
        ("x", lambda value: [value[0] + 9e-8, value[1]], True),
        ("crossings", lambda value: [value[0], value[1] - 9e-8], True),
        ("status", lambda _: "converged", True),
        ("iterations", lambda value: value + 1, True),
    ],
)
def test_tolerances(what: str, change: Callable[[Any], Any], moves: bool) -> None:
    before = make_record(load_strips(CONFIGS / "three_strips.yaml"))
    now = json.loads(json.dumps(before))
    now["result"][what] = change(now["result"][what])
    assert bool(compare(before, now, KINDS["strips"], 1e-9)) is moves


def test_an_iteration_more_or_less_is_nothing_where_a_tolerance_stopped_it() -> None:
    before = make_record(load_strips(CONFIGS / "uniform.yaml"))
    assert before["result"]["status"] == "converged"
    for more, moves in ((1, False), (-1, False), (2, True)):
        now = json.loads(json.dumps(before))
        now["result"]["iterations"] += more
        assert bool(compare(before, now, KINDS["strips"], 1e-9)) is moves


def test_diverged_again_is_the_same(terrain: Terrain, folder: Path) -> None:
    record = folder / "step_too_large.expected.json"
    data = json.loads(record.read_text())
    assert data["result"]["status"] == "diverged"
    data["result"] |= {"time": 1.0, "iterations": 3, "x": [None, None]}
    record.write_text(json.dumps(data))
    assert terrain("check", folder / "step_too_large.yaml").code == 0
    data["result"]["status"] = "converged"
    record.write_text(json.dumps(data))
    ran = terrain("check", folder / "step_too_large.yaml")
    assert (ran.code, 'status: "converged" -> "diverged"' in ran.out) == (1, True)


def test_another_number_of_strips(terrain: Terrain, folder: Path) -> None:
    edit(folder / "two_strips.yaml", "offset: 18", "  - {width: 1, speed: 1}\noffset: 18")
    edit(folder / "two_strips.yaml", "initial: [1.8]", "initial: [1.8, 0]")
    ran = terrain("check", folder / "two_strips.yaml")
    assert ran.code == 1
    assert 'input strips[2]: none -> {"width": 1.0, "speed": 1.0}' in ran.out
    assert "input descent.initial[1]: none -> 0.0" in ran.out


def test_missing_records_and_scenarios_are_reported(terrain: Terrain, folder: Path) -> None:
    (folder / "three_strips.yaml").unlink()
    (folder / "two_strips.expected.json").unlink()
    ran = terrain("check", folder)
    assert ran.code == 1
    assert "two_strips.yaml: no record; terrain check --update writes one" in ran.out
    assert "three_strips.expected.json: a record without a scenario; delete it or restore the scenario" in ran.out


def test_update_writes_only_what_changed(terrain: Terrain, folder: Path) -> None:
    (folder / "two_strips.expected.json").unlink()
    edit(folder / "three_strips.yaml", "offset: 20", "offset: 21")
    old = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    ran = terrain("check", folder, "--update")
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "3 checked: 1 same, 1 updated, 1 recorded"
    assert "input offset: 20.0 -> 21.0" in ran.out
    touched = {file.name for file in folder.iterdir() if file.stat().st_mtime_ns != old.get(file.name)}
    assert touched == {"two_strips.expected.json", "three_strips.expected.json"}
    assert terrain("check", folder).code == 0


def test_many_changes_are_cut_short_on_screen(terrain: Terrain, tmp_path: Path) -> None:
    for ending in (".yaml", ".expected.json"):
        shutil.copy(CONFIGS / f"fifty_strips{ending}", tmp_path)
    edit(tmp_path / "fifty_strips.yaml", "offset: 200", "offset: 210")
    ran = terrain("check", tmp_path)
    assert "  and " in ran.out
    assert " more; --json lists all" in ran.out
    assert len(ran.out.splitlines()) == 1 + 12 + 1 + 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "three_strips.expected.json:1: is not JSON"),
        ("[]", "is not a record of this version: delete it and record again with --update"),
        ('{"version": 2}', "is not a record of this version"),
        ('{"version": 1, "inputs": {}, "result": {"status": "converged"}}', "is not a record of this version"),
        ("[" * 100_000, "is not a record"),
        (
            '{"version": 1, "inputs": {}, "result": {"time": 1' + "0" * 5000 + "}}",
            "has the number 10000000000000000..., which is",
        ),
        ("", "three_strips.expected.json:1: is not JSON"),
        (f'{RECORD} {{"version": 1}}', "is not JSON"),
        (RECORD.replace("20.0", "NaN"), "has the number NaN, which is not finite: delete it and record again"),
        (RECORD.replace("20.0", "-Infinity"), "has the number -Infinity, which is not finite"),
        (RECORD.replace("20.0", "1e400"), "has the number 1e400, which is not finite"),
        (RECORD.replace('"time"', '"time": 1, "time"'), "has the key time twice in the same object"),
        (RECORD.replace('"version": 1', '"version": true'), "is not a record of this version"),
        (RECORD.replace('"version": 1', '"version": 1, "note": "mine"'), "is not a record of this version"),
        (RECORD.replace('"offset": 20.0', f'"offset": {"[" * 50}{"]" * 50}'), "is not a record of this version"),
        (
            RECORD.replace('"iterations": 20,\n  "time"', '"iterations": true, "time"'),
            "is not a record of this version",
        ),
        (RECORD.replace('"time": ', '"time": "81", "was": '), "is not a record of this version"),
    ],
)
def test_invalid_records(terrain: Terrain, folder: Path, content: str, message: str) -> None:
    (folder / "three_strips.expected.json").write_text(content)
    ran = terrain("check", folder)
    assert ran.code == 2
    assert message in ran.err
    assert "Traceback" not in ran.err
    assert "2 same" in ran.out


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda record: record["result"]["x"].pop(), "x[1]: none -> 3.49"),
        (lambda record: record["result"]["x"].append(1.5), "x[2]: 1.5 -> none"),
        (lambda record: record["result"].update(crossings=[]), "crossings[0]: none -> 10.92"),
        (lambda record: record["result"].update(gap=1.0), "gap: 1.0 -> none"),
        (lambda record: record["result"].update(gap=None), "gap (only in the record): none -> none"),
        (lambda record: record["inputs"].pop("offset"), "input offset: none -> 20.0"),
        (lambda record: record["inputs"].update(offset="20.0"), 'input offset: "20.0" -> 20.0'),
        (lambda record: record["inputs"].update(strips={}), "input strips: {} -> ["),
        (lambda record: record["inputs"]["strips"].append({}), "input strips[3]: {} -> none"),
        (lambda record: record.update(result={"status": "converged", "routes": []}), "routes: [] -> none"),
    ],
)
def test_nothing_passes_that_was_not_compared(
    terrain: Terrain, folder: Path, change: Callable[[Any], None], what: str
) -> None:
    record = json.loads(RECORD)
    change(record)
    (folder / "three_strips.expected.json").write_text(json.dumps(record))
    ran = terrain("check", folder / "three_strips.yaml")
    assert (ran.code, what in ran.out) == (1, True)


def test_a_setting_that_the_record_lacks_is_named(terrain: Terrain, folder: Path) -> None:
    """Although it has no value."""
    edit(folder / "two_strips.yaml", "initial: [1.8], ", "")
    assert terrain("check", folder / "two_strips.yaml", "--update").code == 0
    record = folder / "two_strips.expected.json"
    data = json.loads(record.read_text())
    assert data["inputs"]["descent"].pop("initial") is None
    record.write_text(json.dumps(data))
    ran = terrain("check", folder / "two_strips.yaml")
    assert (ran.code, "input descent.initial (not in the record): none -> none" in ran.out) == (1, True)


def test_a_byte_order_mark_and_whole_numbers_change_nothing(terrain: Terrain, folder: Path) -> None:
    text = RECORD.replace("20.0", "20").replace("10.0", "1e1")
    (folder / "three_strips.expected.json").write_text(text, encoding="utf-8-sig")
    assert terrain("check", folder / "three_strips.yaml").code == 0


def test_a_record_that_is_not_text(terrain: Terrain, folder: Path) -> None:
    (folder / "three_strips.expected.json").write_bytes(b"\xff\xfe")
    assert terrain("check", folder).code == 2
    (folder / "three_strips.expected.json").unlink()
    (folder / "three_strips.expected.json").mkdir()
    ran = terrain("check", folder)
    assert (ran.code, "three_strips.expected.json: cannot be read: Is a directory" in ran.err) == (2, True)
    assert (folder / "three_strips.expected.json").is_dir()


def test_a_broken_scenario_does_not_stop_the_others(terrain: Terrain, folder: Path) -> None:
    edit(folder / "three_strips.yaml", "offset: 20", "ofset: 20")
    ran = terrain("check", folder)
    assert ran.code == 2
    assert "ofset: is not a key here: did you mean offset?" in ran.err
    assert "three_strips.yaml: refused" in ran.out
    assert "2 same" in ran.out


def test_two_scenarios_with_one_record_are_refused(terrain: Terrain, folder: Path) -> None:
    shutil.copy(folder / "two_strips.yaml", folder / "two_strips.yml")
    ran = terrain("check", folder, "--update")
    assert ran.code == 2
    assert "two_strips.yaml and two_strips.yml would share a record: rename one of them" in ran.err


def test_an_interrupted_run_is_never_recorded(terrain: Terrain, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from terrain_cli import descend

    def interrupted(*arguments: object, **settings: object) -> object:
        yield next(descend(*arguments, **settings))  # type: ignore[arg-type]
        raise KeyboardInterrupt

    (folder / "two_strips.expected.json").unlink()
    monkeypatch.setattr("terrain_cli.strips.solution.descend", interrupted)
    assert terrain("check", folder, "--update").code == 130
    assert not (folder / "two_strips.expected.json").exists()


def test_records_that_cannot_be_written(terrain: Terrain, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "two_strips.expected.json").unlink()
    edit(folder / "three_strips.yaml", "offset: 20", "offset: 21")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    ran = terrain("check", folder, "--update")
    assert ran.code == 2
    assert "two_strips.expected.json: cannot be written: No space left on device" in ran.err
    assert "three_strips.expected.json: cannot be written: No space left on device" in ran.err
    assert ran.out.splitlines()[-1] == "3 checked: 1 same, 2 refused"
    assert not list(folder.glob(".terrain-*"))


def test_junit(terrain: Terrain, folder: Path, tmp_path: Path) -> None:
    edit(folder / "three_strips.yaml", "speed: 0.3}", "speed: 0.300001}")
    (folder / "two_strips.expected.json").unlink()
    (folder / "orphan.expected.json").write_text("{}")
    (folder / 'a<&"\x1b]b.yaml').write_text('name: "<x>"\nstrips: [{width: 1, speed: "\\x01<&]]>"}]\noffset: 1\n')
    file = tmp_path / "junit.xml"
    ran = terrain("check", folder, "nowhere", "-", "--junit", file, "--json")
    assert ran.code == 2
    assert json.loads(ran.out)
    root = ElementTree.fromstring(file.read_bytes())
    # The schema that CI servers use: the elements, where they may stand, and the attributes that they need.
    assert root.tag == "testsuites"
    [suite] = root
    seconds = float(suite.attrib.pop("time"))
    assert (suite.tag, suite.attrib) == (
        "testsuite", {"name": "terrain check", "tests": "7", "failures": "2", "errors": "3", "skipped": "1"}
    )  # fmt: skip
    assert sum(float(case.attrib["time"]) for case in suite) == pytest.approx(seconds, abs=0.01)
    assert seconds > 0
    found = {}
    for case in suite:
        assert (case.tag, set(case.attrib)) == ("testcase", {"classname", "name", "time"})
        assert len(case) <= 1
        for inner in case:
            assert (set(inner.attrib), len(inner)) == ({"message"}, 0)
        found[case.attrib["name"].rpartition(os.sep)[2]] = [(inner.tag, inner.text or "") for inner in case]
    assert found.pop("step_too_large.yaml") == []
    [(tag, text)] = found.pop("three_strips.yaml")
    assert (tag, text.splitlines()[0]) == ("failure", "input strips[1].speed: 0.3 -> 0.300001")
    assert found.pop("two_strips.yaml") == [("skipped", "")]
    assert found.pop("orphan.expected.json") == [("failure", "")]
    [(tag, text)] = found.pop('a<&"\\x1b]b.yaml')
    assert (tag, "got '\\x01<&]]>'" in text) == ("error", True)
    assert found.pop("nowhere") == [("error", "nowhere: no such file")]
    assert list(found) == ["terrain check"]  # what is no scenario at all


def test_junit_says_that_a_check_was_interrupted(
    terrain: Terrain, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> Iterator[Checked]:
        yield Checked("a.yaml", "same")
        raise KeyboardInterrupt

    monkeypatch.setattr("terrain_cli.check.check", interrupted)
    file = tmp_path / "junit.xml"
    assert terrain("check", folder, "--junit", file).code == 130
    [suite] = ElementTree.fromstring(file.read_bytes())
    assert (suite.attrib["tests"], suite.attrib["errors"]) == ("2", "1")
    assert [[inner.tag for inner in case] for case in suite] == [[], ["error"]]


def test_a_record_that_cannot_be_written_does_not_stop_the_others(terrain: Terrain, folder: Path) -> None:
    (folder / "three_strips.expected.json").unlink()
    (folder / "two_strips.expected.json").unlink()
    (folder / "three_strips.expected.json").symlink_to("nowhere/record.json")
    ran = terrain("check", folder, "--update")
    assert ran.code == 2
    assert "three_strips.expected.json: cannot be written: " in ran.err
    assert ran.out.splitlines()[-1] == "3 checked: 1 same, 1 refused, 1 recorded"
    assert terrain("check", folder / "two_strips.yaml").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "nowhere: no such file"),
        (("-",), "-: standard input has no record: name a file"),
        (("--junit", "x.txt"), "--junit: must end in .xml, got x.txt"),
        (("--junit", "no/x.xml"), "no/x.xml: cannot be written: there is no folder no"),
        (("--drift", "2"), "--drift: must be at least 0 and less than 1, got 2"),
    ],
)
def test_invalid_calls(terrain: Terrain, arguments: tuple[str, ...], message: str) -> None:
    ran = terrain("check", *arguments)
    assert ran.code == 2
    assert message in ran.err


def test_without_a_path_it_takes_configs_or_here(
    terrain: Terrain, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert "three_strips.yaml: same" in terrain("check").out
    (folder / "configs").mkdir()
    for file in folder.glob("two_strips.*"):
        shutil.copy(file, folder / "configs")
    assert terrain("check").out.replace(os.sep, "/").splitlines() == [
        "configs/two_strips.yaml: same",
        "1 checked: 1 same",
    ]
    (folder / "empty").mkdir()
    ran = terrain("check", folder / "empty")
    assert (ran.code, "has no scenarios" in ran.err) == (2, True)


def test_the_junit_file_never_replaces_what_is_checked(terrain: Terrain, folder: Path) -> None:
    (folder / "map.yaml").write_text("map: {cell: 1, speeds: {file: v.npy}}\nstart: [0, 0]\ngoal: [1, 1]\n")
    np.save(folder / "v.npy", np.ones((2, 2)))
    link = folder / "outcome.xml"
    for name in ("two_strips.yaml", "two_strips.expected.json", "v.npy"):
        before = (folder / name).read_bytes()
        link.symlink_to(folder / name)
        ran = terrain("check", folder / "absent", folder, "--junit", link)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == f"--junit: {link} is an input file; name another file\n"
        assert (folder / name).read_bytes() == before
        link.unlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_pipes_in_a_folder_are_not_waited_for(terrain: Terrain, folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")
    record = folder / "two_strips.expected.json"
    record.unlink()
    os.mkfifo(record)
    ran = terrain("check", folder)
    problem = "is a pipe or a device, not a regular file: delete it and record again with --update"
    assert (ran.code, ran.err) == (2, f"{record}: {problem}\n")
    assert ran.out.splitlines()[-1] == "3 checked: 2 same, 1 refused"


def test_names_in_files_do_not_control_the_terminal(terrain: Terrain, folder: Path) -> None:
    edit(folder / "two_strips.expected.json", '"inputs": {', '"inputs": {"a\\u001b[31m": 1,')
    (folder / "two_strips.yaml").rename(folder / "two\nstrips.yaml")
    (folder / "two_strips.expected.json").rename(folder / "two\nstrips.expected.json")
    ran = terrain("check", folder / "two\nstrips.yaml")
    assert ran.code == 1
    assert ran.out.splitlines()[:2] == [
        f"{folder}/two\\nstrips.yaml: MOVED",
        "  input a\\x1b[31m: 1.0 -> none",
    ]
