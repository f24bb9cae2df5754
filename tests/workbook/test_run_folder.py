import os
import re
from datetime import datetime

import pytest

from metalearn_lab.workbook import run_folder
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.run_folder import make_run_folder


def prepare(out):
    return make_run_folder(out, out / "notebooks")


def test_a_new_folder_is_named_by_the_time_without_a_colon(tmp_path):
    folder = make_run_folder(None, tmp_path / "notebooks")
    assert folder.is_dir()
    assert folder.parent == tmp_path / "runs"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d", folder.name)


def test_runs_of_the_same_second_get_folders_of_their_own(tmp_path, monkeypatch):
    class OneSecond(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 1, 2, 3, 4, 5)

    monkeypatch.setattr(run_folder, "datetime", OneSecond)
    made = [make_run_folder(None, tmp_path / "notebooks").name for _ in range(3)]
    assert made == [f"2026-01-02T03-04-05{suffix}" for suffix in ("", "-2", "-3")]


def test_a_file_in_the_place_of_the_runs_is_said(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(WorkbookError, match=r"cannot write into the output folder .*runs: File"):
        make_run_folder(None, tmp_path / "notebooks")


def test_it_is_created_with_its_parents(tmp_path):
    assert prepare(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_folder_with_other_things_in_it_will_do(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    prepare(tmp_path)


def test_a_folder_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkbookError, match=r"cannot write into .*Not a directory\. Name another"):
        prepare(tmp_path / "file" / "out")


def test_a_file_is_not_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkbookError, match="cannot write into"):
        prepare(tmp_path / "file")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(WorkbookError, match=r"cannot write into .*Permission denied"):
        prepare(tmp_path)
