"""Measured coefficients of AvgGradInner on the lines that the Taylor result draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from metalearn_lab.experiments.taylor import MeasuredCoefficients, expected_coefficients
from metalearn_lab.figures.style import GREY, house_style, line, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_APART = 0.06


def taylor_coefficients_figure(
    measured: Mapping[int, Mapping[str, MeasuredCoefficients]],
) -> Figure:
    """The coefficient of AvgGradInner in units of α, against the number of minibatches.

    Lines are the expectation, points with their 95 % intervals the measurement.

    Args:
        measured: by number of minibatches k, then by algorithm; the same algorithms for each k.
    """
    counts = sorted(measured)
    with house_style():
        figure, (axes,) = new_figure(width=7.5)
        for place, name in enumerate(measured[counts[0]]):
            shift = (place - 1) * _APART
            _draw(axes, name, [k + shift for k in counts], [measured[k][name] for k in counts])
            look = {**line(name), "marker": "", "linewidth": 1.2, "label": f"_expected {name}"}
            expected = [expected_coefficients(name, k).inner for k in counts]
            axes.plot([k + shift for k in counts], expected, **look)
            axes.plot([], [], **line(name))
        axes.axhline(0, color=GREY, linewidth=1.0)
        axes.set_xticks(counts)
        axes.set_xlabel("minibatches k")
        axes.set_ylabel("AvgGradInner, in units of α")
        draws = measured[counts[0]][name].inner.tasks
        axes.set_title(f"Lines: Taylor. Points: measured, 95 % interval of {draws:,} draws")
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _draw(axes: Axes, name: str, places: list[float], found: list[MeasuredCoefficients]) -> None:
    look = line(name)
    axes.errorbar(
        places,
        [each.inner.mean.item() for each in found],
        yerr=[each.inner.half_width.item() for each in found],
        color=look["color"],
        marker=look["marker"],
        linestyle="none",
        capsize=4,
        markersize=6,
    )
