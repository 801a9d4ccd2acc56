"""Whether a lesson is passed: decided here, in terrain's own process, from the arrays that came back."""

import contextlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from terrain_cli.lessons.catalogue import Answer, Case, Lesson
from terrain_cli.lessons.judging import NotYetError, Row, Score
from terrain_cli.lessons.process import Outcome
from terrain_cli.text import count

ENDED = "a check counts only what the function returns"


@dataclass
class Verdict:
    """Whether the lesson is passed, and everything that is said about it.

    sentence: the verdict, or what went wrong. error: as Python shows it. rows: of the fixed case, or of the first random
    instance that is wrong. about: which of them. right: random instances that were right, of `instances`. explanation: the
    mistake, if it is known. told: what a pass shows. answers, cases: for the page.
    """

    lesson: Lesson
    seed: int
    passed: bool = False
    sentence: str = ""
    error: str = ""
    rows: list[Row] = field(default_factory=list)
    about: str = ""
    right: int = 0
    instances: int = 0
    explanation: str = ""
    score: Score | None = None
    told: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    lines: int = 0
    cases: list[Case] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "version": 1,
            "lesson": self.lesson.number,
            "name": self.lesson.name,
            "passed": self.passed,
            "seed": self.seed,
            "message": self.sentence,
            "explanation": self.explanation or None,
            "error": self.error or None,
            "case": self.about or None,
            "rows": [
                {
                    "name": row.name,
                    "got": row.got,
                    "sign": row.sign,
                    "expected": row.expected,
                    "difference": row.difference,
                    "right": row.right,
                }
                for row in self.rows
            ],
            "instances": {"right": self.right, "of": self.instances},
            "score": self.score and self.score._asdict(),
            "printed": self.printed,
            "lines": self.lines,
        }


def decide(lesson: Lesson, seed: int, outcome: Outcome, task: Path | None = None) -> Verdict:
    """The verdict on what came back. task: the learner's file, for the line in which the time ran out."""
    verdict = Verdict(lesson, seed, printed=outcome.printed, lines=outcome.lines)
    if outcome.stopped:
        verdict.sentence = _describe_stop(lesson, outcome, task)
        verdict.error = outcome.text if outcome.stopped in ("error", "memory") else ""
        return verdict
    cases, answers = lesson.check.cases(np.random.default_rng(seed)), outcome.answers
    if len(answers) != len(cases):
        verdict.sentence = f"Only {len(answers)} of {count(len(cases), 'answer')} came back; {ENDED}."
        return verdict
    verdict.cases, verdict.answers, verdict.instances = cases, answers, len(cases) - 1
    try:
        with np.errstate(all="ignore"):  # of answers that are wrong
            _judge(verdict)
            if verdict.passed:
                verdict.score = lesson.check.score(cases, answers)
                verdict.told = lesson.check.tell(cases, answers)
    except NotYetError as problem:
        verdict.passed, verdict.sentence = False, str(problem)
    except KeyError as problem:
        verdict.passed, verdict.sentence = False, f"The answer has no {problem}; {ENDED}."
    if not verdict.passed:
        verdict.explanation = _explain(verdict)
    return verdict


def _judge(verdict: Verdict) -> None:
    """Compare case by case: the rows to be shown are those of the fixed case, or of the first that is wrong."""
    check = verdict.lesson.check
    wrong = -1
    for i, (case, answer) in enumerate(zip(verdict.cases, verdict.answers, strict=True)):
        rows = check.judge(case, answer)
        right = bool(rows) and all(row.right and np.isfinite(row.got) for row in rows)
        verdict.right += right and i > 0
        if i == 0 or (not right and wrong < 0):
            verdict.rows = rows
            verdict.about = _describe_case(i, case)
        if not right and wrong < 0:
            wrong = i
    verdict.passed = wrong < 0
    title = f"Lesson {verdict.lesson.number}, {verdict.lesson.title}:"
    verdict.sentence = f"{title} {'passed' if verdict.passed else 'not yet'}."


def _explain(verdict: Verdict) -> str:
    """The mistake in a sentence, if it is known."""
    lesson, answers = verdict.lesson, verdict.answers
    known = None
    with contextlib.suppress(NotYetError, ValueError, IndexError, KeyError), np.errstate(all="ignore"):  # of odd shapes
        known = lesson.check.explain(verdict.cases, answers)
    finite = all(np.isfinite(value).all() for answer in answers for value in answer.values())
    nan = "" if finite else f"{lesson.function} returned a number that is not finite (nan or inf)."
    return " ".join(filter(None, (nan, known)))


def _describe_case(i: int, case: Case) -> str:
    """The name of a case, and for a random instance what was asked."""
    if i == 0:
        return "the fixed case"
    asked = ", ".join(f"{name} = {_shown(value)}" for name, value in case.items())
    return f"random instance {i}: {asked}"


def _shown(value: Any) -> str:
    return np.array2string(np.asarray(value), precision=6, separator=", ", threshold=12).replace("\n", "")


def _describe_stop(lesson: Lesson, outcome: Outcome, task: Path | None) -> str:
    where = f" in random instance {outcome.case}" if outcome.case > 0 else ""
    match outcome.stopped:
        case "stub":
            return (
                f"{lesson.function} is not filled in yet: write your code in place of the line `raise NotImplementedError`. "
                f"`terrain lessons hint {lesson.number}` gives a nudge."
            )
        case "error":
            return f"Your code stopped with an error{where}:"
        case "memory":
            return f"Your code asked for more memory than a check allows (3 GiB){where}:"
        case "unusable":
            return outcome.text
        case "late":
            lines = re.findall(r'File "(.*)", line (\d+) in (.+)', outcome.text)
            seen = [(line, name) for file, line, name in lines if task and file == str(task)]
            last = f" It was last seen in line {seen[0][0]}, in {seen[0][1]}." if seen else ""
            return f"Your code had not finished after {lesson.seconds:g} s: {lesson.late}{last}"
    return f"Your code ended its process {outcome.text} before it had returned an answer; {ENDED}."
