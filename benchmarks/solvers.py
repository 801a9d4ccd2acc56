"""One scenario, from the problem to its answer: terrain, scipy.optimize, optimistix, and brentq on the ray equation."""

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import mpmath
import numpy as np
import optimistix
import scipy.optimize

from benchmarks.exact import solve_exactly
from benchmarks.scenarios import draw_ordinary
from benchmarks.table import Table, seconds, wait_for
from terrain_cli.strips.descent import descend
from terrain_cli.strips.ground import Strips, calc_time, straight_x
from terrain_cli.strips.snell import find_optimum, trace

SIZES = (3, 30, 300, 3000, 10**6)
SPEEDS = ((0.3, 1.0), (0.2, 2.0))  # m/s; the second is harder for plain descent
PATIENCE = 5.0  # s, for one run of a solver

FIRST_ORDER = ("CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP")
SECOND_ORDER = ("Newton-CG", "trust-ncg", "trust-krylov", "trust-constr")
DENSE = ("dogleg", "trust-exact")
LARGEST = {
    "SLSQP": 300,
    "BFGS": 3000,
    "dogleg": 300,
    "trust-exact": 300,
}  # largest n: beyond it an n by n matrix is too slow


class OutOfPatienceError(Exception):
    """A solver took longer than `PATIENCE`."""


_value_and_grad = jax.jit(jax.value_and_grad(calc_time))
_hessian = jax.jit(jax.hessian(calc_time))
_product = jax.jit(lambda x, v, strips: jax.jvp(lambda x: jax.grad(calc_time)(x, strips), (x,), (v,))[1])


def solve_with_scipy(strips: Strips, method: str) -> np.ndarray:
    """The path that `scipy.optimize.minimize` finds from the straight line, with the gradient (and Hessian) of JAX."""
    started = time.perf_counter()

    def wait() -> None:
        if time.perf_counter() - started > PATIENCE:
            raise OutOfPatienceError

    def product(x: np.ndarray, v: np.ndarray) -> np.ndarray:
        wait()
        return np.asarray(_product(x, np.asarray(v, dtype=float), strips))

    def value_and_grad(x: np.ndarray) -> tuple[float, np.ndarray]:
        wait()
        value, gradient = _value_and_grad(x, strips)
        return float(value), np.asarray(gradient)

    options: dict[str, Any] = {"maxfun": 1_000_000} if method == "TNC" else {"maxiter": 100_000}
    more: dict[str, Any] = {}
    if method in SECOND_ORDER:
        more["hessp"] = product
    elif method in DENSE:
        more["hess"] = lambda x: np.asarray(_hessian(x, strips))
    if method == "L-BFGS-B":
        options["maxfun"] = 1_000_000
    if method == "Newton-CG":
        options["xtol"] = 1e-12
    tolerance = 1e-10 if method != "L-BFGS-B" else 1e-15
    start = np.asarray(straight_x(strips))
    found: Any = scipy.optimize.minimize(
        value_and_grad, start, jac=True, method=method, tol=tolerance, options=options, **more
    )
    return np.asarray(found.x)


def solve_with_optimistix(strips: Strips, solver: Any) -> Callable[[], Any]:
    """A function without arguments that finds the path with this solver, compiled."""

    @jax.jit
    def solve(x: Any, strips: Strips) -> Any:
        found: Any = optimistix.minimise(calc_time, solver, x, args=strips, max_steps=20_000, throw=False)
        return found.value

    start = jax.numpy.asarray(straight_x(strips))
    return lambda: solve(start, strips)


def solve_with_brentq(strips: Strips) -> float:
    """The optimum time, s, by SciPy's brentq on the sum of the movements, in NumPy."""
    w, v, h = strips.widths, strips.speeds, float(strips.offset)
    fastest = v.max()
    r, k = v / fastest, (fastest - v) * (fastest + v) / fastest**2
    weights = w * r
    least, most = h / weights.sum(), h / weights[k == 0].sum()
    q = least
    if least != most:
        sums = lambda q: q * float(np.sum(weights / np.sqrt(1 + q * q * k))) - h
        q = scipy.optimize.brentq(sums, least, most, xtol=1e-300, rtol=1e-15)
    tangents = r * q / np.sqrt(1 + q * q * k)
    return float(np.sum(w / v * np.sqrt(1 + tangents**2)))


