"""One sinusoid, its support points, and a learner's curve before and after some inner steps.

Drawn as on the canvas of a drawn task: the truth dashed, thin before and thick after.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from torch import Tensor

from metalearn_lab.figures.scene import ROOM, Scene, moving_title
from metalearn_lab.figures.style import GREY, INK, house_style, line, new_figure
from metalearn_lab.tasks.types import Split

_TRUTH: dict[str, Any] = {"color": GREY, "linestyle": (0, (4, 3)), "linewidth": 1.4}
_POINTS: dict[str, Any] = {
    **{"color": INK, "linestyle": "none", "marker": "o", "markeredgecolor": "white"},
    **{"markersize": 9, "zorder": 5},
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


@house_style()
def sinusoid_adaptation_scene() -> Scene[SinusoidAdaptation]:
    """The curves over x from −5 to 5; the title says whose they are."""
    figure, (axes,) = new_figure(width=8.0)
    axes.set(xlim=(-5, 5), ylim=(-6, 6), xlabel="x", ylabel="y", title=ROOM)
    axes.fill_between([], [], **_REGION, label="where the points lie")
    axes.plot([], [], **_TRUTH, label="the sinusoid\nof the points")
    axes.plot([], [], **_POINTS, label="support points")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return Scene(figure, _draw)


def _draw(panels: list[Axes], data: SinusoidAdaptation) -> Iterator[Artist]:
    [axes] = panels
    look = line(data.learner)
    count = f"{data.step} inner {'step' if data.step == 1 else 'steps'}"
    amplitude, phase = data.curve
    yield moving_title(axes, f"{look['label']} after {count} (thin: before)")
    yield axes.text(-4.85, -5.7, f"A = {amplitude:.1f}, p = {phase:.1f}", color=INK, fontsize=9)
    yield axes.axvspan(*data.region, **_REGION, zorder=0, alpha=0.6)
    yield from axes.plot(data.x, data.truth, **_TRUTH)
    yield from axes.plot(data.x, data.before, **{**look, "marker": "", "linewidth": 0.9})
    yield from axes.plot(data.x, data.after, **look, markevery=(4, 12))
    yield from axes.plot(*data.support, **_POINTS)
