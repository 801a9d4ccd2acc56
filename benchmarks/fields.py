"""Arrival times over a map, compared with other solvers: run time, error against exact times, memory, cost of the gradient.

Everything that is timed runs in separate processes, each on one processor core.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.grounds import Ground, Numbers, make_grounds
from benchmarks.table import Table

SIZES = (256, 512, 1024, 2048)
LARGE = 4096  # cells a side, for memory
SLOW = {"pykonal": 1024, "MCP_Geometric": 1024}  # cells a side; larger maps take too long
SAMPLE = 128  # points along a side at which errors are measured
FIGURE = Path(__file__).parent.parent / "docs" / "images" / "work_precision.png"

ROOT = Path(__file__).parent.parent
Solver = Callable[[Ground, int], tuple[Callable[[], Any], Callable[[Any], Numbers]]]


def places(n: int) -> tuple[Numbers, Numbers]:
    """The corners of n x n cells of the unit square."""
    along = np.arange(n + 1) / n
    return along[:, None], along[None, :]


def ours(scheme: str, kind: type) -> Solver:
    def prepare(ground: Ground, n: int) -> tuple[Callable[[], Any], Callable[[Any], Numbers]]:
        import jax.numpy as jnp

        from terrain_cli.maps.fields.arrival import solve_eikonal

        middle = (np.arange(n) + 0.5) / n
        slowness = jnp.asarray(ground.slowness(middle[:, None], middle[None, :]), kind)
        start = jnp.asarray(ground.start) * n
        return lambda: solve_eikonal(slowness, start, spacing=1 / n, scheme=scheme), np.asarray

    return prepare


def _nodes(ground: Ground, n: int) -> tuple[Numbers, Numbers, tuple[int, int]]:
    """Slowness at the corners, the distance from the start, and the corner at which the start lies."""
    x, y = places(n)
    row, column = (round(a * n) for a in ground.start)
    return ground.slowness(x, y), np.hypot(x - ground.start[0], y - ground.start[1]), (row, column)


def scikit_fmm(order: int) -> Solver:
    def prepare(ground: Ground, n: int) -> tuple[Callable[[], Any], Callable[[Any], Numbers]]:
        import skfmm

        slowness, distance, start = _nodes(ground, n)
        radius = 1.5 / n  # start from a circle: starting from a single node would lose an order of accuracy
        blocked = np.isinf(slowness)
        speed = np.where(blocked, 1, 1 / slowness)
        front: Any = distance - radius
        if blocked.any():
            front = np.ma.MaskedArray(front, blocked)
        head_start = radius * slowness[start]

        def finish(times: Any) -> Numbers:
            filled = np.ma.filled(times, np.inf) + head_start
            return np.asarray(np.where(distance < radius, distance * slowness[start], filled))

        return lambda: skfmm.travel_time(front, speed, dx=1 / n, order=order), finish

    return prepare


def factored(ground: Ground, n: int) -> tuple[Callable[[], Any], Callable[[Any], Numbers]]:
    import eikonalfm

    slowness, distance, start = _nodes(ground, n)
    speed = np.where(np.isinf(slowness), 1e-6, 1 / slowness)  # it does not support walls
    spacing = np.array([1 / n, 1 / n])

    def finish(factors: Any) -> Numbers:
        return np.asarray(factors) * distance  # the times are those of speed 1, factored

    return lambda: eikonalfm.factored_fast_marching(speed, start, spacing, 2), finish


def pykonal_(ground: Ground, n: int) -> tuple[Callable[[], Any], Callable[[Any], Numbers]]:
    import pykonal

    slowness, _, start = _nodes(ground, n)
    speed = np.where(np.isinf(slowness), 0, 1 / slowness)

    def solve() -> Any:
        solver = pykonal.EikonalSolver(coord_sys="cartesian")
        solver.velocity.min_coords = 0, 0, 0
        solver.velocity.node_intervals = 1 / n, 1 / n, 1
        solver.velocity.npts = n + 1, n + 1, 1
        solver.velocity.values = speed[:, :, None]
        solver.traveltime.values[(*start, 0)] = 0
        solver.unknown[(*start, 0)] = False
        solver.trial.push(*start, 0)
        solver.solve()
        return solver.traveltime.values[:, :, 0]

    return solve, np.asarray


def least_cost(ground: Ground, n: int) -> tuple[Callable[[], Any], Callable[[Any], Numbers]]:
    from skimage.graph import MCP_Geometric

    slowness, _, start = _nodes(ground, n)
    return lambda: MCP_Geometric(slowness / n).find_costs([start])[0], np.asarray


SOLVERS: dict[str, Solver] = {
    "terrain box": ours("box", np.float64),
    "terrain box float32": ours("box", np.float32),
    "terrain godunov": ours("godunov", np.float64),
    "scikit-fmm order 1": scikit_fmm(1),
    "scikit-fmm order 2": scikit_fmm(2),
    "eikonalfm factored order 2": factored,
    "pykonal": pykonal_,
    "MCP_Geometric": least_cost,
}
if importlib.util.find_spec("pykonal") is None:  # it has no wheels, and is compiled together with an old numpy
    del SOLVERS["pykonal"]
RIVAL = "scikit-fmm order 2"


def errors(times: Numbers, ground: Ground, n: int) -> tuple[float, float]:
    """RMS error divided by RMS time, and the largest relative error, at a sample of the corners."""
    step = max(1, n // SAMPLE)
    exact = ground.exact(*(a[::step, :] if a.shape[1] == 1 else a[:, ::step] for a in places(n)))
    there = np.isfinite(exact) & (exact > 0)
    error = times[::step, ::step][there] - exact[there]
    rms = np.sqrt(np.mean(error**2) / np.mean(exact[there] ** 2))
    return float(rms), float(np.abs(error / exact[there]).max())


def measure_solvers(n: int) -> list[list[Any]]:
    """A row for each ground and solver at one size; the solvers are timed in alternation."""
    from benchmarks.table import side_by_side

    rows = []
    for ground in make_grounds():
        prepared = {}
        for name, prepare in SOLVERS.items():
            if n <= SLOW.get(name, n):
                try:
                    prepared[name] = prepare(ground, n)
                except ImportError:
                    print(f"{name} is not installed", file=sys.stderr)
        rounds = 7 if n <= 512 else 5 if n == 1024 else 2
        times = dict(zip(prepared, side_by_side([solve for solve, _ in prepared.values()], rounds), strict=True))
        for name, (solve, finish) in prepared.items():
            rms, worst = errors(finish(solve()), ground, n)
            ratio = times[name] / times[RIVAL] if RIVAL in times else None
            rows.append([ground.name, n, name, 1e3 * times[name], ratio, rms, worst])
    return rows


def measure_memory(n: int, kind: str, scheme: str) -> list[list[Any]]:
    """Run time and peak memory of a whole process that solves one smooth field."""
    import resource

    from benchmarks.table import seconds

    solve, finish = ours(scheme, getattr(np, kind))(make_grounds()[1], n)
    taken = seconds(solve, least=0)
    rms, _ = errors(finish(solve()), make_grounds()[1], n)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # kiB on Linux
    return [[n, scheme, kind, taken, 1e9 * taken / n**2, peak, rms]]


def measure_gradient(n: int) -> list[list[Any]]:
    """The cost of the gradient of one time with respect to every cell, and how far <dT/ds, s> is from T."""
    import jax
    import jax.numpy as jnp

    from benchmarks.table import side_by_side
    from terrain_cli.maps.fields.arrival import solve_eikonal

    rows = []
    for ground in make_grounds():
        middle = (np.arange(n) + 0.5) / n
        slowness = jnp.asarray(ground.slowness(middle[:, None], middle[None, :]))
        start = jnp.asarray(ground.start) * n
        goal = (n // 2, n // 2)  # inside the spiral

        def time(slowness: Any, start: Any = start, goal: Any = goal) -> Any:
            return solve_eikonal(slowness, start, spacing=1 / n, scheme="godunov")[goal]

        value, gradient = jax.jit(time), jax.jit(jax.grad(time))
        a, b = side_by_side([lambda: value(slowness), lambda: gradient(slowness)], 5)  # noqa: B023  called within this iteration
        free = jnp.isfinite(slowness)
        total = jnp.sum(gradient(slowness) * jnp.where(free, slowness, 0))
        rows.append([ground.name, n, 1e3 * a, 1e3 * b, b / a, float(abs(total / value(slowness) - 1))])
    return rows


MEASURES: dict[str, Callable[..., list[list[Any]]]] = {
    "solvers": measure_solvers,
    "memory": measure_memory,
    "gradient": measure_gradient,
}


def measure(*arguments: object) -> list[list[Any]]:
    """The rows of one of the measures, from a separate process on one core."""
    command = [sys.executable, "-m", "benchmarks.fields", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TERRAIN_CACHE_DIR": "off"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    rows: list[list[Any]] = json.loads(done.stdout)
    return rows


def draw_work_precision(rows: list[list[Any]]) -> None:
    """Draw error against time: a panel for each ground, a line for each solver, a point for each size."""
    import matplotlib.pyplot as plt

    grounds = list(dict.fromkeys(row[0] for row in rows))
    figure, panels = plt.subplots(2, 2, figsize=(9, 7), layout="constrained")
    for ground, axes in zip(grounds, panels.flat, strict=True):
        for index, name in enumerate(SOLVERS):
            its = [row for row in rows if row[0] == ground and row[2] == name and row[5] > 1e-10]
            if its:
                style = "-o" if name.startswith("terrain") else "--s"
                axes.loglog([r[3] for r in its], [r[5] for r in its], style, color=f"C{index}", ms=4, label=name)
        axes.set(title=ground, xlabel="time (ms)", ylabel="RMS error / RMS time")
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    handles, labels = panels.flat[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8)
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(FIGURE, dpi=110)
    plt.close(figure)


def run() -> Iterator[Table]:
    rows: list[list[Any]] = []
    for n in SIZES:
        new = measure("solvers", n)
        rows += new
        yield Table(
            f"{n} x {n} cells",
            ["ground", "n", "solver", "ms", f"of {RIVAL}'s time", "RMS error / RMS time", "worst relative error"],
            "One core, compiled, timed in alternation; errors against exact times. A dash: not measured.",
            new,
        )
    draw_work_precision(rows)
    yield Table(
        "Large maps",
        ["n", "scheme", "kind", "s", "ns a cell", "peak of the process (GiB)", "RMS error / RMS time"],
        "Smooth ground. Memory is that of the whole process, including JAX and the compilation.",
        [
            row
            for n, kind, scheme in (
                (1024, "float64", "box"),
                (LARGE, "float64", "box"),
                (LARGE, "float32", "box"),
                (LARGE, "float64", "godunov"),
            )
            for row in measure("memory", n, kind, scheme)
        ],
    )
    yield Table(
        "Derivatives with respect to every cell",
        ["ground", "n", "times (ms)", "gradient (ms)", "gradient / times", "|<dT/ds, s>/T - 1|"],
        "Of the time to the middle of the map, scheme godunov; the gradient's time includes that of the times.",
        [row for n in (256, 1024) for row in measure("gradient", n)],
    )


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    which, *numbers = sys.argv[1:]
    importlib.import_module("terrain_cli.jax_config")  # 64-bit floats
    print(json.dumps(MEASURES[which](*(int(a) if a.isdigit() else a for a in numbers))))
