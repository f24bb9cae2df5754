"""Loss or accuracy after each inner step, one line a learner, with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves
from metalearn_lab.figures.style import GREY, draw_band, house_style, lines_of, new_figure

Kind = Literal["loss", "accuracy"]


@house_style()
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
        ValueError: no curves, different numbers of tasks, or accuracies of a regression.
    """
    counts = {learner_curves.tasks for learner_curves in curves.values()}
    if len(counts) != 1:
        raise ValueError(
            f"curves must be over one number of tasks to be compared, got {sorted(counts)}"
        )
    figure, (axes,) = new_figure()
    for look, learner_curves in zip(lines_of(curves).values(), curves.values(), strict=True):
        interval = learner_curves.mean_loss if kind == "loss" else learner_curves.mean_accuracy
        mean, half_width = (values.detach().cpu() for values in interval[:2])
        axes.plot(range(len(mean)), mean, **look)
        draw_band(axes, range(len(mean)), mean, half_width, look["color"])
    if chance is not None:
        axes.axhline(chance, color=GREY, linestyle=":", linewidth=1.2, label="chance")
    axes.set(xlabel="inner step", ylabel=ylabel or f"query {kind}")
    axes.set_title(f"Mean and 95 % interval over {counts.pop():,} unseen tasks")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    if log_limits is not None:
        _set_log_scale(axes, log_limits)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _set_log_scale(axes: Axes, limits: tuple[float, float]) -> None:
    axes.set(yscale="log", ylim=limits)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
