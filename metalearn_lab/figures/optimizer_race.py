"""Loss against the step for several update rules, with the steps shaded that training never saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from torch import Tensor

from metalearn_lab.figures.scene import ROOM, Scene, moving_title
from metalearn_lab.figures.style import INK, house_style, new_figure

LEAST, MOST = 1e-3, 10.0
"""Shares of the first loss between which curves are drawn; beyond, they lie on the border."""

LOOKS: tuple[dict[str, Any], ...] = (
    {"color": "#d55e00", "linestyle": "-", "linewidth": 2.8},
    {"color": "#0072b2", "linestyle": "-", "linewidth": 2.8},
    {"color": "#8a4b9c", "linestyle": "-", "linewidth": 2.8},
    {"color": INK, "linestyle": (0, (6, 2)), "linewidth": 1.6},
    {"color": "#00795a", "linestyle": (0, (2, 1.5)), "linewidth": 1.6},
    {"color": "#6b6b6b", "linestyle": (0, (6, 2, 1, 2)), "linewidth": 1.6},
)
"""Of the rules, in their order."""


class RaceAt(NamedTuple):
    """What moves in the picture.

    Attributes:
        shares: mean loss over the mean first loss, ``[rules, steps + 1]``; infinite where a rule
            diverged.
        step: that is marked.
        title: what the problems are.
    """

    shares: Tensor
    step: int
    title: str


@house_style()
def optimizer_race_scene(rules: Sequence[str], steps: int, horizon: int) -> Scene[RaceAt]:
    """One panel: share of the first loss that is left, against the step, both logarithmic.

    Args:
        rules: names in the legend, six or fewer.
        steps: the last step.
        horizon: the last step that training saw.

    Raises:
        ValueError: no rules, or too many.
    """
    if not 1 <= len(rules) <= len(LOOKS):
        raise ValueError(f"give 1 to {len(LOOKS)} rules, got {len(rules)}")
    figure, [axes] = new_figure(width=8.6, height=4.2)
    axes.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(LEAST, MOST), title=ROOM)
    axes.set(xlabel="step", ylabel="loss, as a share of the first")
    ticks = [step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if step <= steps]
    axes.set_xticks(ticks, [str(step) for step in ticks])
    axes.minorticks_off()
    if horizon < steps:
        axes.axvspan(horizon, steps, color="#f0e9d8", zorder=0, label="never seen in training")
    for name, look in zip(rules, LOOKS, strict=False):
        axes.plot([], [], label=name, **look)
    figure.legend(loc="outside right upper")
    return Scene(figure, _draw)


def _draw(panels: list[Axes], data: RaceAt) -> Iterator[Artist]:
    [axes] = panels
    yield moving_title(axes, data.title)
    yield axes.axvline(data.step, color=INK, linewidth=1)
    last = data.shares.shape[1] - 1
    steps = sorted({min(round(1.1**i), last) for i in range(100)})  # evenly on a logarithmic axis
    for shares, look in zip(data.shares, LOOKS, strict=False):
        height = shares.nan_to_num(nan=MOST, posinf=MOST).clamp(LEAST, MOST)
        yield from axes.plot(steps, height[steps], **look)
        yield from axes.plot(data.step, float(height[data.step]), "o", color=look["color"])
