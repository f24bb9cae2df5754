"""Cut edges of a task's graph: what is its loss after a warm start from those that remain?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import networkx as nx
import torch
from torch import Tensor

from metalearn_lab.experiments.task_graph import (
    MEASURES,
    KnownTasks,
    graph_of,
    neighbours,
    warm_start,
)
from metalearn_lab.experiments.task_similarity import losses_along
from metalearn_lab.explorers.bowl_graph_explorer import CLUSTER_COLORS
from metalearn_lab.explorers.controls import choice, slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Mark, Panel, Place
from metalearn_lab.figures.style import GREY, INK
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.types import Split, Task, select_tasks

STEPS = 10
NEW = "new"
_MAP = Panel((-1.35, 1.35), (-1.35, 1.35), "", "", "tasks: near where alike")
_LOSS = Panel((0.0, STEPS), (0.0, 12.0), "step", "query loss of the new task", "from three starts")
_ASIDE = {"knife, one end": (-1.2, -1.2), "knife, other end": (-0.8, -1.2)}


class TaskGraphExplorer(DragExplorer):
    """A graph of trained tasks and a new one; a knife between two handles cuts the edges it meets.

    Args:
        known: past tasks, trained; on the CPU.
        clusters: 0 or 1 of each past task.
        new: tasks with few examples.
        new_clusters: the same of these.
    """

    def __init__(
        self, known: KnownTasks, clusters: Tensor, new: Task, new_clusters: Tensor
    ) -> None:
        self.known, self.clusters, self.new, self.new_clusters = known, clusters, new, new_clusters
        self.past = {name: known.distances(name, known.all) for name in MEASURES}
        self.own = {name: known.distances(name, new.support) for name in MEASURES}
        self.laid_out = lru_cache(maxsize=None)(self._laid_out)
        controls = {
            "measure": choice("measure", list(MEASURES), MEASURES[0]),
            "share": slider("per cent of pairs with an edge", 20, 0, 100),
            "task": slider("new task", 1, 1, len(new.support.x)),
        }
        super().__init__(controls, _ASIDE)

    def view(self, *, measure: str, share: int, task: int, **handles: Place) -> View:
        """The graph without the edges that are cut, and losses from three starts."""
        places = self.laid_out(measure, task)
        own, names = self.own[measure][task - 1], range(len(self.clusters))
        threshold = torch.quantile(self.past[measure].flatten(), share / 100).item()
        graph = graph_of(self.past[measure], threshold, names)
        chosen = neighbours(own[None], threshold)[0].tolist()
        graph.add_node(NEW)
        graph.add_edges_from((NEW, i) for i in names if chosen[i])
        ends = tuple(handles[name] for name in _ASIDE)
        cut = [edge for edge in graph.edges if crosses(ends, (places[edge[0]], places[edge[1]]))]
        graph.remove_edges_from(cut)
        left = sorted(graph[NEW])
        cluster: dict[int | str, int] = {NEW: int(self.new_clusters[task - 1])}
        cluster |= dict(enumerate(self.clusters.tolist()))
        mask = torch.zeros(1, len(names), dtype=torch.bool)
        mask[0, left] = True
        along = self._losses(task - 1, mask)
        marks = _edge_marks(graph, places, cluster)
        for node in names:
            color = CLUSTER_COLORS[cluster[node]]
            marks.append(Dot(*places[node], color, f"past task, cluster {cluster[node] + 1}", 8))
        own_color = CLUSTER_COLORS[cluster[NEW]]
        marks.append(Dot(*places[NEW], own_color, "new task", 13, False))
        x, y = zip(*ends, strict=True)
        marks.append(Curve(x, y, INK, "knife", 2.0, (4, 2)))
        looks = {
            "neighbours": ("#006b4f", ()),
            "all past tasks": ("#7a3fa0", (5, 2)),
            "from scratch": (GREY, (1, 1.5)),
        }
        rows = []
        for (name, losses), (color, dash) in zip(along.items(), looks.values(), strict=True):
            shown = losses.where(losses < _LOSS.y[1], torch.nan)
            marks.append(Curve(torch.arange(STEPS + 1), shown, color, name, 2.4, dash, 1))
            rows.append([name, *(f"{losses[k].item():.2f}" for k in (0, 5, STEPS))])
        alike = sum(cluster[node] == cluster[NEW] for node in left)
        parts = nx.number_connected_components(graph)
        caption = (
            f"Query loss of new task {task}: {len(left)} neighbours, {alike} of its own cluster; "
            f"{len(cut)} edges are cut; the graph has {parts} connected parts"
        )
        columns = ("start", "before the steps", "after 5 steps", f"after {STEPS} steps")
        handle = [Handle(name, *handles[name], INK, "ends of the knife: drag") for name in _ASIDE]
        drawing = Drawing((_MAP, _LOSS), marks, handle)
        table = Table(f"Edges for {share} % of the pairs. {caption}", columns, rows)
        return drag_view(drawing, table, f"{caption}.")

    @one_thread()
    def _losses(self, task: int, chosen: Tensor) -> Mapping[str, Tensor]:
        """Along the steps, ``[STEPS + 1]``, by start."""
        known = self.known
        masks = torch.cat([chosen, torch.ones_like(chosen), torch.zeros_like(chosen)])
        starts = warm_start(known.start, known.weights, masks)
        tasks = select_tasks(self.new, slice(task, task + 1))
        tasks = Task(*(Split(x.expand(3, -1, -1), y.expand(3, -1, -1)) for x, y in tasks))
        losses = losses_along(known.learner, starts, tasks, STEPS)
        return dict(zip(("neighbours", "all past tasks", "from scratch"), losses, strict=True))

    def _laid_out(self, measure: str, task: int) -> dict[int | str, Place]:
        """Places of all tasks, whose distances on the map follow their ranks."""
        own, past = self.own[measure][task - 1], self.past[measure]
        count = len(own)
        whole = torch.zeros(count + 1, count + 1)
        whole[:count, :count] = (past + past.T) / 2
        whole[count, :count] = whole[:count, count] = own
        return layout(whole, [*range(count), NEW])


def layout(distances: Tensor, names: list[int | str]) -> dict[int | str, Place]:
    """Places in [−1, 1]² by Kamada and Kawai's method; pairs farther apart lie farther apart.

    What counts of a distance is its rank among all, so that one far task does not squeeze the rest.

    Args:
        distances: ``[tasks, tasks]``, symmetric.
        names: of the tasks.
    """
    from scipy.stats import rankdata

    ranks = torch.tensor(rankdata(distances.numpy()).reshape(distances.shape))
    ranks = 0.15 + ranks / ranks.max()
    wanted = {
        first: {second: ranks[i, j].item() for j, second in enumerate(names) if i != j}
        for i, first in enumerate(names)
    }
    graph = nx.complete_graph(names)
    placed = nx.kamada_kawai_layout(graph, dist=wanted)
    return {name: (float(x), float(y)) for name, (x, y) in placed.items()}


def crosses(first: tuple[Place, ...], second: tuple[Place, ...]) -> bool:
    """Whether two segments, each between two places, meet in a point inside of both."""

    def side(a: Place, b: Place, c: Place) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    (a, b), (c, d) = first, second
    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def _edge_marks(
    graph: nx.Graph, places: Mapping[int | str, Place], cluster: Mapping[int | str, int]
) -> list[Mark]:
    """Edges of past tasks thin, those of the new one thick; dashed between clusters."""
    marks: list[Mark] = []
    for first, second in graph.edges:
        inside, own = cluster[first] == cluster[second], NEW in (first, second)
        x, y = zip(places[first], places[second], strict=True)
        color = INK if own else "#c4c4c4"
        label = ("edge of the new task" if own else "edge") + (
            "" if inside else ", across clusters"
        )
        marks.append(Curve(x, y, color, label, 2.4 if own else 1.0, () if inside else (2, 2)))
    return marks
