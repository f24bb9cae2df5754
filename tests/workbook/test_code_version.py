import re

from metalearn_lab.workbook.run_key import code_version, version_of


def test_it_is_short_and_the_same_each_time():
    assert re.fullmatch("[0-9a-f]{12}", code_version())
    assert code_version.__wrapped__() == code_version()


def test_it_changes_with_the_code_and_with_nothing_else(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.py").write_text("1")
    first = version_of(tmp_path, "torch 1")
    (tmp_path / "a" / "x.pyc").write_text("compiled")
    (tmp_path / "notes.txt").write_text("mine")
    assert version_of(tmp_path, "torch 1") == first
    seen = {first, version_of(tmp_path, "torch 2")}
    (tmp_path / "a" / "x.py").write_text("2")
    seen.add(version_of(tmp_path, "torch 1"))
    (tmp_path / "a" / "x.py").rename(tmp_path / "x.py")
    seen.add(version_of(tmp_path, "torch 1"))
    (tmp_path / "y.c").write_text("")
    seen.add(version_of(tmp_path, "torch 1"))
    assert len(seen) == 5
