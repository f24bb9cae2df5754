import shutil
from pathlib import Path

import pytest

from metalearn_lab.atomic_file import remove_leftovers, write_text


def test_the_text_is_written(tmp_path):
    write_text(tmp_path / "x.txt", "新\n")
    assert (tmp_path / "x.txt").read_bytes() == "新\n".encode()


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "half \ud800")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["x.txt"]


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    for name in (".table.csv.123.tmp", ".mine.tmp", "table.csv", ".lock"):
        (tmp_path / name).write_text("x")
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", ".mine.tmp", "table.csv"]


def test_the_name_of_what_is_left_is_the_one_that_is_removed(tmp_path, monkeypatch):
    def killed(self, target):
        shutil.copy(self, f"{self}.kept")
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_text(tmp_path / "table.csv", "x")
    [copy] = tmp_path.iterdir()
    copy.rename(str(copy).removesuffix(".kept"))
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []
