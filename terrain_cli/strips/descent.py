"""The descent loop: follow the gradient of `calc_time` (ground.py) downhill, and record the path after each iteration.

`follow_gradient` is the step of the post, `x - step * gradient`. `advance` is one iteration of any method: it takes the step,
then computes the time and the gradient. `run` repeats it in compiled code, and `descend` yields the rows. The rules that end
a descent are in convergence.py.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from terrain_cli.compile_cache import cached_jit
from terrain_cli.contract import SMALLEST
from terrain_cli.errors import check_count, check_function, check_number, shown
from terrain_cli.jax_config import to_array
from terrain_cli.strips.convergence import ON_ITS_WAY, STATUS, Watch, judge, keep_watch, start_watch
from terrain_cli.strips.ground import Strips, calc_time, check_strips
from terrain_cli.strips.newton import follow_newton
from terrain_cli.strips.step_size import safe_step


class Settings(NamedTuple):
    """The numbers that control a descent: a pytree, so that a sweep can trace them. Each method reads those it knows.

    step: the step size, m²/s (adam: m; newton has none). iterations: at most this many. tolerance: for max|g_i| min(v), no unit.
    """

    step: float | Array
    iterations: float | Array = 1000
    tolerance: float | Array = 1e-9
    momentum: float | Array = 0.9
    beta1: float | Array = 0.9
    beta2: float | Array = 0.999
    epsilon: float | Array = 1e-8


class Method(NamedTuple):
    """A method of descent: three pure functions that JAX can trace.

    update: (x, gradient, state, strips, settings) -> (x, state), one step; x and gradient have shape (n-1,), m and s/m.
    init: (x) -> state, a pytree of numbers that the method remembers from step to step; none if missing.
    memory: (settings) -> the number of iterations over which past gradients still influence the step; 1 if missing.

    Example:

        def follow_sign(x, gradient, state, strips, settings):
            return x - settings.step * jnp.sign(gradient), state

        descend([2, 17], strips, Method(follow_sign), step=0.1)
    """

    update: Callable[[Array, Array, Any, Strips, Settings], tuple[Array, Any]]
    init: Callable[[Any], Any] = lambda x: ()
    memory: Callable[[Settings], float | Array] = lambda settings: np.float64(1)


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
    """The memory of Adam. Its oscillation shrinks by only a fraction (1 - beta2)/2 per step."""
    return jnp.maximum(1 / (1 - settings.beta1), 0.05 / (1 - settings.beta2))


# Read-only: the compile cache identifies these methods by their names.
METHODS = MappingProxyType(
    {
        "gradient": Method(follow_gradient),
        "momentum": Method(follow_momentum, lambda x: 0 * x, lambda settings: 1 / (1 - settings.momentum)),
        "adam": Method(follow_adam, lambda x: (0 * x, 0 * x, np.int64(0)), adam_memory),
        "newton": Method(follow_newton),
    }
)


def find_method(method: str | Method) -> Method:
    """The built-in method of that name, or a `Method` as it is. Raises ValueError for an unknown name."""
    if isinstance(method, Method):
        check_function(method.update, "update")
        return method
    if not isinstance(method, str) or method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, or a Method, got {shown(method)}")
    return METHODS[method]


class Descent(NamedTuple):
    """Where a descent stands: everything that the next iteration needs.

    iteration: shape (), counts from 0. x: shape (n-1,), m. time: shape (), s. gradient: of the time at x, shape (n-1,), s/m.
    state: of the method. watch: of convergence.py. status: one of its codes, shape ().
    """

    iteration: Array
    x: Array
    time: Array
    gradient: Array
    state: Any
    watch: Watch
    status: Array


class Step(NamedTuple):
    """The path after an iteration: a row of the history of a descent.

    x: shape (n-1,), m. time: s. gradient_norm: Euclidean, s/m. status: "" while the descent goes on; in the last row
    "converged", "iterations" (reached the limit) or "diverged". best: the last iteration that lowered the least time so far.
    """

    iteration: int
    x: np.ndarray
    time: float
    gradient_norm: float
    status: str
    best: int = 0

    @property
    def crossings(self) -> np.ndarray:
        """Where the path meets each boundary between strips, along the strips from the start, shape (n-1,), m."""
        return np.cumsum(self.x)


class Rows(NamedTuple):
    """The fields of `size` steps side by side, as compiled code keeps them: x has shape (size, n-1), the others (size,)."""

    iteration: Array
    x: Array
    time: Array
    gradient_norm: Array
    status: Array
    best: Array


def begin(x: Any, method: Method) -> Descent:
    """The descent before iteration 0, from the path `x`, shape (n-1,), m: a NumPy array or a traced one."""
    # Plain NumPy numbers: JAX converts them when it calls the compiled loop, and no sooner.
    fields: Any = np.int64(-1), x, np.float64(np.inf), 0 * x, method.init(x), start_watch(), np.int64(ON_ITS_WAY)
    return Descent(*fields)


def advance(descent: Descent, strips: Strips, settings: Settings, method: Method) -> Descent:
    """The descent after one more iteration: a step of the method, then the time and its gradient there, and the status.

    The first call takes no step: iteration 0 is the given path. Thus the loop is one compiled program from iteration 0 on.
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
    """The Euclidean norm, shape ()."""
    return jnp.sqrt(jnp.sum(gradient**2))


