"""The curves and errors drawn are those of adapting to the dragged task, computed apart."""

import math

import pytest
import torch

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.explorers.task_plane_explorer import TaskPlaneExplorer
from metalearn_lab.figures.drawing import Curve, Dot
from metalearn_lab.tasks.placement import points_of
from metalearn_lab.tasks.types import Task
from tests.explorers.small_explorers import plane_learners


@pytest.fixture
def learners():
    return plane_learners()


@pytest.fixture
def explorer(learners):
    return TaskPlaneExplorer(learners, shots=4, most_steps=3)


def errors(explorer, learner, phase, amplitude):
    """Mean squared error along the curve after each inner step, by the package's own curves."""
    curve = torch.tensor([amplitude]), torch.tensor([phase])
    support = points_of(curve, explorer.inputs[None])
    return adaptation_curves(
        learner, Task(support, points_of(curve, explorer.x[None, :, None])), 3
    ).loss[0]


def curves(explorer, label, panel):
    marks = [mark for mark in explorer.drawing.marks if isinstance(mark, Curve)]
    return [mark for mark in marks if (mark.label, mark.panel) == (label, panel)]


def assert_drawn(explorer, learners, phase, amplitude, step):
    for name, label in (("hypernetwork", "hypernetwork"), ("maml", "MAML")):
        expected = errors(explorer, learners[name], phase, amplitude)
        [along] = curves(explorer, label, 2)
        torch.testing.assert_close(10**along.y, expected, rtol=1e-3, atol=1e-4)
        [shown] = curves(explorer, label, 1)
        truth = amplitude * (explorer.x - phase).sin()
        assert ((shown.y - truth) ** 2).mean().item() == pytest.approx(
            expected[step].item(), rel=1e-3
        )
        assert f"{expected[step]:.3f}" in explorer.view_widget.value


def test_everything_follows_the_task_and_the_step(explorer, learners):
    assert_drawn(explorer, learners, 2.0, 3.0, 0)
    assert "inside the range" in explorer.view_widget.value
    explorer.move("task", (5.0, 3.0))
    assert_drawn(explorer, learners, 5.0, 3.0, 0)
    assert "outside of the range" in explorer.view_widget.value
    explorer.controls["step"].value = 3
    assert_drawn(explorer, learners, 5.0, 3.0, 3)
    explorer.controls["thick"].value = "maml"
    [thick] = curves(explorer, "MAML", 1)
    assert thick.width == 3.0
    assert_drawn(explorer, learners, 5.0, 3.0, 3)


def test_the_points_are_on_the_curve(explorer):
    explorer.move("task", (1.0, 7.0))
    points = [mark for mark in explorer.drawing.marks if isinstance(mark, Dot)]
    assert len(points) == 4
    assert [p.y for p in points] == pytest.approx([7 * math.sin(p.x - 1) for p in points], abs=1e-4)


def test_what_diverges_is_said(learners):
    learners["maml"].inner_lr = 1e9
    explorer = TaskPlaneExplorer(learners, shots=4, most_steps=3)
    explorer.controls["step"].value = 3
    assert "diverged" in explorer.view_widget.value
