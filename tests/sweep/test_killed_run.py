"""A run that is killed before any of its changes, and started again, ends as one left alone."""

from __future__ import annotations

import signal
import uuid
from pathlib import Path

import nbformat
import psutil
import pytest

from metalearn_lab.sweep.run_folder import PLAN
from metalearn_lab.workbook.record import Record, read_record
from tests.sweep.kill_points import kill_points, process_of
from tests.sweep.killable_run import (
    CHAPTERS,
    SOURCES,
    call,
    marked,
    run_without_kernels,
)
from tests.sweep.processes import wait_until
from tests.sweep.run_here import run_here, timeless_rows

pytestmark = pytest.mark.long

WAITS = """\
# %%
from pathlib import Path
import time

Path("waits").touch()
time.sleep(600)
"""


@pytest.fixture
def notebooks(tmp_path, write_chapter, monkeypatch) -> Path:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    for chapter, source in SOURCES.items():
        write_chapter(tmp_path / "notebooks", chapter.name, source)
    return tmp_path / "notebooks"


def records(out: Path) -> dict[str, Record]:
    """Whatever records there are: each must be whole, with whole files."""
    found = {path.parent: read_record(path) for path in out.glob("runs/*/run.json")}
    for folder, record in found.items():
        nbformat.validate(nbformat.read(folder / f"{record.chapter}.ipynb", as_version=4))
        assert (folder / f"{record.chapter}.html").read_text().rstrip().endswith("</html>")
    return {record.chapter: record for record in found.values()}


def good(out: Path) -> dict[str, Record]:
    return {name: record for name, record in records(out).items() if record.status == "ok"}


def table(out: Path) -> list[dict[str, str]]:
    return timeless_rows(out / "results.csv")


def names(out: Path) -> set[str]:
    return {path.relative_to(out).as_posix() for path in out.rglob("*")}


def test_a_run_killed_before_any_of_its_changes_ends_as_one_that_was_not(notebooks, tmp_path):
    alone = tmp_path / "alone"
    run_without_kernels(alone, notebooks)
    assert [row["status"] for row in table(alone)] == ["ok", "failed"]
    moments = []
    for out in kill_points(
        run_without_kernels, lambda place: tmp_path / f"killed{place}", notebooks
    ):
        kept = good(out) if out.is_dir() else {}
        run_without_kernels(out, notebooks)
        assert kept.items() <= good(out).items(), "what had ended well was lost or ran again"
        assert table(out) == table(alone)
        assert names(out) == names(alone), "neither a temporary file nor one too few"
        moments.append(len(kept))
    assert set(moments) == {0, 1}, "some were killed between the chapters"


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda n: n.name
)
def test_a_kernel_ends_with_its_run_in_the_middle_of_a_chapter(
    tmp_path, write_chapter, monkeypatch, number
):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    for chapter in CHAPTERS:
        write_chapter(tmp_path / "notebooks", chapter.name, WAITS)
    mark = uuid.uuid4().hex
    process = process_of(call, tmp_path, mark, "run", "00", "01", "--out", "out")
    process.start()
    wait_until((tmp_path / "waits").exists)
    assert len(marked(mark)) == 1
    psutil.Process(process.pid).send_signal(number)
    process.join()
    _, alive = psutil.wait_procs(marked(mark), timeout=60)
    assert alive == [], "the kernel outlived its run"
    files = {name for name in names(tmp_path / "out") if (tmp_path / "out" / name).is_file()}
    left = {name for name in files if not name.endswith(f"{CHAPTERS[0].name}.ipynb")}
    tables = {"results.csv", "results_columns.csv"}
    assert left == {".lock", PLAN, *tables}, "the second chapter did not begin"
    if number != signal.SIGKILL:
        said = (tmp_path / "said").read_text(encoding="utf-8")
        assert process.exitcode == 128 + number
        assert said.rstrip().endswith(
            "stopped. What has finished is kept: with --out out the same command goes on"
        )
        assert "Traceback" not in said


def test_what_is_kept_is_said_and_what_failed_runs_again(notebooks, tmp_path):
    def run() -> tuple[list[str], list[Record]]:
        said: list[str] = []
        given = [("steps", "4")]
        return said, run_here(CHAPTERS, notebooks, out, given, said.append)

    out = tmp_path / "out"
    before, (first, failed) = run()
    said, (first_again, failed_again) = run()
    assert before[0] == "2 points, 0 there already"
    assert said[0] == "2 points, 1 there already"
    assert len(said) == 2
    assert first_again == first
    assert failed_again.started >= failed.started
    assert failed_again.error == failed.error == "ValueError in cell 0: no such thing"
    assert (out / PLAN).is_file()