@partial(cached_jit, static_argnames=("method", "size"))
def run(
    descent: Descent,
    strips: Strips,
    settings: Settings,
    until: ArrayLike,
    every: ArrayLike,
    *,
    method: str | Method,
    size: int,
) -> tuple[Descent, Rows, Array]:
    """Advance to iteration `until` or to the end of the descent, and keep a row every `every` iterations.

    Returns the descent, the rows and how many of their `size` places are filled. The last row of a descent is always kept.
    """

    def goes_on(carry: tuple[Descent, Rows, Array]) -> Array:
        descent, _, _ = carry
        return (descent.status == ON_ITS_WAY) & (descent.iteration < until)

    def once(carry: tuple[Descent, Rows, Array]) -> tuple[Descent, Rows, Array]:
        descent, rows, count = carry
        descent = advance(descent, strips, settings, find_method(method))
        best = descent.iteration - descent.watch.stale
        row = Rows(descent.iteration, descent.x, descent.time, norm(descent.gradient), descent.status, best)
        rows = Rows(*(jax.lax.dynamic_update_index_in_dim(*pair, count, 0) for pair in zip(rows, row, strict=True)))
        return descent, rows, count + ((descent.iteration % every == 0) | (descent.status != ON_ITS_WAY))

    room = [jnp.zeros((size, *np.shape(value)), value.dtype) for value in (descent.iteration, descent.x, descent.time)]
    whole, path, real = room
    rows = Rows(iteration=whole, x=path, time=real, gradient_norm=real, status=whole, best=whole)
    start: tuple[Descent, Rows, Any] = (descent, rows, 0)
    return jax.lax.while_loop(goes_on, once, start)


def descend(
    x: ArrayLike | Sequence[float],
    strips: Strips,
    method: str | Method = "gradient",
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
    """Descend from the path `x`, shape (n-1,), m: yields a `Step` for iteration 0 and for each one after it.

    method: a name in `METHODS`, or a `Method` of your own. step: missing is `safe_step`, for a `Method` of your own that of
    gradient descent. every: yield each `every`-th iteration and the last; missing is all of them, fewer beyond 1,024.
    Raises TypeError or ValueError at once for an argument that is not valid, such as an unknown method, an `x` of the wrong
    length, a negative step or an `every` below 1.

    Example:

        strips = Strips(widths=[10, 10, 10], speeds=[0.7, 0.3, 0.45], offset=20)
        for step in descend([2, 17], strips, step=1.5, iterations=20):
            print(step.iteration, step.x, step.time)
    """
    check_strips(strips)
    start = np.asarray(to_array(x, "x"))
    if start.shape != (len(strips.widths) - 1,):
        raise ValueError(
            f"x must have a number for each strip but the last, shape ({len(strips.widths) - 1},), got {start.shape}"
        )
    check_count(iterations, "iterations")
    check_number(tolerance, "tolerance")
    for name, share in {"momentum": momentum, "beta1": beta1, "beta2": beta2}.items():
        check_number(share, name, below=1)
    check_number(epsilon, "epsilon", least=SMALLEST)
    if step is not None:
        check_number(step, "step", above=0)  # that of very slow ground is below the `SMALLEST` of a file
    if every is not None:
        check_count(every, "every", least=1)
    found = find_method(method)
    if step is None:
        step = float(safe_step(strips, method if isinstance(method, str) else "gradient"))
    settings = Settings(*map(np.float64, (step, iterations, tolerance, momentum, beta1, beta2, epsilon)))
    return _descend(begin(start, found), strips, method, settings, every and int(every))


def _descend(
    descent: Descent, strips: Strips, method: str | Method, settings: Settings, every: int | None
) -> Iterator[Step]:
    """The rows of `descend`, as they are computed."""
    # The compiled loop returns from time to time, so that rows appear while it runs and Ctrl-C is noticed.
    n = len(strips.widths)
    size, work = max(1, min(64, 2**22 // n)), max(1, 2**24 // n)
    while int(descent.status) == ON_ITS_WAY:
        iteration = int(descent.iteration)
        spacing = every or thinning(max(iteration, 0), n)
        until = iteration + min(size * spacing - iteration % spacing, work)  # no more rows than there is room for
        descent, rows, count = run(descent, strips, settings, until, spacing, method=method, size=size)
        rows = jax.device_get(rows)
        x = rows.x[: int(count)].copy()  # a view would keep the unused rows
        for i in range(len(x)):
            time, gradient_norm, status = float(rows.time[i]), float(rows.gradient_norm[i]), STATUS[rows.status[i]]
            yield Step(int(rows.iteration[i]), x[i], time, gradient_norm, status, int(rows.best[i]))


def thinning(iteration: int, n: int) -> int:
    """The spacing of the rows that are kept around an iteration: 1 at first, doubled with each doubling of the iteration.

    Thus a history of any length fits in memory; its first 1,024 iterations (fewer for thousands of strips) are complete.
    """
    whole: int = 2 ** min(10, max(2, (2**17 // n).bit_length() - 1))
    spacing: int = 2 ** (iteration // whole).bit_length()
    return spacing
