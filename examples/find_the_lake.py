"""Find a lake by crossing it: 24 straight walks, timed, tell where the lake is and how large it is.

Nobody has seen the lake. All that is known is how long each of 24 straight walks took, from one side of the field to another, and
how fast one walks on land and wades in water. We guess a lake, compute the times that it would give, and descend on the misfit.
The travel times of earthquakes show in the same way what is inside the earth. With a hard shore the times have no slope with
respect to the lake, so that every guess stays where it is; with a soft shore that narrows, most guesses find the lake.

Run: python find_the_lake.py [PICTURE.png]
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

jax.config.update("jax_enable_x64", True)

FIELD = np.array([30.0, 20.0])  # m
IN_LAKE, ON_LAND = 0.1, 1.0  # m/s
LAKE = jnp.array([15.0, 9.0, 5.0])  # what is to be found: x and y of the centre, and the radius, m
SMALL = jnp.array([17.0, 8.0, 4.0])  # a smaller lake, which fewer walks cross
ALONG = (jnp.arange(100) + 0.5) / 100  # where on each walk the speed is looked up
WIDE, NARROW, STEPS = 5.0, 0.02, 2500  # width of the shore at first and at last, m; steps of the descent
WALKS, GUESSES, SETS = 24, 10, 3
NEAR = 0.2  # the lake is found if the centre's x and y and the radius are all within 0.2 m


def pick_walks(random):
    """Walks from a random point on one side of the field to one on another side, shape (24, 2, 2)."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * FIELD
    sides = np.array([random.permutation(4)[:2] for _ in range(WALKS)])
    part = random.random((WALKS, 2, 1))
    return jnp.array((1 - part) * corners[sides] + part * corners[sides + 1])


def pick_guesses(random):
    """Random lakes: x, y and radius, shape (10, 3)."""
    return jnp.array(random.uniform([3, 3, 1], [27, 17, 6], (GUESSES, 3)))


def time_exactly(walks, lake):
    """The time of each walk with the true, hard shore: the part that lies in the circle, by a quadratic equation."""
    a, way = walks[:, 0] - lake[:2], walks[:, 1] - walks[:, 0]
    square, half = jnp.sum(way**2, axis=1), jnp.sum(a * way, axis=1)
    root = jnp.sqrt(jnp.maximum(half**2 - square * (jnp.sum(a**2, axis=1) - lake[2] ** 2), 0))
    wet = jnp.clip((-half + root) / square, 0, 1) - jnp.clip((-half - root) / square, 0, 1)
    return jnp.sqrt(square) * (wet / IN_LAKE + (1 - wet) / ON_LAND)


def calc_times(walks, lake, slowness):
    """The time of each walk: its length times the mean slowness (1 / speed) on it."""
    way = walks[:, 1] - walks[:, 0]
    places = walks[:, None, 0] + ALONG[None, :, None] * way[:, None]
    to_shore = jnp.sqrt(jnp.sum((places - lake[:2]) ** 2, axis=2)) - lake[2]  # negative in the lake
    return jnp.sqrt(jnp.sum(way**2, axis=1)) * jnp.mean(slowness(to_shore), axis=1)


def hard(to_shore, _):
    return 1 / jnp.where(to_shore < 0, IN_LAKE, ON_LAND)


def mix_speeds(to_shore, width):
    inside = jax.nn.sigmoid(-to_shore / width)
    return 1 / (inside * IN_LAKE + (1 - inside) * ON_LAND)


def mix_slownesses(to_shore, width):
    inside = jax.nn.sigmoid(-to_shore / width)
    return inside / IN_LAKE + (1 - inside) / ON_LAND


def calc_misfit(lake, width, walks, observed, slowness):
    """The mean squared difference between the times that a lake would give and those observed, s²."""
    times = calc_times(walks, lake, lambda to_shore: slowness(to_shore, width))
    return jnp.mean((times - observed) ** 2)


