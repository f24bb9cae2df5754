"""An explorer whose picture is dragged: its handles are arguments of its view."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from metalearn_lab.explorers.drag_canvas import DragCanvas, drawn
from metalearn_lab.explorers.explorer import Explorer, Table, View, figure_view, noted_table
from metalearn_lab.explorers.lifetime import weak_method
from metalearn_lab.figures.drawing import Drawing, Place, drawing_figure

if TYPE_CHECKING:
    from ipywidgets import Widget


def drag_view(drawing: Drawing, table: Table, alt: str, note: str = "") -> View:
    """A view that is a drawing, whose handles are those of the explorer, with its table under it.

    Args:
        drawing: the picture.
        table: the same in numbers.
        alt: what the picture shows, for a reader who cannot see it.
        note: a sentence between the two; plain text.
    """
    metadata = {"image/png": {"alt": alt}}
    return View(noted_table(note, table), {"text/plain": alt}, metadata, drawing)


class DragExplorer(Explorer):
    """Base of the explorers with handles to drag.

    Subclasses give ``view``, which takes the values of the controls and the place ``(x, y)`` of
    each handle by name, and returns what ``drag_view`` makes.

    Args:
        controls: as for every explorer; they stand over the canvas.
        handles: where each handle is at first, by its name, in the units of its panel.
        between: widgets that stand between the controls and the canvas.
        most: 0, or how many handles the reader may bring them to: then a reader can add and
            remove handles, they are called "point 1", "point 2", …, and ``view`` takes them as
            ``**points``.

    Attributes:
        handles: where each is now.
        canvas: the widget with the drawing.

    Raises:
        ValueError: a handle that is not two finite numbers, or is out of its panel.
    """

    def __init__(
        self,
        controls: Mapping[str, Any],
        handles: Mapping[str, Place],
        between: Sequence[Widget] = (),
        most: int = 0,
    ) -> None:
        self.handles = {name: _finite(name, place) for name, place in handles.items()}
        self.most = most
        self.canvas = DragCanvas()
        super().__init__(controls, [*between, self.canvas])
        self._checked(self.handles)
        self.canvas.on_msg(weak_method(self._asked))

    @property
    def drawing(self) -> Drawing:
        """What is on the canvas.

        Raises:
            TypeError: the view was not made by ``drag_view``.
        """
        drawing = self.current_view.drawing
        if drawing is None:
            raise TypeError("the view of a DragExplorer is made by drag_view")
        return drawing

    def arguments(self) -> dict[str, Any]:
        """What ``view`` is called with."""
        return {**super().arguments(), **self.handles}

    def move(self, name: str, place: Place) -> None:
        """Move a handle, as a reader who drags it; one that moves along x keeps its y.

        Raises:
            ValueError: no such handle, no finite numbers, or out of the panel.
        """
        if name not in self.handles:
            raise ValueError(f"no handle is called {name!r}: there are {list(self.handles)}")
        self.put({**self.handles, name: place})

    def put(self, handles: Mapping[str, Place]) -> None:
        """Put all handles in their places.

        Raises:
            ValueError: as for ``move``, or more than ``most``.
        """
        self.handles = self._checked(handles)
        self.redraw()

    def redraw(self, change: object = None) -> View:
        """Show what the controls and the handles say now.

        Raises:
            Exception: whatever ``view`` raises.
        """
        view = super().redraw(change)
        self.canvas.drawing = drawn(self.drawing, view.data["text/plain"], self.most)
        return view

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What ``show`` displays; the still picture is made only now."""
        still = figure_view(drawing_figure(self.drawing), self.current_view.data["text/plain"])
        self.current_view = self.current_view._replace(data=still.data, metadata=still.metadata)
        return super().bundle()

    def _asked(self, canvas: DragCanvas, message: Mapping[str, Any], buffers: Any) -> None:
        """The reader has moved handles: those that are shown."""
        shown = {name: (x, y) for name, (x, y) in message["handles"]}
        try:
            self.put(shown if self.most else {**self.handles, **shown})
        finally:
            self.canvas.answered = message["ask"]

    def _checked(self, handles: Mapping[str, Place]) -> dict[str, Place]:
        """Places that are finite and in the panel of their handle, if it is shown."""
        if self.most and len(handles) > self.most:
            raise ValueError(f"{len(handles)} points, where {self.most} is the most: remove some")
        looks = {handle.name: handle for handle in self.drawing.handles}
        checked = {}
        for name, place in handles.items():
            x, y = _finite(name, place)
            look = looks.get(name)
            panel = self.drawing.panels[look.panel if look else 0]
            (left, right), (low, high) = panel.x, panel.y
            if look and look.moves == "x":
                y, low, high = self.handles[name][1], -math.inf, math.inf
            hidden = look is None and not self.most
            if not hidden and not (left <= x <= right and low <= y <= high):
                raise ValueError(
                    f"{name} is out of the picture: x must be in {list(panel.x)} and y in "
                    f"{list(panel.y)}, got {place!r}"
                )
            checked[name] = (x, y)
        return checked


def _finite(name: str, place: Place) -> Place:
    if len(place) != 2 or not all(map(math.isfinite, place)):
        raise ValueError(f"{name} must be at two finite numbers, x and y; got {place!r}")
    return float(place[0]), float(place[1])
