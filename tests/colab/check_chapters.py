"""Every chapter runs with Colab's packages, on another device, and needs nothing from elsewhere.

Each runs whole and once, in a folder of its own and without a network (`tests.without_network`),
on a pretended device that refuses CPU tensors as a GPU does. Its exercises are solved; their stubs
run after it in the same kernel. That this is what a student's run comes to is proved by
`tests/notebooks/test_exercises.py`: no other cell differs between the views, and none uses what an
exercise defines. Chapter 06 runs on a reader's own text.
"""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from nbformat import v4

from metalearn_lab import __version__
from metalearn_lab.exercises.verdict import NOTHING_YET
from metalearn_lab.tasks.sources import HubUnavailableError, load_table
from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.views import View
from tests.chapter_runs import code_cells, exercise_cells, small_chapter, text_of, verdicts
from tests.colab.colab_kernel import make_clone, run
from tests.colab.installed import ADDED, colabs, installed
from tests.own_text import OF_OWN_TEXT, class_counts, write_class_split
from tests.pretend_device import TAKE_IT
from tests.without_network import can_be_alone, is_alone

AT_ONCE = min(2, os.cpu_count() or 1)
OWN_TEXT = "06_few_shot_text"
SWALLOWS = """\
import ipywidgets as widgets
from IPython.display import display

slider = widgets.IntSlider(value=1)
display(widgets.interactive_output(lambda k: 1 // (k - 2), {"k": slider}))
slider.value = 2
"""


def run_chapter(chapter, folder, clone):
    """Its code cells, the stubs after them, and what its widgets hid."""
    parameters = {}
    if chapter.name == OWN_TEXT:
        write_class_split(folder / "text")
        parameters = OF_OWN_TEXT | {"path": str(folder / "text")}
    notebook, stubs = small_chapter(chapter, **parameters), exercise_cells(chapter, View.WORKBOOK)
    [first, *others] = code_cells(notebook)
    notebook.cells = [first, v4.new_code_cell(TAKE_IT), *others, *stubs]
    hidden = run(notebook, folder, clone)
    return [first, *others], stubs, hidden


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Each chapter, once it has run, by name; a few run at a time, the last chapters first."""
    assert set(ADDED) <= installed().keys(), "check_first_cell.py comes first and installs them"
    clone = make_clone(tmp_path_factory.mktemp("repository"))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            chapter.name: pool.submit(
                run_chapter, chapter, tmp_path_factory.mktemp(chapter.name), clone
            )
            for chapter in reversed(CHAPTERS)
        }


@pytest.fixture(params=CHAPTERS, ids=lambda chapter: chapter.name)
def ran(request, running):
    return running[request.param.name].result()


def test_nothing_fails_hides_or_warns(ran):
    code, _, hidden = ran
    assert code[0].outputs[0].text.startswith(f"metalearn-lab {__version__} is ready: ")
    assert hidden == []
    outputs = [output for cell in code for output in cell.outputs]
    assert not [o.text for o in outputs if o.get("name") == "stderr" and "Warning" in o.text]


def test_it_computes_on_the_other_device(ran):
    code, _, _ = ran
    said = "".join(text_of(cell) for cell in code)
    assert "Computing on LAZY" in said


def test_solved_it_is_right_and_unsolved_there_is_nothing_yet(ran):
    code, stubs, _ = ran
    assert verdicts(code) == ["Right"] * (len(stubs) // 2) != []
    assert verdicts(stubs) == [NOTHING_YET] * (len(stubs) // 2)


def test_a_published_class_split_of_own_text_is_kept(running):
    code, _, _ = running[OWN_TEXT].result()
    printed = "".join(text_of(cell) for cell in code)
    assert "(train, validation, test)" in printed
    assert "96 sentences, " in printed
    assert class_counts(printed) == {"train": 7, "validation": 4, "test": 5}


@pytest.mark.skipif(not (is_alone() or can_be_alone()), reason="the network cannot be taken away")
def test_there_was_no_network_and_the_hubs_source_says_what_to_do(monkeypatch):
    from huggingface_hub import utils

    assert [name for _, name in socket.if_nameindex()] == ["lo"]
    monkeypatch.setattr(utils._http, "time", SimpleNamespace(sleep=lambda _: None))
    with pytest.raises(HubUnavailableError, match="cannot read 'clinc/clinc_oos' from the hub: "):
        load_table("hub", name="clinc/clinc_oos", config="plus")


def test_an_error_that_a_widget_hides_would_be_seen(tmp_path):
    notebook = v4.new_notebook(cells=[v4.new_code_cell(SWALLOWS)])
    assert len(run(notebook, tmp_path, tmp_path)) == 1


def test_no_chapter_changed_what_colab_has():
    assert colabs().items() <= installed().items()
