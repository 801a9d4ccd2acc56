"""`calc_time` on the strips of the post and on 200 random ones; then guessing, which is expensive."""

import numpy as np

from terrain_cli.lessons.judging import Score, equal, same, shaped
from terrain_cli.lessons.reference import POST, START, calc_time, movements, optimum, random_strips

INSTANCES, GUESSES = 200, 1000


def cases(random):
    guesses = random.uniform(0, 20, (GUESSES, 2))
    found = [{"x": START, **POST, "guesses": guesses}]
    for i in range(INSTANCES):
        strips = random_strips(random, 5 if i % 2 else 3)
        found.append({"x": random.uniform(-5, 15, len(strips["widths"]) - 1), **strips})
    return found


def ask(task, case):
    import jax.numpy as jnp

    x, *ground = (jnp.asarray(case[name]) for name in ("x", "widths", "speeds", "offset"))
    answer = {"time": task.calc_time(x, *ground)}
    if "guesses" in case and same(answer["time"], calc_time(*strips(case))):  # else it is not worth the time
        answer["guessed"] = [task.calc_time(jnp.asarray(guess), *ground) for guess in case["guesses"]]
    return answer


def judge(case, answer):
    return equal("calc_time", answer["time"], calc_time(*strips(case)))


def strips(case):
    return case["x"], case["widths"], case["speeds"], case["offset"]


def distance(case):
    x, widths, _, offset = strips(case)
    return np.sqrt(movements(x, offset) ** 2 + widths**2)


MISTAKES = {
    "The last strip is missing: it takes what x leaves of the offset.": lambda c: np.sum(
        distance(c)[:-1] / c["speeds"][:-1]
    ),
    "A time is a length divided by the speed, not multiplied by it.": lambda c: np.sum(distance(c) * c["speeds"]),
    "What you return is a distance: divide the length in each strip by its speed.": lambda c: np.sum(distance(c)),
    "In a strip the path is the long side of a right triangle (Pythagoras), not the sum of the short sides.": lambda c: (
        np.sum((np.abs(movements(c["x"], c["offset"])) + c["widths"]) / c["speeds"])
    ),
    "The last strip moves by the offset minus the sum of x, so that the path ends at B.": lambda c: np.sum(
        np.sqrt(np.append(c["x"], c["offset"]) ** 2 + c["widths"] ** 2) / c["speeds"]
    ),
    "Is a square root missing? The length is the root of the sum of the squares.": lambda c: np.sum(
        distance(c) ** 2 / c["speeds"]
    ),
}


def explain(cases, answers):
    for sentence, guess in MISTAKES.items():
        if all(same(answer["time"], guess(case)) for case, answer in zip(cases, answers, strict=True)):
            return sentence
    three = [(case, answer) for case, answer in zip(cases, answers, strict=True) if len(case["widths"]) == 3]
    if all(same(answer["time"], calc_time(*strips(case))) for case, answer in three):
        return "It is right for three strips, but not for five: use all entries of x, not only x[0] and x[1]."
    return None


def score(cases, answers):
    return Score("evaluations by guessing", GUESSES, GUESSES)


def trail(answer):
    """The best time after each guess."""
    return np.minimum.accumulate(shaped(answer["guessed"], (GUESSES,), "calc_time"))


def tell(cases, answers):
    best = float(calc_time(optimum(**POST), **POST))
    times = trail(answers[0])
    told = ["Guessing with your function:"]
    for n in (10, 100, 1000):
        told.append(
            f"  best of {n:5,} random paths {times[n - 1]:11.6f} s, {times[n - 1] - best:9.6f} s above the fastest"
        )
    return [*told, "In lesson 3 you follow the slope: 20 evaluations usually get closer than all these guesses."]
