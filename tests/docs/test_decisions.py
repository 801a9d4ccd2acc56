"""docs/decisions/: the numbers they state."""

import numpy as np

from terrain_cli.strips import batched
from tests.conftest import ROOT
from tests.docs.pages import check, find_numbers, find_results, read_flowed, to_float

FLOAT64, CACHE, BLOCKS, BATCHES, ROUTES = sorted(
    f"decisions/{path.name}" for path in (ROOT / "docs" / "decisions").glob("000[1-5]-*.md")
)


def test_float32_is_not_enough() -> None:
    """The post's descent in NumPy's float32."""
    widths, speeds = np.full(3, 10, np.float32), np.array([0.7, 0.3, 0.45], np.float32)
    x, times, measures = np.array([2, 17], np.float32), [], []
    for _ in range(400):
        along = np.append(x, np.float32(20) - x.sum())
        lengths = np.sqrt(along**2 + widths**2)
        rays = along / lengths / speeds
        gradient = rays[:2] - rays[2]
        times.append(np.sum(lengths / speeds))
        measures.append(np.abs(gradient).max() * speeds.min())
        x = x - np.float32(1.5) * gradient
    assert times[-1].dtype == np.float32
    check(
        FLOAT64, "starts to rise by rounding around iteration {}, the", int(np.argmax(np.diff(times) > 0)) + 1, rel=0.2
    )
    sentence = "the convergence measure never falls below {}, so a tolerance of {} is never met"
    lowest, tolerance = map(to_float, find_numbers(FLOAT64, sentence))
    assert lowest <= min(measures) <= 2 * lowest
    assert tolerance < lowest
    assert 1e-7 > np.finfo(np.float32).eps / 2 > 1e-8  # seven digits
    assert 1e-15 > np.finfo(np.float64).eps / 2 > 1e-16  # sixteen
    assert "has seven digits instead of sixteen" in read_flowed(FLOAT64)


def test_ratios_are_those_of_the_kept_run() -> None:
    [_, _, ratio] = find_numbers(
        "benchmarks.md", "| terrain solve, warm / import jax and one operation | {} | {} | {} |"
    )
    check(CACHE, "then takes {} times the bare import", to_float(ratio))
    within = to_float(find_numbers(CACHE, "within {} times `import jax` and one operation")[0])
    assert to_float(ratio) < within == to_float(find_numbers(CACHE, "took more than {} times the bare import")[0])

    rows = (
        "| 3 | 1,000,000 | terrain solve_many | {} | {} | {} |",
        "| 30 | 100,000 | terrain solve_many | {} | {} | {} |",
    )
    three, thirty = (to_float(find_numbers("benchmarks.md", row)[1]) for row in rows)
    check(
        BLOCKS,
        "Today it takes {} times the time of the loop in numba for three strips and {} times for thirty",
        three,
        thirty,
    )

    strips = find_results("Three strips as a raster, cell 0.05 m: how much longer than the exact optimum")
    [excess] = [row["excess (%)"] for row in strips if row["path of"] == "GRASS r.cost, 8 neighbours"]
    check(ROUTES, "are {} % off with 8 neighbours", excess)


def test_sizes_of_blocks() -> None:
    """The rows of a block for thirty strips and for three."""
    rows = [min(batched.MAX_BLOCK, batched.CACHE_STRIPS // batched.room(n)) for n in (30, 3)]
    check(BLOCKS, "Blocks have {} or {} rows", *rows)
    check(BLOCKS, "When one in {} searches of a block is left", batched.LAST_SHARE)
    check(BLOCKS, "There are programs for {}, {}, {} ... strips", *(batched.room(n) for n in (1, 20, 33)))
    assert "so 20 strips cost 20 and not 32" in read_flowed(BLOCKS)


def test_what_the_hash_costs() -> None:
    """The share of a batch's time that follows from docs/scaling.md."""
    alone = to_float(find_numbers("scaling.md", "JSON lines to JSON lines | {} |")[0])
    case = to_float(find_numbers("scaling.md", "A case is {} bytes of JSON")[0])
    hashes = to_float(find_numbers("scaling.md", "{} GB/s for reading and hashing together")[0])
    check(BATCHES, "It costs about {} % of the time that a batch takes", 100 * case / (hashes * 1e9) * alone)
