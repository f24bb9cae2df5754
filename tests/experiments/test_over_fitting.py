"""Both sides of an adaptation, step by step."""

import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.experiments.over_fitting import OverFitting, over_fitting
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

STEPS = 5


def random_labels(count=4):
    """Nothing to learn: the labels have nothing to do with the inputs."""
    numbers = generator("random labels")
    x = torch.randn(2, count, 6, 10, generator=numbers)
    y = torch.randint(0, 3, (2, count, 6), generator=numbers)
    return Task(*(Split(*side) for side in zip(x, y, strict=True)))


def learner(**settings):
    return JointPretraining(
        MLP([10, 8, 3]), F.cross_entropy, inner_steps=1, **({"inner_lr": 0.3} | settings)
    )


def test_each_side_is_its_own_adaptation_curve():
    tasks = random_labels()
    found = over_fitting(learner(), tasks, STEPS)
    query = adaptation_curves(learner(), tasks, STEPS)
    support = adaptation_curves(learner(), Task(tasks.support, tasks.support), STEPS)
    assert torch.allclose(found.query_loss, query.loss, atol=1e-6)
    assert torch.equal(found.query_accuracy, query.accuracy)
    assert torch.allclose(found.support_loss, support.loss, atol=1e-6)
    assert torch.equal(found.support_accuracy, support.accuracy)


def test_items_may_have_a_label_at_each_position():
    numbers = generator("positions")
    x = torch.randn(2, 3, 5, 4, generator=numbers)
    y = torch.randint(0, 3, (2, 3, 5, 2), generator=numbers)
    tasks = Task(*(Split(*side) for side in zip(x, y, strict=True)))
    model = nn.Sequential(nn.Linear(4, 6), nn.Unflatten(-1, (3, 2)))
    tagger = JointPretraining(model, F.cross_entropy, inner_lr=0.3, inner_steps=1)
    found = over_fitting(tagger, tasks, 2)
    query = adaptation_curves(tagger, tasks, 2)
    torch.testing.assert_close(found.query_loss, query.loss)
    assert torch.equal(found.query_accuracy, query.accuracy)


def test_the_mapping_changes_nothing():
    tasks = random_labels()
    for one, other in zip(
        over_fitting(learner(), tasks, STEPS),
        over_fitting(learner(mapping="loop"), tasks, STEPS),
        strict=True,
    ):
        assert torch.allclose(one, other, atol=1e-5)


def test_noise_is_learned_by_heart_and_turns():
    found = over_fitting(learner(), random_labels(20), 150)
    assert found.support_loss[:, -1].mean() < 0.05
    assert found.support_accuracy[:, -1].mean() == 1
    assert found.query_loss[:, -1].mean() > found.query_loss[:, 0].mean()
    assert found.turning_step < 20


def test_the_turning_step_is_that_of_the_mean():
    loss = torch.tensor([[3.0, 1.0, 0.0, 9.0], [3.0, 1.0, 4.0, 0.0]])
    assert OverFitting(loss, loss, loss, loss).turning_step == 1
