"""A batch on several machines: the same chunks through the same `solve_chunk`, on the workers of a Dask cluster.

Chunks are submitted in order, a few for each thread of the workers at a time, and their results are collected in that order, so
that the output does not depend on where it was computed. If a worker dies, Dask gives its chunks to another.
"""

import gc
import os
import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

from terrain_cli import compile_cache
from terrain_cli.batch.cases import Chunk
from terrain_cli.batch.solve import Solved, solve_chunk
from terrain_cli.errors import InputError, needs_extra

PATIENCE = 10  # s, the time in which a scheduler must answer
AHEAD = 3  # chunks submitted for each thread of the workers


def solve_chunks_on(
    scheduler: str, chunks: Iterable[Chunk], form: str, sensitivity: bool
) -> Generator[Solved, None, None]:
    """The results of each chunk in turn. scheduler: the address of a Dask scheduler, or "local" for workers on this machine.

    Raises InputError if Dask is not installed, if nothing answers at the address, or if the cluster is lost.
    """
    try:
        from distributed import Client, KilledWorker, LocalCluster
    except ImportError:
        raise needs_extra("--scheduler:", "Dask", "cluster") from None
    try:
        with _deaf_children():
            cluster = LocalCluster(threads_per_worker=1, dashboard_address=":0") if scheduler == "local" else None
            client = Client(cluster or scheduler, timeout=PATIENCE)
    except (OSError, ValueError, TypeError) as problem:
        raise InputError(f"--scheduler {scheduler}: no scheduler answers: {problem}") from None
    try:
        waiting: deque[Any] = deque()
        for chunk in chunks:
            while len(waiting) >= AHEAD * max(1, sum(client.nthreads().values())):
                yield waiting.popleft().result()
            waiting.append(client.submit(_solve_chunk, chunk, form, sensitivity, pure=False))
        while waiting:
            yield waiting.popleft().result()
    except (OSError, CancelledError, KilledWorker) as problem:
        raise InputError(f"--scheduler {scheduler}: the cluster was lost: {problem}") from None
    finally:
        client.close()
        if cluster:
            cluster.close()


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Start processes that do not hear Ctrl-C, which a terminal sends to all of them: this one hears it, and ends them."""
    if os.name != "posix":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _solve_chunk(chunk: Chunk, form: str, sensitivity: bool) -> Solved:
    """`solve_chunk` on a worker, with the compile cache and the garbage collector set as in any other terrain process."""
    if compile_cache.folder_in_use is None:
        gc.set_threshold(100_000, 20, 20)
        compile_cache.enable_compile_cache()
    return solve_chunk(chunk, form, sensitivity)
