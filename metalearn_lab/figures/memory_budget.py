"""Memory of a meta-gradient against the inner steps, and where it meets a budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from metalearn_lab.experiments.step_memory import StepMemory
from metalearn_lab.figures.scene import ROOM, Scene, moving_title
from metalearn_lab.figures.style import GREY, INK, house_style, new_figure, style_of
from metalearn_lab.learners.line import Line

LOOKS = {
    "second order": style_of("maml"),
    "second order, replayed": Line(INK, (0, (2, 1, 1, 1)), "^"),
    "first order": style_of("first_order_maml"),
}
"""A line style by way to a meta-gradient."""

_BUDGET: dict[str, Any] = {"color": GREY, "linewidth": 5, "alpha": 0.5}
_CHOSEN: dict[str, Any] = {"color": INK, "linewidth": 1}


class MemoryBudgetAt(NamedTuple):
    """What moves in the picture.

    Attributes:
        budget: in bytes.
        tasks: n, at once.
        steps: k, the number that is marked.
    """

    budget: float
    tasks: int
    steps: int


@house_style()
def memory_budget_scene(
    ways: Mapping[str, StepMemory], steps: Sequence[int], megabytes: tuple[float, float]
) -> Scene[MemoryBudgetAt]:
    """A line for each way to the meta-gradient, and the budget across them.

    Args:
        ways: the memory by way, as named in ``LOOKS``.
        steps: numbers of inner steps to draw, rising.
        megabytes: ends of the vertical axis.
    """
    figure, (axes,) = new_figure(width=7.6, height=4.0)
    axes.set(xscale="log", xlim=(steps[0], steps[-1]), xlabel="inner steps k", title=ROOM)
    axes.set(yscale="log", ylim=megabytes, ylabel="MB at the peak")
    axes.set_xticks(steps, [f"{count:,}" for count in steps])
    ticks = [10**i for i in range(9) if megabytes[0] <= 10**i <= megabytes[1]]
    axes.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    for way in ways:
        axes.plot([], [], **LOOKS[way]._asdict(), label=way)
    axes.plot([], [], **_BUDGET, label="the budget")
    axes.plot([], [], **_CHOSEN, label="your k")
    figure.legend(loc="outside right upper")
    return Scene(figure, lambda panels, data: _draw(panels[0], data, ways, steps))


def _draw(
    axes: Axes, data: MemoryBudgetAt, ways: Mapping[str, StepMemory], steps: Sequence[int]
) -> Iterator[Artist]:
    at_once = "one task" if data.tasks == 1 else f"{data.tasks:,} tasks at once"
    yield moving_title(axes, f"Memory of a meta-gradient, {at_once}")
    yield axes.axhline(data.budget / 1e6, **_BUDGET)
    yield axes.axvline(data.steps, **_CHOSEN)
    for way, memory in ways.items():
        megabytes = [memory.bytes(data.tasks, k) / 1e6 for k in steps]
        yield from axes.plot(steps, megabytes, **LOOKS[way]._asdict())
