"""The learner's own run across the strips of the post, as the contents of a page like that of `terrain report`."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from terrain_cli.lessons.reference import POST, calc_time, gradient
from terrain_cli.text import count

if TYPE_CHECKING:
    from terrain_cli.lessons.verdict import Verdict
    from terrain_cli.strips.report import Report


def find_run(verdict: "Verdict") -> tuple[np.ndarray, dict[str, object]] | None:
    """The paths of the learner's run, shape (k, 2), m, and its method and settings; None if there is none that can be shown."""
    if verdict.lesson.check.trace is None or not verdict.answers:
        return None
    try:
        path, settings = verdict.lesson.check.trace(verdict.cases, verdict.answers)
    except (ValueError, IndexError, KeyError):  # of an answer whose shape is wrong
        return None
    return (path, settings) if path.ndim == 2 and path.shape[1] == 2 and len(path) and np.isfinite(path).all() else None


def gather_run(verdict: "Verdict", run: tuple[np.ndarray, dict[str, object]]) -> "Report":
    """The contents of the page."""
    from terrain_cli.scenario.load import load_strips, packaged_folder
    from terrain_cli.strips.descent import Step
    from terrain_cli.strips.report import gather
    from terrain_cli.strips.scenario import with_descent
    from terrain_cli.strips.solution import solve

    path, settings = run
    lesson = verdict.lesson
    scenario = with_descent(load_strips(packaged_folder() / "three_strips.yaml"), **settings)
    scenario = scenario.model_copy(
        update={
            "name": f"Lesson {lesson.number}, {lesson.title}: your own run",
            "description": f"The strips of the blog post, crossed by your function {lesson.function}.",
        }
    )
    times = calc_time(path, **POST)
    steps = [
        Step(
            iteration=i,
            x=path[i],
            time=float(times[i]),
            gradient_norm=float(np.linalg.norm(gradient(path[i], **POST))),
            status="iterations" if i == len(path) - 1 else "",
            best=int(np.argmin(times[: i + 1])),
        )
        for i in range(len(path))
    ]
    message = f"Your own run: {count(len(path) - 1, 'iteration')}, and {times[-1]:.6f} s at the end."
    return gather(replace(solve(scenario), status="iterations", message=message, history=steps))
