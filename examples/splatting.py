"""Splatting in miniature: a picture of a map becomes 50 coloured blots, and a circle is found in a picture.

A Gaussian splat is a blot of colour that fades out smoothly: it has a place, two lengths, an angle, a colour and an opacity. The
blots are laid over each other like paint, the first one on top, and every operation has a derivative, so that all 450 numbers can
descend on the difference from a picture. With millions of blots in space this is how scenes are built from photographs.
A circle with a hard edge has no slope with respect to its centre: a pixel is inside or not. With a soft edge it has.

Run: python splatting.py [PICTURE.png]
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb

from terrain_cli import load_map
from terrain_cli.scenario.load import packaged_folder  # of the scenarios that come with terrain

jax.config.update("jax_enable_x64", True)

BLOTS, STEPS = 50, 400
COLOURS = {".": "#c7dfa0", "^": "#3f7d4e", "-": "#b39a6b", "~": "#4f93c4"}  # meadow, forest, marsh, water
CIRCLE = jnp.array([20.0, 14.0, 6.0])  # to be found: column and row of the centre, and the radius, pixels
NEAR, FAR = jnp.array([40.0, 22.0, 4.0]), jnp.array([48.0, 26.0, 3.0])  # two guesses


def paint_map():
    """The picture: the map of the scenario lake.yaml, a colour in each cell, shape (36, 64, 3)."""
    rows = load_map(packaged_folder() / "lake.yaml").map.speeds.drawing.splitlines()
    return jnp.array([[to_rgb(COLOURS[letter]) for letter in row] for row in rows])


def render(blots, shape):
    """The blots, painted over each other: a picture of this shape."""
    rows, cols = jnp.mgrid[: shape[0], : shape[1]]
    dx, dy = cols[..., None] - blots["place"][:, 0], rows[..., None] - blots["place"][:, 1]
    cosine, sine = jnp.cos(blots["angle"]), jnp.sin(blots["angle"])
    along = (cosine * dx + sine * dy) / jnp.exp(blots["lengths"][:, 0])
    across = (cosine * dy - sine * dx) / jnp.exp(blots["lengths"][:, 1])
    covers = jax.nn.sigmoid(blots["opacity"]) * jnp.exp(-(along**2 + across**2) / 2)
    above = jnp.triu(jnp.ones((BLOTS, BLOTS)), k=1)  # 1 where the row's blot lies above the column's
    shows = jnp.exp(jnp.log1p(-covers) @ above)  # how much of each blot shows through those above it
    paper = jnp.prod(1 - covers, axis=2, keepdims=True)
    return (covers * shows) @ blots["colour"] + paper * blots["paper"]


def scatter(picture):
    """Blots of 4 pixels in random places, each of the colour that the picture has there, on paper of the mean colour."""
    random = np.random.default_rng(0)
    rows, cols = random.integers(0, picture.shape[0], BLOTS), random.integers(0, picture.shape[1], BLOTS)
    return {
        "place": jnp.array(np.stack([cols, rows], axis=1), dtype=float),  # pixels
        "lengths": jnp.full((BLOTS, 2), np.log(4.0)),  # logarithms, so that lengths stay positive
        "angle": jnp.array(random.uniform(0, np.pi, BLOTS)),
        "opacity": jnp.zeros(BLOTS),
        "colour": picture[rows, cols],
        "paper": jnp.mean(picture, axis=(0, 1)),
    }


def descend(misfit, start, steps, size):
    """Adam on arrays in a dictionary, with a step that shrinks to a tenth. size: the first step of each, in its own unit."""

    def step(state, i):
        x, mean, square = state
        part = i / (steps - 1)
        g = jax.grad(misfit)(x, part)
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, g)
        square = jax.tree.map(lambda s, g: 0.99 * s + 0.01 * g**2, square, g)
        move = lambda m, s: m / (1 - 0.9 ** (i + 1)) / (jnp.sqrt(s / (1 - 0.99 ** (i + 1))) + 1e-8)
        x = jax.tree.map(lambda x, m, s, size: x - size * 0.1**part * move(m, s), x, mean, square, size)
        return (x, mean, square), x

    zeros = jax.tree.map(jnp.zeros_like, start)
    return jax.lax.scan(step, (start, zeros, zeros), jnp.arange(steps, dtype=float))[1]


def fit_blots(picture):
    """All blots, after every step."""
    size = {"place": 0.5, "lengths": 0.05, "angle": 0.05, "opacity": 0.05, "colour": 0.015, "paper": 0.015}
    return descend(
        lambda blots, _: jnp.mean((render(blots, picture.shape) - picture) ** 2), scatter(picture), STEPS, size
    )


def draw_circle(circle, shape, width):
    """A disc: 1 inside and 0 outside, with an edge of this width, or a hard edge if the width is None."""
    rows, cols = jnp.mgrid[: shape[0], : shape[1]]
    to_edge = jnp.sqrt((cols - circle[0]) ** 2 + (rows - circle[1]) ** 2 + 1e-12) - circle[2]
    return jnp.where(to_edge < 0, 1.0, 0.0) if width is None else jax.nn.sigmoid(-to_edge / width)


def find_circle(seen, guess, soft):
    """All circles on the way from the guess to the one that is seen. A soft edge narrows from 4 pixels to 0.1."""
    to_circle = lambda x: jnp.array([x[0], x[1], jnp.exp(x[2])])  # so that the radius stays positive
    width = lambda part: 4 * 0.025**part if soft else None
    misfit = lambda x, part: jnp.mean((draw_circle(to_circle(x), seen.shape, width(part)) - seen) ** 2)
    found = descend(misfit, guess.at[2].set(jnp.log(guess[2])), STEPS, jnp.array([0.3, 0.3, 0.03]))
    return jax.vmap(to_circle)(found)


def measure(a, b):
    """The root mean square difference of two pictures."""
    return float(jnp.sqrt(jnp.mean((a - b) ** 2)))


def main(file):
    picture = paint_map()
    blots = fit_blots(picture)
    first, last = (render(jax.tree.map(lambda x, i=i: x[i], blots), picture.shape) for i in (0, -1))
    squares = picture.reshape(9, 4, 16, 4, 3).mean(axis=(1, 3)).repeat(4, axis=0).repeat(4, axis=1)
    print(f"{'picture of the map':34}{'numbers':>8}{'difference':>12}")
    rows = [("one colour", 3, picture.mean(axis=(0, 1)) + 0 * picture), ("50 blots, in random places", 453, first)]
    rows += [("144 squares of 4 x 4 pixels", 432, squares), ("50 blots, after the descent", 453, last)]
    for name, numbers, drawn in rows:
        print(f"{name:34}{numbers:8d}{measure(drawn, picture):12.4f}")
    seen = draw_circle(CIRCLE, picture.shape[:2], None)
    soft = find_circle(seen, NEAR, soft=True)
    print(f"\n{'circle':34}{'column':>8}{'row':>6}{'radius':>8}")
    circles = {
        "to be found": CIRCLE,
        "hard edge, from (40, 22), 4": find_circle(seen, NEAR, soft=False)[-1],
        "soft edge, from (40, 22), 4": soft[-1],
        "soft edge, from (48, 26), 3": find_circle(seen, FAR, soft=True)[-1],
    }
    for name, (x, y, radius) in circles.items():
        print(f"{name:34}{x:8.2f}{y:6.2f}{radius:8.2f}")
    draw(file, picture, first, last, soft)


def draw(file, picture, first, last, circles):
    figure, panels = plt.subplots(2, 2, figsize=(10.5, 6.2), layout="constrained")
    titles = ("The map", "50 blots before the descent", "50 blots after it", "A circle finds the disc")
    disc = 1 - 0.35 * draw_circle(CIRCLE, picture.shape[:2], None)[:, :, None] * jnp.ones(3)
    for axes, image, title in zip(panels.flat, (picture, first, last, disc), titles, strict=True):
        axes.imshow(jnp.clip(image, 0, 1))
        axes.set(xticks=[], yticks=[], title=title)
    for i in (0, 20, 40, 60, 80, STEPS - 1):
        x, y, radius = circles[i]
        colour = plt.get_cmap("plasma")(0.85 * min(i / 100, 1))
        panels[1, 1].add_patch(plt.Circle((x, y), radius, fill=False, color=colour, linewidth=1.6, label=f"step {i}"))
    panels[1, 1].legend(loc="lower right", fontsize=8, frameon=False)
    figure.savefig(file, dpi=144)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_suffix(".png"))
