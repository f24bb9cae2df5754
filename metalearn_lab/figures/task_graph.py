"""Graphs of tasks side by side, one for each measure; each cluster lies on a ring."""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx
import torch
from matplotlib.figure import Figure
from torch import Tensor

from metalearn_lab.experiments.task_graph import graph_of
from metalearn_lab.figures.style import GREY, INK, house_style, new_figure

COLORS = ("#0072b2", "#b34d00")


@house_style()
def task_graphs_figure(distances: Mapping[str, Tensor], clusters: Tensor, share: float) -> Figure:
    """The same tasks under several measures; each graph has edges for the nearest pairs.

    Args:
        distances: of each task from each, ``[tasks, tasks]``, by measure; on the CPU.
        clusters: 0 or 1 of each task; they are drawn in two colours.
        share: which part of all pairs has an edge, in [0, 1].
    """
    figure, panels = new_figure(len(distances), width=10.0, height=2.3)
    names = range(len(clusters))
    for axes, (measure, matrix) in zip(panels, distances.items(), strict=True):
        graph = nearest_pairs(matrix, share)
        places = _two_rings(clusters)
        inside = [pair for pair in graph.edges if clusters[pair[0]] == clusters[pair[1]]]
        across = [pair for pair in graph.edges if clusters[pair[0]] != clusters[pair[1]]]
        for pairs, color, dash in ((inside, GREY, "-"), (across, INK, (0, (2, 2)))):
            for first, second in pairs:
                x, y = zip(places[first], places[second], strict=True)
                axes.plot(x, y, color=color, linewidth=0.9, linestyle=dash, zorder=1)
        for node in names:
            number = int(clusters[node])
            label = f"cluster {number + 1}"
            axes.plot(*places[node], "os"[number], color=COLORS[number], label=label, zorder=3)
        title = f"{measure}:\n{len(across)} of {len(graph.edges)} edges across"
        axes.set(title=title, xticks=[], yticks=[], aspect="equal")
        axes.grid(visible=False)
    entries = dict(zip(*panels[0].get_legend_handles_labels()[::-1], strict=True))
    entries["edge inside a cluster"] = panels[0].plot([], [], color=GREY)[0]
    entries["edge across"] = panels[0].plot([], [], color=INK, linestyle=(0, (2, 2)))[0]
    figure.legend(entries.values(), entries, loc="outside upper left", ncols=4)
    return figure


def nearest_pairs(distances: Tensor, share: float) -> nx.Graph:
    """The graph with an edge for this part of all pairs, the nearest ones.

    Args:
        distances: ``[tasks, tasks]``; a pair's distance is the mean of its two.
        share: in [0, 1].
    """
    count = len(distances)
    above = ((distances + distances.T) / 2)[*_upper(count)]
    threshold = above.quantile(share).item()
    return graph_of(distances, threshold, range(count))


def _two_rings(clusters: Tensor) -> dict[int, tuple[float, float]]:
    """Place of each task: its cluster's ring, by networkx."""
    places: dict[int, tuple[float, float]] = {}
    for number in (0, 1):
        own = (clusters == number).nonzero()[:, 0].tolist()
        ring = nx.circular_layout(own, center=(2.6 * number, 0.0))
        places |= {node: (float(x), float(y)) for node, (x, y) in ring.items()}
    return places


def _upper(count: int) -> Tensor:
    """Row and column of each pair, ``[2, pairs]``."""
    return torch.triu_indices(count, count, 1)
