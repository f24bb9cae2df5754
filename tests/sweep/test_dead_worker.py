"""A real Dask scheduler and three workers, of which one dies in the middle of a run."""

import os
import threading
from functools import partial

import pytest
from distributed import Client

from metalearn_lab.sweep.points import grid_points
from metalearn_lab.sweep.run_points import run_points
from metalearn_lab.sweep.scheduling import on_cluster
from metalearn_lab.sweep.sweep_file import read_sweep_file
from tests.sweep.processes import cluster, wait_until
from tests.sweep.run_here import timeless_rows

pytestmark = pytest.mark.long

SWEEP = """\
- chapter: 0
  parameters:
    steps: [1, 2, 3, 4]
    until: {until}
    log: {log}
"""


class Killer(threading.Thread):
    """Kills the worker whose kernel is the first to say that it runs.

    Attributes:
        address: of the worker.
        steps: the parameter of the run that it took with it.
    """

    def __init__(self, scheduler, log, names, workers):
        super().__init__()
        self.scheduler, self.log, self.names, self.workers = scheduler, log, names, workers

    def run(self):
        with Client(self.scheduler, set_as_default=False) as client:
            pids = client.run(os.getpid)
            wait_until(lambda: self.log.exists() and self.log.read_text().endswith("\n"))
            self.steps = self.log.read_text().split()[0]
            name = self.names[int(self.steps)]
            [self.address] = (each for each, runs in client.processing().items() if name in runs)
        [worker] = (each for each in self.workers if each.pid == pids[self.address])
        worker.kill()
        worker.wait()
        self.log.with_name("go").touch()


def test_a_sweep_survives_a_worker_that_dies_in_the_middle_of_a_run(notebooks, tmp_path):
    file, log = tmp_path / "sweep.yml", tmp_path / "runs.log"
    file.write_text(SWEEP.format(log=log, until=log.with_name("go")))
    points = grid_points(read_sweep_file(file), notebooks)
    names = {point.changed["steps"]: point.name for point in points}
    with cluster(tmp_path, 3) as (scheduler, workers):
        killer = Killer(scheduler, log, names, workers)
        killer.start()
        progress = run_points(points, tmp_path / "disturbed", partial(on_cluster, scheduler, None))
        killer.join()
        assert sum(worker.poll() is not None for worker in workers) == 1
        assert (progress.ran_count, progress.failed_count) == (4, 0)
        started = [line.split()[0] for line in log.read_text().splitlines()]
        assert sorted(started) == sorted(["1", "2", "3", "4", killer.steps])
        run_points(points, tmp_path / "undisturbed", partial(on_cluster, scheduler, None))
    tables = [tmp_path / name / "results.csv" for name in ("disturbed", "undisturbed")]
    assert timeless_rows(tables[0]) == timeless_rows(tables[1])
    assert f"Remove worker addr: {killer.address}" in (tmp_path / "scheduler.log").read_text()
