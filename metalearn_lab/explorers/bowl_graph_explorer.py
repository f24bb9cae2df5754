"""Drag a new bowl among past ones: which are its neighbours, and where does it start?"""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.experiments.task_graph import graph_of, neighbours, warm_start
from metalearn_lab.experiments.task_similarity import bowl_loss_from, euclidean_distance
from metalearn_lab.explorers.controls import float_slider, slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Mark, Panel, Place, place_of
from metalearn_lab.figures.style import GREY, INK
from metalearn_lab.tasks.seeds import generator

CURVATURE, RATE, STEPS = 1.0, 0.1, 20
CLUSTER_COLORS = ("#0072b2", "#b34d00")
_CENTRES, _EACH = ((-1.5, 1.6), (2.2, -0.8)), 6
_PLANE = Panel((-4.0, 4.0), (-3.0, 3.5), "weight 1", "weight 2", "lowest points of bowls", True)
_LOSS = Panel((0.0, STEPS), (0.0, 8.0), "step", "loss of the new task", "from three starts")


def past_optima() -> tuple[Tensor, Tensor]:
    """The lowest points of twelve bowls in two clusters, ``[12, 2]``, and the cluster of each."""
    noise = torch.randn(2, _EACH, 2, generator=generator("bowl graph"))
    points = torch.tensor(_CENTRES)[:, None] + 0.55 * noise
    return points.flatten(0, 1), torch.arange(2).repeat_interleave(_EACH)


class BowlGraphExplorer(DragExplorer):
    """Bowls ½‖w − c‖² with an edge where their lowest points are near; a new one is dragged.

    The new task starts from the mean of its neighbours' lowest points, and takes steps of 0.1.
    """

    def __init__(self) -> None:
        self.optima, self.clusters = past_optima()
        controls = {
            "threshold": float_slider("threshold", 1.5, 0.0, 6.0, 0.1),
            "steps": slider("steps k", 5, 0, STEPS),
        }
        super().__init__(controls, {"new task": (-0.9, 0.6)})

    def view(self, *, threshold: float, steps: int, **handles: Place) -> View:
        """The graph, and the loss of the new task from three starts."""
        own = torch.tensor(handles["new task"])
        known, origin = {"w": self.optima}, {"w": torch.zeros(2)}
        chosen = neighbours(euclidean_distance(own, self.optima)[None], threshold)
        starts = {
            "neighbours": warm_start(origin, known, chosen)["w"][0],
            "all past tasks": self.optima.mean(0),
            "from scratch": origin["w"],
        }
        marks = self._edges(threshold)
        for optimum, near in zip(self.optima, chosen[0].tolist(), strict=True):
            if near:
                x, y = torch.stack([own, optimum]).T
                marks.append(Curve(x, y, INK, "edge of the new task", 2.0))
        for number, color in enumerate(CLUSTER_COLORS):
            for optimum in self.optima[self.clusters == number]:
                marks.append(Dot(*place_of(optimum), color, f"cluster {number + 1}", 9))
        looks = {
            "neighbours": ("#006b4f", ()),
            "all past tasks": ("#7a3fa0", (5, 2)),
            "from scratch": (GREY, (1, 1.5)),
        }
        rows = []
        for name, start in starts.items():
            along = [bowl_loss_from(CURVATURE, RATE, k, own, start) for k in range(STEPS + 1)]
            color, dash = looks[name]
            losses = torch.stack(along)
            marks.append(Dot(*place_of(start), color, "", 10, False))
            marks.append(Curve(torch.arange(STEPS + 1), losses, color, name, 2.4, dash, 1))
            marks.append(Dot(steps, losses[steps].item(), color, size=7, panel=1))
            rows.append([name, *(f"{losses[k].item():.3f}" for k in (0, steps))])
        table = Table(
            f"Loss of the new task; within {threshold:.1f} it has {int(chosen.sum())} neighbours",
            ("start", "before the steps", f"after {steps} steps"),
            rows,
        )
        alt = (
            f"Twelve bowls in two clusters and a new one with {int(chosen.sum())} neighbours; its "
            f"loss after {steps} steps is {rows[0][2]} from their mean, {rows[1][2]} from the mean "
            f"of all, {rows[2][2]} from scratch."
        )
        handle = Handle("new task", *handles["new task"], INK, "the new task: drag it")
        return drag_view(Drawing((_PLANE, _LOSS), marks, [handle]), table, alt)

    def _edges(self, threshold: float) -> list[Mark]:
        """Lines between past tasks."""
        between = euclidean_distance(self.optima[:, None], self.optima)
        graph = graph_of(between, threshold, range(len(self.optima)))
        ends = [self.optima[list(edge)].T for edge in graph.edges]
        return [Curve(x, y, "#c4c4c4", "edge of two past tasks", 1.2) for x, y in ends]
