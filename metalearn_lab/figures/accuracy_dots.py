"""Accuracies of many methods as dots with their intervals, a panel for each set of sentences."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from textwrap import fill
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from metalearn_lab.figures.style import GREY, INK, house_style, new_figure

WIDTH = 9.6
_ROW_HEIGHT, _FRAME_HEIGHT, _GAP = 0.23, 1.1, 0.5
_TITLE_LETTERS = 66
"""How many stand over all panels together, beside the rows' labels."""


class Row(NamedTuple):
    """A method on one set of sentences.

    Attributes:
        label: what it is called, the same in every panel.
        mean: in the unit of the axis.
        half_width: of the 95 % interval, in the same unit; 0 if there is none.
        color: of dot and interval.
        marker: of the dot, as matplotlib names it.
    """

    label: str
    mean: float
    half_width: float
    color: str = INK
    marker: str = "o"


@house_style()
def accuracy_dots_figure(
    panels: Mapping[str, Sequence[Row]],
    *,
    chance: float | None = None,
    chance_label: str = "chance",
    xlabel: str = "queries classified right (%): mean and 95 % interval over class splits",
    separate_after: Collection[str] = (),
) -> Figure:
    """Dots with intervals on one scale, one row a method, the first on top in every panel.

    Args:
        panels: rows by the panel's title. The first panel names all methods in their order;
            another one may lack some, whose places then stay empty.
        chance: accuracy of a guess, or another number to compare with, drawn as a dotted line
            across all rows.
        chance_label: what that number is.
        xlabel: what the numbers are.
        separate_after: labels of the rows under which a thin line ends a group.

    Raises:
        ValueError: no rows, a label twice or unknown to the first panel, or a number that is not
            finite.
    """
    labels = [row.label for row in next(iter(panels.values()), ())]
    _check(panels, labels, separate_after)
    places = _places(labels, separate_after)
    height = _FRAME_HEIGHT + _ROW_HEIGHT * (max(places.values()) + 1)
    figure, all_axes = new_figure(len(panels), width=WIDTH, height=height, sharex=True, sharey=True)
    for axes, (title, rows) in zip(all_axes, panels.items(), strict=True):
        axes.set_title(fill(title, _TITLE_LETTERS // len(panels)), fontsize=10, parse_math=False)
        for label in separate_after:
            if label != labels[-1]:
                axes.axhline(places[label] + (1 + _GAP) / 2, color=GREY, linewidth=0.8)
        if chance is not None:
            axes.axvline(chance, color=INK, linewidth=1, linestyle=":")
        for row in rows:
            _draw_row(axes, row, places[row.label])
    first = all_axes[0]
    first.set_yticks([*places.values()], labels, parse_math=False)
    first.set_ylim(max(places.values()) + 0.6, -1.0)  # the first row on top
    first.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    for axes in all_axes:
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    figure.supxlabel(xlabel, fontsize=10, parse_math=False)
    if chance is not None:
        over_the_rows = (chance, -0.65)
        first.annotate(
            chance_label, over_the_rows, (3, 0), textcoords="offset points", va="center", fontsize=8
        )
    return figure


def _draw_row(axes: Axes, row: Row, place: float) -> None:
    axes.errorbar(
        row.mean,
        place,
        xerr=row.half_width or None,
        fmt=row.marker,
        color=row.color,
        markersize=5.0,
        elinewidth=1.6,
    )


def _places(labels: Sequence[str], separate_after: Collection[str]) -> dict[str, float]:
    """The height of each row, from the top down; groups stand apart."""
    places, place = {}, 0.0
    for label in labels:
        places[label] = place
        place += 1 + _GAP * (label in separate_after)
    return places


def _check(
    panels: Mapping[str, Sequence[Row]], labels: Sequence[str], separate_after: Collection[str]
) -> None:
    if not labels:
        raise ValueError("no rows to draw: the first panel has one for each method")
    for title, rows in panels.items():
        here = [row.label for row in rows]
        if len(set(here)) < len(here):
            raise ValueError(f"panel {title!r} has two rows of one label among {here}")
        if unknown := [label for label in here if label not in labels]:
            raise ValueError(f"panel {title!r} has rows that the first one lacks: {unknown}")
        for row in rows:
            if not (math.isfinite(row.mean) and 0 <= row.half_width < math.inf):
                raise ValueError(
                    f"row {row.label!r} of panel {title!r} is {row.mean} ± {row.half_width}: a "
                    "finite mean and a half-width of 0 or more are drawn"
                )
    if unknown := [label for label in separate_after if label not in labels]:
        raise ValueError(f"no rows to end a group after: {unknown}")
