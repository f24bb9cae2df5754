"""One inner step from its start to twice its length: the support loss, and the curvature."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from metalearn_lab.experiments.curvature import AlongStep
from metalearn_lab.figures.style import INK, house_style, line, new_figure


@house_style()
def along_step_figure(profiles: Mapping[str, AlongStep]) -> Figure:
    """Left the mean loss beside its parabola, right the median curvature beside the limit of 2.

    Args:
        profiles: by learner, all over the same tasks.
    """
    figure, (left, right) = new_figure(2, width=9.6, height=3.8, sharex=True)
    highest = max(profile.loss[:, 0].mean().item() for profile in profiles.values())
    for name, profile in profiles.items():
        look = line(name) | {"linestyle": "-", "marker": ""}
        left.plot(profile.shares, profile.loss.mean(0), **look)
        dashed = look | {"linestyle": (0, (4, 3)), "linewidth": 1.4}
        dashed["label"] = f"{look['label']}: if its curvature stayed"
        left.plot(profile.shares, profile.parabola.mean(0), **dashed)
        right.plot(profile.shares, profile.curvature.median(0).values, **look)
    left.set(ylim=(0, 2.5 * highest), xlabel="part of the step taken, t")
    left.set(ylabel="support loss at θ − tαg", title="Mean support loss")
    left.axvline(1, color=INK, linewidth=0.8)
    right.axhline(2, color=INK, linewidth=1, linestyle=":", label="a parabola rises above this")
    right.axvline(1, color=INK, linewidth=0.8)
    right.set(xlabel="part of the step taken, t", ylabel="α × curvature along the step")
    right.set(title="Median over tasks", ylim=(0, None))
    entries = [left.get_legend_handles_labels(), right.get_legend_handles_labels()]
    handles, labels = (one + other[-1:] for one, other in zip(*entries, strict=True))
    figure.legend(handles, labels, loc="outside lower left", ncols=3)
    return figure
