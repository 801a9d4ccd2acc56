"""An `if` has no slope. How to walk around a lake by gradient descent all the same: both branches, softly weighted.

A lake lies between start and goal. Whether a point is in the lake is a question of yes or no, and a small move of the point does
not change the answer. So the gradient of `where(inside, slow, fast)` is 0, and a descent on it never moves. The remedy is to
compute both branches and to mix them with a weight that changes smoothly across the shore. The shore is wide at first, so that it
is felt far away, and becomes narrow while the descent runs.

Run: python soft_lake.py [PICTURE.png]
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

from terrain_cli import Ground, find_route

jax.config.update("jax_enable_x64", True)

START, GOAL = (0.0, 10.0), (30.0, 10.0)  # m
RADIUS, IN_LAKE, ON_LAND = 5.0, 0.1, 1.0  # m, m/s, m/s
LAKE = jnp.array([15.0, 9.0])  # its centre, m
WAYPOINTS = jnp.linspace(0, 30, 21)[1:-1]  # x of the 19 waypoints; their y is what we look for
ALONG = (jnp.arange(8) + 0.5) / 8  # where on each leg the speed is looked up
WIDE, NARROW, STEPS = 3.0, 0.05, 2000  # width of the shore at first and at last, m; steps of the descent


def to_points(y):
    """The path through the waypoints, shape (21, 2)."""
    middle = jnp.stack([WAYPOINTS, y], axis=1)
    return jnp.concatenate([jnp.array([START]), middle, jnp.array([GOAL])])


def calc_time(y, centre, slowness):
    """Travel time: for each leg, its length times the mean slowness (1 / speed) on it."""
    points = to_points(y)
    legs = points[1:] - points[:-1]
    lengths = jnp.sqrt(jnp.sum(legs**2, axis=1))
    places = points[:-1, None] + ALONG[None, :, None] * legs[:, None]
    to_shore = jnp.sqrt(jnp.sum((places - centre) ** 2, axis=2)) - RADIUS  # negative in the lake
    return jnp.sum(lengths * jnp.mean(slowness(to_shore), axis=1))


def hard(to_shore, _):
    """One branch or the other."""
    return 1 / jnp.where(to_shore < 0, IN_LAKE, ON_LAND)


def mix_speeds(to_shore, width):
    """Both branches: the speeds, averaged with a weight that goes from 1 to 0 across the shore."""
    inside = jax.nn.sigmoid(-to_shore / width)
    return 1 / (inside * IN_LAKE + (1 - inside) * ON_LAND)


def mix_slownesses(to_shore, width):
    """Both branches: the slownesses, averaged with the same weight."""
    inside = jax.nn.sigmoid(-to_shore / width)
    return inside / IN_LAKE + (1 - inside) / ON_LAND


def time_exactly(y, centre):
    """The time with the true, hard shore: the part of each leg that lies in the circle, by a quadratic equation."""
    points = np.asarray(to_points(y))
    a, legs = points[:-1] - np.asarray(centre), np.diff(points, axis=0)
    square, half = np.sum(legs**2, axis=1), np.sum(a * legs, axis=1)
    root = np.sqrt(np.maximum(half**2 - square * (np.sum(a**2, axis=1) - RADIUS**2), 0))
    wet = np.clip((-half + root) / square, 0, 1) - np.clip((-half - root) / square, 0, 1)
    return float(np.sum(np.sqrt(square) * (wet / IN_LAKE + (1 - wet) / ON_LAND)))


def descend(y, centre, slowness):
    """Adam, with a shore that narrows from WIDE to NARROW and a step that shrinks from 0.1 to 0.01 m. Returns all paths."""
    gradient = jax.grad(lambda y, width: calc_time(y, centre, lambda to_shore: slowness(to_shore, width)))

    def step(state, i):
        y, mean, square = state
        part = i / (STEPS - 1)
        g = gradient(y, WIDE * (NARROW / WIDE) ** part)
        mean = 0.9 * mean + 0.1 * g
        square = 0.99 * square + 0.01 * g**2
        move = mean / (1 - 0.9 ** (i + 1)) / (jnp.sqrt(square / (1 - 0.99 ** (i + 1))) + 1e-12)
        y = y - 0.1 * 0.1**part * move
        return (y, mean, square), y

    zeros = jnp.zeros_like(y)
    return jax.lax.scan(step, (y, zeros, zeros), jnp.arange(STEPS, dtype=float))[1]


def solve_raster(cell):
    """The fastest route of `terrain` on a raster of the lake."""
    x, y = np.arange(cell / 2, 30, cell), np.arange(20 - cell / 2, 0, -cell)
    inside = np.hypot(x[None, :] - LAKE[0], y[:, None] - LAKE[1]) < RADIUS
    return find_route(Ground(np.where(inside, 1 / IN_LAKE, 1 / ON_LAND), cell), START, GOAL)


def solve_exactly(centre):
    """The best path of all: a tangent, an arc along the shore, a tangent."""
    away = np.hypot(15, 10 - centre[1])  # of start and goal from the centre
    tangent = np.sqrt(away**2 - RADIUS**2)
    angle = np.pi - 2 * np.arctan((10 - centre[1]) / 15) - 2 * np.arccos(RADIUS / away)
    return (2 * tangent + RADIUS * angle) / ON_LAND


def main(picture):
    straight = jnp.full(19, 10.0)
    blind = descend(straight, LAKE, hard)[-1]
    speeds, slownesses = descend(straight, LAKE, mix_speeds), descend(straight, LAKE, mix_slownesses)
    route = solve_raster(0.1)
    middle = jnp.array([15.0, 10.0])  # the centre on the straight line: a saddle
    saddle, kicked = descend(straight, middle, mix_speeds)[-1], descend(straight + 0.3, middle, mix_speeds)[-1]
    rows = [
        ("straight line", time_exactly(straight, LAKE)),
        ("hard: one branch or the other", time_exactly(blind, LAKE)),
        ("soft: speeds averaged", time_exactly(speeds[-1], LAKE)),
        ("soft: slownesses averaged", time_exactly(slownesses[-1], LAKE)),
        ("terrain, raster of 0.1 m", route.time),
        ("two tangents and an arc", solve_exactly(LAKE)),
        ("lake on the line: soft", time_exactly(saddle, middle)),
        ("lake on the line: kicked by 0.3 m", time_exactly(kicked, middle)),
        ("lake on the line: exact", solve_exactly(middle)),
    ]
    print(f"{'path':36}{'time (s)':>8}")
    for name, time in rows:
        print(f"{name:36}{time:8.2f}")
    draw(picture, straight, speeds, route)


def draw(picture, straight, paths, route):
    plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False})
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.3), width_ratios=[1.75, 1], layout="constrained")
    left.add_patch(plt.Circle(tuple(LAKE), RADIUS, color="#56b4e9", alpha=0.45, linewidth=0))
    left.plot(*to_points(straight).T, "k--", label="straight line, and hard where")
    greys = {50: "#cccccc", 400: "#a6a6a6", 900: "#808080", 1200: "#595959"}
    for i, grey in greys.items():
        width = WIDE * (NARROW / WIDE) ** (i / (STEPS - 1))
        left.plot(*to_points(paths[i]).T, color=grey, label=f"step {i}, shore {width:.2f} m wide")
    left.plot(*to_points(paths[-1]).T, "o-", color="#d55e00", markersize=3.5, label=f"end, shore {NARROW:g} m wide")
    left.plot(*route.points.T, color="#0072b2", linewidth=1.2, label="terrain, raster of 0.1 m")
    left.set(xlabel="x (m)", ylabel="y (m)", aspect="equal", ylim=(2, 18), title="The path leaves the lake")
    figure.legend(loc="outside lower center", ncols=4, fontsize=8.5)
    to_shore = jnp.linspace(-8, 8, 400)
    right.plot(to_shore, 1 / hard(to_shore, 0), "k--", label="hard")
    for width, colour in ((WIDE, "#cccccc"), (1.0, "#808080"), (NARROW, "#d55e00")):
        right.plot(to_shore, 1 / mix_speeds(to_shore, width), color=colour, label=f"{width:g} m wide")
    right.set(xlabel="distance to the shore, negative in the lake (m)", ylabel="speed (m/s)", ylim=(0, 1.05))
    right.set(title="A soft shore has a slope", box_aspect=0.87)
    right.legend(fontsize=8.5)
    figure.savefig(picture, dpi=144)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_suffix(".png"))
