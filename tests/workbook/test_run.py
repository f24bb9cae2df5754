"""A chapter that works, one that fails and one whose widget fails unseen, run as one command."""

from __future__ import annotations

import csv
from pathlib import Path

import nbformat
import papermill
import pytest
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import CellTimeoutError

from metalearn_lab.workbook import execute, run
from metalearn_lab.workbook.chapters import select
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.failure import failure_of
from metalearn_lab.workbook.folder_lock import folder_lock
from metalearn_lab.workbook.papermill_engine import WHOLE
from metalearn_lab.workbook.record import read_record
from metalearn_lab.workbook.run import run_chapters

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
    return {chapter.name: read_record(out / f"{chapter.name}.json") for chapter in CHAPTERS}


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
    header, works, fails, swallows, _, report = process.stdout.splitlines()
    assert header.split() == ["chapter", "seconds", "status", "headline"]
    assert works.endswith("4 steps at <rate> 0.5 from embedded")
    assert fails.endswith("ValueError in cell 3: no 4 classes")
    assert "ZeroDivisionError in a widget" in swallows
    assert report == "report: out/index.html"


def test_the_same_table_is_a_csv_file(out):
    with (out / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["chapter"] for row in rows] == [WORKS, FAILS, SWALLOWS]
    assert rows[0]["headline"] == "4 steps at <rate> 0.5 from embedded"
    assert float(rows[0]["seconds"]) > 0


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
    notebook = nbformat.read(out / f"{FAILS}.ipynb", as_version=4)
    printed = [o.get("text") for cell in notebook.cells for o in cell.get("outputs", [])]
    assert "this much is kept\n" in printed


def test_every_chapter_is_exported_with_its_alt_text_and_no_dead_widget(out):
    page = (out / f"{WORKS}.html").read_text(encoding="utf-8")
    assert 'alt="a line that rises"' in page
    assert "IntSlider(" not in page.split("never static")[-1]
    assert "application/vnd.jupyter.widget-view+json" not in page
    assert "no 4 classes" in (out / f"{FAILS}.html").read_text(encoding="utf-8")


def test_the_index_links_the_chapters_and_escapes_what_they_say(out):
    page = (out / "index.html").read_text(encoding="utf-8")
    for name in (WORKS, FAILS, SWALLOWS):
        assert f'href="{name}.html"' in page
        assert f'href="{name}.ipynb"' in page
    assert "at &lt;rate&gt; 0.5" in page
    assert "<rate>" not in page


def test_another_run_is_never_written_over(out, clone, command):
    before = (out / "table.csv").read_bytes()
    process = command("run", "0", "--out", str(out), cwd=clone)
    assert process.returncode == 2
    assert f"holds a run of other chapters ({WORKS}, {FAILS}, {SWALLOWS})" in process.stderr
    assert (out / "table.csv").read_bytes() == before


def test_a_bad_request_is_refused_before_anything_is_written(clone):
    out = clone / "out"
    with pytest.raises(WorkbookError, match="no chosen chapter has a parameter 'speed'"):
        run_chapters(CHAPTERS, clone / "notebooks", out, [("speed", "9")])
    assert not out.exists()
    with pytest.raises(WorkbookError, match="no chosen chapter has a parameter 'speed'"):
        run_chapters(CHAPTERS, clone / "notebooks", given=[("speed", "9")])
    assert not (clone / "runs").exists()


def test_a_kernel_that_dies_fails_its_chapter_and_keeps_what_was_done(tmp_path, write_chapter):
    folder = tmp_path / "notebooks"
    write_chapter(folder, WORKS, "# %%\nprint('done')\n\n# %%\nimport os\n\nos._exit(1)\n")
    out = tmp_path / "res_{ways} of {}"
    [done] = run_chapters(CHAPTERS[:1], folder, out).records
    assert done.error == "the kernel died (out of memory?)"
    assert "done" in (out / f"{WORKS}.ipynb").read_text(encoding="utf-8")
    assert "failed" in (out / "table.csv").read_text(encoding="utf-8")
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
def test_whatever_stops_a_chapter_the_others_go_on(two_chapters, monkeypatch, error, reason):
    papermill_execute = papermill.execute_notebook

    def fail_once(*args, **kwargs):
        monkeypatch.setattr("papermill.execute_notebook", papermill_execute)
        raise error

    monkeypatch.setattr("papermill.execute_notebook", fail_once)
    finished = run_chapters(*two_chapters)
    first, second = finished.records
    assert (first.error, second.error) == (reason, None)
    page = (finished.folder / "index.html").read_text(encoding="utf-8")
    assert f'href="{second.chapter}.html"' in page
    assert f'href="{first.chapter}.html' not in page, "there is nothing to link to"


