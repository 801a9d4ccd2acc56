"""Scenario files of strips: what they may contain, and the messages about invalid ones."""

import copy
import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from terrain_cli import InputError, StripsScenario, load_scenario
from terrain_cli.scenario.load import load_strips, scenario_files
from terrain_cli.strips.scenario import OWN_SETTINGS, with_descent
from terrain_cli.strips.sweep import Parameter
from tests.conftest import CONFIGS, Ran, run_process

GOOD = "strips:\n  - {width: 10, speed: 0.7}\n  - {width: 5, speed: 0.3, name: bog}\noffset: 20\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "s.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusals(path: Path) -> list[str]:
    with pytest.raises(InputError) as refused:
        load_scenario(path)
    return [problem.removeprefix(str(path)) for problem in refused.value.problems]


def test_strips_and_an_offset_are_enough(write: Callable[[str], Path]) -> None:
    scenario = load_strips(write(GOOD))
    assert scenario.name == "s"
    assert scenario.widths == [10, 5]
    assert scenario.speeds == [0.7, 0.3]
    assert scenario.offset == 20
    assert scenario.strip_name(1) == "strip 2 (bog)"
    plan = scenario.descent
    assert (plan.method, plan.initial, plan.step, plan.iterations, plan.tolerance) == (
        "gradient",
        None,
        None,
        1000,
        1e-9,
    )
    assert (scenario.units.length, scenario.units.time) == ("m", "s")


