"""Five steps by the learner's function, and Snell's law, which is independent of all that."""

import numpy as np

from terrain_cli.lessons.judging import Score, at_most, equal, same, shaped
from terrain_cli.lessons.reference import (
    POST,
    START,
    calc_time,
    gradient,
    hessian,
    optimum,
    random_strips,
    sines_over_speeds,
    straight,
)
from terrain_cli.lessons.traced import time_of

STEPS, NEAR = 5, 1e-8  # of sin(angle)/speed


def cases(random):
    found = [{"x": START, **POST}]
    while len(found) < 4:
        strips = random_strips(random)
        case = {"x": straight(strips["widths"], strips["offset"]), **strips}
        if np.ptp(sines_over_speeds(walk(case, solve)[-1], **strips)) < NEAR / 100:
            found.append(case)
    return found


def strips(case):
    return {name: case[name] for name in ("widths", "speeds", "offset")}


def solve(g, h):
    return -np.linalg.solve(h, g)


def walk(case, move):
    path = [np.asarray(case["x"], dtype=float)]
    for _ in range(STEPS):
        path.append(path[-1] + move(gradient(path[-1], **strips(case)), hessian(path[-1], **strips(case))))
    return np.array(path)


def ask(task, case):
    import jax.numpy as jnp

    path, f = [jnp.asarray(case["x"])], time_of(**strips(case))
    for _ in range(STEPS):
        path.append(task.newton_step(f, path[-1]))
        if np.shape(path[-1]) != case["x"].shape:
            return {"path": path[-1]}
    return {"path": jnp.stack([jnp.asarray(x) for x in path])}


def judge(case, answer):
    path = shaped(answer["path"], (STEPS + 1, *case["x"].shape), "newton_step")
    p = sines_over_speeds(path[-1], **strips(case))
    return [
        *equal(
            "time after 5 steps",
            calc_time(path[-1], **strips(case)),
            calc_time(optimum(**strips(case)), **strips(case)),
        ),
        *equal("sin(angle)/speed", p, np.full(len(p), p[0]), NEAR),
        *at_most("largest difference of these", np.ptp(p), NEAR),
    ]


def explain(cases, answers):
    mistakes = {
        "You go the wrong way: subtract the solution of H d = gradient.": lambda g, h: np.linalg.solve(h, g),
        "The gradient is not multiplied by the Hessian: the Hessian times d is the gradient, so solve for d.": lambda g, h: (
            -h @ g
        ),
        "The Hessian is missing: this is a gradient step with step 1.": lambda g, h: -g,
        "You use only the diagonal of the Hessian: the unknowns act on each other, so solve the whole system.": lambda g, h: (
            -g / np.diag(h)
        ),
    }
    for sentence, move in mistakes.items():
        if all(same(answer["path"][1], walk(case, move)[1]) for case, answer in zip(cases, answers, strict=True)):
            return sentence
    if all(
        same(answer["path"][1], walk(case, solve)[1] - case["x"]) for case, answer in zip(cases, answers, strict=True)
    ):
        return "Return the new point, not only the step: x - d."
    return None


def score(cases, answers):
    spread = [np.ptp(sines_over_speeds(x, **POST)) for x in answers[0]["path"]]
    return Score("Newton steps until Snell's law holds to 1e-8", int(np.argmax(np.array(spread) <= NEAR)), 5)


def tell(cases, answers):
    told = ["sin(angle)/speed in the three strips, step by step:"]
    for i, x in enumerate(answers[0]["path"]):
        told.append(
            f"  {i}  "
            + "  ".join(f"{p:.10f}" for p in sines_over_speeds(x, **POST))
            + f"  {calc_time(x, **POST):13.9f} s"
        )
    return told


def trace(cases, answers):
    return answers[0]["path"], {"method": "newton"}
