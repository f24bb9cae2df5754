"""Set a budget of memory: how many inner steps, and how many tasks at once, does it hold?"""

from __future__ import annotations

from collections.abc import Mapping

from metalearn_lab.experiments.step_memory import StepMemory
from metalearn_lab.explorers.controls import log_slider, stops_slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.memory_budget import MemoryBudgetAt, memory_budget_scene

STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
TASKS = tuple(2**i for i in range(9))


class MemoryBudgetExplorer(Explorer):
    """Controls for the budget, the tasks at once and the inner steps.

    Args:
        ways: the memory of a meta-gradient by the way it is taken.
        model: what it is of, for the table.

    Raises:
        ValueError: no way.
    """

    def __init__(self, ways: Mapping[str, StepMemory], model: str) -> None:
        if not ways:
            raise ValueError("give the memory of one way to the meta-gradient or more")
        self.ways, self.model = dict(ways), model
        self.scene = memory_budget_scene(self.ways, STEPS, megabytes=(1, 200_000))
        super().__init__(
            {
                "megabytes": log_slider("budget, MB", 1000, 1, 5, 0.1),
                "tasks": stops_slider("tasks at once n", TASKS, 4),
                "steps": stops_slider("inner steps k", STEPS, 5),
            }
        )

    def view(self, *, megabytes: float, tasks: int, steps: int) -> View:
        """What fits, for each way."""
        budget = megabytes * 1e6
        table = Table(
            f"{self.model}, a budget of {megabytes:,.4g} MB",
            (
                "way",
                f"MB with n = {tasks}, k = {steps}",
                "fits",
                f"most steps with n = {tasks}",
                f"most tasks with k = {steps}",
            ),
            [
                [
                    way,
                    f"{memory.bytes(tasks, steps) / 1e6:,.4g}",
                    "yes" if memory.bytes(tasks, steps) <= budget else "no",
                    _most_steps(memory, budget, tasks),
                    f"{memory.most_tasks(budget, steps):,}",
                ]
                for way, memory in self.ways.items()
            ],
        )
        alt = (
            f"Memory against the inner steps with {tasks} tasks at once, and a budget of "
            f"{megabytes:,.4g} MB. Most steps that fit: "
            + "; ".join(f"{row[0]} {row[3]}" for row in table.rows)
            + "."
        )
        return picture_view(self.scene.bundle(MemoryBudgetAt(budget, tasks, steps), alt), table)


def _most_steps(memory: StepMemory, budget: float, tasks: int) -> str:
    if memory.step >= 1:
        return f"{memory.most_steps(budget, tasks):,}"
    return "any" if memory.bytes(tasks, 0) <= budget else "0"  # a step keeps nothing