def test_all_problems_are_reported_at_once(write: Callable[[str], Path]) -> None:
    path = write(
        "name: 12\n"
        "strips:\n"
        "  - {width: -10, speed: 0.7}\n"
        "  - {widht: 10, speed: fast}\n"
        "  - 12\n"
        "  - {width: 1e400, speed: yes}\n"
        "offset: .nan\n"
        "foo: 1\n"
        "descent: {initial: [1, a], step: 0, iterations: 2.5, method: gradinet, tolerance: true}\n"
        "units: [m]\n"
    )
    assert refusals(path) == [
        ":1: name: must be a text: put it in quotes, got 12",
        ":3: strips[0].width: must be greater than 0, got -10",
        ":4: strips[1].speed: must be a number, got 'fast'",
        ":4: strips[1].widht: is not a key here: did you mean width?",
        ":5: strips[2]: must be a mapping with width, speed, name, got 12",
        ":6: strips[3].width: must be a finite number, got 1e400",
        ":6: strips[3].speed: must be a number, got 'yes'",
        ":7: offset: must be a finite number, got .nan",
        ":8: foo: is not a key here: the keys are name, description, units, strips, offset, descent",
        f":9: descent.method: must be one of {', '.join(OWN_SETTINGS)} (did you mean gradient?), got 'gradinet'",
        ":9: descent.initial[1]: must be a number, got 'a'",
        ":9: descent.step: must be greater than 0, got 0",
        ":9: descent.iterations: must be a whole number, got 2.5",
        ":9: descent.tolerance: must be a number, got true",
        ":9: descent.initial: must have 3 numbers, one for each strip except the last, got 2",
        ":10: units: must be a mapping with length, time, got a list",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("speed: 0.7", "speed: 0", ":2: strips[0].speed: must be greater than 0, got 0"),
        ("speed: 0.7", "speed: '0.7'", ":2: strips[0].speed: must be a number, got '0.7'"),
        ("speed: 0.7", "speed: 1:30", ":2: strips[0].speed: must be a number, got '1:30'"),
        ("speed: 0.7", "speed: ~", ":2: strips[0].speed: must be a number, got ~"),
        ("speed: 0.7", "speed: [1]", ":2: strips[0].speed: must be a number, got a list"),
        ("speed: 0.7", "speed: 1e-60", ":2: strips[0].speed: must be at least 1e-50: choose smaller units, got 1e-60"),
        ("width: 10", "width: 1e60", ":2: strips[0].width: must be at most 1e+50 in magnitude: choose larger units, got 1e60"),
        ("width: 10", "width: 1e-400", ":2: strips[0].width: must be greater than 0, got 1e-400"),
        ("offset: 20", "offset: -.inf", ":4: offset: must be a finite number, got -.inf"),
        ("offset: 20", "", ":1: offset: is missing: add offset: 20"),
        ("name: bog", "nme: bog", ":3: strips[1].nme: is not a key here: did you mean name?"),
        ("offset: 20", "offset: 20\nstrips: []", ":5: the key strips is given twice, here and in line 1: keep one"),
        ("name: bog", 'name: "\\e[31m"', ":3: strips[1].name: must not contain control characters: remove them, got '\\x1b[31m'"),
        ("name: bog", '"\\e[31m": bog', ":3: strips[1].\\x1b[31m: is not a key here: the keys are width, speed, name"),
        ("name: bog", "name: [bog]", ":3: strips[1].name: must be a text: put it in quotes, got a list"),
        ("offset: 20", "offset: 20\nunits: {length: 3}", ":5: units.length: must be a text: put it in quotes, got 3"),
        ("offset: 20", "offset: 20\ndescent: {initial: [1, 2]}", ":5: descent.initial: must have 1 number, one for each strip except the last, got 2"),
        ("offset: 20", "offset: 20\ndescent: {initial: 3}", ":5: descent.initial: must be a list of numbers, such as [2, 17], got 3"),
        ("offset: 20", "offset: 20\ndescent: {method: [adam]}", f":5: descent.method: must be one of {', '.join(OWN_SETTINGS)}, got a list"),
        ("offset: 20", "offset: 20\ndescent: {momentum: 0.5}", ":5: descent.momentum: is a setting of method momentum, not of gradient: remove it, or set method: momentum"),
        ("offset: 20", "offset: 20\ndescent: {method: momentum, momentum: 1}", ":5: descent.momentum: must be less than 1, got 1"),
        ("offset: 20", "offset: 20\ndescent: {iterations: -1}", ":5: descent.iterations: must be 0 or greater, got -1"),
        ("offset: 20", "offset: 20\ndescent: {iterations: 1e30}", ":5: descent.iterations: must be at most 9007199254740992, got 1e30"),
        ("offset: 20", "offset: 20\ndescent: {iterations: 1e60}", ":5: descent.iterations: must be at most 9007199254740992, got 1e60"),
        ("offset: 20", "offset: 20\ndescent:", ":5: descent: must be a mapping with method, initial, step"),
        ("offset: 20", "offset: 20\n<<: {offset: 1}", ":5: <<: is not a key here"),
    ],
)  # fmt: skip
def test_each_refusal(write: Callable[[str], Path], old: str, new: str, message: str) -> None:
    assert old in GOOD
    [problem] = refusals(write(GOOD.replace(old, new)))
    assert problem.startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("strips: []\noffset: 1", ":1: strips: must have at least one strip, such as {width: 10, speed: 0.7}"),
        ("strips: 3\noffset: 1", ":1: strips: must be a list of strips, such as [{width: 10, speed: 0.7}], got 3"),
        ("offset: 1", ":1: strips: is missing: add strips: [{width: 10, speed: 0.7}]"),
        ("hello", ":1: must be a mapping, such as one with strips and offset"),
        ("- 1\n- 2", ":1: must be a mapping"),
    ],
)
def test_other_refusals(write: Callable[[str], Path], text: str, message: str) -> None:
    [problem] = refusals(write(text))
    assert problem.startswith(message)


def test_one_strip_needs_no_initial(write: Callable[[str], Path]) -> None:
    one = "strips: [{width: 1, speed: 1}]\noffset: 0\ndescent: {initial: []}"
    assert load_strips(write(one)).descent.initial == []
    [problem] = refusals(write(one.replace("[]", "[1]")))
    assert problem == ":3: descent.initial: must have 0 numbers, one for each strip except the last, got 1"


