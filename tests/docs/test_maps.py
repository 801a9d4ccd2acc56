"""docs/maps.md: its figures and its options. tests/test_docs.py runs its commands and its Python."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from terrain_cli.maps import raster
from terrain_cli.maps.fields import mesh
from tests.conftest import CONFIGS, Ran
from tests.docs.pages import assert_says, read_page

PAGE = "maps.md"


def test_the_uncertainty_of_the_corridor(terrain: Callable[..., Ran]) -> None:
    found = json.loads(terrain("solve", CONFIGS / "lake.yaml", "--json", "--corridor", 1).out)
    assert_says(PAGE, f"For [lake.yaml](../configs/lake.yaml) it is {100 * found['corridor']['error']:.2f} %.")


def test_precision_32(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    assert_says(PAGE, "`--precision 32` keeps them in 32 bits, which halves their memory and the file of `--field`;")
    held = np.finfo(np.float32)
    assert_says(
        PAGE, f"where 32 cannot hold them (above {held.max:.1e} or below {held.tiny:.1e})".replace("e+38", "e38")
    )
    assert_says(PAGE, "The routes are the same.")
    times, sizes = [], []
    for precision in (64, 32):
        field = tmp_path / f"{precision}.npy"
        ran = terrain("solve", CONFIGS / "lake.yaml", "--json", "--precision", precision, "--field", field)
        times.append(json.loads(ran.out)["time"])
        sizes.append(np.load(field).nbytes)
    assert times[1] == pytest.approx(times[0], rel=1e-14)
    assert sizes[0] == 2 * sizes[1]


def test_the_mesh_of_isochrones() -> None:
    parts = [min(int((mesh.POINTS / cells) ** 0.5) - 1, mesh.FINEST) for cells in (110_000, 10**6, 10**6 + 1000)]
    assert parts == [8, 2, 1]
    assert_says(PAGE, "into 8 × 8 parts on maps of up to 110,000 cells, 2 × 2 at a million and not at all beyond")


def test_how_square_cells_must_be() -> None:
    assert (raster.ROUNDED, raster.SQUARE) == (0.001, 0.01)
    assert_says(PAGE, "(0.001 over the number of columns, and 0.001 over that of the rows), and by 1 % at most")


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
