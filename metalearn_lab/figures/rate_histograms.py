"""Learned rates as histograms, one a layer, with the share of negative ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from metalearn_lab.figures.style import GREY, INK, house_style, new_figure

_POSITIVE, _NEGATIVE = "#9880fd", "#b34d00"
_BINS = 41


@house_style()
def rate_histograms_figure(rates: Mapping[str, Tensor], first_rate: float) -> Figure:
    """A panel a layer; bars below zero have another colour, and the title says their share.

    Args:
        rates: of each layer, by its name, one vector each.
        first_rate: where all rates began.

    Raises:
        ValueError: no layer, or one without rates.
    """
    if not rates or min(each.numel() for each in rates.values()) == 0:
        raise ValueError("give the rates of one layer or more, and of each at least one")
    everything = np.concatenate([each.numpy() for each in rates.values()])
    reach = float(np.abs(np.quantile(everything, (0.005, 0.995))).max())
    edges = np.linspace(-reach, reach, _BINS)
    figure, panels = new_figure(len(rates), width=9.6, height=3.2)
    for axes, (name, each) in zip(panels, rates.items(), strict=True):
        counts, _ = np.histogram(np.clip(each.numpy(), -reach, reach), edges)
        middle, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
        colors = [_NEGATIVE if place < -width / 4 else _POSITIVE for place in middle]
        axes.bar(middle, counts / counts.sum(), width=width, color=colors)
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.axvline(first_rate, color=GREY, linewidth=1.2, linestyle=":")
        share = (each < 0).double().mean().item()
        axes.set_title(f"{name}: {100 * share:.0f} % negative")
        axes.set_xlabel("rate (dotted: the first rate)")
    panels[0].set_ylabel("share of the weights")
    return figure
