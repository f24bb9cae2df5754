"""A chapter that has run in JupyterLab with small parameters, and its explorers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree
from typing import Any

import nbformat
from nbformat import NotebookNode, v4
from playwright.sync_api import expect

from metalearn_lab.workbook.kernel import KERNEL_METADATA
from metalearn_lab.workbook.normalise import normalise
from metalearn_lab.workbook.source import read_source
from metalearn_lab.workbook.static_outputs import WIDGET_VIEW_MIME
from metalearn_lab.workbook.views import View, view_of
from tests.browser.driver import Lab
from tests.browser.explorer import PATIENCE, ExplorerOnPage
from tests.browser.notebook import Notebook
from tests.small_parameters import FAST, with_values

_MADE = re.compile(r"^(?!class )(?:.*\W)?(\w+Explorer)\(", re.MULTILINE)


@dataclass
class OpenChapter:
    """A chapter that has run.

    Attributes:
        lab: where it is open.
        notebook: the live notebook.
        places: the explorers in order: class name, and place of the cell among the code cells.
        moves: every move of a control so far: explorer and label.
    """

    lab: Lab
    notebook: Notebook
    places: list[tuple[str, int]]
    moves: list[tuple[str, str]] = field(default_factory=list)

    def explorer(self, name: str) -> ExplorerOnPage:
        """The chapter's first explorer of this class, at its start: its cell is run again."""
        [cell, *_] = [cell for each, cell in self.places if each == name]
        self.notebook.run_code_cell(cell)
        return self._on_page(self.notebook, name, cell)

    def explorers(self) -> Iterator[ExplorerOnPage]:
        """Each explorer, at its start."""
        for name, cell in self.places:
            self.notebook.run_code_cell(cell)
            yield self._on_page(self.notebook, name, cell)

    def _on_page(self, notebook: Notebook, name: str, cell: int) -> ExplorerOnPage:
        found = ExplorerOnPage(notebook, name, cell, self.moves)
        expect(found.area).to_be_visible(timeout=PATIENCE * 1000)
        found.settle()
        return found

    @contextmanager
    def without_kernel(self, folder: Path) -> Iterator[list[tuple[ExplorerOnPage, dict[str, Any]]]]:
        """The explorers of the chapter's committed form, opened unrun, each with its saved data."""
        saved = self.notebook.saved()
        code = [cell for cell in saved.cells if cell.cell_type == "code"]
        bundles = [_saved_widget(code[cell]) for _, cell in self.places]
        normalise(saved)
        path = folder / f"still_{self.notebook.file.name}"
        nbformat.write(saved, path)
        still = self.lab.open(path)
        still.unfold_outputs()
        explorers = [self._on_page(still, *place) for place in self.places]
        yield list(zip(explorers, bundles, strict=True))
        still.page.close()
        self.notebook.page.bring_to_front()  # behind another page no list opens

    def assert_nothing_failed(self) -> None:
        """No traceback or warning in a cell, none in an explorer, and a quiet console."""
        assert (errors := self.notebook.errors()) == [], errors
        assert self.notebook.page.get_by_text("This view failed").count() == 0
        assert self.notebook.complaints == [], self.notebook.complaints


@contextmanager
def open_chapter(
    lab: Lab,
    source: Path,
    folder: Path,
    *,
    values: dict[str, Any] | None = None,
    before: str = "",
    after: Sequence[NotebookNode] = (),
) -> Iterator[OpenChapter]:
    """Make a chapter from its text source, open it and run it.

    Args:
        lab: where to open it.
        source: ``notebooks/source/NAME.py``.
        folder: for the notebook, and at the end for a picture of the page.
        values: of its parameters, in place of small ones.
        before: code that runs before the chapter's.
        after: cells that run after it.
    """
    content = view_of(read_source(source), View.WORKBOOK, source.stem)
    content["metadata"] = dict(KERNEL_METADATA)
    content.cells = [v4.new_code_cell(before), *content.cells, *after]
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    [parameters] = [cell for cell in code if "parameters" in cell.metadata.get("tags", [])]
    parameters["source"] = with_values(
        parameters["source"], FAST[source.stem] if values is None else values
    )
    path = folder / f"{source.stem}.ipynb"
    nbformat.write(content, path)
    pictures = source.parents[1] / "images"
    copytree(pictures, lab.server.root / pictures.name, dirs_exist_ok=True)
    notebook = lab.open(path)
    notebook.run_all()
    yield OpenChapter(lab, notebook, explorer_cells([cell["source"] for cell in code]))
    notebook.page.screenshot(path=folder / "page.png")


def explorer_cells(sources: list[str]) -> list[tuple[str, int]]:
    """The class and the place of every explorer that a code cell makes and shows."""
    return [
        (made[1], place)
        for place, source in enumerate(sources)
        if ".show()" in source
        for made in _MADE.finditer(source)
    ]


def _saved_widget(cell: Any) -> dict[str, Any]:
    bundles = [output["data"] for output in cell.outputs if "data" in output]
    [bundle] = [dict(data) for data in bundles if WIDGET_VIEW_MIME in data]
    return bundle
