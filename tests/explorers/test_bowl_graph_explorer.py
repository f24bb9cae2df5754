"""The losses of the bowls are those of steps taken by hand; the handle and each control count."""

import networkx as nx
import pytest
import torch

from metalearn_lab.explorers.bowl_graph_explorer import BowlGraphExplorer, past_optima
from metalearn_lab.figures.drawing import Curve, Dot


@pytest.fixture
def explorer():
    return BowlGraphExplorer()


def curve(explorer, name):
    [mark] = [m for m in explorer.drawing.marks if isinstance(m, Curve) and m.label == name]
    return torch.as_tensor(mark.y)


def stepped(start, own, steps=20, rate=0.1):
    losses = []
    for _ in range(steps + 1):
        losses.append((start - own).square().sum().item() / 2)
        start = start - rate * (start - own)
    return losses


def assert_drawn(explorer, place, threshold):
    optima, _ = past_optima()
    own = torch.tensor(place)
    apart = (optima - own).norm(dim=1)
    near = optima[(apart <= threshold) | (apart == apart.min())]
    starts = {"neighbours": near.mean(0), "all past tasks": optima.mean(0)}
    starts["from scratch"] = torch.zeros(2)
    for name, start in starts.items():
        assert curve(explorer, name).tolist() == pytest.approx(stepped(start, own), abs=1e-4)
    own_edges = [
        m for m in explorer.drawing.marks if getattr(m, "label", "") == "edge of the new task"
    ]
    assert len(own_edges) == len(near)


def test_losses_follow_the_dragged_task_and_the_threshold(explorer):
    assert_drawn(explorer, (-0.9, 0.6), 1.5)
    explorer.move("new task", (2.0, -1.0))
    assert_drawn(explorer, (2.0, -1.0), 1.5)
    explorer.controls["threshold"].value = 0.0
    assert_drawn(explorer, (2.0, -1.0), 0.0)
    explorer.controls["threshold"].value = 6.0
    assert_drawn(explorer, (2.0, -1.0), 6.0)
    assert torch.allclose(curve(explorer, "neighbours"), curve(explorer, "all past tasks"))


def test_the_dot_follows_the_steps(explorer):
    explorer.controls["steps"].value = 12
    dots = [m for m in explorer.drawing.marks if isinstance(m, Dot) and m.panel == 1]
    assert {dot.x for dot in dots} == {12}
    assert dots[0].y == pytest.approx(curve(explorer, "neighbours")[12].item())
    assert "after 12 steps" in explorer.view_widget.value


def test_there_are_two_clusters_at_the_first_threshold(explorer):
    optima, clusters = past_optima()
    graph = nx.Graph()
    graph.add_nodes_from(range(12))
    graph.add_edges_from(
        (i, j) for i in range(12) for j in range(i) if (optima[i] - optima[j]).norm() <= 1.5
    )
    parts = [sorted(part) for part in nx.connected_components(graph)]
    assert parts == [(clusters == c).nonzero()[:, 0].tolist() for c in (0, 1)]
