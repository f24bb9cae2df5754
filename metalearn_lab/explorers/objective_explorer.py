"""The two-term objective a L_task + b L_meta: drag the one learned number s, turn the weights."""

from __future__ import annotations

from collections.abc import Callable

from metalearn_lab.experiments.task_and_meta_loss import NoisyMeans
from metalearn_lab.explorers.controls import float_slider, slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Mark, Panel
from metalearn_lab.figures.style import INK

TASK_COLOR, META_COLOR = "#b34d00", "#0072b2"
_PANEL = Panel((0.0, 1.5), (0.0, 5.0), "s, the learned number", "loss", "two losses and their sum")
_POINTS = 121


class ObjectiveExplorer(DragExplorer):
    """Both losses and their weighted mean as curves of s, with the lowest place of each.

    Args:
        tasks: whose K is the slider's at first.
        s: where the handle is at first.
    """

    def __init__(self, tasks: NoisyMeans, s: float = 0.3) -> None:
        self.tasks = tasks
        super().__init__(
            {
                "task_weight": float_slider("weight a of L_task", 1.0, 0.0, 4.0, 0.25),
                "meta_weight": float_slider("weight b of L_meta", 1.0, 0.0, 4.0, 0.25),
                "shots": slider("support points K", tasks.shots, 1, 30),
            },
            handles={"s": (s, 0.3)},
        )

    def view(
        self, *, task_weight: float, meta_weight: float, shots: int, s: tuple[float, float]
    ) -> View:
        """The curves, and each loss at s and at the lowest places, in numbers."""
        tasks, here = self.tasks._replace(shots=shots), s[0]
        grid = [
            _PANEL.x[0] + i * (_PANEL.x[1] - _PANEL.x[0]) / (_POINTS - 1) for i in range(_POINTS)
        ]
        curves: dict[str, tuple[Callable[[float], float], str, float]] = {
            "L_task, on the support points": (tasks.task_loss, TASK_COLOR, tasks.best(1, 0)),
            "L_meta, on new points": (tasks.meta_loss, META_COLOR, tasks.best(0, 1)),
        }
        note = "With a = b = 0 there is no objective, and every s is as good."
        if task_weight + meta_weight > 0:
            share = task_weight / (task_weight + meta_weight)

            def mixed(at: float) -> float:
                return share * tasks.task_loss(at) + (1 - share) * tasks.meta_loss(at)

            best = tasks.best(task_weight, meta_weight)
            curves["(a L_task + b L_meta) / (a + b)"] = (mixed, INK, best)
            note = (
                f"The objective is lowest at s = {best:.3f}. There new points cost "
                f"{tasks.meta_loss(best):.3f}; the least possible is "
                f"{tasks.meta_loss(tasks.best(0, 1)):.3f}."
            )
        marks: list[Mark] = []
        for label, (loss, color, lowest) in curves.items():
            marks.append(Curve(grid, list(map(loss, grid)), color, label, 2.0))
            marks.append(Dot(lowest, loss(lowest), color, size=8))
            marks.append(Dot(here, loss(here), color, size=7, filled=False))
        rows = [
            [label, f"{loss(here):.3f}", f"{lowest:.3f}", f"{loss(lowest):.3f}"]
            for label, (loss, _, lowest) in curves.items()
        ]
        table = Table(
            f"With a = {task_weight:.2f}, b = {meta_weight:.2f}, K = {shots}",
            ("loss", f"at s = {here:.2f}", "lowest at s", "its value there"),
            rows,
        )
        handle = Handle("s", here, s[1], INK, "s: drag it", moves="x")
        alt = f"Curves of {len(curves)} losses against s; s is {here:.2f}. {note}"
        return drag_view(Drawing((_PANEL,), marks, (handle,)), table, alt, note)
