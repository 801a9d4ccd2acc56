"""Batches of scenarios: terrain, a parallel loop in numba, optimistix under vmap; and `terrain batch` from file to file."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optimistix

from benchmarks.loop import solve_in_a_loop
from benchmarks.table import Table, wait_for
from terrain_cli import Strips, calc_time, solve_many
from terrain_cli.strips.batched import processors
from terrain_cli.strips.ground import straight_x

ROOT = Path(__file__).parent.parent
KINDS = ((3, 10**6), (30, 10**5))  # strips, scenarios
SLOW = 100  # optimistix gets one in this many of the scenarios
ROWS = 10**6  # of the batch
REST = 0.3  # s between runs, because OpenMP's threads keep spinning for a while after numba's loop


def draw_many(rng: np.random.Generator, scenarios: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scenarios from the distribution of `draw_ordinary`: widths and speeds, shape (B, n), and offsets, shape (B,)."""
    widths, speeds = rng.uniform(2, 10, (scenarios, n)), rng.uniform(0.3, 1.0, (scenarios, n))
    return widths, speeds, rng.uniform(-24, 24, scenarios) * n


def in_turns(functions: Sequence[Callable[[], Any]], rounds: int) -> list[tuple[float, float]]:
    """The shortest time of each function, s, and its least processor time over all processors, s, measured in turns."""
    spent: list[list[tuple[float, float]]] = [[] for _ in functions]
    for turn in range(rounds + 1):
        for function, durations in zip(functions, spent, strict=True):
            time.sleep(REST)
            before = time.perf_counter(), time.process_time()
            wait_for(function())
            if turn:  # the first round compiles
                durations.append((time.perf_counter() - before[0], time.process_time() - before[1]))
    return [(min(wall for wall, _ in durations), min(cpu for _, cpu in durations)) for durations in spent]


@jax.jit
def solve_with_optimistix(x: Any, strips: Strips) -> Any:
    """The paths, shape (B, n-1), that optimistix's BFGS finds from straight lines under vmap."""

    def solve(x: Any, strips: Strips) -> Any:
        solver: Any = optimistix.BFGS(rtol=1e-10, atol=1e-10)
        return optimistix.minimise(calc_time, solver, x, args=strips, max_steps=2000, throw=False).value

    return jax.vmap(solve)(x, strips)


def measure_solvers() -> Table:
    table = Table(
        "Batches of scenarios",
        ["strips", "scenarios", "solver", "s", "ratio", "processor s", "ratio of those", "worst difference in time"],
        f"The same scenarios in turns, {processors()} processors, the shortest of 15 runs, with a pause before each. Ratios are "
        "to the loop in numba, which has the same search with an early exit; differences are relative to it. Widths 2 to 10 m, "
        "speeds 0.3 to 1 m/s, offsets up to 24 m per strip.",
    )
    for n, scenarios in KINDS:
        drawn = draw_many(np.random.default_rng(n), scenarios, n)
        few = tuple(array[: scenarios // SLOW] for array in drawn)
        strips = Strips(*few)
        start = np.asarray(straight_x(strips))
        expected = solve_in_a_loop(*drawn)[0]
        both = [partial(solve_in_a_loop, *drawn), partial(solve_many, *drawn)]
        (loop, loop_cpu), (ours, ours_cpu) = in_turns(both, 15)
        [(slow, slow_cpu)] = in_turns([partial(solve_with_optimistix, start, strips)], 3)
        found = jax.vmap(calc_time)(solve_with_optimistix(start, strips), strips)
        for name, wall, cpu, times in (
            ("numba loop", loop, loop_cpu, expected),
            ("terrain solve_many", ours, ours_cpu, solve_many(*drawn).times),
            (f"optimistix BFGS, vmap, of one in {SLOW}, times {SLOW}", SLOW * slow, SLOW * slow_cpu, np.asarray(found)),
        ):
            worst = float(np.max(np.abs(times / expected[: len(times)] - 1)))
            table.rows.append([n, scenarios, name, wall, wall / loop, cpu, cpu / loop_cpu, worst])
    return table


def measure_batch() -> Table:
    """Whole processes. Their processor time excludes start-up, which is measured with an empty file."""
    table = Table(
        f"terrain batch, {ROWS:,} cases of three strips",
        ["scheduler", "s", "processor s", "cases a second and processor", "peak memory (MiB)"],
        "From JSON lines to JSON lines; the input has ids and three decimals. The processor time of a batch without cases is "
        "subtracted. Peak memory is that of the largest process.",
    )
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in (("none", 0), ("cases", ROWS)):
            widths, speeds, offsets = (array.round(3).tolist() for array in draw_many(rng, rows, 3))
            with Path(folder, f"{name}.jsonl").open("w") as file:
                for i, (w, v, h) in enumerate(zip(widths, speeds, offsets, strict=True)):
                    file.write(json.dumps({"id": i, "widths": w, "speeds": v, "offset": h}) + "\n")
        for scheduler in ("", "local"):
            options = ["--scheduler", scheduler] if scheduler else []
            _run(folder, "cases", options)  # compiles
            nothing, some = _run(folder, "none", options), _run(folder, "cases", options)
            spent = some[1] - nothing[1]
            table.rows.append([scheduler or "none", some[0], spent, int(ROWS / spent), some[2]])
    return table


def _run(folder: str, name: str, options: list[str]) -> tuple[float, float, float]:
    """Seconds, processor seconds and peak memory (MiB) of a batch in its own process."""
    code = (
        "import json, resource, subprocess, sys, time; before = time.perf_counter();"
        "subprocess.run(sys.argv[1:], check=True, capture_output=True); taken = time.perf_counter() - before;"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(json.dumps([taken, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))"
    )
    command = [
        sys.executable,
        "-m",
        "terrain_cli",
        "batch",
        f"{name}.jsonl",
        "-o",
        "results.jsonl",
        "--overwrite",
        *options,
    ]
    environment = {**os.environ, "TERRAIN_CACHE_DIR": str(Path(folder) / "cache"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    taken, spent, memory = json.loads(done.stdout)
    return taken, spent, memory


def run() -> Iterator[Table]:
    yield measure_solvers()
    yield measure_batch()
