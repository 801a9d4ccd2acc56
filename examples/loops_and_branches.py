"""Loops and branches: how many legs a path has depends on the ground, and its time has a derivative all the same.

A sound is sent down into layered ground, in which it gets faster with depth. Each layer bends the ray further (Snell's law: the
sine of its angle, divided by the speed, is the same number p everywhere), until a layer is too fast to be entered: p times its
speed would be a sine above 1. There the ray turns back, and it comes up through the same layers. The program needs a loop that
stops, or a branch in each layer. This file writes it in five ways, and asks each for its derivatives.

Run: python loops_and_branches.py [PICTURE.png]
"""

import sys
import timeit
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

jax.config.update("jax_enable_x64", True)

LAYER = 10.0  # thickness of each layer, m
SPEEDS = 1 + 0.1 * jnp.arange(30.0)  # of the layers, m/s
ANGLE = 40.0  # at which the ray leaves, from the vertical, degrees


def ray_parameter(angle, speeds):
    return jnp.sin(jnp.radians(angle)) / speeds[0]


def time_in(speed, p):
    """The time on the way down and up through one layer."""
    cosine = jnp.sqrt(1 - (p * speed) ** 2)
    return 2 * LAYER / cosine / speed


def by_python(angle, speeds):
    """Python's own `while`: JAX sees only the legs that are run through, one after the other."""
    p, time, i = ray_parameter(angle, speeds), 0.0, 0
    while i < len(speeds) and p * speeds[i] < 1:
        time += time_in(speeds[i], p)
        i += 1
    return time


def by_while_loop(angle, speeds):
    """A loop that JAX can compile, although nobody knows beforehand how often it runs."""
    p = ray_parameter(angle, speeds)
    goes_on = lambda state: (state[0] < len(speeds)) & (p * speeds[state[0]] < 1)
    down = lambda state: (state[0] + 1, state[1] + time_in(speeds[state[0]], p))
    return jax.lax.while_loop(goes_on, down, (0, 0.0))[1]


def by_cond(angle, speeds):
    """A loop over all layers, and in each a branch, of which only one side is run."""
    p = ray_parameter(angle, speeds)

    def visit(time, speed):
        return time + jax.lax.cond(p * speed < 1, lambda: time_in(speed, p), lambda: 0.0), None

    return jax.lax.scan(visit, 0.0, speeds)[0]


def by_where(angle, speeds):
    """No loop: both sides of the branch, for all layers at once. The side not taken is NaN: going backwards, so is all."""
    p = ray_parameter(angle, speeds)
    return jnp.sum(jnp.where(p * speeds < 1, time_in(speeds, p), 0))


def by_guarded_where(angle, speeds):
    """The same, with a harmless speed on the side not taken: it is computed too, so it must be a number."""
    p = ray_parameter(angle, speeds)
    enters = p * speeds < 1
    return jnp.sum(jnp.where(enters, time_in(jnp.where(enters, speeds, 0.5 / p), p), 0))


WAYS = {
    "Python while": by_python,
    "lax.while_loop": by_while_loop,
    "lax.scan, lax.cond": by_cond,
    "where": by_where,
    "where, guarded": by_guarded_where,
}


def differentiate(way):
    """The derivative by the angle, forwards; those by all speeds, backwards; and what each costs, in microseconds."""
    compiled = jax.jit if way is not by_python else lambda function: function
    value = compiled(way)
    forwards = compiled(lambda angle, speeds: jax.jvp(lambda a: way(a, speeds), (angle,), (1.0,))[1])
    backwards = compiled(jax.grad(way, argnums=1))
    results, costs, times = [], [], 2 if way is by_python else 200
    for function in (value, forwards, backwards):
        try:
            results.append(jax.block_until_ready(function(ANGLE, SPEEDS)))
            run = lambda function=function: jax.block_until_ready(function(ANGLE, SPEEDS))
            costs.append(1e6 * min(timeit.repeat(run, number=times, repeat=3)) / times)
        except ValueError:  # "Reverse-mode differentiation does not work for lax.while_loop ..."
            results.append(None)
            costs.append(None)
    return results, costs


def main(picture):
    show = lambda number, width, form: f"{'refused':>{width}}" if number is None else f"{number:{width}{form}}"
    print(f"{'':20}{'time':>9}{'dt/dangle':>12}{'dt/dspeed 1':>13}   {'cost (µs)':>9}{'forwards':>10}{'backwards':>10}")
    for name, way in WAYS.items():
        (time, by_angle, by_speeds), costs = differentiate(way)
        first = None if by_speeds is None else by_speeds[0]
        numbers = show(time, 9, ".4f") + show(by_angle, 12, ".6f") + show(first, 13, ".4f")
        print(f"{name:20}{numbers}   {show(costs[0], 9, '.0f')}{show(costs[1], 10, '.0f')}{show(costs[2], 10, '.0f')}")
    step = 1e-6
    by_angle = (by_python(ANGLE + step, SPEEDS) - by_python(ANGLE - step, SPEEDS)) / (2 * step)
    move = step * jnp.eye(len(SPEEDS))[0]
    by_speed = (by_python(ANGLE, SPEEDS + move) - by_python(ANGLE, SPEEDS - move)) / (2 * step)
    print(f"{'finite differences':20}{'':9}{by_angle:12.6f}{by_speed:13.4f}")
    draw(picture)


def draw(picture):
    plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False})
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.2), width_ratios=[1.5, 1], layout="constrained")
    for i in range(9):
        left.axhspan(LAYER * i, LAYER * (i + 1), color=str(0.72 + 0.03 * i), linewidth=0)
        left.text(1.5, LAYER * i + 6.5, f"{SPEEDS[i]:.1f} m/s", fontsize=8, color="#444444")
    for angle, colour in ((55.0, "#009e73"), (ANGLE, "#d55e00"), (34.5, "#0072b2")):
        p = float(ray_parameter(angle, SPEEDS))
        sines = p * np.asarray(SPEEDS)
        sines = sines[: np.argmax(sines >= 1)]  # the layers that the ray enters
        across = LAYER * sines / np.sqrt(1 - sines**2)
        x = 20 + np.concatenate([[0], np.cumsum([*across, *across[::-1]])])
        depth = LAYER * np.concatenate([np.arange(len(sines) + 1), np.arange(len(sines))[::-1]])
        left.plot(x, depth, "o-", color=colour, markersize=3, label=f"{angle:g}°: {2 * len(sines)} legs")
    left.set(xlabel="distance (m)", ylabel="depth (m)", ylim=(90, 0), xlim=(0, None))
    left.set_title("How deep a ray goes depends on the ground")
    left.legend(fontsize=9, loc="lower right", frameon=True, edgecolor="none")
    angles = np.linspace(32, 60, 3000)
    times = np.array(jax.vmap(by_guarded_where, in_axes=(0, None))(jnp.array(angles), SPEEDS))
    times[1:][np.abs(np.diff(times)) > 3] = np.nan  # a break in the line where the number of legs changes
    right.plot(angles, times, "k", linewidth=1.4)
    time, slope = float(by_where(ANGLE, SPEEDS)), float(jax.grad(by_guarded_where)(ANGLE, SPEEDS))
    right.plot(ANGLE, time, "o", color="#d55e00")
    right.plot([36, 44], [time - 4 * slope, time + 4 * slope], color="#d55e00", label="derivative at 40°")
    right.set(xlabel="angle (degrees)", ylabel="time (s)")
    right.set_title("A derivative does not see the jumps")
    right.legend(fontsize=9)
    figure.savefig(picture, dpi=144)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_suffix(".png"))
