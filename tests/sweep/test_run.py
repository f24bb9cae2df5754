"""A chapter that works, one that fails and one whose widget fails unseen, run as one command."""

from __future__ import annotations

import csv
import re
from datetime import datetime
from pathlib import Path

import nbformat
import papermill
import pytest
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import CellTimeoutError

from metalearn_lab.sweep import run_folder, run_points
from metalearn_lab.sweep.report import write_report
from metalearn_lab.workbook import execute
from metalearn_lab.workbook.chapters import select
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.failure import failure_of
from metalearn_lab.workbook.out_folder import folder_lock
from metalearn_lab.workbook.papermill_engine import WHOLE
from metalearn_lab.workbook.record import read_record
from tests.sweep.run_here import folders_of, run_here

CHAPTERS = select(["00", "01", "06"])  # those of the clone
WORKS, FAILS, SWALLOWS = (chapter.name for chapter in CHAPTERS)


@pytest.fixture
def out(finished_run):
    return finished_run[0]


@pytest.fixture
def process(finished_run):
    return finished_run[1]


@pytest.fixture
def chapters(out):
    return {name: read_record(folder / "run.json") for name, folder in folders_of(out).items()}


def test_a_failed_chapter_makes_the_exit_status_one(process):
    assert process.returncode == 1
    assert "Traceback" not in process.stderr


def test_progress_is_on_stderr_with_the_chapters_name(process):
    assert f"[1/3] {WORKS}" in process.stderr
    assert "100%" in process.stderr
    assert "WARNING" not in process.stderr


def test_the_others_go_on_after_a_failure(chapters):
    assert {name: chapter.status for name, chapter in chapters.items()} == {
        WORKS: "ok",
        FAILS: "failed",
        SWALLOWS: "failed",
    }


def test_the_table_is_on_stdout(process):
    header, works, fails, swallows, total, table, report = process.stdout.splitlines()
    assert header.split() == ["chapter", "seconds", "status", "headline"]
    assert works.endswith("4 steps at <rate> 0.5 from embedded")
    assert fails.endswith("ValueError in cell 3: no 4 classes")
    assert "ZeroDivisionError in a widget" in swallows
    assert total.endswith(" s, 0 there already, 2 failed")
    assert (table, report) == ("table: out/results.csv", "report: out/index.html")


def test_the_results_are_a_csv_file_and_every_column_has_a_meaning(out, chapters):
    with (out / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["chapter"] for row in rows] == [WORKS, FAILS, SWALLOWS]
    assert (rows[0]["steps"], rows[0]["rate"], rows[0]["source"]) == ("4", "0.5", "embedded")
    assert (rows[0]["headline_steps"], rows[0]["headline_rate"]) == ("4", "0.5")
    assert float(rows[0]["seconds"]) > 0
    record = chapters[WORKS]
    said = (record.started, record.device, record.code)
    assert (rows[0]["started"], rows[0]["computed_on"], rows[0]["code"]) == said
    with (out / "results_columns.csv").open(encoding="utf-8", newline="") as file:
        meanings = {row["column"]: row["meaning"] for row in csv.DictReader(file)}
    assert list(meanings) == list(rows[0])
    assert meanings["rate"] == "parameter: step size α"
    assert all(meanings.values())


def test_a_parameter_goes_to_the_chapters_that_have_it(chapters):
    assert chapters[WORKS].parameters == {"steps": 4, "rate": 0.5, "source": "embedded"}
    assert chapters[FAILS].parameters == {"steps": 4}
    assert chapters[SWALLOWS].parameters == {}


def test_headline_values_are_collected(chapters):
    [line] = chapters[WORKS].headlines
    assert line["values"] == {"steps": 4, "rate": 0.5}


def test_the_result_says_what_it_was_computed_on(chapters, out):
    record = chapters[WORKS]
    assert record.device.startswith(("CPU: ", "CUDA: "))
    assert {"python", "torch", "metalearn-lab", "numpy"} <= set(record.versions)
    assert record.started.startswith("20")
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.count(f"torch {record.versions['torch']}") == 1, "once for all chapters alike"


def test_a_failed_chapter_keeps_its_partial_notebook(out):
    notebook = nbformat.read(folders_of(out)[FAILS] / f"{FAILS}.ipynb", as_version=4)
    printed = [o.get("text") for cell in notebook.cells for o in cell.get("outputs", [])]
    assert "this much is kept\n" in printed


