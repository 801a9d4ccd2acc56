"""Life backwards: a board whose next step is a picture, by gradient descent through the rules of a game without slopes.

In Conway's Game of Life a cell lives on with two or three living neighbours, and is born with three. Forwards this is a matter of
counting; backwards there is no rule, and many pictures have no board at all that leads to them. So let cells be alive in part: a
number between 0 and 1. Then the next step has a slope with respect to the board, and we can descend to the picture.
The idea is hardmath123's. Two soft rules are tried: one that counts soft neighbours and judges the count with a soft threshold,
which becomes hard while the descent runs, and one that takes the numbers for chances and computes the chance to be alive.

Run: python life_backwards.py [PICTURE.png]
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

jax.config.update("jax_enable_x64", True)

SIDE, STEPS, FLIPS = 64, 1500, 400_000
AROUND = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]  # the eight neighbours


def draw_face():
    """The picture: a face, shape (64, 64), 1 where it is black."""
    y, x = np.mgrid[31.5:-32:-1, -31.5:32]
    radius = np.hypot(x, y)
    eyes = np.hypot(abs(x) - 10, (y - 8) / 1.5) < 3.5
    mouth = (abs(radius - 16) < 1.8) & (y < -4)
    return jnp.array((abs(radius - 27) < 1.75) | eyes | mouth, dtype=float)


def neighbours(board):
    """The eight boards of neighbours; outside the board nothing is alive."""
    padded = jnp.pad(board, 1)
    return [padded[1 + i : 1 + i + SIDE, 1 + j : 1 + j + SIDE] for i, j in AROUND]


def next_step(board):
    """The rules: with n living neighbours, a cell is alive next if n + half of itself is 2.5, 3 or 3.5."""
    return 1.0 * (jnp.abs(sum(neighbours(board)) + board / 2 - 3) < 0.75)


def soft_threshold(board, width):
    """The same, with a threshold of a certain width."""
    return jax.nn.sigmoid((0.75 - jnp.abs(sum(neighbours(board)) + board / 2 - 3)) / width)


def chance(board, _):
    """The chance to be alive next, if each cell is alive with the chance that the board says, independently of the others."""
    counts = [jnp.ones_like(board), *[jnp.zeros_like(board)] * 3]  # the chances of 0, 1, 2 and 3 living neighbours
    for p in neighbours(board):
        fewer = [jnp.zeros_like(board), *counts[:3]]
        counts = [same * (1 - p) + less * p for same, less in zip(counts, fewer, strict=True)]
    return counts[3] + board * counts[2]


def descend(picture, rule):
    """Adam on numbers that a sigmoid turns into cells; both the sigmoid and the threshold become ten times as steep."""

    def misfit(numbers, part):
        board = jax.nn.sigmoid(numbers * 10**part)
        return jnp.mean((rule(board, 0.5 * 0.1**part) - picture) ** 2)

    def step(state, i):
        numbers, mean, square = state
        g = jax.grad(misfit)(numbers, i / (STEPS - 1))
        mean = 0.9 * mean + 0.1 * g
        square = 0.99 * square + 0.01 * g**2
        move = mean / (1 - 0.9 ** (i + 1)) / (jnp.sqrt(square / (1 - 0.99 ** (i + 1))) + 1e-9)
        return (numbers - 0.1 * move, mean, square), None

    start = 0.5 * jax.random.normal(jax.random.key(0), (SIDE, SIDE))
    zeros = jnp.zeros_like(start)
    numbers = jax.lax.scan(step, (start, zeros, zeros), jnp.arange(STEPS, dtype=float))[0][0]
    return 1.0 * (numbers > 0)


def flip_at_random(board, picture):
    """No slope at all: flip one random cell after the other, and keep the flip unless more cells are wrong than before."""
    near = jnp.arange(-1, 2)

    def count_wrong(padded, row, col):
        """Of the nine cells around a cell of the board, which lies in the middle of a margin of two."""
        window = jax.lax.dynamic_slice(padded, (row, col), (5, 5))
        count = sum(window[1 + i : 4 + i, 1 + j : 4 + j] for i, j in AROUND)
        alive = jnp.abs(count + window[1:4, 1:4] / 2 - 3) < 0.75
        rows, cols = row + near[:, None], col + near[None, :]
        on_board = (rows >= 0) & (rows < SIDE) & (cols >= 0) & (cols < SIDE)
        return jnp.sum(on_board & (alive != (picture[rows % SIDE, cols % SIDE] > 0)))

    def flip(padded, place):
        row, col = place
        flipped = padded.at[row + 2, col + 2].set(1 - padded[row + 2, col + 2])
        better = count_wrong(flipped, row, col) <= count_wrong(padded, row, col)
        return jax.lax.cond(better, lambda: flipped, lambda: padded), None

    places = jax.random.randint(jax.random.key(1), (FLIPS, 2), 0, SIDE)
    return jax.lax.scan(flip, jnp.pad(board, 2), places)[0][2:-2, 2:-2]


def main(file):
    picture, empty = draw_face(), jnp.zeros((SIDE, SIDE))
    by_chance = descend(picture, chance)
    boards = {
        "empty board": empty,
        "descent, soft threshold": descend(picture, soft_threshold),
        "descent, chances": by_chance,
        f"{FLIPS:,} random flips": flip_at_random(empty, picture),
        "descent, chances, then flips": flip_at_random(by_chance, picture),
    }
    print(f"{'':30}{'cells right':>11}")
    for name, board in boards.items():
        print(f"{name:30}{100 * jnp.mean(next_step(board) == picture):9.1f} %")
    draw(file, picture, by_chance)


def draw(file, picture, board):
    figure, panels = plt.subplots(1, 3, figsize=(10.5, 3.85), layout="constrained")
    after = next_step(board)
    wrong = jnp.where((after != picture)[:, :, None], jnp.array([0.835, 0.369, 0.0]), 1 - after[:, :, None])
    share = f"{100 * jnp.mean(after == picture):.1f} % right"
    titles = (
        "The picture that is wanted",
        "A board that gradient descent found",
        f"Its next step: {share}, wrong in orange",
    )
    for axes, image, title in zip(panels, (1 - picture, 1 - board, wrong), titles, strict=True):
        axes.imshow(image, cmap="gray", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        axes.set_title(title, fontsize=10)
    figure.savefig(file, dpi=144)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_suffix(".png"))
