"""A network that knows the travel times: the eikonal equation is its loss.

T(p) is the time from a source to the point p. Times grow by slowness, so that the speed times the length of T's slope is 1
everywhere: this is the eikonal equation. A neural network is a function of p with thousands of numbers in it. JAX gives its slope
with respect to p, and by how much the equation fails has a gradient with respect to the numbers, by JAX again. So the network
learns the times from the equation alone: nobody shows it a time. The exact times serve only to check it.

Run: python travel_time_network.py [PICTURE.png] [STEPS]    (needs: pip install flax)
"""

import sys
import time
import timeit
from itertools import pairwise
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from flax import nnx

from terrain_cli import Ground, arrival_times

jax.config.update("jax_enable_x64", True)  # for the exact times; the network has 32 bits

FIELD = jnp.array([30.0, 20.0], dtype=jnp.float32)  # m
POINTS, WIDTH, LAYERS = 512, 50, 3  # points in each step; the size of the network


def strips(p, edge):
    """Speed (m/s) at a point across the three strips of the post, with borders that are soft over `edge` metres."""
    return 0.7 - 0.4 * jax.nn.sigmoid((p[0] - 10) / edge) + 0.15 * jax.nn.sigmoid((p[0] - 20) / edge)


def lake(p, edge):
    to_shore = jnp.sqrt((p[0] - 15) ** 2 + (p[1] - 10) ** 2 + 1e-9) - 5
    return 0.7 - 0.5 * jax.nn.sigmoid(-to_shore / edge)


def road(p, edge):
    return 0.4 + 0.8 * jax.nn.sigmoid((1 - jnp.abs(p[1] - 12)) / edge)


GROUNDS = {  # speed, source, slowest and fastest speed
    "three strips": (strips, (0.0, 0.0), 0.3, 0.7),
    "a lake of 0.2 in 0.7 m/s": (lake, (2.0, 10.0), 0.2, 0.7),
    "a road of 1.2 in 0.4 m/s": (road, (2.0, 4.0), 0.4, 1.2),
}


class Network(nnx.Module):
    """From a point to one number: layers of sums, each followed by a Gaussian bump."""

    def __init__(self, rngs):
        sizes = [2, *[WIDTH] * LAYERS]
        self.hidden = nnx.List([nnx.Linear(a, b, rngs=rngs) for a, b in pairwise(sizes)])
        self.last = nnx.Linear(WIDTH, 1, rngs=rngs)

    def __call__(self, p):
        values = (p - FIELD / 2) / 10
        for layer in self.hidden:
            values = jnp.exp(-(layer(values) ** 2))
        return self.last(values)[0]


def calc_time(numbers, structure, p, source, slowest, fastest):
    """Time to p: the distance, times a slowness between the least and the greatest, which the network chooses."""
    distance = jnp.sqrt(jnp.sum((p - source) ** 2) + 1e-12)
    between = jax.nn.sigmoid(nnx.merge(structure, numbers)(p))
    return distance * ((1 / slowest - 1 / fastest) * between + 1 / fastest)


