"""How well recommendations do against the number of a user's ratings."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.experiments.recommendation import (
    FACTORS,
    FINE_TUNING,
    FIRST_ORDER,
    MELU,
    METHODS,
    OFFSET,
    POPULARITY,
    RIDGE,
    USER_MEAN,
)
from metalearn_lab.figures.style import GREY, INK, STYLES, draw_band, house_style, new_figure
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.ridge_head import RidgeHead

LINES: Mapping[str, Line] = {
    USER_MEAN: Line(GREY, (0, (2, 4)), "."),
    POPULARITY: Line(GREY, (0, (7, 4)), "."),
    OFFSET: Line(INK, (0, (7, 3, 2, 3)), "."),
    RIDGE: RidgeHead.line,
    FACTORS: Line(INK, "-", "."),
    FINE_TUNING: STYLES["joint"],
    FIRST_ORDER: STYLES["first_order_maml"],
    MELU: STYLES["maml"],
}

Curves = Mapping[str, Mapping[int, Interval]]
"""By method and K."""


@house_style()
def cold_start_figure(panels: Mapping[str, Curves], *, over: str) -> Figure:
    """A panel for each measure, a line for each method.

    Args:
        panels: by what is measured, which becomes the label of the axis.
        over: what the intervals are over, such as ``"5 user splits"``.

    Raises:
        ValueError: no panel.
    """
    if not panels:
        raise ValueError("no measure to draw: give at least one")
    figure, axes = new_figure(len(panels), width=4.8 * len(panels), height=4.4)
    for place, (label, curves) in zip(axes, panels.items(), strict=True):
        stops = sorted(next(iter(curves.values())))
        for method in (name for name in METHODS if name in curves):
            means, halves, _ = zip(*(curves[method][k] for k in stops), strict=True)
            look = LINES[method]
            place.plot(range(len(stops)), means, label=method, **look._asdict())
            draw_band(place, range(len(stops)), means, halves, look.color, alpha=0.12)
        place.set_xticks(range(len(stops)), [str(k) for k in stops])
        place.set(xlabel="K, ratings of the new user", ylabel=label)
    axes[0].set_title(f"Mean and 95 % interval over {over}")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure
