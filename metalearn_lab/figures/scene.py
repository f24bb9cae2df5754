"""A picture that is quick to draw again: a frame that stays, and what moves in it.

Most of the time of a drawing goes into ticks, grid and text. A scene draws those once, keeps the
pixels, and draws over them only what has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from metalearn_lab.figures.style import SHARP_DPI, bundle_of_pixels, house_style

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

Data = TypeVar("Data")


class Scene(Generic[Data]):
    """A frame, and how data is drawn into it.

    Args:
        frame: a figure whose axes have their limits, ticks, labels, grid and legend, and no
            data. Nothing of it changes when the data does. Data is drawn over all of it, so its
            legend stands beside the axes or where no data comes.
        draw: adds the data to the frame's axes and returns every artist that it added.
    """

    def __init__(self, frame: Figure, draw: Callable[[list[Axes], Data], Iterable[Artist]]) -> None:
        self.frame = frame
        self.draw = draw
        self._drawn: list[Artist] = []
        self._background: Any = None

    def figure(self, data: Data) -> Figure:
        """The frame with the data in it, until the scene is asked again."""
        with house_style():
            self._draw(data)
        return self.frame

    def bundle(self, data: Data, alt: str) -> tuple[dict[str, str], dict[str, Any]]:
        """The picture as a MIME bundle and its metadata, as ``style.png_bundle`` gives it.

        Args:
            data: what to draw.
            alt: what the picture shows, for a reader who cannot see it.

        Raises:
            ValueError: no alternative text.
        """
        with house_style():
            canvas = self._empty_frame()
            self._draw(data)
            for artist in sorted(self._drawn, key=lambda each: each.get_zorder()):
                self.frame.draw_artist(artist)
        return bundle_of_pixels(canvas, alt)

    def _draw(self, data: Data) -> None:
        for artist in self._drawn:
            artist.remove()
        self._drawn = list(self.draw(self.frame.axes, data))

    def _empty_frame(self) -> FigureCanvasAgg:
        """A canvas with the pixels of the frame on it."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        canvas = self.frame.canvas
        if self._background is None or not isinstance(canvas, FigureCanvasAgg):
            for artist in self._drawn:
                artist.remove()
            self._drawn = []
            self.frame.set_dpi(SHARP_DPI)
            canvas = FigureCanvasAgg(self.frame)
            canvas.draw()
            self.frame.set_layout_engine("none")  # its work is done
            self._background = canvas.copy_from_bbox(self.frame.bbox)
        canvas.restore_region(self._background)
        return canvas
