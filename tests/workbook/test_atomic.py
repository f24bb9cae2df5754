import pytest

from metalearn_lab.workbook.atomic import write_text


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