def pick_points(key, source):
    """Random points: two thirds anywhere, and a third on the way from the source to anywhere, so that many are near it."""
    anywhere = jax.random.uniform(key, (POINTS, 2), jnp.float32) * FIELD
    part = jax.random.uniform(jax.random.fold_in(key, 1), (POINTS // 3, 1), jnp.float32)
    return anywhere.at[: POINTS // 3].set(source + part * (anywhere[: POINTS // 3] - source))


def train(ground, steps, edges=(0.5, 0.02)):
    """The network after a descent by Adam, as a function of p, and its loss. edges: of the ground, m, at first and at last."""
    speed, source, slowest, fastest = ground
    structure, numbers = nnx.split(Network(nnx.Rngs(0)))  # what is fixed, and what is to be learned
    source = jnp.array(source, dtype=jnp.float32)

    def calc_loss(numbers, points, edge):
        slope = jax.vmap(jax.grad(lambda p: calc_time(numbers, structure, p, source, slowest, fastest)))(points)
        lacks = jax.vmap(speed, (0, None))(points, edge) * jnp.sqrt(jnp.sum(slope**2, axis=1) + 1e-12) - 1
        return jnp.mean(jnp.abs(lacks))

    def step(state, i):
        numbers, mean, square = state
        part = i / (steps - 1)
        edge = (edges[0] * (edges[1] / edges[0]) ** jnp.minimum(part / 0.8, 1)).astype(jnp.float32)
        loss, g = jax.value_and_grad(calc_loss)(numbers, pick_points(jax.random.key(i.astype(int)), source), edge)
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, g)
        square = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g**2, square, g)
        move = lambda m, s: m / (1 - 0.9 ** (i + 1)) / (jnp.sqrt(s / (1 - 0.999 ** (i + 1))) + 1e-8)
        adam = lambda n, m, s: n - 0.01 * 0.01**part * move(m, s)
        return (jax.tree.map(adam, numbers, mean, square), mean, square), loss

    zeros = jax.tree.map(jnp.zeros_like, numbers)
    run = jax.jit(lambda numbers: jax.lax.scan(step, (numbers, zeros, zeros), jnp.arange(steps, dtype=jnp.float32)))
    (numbers, _, _), losses = run(numbers)
    return lambda p: calc_time(numbers, structure, p, source, slowest, fastest), float(losses[-100:].mean())


def sweep(ground, cell=0.1):
    """The exact times at the corners of small cells, by `arrival_times` of `terrain`, and the seconds that it takes."""
    x, y = jnp.arange(cell / 2, 30, cell), jnp.arange(20 - cell / 2, 0, -cell)
    speeds = jax.vmap(jax.vmap(ground[0], (0, None)), (0, None))(jnp.stack(jnp.meshgrid(x, y), axis=2), 1e-6)
    field = Ground(1 / np.asarray(speeds), cell)
    times = np.asarray(arrival_times(field, ground[1]))
    return times, min(timeit.repeat(lambda: arrival_times(field, ground[1]), number=1, repeat=5))


def main(picture, steps):
    print(f"{'ground':28}{'edges (m)':>12}{'loss':>9}{'mean error':>12}{'largest':>9}{'training':>10}{'sweep':>9}")
    x, y = jnp.linspace(0, 30, 301, dtype=jnp.float32), jnp.linspace(20, 0, 201, dtype=jnp.float32)
    corners = jnp.stack(jnp.meshgrid(x, y), axis=2)
    drawn = []
    for name, edges in [(name, (0.5, 0.02)) for name in GROUNDS] + [("three strips", (0.5, 0.5))]:
        began = time.perf_counter()
        network, loss = train(GROUNDS[name], steps, edges)
        trained = time.perf_counter() - began
        exact, swept = sweep(GROUNDS[name])
        learned = np.asarray(jax.jit(jax.vmap(jax.vmap(network)))(corners))
        errors = np.abs(learned - exact)[exact > 0] / exact[exact > 0]
        row = f"{name:28}{f'{edges[0]:g} to {edges[1]:g}':>12}{loss:9.4f}{100 * errors.mean():10.2f} %{100 * errors.max():7.1f} %"
        print(f"{row}{trained:8.1f} s{1000 * swept:6.0f} ms")
        drawn.append((name, learned, exact))
    draw(picture, drawn[:3])


def draw(picture, drawn):
    figure, panels = plt.subplots(2, 3, figsize=(11, 4.9), layout="constrained", sharex=True, sharey=True)
    for (name, learned, exact), (above, below) in zip(drawn, panels.T, strict=True):
        speed, source, _, _ = GROUNDS[name]
        x, y = np.linspace(0, 30, 301), np.linspace(20, 0, 201)
        speeds = jax.vmap(jax.vmap(speed, (0, None)), (0, None))(jnp.stack(jnp.meshgrid(x, y), axis=2), 0.02)
        above.imshow(speeds, extent=(0, 30, 0, 20), cmap="gray", vmin=-0.6, vmax=0.8)
        levels = np.arange(10, 100, 10)
        above.contour(x, y, exact, levels, colors="black", linewidths=2.4, alpha=0.35)
        above.contour(x, y, learned, levels, colors="#d55e00", linewidths=1)
        above.plot(*source, "ko", clip_on=False)
        above.set(title=name)
        errors = below.imshow(
            100 * (learned / np.where(exact > 0, exact, np.nan) - 1),
            extent=(0, 30, 0, 20),
            cmap="RdBu",
            vmin=-3,
            vmax=3,
        )
        below.set(xlabel="x (m)")
    for axes in panels[:, 0]:
        axes.set(ylabel="y (m)")
    panels[0, 0].plot([], [], "k", linewidth=2.4, alpha=0.35, label="exact")
    panels[0, 0].plot([], [], color="#d55e00", linewidth=1, label="learned")
    panels[0, 0].legend(title="every 10 s", fontsize=8, title_fontsize=8, loc="upper left")
    figure.colorbar(errors, ax=panels[1], label="error (%)", extend="both")
    figure.savefig(picture, dpi=144)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_suffix(".png")
    main(target, int(sys.argv[2]) if sys.argv[2:] else 2500)
