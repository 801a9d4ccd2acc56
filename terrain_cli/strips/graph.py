"""The expression tree of the travel time: `calc_time` as autodiff/graph.py reads it from the program that JAX traces."""

from collections.abc import Sequence

import numpy as np
from jax.typing import ArrayLike

from terrain_cli.autodiff.graph import CONSTANT, Node, leaves, read_graph
from terrain_cli.strips.ground import Strips, calc_time


def time_graph(x: ArrayLike, strips: Strips, names: Sequence[str] = ()) -> Node:
    """The graph of the travel time (s) of the path `x`, shape (n-1,), m.

    x₁, x₂, ... are variables; the widths w, the speeds v and the offset h are constants. names: of the strips, shown as notes
    on their speeds.
    """
    path = np.asarray(x, dtype=np.float64)
    nodes = [
        leaves("x", path),
        leaves("w", strips.widths, CONSTANT),
        leaves("v", strips.speeds, CONSTANT, names),
        leaves("h", strips.offset, CONSTANT),
    ]
    return read_graph(calc_time, path, strips, leaves=nodes)
