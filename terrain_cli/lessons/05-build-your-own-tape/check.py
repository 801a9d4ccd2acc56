"""`backward` on x**2 + y/2, on the travel time at 50 points, and on numbers that are all used twice."""

import numpy as np

from terrain_cli.lessons.judging import Score, equal, same
from terrain_cli.lessons.reference import POST, START, calc_time, gradient, movements

LONG = 40  # steps of the computation in which each number is used twice; with 10**8 paths through it


def cases(random):
    points = [{"x": random.uniform(-5, 20, 2)} for _ in range(50)]
    return [{"x": np.array([3.0, 4.0])}, *points, {"x": random.uniform(0.5, 1, 1)}]


def kind(case, first=(3.0, 4.0)):
    return "long" if len(case["x"]) == 1 else "post" if tuple(case["x"]) == first else "time"


def ask(task, case):
    numbers = [task.Number(float(value)) for value in case["x"]]
    if kind(case) == "post":
        x, y = numbers
        result = x**2 + y / 2
    elif kind(case) == "long":
        a, b = numbers[0], numbers[0] * 0.5
        for _ in range(LONG):
            a, b = b, a * 0.5 + b * 0.5
        result = b
    else:
        result = cross(numbers)
    before = result.draw() if kind(case) == "post" else "not yet"
    result.backward()
    found = [number.derivative for number in numbers]
    answer = {
        "value": result.value,
        "derivatives": found,
        "own": result.derivative,
        "waits": all("not yet" in line for line in before.splitlines()),
    }
    if found == [6.0, 0.5]:
        path = [START]
        for _ in range(20):
            numbers = [task.Number(float(value)) for value in path[-1]]
            cross(numbers).backward()
            path.append(path[-1] - 1.5 * np.array([number.derivative for number in numbers]))
        answer["path"] = path
    return answer


def cross(numbers):
    """The travel time of the post, of the learner's numbers."""
    along = [*numbers, POST["offset"] - (numbers[0] + numbers[1])]
    strips = zip(along, POST["widths"].tolist(), POST["speeds"].tolist(), strict=True)
    return sum((a * a + w * w) ** 0.5 * (1 / v) for a, w, v in strips)


def exact(case):
    """Value and derivatives."""
    x = case["x"]
    if kind(case) == "post":
        return 11.0, np.array([6.0, 0.5])
    if kind(case) == "time":
        return calc_time(x, **POST), gradient(x, **POST)
    a, b = 1.0, 0.5
    for _ in range(LONG):
        a, b = b, 0.5 * a + 0.5 * b
    return b * x[0], np.array([b])


def judge(case, answer):
    value, derivatives = exact(case)
    rows = [*equal("value", answer["value"], value), *equal("derivative", answer["derivatives"], derivatives)]
    return [*rows, *(equal('"not yet" before backward', answer["waits"], 1.0) if kind(case) == "post" else [])]


def explain(cases, answers):
    got = [answer["derivatives"] for answer in answers]
    if all(np.all(g == 0) for g in got) and answers[0]["own"] == 0:
        return "The derivative of the result itself is 1: set it, and hand on from there."
    slopes = [2 * case["x"] + 1 for case in cases[1:-1]]
    if all(same(g, guess) for g, guess in zip(got[1:-1], slopes, strict=True)):
        return "The chain rule is missing: what a number hands on is its own derivative times the slope."
    if not np.allclose(got[0], [6, 0.5]):
        if np.all(got[0] == 0):
            return "Begin at the result and go towards the inputs: a number hands on what it has received."
        return "What a number hands on is its derivative times the slope of that input."
    return "A number that is used in several places gets the sum of what comes from each of them (+=), and hands on only when it has all of it."


def score(cases, answers):
    return Score("evaluations of T for its gradient (by nudging: 3)", 1, 1)


def tell(cases, answers):
    along = movements(cases[1]["x"], POST["offset"])
    return [
        f"One walk back through the tree gave both derivatives of T; the path moved by {', '.join(f'{a:.2f} m' for a in along)}."
    ]


def trace(cases, answers):
    return answers[0]["path"], {"method": "gradient", "step": 1.5}
