"""A run that is killed at random moments, and started again each time, ends as one left alone."""

from __future__ import annotations

import csv
import multiprocessing
import random
import time
import uuid
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import nbformat
import psutil
import pytest

from metalearn_lab.workbook.record import Record, read_record
from metalearn_lab.workbook.run import run_chapters
from metalearn_lab.workbook.run_plan import PLAN_FILE, record_path
from tests.workbook.killable_run import CHAPTERS, SOURCES, kernels, run_small

pytestmark = pytest.mark.long

KILLS = 20
SEED = 5


class Runs:
    """Runs of the same chapters, one after another in one folder, of which some are killed."""

    def __init__(self, notebooks: Path) -> None:
        self.notebooks = notebooks
        self.mark = uuid.uuid4().hex
        self.processes = multiprocessing.get_context("forkserver")
        self.processes.set_forkserver_preload(
            ["tests.workbook.killable_run", "papermill", "nbconvert", "pandas", "torch"]
        )

    def start(self, out: Path) -> ForkServerProcess:
        process = self.processes.Process(target=run_small, args=(self.notebooks, out, self.mark))
        process.start()
        return process

    def finish(self, out: Path) -> float:
        """Let a run come to its end; how long it took, in seconds."""
        begin = time.monotonic()
        process = self.start(out)
        process.join()
        assert process.exitcode == 0
        return time.monotonic() - begin

    def kill_after(self, seconds: float, out: Path) -> bool:
        """Kill a run with SIGKILL after some time; whether it still ran."""
        process = self.start(out)
        process.join(seconds)
        process.kill()
        process.join()
        return process.exitcode != 0


@pytest.fixture
def runs(
    tmp_path: Path, write_chapter: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Runs:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    for chapter, source in SOURCES.items():
        write_chapter(tmp_path / "notebooks", chapter.name, source)
    return Runs(tmp_path / "notebooks")


def records(out: Path) -> dict[str, Record]:
    """Whatever records there are: each must be whole, with whole files."""
    paths = [record_path(out, chapter.name) for chapter in CHAPTERS]
    found = {path.stem: read_record(path) for path in paths if path.is_file()}
    for record in found.values():
        nbformat.validate(nbformat.read(out / f"{record.chapter}.ipynb", as_version=4))
        assert (out / f"{record.chapter}.html").read_text().rstrip().endswith("</html>")
    return found


def table(out: Path) -> list[dict[str, str]]:
    """The table without its times."""
    with (out / "table.csv").open(encoding="utf-8", newline="") as file:
        return [{**row, "seconds": ""} for row in csv.DictReader(file)]


def names(out: Path) -> set[str]:
    return {path.name for path in out.iterdir()}


def test_twenty_kills_lose_nothing_and_spoil_nothing(runs: Runs, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    longest = runs.finish(alone) / 3
    moments = random.Random(SEED)
    kills, rounds = 0, 0
    while kills < KILLS:
        out = tmp_path / str(rounds)
        kept: dict[str, Record] = {}
        while kills < KILLS and runs.kill_after(moments.uniform(0, longest), out):
            kills += 1
            now = records(out) if out.is_dir() else {}
            good = {name: record for name, record in now.items() if record.status == "ok"}
            assert kept.items() <= good.items(), "what had ended well was lost or ran again"
            kept = good
        runs.finish(out)
        assert kept.items() <= records(out).items()
        assert table(out) == table(alone)
        assert names(out) == names(alone), "neither a temporary file nor one too few"
        rounds += 1
    _, alive = psutil.wait_procs(kernels(runs.mark), timeout=60)
    assert alive == [], "kernels outlived their runs"


def test_what_is_kept_is_said_and_what_failed_runs_again(runs: Runs, tmp_path: Path) -> None:
    def run() -> tuple[list[str], list[Record]]:
        said: list[str] = []
        given = [("steps", "4")]
        return said, run_chapters(CHAPTERS, runs.notebooks, out, given, said.append).records

    out = tmp_path / "out"
    silence, (first, failed, second) = run()
    said, (first_again, failed_again, second_again) = run()
    assert silence == []
    assert said == [f"kept, because they have run: {first.chapter}, {second.chapter}"]
    assert (first_again, second_again) == (first, second)
    assert failed_again.started >= failed.started
    assert failed_again.error == failed.error == "ValueError in cell 1: no such thing"
    assert (out / PLAN_FILE).is_file()
