"""A batch on Dask: the same bytes, with the same checkpoint, though a worker is killed in mid-run."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from terrain_cli.batch import cases as cases_module
from terrain_cli.batch import checkpoint as checkpoint_module
from tests.batch.test_batch import draw_cases, write_lines
from tests.conftest import CONFIGS, Ran

Terrain = Callable[..., Ran]
distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two workers, each a process with one thread."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs="CRITICAL"
    ) as cluster:
        yield cluster


@pytest.fixture
def cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cases_module, "CHUNK", 4000)
    drawn = draw_cases(1000, most=4)
    drawn[500]["offset"] = None
    return write_lines(tmp_path / "c.jsonl", drawn)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_the_same_bytes_though_a_worker_dies(
    terrain: Terrain, cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: Any
) -> None:
    assert terrain("batch", cases, "-o", tmp_path / "here.jsonl").code == 1
    with distributed.Client(cluster) as client:
        workers = list(client.run(os.getpid).values())
    assert len(workers) == 2
    assert os.getpid() not in workers
    real, appended = checkpoint_module.Results.append, []

    def append(self: Any, data: bytes, **state: int) -> None:
        appended.append(len(data))
        if len(appended) == 3:
            os.kill(workers[0], signal.SIGKILL)
        if len(appended) == 8:
            raise KeyboardInterrupt
        real(self, data, **state)

    out = tmp_path / "there.jsonl"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint_module.Results, "append", append)
        ran = terrain("batch", cases, "-o", out, "--scheduler", cluster.scheduler_address)
    assert ran.code == 130
    assert "use --resume to continue" in ran.err
    ran = terrain("batch", cases, "-o", out, "--scheduler", cluster.scheduler_address, "--resume")
    assert ran.code == 1
    assert f"{cases}:501: offset: must be a number, got None" in ran.err
    assert ran.err.splitlines()[-1] == f"wrote {out}: 1,000 results, 1 error"
    assert out.read_bytes() == (tmp_path / "here.jsonl").read_bytes()


@pytest.mark.slow
def test_a_cluster_of_its_own(terrain: Terrain) -> None:
    ran = terrain("batch", CONFIGS / "cases.jsonl", "--scheduler", "local")
    assert (ran.code, ran.out) == (0, terrain("batch", CONFIGS / "cases.jsonl").out)


@pytest.mark.parametrize("address", ["nonsense", "tcp://127.0.0.1:1"])
def test_nobody_there(terrain: Terrain, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terrain_cli.batch.cluster.PATIENCE", 1)
    ran = terrain("batch", CONFIGS / "cases.jsonl", "--scheduler", address)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"--scheduler {address}: no scheduler answers: ")


def test_without_dask(terrain: Terrain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    ran = terrain("batch", CONFIGS / "cases.jsonl", "--scheduler", "local")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "--scheduler: needs Dask: pip install 'terrain-cli[cluster]'\n"


def test_a_scheduler_that_goes_away(
    terrain: Terrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: Any
) -> None:
    def submit(*_: Any, **__: Any) -> Any:
        raise CancelledError("lost")

    monkeypatch.setattr(distributed.Client, "submit", submit)
    address = cluster.scheduler_address
    ran = terrain("batch", CONFIGS / "cases.jsonl", "-o", tmp_path / "r.jsonl", "--scheduler", address)
    assert ran.code == 2
    assert ran.err.splitlines()[-1] == f"--scheduler {address}: the cluster was lost: lost"
    assert not list(tmp_path.iterdir())