def test_every_chapter_is_exported_with_its_alt_text_and_no_dead_widget(out):
    page = (folders_of(out)[WORKS] / f"{WORKS}.html").read_text(encoding="utf-8")
    assert 'alt="a line that rises"' in page
    assert "IntSlider(" not in page.split("never static")[-1]
    assert "application/vnd.jupyter.widget-view+json" not in page
    failed = folders_of(out)[FAILS] / f"{FAILS}.html"
    assert "no 4 classes" in failed.read_text(encoding="utf-8")


def test_the_index_links_the_chapters_and_escapes_what_they_say(out):
    page = (out / "index.html").read_text(encoding="utf-8")
    for name, folder in folders_of(out).items():
        assert f'href="runs/{folder.name}/{name}.html"' in page
        assert f'href="runs/{folder.name}/{name}.ipynb"' in page
    assert "at &lt;rate&gt; 0.5" in page
    assert "<rate>" not in page


def test_another_run_in_the_folder_leaves_the_first_where_it_is(two_chapters, tmp_path):
    chapters, folder = two_chapters
    first = run_here(chapters, folder, tmp_path / "out")
    run_here(chapters[:1], folder, tmp_path / "out")
    assert len(list((tmp_path / "out").glob("runs/*/run.json"))) == 2
    assert run_here(chapters, folder, tmp_path / "out") == first, "nothing ran again"


def test_a_bad_request_is_refused_before_anything_is_written(clone):
    out = clone / "out"
    with pytest.raises(WorkbookError, match="no chosen chapter has a parameter 'speed'"):
        run_here(CHAPTERS, clone / "notebooks", out, [("speed", "9")])
    assert not out.exists()


def test_a_bad_request_makes_no_folder_named_by_the_time(clone, command):
    process = command("run", "-p", "speed", "9", cwd=clone)
    assert process.returncode == 2
    assert "has no notebook in" in process.stderr or "a parameter 'speed'" in process.stderr
    assert not (clone / "runs").exists()


def test_a_kernel_that_dies_fails_its_chapter_and_keeps_what_was_done(tmp_path, write_chapter):
    folder = tmp_path / "notebooks"
    write_chapter(folder, WORKS, "# %%\nprint('done')\n\n# %%\nimport os\n\nos._exit(1)\n")
    out = tmp_path / "res_{ways} of {}"
    [done] = run_here(CHAPTERS[:1], folder, out)
    assert done.error == "the kernel died (out of memory?)"
    assert "done" in (folders_of(out)[WORKS] / f"{WORKS}.ipynb").read_text(encoding="utf-8")
    assert "failed" in (out / "results.csv").read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {"notebooks", out.name}


@pytest.fixture
def two_chapters(tmp_path, write_chapter):
    """Two chapters that work, and the folder that they lie in."""
    folder = tmp_path / "notebooks"
    for chapter in CHAPTERS[:2]:
        write_chapter(folder, chapter.name, "# %%\nprint('done')\n")
    return CHAPTERS[:2], folder