def descend(guess, walks, observed, slowness):
    """Adam from one guess, with a shore that narrows and a step that shrinks from 0.1 to 0.01 m. Returns all lakes, (2500, 3)."""

    def step(state, i):
        lake, mean, square = state
        part = i / (STEPS - 1)
        g = jax.grad(calc_misfit)(lake, WIDE * (NARROW / WIDE) ** part, walks, observed, slowness)
        mean = 0.9 * mean + 0.1 * g
        square = 0.999 * square + 0.001 * g**2
        move = mean / (1 - 0.9 ** (i + 1)) / (jnp.sqrt(square / (1 - 0.999 ** (i + 1))) + 1e-12)
        lake = lake - 0.1 * 0.1**part * move
        return (lake, mean, square), lake

    zeros = jnp.zeros(3)
    return jax.lax.scan(step, (guess, zeros, zeros), jnp.arange(STEPS, dtype=float))[1]


def search(guesses, walks, observed, slowness):
    """The descents from all guesses of all sets of walks, shape (3, 10, 2500, 3), in one compiled program."""
    from_all = jax.vmap(lambda guess, walks, observed: descend(guess, walks, observed, slowness), (0, None, None))
    return jax.jit(jax.vmap(from_all))(guesses, walks, observed)


def print_row(name, cells):
    print(f"{name:42}" + "".join(f"{cell:>9}" for cell in cells))


def main(picture):
    random = np.random.default_rng(1)
    walks = jnp.stack([pick_walks(random) for _ in range(SETS)])
    guesses = jnp.stack([pick_guesses(random) for _ in range(SETS)])
    on_land = jnp.sqrt(jnp.sum((walks[:, :, 1] - walks[:, :, 0]) ** 2, axis=2)) / ON_LAND
    print_row("", [f"walks {i + 1}" for i in range(SETS)])
    for lake in (SMALL, LAKE):
        observed = jax.vmap(time_exactly, (0, None))(walks, lake)
        print_row(f"lake of {lake[2]:g} m: of 24 walks, cross it", jnp.sum(observed > on_land + 1e-9, axis=1))
        ways = {"averaged speeds": mix_speeds}
        if lake is LAKE:
            ways = {"a hard shore": hard, "averaged slownesses": mix_slownesses} | ways
        for name, slowness in ways.items():
            paths = search(guesses, walks, observed, slowness)
            off = jnp.max(jnp.abs(paths[:, :, -1] - lake), axis=2)
            print_row(f"  of 10 guesses, find it by {name}", jnp.sum(off < NEAR, axis=1))
    draw(picture, walks[1], observed[1], paths[1])


def draw(picture, walks, observed, paths):
    plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False})
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.6), width_ratios=[1.5, 1], layout="constrained")
    left.add_patch(plt.Circle(LAKE[:2], LAKE[2], color="#56b4e9", alpha=0.5, linewidth=0, label="lake"))
    left.plot(*walks.T, color="#b0b0b0", linewidth=0.8, label=["walks"] + ["_"] * (WALKS - 1))
    left.plot(*paths[:, :, :2].T, color="#0072b2", linewidth=1, label=["centre of each guess"] + ["_"] * (GUESSES - 1))
    left.plot(*paths[:, 0, :2].T, "o", color="#0072b2", markersize=4)
    for i, (x, y, radius) in enumerate(paths[:, -1]):
        end = {"fill": False, "color": "#d55e00", "linewidth": 1.4, "label": "_" if i else "guesses at the end"}
        left.add_patch(plt.Circle((x, y), radius, **end))
    left.set(
        xlabel="x (m)", ylabel="y (m)", aspect="equal", xlim=(0, 30), ylim=(0, 20), title="Ten guesses find the lake"
    )
    figure.legend(loc="outside lower center", ncols=4)
    xs = jnp.linspace(8, 22, 561)
    lakes = jnp.stack([xs, jnp.full_like(xs, LAKE[1]), jnp.full_like(xs, LAKE[2])], axis=1)
    for slowness, width, colour in ((hard, 0.0, "black"), (mix_speeds, 0.5, "#d55e00"), (mix_speeds, 2.0, "#0072b2")):
        misfits = jax.vmap(calc_misfit, (0, None, None, None, None))(lakes, width, walks, observed, slowness)
        right.plot(xs, misfits, color=colour, linewidth=1.2, label=f"{width:g} m wide" if width else "hard")
    right.set(
        xlabel="x of the guessed centre (m)", ylabel="misfit (s²)", title="A hard shore makes the misfit a staircase"
    )
    right.legend(title="shore")
    figure.savefig(picture, dpi=144)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_suffix(".png"))
