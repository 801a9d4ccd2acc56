"""docs/scaling.md: rates from the kept benchmark run, sizes from a small batch, and the arithmetic between them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from terrain_cli.batch import cases, cluster
from tests.conftest import Ran
from tests.docs.pages import check, find_numbers, to_float

PAGE, RUN = "scaling.md", "benchmarks.md"


def from_the_run(row: str, place: int = 0) -> float:
    return to_float(find_numbers(RUN, row)[place])


SOLVED = from_the_run("| 3 | 1,000,000 | terrain solve_many | {} | {} | {} |", 2)  # processor seconds
SOLVED_30 = from_the_run("| 30 | 100,000 | terrain solve_many | {} | {} | {} |", 2)
ALONE = from_the_run("| none | {} | {} | {} | {} |", 2)  # cases a second
LOCAL = from_the_run("| local | {} | {} | {} | {} |", 2)
MEMORY = from_the_run("| none | {} | {} | {} | {} |", 3)


def test_rates_are_those_of_the_kept_run() -> None:
    check(PAGE, "| `solve_many`, three strips | {} |", 1e6 / SOLVED, rel=0.005)
    check(PAGE, "| `solve_many`, thirty strips | {} |", 1e5 / SOLVED_30, rel=0.005)
    check(PAGE, "JSON lines to JSON lines | {} |", ALONE, rel=0.005)
    check(PAGE, "(`--scheduler local`) | {} |", LOCAL, rel=0.005)
    check(
        PAGE,
        "A case of the batch takes {} µs, and only {} µs of that, {} %",
        1e6 / ALONE,
        SOLVED,
        100 * SOLVED * 1e-6 * ALONE,
    )
    check(PAGE, "`solve_many` is {} times faster", 1e6 / SOLVED / ALONE)
    check(PAGE, "The memory is about {} MiB", MEMORY, rel=0.02)


def test_bytes_of_cases_and_results(terrain: Callable[..., Ran], tmp_path: Path) -> None:
    """Cases as the benchmark draws them, with ids of six digits as most of its million have."""
    rng = np.random.default_rng(0)
    count = 2000
    widths, speeds = rng.uniform(2, 10, (count, 3)).round(3), rng.uniform(0.3, 1, (count, 3)).round(3)
    offsets = (3 * rng.uniform(-24, 24, count)).round(3)
    file = tmp_path / "cases.jsonl"
    with file.open("w") as lines:
        for i, (w, v, h) in enumerate(zip(widths.tolist(), speeds.tolist(), offsets.tolist(), strict=True)):
            lines.write(json.dumps({"id": 500_000 + i, "widths": w, "speeds": v, "offset": h}) + "\n")
    assert terrain("batch", file, "-o", tmp_path / "results.jsonl").code == 0
    sizes = [path.stat().st_size / count for path in (file, tmp_path / "results.jsonl")]
    check(PAGE, "A case is {} bytes of JSON and a result {} bytes", *sizes, rel=0.01)


def test_the_arithmetic_of_a_large_batch() -> None:
    case, result = map(to_float, find_numbers(PAGE, "A case is {} bytes of JSON and a result {} bytes"))
    sizes = 1e10 * case, 1e10 * result
    check(PAGE, "so the cases are {} TB and the results {} TB", *(size / 1e12 for size in sizes))
    sentence = (
        "a disk that reads {} GB/s and writes {} GB/s, {} GB/s for reading and hashing together, {} ms for a sync, "
        "and a network of {} Gbit/s"
    )
    reads, writes, hashes, sync, network = map(to_float, find_numbers(PAGE, sentence))

    alone = to_float(find_numbers(PAGE, "JSON lines to JSON lines | {} |")[0])
    hours = 1e10 / alone / 3600
    check(
        PAGE,
        "10^10/{} s = {} hours. With the two cores of a laptop that is {} hours, with 64 cores {} minutes",
        alone,
        hours,
        hours / 2,
        hours * 60 / 64,
    )
    minutes = [sizes[0] / hashes / 6e10, sizes[0] / reads / 6e10, sizes[1] / writes / 6e10]
    check(
        PAGE, "once for its hash, which takes {} minutes, and once for the work, which takes {} minutes", *minutes[:2]
    )
    chunks = sizes[0] / cases.CHUNK
    sentence = "Writing: {} minutes, plus two syncs for each of some {} chunks of {} MiB, {} minutes in all"
    check(PAGE, sentence, minutes[2], chunks, cases.CHUNK / 2**20, 2 * chunks * sync / 6e4, rel=0.002)
    check(
        PAGE,
        "{} TB pass through the machine that reads and writes, which takes {} minutes",
        sum(sizes) / 1e12,
        sum(sizes) * 8 / network / 6e10,
    )
    whole = sum(round(part) for part in minutes)
    check(
        PAGE,
        "Reading twice and writing take {} minutes without the syncs. In that time {} cores do the work, so",
        whole,
        hours * 60 / whole,
    )
    chunk = cluster.AHEAD * cases.CHUNK * (1 + result / case) / 1e6
    check(PAGE, "At most three chunks per worker thread are under way at a time, some {} MB per thread", chunk)
    assert pytest.approx(3) == cluster.AHEAD
