"""Shoot a ray through smooth ground: a package that solves differential equations, differentiated like any other function.

Where slowness changes smoothly, the fastest path is a smooth curve, a ray. It starts at some angle and bends towards slow ground,
by an equation for each metre of the way, which diffrax integrates. The end of the ray is a function of the angle and the length,
and JAX differentiates it through all of diffrax; so Newton's method can aim at the goal. With respect to the ground the time of
the ray has a derivative too: which hill costs how much?

Run: python shoot_a_ray.py [PICTURE.png]    (needs: pip install diffrax)
"""

import sys
from pathlib import Path

import diffrax
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

from terrain_cli import Ground, find_route

jax.config.update("jax_enable_x64", True)

START, GOAL = jnp.array([2.0, 4.0]), jnp.array([27.0, 15.0])  # m
HILLS = jnp.array(
    [[13.0, 9.0, 1.2, 3.0], [22.0, 6.0, -0.4, 3.0]]
)  # x and y (m), height (s/m) and width (m): one slow, one fast
GUESSES = (-30.0, 20.0, 60.0)  # angles of the first shots, degrees


def calc_slowness(point, hills):
    """Seconds per metre at a point: 1, and the hills, which are Gaussians."""
    squares = jnp.sum((point - hills[:, :2]) ** 2, axis=1)
    return 1 + jnp.sum(hills[:, 2] * jnp.exp(-squares / (2 * hills[:, 3] ** 2)))


def bend(_, ray, hills):
    """What changes per metre of a ray: its place, its direction (of length slowness) and its time."""
    place, direction, _ = ray
    slowness, slope = jax.value_and_grad(calc_slowness)(place, hills)
    return direction / slowness, slope, slowness


def shoot(aim, hills, lengths=None):
    """Place and time at the end of a ray, or at several lengths of it. aim: angle (radians) and length (m)."""
    angle, length = aim
    direction = calc_slowness(START, hills) * jnp.array([jnp.cos(angle), jnp.sin(angle)])
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(bend),
        diffrax.Tsit5(),
        t0=0.0,
        t1=length,
        dt0=None,
        y0=(START, direction, 0.0),
        args=hills,
        adjoint=diffrax.ForwardMode(),  # few numbers to differentiate by, so forwards; the default is backwards
        stepsize_controller=diffrax.PIDController(rtol=1e-9, atol=1e-9),
        saveat=diffrax.SaveAt(t1=True) if lengths is None else diffrax.SaveAt(ts=lengths),
    )
    places, _, times = solution.ys
    return (places[0], times[0]) if lengths is None else (places, times)


shoot_once = jax.jit(shoot)
differentiate = jax.jit(jax.jacfwd(shoot, argnums=(0, 1)))


def hit(aim, hills):
    """Newton: shoot, see by how much the goal is missed, and correct the aim by 0.2 and 3 m at most. Returns the shots, too."""
    shots = 1
    while jnp.linalg.norm(miss := shoot_once(aim, hills)[0] - GOAL) > 1e-9 and shots < 30:
        shots += 1
        (place_by_aim, _), _ = differentiate(aim, hills)
        correction = jnp.linalg.solve(place_by_aim, miss)
        aim = aim - correction * jnp.minimum(1, jnp.min(jnp.array([0.2, 3.0]) / jnp.abs(correction)))
    return aim, shots


def differentiate_by_ground(aim, hills):
    """The derivatives of the time from start to goal by the numbers of the hills. When those change, the aim must, too."""
    (place_by_aim, place_by_hills), (time_by_aim, time_by_hills) = differentiate(aim, hills)
    aim_by_hills = -jnp.tensordot(jnp.linalg.inv(place_by_aim), place_by_hills, 1)  # so that the place stays the goal
    return time_by_hills + jnp.tensordot(time_by_aim, aim_by_hills, 1)


def differ_by_ground(aim, hill, step=1e-5):
    """The derivative by the height of one hill once more, by shooting at the goal over two slightly different grounds."""
    more, less = HILLS.at[hill, 2].add(step), HILLS.at[hill, 2].add(-step)
    times = [shoot_once(hit(aim, hills)[0], hills)[1] for hills in (more, less)]
    return (times[0] - times[1]) / (2 * step)


def sample(cell):
    """The ground as a raster."""
    x, y = jnp.arange(cell / 2, 30, cell), jnp.arange(20 - cell / 2, 0, -cell)
    row = jax.vmap(calc_slowness, (0, None))
    return jax.vmap(row, (0, None))(jnp.stack(jnp.meshgrid(x, y), axis=2), HILLS)


def main(picture):
    straight = float(jnp.linalg.norm(GOAL - START))
    print(f"{'first shot at':>13}{'shots':>7}{'hits at':>9}{'length (m)':>12}{'time (s)':>10}")
    aims = []
    for guess in GUESSES:
        aim, shots = hit(jnp.array([np.radians(guess), straight]), HILLS)
        aims.append(aim)
        print(f"{guess:12.0f}°{shots:7d}{np.degrees(aim[0]):8.2f}°{aim[1]:12.4f}{shoot_once(aim, HILLS)[1]:10.4f}")
    best = aims[0]
    route = find_route(Ground(sample(0.1), 0.1), START, GOAL)
    print(f"{'terrain, on a raster of 0.1 m':29}{route.distance:12.4f}{route.time:10.4f}")
    print(f"\n{'seconds per s/m of height':29}{'slow hill':>12}{'fast hill':>10}")
    print(f"{'through diffrax':29}" + "{:12.5f}{:10.5f}".format(*differentiate_by_ground(best, HILLS)[:, 2]))
    print(f"{'finite differences':29}" + "".join(f"{differ_by_ground(best, i):{12 - 2 * i}.5f}" for i in (0, 1)))
    draw(picture, aims, route)


def draw(picture, aims, route):
    plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False})
    figure, axes = plt.subplots(figsize=(8.2, 5.5), layout="constrained")
    ground = axes.imshow(sample(0.1), extent=(0, 30, 0, 20), cmap="gray_r", vmin=0.4, vmax=3.5)
    figure.colorbar(ground, label="slowness (s/m)", shrink=0.8)
    fan = [jnp.array([np.radians(angle), 29.0]) for angle in range(-40, 91, 5)]
    follow = jax.jit(jax.vmap(lambda aim: shoot(aim, HILLS, jnp.linspace(0, aim[1], 150))))
    rays, times = follow(jnp.array(aims + fan))  # each at 150 lengths
    axes.plot(*rays[3:].T, color="#56b4e9", linewidth=0.7)
    for ray, time, colour in zip(rays[:3], times[:3, -1], ("#d55e00", "#e69f00", "#009e73"), strict=True):
        axes.plot(*ray.T, color=colour, linewidth=2.2, label=f"ray, {time:.2f} s")
    axes.plot(*route.points.T, "k--", linewidth=1, label=f"route of terrain, {route.time:.2f} s")
    for place, name in ((START, "A"), (GOAL, "B")):
        axes.plot(*place, "ko", markersize=6)
        axes.annotate(name, place, (-5, 8), textcoords="offset points", fontsize=12, fontweight="bold")
    axes.set(xlabel="x (m)", ylabel="y (m)", xlim=(0, 30), ylim=(0, 20), title="Rays from A, and the three that hit B")
    figure.legend(loc="outside lower center", ncols=4)
    figure.savefig(picture, dpi=144)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_suffix(".png"))
