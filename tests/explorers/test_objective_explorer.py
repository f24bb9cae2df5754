"""The curves are the two losses, by simulation; the lowest places follow weights and K."""

import pytest
import torch

from metalearn_lab.experiments.task_and_meta_loss import NoisyMeans
from metalearn_lab.explorers.objective_explorer import (
    META_COLOR,
    TASK_COLOR,
    ObjectiveExplorer,
)
from metalearn_lab.figures.drawing import Curve, Dot
from metalearn_lab.figures.style import INK

TASKS = NoisyMeans(1.0, 2.0, 3)


@pytest.fixture
def explorer():
    return ObjectiveExplorer(TASKS)


def dots(explorer, color, *, filled):
    marks = [mark for mark in explorer.drawing.marks if isinstance(mark, Dot)]
    return [(m.x, m.y) for m in marks if (m.color, m.filled) == (color, filled)]


def test_both_losses_are_those_of_drawn_points():
    numbers = torch.Generator().manual_seed(0)
    m = torch.randn(400_000, 1, generator=numbers)
    noise = 2**0.5 * torch.randn(400_000, 4, generator=numbers)
    support, new = (m + noise).split([3, 1], 1)
    for s in (0.3, 0.6, 1.0):
        guess = s * support.mean(1, keepdim=True)
        assert ((support - guess) ** 2).mean().item() == pytest.approx(TASKS.task_loss(s), rel=0.02)
        assert ((new - guess) ** 2).mean().item() == pytest.approx(TASKS.meta_loss(s), rel=0.02)


@pytest.mark.parametrize("weights", [(1, 0), (0, 1), (1, 1), (0.5, 3)])
def test_the_best_s_is_the_lowest_place(weights):
    a, b = weights
    best = TASKS.best(a, b)

    def mixed(s):
        return a * TASKS.task_loss(s) + b * TASKS.meta_loss(s)

    assert mixed(best) < min(mixed(best - 1e-3), mixed(best + 1e-3))


def test_no_weights_are_refused():
    for weights in ((0, 0), (-1, 2)):
        with pytest.raises(ValueError, match="must not be negative, nor both 0"):
            TASKS.best(*weights)


def test_curves_and_dots_follow_s_and_every_control(explorer):
    explorer.move("s", (0.7, 0.0))
    assert dots(explorer, TASK_COLOR, filled=False) == [(0.7, pytest.approx(TASKS.task_loss(0.7)))]
    assert dots(explorer, INK, filled=True)[0][0] == pytest.approx(TASKS.best(1, 1))
    explorer.controls["task_weight"].value = 3.0
    assert dots(explorer, INK, filled=True)[0][0] == pytest.approx(TASKS.best(3, 1))
    explorer.controls["meta_weight"].value = 0.5
    assert dots(explorer, INK, filled=True)[0][0] == pytest.approx(TASKS.best(3, 0.5))
    explorer.controls["shots"].value = 20
    many = TASKS._replace(shots=20)
    assert dots(explorer, META_COLOR, filled=True)[0][0] == pytest.approx(many.best(0, 1))
    [curve] = [m for m in explorer.drawing.marks if isinstance(m, Curve) and m.color == META_COLOR]
    assert curve.y == pytest.approx([many.meta_loss(s) for s in curve.x])


def test_without_weights_it_says_so(explorer):
    explorer.controls["task_weight"].value = explorer.controls["meta_weight"].value = 0.0
    assert "there is no objective" in explorer.view_widget.value
