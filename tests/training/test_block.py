"""Steps are taken on trust, and a step that lost finiteness is found, named and taken back."""

from math import nan

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam
from torch.optim.lr_scheduler import StepLR

from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.block import train_block
from metalearn_lab.training.json_state import to_json
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.non_finite import NonFiniteLossError
from metalearn_lab.training.outer_step import OuterStep
from metalearn_lab.training.trainee import Trainee, flatten_groups
from tests.learners.builders import sinusoid_learner, sinusoids
from tests.training.device_reads import reads_of

FAMILY = Sinusoids()


def clean(iteration):
    return FAMILY.batch(2 * iteration, 2)


def spoilt_at(bad):
    def tasks(iteration):
        batch = clean(iteration)
        if iteration == bad:
            batch.query.y[1, 3] = nan
        return batch

    return tasks


def trainee() -> Trainee:
    learner = sinusoid_learner(JointPretraining).float()
    optimizer = Adam(learner.parameters(), 1e-2)
    return Trainee(learner, optimizer, StepLR(optimizer, 7, 0.5))


def train(trained, tasks, iterations, **settings):
    parts = {"optimizer": trained.optimizer, "scheduler": trained.scheduler}
    defaults = {"iterations": iterations, "progress": False}
    return meta_train(trained.learner, tasks, **parts, **(defaults | settings))


def assert_same(found: Trainee, expected: Trainee) -> None:
    kept, wanted = found.saved_state(), expected.saved_state()
    assert to_json(kept.json_state, "state") == to_json(wanted.json_state, "state")
    tensors, others = flatten_groups(kept.tensors), flatten_groups(wanted.tensors)
    assert tensors.keys() == others.keys()
    assert all(torch.equal(tensors[name], tensor) for name, tensor in others.items())


@pytest.mark.parametrize("bad", [0, 57, 99, 100])
def test_the_iteration_is_named_and_everything_is_as_before_it(bad):
    """Whether first, in the middle or last in a block of a hundred."""
    found = trainee()
    with pytest.raises(NonFiniteLossError, match=rf"iteration {bad}: query\.y of task 1"):
        train(found, spoilt_at(bad), 150, every=150)
    expected = trainee()
    if bad:
        train(expected, clean, bad, every=150)
    assert_same(found, expected)


def test_the_checkpoint_is_not_poisoned(tmp_path):
    settings = {"every": 10, "checkpoint": tmp_path / "run"}
    with pytest.raises(NonFiniteLossError, match="iteration 39"):
        train(trainee(), spoilt_at(39), 60, **settings)
    found, expected = trainee(), trainee()
    run = train(found, clean, 60, **settings)
    assert run == train(expected, clean, 60, every=10)
    assert_same(found, expected)


class Slope(JointPretraining):
    """Its meta-loss is slope · weight, the slope being the first query input."""

    def meta_loss(self, task):
        return (task.query.x[0, 0] * self.model.weight).sum()


def slope_trainee(optimizer, rate) -> Trainee:
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    learner = Slope(model, nn.functional.mse_loss, inner_lr=0.1, inner_steps=1)
    return Trainee(learner, optimizer(learner.parameters(), rate), None)


def slopes(*values):
    def tasks(iteration):
        split = Split(torch.full((1, 1, 1), values[iteration]), torch.zeros(1, 1, 1))
        return Task(split, split)

    return tasks


def block(trained, tasks, count):
    return train_block(trained, OuterStep(trained.learner, trained.optimizer), tasks, range(count))


class Forgiving(SGD):
    """Makes zeros of gradients that are not finite."""

    def step(self, closure=None):
        for group in self.param_groups:
            for weight in group["params"]:
                weight.data -= group["lr"] * weight.grad.nan_to_num(0.0, 0.0, 0.0)


def test_a_bad_gradient_is_found_though_the_optimiser_hides_it():
    trained = slope_trainee(Forgiving, 0.1)
    trained.learner.model.weight.register_hook(lambda g: g / (g - 3))
    with pytest.raises(NonFiniteLossError, match=r"meta-gradient is not finite at iteration 1"):
        block(trained, slopes(1.0, 3.0, 1.0), 3)
    assert trained.learner.model.weight.item() == pytest.approx(1 - 0.1 * (1 / -2))


def test_gradients_whose_sum_alone_overflows_are_no_error():
    trained = slope_trainee(SGD, 1e-39)
    losses = block(trained, slopes(*[2e38] * 4), 4)
    assert losses == pytest.approx([2e38 * (1 - 0.2 * i) for i in range(4)], rel=1e-5)
    assert trained.learner.model.weight.item() == pytest.approx(0.2, rel=1e-5)


def test_a_step_that_takes_the_weights_out_of_range_is_taken_back():
    """At the end of a block no later loss would show it, and the checkpoint would keep it."""
    trained = slope_trainee(SGD, 1e20)
    with pytest.raises(
        NonFiniteLossError,
        match=r"weights are not finite after the outer step of iteration 1, .* lower the outer",
    ):
        block(trained, slopes(1e-20, 1e30), 2)
    assert trained.learner.model.weight.item() == pytest.approx(0, abs=1e-6)


def test_an_error_that_nan_led_to_is_told_by_where_the_nan_came_from():
    """There are no tasks after the last slope."""
    with pytest.raises(NonFiniteLossError, match=r"iteration 1: support\.x of task 0"):
        block(slope_trainee(SGD, 0.1), slopes(1.0, nan, 1.0), 4)
    with pytest.raises(IndexError):
        block(slope_trainee(SGD, 0.1), slopes(1.0, 1.0), 4)


def test_what_is_read_back_does_not_grow_with_the_steps_of_a_block():
    batches = [sinusoids(2, i) for i in range(30)]
    learner = sinusoid_learner(JointPretraining)
    trained = Trainee(learner, Adam(learner.parameters(), fused=True), None)
    block(trained, batches.__getitem__, 1)  # before the first step the model is watched once
    few, many = (reads_of(lambda n=n: block(trained, batches.__getitem__, n)) for n in (2, 30))
    assert len(many) == len(few) <= 2
