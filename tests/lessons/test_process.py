"""Whatever the learner's code does, a check ends in a sentence. Lesson 2 needs no JAX, so that its process starts quickly."""

import io
from pathlib import Path

import numpy as np
import pytest

from terrain_cli.lessons import child, process
from terrain_cli.lessons.catalogue import find_lessons
from terrain_cli.lessons.verdict import Verdict, decide

LESSON = find_lessons()[1]
ENDED = "before it had returned an answer; a check counts only what the function returns."


def run_body(folder: Path, body: str, seconds: float = 30) -> Verdict:
    task = folder / "task.py"
    stub = LESSON.read("task.py")
    task.write_text(stub.replace("    raise NotImplementedError  # replace this line\n", f"    {body}\n"))
    return decide(LESSON, 1, process.run(LESSON, task, 1, seconds), task)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import os; os._exit(0)", f"Your code ended its process with exit code 0 {ENDED}"),
        ("import os; os.write(1, b'PK'); os._exit(0)", f"Your code ended its process with exit code 0 {ENDED}"),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
            f"Your code ended its process by signal 15 {ENDED}",
        ),
        ("return np.ones(1_250_000_000)", "Your code asked for more memory than a check allows (3 GiB):"),
        ("return x +", "Your code stopped with an error:"),
    ],
)
def test_an_attack_ends_in_a_sentence(tmp_path: Path, body: str, said: str) -> None:
    verdict = run_body(tmp_path, body)
    assert (verdict.passed, verdict.sentence) == (False, said)
    assert str(tmp_path) not in verdict.error
    assert "terrain_cli" not in verdict.error
    assert [file.name for file in tmp_path.iterdir()] == ["task.py"]


def test_a_loop_that_never_ends_is_ended_and_its_line_is_named(tmp_path: Path) -> None:
    verdict = run_body(tmp_path, "print('here')\n    while True:\n        x = x + 1", seconds=1)
    assert verdict.sentence.startswith(
        "Your code had not finished after 10 s: is there a loop that never ends? It was last seen in line 1"
    )
    assert verdict.printed == ["here"]


def test_what_does_not_heed_the_limit_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE", 0.0)
    verdict = run_body(
        tmp_path, "import faulthandler; faulthandler.cancel_dump_traceback_later()\n    while True: pass", seconds=1
    )
    assert verdict.sentence == "Your code had not finished after 10 s: is there a loop that never ends?"


def test_a_hundred_thousand_lines_are_counted_and_do_not_count(tmp_path: Path) -> None:
    verdict = run_body(tmp_path, "for i in range(5_000): print('passed', i)\n    return x")
    assert not verdict.passed
    assert verdict.lines == 41 * 5_000  # in each of the cases, and in the run that --report shows
    assert verdict.printed == [f"passed {i}" for i in range(process.KEPT)]


def test_the_solution_passes_in_its_process_whatever_it_prints(tmp_path: Path) -> None:
    task = tmp_path / "task.py"
    task.write_text(f"{LESSON.read('solution.py')}\nprint('no line end', end='')\n")
    verdict = decide(LESSON, 1, process.run(LESSON, task, 1), task)
    assert verdict.passed
    assert (verdict.printed, verdict.lines) == (["no line end"], 1)


def answer_here(folder: Path, body: str) -> Verdict:
    """The same in this process, for what needs none of its own."""
    task = folder / "task.py"
    task.write_text(
        LESSON.read("task.py").replace("    raise NotImplementedError  # replace this line\n", f"    {body}\n")
    )
    cases = LESSON.check.cases(np.random.default_rng(1))
    found = child.answer(task, LESSON.function, LESSON.check.ask, cases, [])
    return decide(LESSON, 1, process.to_outcome({name: np.asarray(value) for name, value in found.items()}), task)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return None", "estimate_gradient returned None: is there a return?"),
        ("return 'hello'", "estimate_gradient returned 'hello', and numbers are expected."),
        ("return x * 1j", "estimate_gradient returned complex numbers, and real ones are expected."),
        ("return [[1], [2, 3]]", "estimate_gradient returned [[1], [2, 3]], and numbers are expected."),
        ("return 'x' * 100", f"estimate_gradient returned '{56 * 'x'}..., and numbers are expected."),
        (
            "return np.zeros(7)",
            "estimate_gradient: an array of shape (7,) came back, and an array of shape (2,) is expected.",
        ),
        ("return 1.0", "estimate_gradient: one number came back, and an array of shape (2,) is expected."),
        (
            "return np.zeros(10**6 + 1)",
            "estimate_gradient returned an array of shape (1000001,), which is far larger than expected.",
        ),
        ("return f(x + 1e-7) * x * np.nan", "Lesson 2, Nudge it: not yet."),
        ("import sys; sys.exit(0)", "Your code stopped with an error:"),
        ("raise KeyboardInterrupt", "Your code stopped with an error:"),
        (
            "raise NotImplementedError  # still",
            "estimate_gradient is not filled in yet: write your code in place of the line `raise NotImplementedError`. `terrain lessons hint 2` gives a nudge.",
        ),
    ],
)
def test_what_comes_back_is_named(tmp_path: Path, body: str, said: str) -> None:
    verdict = answer_here(tmp_path, body)
    assert (verdict.passed, verdict.sentence) == (False, said)
    assert ("not finite (nan or inf)" in verdict.explanation) == ("nan" in body)


def test_an_error_is_shown_as_python_shows_it_with_the_learners_frames(tmp_path: Path) -> None:
    verdict = answer_here(tmp_path, "def inner(): return 1 / 0\n    if len(x) != 2: inner()\n    return f(x) * x")
    assert verdict.sentence.startswith("Your code stopped with an error in random instance ")
    lines = [line for line in verdict.error.splitlines() if set(line) - set("~^ ")]
    assert lines == [
        "Traceback (most recent call last):",
        '  File "task.py", line 13, in estimate_gradient',
        "    if len(x) != 2: inner()",
        '  File "task.py", line 12, in inner',
        "    def inner(): return 1 / 0",
        "ZeroDivisionError: division by zero",
    ]


@pytest.mark.parametrize(
    ("source", "said"), [("x = 1\n", "has no function"), ("estimate_gradient = 3\n", "has no function")]
)
def test_a_function_that_is_not_there(tmp_path: Path, source: str, said: str) -> None:
    task = tmp_path / "task.py"
    task.write_text(source)
    found = child.answer(task, LESSON.function, LESSON.check.ask, [{}], [])
    assert found["stopped"] == "unusable"
    assert said in found["text"]


def test_answers_that_are_missing_do_not_pass() -> None:
    assert decide(LESSON, 1, process.Outcome("", answers=[])).sentence.startswith("Only 0 of 21 answers came back")
    verdict = decide(LESSON, 1, process.Outcome("", answers=[{} for _ in range(21)]))
    assert not verdict.passed
    assert verdict.sentence.startswith("The answer has no 'slopes'")


def test_an_answer_with_objects_in_it_is_none() -> None:
    file = io.BytesIO()
    np.savez(file, np.array([print], dtype=object))
    assert process._read(file.getvalue(), False, 0).stopped == "ended"
