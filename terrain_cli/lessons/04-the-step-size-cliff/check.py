"""The critical step against the Hessian's largest eigenvalue, and a descent with the learner's step and momentum."""

import numpy as np

from terrain_cli.lessons.judging import Row, Score, at_most, same, shaped
from terrain_cli.lessons.reference import POST, START, calc_time, gradient, hessian, optimum, random_strips
from terrain_cli.lessons.traced import time_of

NEAR, CLOSE, MOST = 0.02, 1e-3, 200  # of the critical step; s; iterations


def cases(random):
    found = [{"x": START, **POST}]
    while len(found) < 5:
        strips = random_strips(random)
        best = optimum(**strips)
        case = {"x": best + random.uniform(2, 5, 2) * random.choice([-1, 1], 2), **strips}
        plain, good = count(case, critical(case) / 2, 0.0), count(case, *reference(case))
        if 4 <= plain <= 60 and good <= plain:
            found.append(case)
    return found


def strips(case):
    return {name: case[name] for name in ("widths", "speeds", "offset")}


def curvatures(case):
    return np.linalg.eigvalsh(hessian(optimum(**strips(case)), **strips(case)))


def critical(case):
    return 2 / curvatures(case)[-1]


def reference(case):
    """Step and momentum for a bowl with these curvatures (Polyak 1964)."""
    b, a = np.sqrt(curvatures(case))
    return 4 / (a + b) ** 2, ((a - b) / (a + b)) ** 2


def ask(task, case):
    import jax.numpy as jnp

    return {"tuned": task.tune(time_of(**strips(case)), jnp.asarray(optimum(**strips(case))))}


def walk(case, step, momentum):
    """The points of a descent, until the time is within 1 ms of the best."""
    best = calc_time(optimum(**strips(case)), **strips(case))
    path, move = [np.asarray(case["x"], dtype=float)], 0.0
    while len(path) <= MOST and not abs(calc_time(path[-1], **strips(case)) - best) <= CLOSE:
        move = momentum * move - step * gradient(path[-1], **strips(case))
        path.append(path[-1] + move)
    return np.array(path)


def count(case, step, momentum):
    return len(walk(case, step, momentum)) - 1


def judge(case, answer):
    got, step, momentum = shaped(answer["tuned"], (3,), "tune")
    expected = critical(case)
    return [
        Row("critical step", got, expected, bool(abs(got / expected - 1) <= NEAR)),
        *at_most("iterations to within 1 ms", count(case, step, momentum), count(case, expected / 2, 0.0)),
    ]


def explain(cases, answers):
    if any(np.shape(answer["tuned"]) != (3,) for answer in answers):
        return "Return three numbers: the critical step, a step and a momentum."
    asked = [(curvatures(case), *answer["tuned"]) for case, answer in zip(cases, answers, strict=True)]
    if all(answer["tuned"][0] == answers[0]["tuned"][0] for answer in answers):
        return "Your critical step is the same on all strips: compute it from f and best."
    entries = [hessian(optimum(**strips(case)), **strips(case)) for case in cases]
    for pick in (np.max, lambda matrix: np.max(np.diag(matrix))):
        if all(same(a[1], 2 / pick(entry), 1e-3) for a, entry in zip(asked, entries, strict=True)):
            return "The largest curvature is the largest eigenvalue of the matrix, not its largest entry."
    mistakes = {
        "The critical step is 2 divided by the largest curvature; yours is 1 divided by it. A step may cross the valley.": lambda c: (
            1 / c[-1]
        ),
        "It is the largest curvature that sets the critical step: the steep direction is the first to go over the cliff.": lambda c: (
            2 / c[0]
        ),
        "It is the largest curvature alone, not the sum of all of them.": lambda c: 2 / c.sum(),
        "The larger the curvature, the smaller the step: 2 divided by it.": lambda c: c[-1],
        "The larger the curvature, the smaller the step: 2 divided by it. ": lambda c: 2 * c[-1],
    }
    for sentence, guess in mistakes.items():
        if all(same(got, guess(c), 1e-3) for c, got, _, _ in asked):
            return sentence.strip()
    if any(momentum >= 1 or momentum < 0 for _, _, _, momentum in asked):
        return "The momentum must be at least 0 and less than 1: with 1 the ball never tires."
    if any(step >= 2 * (1 + momentum) / c[-1] for c, _, step, momentum in asked):
        return "Your step is beyond the cliff: the path jumps across the valley, further and further, or for ever."
    if any(step < 0.9 / c[-1] for c, _, step, _ in asked):
        return "Your step is too timid: it arrives, but not in time. Try half the critical step."
    quick = [(count(case, critical(case) / 2, 0.0), case) for case in cases]
    late = [count(case, step, momentum) > n for (n, case), (_, _, step, momentum) in zip(quick, asked, strict=True)]
    if any(is_late and a[3] > reference(case)[1] for is_late, a, case in zip(late, asked, cases, strict=True)):
        return "Your momentum is too large: the path swings to and fro before it settles."
    return None


def score(cases, answers):
    _, step, momentum = answers[0]["tuned"]
    return Score("iterations to within 1 ms", count(cases[0], step, momentum), count(cases[0], *reference(cases[0])))


def tell(cases, answers):
    told = ["The same descent with other steps, without momentum:"]
    for step in (0.5, 1.0, 1.5, 2.0, 3.0, 3.9, 4.0):
        n = count(cases[0], step, 0.0)
        told.append(f"  step {step:3.1f}  {f'{n:3} iterations' if n < MOST else 'never arrives'}")
    return told


def trace(cases, answers):
    _, step, momentum = answers[0]["tuned"]
    return walk(cases[0], step, momentum), {"method": "momentum", "step": float(step), "momentum": float(momentum)}
