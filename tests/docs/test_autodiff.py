"""docs/autodiff.md: what tests/show/test_autodiff_page.py does not run already."""

import math
import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from terrain_cli import Strips, calc_time, find_optimum, load_map, solve
from terrain_cli.autodiff import graph
from terrain_cli.autodiff.operations import RULES
from terrain_cli.show.autodiff.rows import KEPT, SHOWN
from tests.conftest import CONFIGS, ROOT
from tests.docs.pages import check, find_blocks

PAGE = "autodiff.md"
TEXT = (ROOT / "docs" / PAGE).read_text(encoding="utf-8")
POST = Strips(widths=[10, 10, 10], speeds=[0.7, 0.3, 0.45], offset=20)
POINT = jnp.array([3.0, 4.0])


def test_the_slopes_along_a_branch() -> None:
    slope, square_root = 1 / 0.7, 0.5 / np.sqrt(104)
    here = slope * square_root * 4
    sentence = "by one over the speed, 1/{} = {}; the square root of {} has slope 1/(2√{}) = {}; the sum passes"
    check(PAGE, sentence, 0.7, slope, 104, 104, square_root)
    check(PAGE, "the square of 2 has slope {}. The product is {}.", 4, here)
    other = -2 / 0.45 * 0.5 / np.sqrt(101)
    whole, second = np.asarray(jax.grad(calc_time)(jnp.array([2.0, 17.0]), POST))
    check(PAGE, "Along that branch x₁ gets {}. A change", other)
    check(PAGE, "{} − {} = {} with all digits kept", here, -other, whole)
    check(PAGE, "So the gradient at the start of the descent is ({}, {}):", whole, second)
    by_speed: Any = jax.grad(calc_time, argnums=1)(jnp.array([2.0, 17.0]), POST)
    check(PAGE, "{} at v₂ means that", by_speed.speeds[1])
    faster = Strips(POST.widths, [0.7, 0.31, 0.45], 20)
    saved = calc_time([2.0, 17.0], POST) - calc_time([2.0, 17.0], faster)
    check(PAGE, "another {} m/s in the second strip would save about {} seconds", 0.01, saved)


def test_the_ray_parameter_arrives_twice() -> None:
    p = float(find_optimum(POST).ray[0])
    check(PAGE, "shows {} arriving along one branch and {} along the other", p, -p)
    check(PAGE, "The derivative with respect to the offset h is {} once more", p)


def test_the_page_names_every_operation() -> None:
    [named] = re.findall(r"It knows these operations of JAX:\n\n(.*?)\n\n", TEXT, re.DOTALL)
    known = {*RULES, "integer_pow", *graph.REDUCTIONS, "dot_general", *graph.MOVES, *graph.CALLS}
    assert set(re.findall(r"`(\w+)`", named)) == known


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x: jnp.where(x[0] > 1, x[0], x[1]), "gt"),
        (lambda x: jnp.cumsum(x)[1], "cumsum"),
        (lambda x: jax.lax.fori_loop(0, 3, lambda _, y: 2 * y, x[0]), "scan"),
        (lambda x: jax.nn.relu(x[0]), "custom_jvp_call"),
    ],
)
def test_it_refuses_what_it_does_not_know(function: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"the operation {name} cannot be shown in a tree"):
        graph.read_graph(function, POINT, leaves=[graph.leaves("x", POINT)])


def test_grad_alone_compiles_nothing() -> None:
    """Its result is a plain function, without the `lower` of what `jax.jit` returns."""
    assert not hasattr(jax.grad(lambda x: x**2), "lower")
    assert hasattr(jax.jit(jax.grad(lambda x: x**2)), "lower")


def test_long_sums_are_folded() -> None:
    words = {3: "three", 8: "eight"}
    assert f"Sums of more than {words[SHOWN]} terms are folded to the first {words[KEPT]} and the last" in TEXT


@pytest.mark.parametrize("about", ["class Number", "math.sqrt"])
def test_the_other_programs_print_what_their_comments_say(about: str, capsys: pytest.CaptureFixture[str]) -> None:
    [program] = [block for block in find_blocks(PAGE, "python") if about in block]
    exec(program, {"__name__": "page"})
    assert capsys.readouterr().out.splitlines() == re.findall(r"print\(.*\)  # (.*)$", program, flags=re.MULTILINE)


@pytest.mark.parametrize("lost", [math.sqrt, np.sqrt, float])
def test_jax_refuses_what_would_lose_the_tree(lost: Any) -> None:
    with pytest.raises((jax.errors.ConcretizationTypeError, jax.errors.TracerArrayConversionError)):
        jax.grad(lambda v: jnp.asarray(lost(v)))(4.0)


def test_both_ways_around_the_lake() -> None:
    lake = solve(load_map(CONFIGS / "lake.yaml"))
    assert lake.route
    check(PAGE, "one way takes {} s and the other {} s", lake.time, lake.route.alternatives[0].time)
