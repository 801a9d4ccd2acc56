"""A soft shore by the learner, on which a path descends that is timed with the hard one."""

import numpy as np

from terrain_cli.lessons.judging import Score, at_least, at_most, equal, shaped
from terrain_cli.lessons.lake import IN_LAKE, ON_LAND, best_time, make_descent, time_exactly

WIDTHS = np.array([0.05, 0.5, 3.0])  # m
PLACES = np.array([-10.0, -1.0, 0.0, 1.0, 10.0])  # to the shore, in widths
NEAR, STEEP = 1.0087, 0.01  # of the best time; of the slope at the shore, in parts of the speeds' difference


def cases(random):
    found = [{"centre": np.array([15.0, 9.0]), "radius": np.array(5.0)}]
    for _ in range(3):
        centre = [random.uniform(12, 18), random.choice([random.uniform(8, 9.4), random.uniform(10.6, 12)])]
        found.append({"centre": np.array(centre), "radius": np.array(random.uniform(3.5, 5))})
    return found


def ask(task, case):
    import jax
    import jax.numpy as jnp

    if not hasattr(task, "descend_by_check"):
        task.descend_by_check = make_descent(task.calc_speed)
    places, widths = jnp.asarray(PLACES * WIDTHS[:, None]), jnp.asarray(WIDTHS)
    at_shore = jax.grad(lambda to_shore, width: jnp.sum(task.calc_speed(to_shore, width)))
    return {
        "speeds": jnp.stack([jnp.asarray(task.calc_speed(places[i], widths[i])) for i in range(len(WIDTHS))]),
        "slope": jnp.stack([at_shore(jnp.zeros(()), width) * width for width in widths]),
        "y": task.descend_by_check(jnp.full(19, 10.0), jnp.asarray(case["centre"]), jnp.asarray(case["radius"])),
    }


def judge(case, answer):
    speeds = shaped(answer["speeds"], (len(WIDTHS), len(PLACES)), "calc_speed")
    lake = case["centre"], float(case["radius"])
    return [
        *equal("speed 10 widths inside", speeds[:, 0], np.full(3, IN_LAKE), 1e-2),
        *equal("speed 10 widths outside", speeds[:, -1], np.full(3, ON_LAND), 1e-2),
        *at_least("slope at the shore, times the width", answer["slope"].min(), STEEP),
        *at_most(
            "hard time of the path (s)", time_exactly(shaped(answer["y"], (19,), "y"), *lake), NEAR * best_time(*lake)
        ),
    ]


def explain(cases, answers):
    speeds, slope = answers[0]["speeds"], answers[0]["slope"]
    if np.all(slope == 0) and np.all(np.isin(speeds, (IN_LAKE, ON_LAND))):
        return "At the shore the slope is 0: this is the hard if, on which nothing ever moves. Mix both speeds, with a weight that changes smoothly."
    if np.allclose(speeds[:, 0], ON_LAND, atol=0.01) and np.allclose(speeds[:, -1], IN_LAKE, atol=0.01):
        return "Lake and land are exchanged: to_shore is negative in the lake, and there the speed is 0.1."
    if np.allclose(speeds[:, -1], ON_LAND, atol=0.01) and np.allclose(speeds[:, 0], ON_LAND + IN_LAKE, atol=0.01):
        return "The weights do not sum to 1: the weight of the land is 1 minus that of the lake."
    if np.ptp(speeds[:, 1]) > 0.02:
        return "The width has to set how far the shore reaches: divide to_shore by the width, so that a place one width away has the same weight always."
    return None


def score(cases, answers):
    times = [time_exactly(answers[0]["y"], cases[0]["centre"], 5.0), 31.22]
    return Score("hard time of the path (s; straight 118.18, best 31.08)", *times)


def tell(cases, answers):
    return ["With the hard if the gradient is 0 everywhere, and the path stays at 118.18 s."]
