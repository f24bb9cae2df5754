"""The map and the table are the losses of the learners at each rate and step."""

import re

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.explorers.rate_steps_explorer import INNER_LRS, RateStepsExplorer
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids

TASKS = Sinusoids(shots=5, queries=5, split="validation").batch(0, 4)


@pytest.fixture(scope="module")
def learners():
    settings = {"inner_lr": 0.01, "inner_steps": 1}
    return {
        "maml": MAML(MLP([1, 20, 1]), F.mse_loss, **settings),
        "fine_tuning": JointPretraining(MLP([1, 8, 1], seed=1), F.mse_loss, **settings),
    }


@pytest.fixture(scope="module")
def made(learners):
    return RateStepsExplorer(learners, TASKS, most_steps=4)


@pytest.fixture
def explorer(made):
    made.controls["learner"].value = "maml"
    made.controls["inner_lr"].value = 0.01
    made.controls["step"].value = 1
    return made


def table(explorer):
    rows = re.findall(r"<tr><th scope=\"row\".*?</tr>", explorer.view_widget.value)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return {row[0]: row[1:] for row in cells}


def test_the_rates_are_eight_to_a_power_of_ten_and_hold_that_of_the_training():
    assert len(INNER_LRS) == 25
    assert (INNER_LRS[0], INNER_LRS[16], INNER_LRS[24]) == pytest.approx((1e-4, 1e-2, 1e-1))
    assert np.diff(np.log10(INNER_LRS)) == pytest.approx(np.full(24, 0.125))


@pytest.mark.parametrize(("at", "step"), [(0, 4), (16, 1), (20, 3)])
def test_the_table_says_the_loss_at_the_chosen_place(explorer, learners, at, step):
    explorer.controls["inner_lr"].value = INNER_LRS[at]
    explorer.controls["step"].value = step
    for name, title in (("maml", "MAML"), ("fine_tuning", "pretrain + fine-tune")):
        learner = learners[name]
        learner.inner_lr = INNER_LRS[at]
        mean, half, _ = adaptation_curves(learner, TASKS, step).mean_loss
        learner.inner_lr = 0.01
        cells = table(explorer)[title]
        assert cells[0] == f"{mean[0]:.3f} ± {half[0]:.3f}"
        assert cells[2] == f"{mean[-1]:.3f} ± {half[-1]:.3f}"


def test_as_trained_stays_and_at_the_start_is_what_is_chosen(explorer):
    trained = {name: cells[1] for name, cells in table(explorer).items()}
    assert trained == {name: cells[2] for name, cells in table(explorer).items()}
    explorer.controls["inner_lr"].value = INNER_LRS[3]
    explorer.controls["step"].value = 4
    assert trained == {name: cells[1] for name, cells in table(explorer).items()}


def test_the_map_is_that_of_the_chosen_learner(explorer):
    for name, called in (("maml", "MAML"), ("fine_tuning", "pretrain + fine-tune")):
        explorer.controls["learner"].value = name
        [title] = explorer.scene.frame.axes[0].texts
        assert title.get_text() == f"Mean query loss of {called}, 4 tasks"
        [image] = explorer.scene.frame.axes[0].get_images()
        found = torch.tensor(np.ma.getdata(image.get_array()))
        wanted = explorer.maps[name].loss.nan_to_num(posinf=1e30).T
        torch.testing.assert_close(found.float(), wanted)


def test_the_line_is_the_losses_at_the_chosen_rate(explorer):
    explorer.controls["inner_lr"].value = INNER_LRS[10]
    lines = explorer.scene.frame.axes[1].get_lines()
    shown = [line.get_ydata() for line in lines if len(line.get_ydata()) == 5]
    wanted = [explorer.maps[name].loss[10].clamp(0.025, 40) for name in explorer.maps]
    for one, other in zip(shown, wanted, strict=True):
        np.testing.assert_allclose(one, other)


def test_the_cliff_is_where_adapting_stops_to_help(explorer):
    explorer.controls["step"].value = 3
    x, y = next(
        line.get_data()
        for line in explorer.scene.frame.axes[0].get_lines()
        if len(line.get_xdata()) == 8
    )
    border = dict(zip(np.asarray(y)[::2] + 0.5, np.asarray(x)[::2], strict=True))
    for step in range(1, 5):
        largest = explorer.maps["maml"].largest_useful_inner_lr(step)
        assert INNER_LRS[int(border[step] - 0.5)] == pytest.approx(largest)
    assert table(explorer)["MAML"][3] == f"{explorer.maps['maml'].largest_useful_inner_lr(3):.3g}"


def test_what_is_off_the_map_is_called_so(explorer, monkeypatch):
    found = explorer.maps["maml"]
    beyond = found.loss.index_fill(0, torch.tensor([24]), torch.inf)
    monkeypatch.setitem(explorer.maps, "maml", found._replace(loss=beyond))
    explorer.controls["inner_lr"].value = INNER_LRS[24]
    explorer.controls["step"].value = 4
    assert table(explorer)["MAML"][2] == "above 20"


def test_moving_a_control_adapts_to_nothing(explorer, monkeypatch):
    monkeypatch.setattr(
        "metalearn_lab.experiments.rate_steps.adaptation_curves", lambda *_: pytest.fail("adapts")
    )
    alts = set()
    for name, value in (("inner_lr", INNER_LRS[5]), ("step", 3), ("learner", "fine_tuning")):
        explorer.controls[name].value = value
        alts.add(explorer.current_view.metadata["image/png"]["alt"])
    assert len(alts) == 3


def test_no_learners_is_an_error():
    with pytest.raises(ValueError, match="no learners to explore"):
        RateStepsExplorer({}, TASKS)
