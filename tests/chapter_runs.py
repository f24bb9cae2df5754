"""A chapter made to run with small parameters, and what its run says.

A chapter is executed whole at three places, and each shows what the others do not:

- nbval: the committed notebook with its own parameters, on the CPU. Its checked cells say what is
  committed, though all notebooks run in the reverse of the order in which those were made.
- `tests/browser`: small, in JupyterLab, as a reader opens it: the exercises unsolved. Then, in the
  same kernel, their solutions.
- `tests/colab`: small, with Colab's packages, without a network, in a folder of its own, and on a
  pretended device that refuses CPU tensors as a GPU does: the exercises solved. Then, in the same
  kernel, their stubs. No exception of a widget goes unheard, and nothing warns.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, v4

from metalearn_lab.workbook.chapters import Chapter
from metalearn_lab.workbook.headline import collect_headlines
from metalearn_lab.workbook.kernel import KERNEL_ARGUMENTS, KERNEL_METADATA, KERNEL_NAME
from metalearn_lab.workbook.listening_client import ListeningClient
from metalearn_lab.workbook.source import read_source, source_path
from metalearn_lab.workbook.teaching_tags import EXERCISE, has_tag
from metalearn_lab.workbook.views import View, view_of
from tests.small_parameters import FAST, with_values

ROOT = Path(__file__).resolve().parents[1]
CELL_SECONDS = 300
CHECKED = "nbval-check-output"


def small_chapter(chapter: Chapter, view: View = View.SOLUTION, **parameters: Any) -> NotebookNode:
    """A chapter as its text source stands now, not executed, with small parameters.

    Args:
        chapter: any.
        view: whether the exercises are solved.
        parameters: other values than the small ones.
    """
    notebook = view_of(read_source(source_path(ROOT / chapter.path)), view, chapter.name)
    [cell] = [cell for cell in notebook.cells if has_tag(cell, "parameters")]
    cell.source = with_values(cell.source, FAST[chapter.name] | parameters)
    notebook["metadata"] = dict(KERNEL_METADATA)
    return notebook


def run_small(chapter: Chapter, **parameters: Any) -> list[NotebookNode]:
    """The code cells of a chapter, solved and executed with small parameters."""
    notebook = small_chapter(chapter, **parameters)
    client = ListeningClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name=KERNEL_NAME,
        extra_arguments=KERNEL_ARGUMENTS,
        resources={"metadata": {"path": str(ROOT / "notebooks")}},
    )
    client.execute()
    assert client.heard == [], "a widget kept an exception to itself"
    return code_cells(notebook)


def code_cells(notebook: Any) -> list[NotebookNode]:
    """Those that a kernel executes."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def exercise_cells(chapter: Chapter, view: View) -> list[NotebookNode]:
    """New cells: every exercise of a chapter, solved or not, each with the cell that checks it."""
    code = code_cells(small_chapter(chapter, view))
    pairs = [pair for pair in pairwise(code) if has_tag(pair[0], EXERCISE)]
    return [
        v4.new_code_cell(cell.source, metadata={"tags": tags})
        for pair in pairs
        for cell, tags in zip(pair, ([EXERCISE], []), strict=True)
    ]


def verdicts(cells: list[NotebookNode]) -> list[str]:
    """What the checks say, each the value of its last expression, up to the first . or :"""
    checks = [after for cell, after in pairwise(cells) if has_tag(cell, EXERCISE)]
    return [_value(check).split(".")[0].split(":")[0] for check in checks]


def _value(cell: NotebookNode) -> str:
    [shown] = [each for each in cell.outputs if each.output_type == "execute_result"]
    return str(shown.data["text/plain"])


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
