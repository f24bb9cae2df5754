"""Sweeps that are killed end with the table of one that was not, and leave nothing behind."""

import os
import signal
import uuid
from functools import partial

import psutil
import pytest

from metalearn_lab.sweep.points import grid_points
from metalearn_lab.sweep.results import results_csv
from metalearn_lab.sweep.run_points import run_points
from metalearn_lab.sweep.scheduling import on_cluster
from metalearn_lab.sweep.sweep_file import read_sweep_file
from metalearn_lab.workbook.record import Record, read_record
from tests.sweep.kill_points import kill_points, process_of
from tests.sweep.killable_run import call, marked
from tests.sweep.processes import wait_until
from tests.sweep.quick_sweep import quick_sweep
from tests.sweep.run_here import timeless_rows

pytestmark = pytest.mark.long


def write_sweep(notebooks, **parameters):
    """A sweep file of one chapter."""
    file = notebooks.parent / "sweep.yml"
    lines = [f"    {name}: {values}\n" for name, values in parameters.items()]
    file.write_text("- chapter: 0\n  parameters:\n" + "".join(lines))
    return file


def finished(out) -> int:
    return len(list(out.glob("runs/*/run.json")))


def assert_nothing_is_corrupt(out, expected: str) -> None:
    """Records are readable and have their files, and each row of the table is one of the end's."""
    for path in out.glob("runs/*/run.json"):
        record = read_record(path)
        assert record.status == "ok"
        assert len(record.files) == 2
        assert all((path.parent / name).stat().st_size for name in record.files)
    table = out / "results.csv"
    if table.exists():
        assert all(row in timeless_rows(expected) for row in timeless_rows(table))


def assert_whole(out, expected: str) -> None:
    assert_nothing_is_corrupt(out, expected)
    assert timeless_rows(out / "results.csv") == timeless_rows(expected)
    assert finished(out) == len(expected.splitlines()) - 1
    assert list(out.rglob("*.tmp")) == []


def test_a_sweep_killed_before_any_of_its_changes_ends_as_one_that_was_not(notebooks, tmp_path):
    arguments = (write_sweep(notebooks, steps=[1, 2]), notebooks)
    quick_sweep(tmp_path / "alone", *arguments)
    expected = (tmp_path / "alone" / "results.csv").read_text()
    kept = set()
    for out in kill_points(quick_sweep, lambda place: tmp_path / f"killed{place}", *arguments):
        assert_nothing_is_corrupt(out, expected)
        before = finished(out)
        progress = quick_sweep(out, *arguments)
        assert (progress.kept_count, progress.failed_count) == (before, 0)
        assert_whole(out, expected)
        kept.add(before)
    assert kept == {0, 1, 2}, "some were killed between the runs"


def test_a_sweep_goes_on_where_workers_are_in_the_middle_of_its_runs(
    notebooks, tmp_path, scheduler
):
    """The workers live on when the sweep is killed, and the next hands them the same runs."""
    log, out, go = (tmp_path / name for name in ("log", "out", "go"))
    file = write_sweep(notebooks, steps=[1, 2, 3], until=str(go), log=str(log))
    points = grid_points(read_sweep_file(file), notebooks)
    expected = results_csv(points, {point.key: computed(point) for point in points})
    process = process_of(drive, points, out, scheduler)
    process.start()
    wait_until(log.exists)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    before = finished(out)
    go.touch()
    progress = run_points(points, out, partial(on_cluster, scheduler, None))
    assert (progress.kept_count, progress.failed_count) == (before, 0)
    assert_whole(out, expected)


def drive(points, out, scheduler) -> None:
    run_points(points, out, partial(on_cluster, scheduler, None))


def computed(point) -> Record:
    """What the chapter computes."""
    given, name = point.parameters, point.chapter.name
    values = {"loss": given["steps"] * given["rate"], "steps": given["steps"]}
    headlines = [{"text": "", "values": values, "curves": {}}]
    return Record(point.key, name, "", given, {}, None, "", 0.0, headlines)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=lambda n: n.name)
def test_workers_and_kernels_end_with_their_sweep_in_the_middle_of_a_run(notebooks, number):
    folder = notebooks.parent
    log, mark = folder / "log", uuid.uuid4().hex
    write_sweep(notebooks, steps=[1, 2], until="never", log=str(log))
    options = ("sweep.yml", "--out", "out", "--workers", "1")
    process = process_of(call, folder, mark, "sweep", *options)
    process.start()
    wait_until(log.exists)
    assert len(marked(mark)) >= 2, "there are a worker and a kernel"
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        process.kill()
    process.join()
    _, orphans = psutil.wait_procs(marked(mark), timeout=60)
    assert orphans == []
    assert finished(folder / "out") == 0
    if number == signal.SIGINT:
        said = (folder / "said").read_text(encoding="utf-8")
        assert process.exitcode == 130
        assert "Traceback" not in said
        assert said.splitlines()[-1] == (
            "stopped. What has finished is kept: with --out out the same command goes on"
        )
