"""A picture that is quick to draw again: a frame that stays, and what moves in it.

Most of the time of a drawing goes into ticks, grid and text. A scene draws those once, keeps the
pixels, and draws over them only what has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from metalearn_lab.figures.style import INK, SHARP_DPI, bundle_of_pixels, house_style

Data = TypeVar("Data")

ROOM = " "
"""The title of a frame's panel that keeps the height of one line free for a ``moving_title``."""


class Scene(Generic[Data]):
    """A frame, and how data is drawn into it.

    Args:
        frame: a figure whose axes have their limits, ticks, labels, grid and legend, and no
            data. Nothing of it changes when the data does. Data is drawn over all of it, so its
            legend stands beside the axes or where no data comes.
        draw: adds the data to the frame's axes and gives every artist that it added.
    """

    def __init__(self, frame: Figure, draw: Callable[[list[Axes], Data], Iterable[Artist]]) -> None:
        self.frame = frame
        self.draw = draw
        self._drawn: list[Artist] = []
        self._background: Any = None

    @house_style()
    def figure(self, data: Data) -> Figure:
        """The frame with the data in it, until the scene is asked again."""
        self._draw(data)
        return self.frame

    @house_style()
    def bundle(self, data: Data, alt: str) -> tuple[dict[str, str], dict[str, Any]]:
        """The picture as a MIME bundle and its metadata, as ``style.png_bundle`` gives it.

        Args:
            data: what to draw.
            alt: what the picture shows, for a reader who cannot see it.

        Raises:
            ValueError: no alternative text.
        """
        canvas = self._empty_frame()
        self._draw(data)
        for artist in sorted(self._drawn, key=Artist.get_zorder):
            self.frame.draw_artist(artist)
        return bundle_of_pixels(canvas, alt)

    def _draw(self, data: Data) -> None:
        for artist in self._drawn:
            artist.remove()
        self._drawn = list(self.draw(self.frame.axes, data))

    def _empty_frame(self) -> FigureCanvasAgg:
        """A canvas with the pixels of the frame on it."""
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


def moving_title(axes: Axes, words: str) -> Artist:
    """Write a title that says what is set, where the frame has kept ``ROOM`` for it.

    Args:
        axes: of the panel.
        words: that fit the panel's width.

    Returns:
        The text, for the scene to take away.
    """
    look: dict[str, Any] = {"color": INK, "size": 11, "va": "baseline"}
    above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
    return axes.annotate(words, (0, 1), xytext=(0, 6), **look, **above)