def test_a_page_that_cannot_be_made_is_that_chapters_error(two_chapters, monkeypatch):
    def fail(notebook):
        if notebook.stem == WORKS:
            raise TypeError("no template")

    monkeypatch.setattr(execute, "export_html", fail)
    first, second = run_chapters(*two_chapters).records
    assert (first.error, second.error) == ("TypeError: no template", None)


def test_a_notebook_that_was_cut_off_is_that_chapters_error(two_chapters, monkeypatch):
    def cut(notebook, target, **_):
        content = Path(notebook.removeprefix(WHOLE)).read_text(encoding="utf-8")
        half = content[: len(content) // 2]
        Path(target.removeprefix(WHOLE)).write_text(half, encoding="utf-8")

    monkeypatch.setattr("papermill.execute_notebook", cut)
    for each in run_chapters(*two_chapters).records:
        assert each.error.startswith("NotJSONError: ")
        assert "\n" not in each.error


def test_a_run_without_its_notebook_on_the_disk_has_failed(two_chapters, monkeypatch):
    monkeypatch.setattr("papermill.execute_notebook", lambda *_, **__: None)
    finished = run_chapters(*two_chapters)
    for each in finished.records:
        lost = finished.folder / f"{each.chapter}.ipynb"
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
    first, second, third, fourth = run_chapters(chapters, folder, tmp_path / "out").records
    assert "has the marks of a merge that was not finished" in first.error
    assert "the file is empty" in second.error
    assert (third.status, third.error) == ("ok", None)
    assert "has 2 cells tagged `parameters`" in fourth.error
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "the marks of a merge" in page


def test_a_parameter_for_a_notebook_that_is_none_gets_that_for_an_answer(tmp_path, write_chapter):
    (tmp_path / f"{WORKS}.ipynb").write_text("")
    with pytest.raises(WorkbookError, match="is no notebook: the file is empty"):
        run_chapters(CHAPTERS[:1], tmp_path, tmp_path / "out", [("steps", "3")])


def test_an_error_is_one_line_without_colours(two_chapters, monkeypatch):
    def fail(*_, **__):
        raise ValueError("\x1b[31mred\x1b[0m <b>\n\x07bell")

    monkeypatch.setattr("papermill.execute_notebook", fail)
    finished = run_chapters(*two_chapters)
    assert finished.records[0].error == "ValueError: red <b> \N{REPLACEMENT CHARACTER}bell"
    assert "&lt;b&gt;" in (finished.folder / "index.html").read_text(encoding="utf-8")


def test_what_goes_wrong_on_the_way_out_of_ctrl_c_keeps_no_run_going():
    def interrupted():
        try:
            raise KeyboardInterrupt
        finally:
            raise RuntimeError("the terminal is gone")

    with pytest.raises(KeyboardInterrupt):
        failure_of(interrupted)


@pytest.mark.parametrize(
    ("writer", "what"), [("write_report", "the report"), ("write_record", f"the record of {WORKS}")]
)
def test_what_cannot_be_written_is_said(two_chapters, monkeypatch, writer, what):
    def fail(*_):
        raise NO_SPACE

    monkeypatch.setattr(run, writer, fail)
    said = rf"{what} could not be written into .* No space .* it goes on where it was"
    with pytest.raises(WorkbookError, match=said):
        run_chapters(*two_chapters)


def test_a_second_run_in_one_folder_is_refused_before_it_touches_anything(clone, command):
    (clone / "out").mkdir()
    with folder_lock(clone / "out"):
        process = command("run", "0", "--out", "out", cwd=clone)
    assert process.returncode == 2
    assert "another command is writing into out" in process.stderr
    assert [path.name for path in (clone / "out").iterdir() if path.name != ".lock"] == []
