"""Names of folders that shells and papermill do something with: written exactly there."""

import nbformat
import papermill
import pytest

from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.out_folder import out_folder
from metalearn_lab.workbook.papermill_engine import ENGINE, address

NAMES = [
    "-",
    "--out",
    "res_{ways}",
    "{}",
    "{0}",
    "}{",
    "%s %d",
    "two words",
    "two\nlines",
    "~other",
    "s3:",
    "https:",
    "$HOME",
    "*",
    "[x]",
    "ü 新",
    "x" * 200,
    "x/../y",
]


@pytest.fixture
def notebook(tmp_path):
    cell = nbformat.v4.new_code_cell("ways: int = 5", metadata={"tags": ["parameters"]})
    path = tmp_path / "{in}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_written_where_it_was_told_and_nowhere_else(
    tmp_path, monkeypatch, capsys, notebook, name
):
    (tmp_path / "here" / "x").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    folder = out_folder(name)
    folder.mkdir(parents=True)
    papermill.execute_notebook(
        address(notebook),
        address(folder / "out.ipynb"),
        parameters={"ways": 3},
        engine_name=ENGINE,
        kernel_name="python3",
        language="python",
        prepare_only=True,
    )
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path != notebook]
    assert [path.resolve() for path in written] == [(folder / "out.ipynb").resolve()]
    assert "ways = 3" in (folder / "out.ipynb").read_text(encoding="utf-8")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "the name of a folder is empty"),
        ("~", "would be a folder called `~` here"),
        ("~/runs", "would be a folder called `~` here"),
        ("\udcff", "is no text in UTF-8"),
    ],
)
def test_a_name_that_is_hardly_meant_is_refused(name, message):
    with pytest.raises(WorkbookError, match=message):
        out_folder(name)
