"""The chapters as a table, for the README and for the map in chapter 00."""

from __future__ import annotations

from collections.abc import Sequence

from metalearn_lab.workbook.chapters import CHAPTERS, Chapter
from metalearn_lab.workbook.colab import colab_badge


def chapter_table(
    chapters: Sequence[Chapter] = CHAPTERS, *, folder: str = "notebooks/", colab: bool = True
) -> str:
    """The chapters as a Markdown table.

    Args:
        chapters: the chapters to list.
        folder: where the links point, seen from the page; empty inside a notebook.
        colab: whether to add a column of Colab badges.
    """
    head = ["Chapter", "Its question"] + ["On Colab"] * colab
    rows = [
        [f"[{c.number:02d} {c.title}]({folder}{c.name}.ipynb)", c.question]
        + [colab_badge(c, f"Open chapter {c.number:02d} in Colab", folder)] * colab
        for c in chapters
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
