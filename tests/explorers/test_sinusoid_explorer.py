"""The picture follows the task and the step; moving a control trains nothing."""

import copy

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.explorers import sinusoid_explorer
from metalearn_lab.explorers.sinusoid_explorer import SinusoidExplorer
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids

FAMILY = Sinusoids(shots=5, queries=5, split="test")


@pytest.fixture
def learner():
    return MAML(MLP([1, 8, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1)


@pytest.fixture
def drawn(monkeypatch):
    """Every fit that is handed to the figure."""
    fits = []
    figure = sinusoid_explorer.sinusoid_fit_figure
    monkeypatch.setattr(
        sinusoid_explorer, "sinusoid_fit_figure", lambda fit: fits.append(fit) or figure(fit)
    )
    return fits


def test_the_curves_are_the_learner_adapted_to_the_task(learner, drawn):
    explorer = SinusoidExplorer({"maml": learner}, FAMILY, most_steps=4, tasks=10)
    explorer.controls["task"].value = 6
    explorer.controls["step"].value = 3
    fit = drawn[-1]
    support = FAMILY.batch(6, 1).support
    trajectory = learner.adapt(support, 3)
    wanted = [learner.predict(trajectory[k], fit.x[None, :, None])[0, :, 0] for k in (0, 3)]
    torch.testing.assert_close(fit.predictions["maml"], torch.stack(wanted))
    amplitude, phase = FAMILY.curves(6, 1)
    torch.testing.assert_close(fit.truth, amplitude * torch.sin(fit.x - phase))
    torch.testing.assert_close(fit.support.y, support.y[0])
    assert fit.steps == (0, 3)


def test_at_step_0_there_is_one_curve(learner, drawn):
    explorer = SinusoidExplorer({"maml": learner}, FAMILY, most_steps=4, tasks=10)
    explorer.controls["step"].value = 0
    assert drawn[-1].steps == (0,)
    assert "after 0 inner steps" in explorer.current.metadata["image/png"]["alt"]


def test_the_alt_text_gives_the_task_the_step_and_the_error(learner, drawn):
    explorer = SinusoidExplorer({"maml": learner}, FAMILY, most_steps=4, tasks=10, step=1)
    fit = drawn[-1]
    error = ((fit.predictions["maml"][-1] - fit.truth) ** 2).mean()
    alt = explorer.current.metadata["image/png"]["alt"]
    assert "Unseen sinusoid 0" in alt
    assert "after 1 inner step." in alt
    assert f"MAML {error:.2f}" in alt


def test_moving_the_step_neither_trains_nor_adapts_again(learner):
    before = copy.deepcopy(learner.state_dict())
    explorer = SinusoidExplorer({"maml": learner}, FAMILY, most_steps=4, tasks=10)
    learner.adapt = None  # a second adaptation to the same task would fail
    for step in (0, 2, 4):
        explorer.controls["step"].value = step
    after = learner.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
