"""Links of a chapter: to other pages of the site, or to the repository on the web."""

import pytest

from metalearn_lab.workbook.book.links import link_pages
from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.colab import colab_badge
from metalearn_lab.workbook.errors import WorkbookError

PAGES = {"03_maml.ipynb", "for_teachers.md"}
WEB = "https://github.com/metalearn-lab/metalearn-lab"


@pytest.fixture
def folder(tmp_path):
    """A folder of notebooks in a repository."""
    (tmp_path / "notebooks" / "source").mkdir(parents=True)
    (tmp_path / "notebooks" / "source" / "03_maml.py").touch()
    (tmp_path / "README.md").touch()
    return tmp_path / "notebooks"


@pytest.mark.parametrize(
    ("target", "on_the_site"),
    [
        ("03_maml.ipynb", "03_maml.ipynb"),
        ("for_teachers.md", "for_teachers.md"),
        ("03_maml.ipynb#The-cliff", "03_maml.ipynb#the-cliff"),
        ("03_maml.ipynb#Is-it-fair?", "03_maml.ipynb#is-it-fair"),
        ("#A-week", "#a-week"),
        ("source/03_maml.py", f"{WEB}/blob/main/notebooks/source/03_maml.py"),
        ("../README.md#set-it-up", f"{WEB}/blob/main/README.md#set-it-up"),
        ("source", f"{WEB}/tree/main/notebooks/source"),
        ("https://arxiv.org/abs/1703.03400", "https://arxiv.org/abs/1703.03400"),
    ],
)
def test_a_link_holds_on_the_site(folder, target, on_the_site):
    text = f"See [this]({target}), and go on."
    assert link_pages(text, folder, PAGES) == f"See [this]({on_the_site}), and go on."


def test_a_badge_stays_a_button_because_its_picture_is_at_hand(folder):
    badge = colab_badge(CHAPTERS[3])
    assert link_pages(badge, folder, PAGES) == badge


def test_pictures_and_code_stay_as_they_are(folder):
    text = "![a curve](images/curve.gif)\n\n```python\nx = table[0](none.py)\n```\n"
    assert link_pages(text, folder, PAGES) == text


@pytest.mark.parametrize("target", ["02_gone.ipynb", "source/gone.py", "../gone.md"])
def test_a_link_to_no_file_is_refused(folder, target):
    with pytest.raises(WorkbookError, match=f"a link leads to {target}, and there is no file"):
        link_pages(f"[this]({target})", folder, PAGES)
