"""Chapter 19: edges, starts and losses follow what is dragged, the knife and every control."""

from __future__ import annotations

import pytest
import torch

from metalearn_lab.explorers.bowl_graph_explorer import past_optima
from tests.browser.drag import DragOnPage

pytestmark = pytest.mark.parametrize("chapter", ["19_task_graph"], indirect=True)


def test_three_losses_follow_the_dragged_task_and_every_control(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("BowlGraphExplorer")))
    optima, _ = past_optima()

    def shows(threshold, steps):
        own = torch.tensor(explorer.handle("new task"))
        apart = (optima - own).norm(dim=1)
        near = optima[(apart <= threshold) | (apart == apart.min())]
        starts = (near.mean(0), optima.mean(0), torch.zeros(2))
        expected = [((s - own).square().sum() / 2 * 0.9 ** (2 * steps)).item() for s in starts]
        shown = [float(row[2]) for row in explorer.table()]
        assert shown == pytest.approx(expected, abs=0.02)

    shows(1.5, 5)
    seen = [explorer.shown()]
    explorer.drag("new task", 2.4, -0.4)
    shows(1.5, 5)
    seen.append(explorer.shown())
    explorer.slide("threshold", "End")
    shows(6.0, 5)
    assert explorer.table()[0][1:] == explorer.table()[1][1:]
    seen.append(explorer.shown())
    explorer.slide("threshold", "Home")
    shows(0.0, 5)
    explorer.slide("steps k", "End")
    shows(0.0, 20)
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def test_the_start_follows_the_graph_and_the_knife(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("TaskGraphExplorer")))

    def neighbours_row():
        return [float(value) for value in explorer.table()[0][1:]]

    explorer.says("0 edges are cut")
    seen = [explorer.shown()]
    explorer.slide("per cent of pairs with an edge", "End")
    assert neighbours_row() == [float(value) for value in explorer.table()[1][1:]]
    seen.append(explorer.shown())
    explorer.drag("knife, one end", -1.3, 0.0)
    explorer.drag("knife, other end", 1.3, 0.0)
    explorer.says("edges are cut")
    assert explorer.marks("Curve", "knife")
    seen.append(explorer.shown())
    explorer.choose_next("measure")
    seen.append(explorer.shown())
    explorer.slide("new task", "End")
    explorer.says("Query loss of new task 8")
    seen.append(explorer.shown())
    explorer.slide("per cent of pairs with an edge", "Home")
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()
