"""What ran is what was asked for, and what it showed is what is counted."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from metalearn_lab import cli
from metalearn_lab.workbook.chapters import select
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.folder import chosen_chapters
from tests.sweep.run_here import folders_of, run_here

FACT = "from metalearn_lab.workbook.facts import finding, proof\n"


def one_record(tmp_path, write_chapter, text):
    write_chapter(tmp_path / "notebooks", "00_start_here", text)
    [record] = run_here(select(["0"]), tmp_path / "notebooks", tmp_path / "out")
    return record


@pytest.mark.parametrize("ending", ["sys.exit()", "sys.exit(0)", "sys.exit(1)"])
def test_a_chapter_that_leaves_early_has_failed(tmp_path, write_chapter, ending):
    text = f"# %%\nimport sys\n\n{FACT}proof('before', True)\n\n# %%\n{ending}\n\n# %%\n1 / 0\n"
    record = one_record(tmp_path, write_chapter, text)
    assert record.status == "failed"
    assert "SystemExit" in record.error


def test_a_fact_that_the_notebook_does_not_keep_is_no_success(tmp_path, write_chapter):
    text = (
        f"# %%\nimport ipywidgets\nfrom IPython.display import display\n{FACT}"
        "out = ipywidgets.Output()\ndisplay(out)\nwith out:\n    proof('inside', False)\n"
    )
    record = one_record(tmp_path, write_chapter, text)
    assert record.status == "failed"
    assert "1 of 1 facts are not in the notebook" in record.error


def test_a_notebook_that_changes_while_others_run_has_failed_and_runs_again(
    tmp_path, write_chapter
):
    folder = tmp_path / "notebooks"
    later = write_chapter(folder, "01_tasks_and_episodes", "# %%\nx = 1\n")
    before = later.read_bytes()
    changed = before.replace(b"x = 1", b"x = 2")
    source = f"# %%\nfrom pathlib import Path\n\nPath({str(later)!r}).write_bytes({changed!r})\n"
    write_chapter(folder, "00_start_here", source)
    chapters, out = select(["0", "1"]), tmp_path / "out"
    first, second = run_here(chapters, folder, out)
    assert (first.status, second.status) == ("ok", "failed")
    assert "was changed while others ran" in second.error
    later.write_bytes(before)
    _, again = run_here(chapters, folder, out)
    assert again.status == "ok"
    page = folders_of(out)["01_tasks_and_episodes"] / "01_tasks_and_episodes.html"
    assert "x = 2" not in page.read_text(encoding="utf-8")


def test_the_path_of_another_notebook_is_not_taken_for_the_chapter(
    tmp_path, write_chapter, monkeypatch
):
    write_chapter(tmp_path / "notebooks", "00_start_here", "# %%\n1\n")
    mine = write_chapter(tmp_path / "mine", "00_start_here", "# %%\n2\n")
    monkeypatch.chdir(tmp_path)
    assert chosen_chapters(["notebooks/00_start_here.ipynb"]) == select(["0"])
    with pytest.raises(WorkbookError, match="whose own would run"):
        chosen_chapters([str(mine)])


def test_a_range_in_a_sweep_file_is_an_entry_for_each(tmp_path, write_chapter, monkeypatch):
    for name in ("00_start_here", "01_tasks_and_episodes"):
        write_chapter(tmp_path / "notebooks", name, "# %%\n1\n")
    (tmp_path / "sweep.yml").write_text("- chapter: 0-1\n")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli.app, ["sweep", "sweep.yml", "--out", "out", "--dry-run"])
    assert result.stdout.startswith("00_start_here: about")
    assert "01_tasks_and_episodes: about" in result.stdout
