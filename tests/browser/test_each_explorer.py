"""Each explorer once in JupyterLab, on little data and without its chapter.

One notebook shows them all. Every control of every explorer, in the chapter that it belongs to, is
moved by `test_every_explorer.py`.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat import v4

import metalearn_lab.explorers
from metalearn_lab.workbook.kernel import KERNEL_METADATA
from tests.browser.driver import look_at
from tests.browser.explorer import ExplorerOnPage
from tests.browser.there_and_back import there_and_back

ROOT = Path(__file__).resolve().parents[2]
[FOLDER] = metalearn_lab.explorers.__path__
NAMES = sorted(path.stem for path in Path(FOLDER).glob("*_explorer.py"))
FIRST = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.explorers import small_explorers
"""


@pytest.fixture(scope="module")
def notebook(server, browser, tmp_path_factory):
    cells = [FIRST, *(f"small_explorers.{name}().show()" for name in NAMES)]
    path = tmp_path_factory.mktemp("explorers") / "explorers.ipynb"
    made = v4.new_notebook(cells=[*map(v4.new_code_cell, cells)], metadata=KERNEL_METADATA)
    nbformat.write(made, path)
    with look_at(server, browser) as lab:
        opened = lab.open(path)
        opened.run_all()
        yield opened


@pytest.mark.parametrize("name", NAMES)
def test_a_key_moves_what_it_shows_and_another_moves_it_back(notebook, name):
    explorer = ExplorerOnPage(notebook, name, 1 + NAMES.index(name), [])
    explorer.settle()
    first, [control, *_] = explorer.shown(), explorer.controls()
    if control.kind == "button":  # no key undoes it
        explorer.press(control.label)
    else:
        there_and_back(explorer, control)
        explorer.wait_for(first, control.label)


def test_nothing_failed(notebook):
    assert notebook.errors() == []
    assert notebook.page.get_by_text("This view failed").count() == 0
    assert notebook.complaints == []