def _attempt(solve: Callable[[], Any], to_time: Callable[[Any], float]) -> tuple[float | None, float | None]:
    """The duration of the fastest call, s, and the travel time it found; (None, None) if it took too long or failed."""
    try:
        found = wait_for(solve())  # compiles
        before = time.perf_counter()
        wait_for(solve())
        once = time.perf_counter() - before
        return (seconds(solve) if once < 1 else once), to_time(found)
    except (OutOfPatienceError, np.linalg.LinAlgError, ValueError):
        return None, None


def measure(n: int, slowest: float, fastest: float) -> Table:
    # More than 10,000 strips repeat 1,000 kinds: strips of one speed are equivalent to one, so 50 digits remain possible.
    kinds = n if n <= 10_000 else 1000
    drawn = draw_ordinary(np.random.default_rng(n), kinds, slowest, fastest)
    offset = abs(float(drawn.offset)) * (n // kinds)
    strips = Strips(np.tile(drawn.widths, n // kinds), np.tile(drawn.speeds, n // kinds), offset)
    guess = float(np.asarray(trace(strips)[0])[np.argmax(strips.speeds)])
    with mpmath.workdps(120):
        together = [mpmath.mpf(width) * (n // kinds) for width in drawn.widths.tolist()]
        exact = solve_exactly(together, drawn.speeds.tolist(), offset, guess).time
    table = Table(
        f"n = {n:,}, speeds {slowest:g} to {fastest:g} m/s",
        ["solver", "ms", "times snell", "excess over 50 digits"],
    )
    time_of = lambda x: float(calc_time(np.asarray(x), strips))
    start = np.asarray(straight_x(strips))

    def last_of(method: str, iterations: int) -> Any:
        *_, last = descend(start, strips, method, iterations=iterations, every=2**40)
        return last.x

    attempts: list[tuple[str, Callable[[], Any], Callable[[Any], float]]] = [
        ("terrain snell", lambda: find_optimum(strips), lambda optimum: float(optimum.time)),
        ("terrain newton", lambda: last_of("newton", 50), time_of),
        ("terrain gradient, 1,000 iterations", lambda: last_of("gradient", 1000 if n < 10**5 else 100), time_of),
        ("numpy + brentq", lambda: solve_with_brentq(strips), float),
    ]
    if n >= 10**5:
        attempts[2] = ("terrain gradient, 100 iterations", *attempts[2][1:])
    for method in (*FIRST_ORDER, *SECOND_ORDER, *DENSE):
        if n <= LARGEST.get(method, 10**9):
            attempts.append((f"scipy {method}", partial(solve_with_scipy, strips, method), time_of))
    for solver in (optimistix.BFGS, optimistix.LBFGS, optimistix.NonlinearCG):
        if n <= (3000 if solver is optimistix.BFGS else 10**5):
            compiled = solve_with_optimistix(strips, solver(rtol=1e-10, atol=1e-10))
            attempts.append((f"optimistix {solver.__name__}", compiled, time_of))
    snell = None
    for name, solve, to_time in attempts:
        print(f"    {name}", file=sys.stderr)
        taken, found = _attempt(solve, to_time)
        snell = taken if snell is None else snell
        excess = None if found is None else float((found - exact) / exact)
        table.rows.append(
            [name, None, None, f"not within {PATIENCE:g} s"]
            if taken is None
            else [name, 1e3 * taken, taken / (snell or taken), excess]
        )
    return table


def run() -> Iterator[Table]:
    for n in SIZES:
        for speeds in SPEEDS if n < 10**5 else SPEEDS[:1]:
            print(f"  n = {n:,}, speeds {speeds[0]:g} to {speeds[1]:g}", file=sys.stderr)
            yield measure(n, *speeds)
