"""A new sinusoid, its support points, and each learner's curve before and after inner steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from torch import Tensor

from metalearn_lab.figures.scene import Scene
from metalearn_lab.figures.style import GREY, INK, house_style, label_of, line, new_figure
from metalearn_lab.tasks.types import Split

_TRUTH: dict[str, Any] = {"color": INK, "linewidth": 1.2, "label": "the new sinusoid"}
_POINTS: dict[str, Any] = {
    "color": INK,
    "linestyle": "none",
    "marker": "*",
    "markersize": 10,
    "label": "support points",
}
_BEFORE: dict[str, Any] = {
    "color": GREY,
    "linestyle": (0, (2, 2)),
    "linewidth": 1.4,
    "label": "before adaptation",
}


class SinusoidFit(NamedTuple):
    """What the figure shows.

    Attributes:
        x: where the curves are drawn, ``[points]``.
        truth: the sinusoid there, ``[points]``.
        support: the items that the learners adapt on, ``[K, 1]``.
        step: the inner steps after which the adapted curves are shown.
        predictions: by learner, before and after them: ``[2, points]``.
    """

    x: Tensor
    truth: Tensor
    support: Split
    step: int
    predictions: Mapping[str, Tensor]


@house_style()
def sinusoid_fit_scene(learners: Sequence[str]) -> Scene[SinusoidFit]:
    """One panel a learner: the sinusoid, the support points, the curve before and after.

    Args:
        learners: by their names in the style, one or more; a fit has curves of each.
    """
    figure, panels = new_figure(len(learners), width=9.0, sharey=True)
    for axes, name in zip(panels, learners, strict=True):
        axes.set(xlim=(-5, 5), ylim=(-6, 6), xlabel="x", title=label_of(name))
        for look in (_TRUTH, _POINTS, _BEFORE, {**line(name), "label": "adapted"}):
            axes.plot([], [], **look)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    panels[0].set_ylabel("y")
    return Scene(figure, lambda panels, fit: _draw(panels, learners, fit))


def _draw(panels: list[Axes], learners: Sequence[str], fit: SinusoidFit) -> Iterator[Artist]:
    x, truth = fit.x.cpu(), fit.truth.cpu()
    count = f"after {fit.step} inner {'step' if fit.step == 1 else 'steps'}"
    for axes, name in zip(panels, learners, strict=True):
        before, after = fit.predictions[name].detach().cpu()
        yield from axes.plot(x, truth, **_TRUTH)
        yield from axes.plot(x, before, **_BEFORE)
        yield from axes.plot(x, after, **line(name), markevery=12)
        yield from axes.plot(*(values.flatten().cpu() for values in fit.support), **_POINTS)
        yield axes.text(-4.8, 5.2, count, color=INK, fontsize=9)
