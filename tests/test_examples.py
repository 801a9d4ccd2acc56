"""The programs in examples/: each runs as it stands, reaches its figures, prints what docs/examples.md shows, and draws."""

import re
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import test_util
from PIL import Image
from scipy.ndimage import convolve

from terrain_cli.jax_config import set_option
from tests.conftest import CONFIGS, ROOT, optimise
from tests.docs.pages import check, find_blocks, read_page

EXAMPLES = ROOT / "examples"
PROGRAMS = sorted(file.stem for file in EXAMPLES.glob("*.py"))
NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?![\w])|\bnan\b")
Run = Callable[[str], str]


@pytest.fixture(autouse=True)
def as_for_a_reader(monkeypatch: pytest.MonkeyPatch) -> object:
    """JAX as in a process of its own: shapes are broadcast. No window opens, and no compiled Python is left in examples/."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = jax.config.jax_numpy_rank_promotion  # type: ignore[attr-defined]
    set_option("jax_numpy_rank_promotion", "allow")
    yield
    set_option("jax_numpy_rank_promotion", before)


def load(name: str) -> ModuleType:
    """The program as a module, without running it."""
    spec = spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a program as `python examples/NAME.py picture.png` does, and return what it prints, which is like the page's table."""

    def run(name: str) -> str:
        picture = tmp_path / "picture.png"
        source = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
        monkeypatch.setattr(sys, "argv", [f"{name}.py", str(picture)])
        exec(compile(source, f"{name}.py", "exec"), {"__name__": "__main__", "__file__": f"{name}.py"})
        printed = capsys.readouterr().out
        assert [to_words(line) for line in printed.splitlines()] == [to_words(line) for line in shown(name)]
        with Image.open(picture) as drawn, Image.open(ROOT / "docs" / "images" / f"{name}.png") as kept:
            assert drawn.size == kept.size
            assert np.std(np.asarray(drawn.convert("L"))) > 10  # not blank
        return printed

    return run


def to_words(line: str) -> str:
    """A line without its numbers and its spaces, which are as wide as the numbers leave them."""
    return re.sub(r"\s+", "", NUMBER.sub("#", line))


def shown(name: str) -> list[str]:
    """The lines that the page shows as printed by the program."""
    [block] = [
        block for block in find_blocks("examples.md", "console") if block.startswith(f"$ python examples/{name}.py\n")
    ]
    return block.splitlines()[1:]


def numbers(text: str | list[str], row: str) -> list[float]:
    """The numbers in the rows that begin with this text, after it."""
    lines = text.splitlines() if isinstance(text, str) else text
    found = [line.strip().removeprefix(row) for line in lines if line.strip().startswith(row)]
    assert found, row
    return [float(number.replace(",", "")) for line in found for number in NUMBER.findall(line)]


