"""How well recommendations do against the number of a user's ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.ridge_head import RidgeHead
from metalearn_lab.tasks.ratings import QUERIES, SUPPORT, RatingWorld

LINES: Mapping[str, Line] = {
    USER_MEAN: Line(GREY, (0, (2, 4)), "."),
    POPULARITY: Line(GREY, (0, (7, 4)), "."),
    OFFSET: Line(INK, (0, (7, 3, 2, 3)), "."),
    RIDGE: RidgeHead.line,
    FACTORS: Line(INK, (0, (3, 1, 1, 1, 1, 1)), "."),
    FINE_TUNING: JointPretraining.line,
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


@house_style()
def user_tasks_figure(
    world: RatingWorld, users: Mapping[str, int], *, shots: int, named: Sequence[str] = ()
) -> Figure:
    """A panel for each user: all items as points in the plane of two features, the rated coloured.

    Args:
        world: items and test users.
        users: by the panel's title, the number of a test user.
        shots: K; the first K rated items are squares, those to be predicted are discs.
        named: items whose names are written.

    Raises:
        ValueError: no users.
    """
    if not users:
        raise ValueError("no user to draw: give at least one")
    figure, axes = new_figure(len(users), width=3.4 * len(users), height=3.9, sharey=True)
    x = world.features[:, :2]
    for place, (title, user) in zip(axes, users.items(), strict=True):
        place.scatter(x[:, 0], x[:, 1], s=5, color=GREY)
        for rows, marker, size in (
            (slice(shots), "s", 60),
            (slice(SUPPORT, SUPPORT + QUERIES), "o", 45),
        ):
            items, values = (each[user, rows] for each in (world.test.items, world.test.values))
            dots = place.scatter(
                x[items, 0],
                x[items, 1],
                c=values,
                s=size,
                marker=marker,
                cmap="viridis",
                vmin=world.lowest,
                vmax=world.highest,
                edgecolors=INK,
                linewidths=0.6,
            )
        for name in named:
            left, low = x[world.names.index(name)].tolist()
            place.annotate(name, (left, low), fontsize=7, color=INK)
        place.set(title=title, xlabel="first feature")
    axes[0].set_ylabel("second feature")
    figure.colorbar(dots, ax=axes, label="rating")
    return figure