def test_missing_files(tmp_path: Path) -> None:
    (tmp_path / "three.yaml").write_text(GOOD)
    for name, message in (
        ("thre.yaml", f"no such file: did you mean {tmp_path / 'three.yaml'}?"),
        ("nothing/like/it.yaml", "no such file"),
        ("", "is a folder: name a scenario file in it"),
        ("three.yaml/more", "cannot be read: Not a directory"),
    ):
        with pytest.raises(InputError, match=re.escape(message)):
            load_scenario(tmp_path / name)
    with pytest.raises(InputError, match="cannot be read: embedded null byte"):
        load_scenario("a\0b")


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no scenarios"):
        scenario_files(tmp_path)
    for name in ("b.yaml", "a.yml", "c.txt", "d.expected.json"):
        (tmp_path / name).write_text(GOOD)
    assert [file.name for file in scenario_files(tmp_path)] == ["a.yml", "b.yaml"]


def test_unreadable_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root ignores permissions, so the error is simulated."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "s.yaml").write_text(GOOD)
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        load_scenario(tmp_path / "s.yaml")
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        scenario_files(tmp_path)


class TestWithDescent:
    scenario = StripsScenario.model_validate(
        yaml.safe_load(GOOD) | {"descent": {"method": "momentum", "momentum": 0.5, "step": 2}}
    )

    def test_nothing_changes_nothing(self) -> None:
        assert with_descent(self.scenario, step=None) is self.scenario

    def test_replaces(self) -> None:
        plan = with_descent(self.scenario, step=3.0, initial=[4.0]).descent
        assert (plan.method, plan.momentum, plan.step, plan.initial) == ("momentum", 0.5, 3, [4])

    def test_another_method_drops_what_it_does_not_read(self) -> None:
        plan = with_descent(self.scenario, method="gradient").descent
        assert (plan.method, plan.momentum, plan.step) == ("gradient", 0.9, 2)
        assert with_descent(self.scenario, method="adam").descent.step is None

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"step": -1.0}, "--step: must be greater than 0, got -1.0"),
            ({"method": "newtn"}, "--method: must be one of"),
            ({"initial": [1.0, 2.0]}, "--initial: must have 1 number, one for each strip except the last, got 2"),
            ({"initial": [float("nan")]}, "--initial[0]: must be a finite number, got nan"),
            ({"beta1": 0.5}, "--beta1: is a setting of method adam, not of momentum"),
        ],
    )
    def test_refuses_by_the_name_of_the_option(self, change: dict[str, Any], message: str) -> None:
        with pytest.raises(InputError, match=re.escape(message)):
            with_descent(self.scenario, **change)


class TestParameter:
    scenario = StripsScenario.model_validate(yaml.safe_load(GOOD))

    @pytest.mark.parametrize(
        ("name", "label"),
        [
            ("strips.1.speed", "speed of strip 2 (bog) (m/s)"),
            ("strips[0].width", "width of strip 1 (m)"),
            ("offset", "offset (m)"),
            ("descent.step", "step"),
            ("descent.initial.0", "initial x_1 (m)"),
        ],
    )
    def test_labels_count_from_1(self, name: str, label: str) -> None:
        assert Parameter(self.scenario, name).label == label

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("strips.2.speed", "there is no strips.2 in this scenario; the last is strips.1 (counted from 0)"),
            ("descent.initial.1", "there is no descent.initial.1 in this scenario; the last is descent.initial.0"),
            ("strips.0.sped", "is not a number of this scenario (method gradient): did you mean strips.0.speed?"),
            ("descent.method", "is not a number of this scenario"),
            ("descent.beta1", "is not a number of this scenario (method gradient)"),
            ("nonsense", "choose one such as offset, strips.0.width"),
            ("", "is not a number"),
        ],
    )
    def test_refusals(self, name: str, message: str) -> None:
        with pytest.raises(InputError, match=re.escape(message)):
            Parameter(self.scenario, name)

    def test_values_are_checked(self) -> None:
        assert Parameter(self.scenario, "strips.0.speed").check([1, 2.5]) == [1, 2.5]
        for name, values, message in (
            ("strips.0.speed", [1, -2], "strips.0.speed: must be greater than 0, got -2"),
            ("descent.iterations", [1.5], "descent.iterations: must be a whole number, got 1.5"),
            ("offset", [float("inf")], "offset: must be a finite number, got inf"),
            ("descent.step", [0], "descent.step: must be greater than 0, got 0"),
        ):
            with pytest.raises(InputError, match=re.escape(message)):
                Parameter(self.scenario, name).check(values)


