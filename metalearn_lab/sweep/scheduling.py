"""Points handed to a cluster, and what became of them as they end.

Dask gives the run of a worker that died to another one; a run that took four workers with it fails.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from metalearn_lab.sweep.points import Point
from metalearn_lab.sweep.worker import Outcome, run_job
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.failure import failure_of
from metalearn_lab.workbook.record import Record
from metalearn_lab.workbook.run_key import code_version

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECTION_TIMEOUT = 30  # seconds; on a cluster the scheduler may still be starting
WORKERS_TIMEOUT = 300  # seconds; and the first worker after it


def on_cluster(
    scheduler: str | None, workers: int | None, points: Sequence[Point]
) -> Generator[tuple[Point, Outcome], None, None]:
    """Run points on a cluster, and give them in the order in which they end.

    A cluster that is there already is looked for even if nothing is left to run.

    Args:
        scheduler: address of a Dask scheduler whose workers to use; None starts processes here.
        workers: how many processes to start; None means one for each core.
        points: what to run.

    Raises:
        WorkbookError: there is no such cluster, or it is lost.
    """
    from distributed import as_completed

    if not points and not scheduler:
        return
    by_name = {point.name: point for point in points}
    with workers_at(scheduler, workers, len(points)) as client:
        # The list has no name, so that the cluster forgets a result as soon as it is written.
        for future in as_completed([_submit(client, point) for point in points]):
            point = by_name[future.key]
            yield point, _outcome(future, point)


def _submit(client: Client, point: Point) -> Future[Outcome]:
    notebook = _without_outputs(point.notebook.read_bytes())
    job = point.chapter, notebook, point.changed, code_version()
    return client.submit(run_job, *job, key=point.name)


@cache
def _without_outputs(notebook: bytes) -> bytes:
    """A notebook as it goes over the network; it is executed from the start anyway."""
    import nbformat
    from nbconvert.preprocessors import ClearOutputPreprocessor

    content = nbformat.reads(notebook.decode(), as_version=4)
    cleared, _ = ClearOutputPreprocessor().preprocess(content, {})
    return str(nbformat.writes(cleared)).encode()


def _outcome(future: Future[Outcome], point: Point) -> Outcome:
    """What became of a run; its record is empty where no worker could make one."""
    from distributed import KilledWorker

    if future.status == "finished":
        return future.result()
    if future.status != "error":
        raise WorkbookError(
            f"the cluster was lost while '{point.words}' ran. What has finished is kept: start the "
            "cluster again, and the same command goes on from there"
        )
    if isinstance(future.exception(), KilledWorker):
        error: str | None = "the worker died each time that this was tried (out of memory?)"
    else:
        error = failure_of(future.result)
    record = Record(
        key=point.key,
        chapter=point.chapter.name,
        title=point.chapter.title,
        parameters=point.parameters,
        changed=point.changed,
        error=error,
        started="",
        seconds=0.0,
    )
    return Outcome(record, {})


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
