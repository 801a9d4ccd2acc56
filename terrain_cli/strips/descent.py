"""The descent loop: follow the gradient of `calc_time` downhill, step by step, and write down where it went.

A method is a pair of pure functions: `init` makes what it remembers between steps, `update` takes one step. `advance` is one
iteration of any of them, the only one there is: `descend` runs it for one path, `sweep.py` for many at once.

Whether a descent has arrived, or bounces, is judged in verdict.py. `kept` is `jax.jit` that keeps what it compiles on disk.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from terrain_cli.compile_cache import cached_jit
from terrain_cli.strips.convergence import ON_ITS_WAY, STATUS, judge, keep_watch, start_watch
from terrain_cli.strips.ground import Strips, calc_time
from terrain_cli.strips.newton import follow_newton
from terrain_cli.strips.step_size import safe_step


class Settings(NamedTuple):
    """The numbers a descent is run with: a pytree, so that a sweep can trace them. Each method reads those it knows.

    step: how far to go along the gradient, m²/s (adam: m; newton reads none). iterations: when to give up. tolerance: on
    max|g_i| min(v).
    """

    step: Any
    iterations: Any = 1000
    tolerance: Any = 1e-9
    momentum: Any = 0.9
    beta1: Any = 0.9
    beta2: Any = 0.999
    epsilon: Any = 1e-8


class Method(NamedTuple):
    """A method of descent.

    init: (x) -> state, what the method remembers between steps.
    update: (x, gradient, state, strips, settings) -> (x, state), one step.
    memory: (settings) -> for about how many iterations a step is felt; a bounce is judged over ten times as many.
    """

    init: Callable[[Any], Any]
    update: Callable[[Array, Array, Any, Strips, Settings], tuple[Array, Any]]
    memory: Callable[[Settings], ArrayLike]


def follow_gradient(x: Array, gradient: Array, state: Any, strips: Strips, settings: Settings) -> tuple[Array, Any]:
    """Gradient descent: the post's step."""
    return x - settings.step * gradient, state


def follow_momentum(x: Array, gradient: Array, state: Array, strips: Strips, settings: Settings) -> tuple[Array, Array]:
    """Gradient descent with momentum, the heavy ball (Polyak 1964)."""
    velocity = settings.momentum * state - settings.step * gradient
    return x + velocity, velocity


def follow_adam(x: Array, gradient: Array, state: Any, strips: Strips, settings: Settings) -> tuple[Array, Any]:
    """Adam (Kingma and Ba 2015): each number moves by about `step` (m), whatever the size of its derivative."""
    mean, square, count = state
    count = count + 1
    mean = settings.beta1 * mean + (1 - settings.beta1) * gradient
    square = settings.beta2 * square + (1 - settings.beta2) * gradient**2
    unbiased_mean = mean / (1 - settings.beta1**count)
    unbiased_square = square / (1 - settings.beta2**count)
    return x - settings.step * unbiased_mean / (jnp.sqrt(unbiased_square) + settings.epsilon), (mean, square, count)


def adam_memory(settings: Settings) -> Array:
    """Adam forgets a large gradient slowly: the bounds of its bounces shrink by half a (1 - beta2)th with each step."""
    return jnp.maximum(1 / (1 - settings.beta1), 0.05 / (1 - settings.beta2))


METHODS = {
    "gradient": Method(lambda x: (), follow_gradient, lambda settings: np.float64(1)),
    "momentum": Method(lambda x: 0 * x, follow_momentum, lambda settings: 1 / (1 - settings.momentum)),
    "adam": Method(lambda x: (0 * x, 0 * x, np.int64(0)), follow_adam, adam_memory),
    "newton": Method(lambda x: (), follow_newton, lambda settings: np.float64(1)),
}


class Descent(NamedTuple):
    """Where a descent stands: all that the next iteration needs."""

    iteration: Any
    x: Any
    time: Any
    gradient: Any
    state: Any
    watch: Any
    status: Any


def begin(x: Any, method: Method) -> Descent:
    """The descent before iteration 0: it stands at `x`, a NumPy or a traced array, and has yet to look around."""
    return Descent(np.int64(-1), x, np.float64(np.inf), 0 * x, method.init(x), start_watch(), np.int64(ON_ITS_WAY))


def advance(descent: Descent, strips: Strips, settings: Settings, method: Method) -> Descent:
    """The descent one iteration later: one step of the method, the time and its gradient there, and a verdict.

    The first call only looks around: iteration 0 is the path as it was given. It takes no step of its own so that the loop
    is one compiled program from iteration 0 on.
    """
    stepped = method.update(descent.x, descent.gradient, descent.state, strips, settings)
    started = descent.iteration >= 0
    x, state = jax.tree.map(partial(jnp.where, started), stepped, (descent.x, descent.state))
    time, gradient = jax.value_and_grad(calc_time)(x, strips)

    iteration = descent.iteration + 1
    watch, bounces = keep_watch(descent.watch, method.memory(settings), descent.time, time, norm(gradient))
    status = judge(x, time, gradient, strips.speeds, settings.tolerance, iteration, settings.iterations, bounces)
    return Descent(iteration, x, time, gradient, state, watch, status)


