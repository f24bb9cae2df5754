import nbformat
import pytest
from jupytext.config import find_jupytext_configuration_file

from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.source import cells, drift, read_source, source_path

TEXT = """\
# %% [markdown]
# # A title
#
# with $\\\\alpha$ in it

# %% tags=["parameters"]
k: int = 1  # shots


# %%
def double(x):
    return 2 * x


# %%
# %matplotlib inline
double(k)
"""


@pytest.fixture
def chapter(tmp_path, write_chapter):
    return write_chapter(tmp_path, "01_x", TEXT)


def test_the_source_lies_in_a_folder_of_its_own(chapter):
    assert source_path(chapter) == chapter.parent / "source" / "01_x.py"


def test_text_becomes_cells(chapter):
    found = cells(read_source(source_path(chapter)))
    assert [(cell.kind, cell.tags) for cell in found] == [
        ("markdown", ()),
        ("code", ("parameters",)),
        ("code", ()),
        ("code", ()),
    ]
    assert found[0].text == "# A title\n\nwith $\\\\alpha$ in it"
    assert found[3].text == "%matplotlib inline\ndouble(k)"


def test_a_fresh_notebook_has_not_drifted(chapter):
    assert drift(chapter) == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda cells: cells[3].update(source="double(2)"), "cell 3: text differs"),
        (lambda cells: cells[1].metadata.update(tags=[]), "cell 1: tags differs"),
        (lambda cells: cells[0].update(cell_type="raw"), "cell 0: kind differs"),
        (lambda cells: cells.pop(), "has 3 cells, its source makes 4"),
    ],
)
def test_every_kind_of_drift_is_found(chapter, change, line):
    notebook = nbformat.read(chapter, as_version=4)
    change(notebook.cells)
    chapter.write_text(nbformat.writes(notebook), encoding="utf-8")
    assert any(line in found for found in drift(chapter))


def test_a_notebook_without_a_source_is_an_error(chapter):
    source_path(chapter).unlink()
    with pytest.raises(WorkbookError, match=r"source .*01_x\.py is missing"):
        drift(chapter)


def test_jupyterlab_pairs_no_chapter_with_its_source(repository):
    """Or else a chapter that is saved in JupyterLab takes answers and notes out of its source."""
    assert find_jupytext_configuration_file(str(repository / "notebooks")) is None
