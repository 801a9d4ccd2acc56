"""Two fixed sets of walks, and 20 guesses for each. What is counted is how many end at the lake."""

import numpy as np

from terrain_cli.lessons.judging import Row, Score, shaped
from terrain_cli.lessons.lake import IN_LAKE, ON_LAND, time_legs

LAKE = np.array([15.0, 9.0, 5.0])  # x and y of the centre, and the radius, m
FIELD, WALKS, GUESSES, NEAR, ENOUGH = np.array([30.0, 20.0]), 24, 20, 0.2, 12
ALONG = (np.arange(100) + 0.5) / 100


def walks(number):
    """Walks from a random point on one side of the field to one on another, shape (24, 2, 2), the same each time."""
    random = np.random.default_rng(number)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * FIELD
    sides = np.array([random.permutation(4)[:2] for _ in range(WALKS)])
    part = random.random((WALKS, 2, 1))
    return (1 - part) * corners[sides] + part * corners[sides + 1]


def cases(random):
    low, high = [3, 3, 1], [27, 17, 6]
    first = np.random.default_rng(0).uniform(low, high, (GUESSES, 3))
    return [
        {"walks": walks(4), "guesses": first},
        {"walks": walks(6), "guesses": random.uniform(low, high, (GUESSES, 3))},
    ]


def observe(case):
    return time_legs(case["walks"][:, 0], case["walks"][:, 1], LAKE[:2], LAKE[2])


def ask(task, case):
    import jax
    import jax.numpy as jnp

    def search(guesses, walks, observed):
        def misfit(lake, width):
            way = walks[:, 1] - walks[:, 0]
            places = walks[:, None, 0] + ALONG[None, :, None] * way[:, None]
            inside = jax.nn.sigmoid((lake[2] - jnp.sqrt(jnp.sum((places - lake[:2]) ** 2, axis=2))) / width)
            slowness = 1 / (inside * IN_LAKE + (1 - inside) * ON_LAND)
            return jnp.mean((jnp.sqrt(jnp.sum(way**2, axis=1)) * jnp.mean(slowness, axis=1) - observed) ** 2)

        found = jax.vmap(lambda guess: task.find_lake(guess, misfit))(guesses)
        return found, jax.vmap(misfit, (0, None))(guesses, 2.0), jax.vmap(misfit, (0, None))(found, 2.0)

    if not hasattr(task, "search_by_check"):
        task.search_by_check = jax.jit(search)
    found, before, after = task.search_by_check(*map(jnp.asarray, (case["guesses"], case["walks"], observe(case))))
    return {"lakes": found, "before": before, "after": after}


def hits(answer):
    lakes = shaped(answer["lakes"], (GUESSES, 3), "find_lake, from 20 guesses")
    return np.max(np.abs(lakes - LAKE), axis=1) < NEAR


def judge(case, answer):
    count = float(hits(answer).sum())
    finite = bool(np.isfinite(answer["lakes"]).all())
    return [Row("guesses that find the lake, of 20", count if finite else np.nan, ENOUGH, count >= ENOUGH, "≥")]


def explain(cases, answers):
    lakes, guesses = answers[0]["lakes"], cases[0]["guesses"]
    if np.allclose(lakes, guesses, atol=1e-6):
        return "The lake has not moved from the guess."
    moved = lakes - guesses
    if np.allclose(moved, moved[:, :1], atol=1e-6):
        return "All three numbers move alike: take the slope with respect to the lake, the first argument of misfit, not to the width."
    if np.median(answers[0]["after"] / answers[0]["before"]) > 1:
        return "The misfit grows: go against the slope."
    spread = np.max(np.abs(lakes - np.median(lakes, axis=0)), axis=1)
    if np.mean(spread < 0.2) > 0.4:
        return "The guesses agree, but not on the lake: the shore is still wide at the end, and blurs it; let it become narrow while you descend."
    return "The guesses end in many places: a narrow shore is felt only nearby, so begin with a wide one (5 m), and take 2,000 rounds or more."


def score(cases, answers):
    return Score("guesses that find the lake, of 40", float(sum(hits(answer).sum() for answer in answers)), 40)


def tell(cases, answers):
    crossed = [
        int(np.sum(observe(case) > np.linalg.norm(case["walks"][:, 1] - case["walks"][:, 0], axis=1) + 1e-9))
        for case in cases
    ]
    return [
        f"Of the 24 walks of each set, {crossed[0]} and {crossed[1]} cross the lake; with a hard shore no guess finds it."
    ]
