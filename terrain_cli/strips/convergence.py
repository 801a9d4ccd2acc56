"""Has the descent converged, is it still on its way, or does it bounce? Judged after every iteration, in compiled code.

With a fixed step a descent cannot run to infinity, because the gradient of a travel time is bounded. A step that is too large
makes the path bounce from one side of the valley to the other for ever, so a test for large numbers would miss it.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from terrain_cli import jax_config as jax_config  # 64-bit floats

ON_ITS_WAY, CONVERGED, ITERATIONS, DIVERGED = range(4)
STATUS = ("", "converged", "iterations", "diverged")

SPANS = 10  # a bounce is judged over this many spans of a method's memory
RISE = 1e-9  # relative; a smaller rise may be rounding
RISE_WITH_MEMORY = 1e-6  # adam oscillates by less than this at the bottom of a valley
SHRINK = 0.9  # a gradient that falls below this share of its earlier value makes progress


class Watch(NamedTuple):
    """What has to be remembered of past iterations to detect a bounce: of fixed size, whatever the window.

    norms: the largest gradient norm in each of the last ten spans, oldest first, shape (10,), s/m; inf before the first.
    norm, age: the largest norm in the current span, s/m, and the number of its iterations so far.
    calm: iterations since the time last rose.
    best, stale: the least time so far, s, and iterations since it last fell.

    All but `norms` have shape ().
    """

    norms: Array
    norm: Array
    age: Array
    calm: Array
    best: Array
    stale: Array


def start_watch() -> Watch:
    """The watch before iteration 0, in plain NumPy numbers."""
    fields: Any = np.full(SPANS, np.inf), np.float64(0), np.int64(0), np.int64(2**53), np.float64(np.inf), np.int64(0)
    return Watch(*fields)


def keep_watch(watch: Watch, memory: float | Array, before: Array, time: Array, norm: Array) -> tuple[Watch, Array]:
    """The watch after an iteration that changed the time from `before` to `time`, and whether the descent bounces.

    It bounces if, within the last ten spans, the time rose and yet the gradient is still at least 0.9 of what it was ten
    spans ago. A span is one iteration for a method without memory. A method with momentum overshoots and so rises for a
    while on its way down. Its span is as long as its memory, 1/(1 - momentum) iterations, and the largest gradient of each
    span counts. The rise must then be larger and lie in the last two spans, because the way back from one great overshoot
    may be long, and the least time must not have fallen in the last ten.
    """
    remembers = memory > 1
    rises = time > before * (1 + jnp.where(remembers, RISE_WITH_MEMORY, RISE))
    norm = jnp.maximum(watch.norm, norm)
    age = watch.age + 1
    calm = jnp.where(rises, 0, watch.calm + 1)
    improves = time < watch.best * (1 - RISE)
    best = jnp.where(improves, time, watch.best)
    stale = jnp.where(improves, 0, watch.stale + 1)

    ends = age >= memory
    window = SPANS * memory
    lately = jnp.where(remembers, 2 * memory, window)
    bounces = ends & (norm >= SHRINK * watch.norms[0]) & (calm < lately) & (~remembers | (stale >= window))
    norms = jnp.where(ends, jnp.concatenate([watch.norms[1:], norm[None]]), watch.norms)
    return Watch(norms, jnp.where(ends, 0.0, norm), jnp.where(ends, 0, age), calm, best, stale), bounces


def judge(
    x: Array,
    time: Array,
    gradient: Array,
    speeds: ArrayLike,
    tolerance: ArrayLike,
    iteration: Array,
    iterations: ArrayLike,
    bounces: ArrayLike,
) -> Array:
    """The status code after an iteration, shape ().

    Numbers that are not finite are tested first: at a step of 1e200 the time is inf and its gradient 0. `tolerance` is
    compared with max|g_i| min(v), a number without a unit: by how much the sines of the angles still violate Snell's law.
    """
    finite = jnp.isfinite(time) & jnp.all(jnp.isfinite(x)) & jnp.all(jnp.isfinite(gradient))
    arrived = jnp.max(jnp.abs(gradient), initial=0.0) * jnp.min(jnp.asarray(speeds)) <= tolerance
    ran_out = jnp.where(iteration >= iterations, ITERATIONS, ON_ITS_WAY)
    going = jnp.where(arrived, CONVERGED, jnp.where(bounces, DIVERGED, ran_out))
    return jnp.where(finite, going, DIVERGED)
