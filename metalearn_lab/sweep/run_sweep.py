"""Run the points of a sweep that are not there yet, and keep its table up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metalearn_lab.atomic_file import write_text
from metalearn_lab.sweep.cluster import workers_at
from metalearn_lab.sweep.grid import Point, grid_points
from metalearn_lab.sweep.progress import Progress
from metalearn_lab.sweep.results import results_table
from metalearn_lab.sweep.scheduling import outcomes
from metalearn_lab.sweep.sweep_file import read_sweep_file
from metalearn_lab.sweep.sweep_folder import RESULTS, keep, kept, sweep_folder, writing_into
from metalearn_lab.sweep.worker import Outcome

if TYPE_CHECKING:
    from distributed import Client


def run_sweep(
    file: Path,
    notebooks: Path,
    out: Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    say: Callable[[str], object] = lambda line: None,
) -> Progress:
    """Run a sweep to its end, going on where an earlier call was stopped.

    Everything that can be wrong with the request is found before the first run. Points that are
    there already, with a record that says ``ok``, are not run again; those that failed are. Each
    run's files and the table are written as soon as it ends, by this process alone.

    A folder may hold the points of several sweep files: all are kept, and ``results.csv`` has
    those of the file that was run last.

    Args:
        file: the sweep file, see `read_sweep_file`.
        notebooks: the folder of notebooks.
        out: the folder of the sweep, see `sweep_folder`.
        workers: how many processes to start; None means one for each core.
        scheduler: address of a Dask scheduler whose workers to use in place of processes here.
        say: takes one line for each run.

    Raises:
        WorkbookError: the request cannot be done, the cluster was lost, or the folder could not be
            written; what has finished is kept.
    """
    points = grid_points(read_sweep_file(file), notebooks)
    with sweep_folder(out, points):
        sweep = _Sweep(points, out, say)
        if sweep.waiting:
            with workers_at(scheduler, workers, len(sweep.waiting)) as client:
                sweep.run(client)
        return sweep.progress


class _Sweep:
    """The points of a sweep, and the records of those that have ended."""

    def __init__(self, points: Sequence[Point], out: Path, say: Callable[[str], object]) -> None:
        self.points, self.out, self.say = points, out, say
        found = {point.key: kept(out, point) for point in points}
        self.records = {key: record for key, record in found.items() if record}
        self.waiting = [point for point in points if not self._is_done(point)]
        self.progress = Progress(len(points), len(points) - len(self.waiting))
        say(self.progress.first())
        self._write_table()

    def run(self, client: Client) -> None:
        for point, outcome in outcomes(client, self.waiting):
            self._keep(point, outcome)
            self.say(self.progress.line(point, outcome.record))

    def _is_done(self, point: Point) -> bool:
        return point.key in self.records and self.records[point.key].status == "ok"

    def _keep(self, point: Point, outcome: Outcome) -> None:
        with writing_into(self.out):
            keep(self.out, point, outcome)
        self.records[point.key] = outcome.record
        self._write_table()

    def _write_table(self) -> None:
        with writing_into(self.out):
            write_text(self.out / RESULTS, results_table(self.points, self.records))
