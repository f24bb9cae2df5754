"""Fits and losses are those of each learner adapting to the task that is shown."""

import re

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.explorers.side_by_side_explorer import SideBySideExplorer
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids

FAMILY = Sinusoids(shots=5, queries=7, split="test")
STEPS, TASKS = 4, 6


@pytest.fixture(scope="module")
def learners():
    return {
        "maml": MAML(MLP([1, 8, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1),
        "first_order_maml": FirstOrderMAML(
            MLP([1, 8, 1], seed=1), F.mse_loss, inner_lr=0.05, inner_steps=1
        ),
    }


@pytest.fixture
def explorer(learners):
    return SideBySideExplorer(learners, FAMILY, tasks=TASKS, steps=STEPS)


def rows(explorer):
    found = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]


@pytest.mark.parametrize(("task", "step"), [(0, 1), (5, 4), (3, 0)])
def test_the_table_is_the_loss_of_each_learner_on_the_task(explorer, learners, task, step):
    explorer.controls["task"].value = task
    explorer.controls["step"].value = step
    wanted = [
        adaptation_curves(each, FAMILY.batch(0, TASKS), STEPS).loss[task]
        for each in learners.values()
    ]
    found = [[float(cell) for cell in row[1:]] for row in rows(explorer)]
    for row, loss in zip(found, wanted, strict=True):
        assert row == pytest.approx(loss[[0, step, -1]].tolist(), abs=6e-4)
    assert [row[0] for row in rows(explorer)] == ["MAML", "first-order MAML"]
    assert f"Unseen sinusoid {task}:" in explorer.view_widget.value


@pytest.mark.parametrize("name", ["maml", "first_order_maml"])
def test_the_fit_is_that_of_the_chosen_learner(explorer, learners, name):
    explorer.controls["learner"].value = name
    explorer.controls["task"].value = 2
    explorer.controls["step"].value = 3
    theta = learners[name].adapt(FAMILY.batch(2, 1).support, 3)[-1]
    wanted = learners[name].predict(theta, explorer.x[None, :, None])[0, :, 0]
    fit, losses = explorer.scene.frame.axes
    curves = [line.get_ydata() for line in fit.get_lines() if len(line.get_xdata()) == 101]
    amplitude, phase = FAMILY.curves(2, 1)
    truth, drawn = map(torch.as_tensor, curves)
    torch.testing.assert_close(truth, amplitude * torch.sin(explorer.x - phase))
    torch.testing.assert_close(drawn, wanted, rtol=1e-4, atol=1e-5)
    assert len([line for line in losses.get_lines() if len(line.get_xdata()) == STEPS + 1]) == 2


def test_moving_a_control_adapts_nothing(explorer, learners, monkeypatch):
    for learner in learners.values():
        monkeypatch.setattr(learner, "inner_loop", None)
    pictures = set()
    for name, value in {"task": 4, "step": 2, "learner": "first_order_maml"}.items():
        explorer.controls[name].value = value
        pictures.add(explorer.current_view.data["image/png"])
    assert len(pictures) == 3


def test_the_alt_text_names_the_task_the_step_and_every_loss(explorer):
    alt = explorer.current_view.metadata["image/png"]["alt"]
    assert "Unseen sinusoid 0" in alt
    assert "After 1 step:" in alt
    assert all(f"{row[0]} {row[2]}" in alt for row in rows(explorer))


def test_a_learner_of_ones_own_is_shown_and_none_is_refused(learners):
    with pytest.raises(ValueError, match="no learners"):
        SideBySideExplorer({}, FAMILY, tasks=2, steps=1)
    shown = SideBySideExplorer({"my own": learners["maml"]}, FAMILY, tasks=2, steps=1)
    assert [row[0] for row in rows(shown)] == ["my own"]
