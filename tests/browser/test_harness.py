"""The harness itself: a slider moved in the browser changes what the kernel computed."""

from __future__ import annotations

import nbformat
import pytest
from nbformat import v4

from metalearn_lab.workbook.kernel import KERNEL_METADATA
from tests.browser import explorer
from tests.browser.chapter import explorer_cells
from tests.browser.explorer import ExplorerOnPage

SQUARES = """
from metalearn_lab.explorers.controls import choice, slider, toggle
from metalearn_lab.explorers.explorer import Explorer, html_view

class Squares(Explorer):
    def __init__(self):
        super().__init__({
            "k": slider("steps", 1, 0, 5),
            "unused": slider("inner steps", 3, 0, 5),
            "shift": choice("shift", {"none": "0", "ten": "10"}, "0"),
            "minus": toggle("minus", False),
        })

    def view(self, *, k, unused, shift, minus):
        if k == 4:
            raise ValueError("four is too many")
        number = (-1) ** minus * (k ** 2 + int(shift))
        row = f"<table><tbody><tr><th>{k}</th><td>{number}</td></tr></tbody></table>"
        return html_view(f"<p>square {number}</p>{row}", f"square {number}")

Squares().show()
"""


@pytest.fixture
def squares(lab, tmp_path):
    cells = [v4.new_code_cell("6 * 7"), v4.new_markdown_cell("text"), v4.new_code_cell(SQUARES)]
    path = tmp_path / "squares.ipynb"
    nbformat.write(v4.new_notebook(cells=cells, metadata=KERNEL_METADATA), path)
    notebook = lab.open(path)
    notebook.run_all()
    return ExplorerOnPage(notebook, "Squares", 1, [])


def test_what_is_shown_follows_every_kind_of_control(squares):
    assert squares.notebook.output(0).inner_text().strip().endswith("42")
    assert [tuple(each) for each in squares.controls()] == [
        ("slider", "steps"),
        ("slider", "inner steps"),
        ("list", "shift"),
        ("box", "minus"),
    ]
    first = squares.shown()
    squares.slide("steps", "ArrowRight", times=2)
    squares.says("square 9")
    assert squares.table() == [["3", "9"]]
    assert squares.options("shift") == ["none", "ten"]
    squares.choose_next("shift")
    assert squares.table() == [["3", "19"]]
    squares.toggle("minus")
    assert squares.table() == [["3", "-19"]]
    assert squares.moves == [("Squares", name) for name in ("steps", "steps", "shift", "minus")]
    assert squares.notebook.errors() == []
    squares.notebook.run_code_cell(1)
    assert squares.shown() == first


def test_a_move_that_changes_nothing_is_a_failure(squares, monkeypatch):
    monkeypatch.setattr(explorer, "PATIENCE", 1.0)
    with pytest.raises(AssertionError, match="ArrowRight on 'inner steps' changed nothing"):
        squares.slide("inner steps", "ArrowRight")
    squares.slide("inner steps", "ArrowRight", changes=False)


def test_an_exception_behind_a_slider_is_seen(squares):
    squares.slide("steps", "ArrowRight", times=3)
    squares.says("This view failed: ValueError('four is too many')")


def test_nothing_but_the_server_can_be_reached(lab, squares):
    reach = "url => fetch(url, {mode: 'no-cors'}).then(() => true).catch(() => false)"
    elsewhere = lab.server.address.replace("127.0.0.1", "localhost")
    assert squares.notebook.page.evaluate(reach, f"{lab.server.address}/api") is True
    assert squares.notebook.page.evaluate(reach, f"{elsewhere}/api") is False


def test_explorers_are_found_in_the_cells_that_show_them():
    cells = [
        "from metalearn_lab.explorers.one_explorer import OneExplorer",
        "OneExplorer(learners, steps=3).show()",
        "two = TwoExplorer(\n    learners,\n)\ntwo.show()",
        "TwoExplorer(learners)",
    ]
    assert explorer_cells(cells) == [("OneExplorer", 1), ("TwoExplorer", 2)]
