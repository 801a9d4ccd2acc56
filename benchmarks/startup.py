"""Whole processes compared with their bare imports, and the compiled descent with the loop of the post, as ratios."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from benchmarks.table import Table

ROOT = Path(__file__).parent.parent
THREE = str(ROOT / "configs" / "three_strips.yaml")


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


PAIRS = {
    # what: (our command, the command it is compared with)
    "terrain solve, warm / import jax and one operation": (
        python("-m", "terrain_cli", "solve", THREE),
        python("-c", "import jax; jax.numpy.add(1.0, 1.0).block_until_ready()"),
    ),
    "terrain --help / import typer, rich.console": (
        python("-m", "terrain_cli", "--help"),
        python("-c", "import typer, rich.console"),
    ),
    "terrain plot, warm / import jax, matplotlib.pyplot, and an empty figure": (
        python("-m", "terrain_cli", "plot", THREE, "--output", "plot.png"),
        python("-c", "import jax, matplotlib.pyplot as plt; plt.figure().savefig('empty.png')"),
    ),
    "sweep of 10,000 steps / sweep of 10": (
        python("-m", "terrain_cli", "sweep", "--step", "0.1:6:10000", "--quiet"),
        python("-m", "terrain_cli", "sweep", "--step", "0.1:6:10", "--quiet"),
    ),
}


FIRST = {
    # what: the command whose first run, which compiles its programs, is compared with its second
    "batch of three rows": ("batch", str(ROOT / "configs" / "cases.jsonl")),
    "batch of 1,000 crust rays, --sensitivity": ("batch", "crust.jsonl", "--sensitivity"),
    "check configs/": ("check", str(ROOT / "configs")),
    "report": ("report", THREE, "--output", "report.html"),
}


def median_times(tasks: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """The median duration of each task, s. The tasks take turns, so that a busy machine slows all of them equally."""
    times: list[list[float]] = [[] for _ in tasks]
    for task in tasks:
        task()
    for _ in range(rounds):
        for task, seconds in zip(tasks, times, strict=True):
            start = time.perf_counter()
            task()
            seconds.append(time.perf_counter() - start)
    return [statistics.median(seconds) for seconds in times]


def process_times(ours: list[str], bare: list[str], rounds: int, folder: Path) -> tuple[float, float]:
    """The median duration of both commands, s, run in turns in `folder`, which also holds the compile cache."""

    def run(command: list[str]) -> Callable[[], object]:
        environment = {**os.environ, "TERRAIN_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
        return lambda: subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environment)

    first, second = median_times([run(ours), run(bare)], rounds)
    return first, second


def the_posts_loop() -> list[float]:
    """The final path of the loop in the post: `jax.grad`, not compiled, twenty iterations."""
    import jax
    import jax.numpy as jnp

    speeds, width, across = (0.7, 0.3, 0.45), 10.0, 20.0

    def calc_time(x: jax.Array) -> jax.Array:
        moves = (x[0], x[1], across - x[0] - x[1])
        return sum(
            (jnp.sqrt(move**2 + width**2) / speed for move, speed in zip(moves, speeds, strict=True)), jnp.zeros(())
        )

    x = jnp.array([2.0, 17.0])
    for _ in range(20):
        x = x - 1.5 * jax.grad(calc_time)(x)
    return [float(number) for number in x]


def our_loop() -> list[float]:
    """The final path of the same descent by `descend`."""
    from terrain_cli import Strips, descend

    *_, last = descend([2, 17], Strips([10, 10, 10], [0.7, 0.3, 0.45], 20), step=1.5, iterations=20)
    return [float(number) for number in last.x]


def write_crust(path: Path) -> None:
    """A thousand rays through the layers of configs/layered_crust.yaml, to receivers at up to twice the distance."""
    crust = yaml.safe_load((ROOT / "configs" / "layered_crust.yaml").read_text(encoding="utf-8"))
    layers = {f"{name}s": [layer[name] for layer in crust["strips"]] for name in ("width", "speed")}
    rays = [json.dumps(layers | {"offset": crust["offset"] * 2 * (i + 0.5) / 1000}) for i in range(1000)]
    path.write_text("\n".join(rays), encoding="utf-8")


def processor_time(command: tuple[str, ...], folder: Path, cache: Path) -> float:
    """The processor time of one run of `terrain`, in all its threads, s."""
    import resource  # POSIX alone has it

    environment = {**os.environ, "TERRAIN_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(python("-m", "terrain_cli", *command), check=True, capture_output=True, cwd=folder, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def first_runs(rounds: int = 3) -> Table:
    """First runs, with no program kept, compared with second ones."""
    remark = f"Processor time of a run with an empty cache and of the next one, medians of {rounds} pairs."
    table = Table("First runs", ["what", "first (s)", "second (s)", "ratio"], remark)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_crust(folder / "crust.jsonl")
        for what, command in FIRST.items():
            pairs = []
            for i in range(rounds):
                cache = folder / f"{what[:5]}{i}"
                pairs.append([processor_time(command, folder, cache) for _ in range(2)])
            first, second = map(statistics.median, zip(*pairs, strict=True))
            table.rows.append([what, first, second, first / second])
    return table


def run(rounds: int = 9) -> list[Table]:
    """Each of our commands compared with its counterpart: medians, measured in turns."""
    remark = f"Medians of {rounds} runs in turns, without the first run of each, which compiles."
    table = Table("Start-up", ["what / compared with", "ours (s)", "bare (s)", "ratio"], remark)
    with tempfile.TemporaryDirectory() as folder:
        for what, pair in PAIRS.items():
            ours, bare = process_times(*pair, rounds, Path(folder))
            table.rows.append([what, ours, bare, ours / bare])
    ours, bare = median_times([our_loop, the_posts_loop], rounds)
    table.rows.append(["the compiled descent / the post's loop, not compiled", ours, bare, ours / bare])
    return [table, first_runs()]
