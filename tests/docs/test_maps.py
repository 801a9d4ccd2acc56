"""docs/maps.md: its figures and its options. tests/test_docs.py runs its commands and its Python."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import CONFIGS, Ran
from tests.docs.pages import assert_says, read_page

PAGE = "maps.md"


def test_the_uncertainty_of_the_corridor(terrain: Callable[..., Ran]) -> None:
    found = json.loads(terrain("solve", CONFIGS / "lake.yaml", "--json", "--corridor", 1).out)
    assert_says(PAGE, f"For [lake.yaml](../configs/lake.yaml) it is {100 * found['corridor']['error']:.2f} %.")


def test_precision_32(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    assert_says(
        PAGE, "`--precision 32` is faster and halves the memory of these times; the routes are the same to rounding."
    )
    times, sizes = [], []
    for precision in (64, 32):
        field = tmp_path / f"{precision}.npy"
        ran = terrain("solve", CONFIGS / "lake.yaml", "--json", "--precision", precision, "--field", field)
        times.append(json.loads(ran.out)["time"])
        sizes.append(np.load(field).nbytes)
    assert times[1] == pytest.approx(times[0], rel=1e-14)
    assert sizes[0] == 2 * sizes[1]


def test_every_option_of_the_table_is_one(terrain: Callable[..., Ran]) -> None:
    named = {words[0] for words in map(str.split, re.findall(r"^\| `(-[^`]+)`", read_page(PAGE), flags=re.MULTILINE))}
    assert {"--json", "--csv", "--sensitivity", "--isochrones", "--corridor", "--field"} <= named
    shown = terrain("solve", "--help").out
    for option in named:
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", shown), option


def test_the_keys_of_the_document_are_the_ones_named(terrain: Callable[..., Ran]) -> None:
    [row] = [line for line in read_page(PAGE).splitlines() if line.startswith("| `--json`")]
    found = json.loads(terrain("solve", CONFIGS / "lake.yaml", "--json").out)
    named = set(re.findall(r"`(\w+)`", row)) - {"routes"}
    assert len(named) == 6
    assert named <= set(found)
