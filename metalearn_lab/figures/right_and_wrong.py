"""A wrong update beside the right one: where each of them goes, step by step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metalearn_lab.figures.style import GREY, INK, house_style, line, new_figure

_COLUMNS = 2
_WRONG: tuple[dict[str, Any], ...] = (
    {"color": INK, "linestyle": (0, (1, 1.5)), "marker": "x", "markersize": 6},
    {"color": GREY, "linestyle": (0, (4, 2)), "marker": "+", "markersize": 8},
)


class RightAndWrong(NamedTuple):
    """One comparison.

    Attributes:
        title: what is wrong.
        ylabel: what the paths are of.
        learner: whose rule the right one is, by its name in the figures' style.
        right: values after 0, 1, … outer steps.
        wrong: one or two wrong paths, by their label.
    """

    title: str
    ylabel: str
    learner: str
    right: Sequence[float]
    wrong: Mapping[str, Sequence[float]]


@house_style()
def right_and_wrong_figure(comparisons: Sequence[RightAndWrong]) -> Figure:
    """A panel each, two in a row; the right path in its learner's style, wrong ones in grey.

    The right path sets the scale; a wrong one that leaves the picture is not drawn any further,
    and a note says at which step it left.
    """
    count = len(comparisons)
    figure, panels = new_figure(
        count, _COLUMNS, width=9.0, height=3.2 * math.ceil(count / _COLUMNS)
    )
    for axes, comparison in zip(panels, comparisons, strict=True):
        _draw(axes, comparison)
    return figure


def _draw(axes: Axes, comparison: RightAndWrong) -> None:
    # Room for overshooting: the range of the right path and as much again on both sides, and a bit.
    room = 1.3 * (max(comparison.right) - min(comparison.right))
    low, high = min(comparison.right) - room, max(comparison.right) + room
    for look, (label, path) in zip(_WRONG, comparison.wrong.items(), strict=False):
        outside = [step for step, value in enumerate(path) if not low <= value <= high]
        shown = path[: outside[0] + 1] if outside else path
        axes.plot(shown, **look, linewidth=1.4, label=label, markevery=_every(path))
        if len(shown) < len(path):
            _say_where_it_left(axes, shown, low, high)
    right = {**line(comparison.learner), "label": "right", "markevery": _every(comparison.right)}
    axes.plot(comparison.right, **right)
    axes.set(title=comparison.title, xlabel="outer step", ylabel=comparison.ylabel)
    axes.set_ylim(low, high)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3)


def _say_where_it_left(axes: Axes, shown: Sequence[float], low: float, high: float) -> None:
    """A note at the edge, where the last line crosses it."""
    edge = high if shown[-1] > high else low
    step = len(shown) - 1
    crosses = step - (shown[-1] - edge) / (shown[-1] - shown[-2])
    axes.annotate(
        f"leaves at step {step}",
        (crosses, edge),
        xytext=(8, -5 if edge == high else 5),
        textcoords="offset points",
        va="top" if edge == high else "bottom",
        color=GREY,
        fontsize=9,
    )


def _every(path: Sequence[float]) -> int:
    """About ten markers a line."""
    return max(1, len(path) // 10)
