"""A picture as data: panels, marks, handles; matplotlib draws it here, a canvas in the browser.

Places are in the units of the panel's axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from metalearn_lab.figures.style import INK, house_style, label_of, new_figure, style_of

Place = tuple[float, float]
"""x and y."""


@dataclass(frozen=True)
class Panel:
    """Axes from ``x[0]`` to ``x[1]`` and from ``y[0]`` to ``y[1]``.

    Where angles matter they are ``equal``: a unit of x is drawn as long as a unit of y. An axis
    with ticks, places and their names, has them instead of numbers.
    """

    x: Place
    y: Place
    x_label: str = ""
    y_label: str = ""
    title: str = ""
    equal: bool = False
    x_ticks: Sequence[tuple[float, str]] = ()
    y_ticks: Sequence[tuple[float, str]] = ()


@dataclass(frozen=True)
class Curve:
    """A line through places, with gaps where they are not finite.

    Attributes:
        x: sequence, array or tensor on the CPU, ``[n]``.
        y: the same.
        color: hexadecimal.
        label: in the legend; the same label twice is one entry.
        width: of the line.
        dash: lengths drawn and not drawn, in line widths; empty for a solid line.
        panel: its number, from 0.
    """

    x: Sequence[float] | Any
    y: Sequence[float] | Any
    color: str
    label: str = ""
    width: float = 2.0
    dash: Sequence[float] = ()
    panel: int = 0


@dataclass(frozen=True)
class Dot:
    """A disc, or a ring if not filled, with words beside it."""

    x: float
    y: float
    color: str
    label: str = ""
    size: float = 6.0
    filled: bool = True
    panel: int = 0
    words: str = ""


@dataclass(frozen=True)
class Arrow:
    """From one place to another."""

    start: Place
    end: Place
    color: str
    label: str = ""
    width: float = 2.0
    panel: int = 0


@dataclass(frozen=True)
class Words:
    """Text that begins at a place."""

    x: float
    y: float
    text: str
    color: str = INK
    panel: int = 0


@dataclass(frozen=True)
class Handle:
    """What the reader drags: freely, or along x alone."""

    name: str
    x: float
    y: float
    color: str
    label: str = ""
    moves: Literal["xy", "x"] = "xy"
    panel: int = 0


Mark = Curve | Dot | Arrow | Words


@dataclass(frozen=True)
class Drawing:
    """Panels side by side, and what is drawn in them, in this order.

    Raises:
        ValueError: a mark or a handle in a panel that is not there, or two handles of one name.
    """

    panels: Sequence[Panel]
    marks: Sequence[Mark]
    handles: Sequence[Handle] = ()

    def __post_init__(self) -> None:
        for each in (*self.marks, *self.handles):
            if each.panel not in range(len(self.panels)):
                raise ValueError(f"{each} is in panel {each.panel} of {len(self.panels)}")
        if len({handle.name for handle in self.handles}) < len(self.handles):
            raise ValueError(f"two handles have one name: {[each.name for each in self.handles]}")


def curve_look(name: str) -> dict[str, Any]:
    """Arguments for ``Curve`` that draw a learner in its style: colour, label, dash."""
    color, linestyle, _ = style_of(name)
    dash = () if isinstance(linestyle, str) else linestyle[1]
    return {"color": color, "label": label_of(name), "dash": dash}


def place_of(point: Tensor) -> Place:
    """A point ``[2]`` as x and y."""
    x, y = point.tolist()
    return x, y


def places_of(mark: Mark | Handle) -> np.ndarray[Any, Any]:
    """X and y of each place of a mark, ``[2, n]``; an arrow has two, a dot and words have one."""
    if isinstance(mark, Arrow):
        places = np.stack([mark.start, mark.end]).T
    else:
        places = np.stack([np.asarray(mark.x), np.asarray(mark.y)]).reshape(2, -1)
    return places.astype(np.float64)


@house_style()
def drawing_figure(drawing: Drawing) -> Figure:
    """The still picture: panels side by side under one legend."""
    figure, panels = new_figure(len(drawing.panels), width=8.0, height=4.2)
    for axes, panel in zip(panels, drawing.panels, strict=True):
        axes.set(xlim=panel.x, ylim=panel.y, xlabel=panel.x_label, ylabel=panel.y_label)
        axes.set(title=panel.title, aspect="equal" if panel.equal else "auto")
        if panel.x_ticks:
            axes.set_xticks(*zip(*panel.x_ticks, strict=True))
        if panel.y_ticks:
            axes.set_yticks(*zip(*panel.y_ticks, strict=True))
    for mark in (*drawing.marks, *drawing.handles):
        _draw(panels[mark.panel], mark)
    entries: dict[str, Artist] = {}
    for axes in panels:
        for artist, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, artist)
    if entries:
        columns = max(1, min(len(entries), 100 // (max(map(len, entries)) + 8)))
        figure.legend(entries.values(), entries, loc="outside upper left", ncols=columns)
    return figure


def _draw(axes: Axes, mark: Mark | Handle) -> None:
    look: dict[str, Any] = {"color": mark.color}
    if not isinstance(mark, Words):
        look["label"] = mark.label or "_"  # matplotlib leaves such a name out of the legend
    if isinstance(mark, Curve):
        dash = (0, tuple(mark.dash)) if mark.dash else "-"
        axes.plot(*places_of(mark), linewidth=mark.width, linestyle=dash, **look)
    elif isinstance(mark, Arrow):
        axes.plot([], [], linewidth=mark.width, **look)
        arrow = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, "mutation_scale": 14}
        arrow |= {"color": mark.color, "linewidth": mark.width}
        axes.annotate("", mark.end, mark.start, arrowprops=arrow, annotation_clip=False)
    elif isinstance(mark, Words):
        axes.text(mark.x, mark.y, mark.text, clip_on=True, size=9, va="center", **look)
    elif isinstance(mark, Dot):
        face = mark.color if mark.filled else "white"
        size: dict[str, Any] = {"markersize": mark.size, "markeredgewidth": 1.5}
        axes.plot(mark.x, mark.y, "o", zorder=4, markerfacecolor=face, **size, **look)
        beside: dict[str, Any] = {"xytext": (6, 6), "textcoords": "offset points", "size": 9}
        axes.annotate(mark.words, (mark.x, mark.y), color=INK, **beside)
    else:
        edge: dict[str, Any] = {"markeredgecolor": "white", "markeredgewidth": 2, "zorder": 6}
        axes.plot(mark.x, mark.y, "o", color=INK, markersize=15, zorder=5, clip_on=False)
        axes.plot(mark.x, mark.y, "o", markersize=12, clip_on=False, **edge, **look)
