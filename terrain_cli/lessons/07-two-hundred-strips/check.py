"""The time after 10,000 rounds across 200 strips, its derivative with respect to the step, and the memory that this takes."""

import numpy as np

from terrain_cli.lessons.judging import Score, at_most, equal, same
from terrain_cli.lessons.reference import calc_time, gradient, hessian, random_strips, straight

STRIPS, ROUNDS, H = 200, 10_000, 1e-4  # H: relative, of the step


def cases(random):
    return [make(np.random.default_rng(0)), make(random)]


def make(random):
    strips = random_strips(random, STRIPS)
    steepest = np.linalg.eigvalsh(hessian(np.zeros(STRIPS - 1), strips["widths"], strips["speeds"], 0.0))[-1]
    start = straight(strips["widths"], strips["offset"]) + random.uniform(-2, 2, STRIPS - 1)
    return {"x": start, **strips, "step": np.array(0.05 / steepest)}


def strips(case):
    return {name: case[name] for name in ("widths", "speeds", "offset")}


def measure(program):
    """The memory of a compiled program, bytes."""
    return program.memory_analysis().temp_size_in_bytes


def ask(task, case):
    import jax
    import jax.numpy as jnp

    def make_gradient(final_time):
        def differentiate(step, x, widths, speeds, offset):
            def f(x):
                return jnp.sum(jnp.sqrt(jnp.append(x, offset - jnp.sum(x)) ** 2 + widths**2) / speeds)

            return jax.value_and_grad(lambda step: final_time(f, x, step))(step)

        return jax.jit(jax.vmap(differentiate, (0, None, None, None, None)))

    arguments = [
        jnp.asarray(case["step"] * np.array([1 - H, 1, 1 + H])),
        *(jnp.asarray(case[name]) for name in ("x", "widths", "speeds", "offset")),
    ]
    if ("plain", STRIPS) not in kept:
        plain = make_gradient(
            lambda f, x, step: f(jax.lax.scan(lambda x, _: (x - step * jax.grad(f)(x), None), x, length=ROUNDS)[0])
        )
        kept["plain", STRIPS] = measure(plain.lower(*arguments).compile())
    if not hasattr(task, "compiled_by_check"):
        compiled = make_gradient(task.final_time).lower(*arguments).compile()
        task.compiled_by_check = compiled, [measure(compiled), kept["plain", STRIPS]]
    compiled, memory = task.compiled_by_check
    values, slopes = compiled(*arguments)
    return {"values": values, "slope": slopes[1], "memory": memory}


ROUNDS_KNOWN = (1, 100, 1000, 5000, 9900, 9999, ROUNDS)
kept = {}  # what takes a second, by what it is about


def descend(case):
    """The times after the descents with the three steps, by the number of rounds."""
    key = case["x"].tobytes()
    if key not in kept:
        steps, x, kept[key] = case["step"] * np.array([[1 - H], [1], [1 + H]]), np.tile(case["x"], (3, 1)), {}
        for i in range(1, ROUNDS + 1):
            x = x - steps * gradient(x, **strips(case))
            if i in ROUNDS_KNOWN:
                kept[key][i] = calc_time(x, **strips(case))
    return kept[key]


def judge(case, answer):
    low, middle, high = descend(case)[ROUNDS]
    slope = (high - low) / (2 * H * case["step"])
    own, plain = answer["memory"]
    return [
        *equal("time after 10,000 rounds", answer["values"][1], middle),
        *equal("slope by the step", answer["slope"], slope, 1e-4),
        *at_most("memory, in parts of the plain loop's", own / plain, 0.1),
    ]


def explain(cases, answers):
    got, case = answers[0]["values"], cases[0]
    if same(got, descend(case)[ROUNDS], 1e-9):
        if answers[0]["memory"][0] > 0.1 * answers[0]["memory"][1]:
            return "The loop keeps the x of every round: cut it into 100 pieces of 100 rounds, with jax.checkpoint around each piece."
        return None
    if np.nanmax(got) > 1.001 * calc_time(case["x"], **strips(case)):
        return "Your descent goes uphill: x - step * gradient."
    for rounds, times in descend(case).items():
        if same(got, times, 1e-9):
            return f"These are {rounds:,} rounds; 10,000 are asked for."
    return None


def score(cases, answers):
    return Score("memory of the gradient (MB)", answers[0]["memory"][0] / 1e6, 3.4)


def tell(cases, answers):
    return [f"The plain loop takes {answers[0]['memory'][1] / 1e6:.1f} MB."]
