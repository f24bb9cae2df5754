"""The picture follows the task and the step; moving a control trains nothing."""

import copy
import re

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.explorers.sinusoid_explorer import SinusoidExplorer
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from tests.explorers.model_runs import model_runs

FAMILY = Sinusoids(shots=5, queries=5, split="test")


@pytest.fixture
def learner():
    return MAML(MLP([1, 8, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1)


@pytest.fixture
def explorer(learner):
    return SinusoidExplorer({"maml": learner}, FAMILY, most_steps=4, tasks=10)


@pytest.fixture
def drawn(explorer, monkeypatch):
    """Every fit that is handed to the scene from now on."""
    fits = []
    draw = explorer.scene.draw
    monkeypatch.setattr(
        explorer.scene, "draw", lambda axes, fit: fits.append(fit) or draw(axes, fit)
    )
    return fits


def test_the_curves_are_the_learner_adapted_to_the_task(learner, explorer, drawn):
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
    assert fit.step == 3


def rows(explorer):
    return re.findall(
        r'<th scope="row"[^>]*>(\d+)</th><td[^>]*>([\d.]+)</td>', explorer.view_widget.value
    )


def test_the_table_and_the_alt_text_give_the_errors_of_the_picture(explorer, drawn):
    explorer.controls["step"].value = 3
    fit = drawn[-1]
    before, after = ((fit.predictions["maml"] - fit.truth) ** 2).mean(-1)
    assert rows(explorer) == [("0", f"{before:.2f}"), ("3", f"{after:.2f}")]
    alt = explorer.current_view.metadata["image/png"]["alt"]
    assert alt.startswith("Unseen sinusoid 0 and the fits after 3 inner steps.")
    assert f"MAML {after:.2f}" in alt
    explorer.controls["step"].value = 0
    assert rows(explorer) == [("0", f"{before:.2f}")]
    explorer.controls["step"].value = 1
    assert "after 1 inner step." in explorer.current_view.metadata["image/png"]["alt"]


def test_moving_the_step_neither_trains_nor_adapts_again(learner, explorer):
    before = copy.deepcopy(learner.state_dict())
    with model_runs(learner.model) as runs:
        for step in (0, 2, 4):
            explorer.controls["step"].value = step
        assert runs == [], "one adaptation, then only indexing"
    after = learner.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
