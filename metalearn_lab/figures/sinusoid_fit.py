"""A new sinusoid, its support points, and each learner's curve after some inner steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor

from metalearn_lab.figures.style import GREY, INK, house_style, line, new_figure
from metalearn_lab.tasks.types import Split

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class SinusoidFit(NamedTuple):
    """What the figure shows.

    Attributes:
        x: where the curves are drawn, ``[points]``.
        truth: the sinusoid there, ``[points]``.
        support: the items that the learners adapt on, ``[K, 1]``.
        steps: the inner steps after which curves are shown, e.g. ``(0, 1)``.
        predictions: by learner, ``[len(steps), points]``.
    """

    x: Tensor
    truth: Tensor
    support: Split
    steps: tuple[int, ...]
    predictions: Mapping[str, Tensor]


def sinusoid_fit_figure(fit: SinusoidFit) -> Figure:
    """One panel a learner: the sinusoid, the support points, the curve after each of the steps.

    The last step is drawn in the learner's own style, the earlier ones thin and grey.

    Raises:
        ValueError: a learner has not one curve for each step, or is unknown.
    """
    for name, curves in fit.predictions.items():
        if len(curves) != len(fit.steps):
            raise ValueError(f"{name} has {len(curves)} curves for {len(fit.steps)} steps")
    with house_style():
        figure, panels = new_figure(len(fit.predictions), width=9.0, share_y=True)
        for axes, (name, curves) in zip(panels, fit.predictions.items(), strict=True):
            _draw_given(axes, fit)
            _draw_curves(axes, name, fit, curves)
            axes.set_title(line(name)["label"])
            axes.set_xlabel("x")
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
        panels[0].set_ylabel("y")
    return figure


def _draw_given(axes: Axes, fit: SinusoidFit) -> None:
    x, truth = fit.x.cpu().numpy(), fit.truth.cpu().numpy()
    axes.plot(x, truth, color=INK, linewidth=1.2, label="the new sinusoid")
    points = [part.flatten().cpu().numpy() for part in fit.support]
    label = f"{len(points[0])} support points"
    axes.plot(*points, color=INK, linestyle="none", marker="*", markersize=10, label=label)


def _draw_curves(axes: Axes, name: str, fit: SinusoidFit, curves: Tensor) -> None:
    look = line(name)
    x, *_, last = fit.x.cpu().numpy(), fit.steps[-1]
    for step, curve in zip(fit.steps, curves.detach().cpu().numpy(), strict=True):
        label = f"after {step} {'step' if step == 1 else 'steps'}"
        if step == last:
            axes.plot(x, curve, **{**look, "label": label, "markevery": 12})
        else:
            axes.plot(x, curve, color=GREY, linestyle=(0, (2, 2)), linewidth=1.4, label=label)
