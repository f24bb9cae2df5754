"""Every chapter runs with Colab's packages: no cell fails, no widget hides an error, none warns."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from nbformat import v4

from metalearn_lab import __version__
from metalearn_lab.workbook.chapters import CHAPTERS
from tests.colab.colab_kernel import ROOT, make_clone, run
from tests.colab.installed import ADDED, colabs, installed
from tests.small_parameters import FAST, with_values

AT_ONCE = min(2, os.cpu_count() or 1)


SWALLOWS = """\
import ipywidgets as widgets
from IPython.display import display

slider = widgets.IntSlider(value=1)
display(widgets.interactive_output(lambda k: 1 // (k - 2), {"k": slider}))
slider.value = 2
"""


def small(chapter):
    notebook = nbformat.read(ROOT / chapter.path, as_version=4)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = with_values(cell.source, FAST[chapter.name])
    return notebook


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Each chapter, once it has run, by name; a few run at a time."""
    assert set(ADDED) <= installed().keys(), "check_first_cell.py comes first and installs them"
    clone = make_clone(tmp_path_factory.mktemp("repository"))

    def run_chapter(chapter):
        notebook = small(chapter)
        return notebook, run(notebook, tmp_path_factory.mktemp(chapter.name), clone)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {chapter.name: pool.submit(run_chapter, chapter) for chapter in CHAPTERS}


@pytest.mark.parametrize("name", [chapter.name for chapter in CHAPTERS])
def test_it_runs(name, running):
    notebook, hidden = running[name].result()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code[0].outputs[0].text.startswith(f"metalearn-lab {__version__} is ready: ")
    assert hidden == []
    outputs = [output for cell in code for output in cell.outputs]
    assert not [o.text for o in outputs if o.get("name") == "stderr" and "Warning" in o.text]


def test_an_error_that_a_widget_hides_would_be_seen(tmp_path):
    notebook = v4.new_notebook(cells=[v4.new_code_cell(SWALLOWS)])
    assert len(run(notebook, tmp_path, tmp_path)) == 1


def test_no_chapter_changed_what_colab_has():
    assert colabs().items() <= installed().items()
