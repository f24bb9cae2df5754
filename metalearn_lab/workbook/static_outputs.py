"""Outputs that need no kernel: what is left when the live widgets are taken out."""

from __future__ import annotations

from typing import Any

from metalearn_lab.explorers.explorer import WIDGET_VIEW_MIME

PICTURES = ("image/", "text/html", "text/markdown", "text/latex")


def make_static(notebook: Any) -> None:
    """Take the widgets out of a notebook, in place, and keep the pictures that stand for them.

    A widget that was displayed with no picture leaves only its ``repr``, which tells a reader
    nothing: it goes too.
    """
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [output for output in cell["outputs"] if _keep_static(output)]


def _keep_static(output: Any) -> bool:
    data = output.get("data", {})
    if data.pop(WIDGET_VIEW_MIME, None) is None:
        return True
    return any(mime.startswith(PICTURES) for mime in data)
