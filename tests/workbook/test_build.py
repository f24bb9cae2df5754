import nbformat
import pytest

from metalearn_lab.workbook import build
from metalearn_lab.workbook.build import build_notebook
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.source import drift

pytestmark = pytest.mark.notebook


@pytest.fixture
def clone_notebook(clone):
    return lambda name: clone / "notebooks" / f"{name}.ipynb"


def test_a_chapter_is_executed_in_its_committed_form(clone_notebook):
    path = clone_notebook("00_start_here")
    build_notebook(path)
    notebook = nbformat.read(path, as_version=4)
    assert [cell.execution_count for cell in notebook.cells] == [1, 2, 3, 4]
    assert [len(cell.outputs) for cell in notebook.cells] == [0, 1, 0, 1]
    assert notebook.cells[1].outputs[0].metadata["image/png"]["alt"] == "a line that rises"
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert drift(path) == []
    first = path.read_text(encoding="utf-8")
    assert first.endswith("}\n")
    assert not first.endswith("\n\n")
    build_notebook(path)
    assert path.read_text(encoding="utf-8") == first


def test_a_failing_cell_is_named_and_the_old_notebook_stays(clone_notebook):
    path = clone_notebook("01_tasks_and_episodes")
    before = path.read_bytes()
    with pytest.raises(
        WorkbookError, match="01_tasks_and_episodes, cell 2: ValueError: no 5 classes"
    ):
        build_notebook(path)
    assert path.read_bytes() == before


def test_a_widget_that_fails_unseen_fails_the_build(clone_notebook):
    with pytest.raises(WorkbookError, match="06_few_shot_text: ZeroDivisionError in a widget"):
        build_notebook(clone_notebook("06_few_shot_text"))


def test_a_cell_that_takes_too_long_is_named(tmp_path, write_chapter):
    path = write_chapter(tmp_path, "x", "# %%\nimport time\n\n# %%\ntime.sleep(30)\n")
    with pytest.raises(WorkbookError, match="x, cell 1: took longer than 1 s"):
        build_notebook(path, cell_seconds=1)


def test_the_command_builds_the_chapters_named(clone, monkeypatch):
    built = []
    monkeypatch.setattr(build, "build_notebook", built.append)
    assert build.main(["06", "00"], clone) == 0
    assert built == [clone / "00_start_here.ipynb", clone / "06_few_shot_text.ipynb"]


def test_the_command_says_what_failed(clone, capsys):
    assert build.main(["nine"], clone) == 2
    assert capsys.readouterr().err.startswith("make notebooks: there is no chapter 'nine'")
