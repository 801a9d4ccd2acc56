"""Value and gradient of a path with legs on both sides of a shore, and with legs without length."""

import numpy as np

from terrain_cli.lessons.judging import Score, equal, same

POINTS = np.array([[0, 5], [6, 7], [6, 7], [13, 4], [19, 8], [19, 8], [26, 6], [30, 5]], dtype=float)  # m


def cases(random):
    found = [{"points": POINTS, "shore": np.array(15.0), "slow": np.array(0.3), "fast": np.array(0.7)}]
    while len(found) < 11:
        points = np.cumsum(random.uniform([1, -4], [7, 4], (8, 2)), axis=0)
        i, j = random.choice(7, 2, replace=False)
        points[[i + 1, j + 1]] = points[[i, j]]
        case = {
            "points": points,
            "shore": np.array(random.uniform(10, 20)),
            "slow": np.array(random.uniform(0.2, 0.5)),
            "fast": np.array(random.uniform(0.6, 1.2)),
        }
        middle = (points[1:, 0] + points[:-1, 0]) / 2
        beyond = middle > case["shore"]
        if (
            np.abs(middle - case["shore"]).min() > 0.1
            and 2 <= beyond.sum() <= 5
            and np.any(beyond != (points[:-1, 0] > case["shore"]))
        ):
            found.append(case)
    return found


def ask(task, case):
    import jax
    import jax.numpy as jnp

    if not hasattr(task, "compiled_by_check"):
        task.compiled_by_check = jax.jit(jax.value_and_grad(lambda *arguments: task.calc_time(*arguments)))
    value, slope = task.compiled_by_check(*(jnp.asarray(case[name]) for name in ("points", "shore", "slow", "fast")))
    return {"time": value, "gradient": slope}


def exact(case, seen=lambda points: (points[1:, 0] + points[:-1, 0]) / 2, swapped=False, extra=0.0):
    """Time and gradient. seen: where on a leg the ground is looked up."""
    points, legs = case["points"], np.diff(case["points"], axis=0)
    square = np.sum(legs**2, axis=1) + extra
    lengths = np.sqrt(square)
    slow, fast = (case["fast"], case["slow"]) if swapped else (case["slow"], case["fast"])
    speeds = np.where(seen(points) > case["shore"], slow, fast)
    pull = legs / (np.where(lengths == 0, 1, lengths) * speeds)[:, None]
    gradient = np.zeros_like(points)
    gradient[1:] += pull
    gradient[:-1] -= pull
    return np.sum(lengths / speeds), gradient


def judge(case, answer):
    time, gradient = exact(case)
    return [*equal("time", answer["time"], time), *equal("gradient", answer["gradient"], gradient)]


def explain(cases, answers):
    def fits(**mistake):
        return all(same(answer["time"], exact(case, **mistake)[0]) for case, answer in zip(cases, answers, strict=True))

    if fits() and not all(np.isfinite(answer["gradient"]).all() for answer in answers):
        return (
            "The time is right, but the square root is infinitely steep at 0, and 0 times infinity is NaN: a where around the root drops its "
            "value, but not its slope, so guard the argument of the root as well."
        )
    if fits(swapped=True):
        return "slow and fast are exchanged: the mud, which is slow, lies beyond the shore."
    if fits(seen=lambda points: points[:-1, 0]) or fits(seen=lambda points: points[1:, 0]):
        return "The ground is looked up at an end of the leg: it is the middle of the leg that decides."
    if all(abs(answer["time"] - exact(case)[0]) < 0.1 for case, answer in zip(cases, answers, strict=True)):
        return "The time is a little off: is something added under the root? A leg without length takes no time at all."
    return None


def score(cases, answers):
    return Score("evaluations for all 16 slopes (by nudging: 17)", 1, 1)


def tell(cases, answers):
    return ["Two pairs of waypoints are in one place, and all slopes are finite."]
