"""What bfloat16 costs is measured against the same run in float32."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.experiments.bf16_cost import bf16_cost
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.meta_train import meta_train


def batch(iteration):
    return Sinusoids().batch(4 * iteration, 4)


def learner(outputs=1, loss=F.mse_loss):
    return MAML(MLP([1, 16, outputs]), loss, inner_lr=0.01, inner_steps=2)


def test_it_is_the_difference_of_two_trainings_judged_task_by_task():
    unseen, given = Sinusoids(split="test").batch(0, 30), learner()
    before = {name: weight.clone() for name, weight in given.state_dict().items()}
    cost = bf16_cost(given, batch, unseen, iterations=12, outer_lr=1e-2)
    assert all(torch.equal(given.state_dict()[name], weight) for name, weight in before.items())
    losses = []
    for bf16 in (False, True):
        twin = learner()
        optimizer = torch.optim.Adam(twin.parameters(), 1e-2)
        meta_train(twin, batch, iterations=12, optimizer=optimizer, progress=False, bf16=bf16)
        losses.append(adaptation_curves(twin, unseen).loss[:, -1])
    assert torch.equal(cost.loss.mean, losses[0].mean())
    extra = losses[1] - losses[0]
    assert cost.extra_loss.mean == pytest.approx(extra.mean().item())
    assert 0 < cost.extra_loss.half_width < cost.loss.half_width / 10, "tasks are paired"
    assert cost.extra_loss.tasks == 30
    assert cost.accuracy is cost.extra_accuracy is None


def test_error_and_angle_are_those_of_rounding_to_8_bits():
    unseen = Sinusoids(split="test").batch(0, 2)
    cost = bf16_cost(learner(), batch, unseen, iterations=1)
    assert 1e-4 < cost.relative_error < 0.05
    # The angle cannot be wider than an error of this length makes it.
    assert 0 < torch.tensor(cost.degrees).deg2rad().sin() <= cost.relative_error


def test_classes_have_an_accuracy():
    def classes(iteration):
        numbers = generator("bf16 classes", iteration)
        x, y = torch.randn(4, 6, 1, generator=numbers), torch.arange(3).repeat(2).expand(4, 6)
        return Task(Split(x + y[..., None], y), Split(x - y[..., None], y))

    cost = bf16_cost(learner(3, F.cross_entropy), classes, classes(99), iterations=2)
    assert cost.accuracy is not None
    assert 0 <= cost.accuracy.mean <= 1
    assert cost.extra_accuracy.tasks == 4


def test_what_cannot_be_had_in_bf16_is_refused():
    unseen = Sinusoids(split="test").batch(0, 2)
    with pytest.raises(ValueError, match="bf16 cannot be had: the weights are not float32"):
        bf16_cost(learner().double(), batch, unseen, iterations=1)
