"""The text source of a chapter: the py:percent file that is reviewed and the notebook made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.views import View, view_of


class SourceCell(NamedTuple):
    """What a cell says, without what it printed."""

    kind: str
    tags: tuple[str, ...]
    text: str


def source_path(notebook: Path) -> Path:
    """The text source of ``notebooks/NAME.ipynb``: ``notebooks/source/NAME.py``."""
    return notebook.parent / "source" / f"{notebook.stem}.py"


def read_source(path: Path) -> Any:
    """The unexecuted notebook that a text source stands for.

    Raises:
        WorkbookError: the file is missing.
    """
    import jupytext

    if not path.is_file():
        raise WorkbookError(f"the text source {path} is missing: every notebook is made from one")
    return jupytext.read(path, fmt="py:percent")


def cells(notebook: Any) -> list[SourceCell]:
    """The cells of a notebook as far as its text source determines them."""
    return [
        SourceCell(cell["cell_type"], tuple(cell["metadata"].get("tags", ())), cell["source"])
        for cell in notebook["cells"]
    ]


def drift(notebook: Path) -> list[str]:
    """What differs between a notebook and its source in the workbook view, one line for each."""
    import nbformat

    source = cells(view_of(read_source(source_path(notebook)), View.WORKBOOK, notebook.stem))
    built = cells(nbformat.read(notebook, as_version=4))
    lines = [
        f"{notebook.name}, cell {index}: {field} differs from {notebook.stem}.py"
        for index, (one, other) in enumerate(zip(source, built, strict=False))
        for field in SourceCell._fields
        if getattr(one, field) != getattr(other, field)
    ]
    if len(source) != len(built):
        lines.append(f"{notebook.name} has {len(built)} cells, its source makes {len(source)}")
    return lines
