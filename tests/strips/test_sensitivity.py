"""The sensitivity of the best time to the ground."""

import io
import json
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path

import jax
import numpy as np
import pytest

from benchmarks.exact import solve_exactly
from benchmarks.scenarios import draw_ordinary
from terrain_cli.strips.ground import Strips
from terrain_cli.strips.sensitivity import find_hessian, find_sensitivity, time_uncertainty
from terrain_cli.strips.snell import best_time
from tests.conftest import CONFIGS, ROOT, Ran

POST = Strips(widths=[10, 10, 10], speeds=[0.7, 0.3, 0.45], offset=20)
THREE = CONFIGS / "three_strips.yaml"


def time(widths: list[float], speeds: list[float], offset: float) -> float:
    return float(solve_exactly(widths, speeds, offset).time)


def test_derivatives_are_those_of_the_exact_time() -> None:
    found = find_sensitivity(POST)
    widths, speeds = [10.0, 10.0, 10.0], [0.7, 0.3, 0.45]
    change = 1e-5
    for i in range(3):
        wider, narrower = list(widths), list(widths)
        wider[i] += change
        narrower[i] -= change
        slope = (time(wider, speeds, 20) - time(narrower, speeds, 20)) / (2 * change)
        assert found.by_widths[i] == pytest.approx(slope, rel=1e-8)
        faster, slower = list(speeds), list(speeds)
        faster[i] += change
        slower[i] -= change
        slope = (time(widths, faster, 20) - time(widths, slower, 20)) / (2 * change)
        assert found.by_speeds[i] == pytest.approx(slope, rel=1e-7)
    slope = (time(widths, speeds, 20 + change) - time(widths, speeds, 20 - change)) / (2 * change)
    assert found.by_offset == pytest.approx(slope, rel=1e-8)


def test_elasticities_sum_to_one() -> None:
    found = find_sensitivity(draw_ordinary(np.random.default_rng(0), 200))
    assert found.speed_elasticities.sum() == pytest.approx(-1, rel=1e-13)
    assert found.width_elasticities.sum() + found.offset_elasticity == pytest.approx(1, rel=1e-13)


def test_hessian_is_the_slope_of_the_gradient() -> None:
    hessian = np.asarray(find_hessian(POST))
    assert hessian.shape == (7, 7)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-10, atol=1e-12)
    change = 1e-5
    for i in range(7):
        ends = []
        for sign in (1, -1):
            numbers = np.array([10, 10, 10, 0.7, 0.3, 0.45, 20.0])
            numbers[i] += sign * change
            found = find_sensitivity(Strips(numbers[:3], numbers[3:6], numbers[6]))
            ends.append(np.concatenate([found.by_widths, found.by_speeds, [found.by_offset]]))
        np.testing.assert_allclose(hessian[i], (ends[0] - ends[1]) / (2 * change), rtol=1e-6, atol=1e-6)


def test_uncertainty_against_random_ground() -> None:
    """To first order, against the standard deviation over 4,000 random grounds: speeds known to 1 %, widths to 2 %."""
    rng = np.random.default_rng(0)
    widths = rng.normal(POST.widths, 0.02 * POST.widths, (4000, 3))
    speeds = rng.normal(POST.speeds, 0.01 * POST.speeds, (4000, 3))
    times = jax.vmap(best_time)(Strips(widths, speeds, np.full(4000, 20.0)))
    predicted = time_uncertainty(POST, 0.02 * POST.widths, 0.01 * POST.speeds)
    assert predicted == pytest.approx(float(times.std()), rel=0.05)


def test_the_table_and_its_sentences(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    file = tmp_path / "ground.yaml"
    file.write_text(
        "strips: [{width: 10, speed: 0.7}, {width: 10, speed: 0.3, name: bog}]\noffset: 0\nunits: {time: h}\n"
    )
    ran = terrain("solve", file, "--sensitivity", "-q")
    assert ran.code == 0
    assert "1 % more speed in strip 2 (bog) saves 0.33 h, more than anywhere else." in ran.out
    assert "A small offset costs nothing: dt/doffset 0.000000 h/m." in ran.out
    file.write_text("strips: [{width: 10, speed: 0.5}]\noffset: 20\n")
    ran = terrain("solve", file, "--sensitivity", "-q")
    assert "1 % more speed in strip 1 saves 0.45 s.\n" in ran.out
    assert "1 % more offset costs 0.36 s: dt/doffset 1.788854 s/m." in ran.out


def test_json_has_all_strips_and_the_table_has_twelve(terrain: Callable[..., Ran]) -> None:
    fifty = CONFIGS / "fifty_strips.yaml"
    document = json.loads(terrain("solve", fifty, "--method", "snell", "--sensitivity", "--json").out)
    found = document["sensitivity"]
    assert len(found["by_speeds"]) == len(found["by_widths"]) == len(found["speed_elasticities"]) == 50
    assert found["time"] == document["optimum"]["time"]
    assert "sensitivity" not in json.loads(terrain("solve", fifty, "--method", "snell", "--json").out)
    ran = terrain("solve", fifty, "--method", "snell", "--sensitivity", "-q")
    assert "12 of 50 strips are shown, those that matter most; --json lists all" in ran.out


def test_the_tables_of_several_scenarios_have_titles(terrain: Callable[..., Ran]) -> None:
    ran = terrain("solve", THREE, CONFIGS / "uniform.yaml", "--sensitivity")
    assert ran.out.count("What the best time of ") == 2
    assert "What the best time of three strips," in ran.out


def test_csv_is_refused(terrain: Callable[..., Ran]) -> None:
    ran = terrain("solve", THREE, "--sensitivity", "--csv")
    assert ran.code == 2
    assert ran.err.startswith("--sensitivity and --csv cannot be used together")


def test_the_page_runs(terrain: Callable[..., Ran]) -> None:
    """Every command and snippet of docs/sensitivity.md prints what the page says."""
    page = (ROOT / "docs" / "sensitivity.md").read_text(encoding="utf-8")
    blocks = [
        re.sub(r"(?m)^    ", "", block).strip("\n") for block in re.findall(r"(?m)(?:^    .*\n|^\n(?=    ))+", page)
    ]
    blocks = [block for block in blocks if block]
    names: dict[str, object] = {}
    ran = 0
    for block, shown in pairwise(blocks):
        if block.startswith("terrain "):
            out = terrain(*block.replace("configs/", f"{CONFIGS}/").split()[1:]).out
        elif block.startswith("from "):
            with redirect_stdout(io.StringIO()) as printed:
                exec(block, names)
            out = printed.getvalue()
        else:
            continue
        lines = "\n".join(line.rstrip() for line in out.splitlines())
        assert shown in lines
        ran += 1
    assert ran == 3
