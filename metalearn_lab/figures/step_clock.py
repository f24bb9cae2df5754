"""The time of an outer step as bars: the whole, for each task, and the share of its two parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from metalearn_lab.figures.scene import ROOM, Scene, moving_title
from metalearn_lab.figures.style import INK, house_style, new_figure

FIXED_COLOR, TASKS_COLOR, TIME_COLOR = "#d55e00", "#0072b2", "#4a4a4a"
_WORKED_OUT: dict[str, Any] = {"hatch": "///", "edgecolor": "white"}


class StepTime(NamedTuple):
    """One outer step.

    Attributes:
        milliseconds: of the whole step.
        fixed: milliseconds of it that do not depend on the number of tasks.
        is_measured: False where the time is worked out by o + n·w.
    """

    milliseconds: float
    fixed: float
    is_measured: bool


class StepClockAt(NamedTuple):
    """What moves in the picture.

    Attributes:
        steps: by way; a way that is missing has no bar.
        tasks: n, in each step.
        inner_steps: k, of each task.
    """

    steps: Mapping[str, StepTime]
    tasks: int
    inner_steps: int


@house_style()
def step_clock_scene(
    ways: Sequence[str], step_ms: tuple[float, float], task_ms: tuple[float, float]
) -> Scene[StepClockAt]:
    """Three panels with a bar for each way: ms of the step, ms for each task, and the parts.

    Args:
        ways: from top to bottom.
        step_ms: the shortest and the longest time of a step that can be set.
        task_ms: the same for each task of a step.
    """
    figure, (step, task, parts) = new_figure(3, width=9.6, height=3.0, sharey=True)
    step.set_ylim(len(ways) - 0.5, -0.5)
    step.set_yticks(range(len(ways)), list(ways))
    for axes, (least, most) in ((step, step_ms), (task, task_ms)):
        axes.set(xscale="log", xlim=(least / 2, 6 * most), xlabel="ms (log scale)")
    parts.set(xlim=(0, 100), xlabel="% of the step")
    for axes in (step, task, parts):
        axes.grid(axis="y", visible=False)
        axes.set_title(ROOM)
    colors = {"fixed part o": FIXED_COLOR, "part of the tasks, n·w": TASKS_COLOR}
    handles = [Patch(color=color, label=label) for label, color in colors.items()]
    handles.append(Patch(facecolor=TIME_COLOR, label="worked out, not measured", **_WORKED_OUT))
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return Scene(figure, lambda panels, data: _draw(panels, data, ways))


def _draw(panels: list[Axes], data: StepClockAt, ways: Sequence[str]) -> Iterator[Artist]:
    step_axes, task_axes, part_axes = panels
    tasks = "1 task" if data.tasks == 1 else f"{data.tasks:,} tasks"
    yield moving_title(step_axes, f"One outer step: {tasks}, k = {data.inner_steps}")
    yield moving_title(task_axes, "The same for each task")
    yield moving_title(part_axes, "Where the time goes")
    for row, way in enumerate(ways):
        if way not in data.steps:
            continue
        milliseconds, fixed, is_measured = data.steps[way]
        look: dict[str, Any] = {"height": 0.6, **({} if is_measured else _WORKED_OUT)}
        for axes, length in ((step_axes, milliseconds), (task_axes, milliseconds / data.tasks)):
            start = axes.get_xlim()[0]  # a bar on a logarithmic axis begins at its left end
            yield from axes.barh(row, length - start, left=start, color=TIME_COLOR, **look)
            yield _number(axes, row, length)
        percent = 100 * fixed / milliseconds
        yield from part_axes.barh(row, percent, color=FIXED_COLOR, **look)
        yield from part_axes.barh(row, 100 - percent, left=percent, color=TASKS_COLOR, **look)


def _number(axes: Axes, row: int, milliseconds: float) -> Artist:
    digits = f"{milliseconds:,.0f}" if milliseconds >= 100 else f"{milliseconds:.2g}"
    place: dict[str, Any] = {"xytext": (4, 0), "textcoords": "offset points", "va": "center"}
    return axes.annotate(digits, (milliseconds, row), **place, color=INK, size=9)
