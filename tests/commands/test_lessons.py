"""`terrain lessons`: the learner's folder, what each command prints, and what it refuses."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from terrain_cli.commands import lessons as command
from terrain_cli.lessons import process
from terrain_cli.lessons.catalogue import find_lessons
from terrain_cli.show.lessons import print_text
from tests.conftest import ROOT, Ran, run_process
from tests.test_startup import imported

Terrain = Callable[..., Ran]
LESSONS = find_lessons()
SECOND = LESSONS[1]  # which needs no JAX


@pytest.fixture
def place(tmp_path: Path, terrain: Terrain, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with lessons, which is the current one."""
    monkeypatch.chdir(tmp_path)
    assert terrain("lessons", "start").code == 0
    monkeypatch.chdir("lessons")
    return tmp_path / "lessons"


def test_start_makes_a_folder_for_each_lesson(
    terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = terrain("lessons", "start", "mine")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith(f"made mine with {len(LESSONS)} lessons\n1. Read mine/01-guess-the-crossing/README.md")
    for lesson in LESSONS:
        folder = tmp_path / "mine" / lesson.name
        assert sorted(file.name for file in folder.iterdir()) == ["README.md", "task.py"]
        assert (folder / "task.py").read_text() == lesson.read("task.py")
        [picture] = re.findall(r"!\[.*\]\((.*)\)", (folder / "README.md").read_text())
        assert (folder / picture).is_file()


def test_start_never_overwrites(terrain: Terrain, place: Path) -> None:
    task = place / SECOND.name / "task.py"
    task.write_text("mine")
    (place / SECOND.name / "README.md").unlink()
    ran = terrain("lessons", "start", ".")
    assert ran.err.startswith(f"made . with {len(LESSONS)} lessons; kept {3 * len(LESSONS) - 1} files\n")
    assert task.read_text() == "mine"
    assert (place / SECOND.name / "README.md").exists()
    assert "nothing was changed" in terrain("lessons", "start", ".").err


def test_a_stub_is_not_passed_and_a_solution_is(terrain: Terrain, place: Path) -> None:
    ran = terrain("lessons", "check", 2)
    assert (ran.code, ran.out) == (
        1,
        "estimate_gradient is not filled in yet: write your code in place of the line `raise NotImplementedError`. `terrain lessons hint 2` gives a nudge.\n",
    )
    assert ran.err.startswith("terrain lessons hint 2 gives a hint; your function is in ")
    (place / SECOND.name / "task.py").write_text(terrain("lessons", "solution", 2).out)
    ran = terrain("lessons", "check", 2, "--seed", 3)
    assert ran.code == 0
    assert "random instances: 20 of 20 right (--seed 3 asks the same again)" in ran.out
    assert "evaluations of f for two slopes: 3; our solution: 3" in ran.out
    assert ran.out.endswith("Lesson 2, Nudge it: passed.\n")
    assert ran.err == f"Next: lesson 3, Follow the slope: {place / LESSONS[2].name / 'README.md'}\n"
    assert json.loads((place / ".terrain-lessons.json").read_text())["passed"] == [SECOND.name]
    assert re.search(r"^ 2 ✓  Nudge it", terrain("lessons", "list").out, flags=re.MULTILINE)


def test_json(terrain: Terrain, place: Path) -> None:
    (place / SECOND.name / "task.py").write_text(
        SECOND.read("solution.py").replace("(f(nudged) - here)", "(here - f(nudged))")
    )
    ran = terrain("lessons", "check", 2, "--json", "--seed", 5)
    assert (ran.code, ran.err) == (1, "")
    told = json.loads(ran.out)
    assert (told["version"], told["lesson"], told["passed"], told["seed"]) == (1, 2, False, 5)
    assert told["instances"] == {"right": 0, "of": 20}
    assert "the sign is the wrong way round" in told["explanation"]
    assert [row["right"] for row in told["rows"]] == [False] * 3
    listed = json.loads(terrain("lessons", "list", "--json").out)["lessons"]
    assert [lesson["number"] for lesson in listed] == list(range(1, len(LESSONS) + 1))


def test_wrong_entries_are_marked_and_the_first_wrong_instance_is_shown(terrain: Terrain, place: Path) -> None:
    wrong = SECOND.read("solution.py").replace("    return slopes", "    return slopes if x[0] == 2 else 2 * slopes")
    (place / SECOND.name / "task.py").write_text(wrong)
    ran = terrain("lessons", "check", "02", "--seed", 5)
    assert ran.out.startswith("random instance 1: x = [")
    assert re.search(r"^slope\[0\] .* wrong$", ran.out, flags=re.MULTILINE)
    assert "random instances: 0 of 20 right" in ran.out


@pytest.mark.usefixtures("place")
def test_hints_go_from_a_nudge_to_nearly_the_answer(terrain: Terrain) -> None:
    for given in (1, 2, 3, 3):
        assert (
            terrain("lessons", "hint", 2).out == f"Lesson 2, Nudge it, hint {given} of 3: {SECOND.hints[given - 1]}\n"
        )
    assert "terrain lessons solution 2 prints a solution" in terrain("lessons", "hint", 2).err


def test_without_a_number_it_is_the_first_not_passed_or_the_one_around(
    terrain: Terrain, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert terrain("lessons", "show").out.startswith("# 1. Guess the crossing\n")
    (place / ".terrain-lessons.json").write_text(json.dumps({"passed": [LESSONS[0].name], "hints": {}}))
    assert terrain("lessons", "show").out.startswith("# 2. Nudge it\n")
    monkeypatch.chdir(place / LESSONS[3].name)
    assert terrain("lessons", "show").out.startswith("# 4. ")
    monkeypatch.chdir(place.parent)
    assert terrain("lessons", "show").out.startswith("# 2. Nudge it\n")
    assert terrain("lessons", "show", "03-follow-the-slope").out.startswith("# 3. ")
    names = [lesson.name for lesson in LESSONS]
    (place / ".terrain-lessons.json").write_text(json.dumps({"passed": names, "hints": {}}))
    assert terrain("lessons", "hint").err == "all lessons are passed: name one by its number\n"


def test_reset_keeps_a_copy(terrain: Terrain, place: Path) -> None:
    task = place / SECOND.name / "task.py"
    task.write_text("mine")
    (place / ".terrain-lessons.json").write_text(json.dumps({"passed": [SECOND.name], "hints": {SECOND.name: 2}}))
    copy = place / SECOND.name / "task.1.py"
    assert terrain("lessons", "reset", 2).err == f"wrote {copy}\nlesson 2 is as it was at the start\n"
    assert (task.read_text(), copy.read_text()) == (SECOND.read("task.py"), "mine")
    assert json.loads((place / ".terrain-lessons.json").read_text()) == {"version": 1, "passed": [], "hints": {}}
    task.write_text("mine again")
    (place / LESSONS[0].name / "task.py").unlink()
    assert terrain("lessons", "reset", "--all").code == 0
    assert (place / SECOND.name / "task.2.py").read_text() == "mine again"
    assert (place / LESSONS[0].name / "task.py").exists()
    assert not (place / LESSONS[0].name / "task.1.py").exists()  # there was nothing of the learner's


def test_watch_checks_again_when_the_file_is_saved(
    terrain: Terrain, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = place / SECOND.name / "task.py"
    waited = []

    def save(file: Path, before: tuple[int, int]) -> None:
        waited.append((file, before))
        file.write_text(SECOND.read("solution.py"))

    monkeypatch.setattr(command, "_wait_for_change", save)
    ran = terrain("lessons", "check", 2, "--watch")
    assert ran.code == 0
    assert [file for file, _ in waited] == [task]
    assert ran.out.startswith("estimate_gradient is not filled in yet")
    assert ran.out.endswith("Lesson 2, Nudge it: passed.\n")


def test_waiting_ends_with_a_change(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = place / SECOND.name / "task.py"
    steps: list[Callable[[], object]] = [task.unlink, task.parent.exists, lambda: task.write_text("new")]
    before = command._saved(task)
    monkeypatch.setattr("time.sleep", lambda _: steps.pop(0)())
    command._wait_for_change(task, before)
    assert steps == []


@pytest.mark.usefixtures("place")
def test_a_package_that_is_missing_is_named(terrain: Terrain, monkeypatch: pytest.MonkeyPatch) -> None:
    needing = [lesson for lesson in LESSONS if lesson.needs]
    monkeypatch.setattr(command, "find_spec", lambda _: None)
    for lesson in needing:
        ran = terrain("lessons", "check", lesson.number)
        said = f"lesson {lesson.number} needs {lesson.needs}, which is not installed: pip install 'terrain-cli[{lesson.extra}]'\n"
        assert (ran.code, ran.err) == (2, said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "99"), "99: there is no such lesson: give a number from 1 to "),
        (("solution", "x"), "x: there is no such lesson: give a number from 1 to "),
        (("reset",), "name one lesson, or give --all\n"),
        (("reset", "2", "--all"), "--all: resets all lessons; leave out the number\n"),
        (("check", "2", "--watch", "--json"), "--watch and --json cannot be used together\n"),
    ],
)
@pytest.mark.usefixtures("place")
def test_what_is_refused(terrain: Terrain, arguments: tuple[str, ...], said: str) -> None:
    ran = terrain("lessons", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(said)


def test_what_is_not_there(terrain: Terrain, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = place / SECOND.name / "task.py"
    task.unlink()
    remedy = "terrain lessons start writes what is missing\n"
    assert terrain("lessons", "check", 2).err == f"{task}: cannot be read: No such file or directory: {remedy}"
    task.mkdir()
    assert terrain("lessons", "check", 2).err == f"{task}: is not a regular file: {remedy}"
    assert terrain("lessons", "reset", 2).err == f"{task}: cannot be read: Is a directory\n"
    state = place / ".terrain-lessons.json"
    for content in ("{", "[]", '{"passed": [1], "hints": {}}', '{"passed": [], "hints": {"a": "b"}}', "[" * 100_000):
        state.write_text(content)
        ran = terrain("lessons", "hint", 2)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith(
            f"{state}: is not what terrain wrote there: remove it, and terrain lessons start makes"
        )
    state.unlink()
    state.mkdir()
    assert terrain("lessons", "hint", 2).err == f"{state}: cannot be read: Is a directory\n"
    monkeypatch.chdir(place.parent.parent)
    state.rmdir()
    monkeypatch.chdir(place)
    ran = terrain("lessons", "check", 2)
    assert ran.err.startswith("there are no lessons here: terrain lessons start makes a folder with them")


def test_a_folder_that_cannot_be_made(terrain: Terrain, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = terrain("lessons", "start", tmp_path / "file")
    assert (ran.code, ran.err) == (2, f"{tmp_path / 'file'}: cannot be made: File exists: name another folder\n")


@pytest.mark.usefixtures("place")
def test_a_process_that_does_not_start_is_no_verdict(terrain: Terrain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STARTING", 0.0)
    ran = terrain("lessons", "check", 2)
    assert (ran.code, ran.err) == (
        2,
        "the process for your code did not start within two minutes: is the machine too busy?\n",
    )


def test_the_light_commands_are_light() -> None:
    *_, packages = imported(("lessons", "--help"), ("lessons", "list"), ("lessons", "solution", "1"))
    assert not packages & {"jax", "numpy", "matplotlib", "jinja2"}


@pytest.mark.usefixtures("place")
def test_a_check_imports_jax_in_the_learners_process_only() -> None:
    [packages] = imported(("lessons", "check", "2"))
    assert not packages & {"jax", "matplotlib"}


def test_without_a_command_there_is_the_help(terrain: Terrain) -> None:
    ran = terrain("lessons")
    lines = (ran.out or ran.err).splitlines()
    assert lines[0] == "Usage: terrain lessons [OPTIONS] COMMAND [ARGS]..."
    assert len(lines) > 10


def test_a_text_is_wrapped_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    print_text("# 1. Title\n\n![picture](a.svg)\n\none\ntwo\n\n    code\n")
    assert capsys.readouterr().out == "# 1. Title\n\none\ntwo\n\n    code\n"
    monkeypatch.setattr("terrain_cli.show.lessons.screen_width", lambda: 80)
    print_text("# 1. Title\n\none\ntwo\n\n    code\n")
    assert capsys.readouterr().out == "# 1. Title\n\none two\n\n    code\n"


def test_every_command_has_help_with_an_example(terrain: Terrain) -> None:
    listed = terrain("lessons", "--help").out
    for name in command.COMMANDS:
        out = terrain("lessons", name, "--help").out
        assert out.startswith(f"Usage: terrain lessons {name} [OPTIONS]")
        assert f"Example: terrain lessons {name}" in out
        assert " ".join(out.split("\n\n")[1].split()) in " ".join(listed.split())


def test_numbers_are_completed(terrain: Terrain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TERRAIN_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "terrain lessons check 2")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert terrain().out.split() == ["2"]


@pytest.mark.slow
def test_the_folders_are_found_in_another_process(tmp_path: Path) -> None:
    """As a learner runs it: an empty folder, and the program as a process."""
    assert run_process("lessons", "start", cwd=tmp_path, PYTHONPATH=str(ROOT)).code == 0
    (tmp_path / "lessons" / LESSONS[0].name / "task.py").write_text(LESSONS[0].read("solution.py"))
    ran = run_process("lessons", "check", 1, cwd=tmp_path, PYTHONPATH=str(ROOT))
    assert (ran.code, "200 of 200 right" in ran.out) == (0, True)
