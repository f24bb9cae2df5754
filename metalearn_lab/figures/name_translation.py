"""How well names are translated by a search, against the number of known pairs."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.figures.style import draw_band, house_style, new_figure

_LOOKS = (
    ("#0072b2", "-", "o"),
    ("#d55e00", "--", "s"),
    ("#009e73", "-.", "^"),
    ("#1a1a1a", ":", "D"),
)


@house_style()
def translation_figure(curves: Mapping[str, Mapping[int, list[float]]], *, over: str) -> Figure:
    """A line for each pair of languages.

    Args:
        curves: by the line's label, the mean reciprocal ranks of each number of known pairs.
        over: what the intervals are over.

    Raises:
        ValueError: no line, or more than there are styles.
    """
    if not 1 <= len(curves) <= len(_LOOKS):
        raise ValueError(f"1 to {len(_LOOKS)} lines can be drawn, got {len(curves)}")
    figure, [place] = new_figure(width=6.4, height=3.8)
    for (label, curve), (color, dashes, marker) in zip(curves.items(), _LOOKS, strict=False):
        intervals = [interval_over_tasks(torch.tensor(values)) for values in curve.values()]
        means, halves = ([float(each[i]) for each in intervals] for i in (0, 1))
        place.plot(range(len(curve)), means, dashes, color=color, marker=marker, label=label)
        draw_band(place, range(len(curve)), means, halves, color)
        place.set_xticks(range(len(curve)), [str(count) for count in curve])
    place.set(xlabel="K, known pairs", ylabel="mean reciprocal rank", ylim=(0, 1))
    place.set_title(f"Mean and 95 % interval over {over}")
    place.legend()
    return figure
