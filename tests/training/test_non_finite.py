"""Every way to lose finiteness is reported with its iteration and its own cause."""

from math import inf, nan

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.non_finite import NonFiniteLossError, check_finite

FAMILY = Sinusoids()


def learner(kind=MAML, **settings):
    defaults = {"inner_lr": 0.01, "inner_steps": 1}
    return kind(MLP([1, 20, 20, 1]), F.mse_loss, **(defaults | settings))


def run(module, tasks=lambda i: FAMILY.batch(8 * i, 8), **settings):
    optimizer = torch.optim.SGD(module.parameters(), 1e-3)
    defaults = {"iterations": 4, "optimizer": optimizer, "every": 2, "progress": False}
    return meta_train(module, tasks, **(defaults | settings))


def test_nan_in_the_data_is_named():
    batch = FAMILY.batch(0, 4)
    batch.query.y[2, 3] = nan
    with pytest.raises(NonFiniteLossError, match=r"iteration 0: query\.y of task 2 .* NaN or inf"):
        run(learner(), lambda i: batch)


def test_a_diverging_inner_loop_is_named_with_its_step():
    module = learner(inner_lr=1e4, inner_steps=8)
    said = r"diverges at step \d of 8: try a tenth of inner_lr = 10000"
    with pytest.raises(NonFiniteLossError, match=said):
        run(module)


def test_weights_that_blew_up_are_named_and_never_stepped_on():
    module = learner()
    with torch.no_grad():
        module.model.head.bias.fill_(inf)
    with pytest.raises(NonFiniteLossError, match=r"model\.head\.bias are no longer finite: lower"):
        run(module)


def test_a_query_loss_that_overflows_alone_is_named():
    batch = FAMILY.batch(0, 4)
    batch.query.y.fill_(1e30)
    with pytest.raises(NonFiniteLossError, match=r"only the query loss after adaptation is not"):
        run(learner(), lambda i: batch)


def validation(target):
    """Thirty tasks with one query item each."""
    tasks = Sinusoids(split="validation").batch(0, 30)
    x, y = tasks.query
    return Task(tasks.support, Split(x[:, :1], torch.full_like(y[:, :1], target)))


@pytest.mark.parametrize(
    ("target", "cause"),
    [(1e30, "only the query loss after adaptation is not"), (1.5e19, "their mean is too large")],
)
def test_a_validation_loss_that_is_not_finite_is_an_error(target, cause):
    with pytest.raises(
        NonFiniteLossError, match=rf"the validation loss is not finite at iteration 2: .*{cause}"
    ):
        run(learner(), validation=validation(target))


def test_validation_tasks_that_are_not_finite_are_refused_before_any_training():
    with pytest.raises(ValueError, match=r"validation tasks cannot be used: query\.y of task 0"):
        run(learner(), lambda i: pytest.fail("trained"), validation=validation(nan))


def pretraining(head):
    """Three-way episodes, seven training classes."""
    model = MLP([2, 5, 3])
    settings = {"pretraining_head": head, "inner_lr": 0.1, "inner_steps": 2}
    return JointPretraining(model, F.cross_entropy, **settings)


def test_pretraining_over_all_classes_is_diagnosed_without_adaptation():
    """Its labels go up to 6, which the three-way head that adapts could not even be asked."""
    split = Split(torch.full((2, 4, 2), 1e38), torch.tensor([[3, 4, 5, 6]] * 2))
    module = pretraining(nn.Linear(5, 7))
    nn.init.constant_(module.pretraining_head.weight, 1e38)
    with pytest.raises(NonFiniteLossError, match=r"iteration 0: the model's own loss.*scale"):
        run(module, lambda i: Task(split, split))


def test_pretraining_of_the_model_itself_does_not_blame_an_inner_loop_it_never_ran():
    module, batch = learner(JointPretraining, inner_lr=1e6, inner_steps=9), FAMILY.batch(0, 4)
    batch.query.y.fill_(1e30)
    with pytest.raises(NonFiniteLossError, match="the model's own loss"):
        run(module, lambda i: batch)


def one_bad_minibatch():
    """Three minibatches of two items, of which the last overflows."""
    batch = FAMILY.batch(0, 4)
    x, y = batch.support.x[:, :6].clone(), batch.support.y[:, :6].clone()
    y[:, 4:] = 1e30
    return Task(Split(x, y), Split(x, y))


@pytest.mark.parametrize(
    ("inner_batch", "step"), [(None, "even before adaptation"), (2, "diverges at step 2 of 3")]
)
def test_reptile_is_followed_along_its_own_minibatches(inner_batch, step):
    module = learner(Reptile, inner_batch=inner_batch, inner_steps=3)
    with pytest.raises(NonFiniteLossError, match=step):
        run(module, lambda i: one_bad_minibatch())


def test_reptile_that_went_too_far_is_told_so():
    module, batch = learner(Reptile, inner_lr=1e25, adapts="head.*"), FAMILY.batch(0, 4)
    batch.support.y.fill_(1e12)
    module.loss = lambda output, target: (output - target).abs().mean()
    with pytest.raises(NonFiniteLossError, match="squared distance that it went, is not"):
        run(module, lambda i: batch)


@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_a_gradient_that_is_not_finite_is_found_in_any_entry(bad):
    module, batch = learner(), FAMILY.batch(0, 4)
    loss = module(batch)
    loss.backward()
    check_finite(module, batch, loss, 7)
    module.model.head.weight.grad[0, 3] = bad
    with pytest.raises(NonFiniteLossError, match="the meta-gradient is not finite at iteration 7"):
        check_finite(module, batch, loss, 7)


def test_a_large_gradient_is_finite_and_weights_without_one_are_no_matter():
    module, batch = learner(), FAMILY.batch(0, 4)
    loss = module(batch)
    module.model.head.weight.grad = torch.full((1, 20), 1e30)
    check_finite(module, batch, loss, 0)


def test_gradients_are_looked_at_once(monkeypatch):
    """One answer from the device, however many parameters there are."""
    module, batch = learner(), FAMILY.batch(0, 4)
    loss = module(batch)
    loss.backward()
    answers = []
    ask = torch.Tensor.__bool__
    monkeypatch.setattr(torch.Tensor, "__bool__", lambda t: answers.append(t) or ask(t))
    check_finite(module, batch, loss, 0)
    assert len(answers) <= 2, "one for the loss, one for all gradients"
