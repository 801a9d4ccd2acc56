"""docs/rasters.md: every key of a map is on the page, and its figures are those of the benchmarks. tests/geo/test_real.py runs it."""

import re

import pytest

from terrain_cli.geo.elevation import HIGHEST
from terrain_cli.maps.elevation import Elevation
from terrain_cli.maps.model import CLASS, GOALS, LandCover, Speeds
from terrain_cli.maps.record import WALK
from terrain_cli.maps.region import Region
from terrain_cli.maps.scenario import MapGround
from terrain_cli.maps.walking.heights import DETAIL
from terrain_cli.maps.walking.model import DETAIL as MOST
from terrain_cli.maps.walking.model import SPEEDS, STEEP
from tests.docs.pages import assert_says, find_blocks, find_results, find_table, read_page, to_float

PAGE = "rasters.md"


def test_every_key_is_on_the_page() -> None:
    page = read_page(PAGE)
    keys = {
        *MapGround.model_fields,
        *Elevation.model_fields,
        *LandCover.model_fields,
        *Region.model_fields,
        "file",
        "snap",
        "via",
        "depart",
    }
    for key in sorted(keys - {*Speeds.model_fields, "cell", "origin"} | {"file", "voids"}):
        assert re.search(rf"(?<![\w-]){key}(?![\w-])", page), key


@pytest.mark.parametrize("name", ["zion", "mongon", "red_butte"])
def test_scenarios_are_short(name: str) -> None:
    [block] = [block for block in find_blocks(PAGE, "yaml") if block.startswith(f"# {name}.yaml")]
    assert len(block.splitlines()) <= 15


def test_the_figures_are_those_of_the_benchmarks() -> None:
    zion = find_results("Zion, land cover, cells of 90 m: 461 x 361 cells")
    butte = find_results("Red Butte, reservoir and road, cells of 26 m: 268 x 260 cells")
    rows = find_table(PAGE, "path of")
    assert [row[0] for row in rows] == [row["path of"] for row in zion] == [row["path of"] for row in butte]
    for row, *there in zip(rows, zion, butte, strict=True):
        for cell, known in zip(row[1:], there, strict=True):
            if cell.endswith(" s"):
                assert to_float(cell.removesuffix(" s")) == known["time (s)"]
            elif cell == "blocked":
                assert known["excess (%)"] == "inf"
            else:
                assert to_float(cell.strip("+ %")) == known["excess (%)"]
    assert_says(PAGE, f"`terrain` up to {max(row['seconds'] for row in (zion[0], butte[0])):.0f} s.")


def test_limits() -> None:
    assert_says(PAGE, f"{CLASS - 1:,} as the largest class")
    assert_says(PAGE, f"up to {GOALS:,} goals")
    assert_says(
        PAGE,
        f"at most {HIGHEST:,.0f} m above or below 0, in metres; slopes of `walking` tables and `max_slope` at most {STEEP:g}",
    )
    assert_says(PAGE, f"from 1 to {MOST}, {DETAIL} unless given")
    assert_says(PAGE, f"or have a unit: {', '.join(list(SPEEDS)[:-1])} or {list(SPEEDS)[-1]}.")
    assert_says(PAGE, f"they may differ by {100 * WALK:g} % from the record")
