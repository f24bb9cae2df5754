import pytest

from metalearn_lab.workbook import folder as module
from metalearn_lab.workbook.chapters import select
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.folder import notebook_path, notebooks_folder


@pytest.mark.parametrize("inside", [".", "notebooks", "notebooks/source"])
def test_it_is_found_from_anywhere_in_the_clone(clone, inside):
    assert notebooks_folder(clone / inside) == clone / "notebooks"


def test_without_a_clone_the_error_says_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "__file__", str(tmp_path / "site" / "a" / "b" / "folder.py"))
    with pytest.raises(WorkbookError, match="clone it, and run this command inside the clone"):
        notebooks_folder(tmp_path)


def test_a_missing_notebook_is_named(clone):
    (clone / "notebooks" / "06_few_shot_text.ipynb").unlink()
    with pytest.raises(WorkbookError, match=r"06_few_shot_text has no notebook .* CHAPTERS=06"):
        notebook_path(select(["06"])[0], clone / "notebooks")
