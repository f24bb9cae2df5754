"""The curves are the learner adapted to the chosen points; moving a control trains nothing."""

import copy
import re

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.explorers.sinusoid_adaptation_explorer import SinusoidAdaptationExplorer
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.types import Split
from tests.explorers.model_runs import model_runs


@pytest.fixture
def learners():
    settings = {"inner_lr": 0.01, "inner_steps": 1}
    return {
        "maml": MAML(MLP([1, 8, 1]), F.mse_loss, **settings),
        "fine_tuning": JointPretraining(MLP([1, 8, 1], seed=1), F.mse_loss, **settings),
    }


@pytest.fixture
def explorer(learners):
    return SinusoidAdaptationExplorer(learners, most_steps=4)


def rows(explorer):
    found = re.findall(r"<tr><th scope=\"row\".*?</tr>", explorer.view_widget.value)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]


def drawn(explorer):
    """The lines in the picture: truth, before, after, points."""
    return [line for line in explorer.scene.frame.axes[0].get_lines() if len(line.get_xdata())]


def set_values(explorer, **values):
    for name, value in values.items():
        explorer.controls[name].value = value


SETTING = {
    "learner": "fine_tuning",
    "region": "right half",
    "shots": 6,
    "step": 3,
    "amplitude": 2.0,
    "phase": 0.5,
}


def test_the_curves_are_the_adapted_learner_and_the_table_its_errors(explorer, learners):
    set_values(explorer, **SETTING)
    words = [text.get_text() for text in explorer.scene.frame.axes[0].texts]
    assert words == ["pretrain + fine-tune after 3 inner steps (thin: before)", "A = 2.0, p = 0.5"]
    truth, before, after, points = drawn(explorer)
    x = torch.tensor(truth.get_xdata())
    torch.testing.assert_close(torch.tensor(truth.get_ydata()), 2 * torch.sin(x - 0.5))
    support = Split(*(torch.tensor(part)[None, :, None] for part in points.get_data()))
    assert support.x.shape == (1, 6, 1)
    assert support.x.min() >= 0
    torch.testing.assert_close(support.y, 2 * torch.sin(support.x - 0.5))
    trajectory = learners["fine_tuning"].adapt(support, 3)
    for line, theta in ((before, trajectory[0]), (after, trajectory[3])):
        wanted = learners["fine_tuning"].predict(theta, x[None, :, None])[0, :, 0]
        torch.testing.assert_close(torch.tensor(line.get_ydata()), wanted, rtol=1e-4, atol=1e-5)
    errors = (torch.tensor(after.get_ydata()) - torch.tensor(truth.get_ydata())) ** 2
    halves = (errors, errors[x < 0], errors[x > 0])
    assert rows(explorer)[1] == ["3", *(f"{half.mean():.2f}" for half in halves)]


@pytest.mark.parametrize("name", SETTING)
def test_each_control_changes_what_is_shown_and_back_again_the_same(explorer, name):
    first, start = explorer.view_widget.value, explorer.controls[name].value
    explorer.controls[name].value = SETTING[name]
    assert explorer.view_widget.value != first
    explorer.controls[name].value = start
    assert explorer.view_widget.value == first


@pytest.mark.parametrize(
    ("region", "ends"),
    [("left half", (-5, 0)), ("right half", (0, 5)), ("one cluster", (-0.5, 0.5))],
)
def test_the_points_lie_where_they_were_asked_for(explorer, region, ends):
    set_values(explorer, region=region, shots=20)
    x = drawn(explorer)[-1].get_xdata()
    assert len(x) == 20
    assert ends[0] <= x.min() < x.max() <= ends[1]


def test_more_points_leave_the_first_where_they_are(explorer):
    few = drawn(explorer)[-1].get_xdata()
    explorer.controls["shots"].value = 15
    assert drawn(explorer)[-1].get_xdata()[: len(few)] == pytest.approx(few)


def test_a_phase_that_training_never_had_is_said(explorer):
    explorer.controls["phase"].value = 3.1
    assert "above π" not in explorer.view_widget.value
    explorer.controls["phase"].value = 3.2
    assert "A phase above π (3.14)" in explorer.view_widget.value


def test_moving_the_step_adapts_once_and_nothing_is_trained(explorer, learners):
    before = copy.deepcopy(learners["maml"].state_dict())
    with model_runs(learners["maml"].model) as runs:
        for step in (0, 2, 4):
            explorer.controls["step"].value = step
        assert runs == [], "one adaptation, then only indexing"
    after = learners["maml"].state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert learners["maml"].mapping == "vmap"


def test_no_learners_is_an_error():
    with pytest.raises(ValueError, match="no learners to explore"):
        SinusoidAdaptationExplorer({})
