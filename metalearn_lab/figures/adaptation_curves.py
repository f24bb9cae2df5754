"""Loss or accuracy after each inner step, one line a learner, with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves
from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.figures.style import GREY, house_style, line, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Kind = Literal["loss", "accuracy"]


def adaptation_curves_figure(
    curves: Mapping[str, AdaptationCurves],
    kind: Kind = "loss",
    *,
    ylabel: str | None = None,
    chance: float | None = None,
    log_limits: tuple[float, float] | None = None,
) -> Figure:
    """Mean and 95 % interval over tasks, against the inner step.

    Args:
        curves: by learner (see ``style.STYLES``), all over the same number of tasks. What sets
            one training of a learner apart may follow: ``"reptile, k = 10"``; a learner's
            second and later trainings are drawn thin, with open markers.
        kind: ``"loss"`` or ``"accuracy"``.
        ylabel: what is measured; "query loss" or "query accuracy" when not given.
        chance: draws a line at this value.
        log_limits: ends of a logarithmic axis, for learners that are orders of magnitude apart;
            linear from 0 when not given.

    Raises:
        ValueError: no curves, different numbers of tasks, an unknown learner, or accuracies of a
            regression.
    """
    from matplotlib.ticker import MaxNLocator

    counts = {each.tasks for each in curves.values()}
    if len(counts) != 1:
        raise ValueError(
            f"curves must be over one number of tasks to be compared, got {sorted(counts)}"
        )
    with house_style():
        figure, (axes,) = new_figure()
        drawn: set[str] = set()
        for name, each in curves.items():
            interval = each.mean_loss if kind == "loss" else each.mean_accuracy
            _draw(axes, name, interval, again=name.partition(", ")[0] in drawn)
            drawn.add(name.partition(", ")[0])
        if chance is not None:
            axes.axhline(chance, color=GREY, linestyle=":", linewidth=1.2, label="chance")
        axes.set_title(f"Mean and 95 % interval over {counts.pop():,} unseen tasks")
        axes.set_xlabel("inner step")
        axes.set_ylabel(ylabel or f"query {kind}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylim(bottom=0)
        if log_limits is not None:
            _logarithmic(axes, log_limits)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _logarithmic(axes: Axes, limits: tuple[float, float]) -> None:
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    axes.set(yscale="log", ylim=limits)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _draw(axes: Axes, name: str, interval: Interval, *, again: bool) -> None:
    mean, half = (part.detach().cpu().numpy() for part in interval[:2])
    learner, comma, apart = name.partition(", ")
    look = line(learner)
    look["label"] += comma + apart
    if again:
        look |= {"linewidth": 1.0, "markerfacecolor": "white"}
    axes.plot(range(len(mean)), mean, **look)
    axes.fill_between(
        range(len(mean)), mean - half, mean + half, color=look["color"], alpha=0.18, linewidth=0
    )