NO_SPACE = OSError(28, "No space left on device")
SLOW = CellTimeoutError("A cell timed out after 5 seconds.\nHere is a preview:")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NO_SPACE, "OSError: [Errno 28] No space left on device"),
        (NoSuchKernel("python3"), "NoSuchKernel: No such kernel named python3"),
        (SLOW, "A cell timed out after 5 seconds."),
    ],
)
def test_whatever_stops_a_chapter_the_others_go_on(
    two_chapters, tmp_path, monkeypatch, error, reason
):
    papermill_execute = papermill.execute_notebook

    def fail_once(*args, **kwargs):
        monkeypatch.setattr("papermill.execute_notebook", papermill_execute)
        raise error

    monkeypatch.setattr("papermill.execute_notebook", fail_once)
    first, second = run_here(*two_chapters, tmp_path / "out")
    assert (first.error, second.error) == (reason, None)
    write_report(tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert f"/{second.chapter}.html" in page
    assert f"/{first.chapter}.html" not in page, "there is nothing to link to"


def test_a_page_that_cannot_be_made_is_that_chapters_error(two_chapters, tmp_path, monkeypatch):
    def fail(notebook):
        if notebook.stem == WORKS:
            raise TypeError("no template")

    monkeypatch.setattr(execute, "export_html", fail)
    first, second = run_here(*two_chapters, tmp_path / "out")
    assert (first.error, second.error) == ("TypeError: no template", None)


def test_a_notebook_that_was_cut_off_is_that_chapters_error(two_chapters, tmp_path, monkeypatch):
    def cut(notebook, target, **_):
        content = Path(notebook.removeprefix(WHOLE)).read_text(encoding="utf-8")
        half = content[: len(content) // 2]
        Path(target.removeprefix(WHOLE)).write_text(half, encoding="utf-8")

    monkeypatch.setattr("papermill.execute_notebook", cut)
    for each in run_here(*two_chapters, tmp_path / "out"):
        assert each.error.startswith("NotJSONError: ")
        assert "\n" not in each.error


def test_a_run_without_its_notebook_on_the_disk_has_failed(two_chapters, tmp_path, monkeypatch):
    monkeypatch.setattr("papermill.execute_notebook", lambda *_, **__: None)
    out = tmp_path / "out"
    for each in run_here(*two_chapters, out):
        lost = folders_of(out)[each.chapter] / f"{each.chapter}.ipynb"
        assert (each.status, each.files) == ("failed", [])
        assert each.error == f"no executed notebook was written to {lost}"


def test_notebooks_that_are_none_fail_and_the_others_run(tmp_path, write_chapter):
    """One says nothing of its kernel: it runs."""
    folder = tmp_path / "notebooks"
    chapters = select(["00", "01", "02", "03"])
    merged, empty, works, twice = (folder / f"{chapter.name}.ipynb" for chapter in chapters)
    write_chapter(folder, works.stem, "# %%\nprint('done')\n")
    content = nbformat.read(works, as_version=4)
    content.metadata.clear()
    nbformat.write(content, works)
    merged.write_text(f"<<<<<<< HEAD\n{works.read_text()}=======\n>>>>>>> theirs\n")
    empty.write_text("")
    write_chapter(folder, twice.stem, '# %% tags=["parameters"]\nx: int = 1\n\n' * 2)
    first, second, third, fourth = run_here(chapters, folder, tmp_path / "out")
    assert "has the marks of a merge that was not finished" in first.error
    assert "the file is empty" in second.error
    assert (third.status, third.error) == ("ok", None)
    assert "has 2 cells tagged `parameters`" in fourth.error
    write_report(tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "the marks of a merge" in page


def test_a_parameter_for_a_notebook_that_is_none_gets_that_for_an_answer(tmp_path, write_chapter):
    (tmp_path / f"{WORKS}.ipynb").write_text("")
    with pytest.raises(WorkbookError, match="is no notebook: the file is empty"):
        run_here(CHAPTERS[:1], tmp_path, tmp_path / "out", [("steps", "3")])


def test_an_error_is_one_line_without_colours(two_chapters, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise ValueError("\x1b[31mred\x1b[0m <b>\n\x07bell")

    monkeypatch.setattr("papermill.execute_notebook", fail)
    [first, _] = run_here(*two_chapters, tmp_path / "out")
    write_report(tmp_path / "out")
    assert first.error == "ValueError: red <b> \N{REPLACEMENT CHARACTER}bell"
    assert "&lt;b&gt;" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_what_goes_wrong_on_the_way_out_of_ctrl_c_keeps_no_run_going():
    def interrupted():
        try:
            raise KeyboardInterrupt
        finally:
            raise RuntimeError("the terminal is gone")

    with pytest.raises(KeyboardInterrupt):
        failure_of(interrupted)


@pytest.mark.parametrize(
    ("module", "writer"), [(run_points, "write_text"), (run_folder, "write_record")]
)
def test_what_cannot_be_written_is_said(two_chapters, tmp_path, monkeypatch, module, writer):
    def fail(*_):
        raise NO_SPACE

    monkeypatch.setattr(module, writer, fail)
    said = r"cannot write into .*out: No space .* the same command goes on from there"
    with pytest.raises(WorkbookError, match=said):
        run_here(*two_chapters, tmp_path / "out")


def test_a_second_run_in_one_folder_is_refused_before_it_touches_anything(clone, command):
    (clone / "out").mkdir()
    with folder_lock(clone / "out"):
        process = command("run", "0", "--out", "out", cwd=clone)
    assert process.returncode == 2
    assert "another command is writing into out" in process.stderr
    assert [path.name for path in (clone / "out").iterdir() if path.name != ".lock"] == []


def test_a_new_folder_is_named_by_the_time_without_a_colon(tmp_path):
    folder = run_folder.folder_by_the_time(tmp_path / "runs")
    assert folder.is_dir()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d", folder.name)


def test_runs_of_the_same_second_get_folders_of_their_own(tmp_path, monkeypatch):
    class OneSecond(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 1, 2, 3, 4, 5)

    monkeypatch.setattr(run_folder, "datetime", OneSecond)
    made = [run_folder.folder_by_the_time(tmp_path / "runs").name for _ in range(3)]
    assert made == [f"2026-01-02T03-04-05{suffix}" for suffix in ("", "-2", "-3")]


def test_a_file_in_the_place_of_the_runs_is_said(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(WorkbookError, match=r"cannot write into .*runs: File exists"):
        run_folder.folder_by_the_time(tmp_path / "runs")
