"""Lessons in the terminal: the list, and what a check has found."""

from typing import TYPE_CHECKING

from rich.text import Text

from terrain_cli.show.console import out, say, screen_width
from terrain_cli.show.tables import new_table, show
from terrain_cli.text import count, short, visible

if TYPE_CHECKING:
    from terrain_cli.lessons.catalogue import Lesson
    from terrain_cli.lessons.judging import Row, Score
    from terrain_cli.lessons.verdict import Verdict


def print_list(lessons: "list[Lesson]", passed: list[str] | None) -> None:
    """passed: the names of lessons; None where there is no learner's folder."""
    table = new_table(("", "lesson", "what it is about"), left=3)
    for lesson in lessons:
        done = "✓" if lesson.name in (passed or ()) else ""
        table.add_row(Text(f"{lesson.number:2} {done}"), Text(lesson.title), Text(lesson.concept))
    out.print(table)


def print_text(text: str) -> None:
    """Print the README of a lesson without its picture. On a terminal, paragraphs are wrapped to its width."""
    paragraphs = [part for part in text.strip().split("\n\n") if not part.startswith("![")]
    for i, part in enumerate(paragraphs):
        if i:
            say("")
        flows = screen_width() is not None and not part.startswith(("#", " "))
        say(" ".join(part.splitlines()) if flows else part)


def print_verdict(verdict: "Verdict") -> None:
    """What was printed, the table, the mistake, the score, and at last the verdict."""
    for line in verdict.printed:
        say(f"| {visible(line)}", style="dim")
    if verdict.lines > len(verdict.printed):
        say(
            f"Your code printed {count(verdict.lines, 'line')}; the first {len(verdict.printed)} are shown.",
            style="dim",
        )
    if verdict.rows:
        say(Text(visible(verdict.about)), style="bold")
        table = new_table(("", "got", "expected", "difference"), left=1)
        for row in verdict.rows:
            table.add_row(*_cells(row))
        show(table)
    if verdict.instances and verdict.rows:
        style = "" if verdict.right == verdict.instances else "red"
        say(
            Text(
                f"random instances: {verdict.right} of {verdict.instances} right (--seed {verdict.seed} asks the same again)"
            ),
            style,
        )
    for line in verdict.told:
        say(line)
    if verdict.score:
        say(_describe_score(verdict.score))
    say(Text(verdict.sentence, style="bold green" if verdict.passed else "bold"))
    if verdict.error:
        for line in verdict.error.splitlines():
            say(f"  {visible(line)}")
    if verdict.explanation:
        say(verdict.explanation)


def _cells(row: "Row") -> list[Text]:
    """The cells of a row, in red if it is wrong."""
    style = "" if row.right else "bold red"
    expected = f"{_number(row.expected)}" if row.sign == "=" else f"{row.sign} {_number(row.expected)}"
    difference = f"{row.difference:.1e}" if row.sign == "=" else ""
    wrong = "" if row.right else "  wrong"
    return [Text(row.name, style), Text(_number(row.got), style), Text(expected), Text(difference + wrong, style)]


def _number(value: float) -> str:
    return f"{value:.9g}"


def _describe_score(score: "Score") -> str:
    return f"{score.what}: {short(score.yours)}; our solution: {short(score.reference)}"
