"""Measured coefficients of AvgGradInner on the lines that the Taylor result draws."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from metalearn_lab.experiments.taylor import MeasuredCoefficients, expected_coefficients
from metalearn_lab.figures.style import GREY, house_style, line, new_figure

_APART = 0.06


@house_style()
def taylor_coefficients_figure(
    measured: Mapping[int, Mapping[str, MeasuredCoefficients]],
) -> Figure:
    """The coefficient of AvgGradInner in units of α, against the number of minibatches.

    Lines are the expectation, points with their 95 % intervals the measurement.

    Args:
        measured: by number of minibatches k, then by algorithm; the same algorithms for each k.
    """
    counts = sorted(measured)
    figure, (axes,) = new_figure(width=7.5)
    for column, name in enumerate(measured[counts[0]]):
        look = line(name)
        positions = [k + (column - 1) * _APART for k in counts]
        means, half_widths, draws = zip(*(measured[k][name].inner for k in counts), strict=True)
        points = {"color": look["color"], "marker": look["marker"], "linestyle": "none"}
        axes.errorbar(positions, means, yerr=half_widths, **points, capsize=4, markersize=6)
        expected = [expected_coefficients(name, k).inner for k in counts]
        thin = {"marker": "", "linewidth": 1.2, "label": f"_expected {name}"}
        axes.plot(positions, expected, **look | thin)
        axes.plot([], [], **look)
    axes.axhline(0, color=GREY, linewidth=1.0)
    axes.set(xticks=counts, xlabel="minibatches k", ylabel="AvgGradInner, in units of α")
    axes.set_title(f"Lines: Taylor. Points: measured, 95 % interval of {draws[0]:,} draws")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure
