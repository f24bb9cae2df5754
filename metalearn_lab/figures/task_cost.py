"""Time of an outer step against the number of tasks, measured and by the model o + n·w."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from metalearn_lab.experiments.task_cost import TaskCost
from metalearn_lab.figures.memory_budget import LOOKS
from metalearn_lab.figures.style import house_style, new_figure

_LOOKS = {
    "loop": LOOKS["first order"],
    "vmap": LOOKS["second order"],
    "compiled": LOOKS["second order, replayed"],
}


@house_style()
def task_cost_figure(
    milliseconds: Mapping[str, Mapping[int, float]], models: Mapping[str, TaskCost]
) -> Figure:
    """Points as measured, a line for each model, and a mark at o/w of each that is in the picture.

    Args:
        milliseconds: of one outer step by way and number of tasks.
        models: of some of the ways.

    Raises:
        ValueError: an unknown way.
    """
    if unknown := [way for way in (*milliseconds, *models) if way not in _LOOKS]:
        raise ValueError(f"unknown ways {unknown}: use {', '.join(_LOOKS)}")
    counts = sorted({tasks for times in milliseconds.values() for tasks in times})
    figure, (axes,) = new_figure(width=7.6, height=4.0)
    for way, times in milliseconds.items():
        look = {**_LOOKS[way]._asdict(), "label": f"{way}, measured"}
        if way in models:
            look["linestyle"] = "none"
        axes.plot(list(times), list(times.values()), **look)
    for way, model in models.items():
        color, linestyle, _ = _LOOKS[way]
        together = [model.together(tasks) for tasks in counts]
        name = f"{way}, {model.overhead:.2g} + n·{model.work:.2g} ms"
        axes.plot(counts, together, color=color, linestyle=linestyle, label=name)
        if model.half_way <= counts[-1]:
            mark = (model.half_way, model.together(model.half_way))
            axes.plot(*mark, "|", color=color, markersize=18)
    axes.set(xscale="log", yscale="log", xlabel="tasks n in one outer step", ylabel="ms")
    axes.set_xlim(counts[0] / 1.3, counts[-1] * 1.3)
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    axes.minorticks_off()
    figure.legend(loc="outside right upper")
    return figure
