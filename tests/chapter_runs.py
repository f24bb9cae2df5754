"""A chapter run with small parameters, and what its run says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbformat import NotebookNode, v4

from metalearn_lab.workbook.chapters import Chapter
from metalearn_lab.workbook.headline import collect_headlines
from metalearn_lab.workbook.kernel import KERNEL_ARGUMENTS, KERNEL_METADATA, KERNEL_NAME
from metalearn_lab.workbook.listening_client import ListeningClient
from metalearn_lab.workbook.source import read_source, source_path
from metalearn_lab.workbook.teaching_tags import has_tag
from metalearn_lab.workbook.views import View, view_of
from tests.small_parameters import FAST, with_values

ROOT = Path(__file__).resolve().parents[1]
CELL_SECONDS = 300
CHECKED = "nbval-check-output"


def run_small(
    chapter: Chapter,
    *,
    first: str = "",
    more: tuple[str, ...] = (),
    folder: Path = ROOT / "notebooks",
    **parameters: Any,
) -> list[NotebookNode]:
    """The code cells of a chapter, solved and executed with small parameters.

    Args:
        chapter: any.
        first: code that runs before its first cell, in the same kernel.
        more: code of cells that run after its last.
        folder: where it runs.
        parameters: other values than the small ones.

    Returns:
        The chapter's cells, then those of ``more``.
    """
    cells = view_of(
        read_source(source_path(ROOT / chapter.path)), View.SOLUTION, chapter.name
    ).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    for cell in code:
        if has_tag(cell, "parameters"):
            cell.source = with_values(cell.source, FAST[chapter.name] | parameters)
    notebook = v4.new_notebook(
        cells=[v4.new_code_cell(first), *code, *map(v4.new_code_cell, more)],
        metadata=KERNEL_METADATA,
    )
    client = ListeningClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name=KERNEL_NAME,
        extra_arguments=KERNEL_ARGUMENTS,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    assert client.heard == [], "a widget kept an exception to itself"
    return list(notebook.cells[1:])


def checked_text(cells: list[NotebookNode]) -> dict[str, str]:
    """What nbval compares: the text of every checked cell, by its code."""
    return {cell.source: text_of(cell) for cell in cells if has_tag(cell, CHECKED)}


def text_of(cell: NotebookNode) -> str:
    """What a cell printed and returned."""
    printed = [each.text for each in cell.outputs if each.get("name") == "stdout"]
    shown = [
        each.data["text/plain"] for each in cell.outputs if each.output_type == "execute_result"
    ]
    return "".join((*printed, *shown))


def headlines(cells: list[NotebookNode]) -> list[dict[str, Any]]:
    """The values and curves of every headline."""
    return collect_headlines({"cells": cells})
