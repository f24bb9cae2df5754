"""One sinusoid, its support points, and a learner's curve before and after some inner steps.

Drawn as the canvas of ``drawn_task`` draws them: the truth dashed, thin before and thick after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

from metalearn_lab.figures.moving_title import moving_title
from metalearn_lab.figures.scene import Scene
from metalearn_lab.figures.style import GREY, INK, house_style, line, new_figure
from metalearn_lab.tasks.types import Split

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_TRUTH: dict[str, Any] = {"color": GREY, "linestyle": (0, (4, 3)), "linewidth": 1.4}
_POINTS: dict[str, Any] = {
    "color": INK,
    "linestyle": "none",
    "marker": "o",
    "markeredgecolor": "white",
    "markersize": 9,
}
_REGION: dict[str, Any] = {"color": "#dfe9f2", "linewidth": 0}


class SinusoidAdaptation(NamedTuple):
    """What the picture shows.

    Attributes:
        x: where the curves are drawn, ``[points]``.
        curve: amplitude A and phase p of the sinusoid.
        truth: the sinusoid there, ``[points]``.
        support: the items that are adapted to, ``[K, 1]``.
        region: the ends of the inputs that they are drawn from.
        learner: whose curves they are.
        step: the inner steps after which it is shown.
        before: its output at θ, ``[points]``.
        after: its output after the inner steps, ``[points]``.
    """

    x: Tensor
    curve: tuple[float, float]
    truth: Tensor
    support: Split
    region: tuple[float, float]
    learner: str
    step: int
    before: Tensor
    after: Tensor


def sinusoid_adaptation_scene() -> Scene[SinusoidAdaptation]:
    """The curves over x from −5 to 5; the title says whose they are."""
    with house_style():
        figure, (axes,) = new_figure(width=8.0)
        axes.set(xlim=(-5, 5), ylim=(-6, 6), xlabel="x", ylabel="y", title=" ")
        axes.fill_between([], [], **_REGION, label="where the points lie")
        axes.plot([], [], **_TRUTH, label="the sinusoid\nof the points")
        axes.plot([], [], **_POINTS, label="support points")
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return Scene(figure, _draw)


def _draw(panels: list[Axes], data: SinusoidAdaptation) -> list[Artist]:
    [axes] = panels
    x, look = data.x.numpy(), line(data.learner)
    points = [part.flatten().numpy() for part in data.support]
    count = f"{data.step} inner {'step' if data.step == 1 else 'steps'}"
    amplitude, phase = data.curve
    return [
        moving_title(axes, f"{look['label']} after {count} (thin: before)"),
        axes.text(-4.85, -5.7, f"A = {amplitude:.1f}, p = {phase:.1f}", color=INK, fontsize=9),
        axes.axvspan(*data.region, **_REGION, zorder=0, alpha=0.6),
        *axes.plot(x, data.truth.numpy(), **_TRUTH),
        *axes.plot(x, data.before.numpy(), **{**look, "marker": "", "linewidth": 0.9}),
        *axes.plot(x, data.after.numpy(), **look, markevery=(4, 12)),
        *axes.plot(*points, **_POINTS, zorder=5),
    ]
