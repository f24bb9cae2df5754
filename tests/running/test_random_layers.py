"""Layers that draw random numbers: one seed, one loss, and the gradient of what was drawn."""

import random

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.learners.maml import MAML
from metalearn_lab.running import loop
from metalearn_lab.running.loop import threads_for
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task
from tests.running.test_any_model import Attention


def attention():
    return Attention(dropout=0.4)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.LSTM(4, 5, 2, batch_first=True, dropout=0.4)
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        return self.head(self.layer(x)[0][:, -1])


class Convolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.head = nn.Conv1d(4, 5, 3), nn.Linear(5, 3)

    def forward(self, x):
        return self.head(torch.tanh(self.layer(x.mT)).mean(-1))


class ByFunction(Convolution):
    def forward(self, x):
        return F.rrelu(F.dropout(super().forward(x), 0.3), training=True)


class Noisy(Convolution):
    def forward(self, x):
        return super().forward(x + 0.5 * torch.randn_like(x))


class NoisyInPython(Convolution):
    def forward(self, x):
        return super().forward(x) * (0.5 + random.random())


class WithItsOwnStream(Convolution):
    def __init__(self):
        super().__init__()
        self.numbers = torch.Generator().manual_seed(3)

    def forward(self, x):
        return super().forward(x + torch.randn(x.shape, generator=self.numbers, dtype=x.dtype))


def dropout():
    return nn.Sequential(nn.Flatten(), nn.Linear(20, 8), nn.Dropout(0.4), nn.Linear(8, 3))


MODELS = [attention, Recurrent, ByFunction, Noisy, NoisyInPython, dropout]


def learner_on(make, **settings):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = make().double()
    return MAML(model, F.cross_entropy, inner_lr=0.3, inner_steps=2, **settings)


def tasks():
    labels = torch.arange(3).repeat(2).expand(5, 6)
    x = torch.randn(2, 5, 6, 5, 4, generator=generator("random layers"), dtype=torch.float64)
    return Task(Split(x[0], labels), Split(x[1], labels))


def run(learner):
    """Loss and meta-gradient at one seed."""
    torch.manual_seed(5)
    random.seed(5)
    learner.zero_grad()
    loss = learner(tasks())
    loss.backward()
    return [loss.detach(), *(p.grad.clone() for p in learner.parameters())]


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.fixture
def threads():
    """Sets the number of threads for one test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("make", [attention, Noisy, NoisyInPython])
def test_one_seed_gives_one_loss_on_any_number_of_threads(make, threads):
    found = []
    for count in (1, 2, 2):
        threads(count)
        found.append(run(learner_on(make)))
    assert same(found[1], found[2])
    for one, two in zip(*found[:2], strict=True):
        torch.testing.assert_close(one, two, rtol=1e-12, atol=1e-14)


def test_what_draws_only_beside_the_model_does_not_depend_on_the_threads_either(monkeypatch):
    """The loss is not watched, so its tasks are shared out, and run again in order."""

    def loss(output, target):
        return F.cross_entropy(output + torch.randn_like(output), target)

    found = []
    for count in (1, 2):
        monkeypatch.setattr(loop, "threads_for", lambda learner, tasks, count=count: count)
        learner = learner_on(Convolution)
        learner.loss = loss
        found.append(run(learner))
    assert same(*found)


@pytest.mark.parametrize("mapping", ["loop", "vmap"])
@pytest.mark.parametrize("make", MODELS)
def test_a_replayed_step_draws_what_it_drew(make, mapping):
    if mapping == "vmap" and make in (Recurrent, ByFunction):
        pytest.skip("vmap has no rule for it")
    whole, replayed = (run(learner_on(make, replay=r, mapping=mapping)) for r in (False, True))
    for found, expected in zip(replayed, whole, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)


def test_the_stream_goes_on_after_a_replayed_backward_pass_as_without_one():
    after = []
    for replay in (False, True):
        run(learner_on(dropout, replay=replay))
        after.append(torch.rand(3))
    assert torch.equal(*after)


def test_a_stream_of_the_models_own_is_never_shared_out_nor_replayed(threads):
    threads(2)
    assert threads_for(learner_on(Convolution), tasks()) == 2
    assert threads_for(learner_on(WithItsOwnStream), tasks()) == 1
    with pytest.raises(ValueError, match=r"a counter of its own.*leave replay out"):
        learner_on(WithItsOwnStream, replay=True)(tasks())


def test_watching_a_model_takes_no_random_number():
    learner = learner_on(dropout)
    assert same(run(learner), run(learner))
