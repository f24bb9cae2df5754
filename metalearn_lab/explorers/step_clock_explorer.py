"""The clock of an outer step: move the tasks, the inner steps and the way, and read the time."""

from __future__ import annotations

from metalearn_lab.experiments.step_clock import WAYS, StepTimes
from metalearn_lab.experiments.task_cost import fit_task_cost
from metalearn_lab.explorers.controls import choice, stops_slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.step_clock import StepClockAt, StepTime, step_clock_scene

ALL_WAYS = "all"


class StepClockExplorer(Explorer):
    """Controls for n, k and the way, over times that were measured beforehand.

    A time is split by the model o + n·w that fits its way and k: up to o of it is the fixed part.
    Where a time is missing, the model gives it.

    Args:
        times: of an outer step, as ``time_outer_steps`` measures them; two numbers of tasks or
            more for each way and k.

    Raises:
        ValueError: an unknown way, or not the same values of k for each way.
    """

    def __init__(self, times: StepTimes) -> None:
        self.times = {key: dict(milliseconds) for key, milliseconds in times.items()}
        self.ways = [way for way in WAYS if any(way == name for name, _ in self.times)]
        inner_steps = sorted({k for _, k in self.times})
        if self.times.keys() != {(way, k) for way in self.ways for k in inner_steps}:
            raise ValueError(f"give every way, of {', '.join(WAYS)}, at every k: {[*self.times]}")
        self.costs = {key: fit_task_cost(each) for key, each in self.times.items()}
        self.task_counts = sorted({n for each in self.times.values() for n in each})
        whole = [
            (self.step_time(way, k, n).milliseconds, n)
            for way, k in self.times
            for n in self.task_counts
        ]
        step_ms, task_ms = [ms for ms, _ in whole], [ms / n for ms, n in whole]
        self.scene = step_clock_scene(
            self.ways, (min(step_ms), max(step_ms)), (min(task_ms), max(task_ms))
        )
        common = set.intersection(*(set(each) for each in self.times.values()))
        many, k = max(common, default=self.task_counts[0]), inner_steps[len(inner_steps) // 2]
        super().__init__(
            {
                "tasks": stops_slider("tasks n", self.task_counts, many),
                "inner_steps": stops_slider("inner steps k", inner_steps, k),
                "way": choice("show", {"all ways": ALL_WAYS, **{w: w for w in self.ways}}, "all"),
            }
        )

    def step_time(self, way: str, inner_steps: int, tasks: int) -> StepTime:
        """The time of a step, measured or worked out, and the fixed part of it."""
        cost = self.costs[way, inner_steps]
        measured = self.times[way, inner_steps].get(tasks)
        milliseconds = cost.together(tasks) if measured is None else measured
        return StepTime(milliseconds, min(cost.overhead, milliseconds), measured is not None)

    def view(self, *, tasks: int, inner_steps: int, way: str) -> View:
        """The bars for this choice, and the same in numbers."""
        shown = self.ways if way == ALL_WAYS else [way]
        steps = {name: self.step_time(name, inner_steps, tasks) for name in shown}
        picture = StepClockAt(steps, tasks, inner_steps)
        table = Table(
            f"An outer step of {tasks:,} tasks with k = {inner_steps}, in milliseconds",
            ("way", "the step", "fixed part", "the tasks", "for each task", "measured"),
            [_row(name, step, tasks) for name, step in steps.items()],
        )
        alt = f"An outer step of {tasks:,} tasks, k = {inner_steps}: " + "; ".join(
            f"{name} {step.milliseconds:.3g} ms, {step.fixed / step.milliseconds:.0%} of it fixed"
            for name, step in steps.items()
        )
        return picture_view(self.scene.bundle(picture, alt), table, alt + ".")


def _row(way: str, step: StepTime, tasks: int) -> list[str]:
    whole, fixed, is_measured = step
    numbers = (whole, fixed, whole - fixed, whole / tasks)
    return [way, *(f"{number:.4g}" for number in numbers), "yes" if is_measured else "no"]
