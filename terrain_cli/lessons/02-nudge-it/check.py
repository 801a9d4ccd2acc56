"""The difference quotient with the learner's own h against the exact gradient, and what each costs."""

import numpy as np

from terrain_cli.lessons.judging import Row, Score, at_most, same, shaped
from terrain_cli.lessons.reference import POST, START, calc_time, gradient, random_strips

NEAR = 1e-6  # of the length of the gradient
STEP, ITERATIONS = 1.5, 20


def cases(random):
    found = [{"x": START, **POST}]
    while len(found) < 21:
        strips = random_strips(random, int(random.integers(3, 7)))
        x = random.uniform(-5, 15, len(strips["widths"]) - 1)
        if np.linalg.norm(gradient(x, **strips)) > 1:
            found.append({"x": x, **strips})
    return found


def strips(case):
    return {name: case[name] for name in ("widths", "speeds", "offset")}


def ask(task, case):
    points = []

    def f(x):
        points.append(np.array(x, dtype=float))
        return float(calc_time(points[-1], **strips(case)))

    answer = {"slopes": task.estimate_gradient(f, case["x"].copy())}
    near = [point for point in points if point.shape == case["x"].shape]
    moved = [np.abs(point - case["x"]).max() for point in near]
    answer["evaluations"] = len(points)
    answer["h"] = min((size for size in moved if size > 0), default=0.0)
    if case["x"] is START and is_usable(answer["slopes"]):
        path = [START]
        with np.errstate(all="ignore"):  # what is no gradient may lead anywhere
            for _ in range(ITERATIONS):
                path.append(path[-1] - STEP * np.asarray(task.estimate_gradient(f, path[-1].copy())))
        answer["path"] = path
    return answer


def is_usable(slopes):
    try:
        array = np.asarray(slopes)
    except ValueError:  # rows of different lengths
        return False
    return array.dtype.kind in "fi" and array.shape == START.shape


def judge(case, answer):
    exact = gradient(case["x"], **strips(case))
    got = shaped(answer["slopes"], exact.shape, "estimate_gradient")
    error = np.linalg.norm(got - exact) / np.linalg.norm(exact)
    entries = [Row(f"slope[{i}]", got[i], exact[i], bool(error <= NEAR)) for i in range(len(exact))]
    return [*entries, *at_most("relative error", error, NEAR)]


def explain(cases, answers):
    pairs = [
        (gradient(case["x"], **strips(case)), answer["slopes"], answer["h"])
        for case, answer in zip(cases, answers, strict=True)
    ]
    if any(np.shape(got) != exact.shape for exact, got, _ in pairs):
        return "Return one slope for each entry of x: nudge one entry, call f, and go on to the next."
    h = float(np.median([h for _, _, h in pairs]))
    if h == 0:
        return "f was never called with a nudged x: copy x, add h to one entry, and call f with the copy."
    if all(np.all(got == 0) for _, got, _ in pairs):
        return "All slopes are 0: you compare f(x) with itself. nudged = x makes no copy, so that x moves too: use x.copy()."
    mistakes = {
        "These are the slopes, but the sign is the wrong way round: it is f(nudged) - f(x), not f(x) - f(nudged).": lambda g, h: (
            -g
        ),
        "These are differences: divide by h to get slopes.": lambda g, h: g * h,
        "The nudges add up, because each begins where the last one ended: nudge a fresh copy of x (x.copy()).": lambda g, h: (
            np.cumsum(g)
        ),
        "Nudge one entry at a time: all of them were nudged at once.": lambda g, h: np.full_like(g, g.sum()),
        "These are twice the slopes: between x + h and x - h there are 2 h.": lambda g, h: 2 * g,
        "These are half the slopes: between x + h and x there is h, not 2 h.": lambda g, h: g / 2,
    }
    for sentence, guess in mistakes.items():
        if all(same(got, guess(exact, h), 1e-2) for exact, got, h in pairs):
            return sentence
    if h > 1.5e-6:
        return f"Your h, {h:.1g}, is too large: between the two points the curve bends away from its tangent."
    if h < 1e-7:
        return f"Your h, {h:.1g}, is too small: the two times agree in nearly all digits, and their difference is mostly rounding."
    return None


def score(cases, answers):
    return Score("evaluations of f for two slopes", float(answers[0]["evaluations"]), 3)


def tell(cases, answers):
    exact = gradient(START, **POST)
    told = ["The error of (f(x + h) - f(x)) / h, relative to the length of the gradient:"]
    for power in range(1, 15):
        h = 10.0**-power
        slopes = [(calc_time(START + h * unit, **POST) - calc_time(START, **POST)) / h for unit in np.eye(2)]
        error = max(np.linalg.norm(slopes - exact) / np.linalg.norm(exact), 1e-16)
        told.append(f"  h = 1e-{power:02}  {error:7.0e}  {'#' * round(2 * (10 + np.log10(error)))}")
    return [
        *told,
        "jax.grad needs no h, and costs about as much as one or two evaluations, however many slopes there are.",
    ]


def trace(cases, answers):
    return answers[0]["path"], {"method": "gradient", "step": STEP}
