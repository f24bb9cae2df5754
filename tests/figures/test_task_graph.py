"""The edges that are drawn are the nearest pairs, inside and across."""

import pytest
import torch

from metalearn_lab.figures.style import png_bundle
from metalearn_lab.figures.task_graph import nearest_pairs, task_graphs_figure

CLUSTERS = torch.tensor([0, 1, 0, 1])
GOOD = torch.tensor([[0, 9, 1, 8], [9, 0, 7, 2], [1, 7, 0, 6], [8, 2, 6, 0]], dtype=torch.float32)
BAD = 10 - GOOD


def test_as_many_edges_as_asked_for_and_they_are_counted():
    figure = task_graphs_figure({"good": GOOD, "bad": BAD}, CLUSTERS, share=0.2)
    png_bundle(figure, "drawn")
    titles = [axes.get_title() or axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["good:\n0 of 2 edges across", "bad:\n2 of 2 edges across"]


@pytest.mark.parametrize(("share", "edges"), [(0.0, 1), (0.2, 2), (1.0, 6)])
def test_the_nearest_pairs_have_edges(share, edges):
    graph = nearest_pairs(GOOD, share)
    assert len(graph.nodes) == 4
    assert len(graph.edges) == edges
    assert graph.has_edge(2, 0)