def test_every_program_is_on_the_page_and_short() -> None:
    page = read_page("examples.md")
    for name in PROGRAMS:
        assert f"| [`{name}`](#" in page
        assert f"](images/{name}.png)" in page
        assert len((EXAMPLES / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 170, name
        assert "optax" not in (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert len(PROGRAMS) == 7


def test_no_program_has_the_name_of_a_scenario() -> None:
    """Both are written out by their names."""
    assert not {file.stem for file in CONFIGS.iterdir()} & set(PROGRAMS)


@pytest.mark.slow
class TestSoftLake:
    def test_it_reaches_its_figures(self, run: Run) -> None:
        printed = run("soft_lake")
        for row in ("straight line", "hard: one branch or the other", "lake on the line: soft"):
            assert numbers(printed, row) == numbers(shown("soft_lake"), row)  # nothing moves
        for row in ("soft: speeds averaged", "soft: slownesses averaged"):
            [time] = numbers(printed, row)
            assert 31.08 < time <= 31.35
        [exact] = numbers(printed, "two tangents and an arc")
        assert numbers(printed, "terrain, raster of 0.1 m") == pytest.approx([exact], rel=1e-3)
        assert 31.68 < numbers(printed, "lake on the line: kicked by 0.3 m")[0] < 32

    def test_its_oracles_hold(self) -> None:
        """Two tangents and an arc, against the shortest of many dry ways to the shore, and exact times against a sum."""
        soft_lake = load("soft_lake")
        y = np.full(19, 10.0) + np.sin(np.arange(19))
        points = np.asarray(soft_lake.to_points(y))
        part = (np.arange(20_000) + 0.5) / 20_000
        places = points[:-1, None] + part[None, :, None] * np.diff(points, axis=0)[:, None]
        inside = np.hypot(*np.moveaxis(places - np.array([15, 9]), 2, 0)) < 5
        lengths = np.hypot(*np.diff(points, axis=0).T)
        by_sum = np.sum(lengths * np.mean(np.where(inside, 10.0, 1.0), axis=1))
        assert soft_lake.time_exactly(y, soft_lake.LAKE) == pytest.approx(by_sum, rel=1e-4)
        angle = np.linspace(
            0, np.pi, 400_001
        )  # where a straight leg from the start meets the shore; the goal is its mirror image
        shore = 5 * np.stack([-np.cos(angle), np.sin(angle)], axis=1)
        leg = shore - np.array([-15, 1])
        dry = np.sum(leg * shore, axis=1) <= 0
        half = np.hypot(*leg.T) + 5 * np.abs(np.pi / 2 - angle)
        assert soft_lake.solve_exactly(soft_lake.LAKE) == pytest.approx(2 * np.min(half[dry]), rel=1e-8)


@pytest.mark.slow
def test_loops_and_branches(run: Run) -> None:
    printed = run("loops_and_branches")
    time, by_angle, by_speed = numbers(printed, "Python while")[:3]
    assert numbers(printed, "finite differences") == pytest.approx([by_angle, by_speed], rel=1e-5)
    for row in ("lax.scan, lax.cond", "where, guarded"):
        assert numbers(printed, row)[:3] == [time, by_angle, by_speed]
    assert numbers(printed, "lax.while_loop")[:2] == [time, by_angle]
    assert "refused" in printed
    [first] = [line for line in printed.splitlines() if re.match(r"where +\d", line)]
    assert first.split()[1:3] == [f"{time:.4f}", f"{by_angle:.6f}"]
    assert first.split()[3] == "nan"
    assert [time, by_angle, by_speed] == numbers(shown("loops_and_branches"), "Python while")[:3]


@pytest.mark.slow
def test_find_the_lake(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    optimise(monkeypatch)
    printed = run("find_the_lake")
    assert numbers(printed, "of 10 guesses, find it by a hard shore") == [0, 0, 0]
    for row in ("of 10 guesses, find it by averaged slownesses", "of 10 guesses, find it by averaged speeds"):
        found = numbers(printed, row)[-3:]
        assert sum(found) >= 18
        assert min(found) >= 4
    assert (
        numbers(printed, "of 10 guesses, find it by averaged speeds")[0] == 0
    )  # only two walks cross the smaller lake


@pytest.mark.slow
class TestLife:
    def test_it_reaches_its_figures(self, run: Run) -> None:
        printed = run("life_backwards")
        empty, threshold, chances, flips, both = (
            numbers(printed, row)[-1]
            for row in (
                "empty board",
                "descent, soft threshold",
                "descent, chances  ",
                "400,000 random flips",
                "descent, chances, then flips",
            )
        )
        assert 76 < empty < 81
        assert min(threshold, chances) >= 90
        assert threshold < flips < chances < both  # random flips beat the soft threshold

    def test_the_rules_are_conways(self) -> None:
        """And both soft rules are the hard one, for a board that is not soft."""
        life = load("life_backwards")
        board = (np.random.default_rng(3).random((64, 64)) < 0.4).astype(float)
        count = convolve(board, np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]]), mode="constant")
        expected = (count == 3) | ((board == 1) & (count == 2))
        assert np.array_equal(life.next_step(board), expected)
        assert np.array_equal(life.chance(board, None), expected)
        assert np.allclose(life.soft_threshold(board, 0.01), expected, atol=1e-6)


@pytest.mark.slow
def test_splatting(run: Run) -> None:
    printed = run("splatting")
    one, before, squares, after = (
        numbers(printed, row)[-1]
        for row in (
            "one colour",
            "50 blots, in random places",
            "144 squares of 4 x 4 pixels",
            "50 blots, after the descent",
        )
    )
    assert after < squares / 2 < before < one
    found, guess = "soft edge, from (40, 22), 4", "hard edge, from (40, 22), 4"
    assert numbers(printed, found) == pytest.approx([20, 14, 6], abs=0.1)
    assert numbers(printed, guess) == [40, 22, 4]
    assert numbers(printed, "soft edge, from (48, 26), 3")[0] > 30  # not found


@pytest.mark.slow
def test_the_network(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trained in full, as on the page."""
    optimise(monkeypatch)
    printed = run("travel_time_network")
    strips = [line for line in printed.splitlines() if line.startswith("three strips")]
    (loss, error), (smooth_loss, smooth_error) = (numbers(line, "three strips")[2:4] for line in strips)
    assert error < 0.5
    assert numbers(printed, "a lake of 0.2 in 0.7 m/s")[3] < 3
    assert numbers(printed, "a road of 1.2 in 0.4 m/s")[3] < 1
    assert smooth_loss < loss / 1.5  # low loss is not low error
    assert smooth_error > 4 * error


@pytest.mark.slow
def test_the_ray(run: Run) -> None:
    printed = run("shoot_a_ray")
    times = [numbers(line, line.split()[0])[-1] for line in printed.splitlines() if "°" in line]
    assert numbers(printed, "terrain, on a raster of 0.1 m")[-1] == pytest.approx(min(times), rel=1e-3)
    assert numbers(printed, "through diffrax") == pytest.approx(numbers(printed, "finite differences"), abs=2e-5)
    assert sorted(times) == pytest.approx([29.2087, 32.1089, 35.9971], abs=2e-4)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("soft_lake", lambda m: lambda y: m.calc_time(y, m.LAKE, lambda to_shore: m.mix_speeds(to_shore, 1.0))),
        ("find_the_lake", lambda m: lambda x: jnp.sum(m.calc_times(jnp.array([[[0, 9.0], [30, 7]]]), x[:3], lambda to: m.mix_slownesses(to, 2)))),
        ("life_backwards", lambda m: lambda x: jnp.sum(m.chance(jnp.tile(jax.nn.sigmoid(x), 256)[:4096].reshape(64, 64), None) ** 2)),
        ("loops_and_branches", lambda m: lambda x: m.by_guarded_where(40.0, 1 + 0.1 * x)),
        ("shoot_a_ray", lambda m: lambda x: m.calc_slowness(x[:2], m.HILLS)),
    ],
)  # fmt: skip
def test_slopes_are_those_of_finite_differences(
    name: str, function: Callable[[ModuleType], Callable[[Any], Any]]
) -> None:
    check_grads = cast(Callable[..., None], test_util.check_grads)
    check_grads(jax.jit(function(load(name))), (jnp.linspace(9, 12, 19),), order=1)


def test_the_sentences_of_the_page_follow_from_its_tables() -> None:
    best, soft = (
        numbers(shown("soft_lake"), row)[0] for row in ("two tangents and an arc", "soft: slownesses averaged")
    )
    check("examples.md", "the path is within {} % of the best one either way", 100 * (soft / best - 1))
    squares, after = (
        numbers(shown("splatting"), row)[1] for row in ("144 squares of 4 x 4 pixels", "50 blots, after the descent")
    )
    check("examples.md", "the blots are {} times closer", squares / after)
    rows = [numbers(line, "three strips") for line in shown("travel_time_network") if line.startswith("three strips")]
    check(
        "examples.md",
        "Its loss is {} times lower, and its error {} times larger",
        rows[0][2] / rows[1][2],
        rows[1][3] / rows[0][3],
    )
    network = load("travel_time_network")
    learned = jax.tree.leaves(network.nnx.split(network.Network(network.nnx.Rngs(0)))[1])
    check("examples.md", "A network of {} numbers is T", sum(array.size for array in learned))
    lines = [line for line in shown("travel_time_network") if line.endswith(" ms")]
    times = [(float(line.split()[-4]), float(line.split()[-2])) for line in lines]
    training, sweep = zip(*times, strict=True)
    check(
        "examples.md", "at {} corners in {} to {} ms, where the training takes {} to {} s: it is at least {} times",
        301 * 201, min(sweep), max(sweep), min(training), max(training), min(1000 * a / b for a, b in times),
    )  # fmt: skip
    rays = [numbers(line, line.split()[0])[-1] for line in shown("shoot_a_ray") if "°" in line]
    route = numbers(shown("shoot_a_ray"), "terrain, on a raster of 0.1 m")[-1]
    check("examples.md", "on a raster of {} m within {}", 0.1, 1 - route / rays[0])
    check("examples.md", "takes {} % longer than the fastest", 100 * (rays[1] / rays[0] - 1))
