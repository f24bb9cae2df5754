"""Fits and losses are those of each learner adapting to the task that the reader has dragged."""

import math
import re

import pytest
import torch
from torch.func import functional_call
from torch.nn import functional as F

from metalearn_lab.explorers.one_task_explorer import LOG_LOSSES, OneTaskExplorer
from metalearn_lab.figures.drawing import Curve
from metalearn_lab.figures.style import label_of
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids

FAMILY = Sinusoids(shots=5, queries=7, split="test")
STEPS, ALPHA = 4, {"maml": 0.01, "first_order_maml": 0.05}


@pytest.fixture(scope="module")
def learners():
    kinds = {"maml": MAML, "first_order_maml": FirstOrderMAML}
    return {
        name: kind(MLP([1, 8, 1], seed=i), F.mse_loss, inner_lr=ALPHA[name], inner_steps=1)
        for i, (name, kind) in enumerate(kinds.items())
    }


@pytest.fixture
def explorer(learners):
    return OneTaskExplorer(learners, FAMILY, choices=3, steps=STEPS)


def by_hand(model, alpha, x, y, asked):
    """Outputs after 0, 1, … steps of plain gradient descent."""
    theta = {name: w.detach().clone().requires_grad_() for name, w in model.named_parameters()}
    outputs = [functional_call(model, theta, (asked,))]
    for _ in range(STEPS):
        loss = F.mse_loss(functional_call(model, theta, (x,)), y)
        g = torch.autograd.grad(loss, list(theta.values()))
        theta = {
            n: (w - alpha * s).detach().requires_grad_()
            for (n, w), s in zip(theta.items(), g, strict=True)
        }
        outputs.append(functional_call(model, theta, (asked,)))
    return torch.stack(outputs)[..., 0].detach()


def curves(explorer, name, panel):
    marks = [m for m in explorer.drawing.marks if isinstance(m, Curve) and m.panel == panel]
    [curve] = [mark for mark in marks if mark.label == label_of(name)]
    return torch.as_tensor(curve.y)


@pytest.mark.parametrize(
    ("points", "step", "crest"), [(0, 1, None), (2, 4, (1.7, 4.5)), (1, 0, (4, -2))]
)
def test_what_is_drawn_is_gradient_descent_on_the_task_that_is_dragged(
    explorer, learners, points, step, crest
):
    explorer.controls["points"].value = points
    explorer.controls["step"].value = step
    if crest:
        explorer.move("crest", crest)
    x_0, height = explorer.handles["crest"]
    x, grid = FAMILY.batch(points, 1).support.x[0], torch.linspace(-5, 5, 101)[:, None]
    y, truth = (height * torch.cos(each - x_0) for each in (x, grid))  # the crest is at x_0
    rows = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    for row, (name, learner) in zip(rows, learners.items(), strict=True):
        fits = by_hand(learner.model, ALPHA[name], x, y, grid)
        losses = (fits - truth[:, 0]).square().mean(1)
        torch.testing.assert_close(curves(explorer, name, 0), fits[step], rtol=1e-4, atol=1e-4)
        wanted = losses.log10().clamp(*LOG_LOSSES)
        torch.testing.assert_close(curves(explorer, name, 1), wanted, rtol=1e-3, atol=1e-4)
        shown = [float(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
        assert shown == pytest.approx(losses[[0, step, -1]].tolist(), abs=6e-4)


def test_the_crest_is_the_highest_point_of_the_curve(explorer):
    explorer.move("crest", (3.0, 2.0))
    [truth] = [m for m in explorer.drawing.marks if getattr(m, "label", "") == "the new task"]
    assert max(truth.y) == pytest.approx(2.0, abs=1e-4)
    assert truth.x[torch.as_tensor(truth.y)[40:].argmax() + 40] == pytest.approx(3.0, abs=0.06)
    assert math.isclose(truth.y.min(), -2.0, abs_tol=1e-2)


def test_the_chosen_learner_is_thick_and_the_text_says_every_loss(explorer):
    explorer.controls["thick"].value = "maml"
    widths = {m.label: m.width for m in explorer.drawing.marks if getattr(m, "panel", 0)}
    assert widths["MAML"] > 2 * widths["first-order MAML"]
    alt = explorer.current_view.data["text/plain"]
    assert "After 1 inner step: MAML " in alt
    assert "; first-order MAML " in alt


def test_a_learner_of_ones_own_is_shown_and_none_is_refused(learners):
    with pytest.raises(ValueError, match="no learners"):
        OneTaskExplorer({}, FAMILY, choices=2, steps=1)
    shown = OneTaskExplorer({"my own": learners["maml"]}, FAMILY, choices=2, steps=1)
    assert "my own" in shown.view_widget.value
