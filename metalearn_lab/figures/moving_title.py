"""A panel's title that says what is set, drawn with the data of a scene."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metalearn_lab.figures.style import INK

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_PADDING = 6


def room_for_a_title(axes: Axes) -> None:
    """Keep the height of one line free in the frame."""
    axes.set_title(" ")


def moving_title(axes: Axes, words: str) -> Artist:
    """Write a title where the frame has kept room for it.

    Args:
        axes: of the panel.
        words: that fit the panel's width.

    Returns:
        The text, for the scene to take away.
    """
    above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
    return axes.annotate(
        words, (0, 1), xytext=(0, _PADDING), color=INK, size=11, va="baseline", **above
    )
