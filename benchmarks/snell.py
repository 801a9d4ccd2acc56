"""The exact optimum: its cost compared with `calc_time`, and its accuracy on 10,000 of the hardest scenarios."""

import math
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.exact import solve_exactly
from benchmarks.scenarios import draw_hard, draw_ordinary
from benchmarks.table import Table, side_by_side
from terrain_cli.strips.ground import Strips, calc_time, straight_x
from terrain_cli.strips.snell import best_time, find_optimum, trace

SCENARIOS = 10_000
SIZES = (1, 2, 3, 4, 6, 10, 20, 30, 100, 300, 1000)
SHARES = (0.1, 0.15, 0.2, 0.15, 0.1, 0.1, 0.07, 0.06, 0.05, 0.015, 0.005)


def measure_cost() -> Table:
    table = Table(
        "Cost of the exact optimum",
        [
            "n",
            "speeds (m/s)",
            "calc_time (ms)",
            "best_time (ms)",
            "find_optimum (ms)",
            "find_optimum / calc_time",
            "ns per strip",
        ],
        "find_optimum returns the time, the path and the ray in every strip. Measured in turns.",
    )
    rng = np.random.default_rng(0)
    for n in (10**5, 10**6, 10**7):
        for slowest, fastest in ((0.3, 1.0), (0.01, 10.0)):
            drawn = draw_ordinary(rng, n, slowest, fastest)
            strips = jax.tree.map(jnp.asarray, Strips(drawn.widths, drawn.speeds, 12.0 * n))
            x = jnp.asarray(straight_x(strips))
            calls = [lambda: calc_time(x, strips), lambda: best_time(strips), lambda: find_optimum(strips)]  # noqa: B023  called in this turn
            one, best, whole = side_by_side(calls, 15 if n < 10**7 else 5)
            row = [n, f"{slowest:g} to {fastest:g}", 1e3 * one, 1e3 * best, 1e3 * whole, whole / one, 1e9 * whole / n]
            table.rows.append(row)
    return table


def measure_accuracy() -> Table:
    rng = np.random.default_rng(0)
    errors, sums = [], []
    for n in rng.choice(SIZES, SCENARIOS, p=SHARES).tolist():
        strips = draw_hard(rng, n)
        optimum = jax.device_get(find_optimum(strips))
        guess = float(np.asarray(trace(strips)[0])[np.argmax(strips.speeds)])
        exact = solve_exactly(strips.widths.tolist(), strips.speeds.tolist(), float(strips.offset), guess).time
        errors.append(float(abs(optimum.time - exact) / exact))
        size = abs(float(strips.offset)) + strips.widths.sum()
        sums.append(abs(math.fsum(optimum.movements) - float(strips.offset)) / size)
    table = Table(
        f"Accuracy on {SCENARIOS:,} hard scenarios of 1 to 1,000 strips",
        ["", "median", "99 %", "worst"],
        "Speeds of 10^±3, widths of 10^±6, offsets of 0 and 10^±8 total widths, speeds equal or 1e-12 apart.",
    )
    for name, values in (
        ("relative error of the time, against 50 digits", errors),
        ("error of the movements' sum, relative to |offset| + widths", sums),
    ):
        table.rows.append([name, float(np.median(values)), float(np.quantile(values, 0.99)), max(values)])
    return table


def run() -> Iterator[Table]:
    yield measure_cost()
    yield measure_accuracy()
