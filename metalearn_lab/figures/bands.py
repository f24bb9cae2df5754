"""Predictions with their 95 % bands along x, beside the points that they were made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from matplotlib.figure import Figure
from torch import Tensor

from metalearn_lab.figures.style import GREY, INK, draw_band, house_style, line, new_figure
from metalearn_lab.tasks.types import Split

_IN_95 = 1.96


class BandPanel(NamedTuple):
    """What one panel shows, tensors on the CPU.

    Attributes:
        points: x and y ``[K, 1]``.
        bands: by name, mean and standard deviation ``[n]``.
    """

    points: Split
    bands: Mapping[str, tuple[Tensor, Tensor]]


@house_style()
def bands_figure(
    x: Tensor, panels: Mapping[str, BandPanel], trained: tuple[float, float]
) -> Figure:
    """Panels side by side, with the same y.

    Args:
        x: where the bands are known, ``[n]``.
        panels: by their titles.
        trained: ends of the inputs that training saw, drawn as grey lines.
    """
    figure, axes = new_figure(len(panels), width=9.0, height=3.4, sharey=True)
    for each, (title, panel) in zip(axes, panels.items(), strict=True):
        each.set(title=title, xlabel="x")
        for end in trained:
            each.axvline(end, color=GREY, linewidth=1.0, linestyle=(0, (4, 3)))
        for name, (mean, width) in panel.bands.items():
            look = line(name) | {"marker": ""}
            each.plot(x, mean, **look)
            draw_band(each, x.tolist(), mean, _IN_95 * width, look["color"])
        each.plot(*panel.points, "o", color=INK, label="points")
    axes[0].set_ylabel("y")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return figure
