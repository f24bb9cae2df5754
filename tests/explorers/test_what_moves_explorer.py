"""What is drawn is the trajectory, computed apart; the table says the same in numbers."""

import re

import pytest
import torch

from metalearn_lab.experiments.what_moves import PRETRAINED, SUPPORT, support_loss, trajectory
from metalearn_lab.explorers.what_moves_explorer import INNER_LR, WhatMovesExplorer
from metalearn_lab.figures.drawing import Arrow, Curve, Dot
from tests.experiments.test_what_moves import weights_apart


@pytest.fixture
def explorer():
    return WhatMovesExplorer()


def discs(explorer, panel):
    """Where the filled discs of a panel are."""
    marks = explorer.drawing.marks
    filled = [dot for dot in marks if isinstance(dot, Dot) and dot.panel == panel and dot.filled]
    return torch.tensor([(dot.x, dot.y) for dot in filled], dtype=torch.float64)


def rows(explorer):
    """Cells of each row by its header."""
    found = re.findall(r"<tr><th scope=\"row\".*?</tr>", explorer.view_widget.value)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]
    return {row[0]: row[1:] for row in cells}


def support(explorer):
    return torch.tensor([explorer.handles[f"class {i}"] for i in range(3)], dtype=torch.float64)


@pytest.mark.parametrize("method", ["fine_tuning", "lora"])
def test_dragged_points_and_steps_move_the_features_as_the_learner_does(explorer, method):
    explorer.controls["method"].value = method
    seen = []
    for name, place, step in (("class 0", (-1.0, 1.2), 20), ("class 2", (0.9, -1.1), 7)):
        explorer.move(name, place)
        explorer.controls["step"].value = step
        points = support(explorer)
        assert points[int(name[-1])].tolist() == list(place)
        *_, (layer, head, bias) = weights_apart(method, points, INNER_LR, step)
        torch.testing.assert_close(discs(explorer, 2), (points @ layer.T).detach())
        torch.testing.assert_close(discs(explorer, 1), points @ PRETRAINED.T)
        for curve in explorer.drawing.marks:
            if isinstance(curve, Curve) and curve.panel == 2:
                on_it = torch.tensor([curve.x, curve.y], dtype=torch.float64).T
                first, second = (on_it @ head.T + bias).topk(2, dim=1).values.T
                torch.testing.assert_close(first, second)
        seen.append(discs(explorer, 2))
    assert not torch.allclose(*seen)


def test_the_arrows_of_lora_are_parallel_and_those_of_fine_tuning_are_not(explorer):
    def spread():
        arrows = [a for a in explorer.drawing.marks if isinstance(a, Arrow)]
        ways = torch.tensor([[e - s for s, e in zip(a.start, a.end, strict=True)] for a in arrows])
        assert len(ways) == 3
        return torch.linalg.svdvals(ways / ways.norm(dim=1, keepdim=True))[1]

    assert spread() > 0.3
    explorer.controls["method"].value = "lora"
    assert spread() < 1e-6


def test_the_first_step_moves_the_head_alone_and_step_0_nothing(explorer):
    for step in (0, 1):
        explorer.controls["step"].value = step
        assert not [mark for mark in explorer.drawing.marks if isinstance(mark, Arrow)]
    one = rows(explorer)
    assert one["linear probe"][1:] == one["LoRA, rank 1"][1:] == one["full fine-tuning"][1:]
    assert "the head alone" in explorer.view_widget.value


def test_the_table_has_the_losses_and_what_moves_nothing_has_none(explorer):
    table, points = rows(explorer), torch.tensor(SUPPORT, dtype=torch.float64)
    assert [row[0] for row in table.values()] == ["0", "9", "13", "13"]
    assert table["frozen class means"][1:3] == ["–", "0.00, 0.00, 0.00"]
    end = trajectory("lora", points, INNER_LR, 20)[-1]
    assert table["LoRA, rank 1"][1] == f"{support_loss(end, points):.3f}"


def test_a_dragged_point_moves_the_class_means_without_any_step(explorer):
    explorer.controls["step"].value = 0

    def borders():
        marks = explorer.drawing.marks
        return [(m.x, m.y) for m in marks if isinstance(m, Curve) and m.dash]

    before = borders()
    explorer.move("class 1", (1.2, -0.3))
    assert borders() != before
