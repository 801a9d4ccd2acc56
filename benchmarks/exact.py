"""The fastest path to any number of digits, in mpmath, from the textbook form of Snell's law: the reference for terrain.

It shares no formula with terrain_cli/strips/snell.py except the law itself, and it is not fast.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import mpmath

LOST = 60  # digits lost to cancellation: 1 - sine² is 1e-46 if a ray grazes the thinnest of strips


class Exact(NamedTuple):
    """time: s. movements: the displacement along each strip, m. sines: of the angles. All are mpmath numbers."""

    time: Any
    movements: list[Any]
    sines: list[Any]


def solve_exactly(
    widths: Sequence[Any], speeds: Sequence[Any], offset: Any, guess: float | None = None, digits: int = 50
) -> Exact:
    """The fastest path across strips of these `widths` (m) and `speeds` (m/s) to a goal at `offset` (m), correct to `digits`.

    The unknown is q, the tangent of the angle in the fastest strip; the other angles follow, because sin(a_i)/v_i is equal in
    all strips. The sum of the movements is increasing and concave in q, so Newton's method from below converges to the root.
    guess: a q near which to start; the result does not depend on it. Raises ArithmeticError if the movements miss the offset
    by more than the digits allow.
    """
    with mpmath.workdps(digits + LOST):
        w, v, h = [mpmath.mpf(a) for a in widths], [mpmath.mpf(a) for a in speeds], mpmath.mpf(offset)
        fastest = max(v)
        ratios = [a / fastest for a in v]

        def trace(q: Any) -> tuple[list[Any], list[Any]]:
            sine = q / mpmath.sqrt(1 + q**2)
            sines = [sine * r for r in ratios]
            return sines, [mpmath.sqrt(1 - s**2) for s in sines]

        q = mpmath.mpf(guess) if guess is not None else h / mpmath.fsum(a * r for a, r in zip(w, ratios, strict=True))
        for _ in range(200):
            sines, cosines = trace(q)
            total = mpmath.fsum(a * s / c for a, s, c in zip(w, sines, cosines, strict=True))
            # d sine_i/dq = r_i/(1 + q²)^(3/2), and d tan = d sine/cosine³
            slope = mpmath.fsum(a * r / c**3 for a, r, c in zip(w, ratios, cosines, strict=True)) / (1 + q**2) ** 1.5
            moved = (h - total) / slope
            q += moved
            if abs(moved) <= abs(q) * mpmath.mpf(10) ** -(digits + 5):
                break
        sines, cosines = trace(q)
        movements = [a * s / c for a, s, c in zip(w, sines, cosines, strict=True)]
        error = abs(mpmath.fsum(movements) - h)
        if error > mpmath.mpf(10) ** -digits * (abs(h) + mpmath.fsum(w)):
            raise ArithmeticError(f"the movements miss the offset by {mpmath.nstr(error, 3)}")
        return Exact(mpmath.fsum(a / b / c for a, b, c in zip(w, v, cosines, strict=True)), movements, sines)
