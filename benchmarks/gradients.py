"""The cost of gradients in time and memory: of one travel time, and through ten thousand iterations of descent."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.scenarios import draw_ordinary
from benchmarks.table import Table, side_by_side
from terrain_cli.strips.ground import Strips, calc_time, straight_x
from terrain_cli.strips.snell import best_time
from terrain_cli.strips.step_size import safe_step

ITERATIONS, UNKNOWNS = 10_000, 1_000


def memory(function: Callable[..., Any], *arguments: Any) -> int:
    """Bytes of scratch memory of the compiled program, without arguments and results: the same in every run."""
    analysis: Any = jax.jit(function).lower(*arguments).compile().memory_analysis()
    return int(analysis.temp_size_in_bytes)


def time_after(strips: Strips, x: Any, step: Any, iterations: int, checkpoints: int | None = None) -> Any:
    """The travel time, s, after some iterations of gradient descent: differentiable with respect to the ground.

    checkpoints: the number of states that are stored; those between are computed again in the backward pass.
    """

    def once(x: Any, _: Any) -> tuple[Any, None]:
        return x - step * jax.grad(calc_time)(x, strips), None

    def several(x: Any, _: Any) -> tuple[Any, None]:
        return jax.lax.scan(once, x, length=iterations // (checkpoints or 1))

    if checkpoints is None:
        x, _ = several(x, None)
    else:
        x, _ = jax.lax.scan(jax.checkpoint(several), x, length=checkpoints)
    return calc_time(x, strips)


def measure_gradients() -> Table:
    table = Table(
        "A gradient compared with its value",
        [
            "n",
            "function",
            "value (µs)",
            "gradient (µs)",
            "ratio",
            "scratch of value (bytes)",
            "scratch of gradient (bytes)",
        ],
        "By reverse mode, with respect to all arguments: the path, all widths, all speeds and the offset. Measured in turns.",
    )
    rng = np.random.default_rng(0)
    for n in (3, 300, 3_000, 20_000):
        strips = jax.tree.map(jnp.asarray, draw_ordinary(rng, n))
        x = jnp.asarray(straight_x(strips))
        cases: tuple[tuple[str, Any, tuple[Any, ...]], ...]
        cases = (("calc_time", calc_time, (x, strips)), ("best_time", best_time, (strips,)))
        for name, function, arguments in cases:
            gradient = jax.value_and_grad(function, argnums=tuple(range(len(arguments))))
            value, both = jax.jit(function), jax.jit(gradient)
            a, b = side_by_side([partial(value, *arguments), partial(both, *arguments)], 200)
            table.rows.append(
                [n, name, 1e6 * a, 1e6 * b, b / a, memory(function, *arguments), memory(gradient, *arguments)]
            )
    return table


def measure_iterations() -> Table:
    table = Table(
        f"A gradient through {ITERATIONS:,} iterations of descent, {UNKNOWNS:,} unknowns",
        ["", "scratch (MB)", "s", "times the value"],
        "The gradient of the final time with respect to the widths, speeds and offset.",
    )
    strips = jax.tree.map(jnp.asarray, draw_ordinary(np.random.default_rng(0), UNKNOWNS + 1))
    x, step = jnp.asarray(straight_x(strips)), safe_step(strips)
    plain = partial(time_after, iterations=ITERATIONS)
    nested = partial(time_after, iterations=ITERATIONS, checkpoints=100)
    pairs: list[tuple[str, Any]]
    pairs = [("value", plain), ("gradient", jax.grad(plain)), ("gradient, 100 checkpoints", jax.grad(nested))]
    times = side_by_side([partial(jax.jit(function), strips, x, step) for _, function in pairs], 3)
    for (name, function), taken in zip(pairs, times, strict=True):
        table.rows.append([name, memory(function, strips, x, step) / 1e6, taken, taken / times[0]])
    return table


def run() -> Iterator[Table]:
    yield measure_gradients()
    yield measure_iterations()
