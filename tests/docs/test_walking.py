"""docs/walking.md: its functions are those of the program, its example holds, and its picture shows them."""

import runpy
from math import exp

import matplotlib.pyplot as plt
import pytest

from terrain_cli.maps.walking.functions import FUNCTIONS, LORENTZ, Walking, calc_speed
from terrain_cli.maps.walking.means import mean_pace_of
from terrain_cli.maps.walking.paces import to_pace
from tests.conftest import ROOT
from tests.docs.pages import assert_says

PAGE = "walking.md"
TEXT = (ROOT / "docs" / PAGE).read_text()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_in_the_table(name: str) -> None:
    function = FUNCTIONS[name]
    [row, *_] = [line for line in TEXT.splitlines() if line.startswith(f"| `{name}` |")]
    cells = [cell.strip() for cell in row.replace("\\|", "¦").split("|")[1:-1]]
    assert cells[1].replace("¦", "|") == function.formula
    assert cells[2] == function.unit
    for key, parameter in function.parameters.items():
        assert f"`{key}`" in cells[4] or f"`{key}:" in cells[4]
        if name == "naismith_langmuir":
            assert f"`{key}` {parameter.default:g}" in cells[4]
    if "doi:" in function.source:
        assert function.source in TEXT


def test_the_example() -> None:
    mean = (exp(1.4) - exp(0.35)) / 1.05
    assert_says(PAGE, f"(4.0552 - 1.4191) / 1.05 = {mean:.4f}")
    assert_says(PAGE, f"100 × 2.5106 / 1.6667 = {100 * mean / (6 / 3.6):.1f} s")
    level, pace = to_pace(Walking())
    assert 100 * mean_pace_of(*pace.numbers, 0.05, 0.35) / level == pytest.approx(100 * mean * 0.6, rel=1e-14)
    ends = 100 / calc_speed(Walking(), 0.2)
    assert_says(PAGE, f"it would have been {ends:.1f} s, {100 * (1 - ends / (60 * mean)):.1f} % less")


def test_the_figures_of_the_text() -> None:
    langmuir = Walking("naismith_langmuir")
    jump = [3.6 * calc_speed(langmuir, slope) for slope in (-0.2125, -0.21251)]
    assert_says(PAGE, f"jumps, from {jump[0]:.1f} to {jump[1]:.1f} km/h")
    slow, middle = (3.6 * calc_speed(Walking("campbell", {"percentile": p}), 0) for p in (10, 50))
    assert_says(PAGE, f"({slow:.2f} km/h on the level), the 50th a run ({middle:.1f} km/h)")
    assert_says(PAGE, f"P = 3.5 W/kg gives {calc_speed(Walking('minetti'), 0):.1f} m/s on the level")
    assert list(LORENTZ) == list(range(10, 100, 10))


def test_the_picture_has_the_functions() -> None:
    speeds = runpy.run_path(str(ROOT / "docs" / "images" / "walking_functions.py"))["draw"]()
    plt.close("all")
    picture = (ROOT / "docs" / "images" / "walking_functions.svg").read_text()
    assert all(f">{name}<" in picture for name in speeds)
    shown = {name.split(",")[0].split(" (")[0] for name in speeds}
    assert shown == {f.title.split(",")[0] for name, f in FUNCTIONS.items() if name not in ("exponential", "table")}
