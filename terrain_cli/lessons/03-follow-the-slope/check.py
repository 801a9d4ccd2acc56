"""The loop of the post: 20 iterations on its strips, and 10 on random ones with a step that is safe there."""

import numpy as np

from terrain_cli.lessons.judging import Score, at_most, equal, same, shaped
from terrain_cli.lessons.reference import POST, START, calc_time, gradient, hessian, random_strips
from terrain_cli.lessons.traced import time_of


def cases(random):
    found = [{"x": START, **POST, "step": 1.5, "iterations": 20}]
    for _ in range(6):
        strips = random_strips(random)
        steepest = np.linalg.eigvalsh(hessian(np.zeros(2), strips["widths"], strips["speeds"], 0.0))[-1]
        found.append({"x": random.uniform(-5, 15, 2), **strips, "step": 1 / steepest, "iterations": 10})
    return found


def strips(case):
    return {name: case[name] for name in ("widths", "speeds", "offset")}


def ask(task, case):
    import jax.numpy as jnp

    calls, time = [], time_of(**strips(case))

    def f(x):
        calls.append(x)
        return time(x)

    path = task.descend(f, jnp.asarray(case["x"]), float(case["step"]), int(case["iterations"]))
    return {"path": path, "evaluations": len(calls)}


def walk(case, move=lambda x, g, step, first: x - step * g):
    """The reference's path, or that of a mistake."""
    path, first = [np.asarray(case["x"])], gradient(case["x"], **strips(case))
    for _ in range(int(case["iterations"])):
        path.append(move(path[-1], gradient(path[-1], **strips(case)), case["step"], first))
    return np.array(path)


def judge(case, answer):
    expected = walk(case)
    path = shaped(answer["path"], expected.shape, "descend")
    times = calc_time(path, **strips(case))
    return [
        *equal("the last x", path[-1], expected[-1]),
        *equal("its time", times[-1], calc_time(expected[-1], **strips(case))),
        *equal("the path", path, expected),
        *at_most("largest rise of the time", np.diff(times).max(), 1e-12),
    ]


MISTAKES = {
    "Your descent goes uphill: go against the gradient, x - step * gradient.": lambda x, g, step, first: x + step * g,
    "The step is missing: the gradient is multiplied by it.": lambda x, g, step, first: x - g,
    "The gradient is that of the first point all the way: compute it in each round, at the new x.": lambda x, g, step, first: (
        x - step * first
    ),
    "You walk the same distance each time: do not divide by the length of the gradient, which shrinks near the bottom.": lambda x, g, step, first: (
        x - step * g / np.linalg.norm(g)
    ),
    "x does not change: put the new x in place of the old one in each round.": lambda x, g, step, first: x,
}


def explain(cases, answers):
    got, n = answers[0]["path"], int(cases[0]["iterations"])
    if got.shape == (2,):
        return "Return all points, the first one included, not only the last."
    if got.shape == (n, 2):
        missing = "first" if same(got[0], walk(cases[0])[1]) else "last"
        return f"One point too few: the {missing} point is missing."
    for sentence, move in MISTAKES.items():
        if all(same(answer["path"], walk(case, move)) for case, answer in zip(cases, answers, strict=True)):
            return sentence
    return None


def score(cases, answers):
    return Score("gradients", float(answers[0]["evaluations"]), 20)


def tell(cases, answers):
    times = calc_time(answers[0]["path"], **POST)
    return [f"  after {i:2} iterations {times[i]:11.6f} s" for i in (0, 5, 10, 15, 20)]


def trace(cases, answers):
    return answers[0]["path"], {"method": "gradient", "step": 1.5}
