"""Several starts around a lake that lies exactly on the line, one of them symmetric."""

import numpy as np

from terrain_cli.lessons.judging import Score, at_most, equal
from terrain_cli.lessons.lake import best_time, make_descent, mix_speeds, time_exactly

NEAR = 1.0069  # of the best time: 31.9 s where it is 31.68 s


def cases(random):
    found = [{"centre": np.array([15.0, 10.0]), "radius": np.array(5.0), "shifts": np.array([0.0, 0.3, -2.0, 4.0])}]
    for _ in range(2):
        shifts = [
            0.0,
            random.uniform(0.3, 4),
            random.uniform(-4, -0.3),
            *random.uniform(1, 4, 2) * random.choice([-1, 1], 2),
        ]
        centre = np.array([random.uniform(13, 17), 10.0])
        found.append(
            {"centre": centre, "radius": np.array(random.uniform(3.5, 5)), "shifts": random.permutation(shifts)}
        )
    return found


def ask(task, case):
    import jax.numpy as jnp

    if not hasattr(task, "descend_by_check"):
        task.descend_by_check = make_descent(mix_speeds)
    centre, radius, descents = jnp.asarray(case["centre"]), jnp.asarray(case["radius"]), []

    def descend(y):
        descents.append(y)
        return task.descend_by_check(jnp.asarray(y), centre, radius)

    def calc_time(y):
        return time_exactly(np.asarray(y), case["centre"], float(case["radius"]))

    best, stuck, basins = task.explore(descend, calc_time, [jnp.full(19, 10.0 + shift) for shift in case["shifts"]])
    return {"best": best, "stuck": stuck, "basins": basins, "descents": len(descents)}


def judge(case, answer):
    lake = case["centre"], float(case["radius"])
    return [
        *equal("stuck", answer["stuck"], case["shifts"] == 0),
        *equal("basins", answer["basins"], 2.0),
        *at_most("time of the best path (s)", time_exactly(answer["best"], *lake), NEAR * best_time(*lake)),
    ]


def explain(cases, answers):
    stuck, truth = answers[0]["stuck"], cases[0]["shifts"] == 0
    if not stuck.any():
        return "The straight start is stuck on a saddle, and you do not notice: its slope is 0. Kick it to one side, descend again, and compare the times."
    if (stuck.astype(bool) & ~truth).any():
        return "You call paths stuck that lie in a valley. There the slope is 0 as well: kick the path, and see whether it comes back."
    if all(answer["basins"] == 3 for answer in answers):  # the numbers of starts differ
        return "The saddle is no basin: count only the ends of descents that are not stuck."
    if any(answer["basins"] > 2 for answer in answers):
        return "Several starts end in the same basin: two ends belong together if no waypoint differs by more than, say, 1 m."
    if time_exactly(answers[0]["best"], cases[0]["centre"], 5.0) > 100:
        return "The best path is the one with the least time."
    return None


def score(cases, answers):
    return Score("descents from four starts", float(answers[0]["descents"]), 8)


def tell(cases, answers):
    return [
        f"Best path {time_exactly(answers[0]['best'], cases[0]['centre'], 5.0):.2f} s; straight through, where the first start is stuck, 120.00 s."
    ]
