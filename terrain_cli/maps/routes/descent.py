"""The descent of many routes at once on the positions of their nodes: Newton's method with a tridiagonal Hessian.

A leg depends only on the two nodes at its ends, so that a step costs as much as a few additions for each node.
"""

from typing import NamedTuple, Protocol, Self

import numpy as np
from scipy.linalg.lapack import dptsv

from terrain_cli.maps.routes.chains import Chain


class Descended(NamedTuple):
    """The result of a descent of R routes, shape (R,) each.

    time: s per cell size. gradient_norm: Euclidean norm over the crossings that can move.
    """

    time: np.ndarray
    gradient_norm: np.ndarray


SETTLED, LOST = 1e-16, 1e-13  # fractions of the time: a gain that ends a descent, and one that rounding errors may hide
LEAST_SHARE = 1e-6  # of a step of Newton's method; if not even that reduces the time, crossings are moved one by one
# By which the curvature is raised, one after the other, where a step is too long.
DAMPINGS = 0.0, 1e-4, 1e-3, 1e-2, 0.1, 1.0
FEW = 0.5  # of the nodes; when the routes that still gain have fewer, the descent goes on with them alone
AT_ONCE = 2048  # legs that are derived at once, by one compiled program; fewer would cost no less


class Legs(Protocol):
    """The legs between the nodes of a chain, as functions of x, the positions of the nodes on their edges, shape (N,)."""

    def derive(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        """The time of each route, and the gradient, the diagonal and the off-diagonal of the Hessian of their sum."""

    def move_singly(self, x: np.ndarray, nodes: np.ndarray) -> np.ndarray | None:
        """A better x where Newton's method finds none, by moving the nodes at these places; None if there is no way."""

    def take(self, nodes: np.ndarray) -> Self:
        """The legs between the nodes of some of the routes; nodes: a mask."""


def descend(
    chain: Chain, legs: Legs, limits: tuple[np.ndarray, np.ndarray], most: int, flat: float
) -> tuple[Chain, Descended]:
    """Descend on the crossings of routes, numbered from 0, by Newton's method, until no route gains more.

    limits: smallest and largest x of each node, shape (N,); a crossing that reaches one stays there. most: the largest number of
    iterations. flat: added to the curvature.
    Returns the chain with its new crossings, and the result. For each route, a step that does not reduce the time is halved.
    """
    routes = int(chain.route[-1]) + 1
    (low, high), held, route = limits, ~chain.moves, chain.route
    x, share, active = chain.x.copy(), np.ones(routes), np.ones(routes, dtype=bool)
    time, gradient, curvature, beside = legs.derive(x)
    places, end_x, end_gradient = np.arange(len(x)), x.copy(), np.zeros(len(x))
    for _ in range(most):
        step = _newton_step(np.where(held, 0.0, gradient), curvature + flat, beside, held, high - low)
        gain = -np.bincount(route, step * np.where(held, 0.0, gradient), minlength=routes)
        active &= gain > SETTLED * time
        if not active.any():
            break
        moving = active[route]
        if len(x) > AT_ONCE and np.count_nonzero(moving) < FEW * len(x):
            end_x[places], end_gradient[places] = x, np.where(held, 0.0, gradient)
            legs, beside = legs.take(moving), np.append(beside, 0.0)[moving][:-1]
            places, x, route, low, high, held, gradient, curvature, step = (
                values[moving] for values in (places, x, route, low, high, held, gradient, curvature, step)
            )
            moving = moving[moving]
        tried = np.where(moving, np.clip(x + share[route] * step, low, high), x)
        after, *derivatives = legs.derive(tried)
        takes = active & ((after < time) | ((gain <= LOST * time) & (after <= time * (1 + 1e-14))))
        taken = takes[route]
        x, time = np.where(taken, tried, x), np.where(takes, after, time)
        gradient, curvature = (
            np.where(taken, new, old) for new, old in zip(derivatives, (gradient, curvature), strict=False)
        )
        beside = np.where(taken[:-1], derivatives[2], beside)
        held |= taken & ((x <= low) | (x >= high))
        stuck = active & ~takes & (share < LEAST_SHARE)
        share = np.where(takes, np.minimum(1.0, 2 * share), share / 2)
        if stuck.any():
            moved = legs.move_singly(x, np.flatnonzero(stuck[route] & ~held))
            if moved is None:
                active &= ~stuck
                continue
            after = legs.derive(moved)[0]
            helped = stuck & (after < time * (1 - LOST))
            active &= helped | ~stuck
            share[helped] = 1.0
            x, time = np.where(helped[route], moved, x), np.where(helped, after, time)
            gradient, curvature, beside = legs.derive(x)[1:]
    end_x[places], end_gradient[places] = x, np.where(held, 0.0, gradient)
    norm = np.sqrt(np.bincount(chain.route, end_gradient**2, minlength=routes))
    return chain._replace(x=end_x), Descended(time, norm)


def _newton_step(
    gradient: np.ndarray, curvature: np.ndarray, beside: np.ndarray, held: np.ndarray, room: np.ndarray
) -> np.ndarray:
    """The solution of the tridiagonal system of Newton's method, shape (N,); crossings that are held do not move.

    room: between the limits of each crossing. Where the step is longer, as where a few crossings may move together at no cost,
    the curvature is raised (Levenberg's method): cut off at the limits, such a step may lead uphill.
    """
    diagonal = np.where(held, 1.0, curvature)
    beside = np.where(held[:-1] | held[1:], 0.0, beside)
    far = np.zeros(len(held), dtype=bool)
    for damping in DAMPINGS:
        diagonal = np.where(far, diagonal * (1 + damping), diagonal)
        _, _, step, failed = dptsv(diagonal, beside, -gradient)
        if failed > 0:  # rounding errors have made the matrix indefinite
            step = -gradient / diagonal
        far = np.abs(step) > room
        if not far.any():
            break
    return np.asarray(step)