def norm(gradient: Array) -> Array:
    """Euclidean."""
    return jnp.sqrt(jnp.sum(gradient**2))


class Step(NamedTuple):
    """A row of the descent for people: the path after an iteration.

    x: shape (n-1,), m. time: s. gradient_norm: Euclidean, s/m. status: "" while the descent is on its way; in the last row
    "converged", "iterations" (used them up) or "diverged". best: the last iteration that lowered the least time so far.
    """

    iteration: Any
    x: Any
    time: Any
    gradient_norm: Any
    status: Any
    best: Any = 0

    @property
    def crossings(self) -> np.ndarray:
        """Where the path meets each boundary between strips, along the strips from the start, shape (n-1,), m."""
        return np.cumsum(self.x)


@partial(cached_jit, static_argnames=("method", "size"))
def run(
    descent: Descent, strips: Strips, settings: Settings, until: ArrayLike, every: ArrayLike, *, method: str, size: int
) -> tuple[Descent, Step, Array]:
    """Advance until iteration `until` or a verdict, and keep a row every `every` iterations: (descent, rows, count).

    There is room for `size` rows, of which `count` are filled; the row of a verdict is always kept.
    """

    def goes_on(carry: Any) -> Any:
        descent, _, _ = carry
        return (descent.status == ON_ITS_WAY) & (descent.iteration < until)

    def once(carry: Any) -> Any:
        descent, rows, count = carry
        descent = advance(descent, strips, settings, METHODS[method])
        best = descent.iteration - descent.watch.stale
        row = Step(descent.iteration, descent.x, descent.time, norm(descent.gradient), descent.status, best)
        rows = Step(*(jax.lax.dynamic_update_index_in_dim(*pair, count, 0) for pair in zip(rows, row, strict=True)))
        return descent, rows, count + ((descent.iteration % every == 0) | (descent.status != ON_ITS_WAY))

    room = [jnp.zeros((size, *np.shape(value)), value.dtype) for value in (descent.iteration, descent.x, descent.time)]
    whole, path, real = room
    rows = Step(iteration=whole, x=path, time=real, gradient_norm=real, status=whole, best=whole)
    return cast(tuple[Descent, Step, Array], jax.lax.while_loop(goes_on, once, (descent, rows, 0)))


def descend(
    x: ArrayLike | Sequence[float],
    strips: Strips,
    method: str = "gradient",
    *,
    step: float | None = None,
    iterations: int = 1000,
    tolerance: float = 1e-9,
    momentum: float = 0.9,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    every: int | None = None,
) -> Iterator[Step]:
    """Descend from the path `x`, shape (n-1,), m: yields a `Step` for iteration 0, each one after it, and the verdict.

    step: missing is `safe_step`. every: yield every so many iterations and the last; missing is all, thinned out beyond
    1,024. Raises ValueError for a method that does not exist or an `x` of the wrong length.

    Example:

        strips = Strips(widths=[10, 10, 10], speeds=[0.7, 0.3, 0.45], offset=20)
        for step in descend([2, 17], strips, step=1.5, iterations=20):
            print(step.iteration, step.x, step.time)
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    if step is None:
        step = float(safe_step(strips, method))
    settings = Settings(*map(np.float64, (step, iterations, tolerance, momentum, beta1, beta2, epsilon)))

    # The compiled loop comes back every so often, so that rows appear while it runs and Ctrl-C is heard.
    n = len(strips.widths)
    size, work = max(1, min(64, 2**22 // n)), max(1, 2**24 // n)
    descent = begin(np.asarray(x, dtype=np.float64), METHODS[method])
    while int(descent.status) == ON_ITS_WAY:
        iteration = int(descent.iteration)
        spacing = every or thinning(max(iteration, 0), n)
        until = iteration + min(size * spacing - iteration % spacing, work)  # no more rows than there is room for
        descent, rows, count = run(descent, strips, settings, until, spacing, method=method, size=size)
        rows = jax.device_get(rows)
        for i in range(int(count)):
            time, gradient_norm, status = float(rows.time[i]), float(rows.gradient_norm[i]), STATUS[rows.status[i]]
            yield Step(int(rows.iteration[i]), rows.x[i], time, gradient_norm, status, int(rows.best[i]))


def thinning(iteration: int, n: int) -> int:
    """How far apart rows are kept around an iteration: every one at first, then half as many with each doubling.

    So a history of any length fits in memory; its first 1,024 iterations (fewer for thousands of strips) are whole.
    """
    whole: int = 2 ** min(10, max(2, (2**17 // n).bit_length() - 1))
    spacing: int = 2 ** (iteration // whole).bit_length()
    return spacing
