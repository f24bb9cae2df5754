"""Centres are dragged and turns are chosen: path, losses and forgetting are computed apart."""

import re

import pytest
import torch

from metalearn_lab.explorers.schedule_explorer import BLOCKS, TOTAL, ScheduleExplorer
from metalearn_lab.figures.drawing import Curve, Dot


def table(explorer):
    rows = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return {name: [float(value) for value in values] for name, *values in cells}


@pytest.mark.parametrize(("block", "rate", "step"), [(1, 0.05, 120), (12, 0.2, 55), (60, 0.03, 0)])
def test_losses_are_those_of_the_steps(block, rate, step):
    explorer = ScheduleExplorer()
    explorer.controls["block"].value = block
    explorer.controls["inner_lr"].value = rate
    explorer.controls["step"].value = step
    explorer.move("pretraining", (-2.0, 0.5))
    explorer.move("fine_tuning", (0.5, -1.5))
    centres = torch.tensor([[-2.0, 0.5], [0.5, -1.5]]).double()
    theta, losses = torch.zeros(2).double(), []
    for i in range(TOTAL + 1):
        losses.append(((theta - centres) ** 2).sum(-1) / 2)
        if i == step:
            now = theta
        theta = theta - rate * (theta - centres[(i // block) % 2])
    losses = torch.stack(losses)
    shown = table(explorer)
    for i, name in enumerate(("pretraining", "fine-tuning")):
        expected = [losses[step, i], losses[: step + 1, i].min()]
        assert shown[name][:2] == pytest.approx([v.item() for v in expected], abs=6e-4)
        (curve,) = [
            m
            for m in explorer.drawing.marks
            if isinstance(m, Curve) and m.label == f"loss of {name}"
        ]
        assert torch.as_tensor(curve.y) == pytest.approx(losses[:, i])
    forgotten = (losses[step, 0] - losses[: step + 1, 0].min()).item()
    assert f"Forgotten of pretraining: {forgotten:.3f}." in explorer.current_view.data["text/plain"]
    (dot,) = [m for m in explorer.drawing.marks if isinstance(m, Dot) and m.label == "θ now"]
    assert (dot.x, dot.y) == pytest.approx(tuple(now.tolist()))


def test_one_after_the_other_forgets_and_short_turns_do_not():
    explorer = ScheduleExplorer()
    after = {}
    for block in (BLOCKS[0], BLOCKS[-1]):
        explorer.controls["block"].value = block
        losses = table(explorer)["pretraining"]
        after[block] = losses[0] - losses[1]
    assert after[BLOCKS[-1]] > 2
    assert after[BLOCKS[0]] < 0.5
