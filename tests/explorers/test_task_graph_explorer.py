"""The knife cuts what it crosses, and the losses are those of a warm start from what is left."""

import pytest
import torch

from metalearn_lab.experiments.task_graph import neighbours, warm_start
from metalearn_lab.explorers.task_graph_explorer import MEASURES, NEW, crosses, layout
from metalearn_lab.figures.drawing import Curve
from tests.explorers.small_explorers import task_graph_explorer


@pytest.fixture
def explorer():
    return task_graph_explorer()


def curve(explorer, name):
    [mark] = [m for m in explorer.drawing.marks if isinstance(m, Curve) and m.label == name]
    return torch.as_tensor(mark.y)


def losses(explorer, chosen, task=0, steps=10):
    """Along the steps from the mean of the chosen tasks, one step after the other."""
    known = explorer.known
    own = {n: w[0] for n, w in warm_start(known.start, known.weights, chosen[None]).items()}
    support = type(explorer.new.support)(*(v[task] for v in explorer.new.support))
    query = type(explorer.new.query)(*(v[task] for v in explorer.new.query))
    along = []
    for step in range(steps + 1):
        along.append(known.learner.loss_at(own, query).item())
        own = {n: w.detach() for n, w in known.learner.inner_step(own, support, step).items()}
    return along


def near(explorer, measure, share, task=0):
    threshold = torch.quantile(explorer.past[measure].flatten(), share / 100).item()
    return neighbours(explorer.own[measure][task][None], threshold)[0]


def assert_curve(explorer, name, expected):
    shown = torch.tensor(expected).where(torch.tensor(expected) < 12, torch.nan)
    assert curve(explorer, name).tolist() == pytest.approx(shown.tolist(), abs=1e-4, nan_ok=True)


def test_losses_follow_measure_share_and_task(explorer):
    assert_curve(explorer, "neighbours", losses(explorer, near(explorer, MEASURES[0], 20)))
    for measure in MEASURES:
        explorer.controls["measure"].value = measure
        explorer.controls["share"].value = 50
        assert_curve(explorer, "neighbours", losses(explorer, near(explorer, measure, 50)))
    explorer.controls["task"].value = 2
    expected = losses(explorer, near(explorer, MEASURES[-1], 50, 1), 1)
    assert_curve(explorer, "neighbours", expected)
    explorer.controls["share"].value = 100
    everything = torch.ones(len(explorer.clusters), dtype=torch.bool)
    assert_curve(explorer, "all past tasks", losses(explorer, everything, 1))
    assert_curve(explorer, "from scratch", losses(explorer, ~everything, 1))


def test_the_knife_cuts_what_it_crosses(explorer):
    explorer.controls["share"].value = 100
    places = explorer.laid_out(MEASURES[0], 1)
    chosen = near(explorer, MEASURES[0], 100)
    first = int(chosen.nonzero()[0, 0])
    (x0, y0), (x1, y1) = places[NEW], places[first]
    middle, across = ((x0 + x1) / 2, (y0 + y1) / 2), (0.02 * (y1 - y0), 0.02 * (x0 - x1))
    explorer.put(
        {
            "knife, one end": (middle[0] + across[0], middle[1] + across[1]),
            "knife, other end": (middle[0] - across[0], middle[1] - across[1]),
        }
    )
    ends = tuple(explorer.handles.values())
    left = chosen.clone()
    for i in chosen.nonzero()[:, 0].tolist():
        left[i] = not crosses(ends, (places[NEW], places[i]))
    assert not left[first]
    assert_curve(explorer, "neighbours", losses(explorer, left))
    assert f"{int(left.sum())} neighbours" in explorer.view_widget.value


def test_a_task_without_edges_starts_from_scratch(explorer):
    explorer.controls["share"].value = 0
    places = explorer.laid_out(MEASURES[0], 1)
    x, y = places[NEW]
    [nearest] = near(explorer, MEASURES[0], 0).nonzero()[:, 0].tolist()
    dx, dy = places[nearest][0] - x, places[nearest][1] - y
    explorer.put(
        {
            "knife, one end": (x + dx / 2 - dy / 9, y + dy / 2 + dx / 9),
            "knife, other end": (x + dx / 2 + dy / 9, y + dy / 2 - dx / 9),
        }
    )
    assert "0 neighbours" in explorer.view_widget.value
    assert torch.equal(curve(explorer, "neighbours"), curve(explorer, "from scratch"))


def test_segments_cross_or_do_not():
    unit = ((0.0, 0.0), (1.0, 1.0))
    assert crosses(unit, ((0.0, 1.0), (1.0, 0.0)))
    assert not crosses(unit, ((0.6, 0.0), (1.0, 0.4)))
    assert not crosses(unit, ((2.0, 3.0), (3.0, 2.0)))
    assert not crosses(unit, ((1.0, 1.0), (2.0, 0.0)))  # they touch at an end


def test_near_tasks_lie_near():
    distances = torch.tensor(
        [[0, 1, 5, 6], [1, 0, 6, 5], [5, 6, 0, 1], [6, 5, 1, 0]], dtype=torch.float32
    )
    places = layout(distances, ["a", "b", "c", "d"])
    apart = {
        pair: (
            (places[pair[0]][0] - places[pair[1]][0]) ** 2
            + (places[pair[0]][1] - places[pair[1]][1]) ** 2
        )
        ** 0.5
        for pair in ("ab", "cd", "ac", "bd")
    }
    assert max(apart["ab"], apart["cd"]) < min(apart["ac"], apart["bd"])
    assert all(abs(value) <= 1.35 for place in places.values() for value in place)
