"""Memory and time of a meta-gradient against the number of inner steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metalearn_lab.figures.style import INK, house_style, new_figure, style_of
from metalearn_lab.learners.line import Line

LOOKS = {
    "second order": style_of("maml"),
    "second order, replayed": Line(INK, (0, (2, 1, 1, 1)), "^"),
    "first order": style_of("first_order_maml"),
}
"""How each way to the meta-gradient is drawn."""


@house_style()
def cost_of_steps_figure(
    steps: Sequence[int],
    megabytes: Mapping[str, Sequence[float]],
    milliseconds: Mapping[str, Sequence[float]],
) -> Figure:
    """Two panels, a line for each way to the meta-gradient, its last value beside it.

    Args:
        steps: numbers of inner steps.
        megabytes: at the peak of one meta-gradient, by way.
        milliseconds: of one meta-gradient, by way.

    Raises:
        ValueError: an unknown way, or not one value for each number of steps.
    """
    figure, panels = new_figure(2, width=9.0, height=3.4)
    titles = ("Memory at its peak, MB", "Time of a meta-gradient, ms")
    for axes, title, lines in zip(panels, titles, (megabytes, milliseconds), strict=True):
        for way, values in lines.items():
            if way not in LOOKS or len(values) != len(steps):
                raise ValueError(
                    f"{way!r} must be one of {', '.join(LOOKS)} with {len(steps)} values"
                )
            axes.plot(steps, values, **LOOKS[way]._asdict(), label=way)
        _write_ends(axes, steps[-1], [values[-1] for values in lines.values()])
        axes.set(title=title, xlabel="inner steps k", xticks=steps)
        axes.set_ylim(bottom=0)
    panels[0].legend(loc="upper left")
    return figure


def _write_ends(axes: Axes, x: float, ends: Sequence[float]) -> None:
    """The lowest stands below its line: the one above it may be close."""
    for y in ends:
        lowest = y == min(ends)
        words = f"{y:.1f}" if y < 100 else f"{y:.0f}"
        axes.annotate(
            words,
            (x, y),
            xytext=(4, -4 if lowest else 3),
            textcoords="offset points",
            va="top" if lowest else "bottom",
            size=9,
            annotation_clip=False,
        )