def mutants(count: int) -> list[str]:
    """Broken scenario files, each made by damaging a good one."""
    random_ = random.Random(20261123)
    good = yaml.safe_load((CONFIGS / "three_strips.yaml").read_text())
    wrong = [
        0,
        -1,
        True,
        None,
        "fast",
        "",
        [],
        [1],
        {},
        {"a": 1},
        float("nan"),
        float("inf"),
        1e60,
        "1:30",
        "0.5",
        "\x85",
        "💥",
    ]
    texts: list[str] = []
    while len(texts) < count:
        data = copy.deepcopy(good)
        kind = random_.randrange(6)
        if kind == 0:
            strip = random_.choice(data["strips"])
            strip[random_.choice(["width", "speed"])] = random_.choice(wrong)
        elif kind == 1:
            key = random_.choice(["strips", "units", "descent"])
            data[key] = random_.choice([w for w in wrong if w != {} and w != []] + ["x"])
        elif kind == 2:
            strip = random_.choice(data["strips"])
            del strip[random_.choice(list(strip))]
        elif kind == 3:
            where = random_.choice([data, data["descent"], random_.choice(data["strips"])])
            where["".join(random_.choices("abcdefgh_", k=random_.randint(1, 8))) + "z"] = random_.choice(wrong)
        elif kind == 4:
            key = random_.choice(["initial", "step", "iterations", "tolerance", "method"])
            data["descent"][key] = random_.choice([-1, True, "fast", {}, [[1]], float("nan"), [1, 2, 3]])
        else:
            data["offset"] = random_.choice([w for w in wrong if w not in (0, -1)])
        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
        if random_.random() < 0.3:  # damage the text as well
            at = random_.randrange(len(text))
            text = (
                text[:at] + random_.choice(["[", "{", ": :", "\t", "&a *b ", "!!x ", "\x00", "'", "\n- "]) + text[at:]
            )
        texts.append(text)
    return texts


def test_broken_files_are_refused(tmp_path: Path, terrain: Callable[..., Ran]) -> None:
    path = tmp_path / "broken.yaml"
    for text in mutants(250):
        path.write_text(text, encoding="utf-8")
        ran = terrain("solve", path, "--json")
        assert ran.code == 2, text
        assert ran.out == ""
        assert "Traceback" not in ran.err
        for line in ran.err.splitlines():
            assert re.match(re.escape(str(path)) + r":\d+: .+", line), (line, text)


@pytest.mark.slow
def test_some_broken_files_as_processes(tmp_path: Path) -> None:
    for i, text in enumerate(mutants(8)):
        path = tmp_path / f"broken_{i}.yaml"
        path.write_text(text, encoding="utf-8")
        ran = run_process("solve", path)
        assert (ran.code, ran.out) == (2, "")
        assert re.match(re.escape(str(path)) + r":\d+: .+", ran.err)
        assert "Traceback" not in ran.err


def test_the_schema_in_configs_is_the_one_printed(terrain: Callable[..., Ran]) -> None:
    ran = terrain("schema")
    assert ran.code == 0
    assert ran.out == (CONFIGS / "scenario.schema.json").read_text()
    schema = json.loads(ran.out)
    assert schema["$defs"]["StripsScenario"]["required"] == ["strips", "offset"]
    assert schema["$defs"]["StripsScenario"]["additionalProperties"] is False
    assert schema["$defs"]["Strip"]["properties"]["width"]["exclusiveMinimum"] == 0


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("*.yaml")), ids=lambda file: file.stem)
def test_shipped_scenarios_name_the_schema_and_say_what_they_teach(file: Path) -> None:
    lines = file.read_text().splitlines()
    assert lines[0] == "# yaml-language-server: $schema=scenario.schema.json"
    comment = " ".join(line for line in lines if line.startswith("#"))
    assert "What it teaches:" in comment
    load_scenario(file)
