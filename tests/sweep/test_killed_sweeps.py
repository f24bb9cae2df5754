"""Sweeps that are killed end with the table of one that was not, and leave nothing behind."""

import csv
import io
import multiprocessing
import os
import random
import signal
import time

import psutil
import pytest

from metalearn_lab.sweep.grid import grid_points
from metalearn_lab.sweep.results import results_table
from metalearn_lab.sweep.run_sweep import run_sweep
from metalearn_lab.sweep.sweep_file import read_sweep_file
from metalearn_lab.workbook.record import Record, read_record
from tests.sweep.processes import drive, marked, sweep_command, wait_until

pytestmark = pytest.mark.long

SWEEP = """\
- chapter: 0
  parameters:
    steps: {steps}
    rate: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
"""
KILLS = 16
KILLS_WITH_WORKERS = 4


@pytest.fixture
def sweep(notebooks):
    """A sweep file of 48 points, the notebooks and a folder."""
    return write_sweep(notebooks, [1, 2, 3, 4, 5, 6])


@pytest.fixture
def short_sweep(notebooks):
    """The same with 24 points."""
    return write_sweep(notebooks, [1, 2, 3])


def write_sweep(notebooks, steps):
    file = notebooks.parent / "sweep.yml"
    file.write_text(SWEEP.format(steps=steps))
    return file, notebooks, notebooks.parent / "out"


def undisturbed_table(file, notebooks) -> str:
    """What the chapters compute, in the order of the grid."""
    points = grid_points(read_sweep_file(file), notebooks)
    return results_table(points, {point.key: computed(point) for point in points})


def computed(point) -> Record:
    given, name = point.parameters, point.chapter.name
    values = {"loss": given["steps"] * given["rate"], "steps": given["steps"]}
    headlines = [{"text": "", "values": values, "curves": {}}]
    return Record(point.key, name, "", given, {}, "ok", None, "", 0.0, headlines)


def finished(out) -> int:
    return len(list(out.glob("runs/*/run.json")))


def assert_nothing_is_corrupt(out, expected: str) -> None:
    """Records are readable and have their files, and each row of the table is one of the end's."""
    for path in out.glob("runs/*/run.json"):
        record = read_record(path)
        assert (record.status, record.error) == ("ok", None)
        assert len(record.files) == 2
        assert all((path.parent / name).stat().st_size for name in record.files)
    table = out / "results.csv"
    if table.exists():
        rows = [list(row) for row in csv.reader(io.StringIO(table.read_text()))]
        assert all(row in csv.reader(io.StringIO(expected)) for row in rows[1:])


def assert_whole(out, expected: str) -> None:
    assert_nothing_is_corrupt(out, expected)
    assert (out / "results.csv").read_bytes() == expected.encode()
    assert finished(out) == len(expected.splitlines()) - 1
    assert list(out.rglob("*.tmp")) == []


def test_a_sweep_that_is_killed_ends_with_the_table_of_one_that_was_not(sweep, scheduler):
    """The workers live on, and one of them may be in the middle of a run when the next begins."""
    file, notebooks, out = sweep
    expected = undisturbed_table(file, notebooks)
    moments = random.Random(0)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.sweep.processes", "distributed", "papermill"])
    for _ in range(KILLS):
        process = context.Process(target=drive, args=(*sweep, scheduler))
        process.start()
        wait_for = finished(out) + moments.randrange(2)
        wait_until(lambda enough=wait_for: finished(out) >= enough)
        time.sleep(moments.uniform(0, 0.4))
        assert process.is_alive(), "the sweep ended before it was killed"
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert_nothing_is_corrupt(out, expected)
    before = finished(out)
    progress = run_sweep(*sweep, scheduler=scheduler)
    assert (progress.kept, progress.failed) == (before, 0)
    assert_whole(out, expected)


def test_workers_and_kernels_end_with_a_sweep_that_is_killed(short_sweep, scheduler):
    file, notebooks, out = short_sweep
    expected = undisturbed_table(file, notebooks)
    moments = random.Random(1)
    arguments = ("sweep.yml", "--out", "out", "--workers", "2")
    mark = f"killed {out}"
    for _ in range(KILLS_WITH_WORKERS):
        before = finished(out)
        with sweep_command(*arguments, cwd=notebooks.parent, mark=mark) as process:
            wait_until(lambda enough=before: finished(out) > enough)
            time.sleep(moments.uniform(0, 1))
            started = marked(mark)
            process.kill()
        assert len(started) >= 3, "there was a sweep and its workers"
        _, orphans = psutil.wait_procs(marked(mark), timeout=60)
        assert orphans == []
        assert_nothing_is_corrupt(out, expected)
    run_sweep(*short_sweep, scheduler=scheduler)
    assert_whole(out, expected)


def test_ctrl_c_ends_everything_and_says_how_to_go_on(short_sweep):
    _, notebooks, out = short_sweep
    mark = f"stopped {out}"
    arguments = ("sweep.yml", "--out", "out", "--workers", "1")
    with sweep_command(*arguments, cwd=notebooks.parent, mark=mark) as process:
        wait_until(lambda: finished(out))
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == (
        "stopped. What has finished is kept in out: the same command goes on from there"
    )
    assert "Traceback" not in said
    _, orphans = psutil.wait_procs(marked(mark), timeout=60)
    assert orphans == []
