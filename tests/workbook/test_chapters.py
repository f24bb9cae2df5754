import pytest

from metalearn_lab.workbook.chapter_table import chapter_table
from metalearn_lab.workbook.chapters import CHAPTERS, Chapter, select
from metalearn_lab.workbook.errors import WorkbookError

ONE = Chapter(1, "one", "One", "The first.")
TWO = Chapter(12, "two", "Two", "The second.")


def test_the_catalogue_is_in_order_and_names_each_chapter_once():
    numbers = [chapter.number for chapter in CHAPTERS]
    assert numbers == sorted(set(numbers))
    assert len({chapter.slug for chapter in CHAPTERS}) == len(CHAPTERS)


@pytest.mark.parametrize("name", ["1", "01", "one", "01_one", "notebooks/01_one.ipynb"])
def test_a_chapter_goes_by_many_names(name):
    assert select([name], (ONE, TWO)) == (ONE,)


def test_chapters_come_in_chapter_order_and_once():
    assert select(["two", "1", "12"], (ONE, TWO)) == (ONE, TWO)


def test_no_name_means_all():
    assert select([], (ONE, TWO)) == (ONE, TWO)


def test_an_unknown_chapter_lists_the_chapters():
    with pytest.raises(WorkbookError, match=r"no chapter '7'.*\n  01_one\n  12_two"):
        select(["7"], (ONE, TWO))


def test_the_table_links_every_chapter():
    lines = chapter_table((ONE, TWO), folder="", colab=False).splitlines()
    assert lines[2:] == [
        "| [01 One](01_one.ipynb) | The first. |",
        "| [12 Two](12_two.ipynb) | The second. |",
    ]
