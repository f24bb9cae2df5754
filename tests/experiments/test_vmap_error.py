"""It is zero where both ways agree, and as large as the mistake where they do not."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.experiments import vmap_error as module
from metalearn_lab.experiments.vmap_error import vmap_error
from metalearn_lab.learners.maml import MAML
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task
from tests.learners.builders import sinusoid_learner, sinusoids

NORMS = {
    "batch norm": (nn.BatchNorm2d(4, track_running_stats=False), 0.5, 1.2),
    "instance norm": (nn.InstanceNorm2d(4, affine=True), 0.5, 1.2),
    "layer norm": (nn.LayerNorm([4, 6, 6]), 0.01, 0.5),
    "group norm": (nn.GroupNorm(2, 4), 0, 1e-12),
}


def test_both_ways_agree_for_a_dense_network():
    found = vmap_error(sinusoid_learner(MAML), sinusoids())
    assert found.whole < 1e-12
    assert max(found.parts.values()) < 1e-12


def test_a_gradient_that_is_wrong_by_a_tenth_is_said_to_be(monkeypatch):
    right = {"w": torch.tensor([3.0, 4.0]), "b": torch.tensor([12.0])}
    wrong = {"w": right["w"] * 1.1, "b": right["b"]}
    given = {"loop": right, "vmap": wrong}
    monkeypatch.setattr(module, "meta_gradient", lambda learner, tasks, how: given[how])
    found = vmap_error(None, None)
    assert found.parts == pytest.approx({"w": 0.1, "b": 0.0})
    assert found.whole == pytest.approx(0.5 / 13)


@pytest.mark.parametrize("name", NORMS)
def test_the_weights_below_a_fused_norm_are_wrong_its_own_scale_is_not(name):
    norm, least, most = NORMS[name]
    numbers = generator("noise", name)
    blank = Task(
        *(
            Split(*torch.randn(2, 4, 6, 4, 6, 6, generator=numbers, dtype=torch.float64))
            for _ in range(2)
        )
    )
    model = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, bias=False), norm)
    learner = MAML(
        model, F.mse_loss, inner_lr=0.3, inner_steps=1, mapping="loop", transductive=True
    )
    parts = vmap_error(learner.double(), blank).parts
    assert least <= parts["model.0.weight"] <= most
    assert parts["model.1.weight"] < 1e-12
