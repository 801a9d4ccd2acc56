"""A few hundred tries of the fuzzer, and that each of its checks can fail."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from terrain_cli.batch.cases import read_cases
from terrain_cli.maps.solution import MapSolution
from terrain_cli.strips.solution import StripsSolution
from tests.fuzz import campaign, lines, scenarios
from tests.fuzz.bench import Bench, make_bench
from tests.fuzz.campaign import PARTS, describe, run_tries
from tests.fuzz.oracle import Fault, best_time

TRIES = {"yaml": 40, "jsonl": 40, "csv": 40, "records": 15, "commands": 60, "walks": 30}


@pytest.fixture(autouse=True)
def few_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One number of strips and one size of map, so that little is compiled."""
    monkeypatch.setattr(scenarios, "SIZES", (3,))
    monkeypatch.setattr(scenarios, "SHAPES", ((2, 3),))
    monkeypatch.setattr(lines, "SIZES", (3, 2))
    monkeypatch.setattr(campaign, "SMALLER", 40)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with make_bench() as made:
        made.clear()
        yield made


@pytest.mark.parametrize("name", TRIES)
def test_nothing_is_wrong(name: str, tmp_path: Path) -> None:
    outcome = run_tries(PARTS[name][0], TRIES[name], 1, tmp_path)
    assert not outcome.faults, describe({name: outcome}, tmp_path)
    assert outcome.tries == TRIES[name]
    assert outcome.accepted >= 0.4 * outcome.tries


def test_all_parts_are_tried() -> None:
    assert set(TRIES) == set(PARTS)


def find(name: str, tmp_path: Path, tries: int = 20) -> dict[str, int]:
    return dict(run_tries(PARTS[name][0], tries, 2, tmp_path).faults)


def test_a_lost_row_is_noticed_and_minimised(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("terrain_cli.batch.solve.read_cases", lambda chunk: read_cases(chunk)[:2])
    assert "rows lost or added" in find("jsonl", tmp_path)
    [kept] = tmp_path.glob("rows-lost-or-added")
    rows = [line for line in (kept / "cases.jsonl").read_bytes().split(b"\n") if line.strip()]
    assert len(rows) == 3  # the fewest of which one is lost
    assert "terrain batch cases.jsonl" in (kept / "FAULT.txt").read_text()


def test_results_in_another_order_are_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("terrain_cli.batch.solve.read_cases", lambda chunk: read_cases(chunk)[::-1])
    assert find("jsonl", tmp_path)


@pytest.mark.parametrize("changed", [{"time": float("nan")}, {"time": 1e-9}, {"status": "converted"}])
def test_a_wrong_document_is_noticed(changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole = StripsSolution.to_json
    monkeypatch.setattr(StripsSolution, "to_json", lambda self: whole(self) | changed)
    assert find("yaml", tmp_path)


def test_a_route_that_is_too_fast_is_noticed(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> None:
    """Too fast in the document and in the API alike."""
    bench.write(
        "s.yaml",
        "map: {cell: 1, speeds: {grid: [[1, 1, 1], [1, 2, 1]]}}\nstart: [0.5, 0.5]\ngoal: [2.5, 0.5]\n",
    )
    whole = MapSolution.to_json
    monkeypatch.setattr(MapSolution, "to_json", lambda self: whole(self) | {"time": 1.0})
    with pytest.raises(Fault, match="the API has another time"):
        scenarios._compare(bench, bench.run("solve", "s.yaml", "--json"))


def test_a_record_that_is_not_compared_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("terrain_cli.check.compare", lambda *_: [])
    assert "check passes what differs" in find("records", tmp_path)


@pytest.mark.parametrize(
    ("replaced", "kind"),
    [
        (lambda *_: print("nan") or 0, "not finite with exit code 0"),
        (lambda *_: 1 / 0, "ZeroDivisionError in cli.main"),
        (lambda *_: exit(3), "exit code 3"),
        (lambda *_: exit(2), "silent refusal"),
        (lambda *_: print("half a result") or exit(2), "silent refusal"),
        (lambda *_: Path("x.tmp").touch(), "leftover"),
        (lambda *_: Path("more.json").touch(), "files that nobody asked for"),
    ],
)  # fmt: skip
def test_a_command_that_misbehaves_is_noticed(
    replaced: Callable[..., object], kind: str, monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    monkeypatch.setattr("terrain_cli.cli.app", lambda *_, **__: replaced())
    with pytest.raises(Fault) as fault:
        bench.run("solve", "s.yaml")
    assert fault.value.kind == kind


def test_a_run_without_end_is_noticed(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> None:
    def forever(*_: object, **__: object) -> None:
        while True:
            pass

    monkeypatch.setattr("tests.fuzz.bench.LIMIT", 0.05)
    monkeypatch.setattr("terrain_cli.cli.app", forever)
    with pytest.raises(Fault, match="too long"):
        bench.run("solve", "s.yaml")


def test_best_times_by_bisection() -> None:
    """Straight across; the strips of the post, whose best time is known to 12 digits; sizes far apart."""
    assert best_time([3.0], [0.5], 0.0) == 6
    assert best_time([10, 10, 10], [0.7, 0.3, 0.45], 20) == pytest.approx(81.91168784496783, rel=1e-14)
    assert best_time([1e-40, 1.0], [1.0, 1.0], 1e40) == pytest.approx(1e40, rel=1e-14)
