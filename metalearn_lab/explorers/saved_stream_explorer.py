"""Play a saved stream: choose the tasks and their order, and let 200 of them arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metalearn_lab.comparison.task_streams import BLOCK, WAYS_TO_TRAIN
from metalearn_lab.explorers.controls import choice, slider, stops_slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Mark, Panel
from metalearn_lab.figures.style import GREY, INK

if TYPE_CHECKING:
    from pandas import DataFrame

_LATELY = 25 // BLOCK  # blocks of the right panel
_COLORS = ("#0072b2", "#b34d00", "#a0459c", "#117733", GREY, INK, "#8a6d00", "#7a1f3d", "#00797a")
_DASHES = ((), (6, 3), (1, 2), (2, 2), (8, 2, 2, 2), (4, 1), (3, 3, 1, 3), (5, 2), (10, 3))


class SavedStreamExplorer(DragExplorer):
    """Errors of every method as tasks arrive: over all so far, and over the last 25.

    Nothing is trained: the traces come from a saved table. It opens on the last stream in the last
    order, after a quarter of the tasks.

    Args:
        along: as ``benchmarks/task_streams.py`` saves it.
    """

    def __init__(self, along: DataFrame) -> None:
        self.traces = {
            (stream, order, int(seed), method): rows.sort_values("tasks")["error"].to_numpy()
            for (stream, order, seed, method), rows in along.groupby(
                ["stream", "order", "seed", "method"], sort=False
            )
        }
        streams, orders = (list(along[name].unique()) for name in ("stream", "order"))
        self.last = last = int(along.tasks.max())
        looks = zip(_COLORS, _DASHES, strict=True)
        self.looks = {name: next(looks) for name in along.method.unique()}
        first = next(iter(WAYS_TO_TRAIN))
        counts = tuple(range(BLOCK, last + 1, BLOCK))
        super().__init__(
            {
                "stream": choice("stream", streams, streams[-1]),
                "order": choice("order", orders, orders[-1]),
                "tasks": stops_slider("tasks so far", counts, counts[len(counts) // 4 - 1]),
                "training": slider("training", 1, 1, int(along.seed.max()) + 1),
                "thick": choice("drawn thick", list(along.method.unique()), first),
            },
            handles={},
        )

    def view(self, *, stream: str, order: str, tasks: int, training: int, thick: str) -> View:
        """Both means against the tasks so far, and their values now."""
        count = tasks // BLOCK
        at = [BLOCK * (i + 1) for i in range(count)]
        marks, rows = list[Mark](), []
        methods = [
            (method, trace)
            for (name, way, seed, method), trace in self.traces.items()
            if (name, way, seed) == (stream, order, training - 1)
        ]
        note = ""
        if thick not in dict(methods):
            note = f"This stream has no row for {thick}."
        top = 1e-3
        for method, trace in methods:
            color, dash = self.looks[method]
            seen = trace[:count]
            so_far = seen.cumsum() / range(1, count + 1)
            lately = [seen[max(0, i - _LATELY + 1) : i + 1].mean() for i in range(count)]
            width = 3.4 if method == thick else 1.6
            for panel, values in enumerate((so_far, lately)):
                marks.append(Curve(at, values, color, method, width, dash, panel))
                marks.append(Dot(tasks, values[-1], color, size=6, panel=panel))
            rows.append([method, f"{so_far[-1]:.3f}", f"{lately[-1]:.3f}"])
            top = max(top, so_far.max(), *lately)
        table = Table(
            f"{stream}, {order}, training {training}: error after {tasks} tasks",
            ("method", "mean of all so far", f"mean of the last {min(tasks, 25)}"),
            rows,
        )
        alt = f"{table.caption}. " + " ".join(f"{row[0]}: {row[1]}." for row in rows) + note
        ends, high = (0.0, float(self.last)), (0.0, 1.05 * float(top))
        panels = (
            Panel(ends, high, "tasks so far", "error", "mean of all tasks so far"),
            Panel(ends, high, "tasks so far", "error", "mean of the last 25"),
        )
        return drag_view(Drawing(panels, marks), table, alt, note)
