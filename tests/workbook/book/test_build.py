"""The site is put in its place whole, or nothing is put there, and the message says why."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat import v4

from metalearn_lab.workbook.book import build
from metalearn_lab.workbook.book.build import build_book
from metalearn_lab.workbook.chapters import CHAPTERS, Chapter
from metalearn_lab.workbook.environment import Installed
from metalearn_lab.workbook.errors import WorkbookError

pytestmark = pytest.mark.long

ONE = Chapter(7, "one", "One", "Does one chapter make a site?")
GOOD = "# %% [markdown]\n# # One\n#\n# Back to [itself](07_one.ipynb#One).\n"


@pytest.fixture
def notebooks(repository, tmp_path, write_chapter):
    write_chapter(tmp_path / "notebooks", ONE.name, GOOD)
    shutil.copytree(repository / "notebooks" / "images", tmp_path / "notebooks" / "images")
    return tmp_path / "notebooks"


def left_beside(out):
    """What a build has left, apart from what it began with."""
    return {path.name for path in out.parent.iterdir()} - {"notebooks"}


def test_an_empty_folder_is_filled(notebooks, tmp_path):
    (tmp_path / "site").mkdir()
    assert build_book([ONE], notebooks, tmp_path / "site") == ["index", ONE.name, "python_api"]
    assert (tmp_path / "site" / f"{ONE.name}.html").is_file()
    assert left_beside(tmp_path / "site") == {"site"}


def test_the_answer_to_a_prediction_is_folded(notebooks, tmp_path):
    path = notebooks / f"{ONE.name}.ipynb"
    notebook = nbformat.read(path, 4)
    outputs = [v4.new_output("stream", text="neither")]
    answer = v4.new_code_cell("1", outputs=outputs, metadata={"tags": ["hide-output"]})
    notebook.cells.append(answer)
    nbformat.write(notebook, path)
    build_book([ONE], notebooks, tmp_path / "site")
    page = (tmp_path / "site" / f"{ONE.name}.html").read_text(encoding="utf-8")
    [folded] = BeautifulSoup(page, "html.parser").select("article details:not([open])")
    assert folded.select_one("summary").text.strip() == "Show code cell output"
    assert "neither" in folded.select_one(".cell_output").text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{GOOD}# [away](07_one.ipynb#Two)\n", "07_one.ipynb"),  # what Sphinx finds
        (f"{GOOD}# [away](08_two.ipynb)\n", "07_one.ipynb: a link leads to 08_two.ipynb"),
    ],
)
def test_a_dead_link_is_an_error_and_leaves_nothing(
    notebooks, tmp_path, write_chapter, text, message
):
    write_chapter(notebooks, ONE.name, text)
    with pytest.raises(WorkbookError, match=message) as refused:
        build_book([ONE], notebooks, tmp_path / "site")
    assert str(tmp_path / ".site") not in str(refused.value)
    assert left_beside(tmp_path / "site") == set()


def test_a_folder_that_holds_something_is_left_alone(notebooks, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "mine.txt").write_text("mine")
    for out in (tmp_path / "site", tmp_path / "site" / "mine.txt"):
        with pytest.raises(WorkbookError, match="is not empty: name a new one"):
            build_book([ONE], notebooks, out)
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["mine.txt"]


def test_a_clone_without_a_chapter_is_refused_by_the_command(clone, command):
    done = command("book", "site", cwd=clone)
    assert done.returncode == 2
    assert done.stderr.startswith(f"metalearn-lab: chapter {CHAPTERS[2].name} has no notebook in")
    assert {path.name for path in clone.iterdir()} == {"notebooks"}


def test_without_the_extra_it_says_what_to_install(notebooks, tmp_path, monkeypatch):
    lacking = [Installed("sphinx", ">=8", "9.0"), Installed("furo", "", None)]
    monkeypatch.setattr(build, "requirements", lambda extra: lacking if extra == "book" else [])
    with pytest.raises(WorkbookError, match=r"\(furo\): pip install 'metalearn-lab\[book\]'"):
        build_book([ONE], notebooks, tmp_path / "site")
    assert left_beside(tmp_path / "site") == set()


KILLED = """
import sys
from pathlib import Path
from metalearn_lab.workbook.book.build import build_book
from metalearn_lab.workbook.chapters import Chapter
build_book([Chapter(7, "one", "One", "?")], Path("notebooks"), Path("site"))
"""


def test_a_build_that_is_killed_leaves_no_half_site(notebooks, tmp_path):
    building = subprocess.Popen(
        [sys.executable, "-c", KILLED], cwd=tmp_path, start_new_session=True
    )
    while not any(tmp_path.glob(".site.*/site/*.html")):
        assert building.poll() is None, "it was done before it could be killed"
        time.sleep(0.01)
    os.killpg(building.pid, signal.SIGKILL)
    building.wait()
    assert not (tmp_path / "site").exists()
    build_book([ONE], notebooks, tmp_path / "site")
    assert (tmp_path / "site" / "index.html").is_file()
