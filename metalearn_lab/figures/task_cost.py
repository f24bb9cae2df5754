"""Time of a meta-gradient against the number of tasks, measured and by the model o + n·w."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from metalearn_lab.experiments.task_cost import TaskCost
from metalearn_lab.figures.style import INK, house_style, new_figure, style_of
from metalearn_lab.learners.line import Line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LOOKS = {
    "one by one": style_of("first_order_maml"),
    "vectorised": style_of("maml"),
    "compiled": Line(INK, (0, (2, 1, 1, 1)), "^"),
}


def task_cost_figure(
    milliseconds: Mapping[str, Mapping[int, float]], models: Mapping[str, TaskCost]
) -> Figure:
    """Points as measured, a line for each model, and a mark at o/w of each that is in the picture.

    Args:
        milliseconds: of one meta-gradient by way and number of tasks.
        models: of some of the ways.

    Raises:
        ValueError: an unknown way.
    """
    if unknown := [way for way in (*milliseconds, *models) if way not in _LOOKS]:
        raise ValueError(f"unknown ways {unknown}: use {', '.join(_LOOKS)}")
    counts = sorted({tasks for each in milliseconds.values() for tasks in each})
    with house_style():
        figure, (axes,) = new_figure(width=7.6, height=4.0)
        for way, measured in milliseconds.items():
            look = _LOOKS[way]
            dotted = way in models
            axes.plot(
                list(measured),
                list(measured.values()),
                color=look.color,
                marker=look.marker,
                linestyle="none" if dotted else look.linestyle,
                label=f"{way}, measured",
            )
        for way, model in models.items():
            look = _LOOKS[way]
            times = [model.together(tasks) for tasks in counts]
            name = f"{way}, {model.overhead:.2g} + n·{model.work:.2g} ms"
            axes.plot(counts, times, color=look.color, linestyle=look.linestyle, label=name)
            if model.half_way <= counts[-1]:
                at = (model.half_way, model.together(model.half_way))
                axes.plot(*at, "|", color=look.color, markersize=18)
        axes.set(xscale="log", yscale="log", xlabel="tasks n in one meta-gradient", ylabel="ms")
        axes.set_xlim(counts[0] / 1.3, counts[-1] * 1.3)
        axes.set_xticks(counts, [f"{count:,}" for count in counts])
        axes.minorticks_off()
        figure.legend(loc="outside right upper")
    return figure
