"""A route that passes points on the way: its legs, from each point to the next, joined to one route."""

import math
from collections.abc import Sequence
from itertools import zip_longest

import numpy as np

from terrain_cli.contract import Route
from terrain_cli.maps.routes.search import Round


def join_legs(legs: Sequence[Route]) -> Route:
    """The legs, each of which starts where the one before ends, as one route; a single leg as it is.

    The legs do not depend on each other: times, lengths and the times of the straight lines are sums, and a row of the history
    says how all legs were after so many iterations, those that were finished by then as they ended. Alternatives are left out.
    """
    if len(legs) == 1:
        return legs[0]
    points = np.concatenate([legs[0].points, *(leg.points[1:] for leg in legs[1:])])
    time, distance, straight = (math.fsum(numbers) for numbers in zip(*((leg[1:4]) for leg in legs), strict=True))
    rows = zip_longest(*(leg.history for leg in legs))
    history: list[Round] = []
    latest = [leg.history[0] for leg in legs]
    for i, row in enumerate(rows):
        latest = [now or before for now, before in zip(row, latest, strict=True)]
        between = len(legs) - 1  # points on the way, each of which is the end of one leg and the start of the next
        norm = math.hypot(*(now.gradient_norm for now in latest))
        took = math.fsum(now.time for now in latest)
        history.append(Round(i, sum(now.crossings for now in latest) + between, took, norm))
    return Route(points, time, distance, straight, tuple(history), legs=tuple(legs))
