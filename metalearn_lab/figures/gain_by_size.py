"""Gain in accuracy against how many numbers are trained, one line for each way of training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.figures.style import GREY, INK, house_style, new_figure

LOOKS = (
    ("#0072b2", "-", "o"),
    ("#d55e00", (0, (5, 2)), "s"),
    ("#a81878", (0, (2, 1)), "^"),
    ("#107040", (0, (6, 2, 1, 2)), "D"),
    ("#6b4a00", (0, (1, 1)), "v"),
)
"""Colour, dashes and marker of the lines, in their order."""


@house_style()
def gain_by_size_figure(
    lines: Mapping[str, Mapping[int, Interval]], levels: Mapping[str, Interval]
) -> Figure:
    """Points with 95 % intervals, joined along each line; levels are drawn across.

    Args:
        lines: by the name of a way: gain in points by how many numbers are trained.
        levels: by name, gain of what has no such number; its mean is drawn.

    Raises:
        ValueError: no lines, more than there are looks, a size below 1, or an accuracy that is not
            finite.
    """
    _check(lines, levels)
    figure, [axes] = new_figure(width=8.4, height=4.6)
    for (name, by_size), (color, dashes, marker) in zip(lines.items(), LOOKS, strict=False):
        sizes = sorted(by_size)
        means = [float(by_size[size].mean) for size in sizes]
        half_widths = [float(by_size[size].half_width) for size in sizes]
        look: dict[str, Any] = {
            "color": color,
            "linestyle": dashes,
            "marker": marker,
            "label": name,
        }
        axes.errorbar(sizes, means, half_widths, capsize=3, elinewidth=1.2, **look)
    for i, (name, level) in enumerate(levels.items()):
        axes.axhline(float(level.mean), color=(INK, GREY)[i % 2], linewidth=1.2, linestyle=":")
        at_the_left = (0, float(level.mean))
        text: dict[str, Any] = {"textcoords": "offset points", "va": "bottom", "fontsize": 8}
        axes.annotate(name, at_the_left, (4, 1), axes.get_yaxis_transform(), **text)
    axes.set(xscale="log", xlabel="numbers that are trained (log scale)")
    axes.set_ylabel("gain over the nearest class mean (points)")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _check(lines: Mapping[str, Mapping[int, Interval]], levels: Mapping[str, Interval]) -> None:
    if not 1 <= len(lines) <= len(LOOKS):
        raise ValueError(f"give 1 to {len(LOOKS)} lines, got {len(lines)}")
    if any(size < 1 for by_size in lines.values() for size in by_size):
        raise ValueError("a size is a number of trained numbers, 1 or more, on a logarithmic axis")
    intervals = [i for by_size in lines.values() for i in by_size.values()] + [*levels.values()]
    if not all(math.isfinite(float(n)) for i in intervals for n in (i.mean, i.half_width)):
        raise ValueError("an accuracy or its half-width is not finite, so it cannot be drawn")
