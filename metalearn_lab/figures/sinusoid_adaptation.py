"""One sinusoid, its support points, and a learner's curve before and after some inner steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

from metalearn_lab.figures.scene import Scene
from metalearn_lab.figures.style import GREY, INK, house_style, line, new_figure
from metalearn_lab.tasks.types import Split

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_TRUTH: dict[str, Any] = {"color": INK, "linewidth": 1.2}
_POINTS: dict[str, Any] = {"color": INK, "linestyle": "none", "marker": "*", "markersize": 11}
_BEFORE: dict[str, Any] = {"color": GREY, "linestyle": (0, (2, 2)), "linewidth": 1.4}
_REGION: dict[str, Any] = {"color": "#dfe9f2", "linewidth": 0}


class SinusoidAdaptation(NamedTuple):
    """What the picture shows.

    Attributes:
        x: where the curves are drawn, ``[points]``.
        truth: the sinusoid there, ``[points]``.
        support: the items that are adapted to, ``[K, 1]``.
        region: the ends of the inputs that they are drawn from.
        learner: whose curves they are.
        before: its output at θ, ``[points]``.
        after: its output after the inner steps, ``[points]``.
    """

    x: Tensor
    truth: Tensor
    support: Split
    region: tuple[float, float]
    learner: str
    before: Tensor
    after: Tensor


def sinusoid_adaptation_scene(learners: Sequence[str]) -> Scene[SinusoidAdaptation]:
    """The curves over x from −5 to 5.

    Args:
        learners: those that may be drawn, by their names in the style.

    Raises:
        ValueError: an unknown learner.
    """
    with house_style():
        figure, (axes,) = new_figure(width=8.0)
        axes.set(xlim=(-5, 5), ylim=(-6, 6), xlabel="x", ylabel="y")
        axes.fill_between([], [], **_REGION, label="where the points lie")
        axes.plot([], [], **_TRUTH, label="the new sinusoid")
        axes.plot([], [], **_POINTS, label="support points")
        axes.plot([], [], **_BEFORE, label="before adaptation")
        for name in learners:
            look = line(name)
            axes.plot([], [], **{**look, "label": f"adapted: {look['label']}"})
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return Scene(figure, _draw)


def _draw(panels: list[Axes], data: SinusoidAdaptation) -> list[Artist]:
    [axes] = panels
    x = data.x.numpy()
    points = [part.flatten().numpy() for part in data.support]
    return [
        axes.axvspan(*data.region, **_REGION, zorder=0, alpha=0.6),
        *axes.plot(x, data.truth.numpy(), **_TRUTH),
        *axes.plot(x, data.before.numpy(), **_BEFORE),
        *axes.plot(x, data.after.numpy(), **line(data.learner), markevery=12),
        *axes.plot(*points, **_POINTS),
    ]
