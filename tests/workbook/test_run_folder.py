import os
import re

import pytest

from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.run_folder import new_run_folder, prepare_run_folder


def test_a_new_folder_is_named_by_the_time_without_a_colon(tmp_path):
    folder = new_run_folder(tmp_path / "notebooks")
    assert folder.parent == tmp_path / "runs"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d", folder.name)


def test_it_is_created_with_its_parents(tmp_path):
    prepare_run_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_folder_with_other_things_in_it_will_do(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    prepare_run_folder(tmp_path)


@pytest.mark.parametrize("mark", ["summary.json", "table.csv", "index.html", "06_x.ipynb"])
def test_a_folder_that_holds_a_run_is_refused(tmp_path, mark):
    (tmp_path / mark).write_text("")
    with pytest.raises(WorkbookError, match="already holds notebooks or a run: name a new one"):
        prepare_run_folder(tmp_path)


def test_a_folder_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkbookError, match=r"cannot write into .*Not a directory\. Name another"):
        prepare_run_folder(tmp_path / "file" / "out")


def test_a_file_is_not_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkbookError, match="cannot write into"):
        prepare_run_folder(tmp_path / "file")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(WorkbookError, match=r"cannot write into .*Permission denied"):
        prepare_run_folder(tmp_path)
