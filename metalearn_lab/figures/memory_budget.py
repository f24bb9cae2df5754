"""Memory of a meta-gradient against the inner steps, and where it meets a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from metalearn_lab.experiments.step_memory import StepMemory
from metalearn_lab.figures.cost_of_steps import LOOKS
from metalearn_lab.figures.moving_title import moving_title, room_for_a_title
from metalearn_lab.figures.scene import Scene
from metalearn_lab.figures.style import GREY, INK, house_style, new_figure

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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


def memory_budget_scene(
    ways: Mapping[str, StepMemory], steps: Sequence[int], megabytes: tuple[float, float]
) -> Scene[MemoryBudgetAt]:
    """A line for each way to the meta-gradient, and the budget across them.

    Args:
        ways: the memory by way, as named in ``cost_of_steps.LOOKS``.
        steps: numbers of inner steps to draw, rising.
        megabytes: ends of the vertical axis.
    """
    return Scene(
        _frame(list(ways), steps, megabytes), lambda axes, data: _draw(axes[0], data, ways, steps)
    )


def _frame(ways: Sequence[str], steps: Sequence[int], megabytes: tuple[float, float]) -> Figure:
    with house_style():
        figure, (axes,) = new_figure(width=7.6, height=4.0)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set(xlim=(steps[0], steps[-1]), ylim=megabytes, xlabel="inner steps k")
        axes.set_xticks(steps, [f"{each:,}" for each in steps])
        ticks = [10**i for i in range(9) if megabytes[0] <= 10**i <= megabytes[1]]
        axes.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
        axes.minorticks_off()
        axes.set_ylabel("MB at the peak")
        room_for_a_title(axes)
        for way in ways:
            axes.plot([], [], **LOOKS[way]._asdict(), label=way)
        axes.plot([], [], **_BUDGET, label="the budget")
        axes.plot([], [], **_CHOSEN, label="your k")
        figure.legend(loc="outside right upper")
    return figure


def _draw(
    axes: Axes, data: MemoryBudgetAt, ways: Mapping[str, StepMemory], steps: Sequence[int]
) -> list[Artist]:
    at_once = "one task" if data.tasks == 1 else f"{data.tasks:,} tasks at once"
    drawn: list[Artist] = [moving_title(axes, f"Memory of a meta-gradient, {at_once}")]
    drawn.append(axes.axhline(data.budget / 1e6, **_BUDGET))
    drawn.append(axes.axvline(data.steps, **_CHOSEN))
    for way, memory in ways.items():
        megabytes = [memory.bytes(data.tasks, k) / 1e6 for k in steps]
        drawn += axes.plot(steps, megabytes, **LOOKS[way]._asdict())
    return drawn
