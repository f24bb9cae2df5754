"""The workers of a sweep: processes of this machine, or a Dask cluster that is already there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from metalearn_lab.workbook.errors import WorkbookError

if TYPE_CHECKING:
    from distributed import Client

CONNECTION_TIMEOUT = 30  # seconds; on a cluster the scheduler may still be starting
WORKERS_TIMEOUT = 300  # seconds; and the first worker after it


@contextmanager
def workers_at(scheduler: str | None, workers: int | None, runs: int) -> Iterator[Client]:
    """A client of the cluster at an address, or of processes that end with this one.

    Args:
        scheduler: address of a Dask scheduler, e.g. ``tcp://10.0.0.1:8786``; None starts processes.
        workers: how many processes to start, each of one thread; None means one for each core.
        runs: how many there are to do; no more processes are started than that.

    Raises:
        WorkbookError: there is no scheduler at that address, or it has no worker.
    """
    from dask.system import CPU_COUNT
    from distributed import Client, LocalCluster

    if scheduler is not None:
        with _client_of(scheduler) as client:
            _wait_for_a_worker(client, scheduler)
            yield client
        return
    with (
        LocalCluster(
            n_workers=min(workers or CPU_COUNT, runs),
            threads_per_worker=1,
            processes=True,
            security=True,  # a key that only these processes have: others here cannot connect
            dashboard_address="127.0.0.1:0",
            preload=["metalearn_lab.sweep.local_worker"],
        ) as cluster,
        Client(cluster) as client,
    ):
        try:
            yield client
        finally:
            # After Ctrl-C workers are in the middle of a run; that Dask then kills them is no news.
            logging.getLogger("distributed.nanny").setLevel(logging.ERROR)


def _client_of(scheduler: str) -> Client:
    from distributed import Client

    try:
        return Client(scheduler, timeout=CONNECTION_TIMEOUT)
    except (OSError, ValueError) as error:
        raise WorkbookError(
            f"no Dask scheduler answers at {scheduler} ({error}). Start one with `dask scheduler`, "
            "which prints its address, and workers with `dask worker ADDRESS`; or leave "
            "--scheduler away to run on this machine"
        ) from None


def _wait_for_a_worker(client: Client, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKERS_TIMEOUT)
    except TimeoutError:
        raise WorkbookError(
            f"the scheduler at {scheduler} has had no worker for {WORKERS_TIMEOUT} seconds: start "
            "some with `dask worker ADDRESS`, or see why they cannot reach it"
        ) from None
