"""Every chapter in JupyterLab: each control does something, exercises are told right from empty."""

from __future__ import annotations

from typing import Any

import pytest

from metalearn_lab.exercises.verdict import NOTHING_YET
from metalearn_lab.workbook.chapters import CHAPTERS
from tests.browser.explorer import ExplorerOnPage
from tests.browser.there_and_back import there_and_back
from tests.chapter_runs import code_cells, verdicts

pytestmark = pytest.mark.parametrize(
    "chapter", [chapter.name for chapter in CHAPTERS], indirect=True
)


def test_every_control_moves_what_is_shown_and_back(chapter):
    for explorer in chapter.explorers():
        first = explorer.shown()
        controls = explorer.controls()
        assert controls, f"{explorer.name} has nothing to move"
        assert len({label for _, label in controls}) == len(controls), "two share a label"
        ways_back = [each for each in controls if each.kind != "button"]
        for control in ways_back:
            there_and_back(explorer, control)
            explorer.wait_for(first, control.label)
        for kind, label in controls:
            if kind == "button":  # no key undoes what it does: begin anew
                explorer.press(label)
                explorer.notebook.run_code_cell(explorer.cell)
                explorer.wait_for(first, "running the cell again")
    chapter.assert_nothing_failed()


def test_unsolved_there_is_nothing_yet_and_solved_it_is_right(chapter):
    code = code_cells(chapter.notebook.saved())
    of_each, left = divmod(len(verdicts(code)), 2)
    assert (of_each > 0, left) == (True, 0)
    assert verdicts(code) == [NOTHING_YET] * of_each + ["Right"] * of_each


def test_every_explorer_stands_as_it_began_where_no_kernel_runs(chapter, tmp_path):
    with chapter.without_kernel(tmp_path) as stills:
        for explorer, bundle in stills:
            assert explorer.area.locator(".jupyter-widgets").count() == 0
            assert bundle["text/plain"].strip(), f"{explorer.name} has no text for its picture"
            assert_shows(explorer, bundle)


def assert_shows(explorer: ExplorerOnPage, bundle: dict[str, Any]) -> None:
    """The page shows the saved picture, or the saved words."""
    if "text/html" in bundle:
        explorer.says(bundle["text/plain"])
    else:
        assert explorer.picture().endswith(bundle["image/png"].strip())
