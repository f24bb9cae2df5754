"""The canvas on which things are dragged: it draws a ``Drawing`` in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anywidget import AnyWidget
from traitlets import Dict, Float

from metalearn_lab.figures.drawing import Drawing, Handle, Mark, places_of

_FILES = Path(__file__).with_name("drag")
_SCRIPTS = ("plane", "marks", "kernel", "board", "pointer", "keyboard", "render")


class DragCanvas(AnyWidget):
    """A canvas whose handles are dragged, by pointer or keyboard.

    When they are it sends ``{"ask": number, "handles": [[name, [x, y]], …]}``, and waits with the
    next such message until ``answered`` is this number.

    Attributes:
        drawing: what is on it, as ``drawn`` gives it.
        answered: the newest question that has been dealt with.
    """

    # One module for the browser, which could not find the others by a name: files in a row.
    _esm = "\n".join((_FILES / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS)
    _css = (_FILES / "page.css").read_text(encoding="utf-8")
    drawing = Dict().tag(sync=True)
    answered = Float().tag(sync=True)


def drawn(drawing: Drawing, alt: str, most: int = 0) -> dict[str, Any]:
    """A drawing in words that the browser knows; places are numbers of 64 bits, lowest byte first.

    Args:
        drawing: what is on the canvas.
        alt: what it shows, for a reader who cannot see it.
        most: how many handles a reader may bring it to; 0 if they are as many as they are.
    """
    return {
        "panels": [vars(panel) for panel in drawing.panels],
        "marks": [_sent(mark) for mark in drawing.marks],
        "handles": [_sent(handle) for handle in drawing.handles],
        "alt": alt,
        "most": most,
    }


def _sent(mark: Mark | Handle) -> dict[str, Any]:
    look = {
        key: value.item() if hasattr(value, "item") else value  # of NumPy or PyTorch
        for key, value in vars(mark).items()
        if key not in {"x", "y", "start", "end"}
    }
    places = places_of(mark).astype("<f8").tobytes()
    return {"kind": type(mark).__name__, **look, "places": places}
