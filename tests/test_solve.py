"""`terrain solve`."""

import json
from collections.abc import Callable

import pytest

from tests.conftest import CONFIGS, Ran

THREE = CONFIGS / "three_strips.yaml"


def test_gives_the_numbers_of_the_post(terrain: Callable[..., Ran]) -> None:
    ran = terrain("solve", THREE, "--json")
    assert (ran.code, ran.err) == (0, "")
    document = json.loads(ran.out)
    assert document["x"] == pytest.approx([10.92159256, 3.49070087], rel=1e-9)
    assert document["time"] == pytest.approx(81.91638300562, rel=1e-9)
    assert document["history"][0]["time"] == pytest.approx(102.64529386, rel=1e-9)
    assert document["optimum"]["time"] == pytest.approx(81.911687844968, rel=1e-12)
    assert document["gap"] == pytest.approx(5.7e-5, rel=0.01)
    assert [row["iteration"] for row in document["history"]] == list(range(21))
